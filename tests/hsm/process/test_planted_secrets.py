# SPDX-License-Identifier: Apache-2.0
"""Secrets of a running key process, looked for in everything it and its client say."""

import os
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardservice.clock import now
from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest
from hsm.algorithms.diversification import Diversification, DiversificationScheme, KeyUsage, diversified_key
from hsm.client.key_process import KeyProcess
from hsm.errors import HsmError
from hsm.keys.key_store import StaticKey
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.sealed_file import open_sealed
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import audit_root, proof_input, token_input
from tests.hsm.running import hsm_process, run_hsm, short_folder

KDD = bytes.fromhex("C0FFEE00112233445566")
ISSUER, TRANSPORT = KeySet(KeyOrigin.SCHEME, 0x30, KDD), KeySet(KeyOrigin.TRANSPORT, 0xFF, KDD)
VALUE = b"3171010101010001"


def spellings(secret: bytes) -> Iterator[bytes]:
    """The ways in which bytes show up in texts."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield b64encode(secret)[:-4]
    yield urlsafe_b64encode(secret)[:-4]
    yield repr(secret)[2:-1].encode()
    yield str(int.from_bytes(secret)).encode()


def static_keys(bundle: KeyBundle) -> list[bytes]:
    (master,) = (key.secret for key in bundle.keys if key.description.purpose is Purpose.CARD_MASTER)
    scheme = DiversificationScheme.KJS_DIV_1
    return [diversified_key(master, Diversification(scheme, usage, 0x30, 0, KDD, 32)) for usage in KeyUsage]


def work(keys: KeyProcess) -> tuple[list[bytes], list[str]]:
    """Every operation, right and wrong; session keys that were made, and every text that the client showed."""
    said: list[str] = [repr(keys)]
    sessions = keys.card_keys.session_keys([SessionRequest(ISSUER, bytes(8), bytes(8))])
    said += [repr(sessions), repr(keys.card_keys.wrapped_key_set(ISSUER, TRANSPORT)), repr(keys.sealer)]
    sealed = keys.sealer.seal([("member/nik/1", VALUE)])[0]
    assert keys.sealer.unseal("member/nik/1", sealed, reason="test") == VALUE
    keys.blind_index.blind_index([VALUE])
    keys.pseudonyms.pseudonym(1, VALUE)
    kid = keys.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key.kid
    keys.signer(Purpose.ELIGIBILITY_TOKEN).sign(token_input(kid, now=now()))
    wrong = (
        lambda: keys.signer(Purpose.ELIGIBILITY_TOKEN).sign(token_input(kid, now=now(), nik=VALUE.decode())),
        lambda: keys.signer(Purpose.COVER_PROOF).sign(proof_input(kid)),
        lambda: keys.signer(Purpose.AUDIT).sign(audit_root()),
        lambda: keys.sealer.unseal("member/nik/2", sealed, reason="test"),
        lambda: keys.sealer.unseal("member/nik/2", sealed, reason=f"test {VALUE.decode()}"),
        lambda: keys.card_keys.wrapped_key_set(TRANSPORT, ISSUER),
        lambda: keys.card_keys.session_keys([SessionRequest(ISSUER, VALUE, VALUE[:8])]),
        lambda: keys.sealer.seal([("member", VALUE * 20_000)]),
    )
    for question in wrong:
        with pytest.raises(HsmError) as caught:
            question()
        said += [repr(caught.value), str(caught.value), repr(caught.value.__cause__)]
    return [secret for keys_ in sessions for secret in (keys_.s_enc, keys_.s_mac, keys_.s_rmac)], said


def found_in(text: bytes, secrets: list[bytes]) -> list[bytes]:
    return [secret for secret in secrets if any(spelling in text for spelling in spellings(secret))]


def test_nothing_that_is_said_holds_a_secret() -> None:
    with short_folder() as folder:
        made = run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass")
        passphrase = (folder / "pass").read_bytes().strip()
        bundle = KeyBundle.decode(open_sealed(folder / "keys", passphrase))
        with hsm_process(folder) as process, KeyProcess(folder / "run" / "s") as keys:
            session_keys, said = work(keys)
            command_line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        log = (folder / "log").read_bytes()
    assert f"unseal context=member/nik/1 by={os.geteuid()} reason=test".encode() in log
    secrets = [key.secret for key in bundle.keys if key.description.purpose is not Purpose.TRANSPORT]
    secrets += [passphrase, VALUE, *static_keys(bundle), *session_keys]
    for text in (made.stdout.encode(), made.stderr.encode(), log, "\n".join(said).encode(), command_line, environment):
        assert text
        assert found_in(text, secrets) == []


def test_representations_hide_secrets(bundle: KeyBundle, store: SoftwareStore) -> None:
    secrets = [key.secret for key in bundle.keys]
    shown = [repr(bundle), str(bundle), repr(store), repr(StaticKey(32, secrets[-1])), repr(vars(store))]
    for text in shown[:-1]:
        assert found_in(text.encode(), secrets) == []
    # The control: the search does find them where nothing hides them.
    assert found_in(shown[-1].encode(), secrets)


def test_sabotage_a_log_line_with_a_value_is_found(bundle: KeyBundle) -> None:
    secret = bundle.keys[0].secret
    for spelling in spellings(secret):
        assert found_in(b"2026-11-23 hsm INFO " + spelling, [secret])
