# SPDX-License-Identifier: Apache-2.0
"""The same custody over a PKCS#11 token (SoftHSM2): ceremony, rotation, loss, and keys that move between token and sealed file."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cardservice.keys import KeyOrigin, Purpose, SessionRequest
from cardservice.keys import KeySet as CardKeySet
from hsm.algorithms.block_cipher import key_check_value
from hsm.custody import opened as opened_module
from hsm.custody.attestation import attestation
from hsm.custody.command_line import read
from hsm.custody.journal import open_journal
from hsm.custody.key_list import list_keys
from hsm.custody.key_record import check_of, fingerprint
from hsm.custody.plan import PlannedTransport
from hsm.custody.rotation import Rotation, RotationOrder
from hsm.custody.statement import signature_holds, signed, verified
from hsm.custody.transcript_files import verified_transcript
from hsm.custody.unfinished import unfinished_ceremony
from hsm.errors import BackupRefused, CeremonyRefused, ReplaceablePath, SharesTooFew, UnvalidatedToken, WellKnownKey
from hsm.keys.key_custody import KeyCustody
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_store import KeyStore
from hsm.operations.key_ring import KeyRing
from hsm.operations.static_card_keys import StaticCardKeys
from hsm.process.production import Environment
from hsm.stores import login_turn as login_turn_module
from hsm.stores.key_generation import WELL_KNOWN_TRANSPORT_MASTER
from tests.hsm.custody.ceremonies import PLAN, TRANSPORT_KEY, Held, InventedSecrets, KeySet, empty_key_set, plan
from tests.hsm.custody.test_handover import RESHARING_ONLY, hand_over, new_shares
from tests.hsm.documents import NOW
from tests.hsm.running import ROOT
from tests.hsm.softhsm import MODULE, SoftHsm

pytestmark = pytest.mark.needs("softhsm2")

REQUEST = SessionRequest(CardKeySet(KeyOrigin.SCHEME, 0x30, bytes(range(10))), bytes(8), card_challenge=bytes(8))


@dataclass
class TokenKeySet(KeySet):
    """A key set in a token of its own."""

    token: SoftHsm | None = None

    @contextmanager
    def custody(self) -> Iterator[KeyCustody]:
        assert self.token is not None
        with self.token.custody() as custody:
            yield custody

    def store(self) -> Any:
        assert self.token is not None
        return self.token.store()


def empty_token(folder: Path) -> TokenKeySet:
    folder.mkdir(mode=0o700)
    return TokenKeySet(folder, token=SoftHsm(folder))


@pytest.fixture(scope="module")
def on_token(tmp_path_factory: pytest.TempPathFactory) -> TokenKeySet:
    made = empty_token(tmp_path_factory.mktemp("token") / "made")
    with made.custody() as custody:
        Held(made.folder).hold(custody)
    return made


def checks(store: KeyStore) -> dict[str, tuple[object, str]]:
    return {key.kid: (key, check_of(store, key)) for key in store.descriptions()}


def sessions(store: KeyStore) -> object:
    return StaticCardKeys(store, KeyRing(store)).session_keys([REQUEST])


def test_a_ceremony_on_a_token(on_token: TokenKeySet) -> None:
    store = on_token.store()
    assert store.backend == "pkcs11"
    assert len(store.descriptions()) == 15
    audit = next(key for key in store.descriptions() if key.purpose is Purpose.AUDIT)
    found = verified_transcript(on_token.folder / "out", {fingerprint(store.verifying_point(audit))})
    assert found.document["kind"] == "kartu-ceremony-transcript/1"
    text = (on_token.folder / "out" / "transcript.txt").read_text()
    assert "10 groups of 3 restore 15 of 15 keys" in text
    assert "back end pkcs11" in text
    assert "NOT VALIDATED" in text


def test_an_attestation_names_the_token(on_token: TokenKeySet) -> None:
    store = on_token.store()
    assert on_token.token is not None
    document = attestation(store, KeyPlaces(on_token.token.uri()), list_keys(store, NOW), "0" * 64, NOW, "test")
    audit = next(key for key in store.descriptions() if key.purpose is Purpose.AUDIT)
    found = verified(signed(document, store, NOW), {fingerprint(store.verifying_point(audit))})
    assert found.document["backend"] == "pkcs11"
    assert found.document["modules"] == {str(MODULE): hashlib.sha256(MODULE.read_bytes()).hexdigest()}
    assert found.document["unvalidated_tokens"]
    assert "token=kartu" in found.document["places"][0]
    for key in found.document["keys"]:
        attributes = key["attributes"]
        assert (attributes["CKA_SENSITIVE"], attributes["CKA_EXTRACTABLE"], attributes["CKA_PRIVATE"]) == (
            True,
            False,
            True,
        )
        uses = {name for name in ("CKA_SIGN", "CKA_DERIVE", "CKA_WRAP", "CKA_DECRYPT") if attributes.get(name)}
        assert len(uses) == 1
        # Wrapped for the backup at its birth, and settled: told as it is.
        assert (attributes["CKA_LOCAL"], attributes["CKA_NEVER_EXTRACTABLE"]) == (False, False)


@pytest.mark.parametrize("target", ["token", "file"])
def test_lost_and_restored_to_either_kind(on_token: TokenKeySet, lost: KeySet, tmp_path: Path, target: str) -> None:
    backup = on_token.back_up(f"backup-to-{target}")
    before, channel = checks(on_token.store()), sessions(on_token.store())
    found = empty_token(tmp_path / "new") if target == "token" else lost
    with pytest.raises(SharesTooFew):
        found.restore(backup, on_token.shares(1, 5))
    assert found.restore(backup, on_token.shares(1, 3, 5))["restored"] == 15
    assert checks(found.store()) == before
    assert sessions(found.store()) == channel


def test_from_a_file_into_a_token(made: KeySet, tmp_path: Path) -> None:
    token = empty_token(tmp_path / "new")
    token.restore(made.back_up("backup"), made.shares(2, 3, 4))
    assert checks(token.store()) == checks(made.store())
    assert sessions(token.store()) == sessions(made.store())


def test_rotated_at_once_the_old_key_signs_no_more(on_token: TokenKeySet) -> None:
    later = NOW + timedelta(days=1)
    store = on_token.store()
    old = KeyRing(store).current(Purpose.ELIGIBILITY_TOKEN, later)
    point, signature = store.verifying_point(old), store.sign_es256(old, b"token")
    with on_token.custody() as custody, open_journal(on_token.journal) as journal:
        rotation = Rotation(
            custody,
            journal,
            on_token.backups,
            lambda: later,
            environment=Environment.TEST,
            randomness=os.urandom,
        )
        done = rotation.rotate(RotationOrder("r", Purpose.ELIGIBILITY_TOKEN, None, later, later))
    assert done["backed_up"] is True
    ring = KeyRing(on_token.store())
    assert ring.current(Purpose.ELIGIBILITY_TOKEN, later).version == 3
    assert old.kid in {key.kid for key in ring.published(Purpose.ELIGIBILITY_TOKEN, later)}
    assert not next(key for key in on_token.store().descriptions() if key.kid == old.kid).is_active(later)
    assert signature_holds(point, b"token", signature)


def test_cut_short_on_a_token_it_begins_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cut(BaseException):
        """The power goes."""

    def cut(*_: object) -> None:
        raise Cut

    token = empty_token(tmp_path / "cut")
    held = Held(token.folder)
    with monkeypatch.context() as patched, token.custody() as custody:
        patched.setattr("hsm.custody.ceremony.Ceremony._try_out", cut)
        with pytest.raises(Cut):
            held.hold(custody)
    left = {key.kid for key in token.store().descriptions()}
    assert len(left) == 15
    with token.custody() as custody, pytest.raises(CeremonyRefused):
        held.hold(custody, out="second")
    with token.custody() as custody:
        held.hold(custody, out="second", again=True)
    assert left.isdisjoint(key.kid for key in token.store().descriptions())
    with open_journal(token.journal) as journal:
        assert unfinished_ceremony(journal) is None


def listed_in_production(token: TokenKeySet, *flags: str, journal: Path | None = None) -> Any:
    assert token.token is not None
    done = subprocess.run(
        [
            *(sys.executable, "-m", "hsm.custody", "list", "--keys", str(token.token.uri())),
            *("--journal", str(journal or token.journal), *flags),
        ],
        cwd=ROOT,
        env=os.environ | {"KARTU_ENV": "production", "SOFTHSM2_CONF": str(token.token.conf)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_production_works_on_no_unvalidated_token_that_nobody_accepted(on_token: TokenKeySet) -> None:
    assert listed_in_production(on_token)["error"]["code"] == UnvalidatedToken.code
    assert listed_in_production(on_token, "--accept-unvalidated-token")["result"]["backend"] == "pkcs11"


def test_production_keeps_its_journal_where_nobody_else_can_take_it_away(on_token: TokenKeySet, tmp_path: Path) -> None:
    """Without it an old backup would bring back what was ended."""
    journal = tmp_path / "open" / "custody.journal"
    journal.parent.mkdir()
    for mode, is_open in ((0o770, True), (0o755, False)):
        journal.parent.chmod(mode)
        told = listed_in_production(on_token, "--accept-unvalidated-token", journal=journal)
        assert told.get("error", {}).get("code") == (ReplaceablePath.code if is_open else None)


def test_a_ceremony_for_production_refuses_the_suppliers_published_key(tmp_path: Path) -> None:
    known = WELL_KNOWN_TRANSPORT_MASTER
    kcv = key_check_value(known).hex()
    text = PLAN.replace('"test"', '"production"').replace(key_check_value(TRANSPORT_KEY).hex(), kcv)

    class Published(InventedSecrets):
        def component(self, transport: PlannedTransport, number: int) -> bytearray:  # noqa: ARG002 - there is one
            return bytearray(known if number == 1 else bytes(32))

    token = empty_token(tmp_path / "production")
    with token.custody() as custody, pytest.raises(WellKnownKey):
        Held(token.folder).hold(custody, plan(text), environment=Environment.PRODUCTION, secrets=Published())


def test_custody_logs_in_when_no_worker_does(on_token: TokenKeySet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two logins at once disturb a SoftHSM token: custody takes the turn that a starting worker takes, and gives it back."""
    assert on_token.token is not None
    on_token.token.enter()
    state = on_token.folder / "state"
    state.mkdir(mode=0o700)
    words = ["list", "--keys", str(on_token.token.uri()), "--journal", str(on_token.journal)]
    free: list[bool] = []

    def is_free() -> bool:
        """As another process finds it: whether a worker could log in now."""
        trying = (
            "import fcntl,sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)",
            str(state / login_turn_module.FILE),
        )
        return subprocess.run([sys.executable, "-c", *trying], capture_output=True, check=False).returncode == 0

    def looking(real: Any) -> Any:
        def opening(*arguments: Any, **named: Any) -> Any:
            free.append(is_free())
            return real(*arguments, **named)

        return opening

    for name in ("open_store", "open_custody"):
        monkeypatch.setattr(opened_module, name, looking(getattr(opened_module, name)))
    options = read(words)
    with opened_module.opened_store(options, Environment.TEST) as keys:
        assert keys.store.descriptions()
        assert is_free()
    with opened_module.opened_custody(options, Environment.TEST):
        assert is_free()
    assert free == [False, False]
    # Sabotage control: without the turn a worker could log in at that very moment.
    monkeypatch.setattr(opened_module, "login_turn", lambda _: nullcontext())
    with opened_module.opened_store(options, Environment.TEST):
        assert free == [False, False, True]


def test_a_handover_on_a_token(on_token: TokenKeySet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token gives no key out: each is wrapped anew from its backup, and the token takes the new backup key in place of the other.

    In between it has none. Cut short there, the handover begins again: the earlier set opens the backups still.
    """

    class Cut(BaseException):
        """The power goes."""

    def cut(*_: object) -> None:
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr("hsm.pkcs11.token_custody.settle", cut)
        with pytest.raises(Cut):
            hand_over(on_token, RESHARING_ONLY, out="cut")
    with on_token.custody() as custody:
        assert custody.backup_key_check_value is None
    assert hand_over(on_token, RESHARING_ONLY)["shared_anew"] is True
    backup = on_token.back_up("after the handover")
    lost = empty_key_set(tmp_path / "lost")
    with pytest.raises(BackupRefused):
        lost.restore(backup, on_token.shares(1, 2, 3))
    lost.restore(backup, new_shares(on_token, 2, 4))
    assert {kid: check for kid, (_, check) in checks(lost.store()).items()} == {
        kid: check for kid, (_, check) in checks(on_token.store()).items()
    }
    assert sessions(lost.store()) == sessions(on_token.store())
