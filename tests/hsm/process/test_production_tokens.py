# SPDX-License-Identifier: Apache-2.0
"""The start-up matrix of tokens: each bad configuration is refused by the program itself, with a code of its own; the good one serves."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cardservice.keys import Purpose
from hsm.__main__ import EXIT_LOGIN_REFUSED, EXIT_REFUSED
from hsm.client.key_process import KeyProcess
from hsm.errors import TokenLoginRefused
from hsm.keys.ca_certificate import self_signed_ca_certificate
from hsm.keys.key_plan import KeyPlan
from hsm.stores.key_generation import development_plans
from tests.hsm.documents import NOW
from tests.hsm.pkcs11.test_token_audit import plant_beside, planting
from tests.hsm.running import ROOT, short_folder
from tests.hsm.softhsm import MODULE, SoftHsm

pytestmark = pytest.mark.needs("softhsm2")
YEARS = NOW.replace(year=2036)


def with_keys(softhsm: SoftHsm, transport: bytes, master: bytes | None = None, *, certificate: bool = True) -> SoftHsm:
    """One key of each purpose, long-lived, for the program has the real clock."""
    with softhsm.custody() as custody:
        seen = set()
        for each in development_plans(NOW.replace(year=2020)):
            if each.purpose not in seen:
                seen.add(each.purpose)
                plan = KeyPlan(
                    each.purpose, each.version, NOW.replace(year=2020), YEARS, each.sector, each.derived_length
                )
                if each.purpose is Purpose.CARD_MASTER and master:
                    custody.bring_in(plan, bytearray(master), NOW)
                else:
                    custody.generate(plan, NOW)
        plan = KeyPlan(Purpose.TRANSPORT, 0xFF, NOW.replace(year=2020), YEARS, 0, 32)
        custody.bring_in(plan, bytearray(transport), NOW)
        if certificate:
            store = custody.store
            (ca,) = (key for key in store.descriptions() if key.purpose is Purpose.CARD_CA)
            custody.set_ca_certificate(self_signed_ca_certificate(store, ca, os.urandom))
    return softhsm


@pytest.fixture
def softhsm(tmp_path: Path) -> SoftHsm:
    return SoftHsm(tmp_path / "hsm")


def started(
    softhsm: SoftHsm, folder: Path, *options: str, keys: str = "", issuer: str = "https://kartu.example"
) -> "subprocess.Popen[str]":
    uri = keys or str(softhsm.uri())
    where = ("--state", str(folder / "state"), "--socket", str(folder / "run" / "s"))
    return subprocess.Popen(
        [sys.executable, "-m", "hsm", "--keys", uri, *where, "--workers", "1", *options],
        cwd=ROOT,
        env=os.environ | {"KARTU_ENV": "production", "KARTU_ISSUER": issuer, "SOFTHSM2_CONF": str(softhsm.conf)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refusal(softhsm: SoftHsm, *options: str, keys: str = "", issuer: str = "https://kartu.example") -> str:
    """The code with which the program ends; its words for people are below."""
    with short_folder() as folder:
        process = started(softhsm, folder, *options, keys=keys, issuer=issuer)
        try:
            told = process.communicate(timeout=60)[1]
        finally:
            process.kill()
        *_, line, _, _, _, remedy = told.splitlines()
        is_counted = line.startswith(TokenLoginRefused.code)
        assert process.returncode == (EXIT_LOGIN_REFUSED if is_counted else EXIT_REFUSED), told
        assert not (folder / "run" / "s").exists()
        assert remedy.startswith("  Remedy: ")
        return line.partition(" ")[0]


ACCEPT = "--accept-unvalidated-token"


def test_a_token_in_software_serves_with_the_flag_and_says_what_it_is(softhsm: SoftHsm) -> None:
    with_keys(softhsm, os.urandom(32))
    with short_folder() as folder:
        process = started(softhsm, folder, ACCEPT)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            with KeyProcess(folder / "run" / "s", deadline=10) as keys:
                assert keys.ping() == "pkcs11"
                assert keys.sealer.unseal("a", keys.sealer.seal([("a", b"value")])[0], reason="test") == b"value"
        finally:
            process.terminate()
            told = process.communicate(timeout=60)[1]
    assert "tidak divalidasi" in told
    assert "is not validated" in told
    assert refusal(softhsm) == "hsm-unvalidated-token-refused"


def no_token(softhsm: SoftHsm) -> None:
    for path in softhsm.tokens.iterdir():
        shutil.rmtree(path)


def wrong_pin(softhsm: SoftHsm) -> None:
    softhsm.pin_file.write_text("0000-0000")


def open_pin(softhsm: SoftHsm) -> None:
    softhsm.pin_file.chmod(0o644)


def open_folder(softhsm: SoftHsm) -> None:
    softhsm.tokens.chmod(0o755)


def settings_of(softhsm: SoftHsm, named: str) -> None:
    """An open folder, which the settings name in some way that SoftHSM understands."""
    softhsm.tokens.chmod(0o755)
    softhsm.conf.write_text(named.format(tokens=softhsm.tokens, elsewhere=softhsm.folder) + "\nlog.level = ERROR\n")


def open_folder_with_a_remark(softhsm: SoftHsm) -> None:
    settings_of(softhsm, "directories.tokendir = {tokens} # on the small disk")


def open_folder_of_the_last_line(softhsm: SoftHsm) -> None:
    softhsm.folder.chmod(0o700)
    settings_of(softhsm, "directories.tokendir = {elsewhere}\ndirectories.tokendir = {tokens}")


def open_settings(softhsm: SoftHsm) -> None:
    softhsm.conf.chmod(0o666)


def open_folder_of_settings(softhsm: SoftHsm) -> None:
    softhsm.folder.chmod(0o775)


def open_folder_above_tokens(softhsm: SoftHsm) -> None:
    softhsm.tokens.parent.chmod(0o770)


def stranger(softhsm: SoftHsm) -> None:
    plant_beside(softhsm, b"stranger")


def readable_key(softhsm: SoftHsm) -> None:
    from hsm.pkcs11.contents import RECORD_KEY_ID  # noqa: PLC0415 - an optional part
    from hsm.pkcs11.key_templates import Role, lasting, named  # noqa: PLC0415 - as above
    from hsm.pkcs11.library_calls import generated  # noqa: PLC0415 - as above

    def plant(session: object) -> None:
        import pkcs11  # noqa: PLC0415 - as above

        assert isinstance(session, pkcs11.Session)
        (key,) = session.get_objects({pkcs11.Attribute.ID: RECORD_KEY_ID})
        key.destroy()
        readable = named(lasting(Role.RECORDS), RECORD_KEY_ID, "planted") | {pkcs11.Attribute.EXTRACTABLE: True}
        generated(session, 32, readable)

    planting(softhsm, plant)


def changed_record(softhsm: SoftHsm) -> None:
    from hsm.pkcs11.contents import RECORD_KEY_ID  # noqa: PLC0415 - an optional part
    from hsm.pkcs11.key_templates import Role, lasting, named  # noqa: PLC0415 - as above
    from hsm.pkcs11.library_calls import generated  # noqa: PLC0415 - as above

    def plant(session: object) -> None:
        import pkcs11  # noqa: PLC0415 - as above

        assert isinstance(session, pkcs11.Session)
        (key,) = session.get_objects({pkcs11.Attribute.ID: RECORD_KEY_ID})
        key.destroy()
        generated(session, 32, named(lasting(Role.RECORDS), RECORD_KEY_ID, "another"))

    planting(softhsm, plant)


TOKENS: list[tuple[Callable[[SoftHsm], None], str]] = [
    (no_token, "hsm-token-not-found"),
    (wrong_pin, "hsm-token-login-refused"),
    (open_pin, "hsm-passphrase-unusable"),
    (open_folder, "hsm-token-folder-open"),
    (open_folder_with_a_remark, "hsm-token-folder-open"),
    (open_folder_of_the_last_line, "hsm-token-folder-open"),
    (open_settings, "hsm-path-replaceable"),
    (open_folder_of_settings, "hsm-path-replaceable"),
    (open_folder_above_tokens, "hsm-path-replaceable"),
    (stranger, "hsm-key-object-wrong"),
    (readable_key, "hsm-key-attribute-wrong"),
    (changed_record, "hsm-token-record-damaged"),
]


@pytest.mark.parametrize(("breaking", "code"), TOKENS, ids=[breaking.__name__ for breaking, _ in TOKENS])
def test_a_bad_token_is_refused_with_its_own_code(
    softhsm: SoftHsm, breaking: Callable[[SoftHsm], None], code: str
) -> None:
    with_keys(softhsm, os.urandom(32))
    breaking(softhsm)
    assert refusal(softhsm, ACCEPT) == code


def test_published_transport_and_missing_keys_are_refused(softhsm: SoftHsm, tmp_path: Path) -> None:
    with_keys(softhsm, bytes(range(0x40, 0x50)) * 2)
    assert refusal(softhsm, ACCEPT) == "hsm-well-known-key-refused"
    supplied = os.urandom(32)
    assert refusal(with_keys(SoftHsm(tmp_path / "second"), supplied, supplied), ACCEPT) == "hsm-transport-key-as-master"
    assert refusal(SoftHsm(tmp_path / "empty"), ACCEPT) == "hsm-keys-incomplete"
    uncertified = with_keys(SoftHsm(tmp_path / "third"), supplied, certificate=False)
    assert refusal(uncertified, ACCEPT) == "hsm-keys-incomplete"


def test_production_must_know_whose_tokens_it_signs(softhsm: SoftHsm) -> None:
    assert refusal(softhsm, ACCEPT, issuer="") == "hsm-issuer-unnamed"


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (f"pkcs11:token=kartu?module-path={MODULE}&pin-value=12345678", "hsm-key-uri-refused"),
        ("pkcs11:token=kartu?module-path=/nothing.so&pin-source=file:/etc/hostname", "hsm-module-unusable"),
        ("/nothing.toml", "hsm-key-places-refused"),
        ("file:/keys?pin-source=file:/pass", "hsm-software-keys-refused"),
    ],
)
def test_a_bad_place_is_refused_with_its_own_code(softhsm: SoftHsm, keys: str, code: str) -> None:
    assert refusal(softhsm, ACCEPT, keys=keys) == code
