# SPDX-License-Identifier: Apache-2.0
"""Opening a token: what is wrong with module, name or PIN is told, and a refused PIN is not tried again."""

import os
import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from cardservice.keys import Purpose
from hsm.errors import (
    BackEndAbsent,
    ModuleUnusable,
    PassphraseUnusable,
    TokenLoginRefused,
    TokenLost,
    TokenNotFound,
    TokenUnfit,
)
from hsm.keys.key_places import KeyPlaces, key_places
from hsm.keys.key_uri import PinSource, TokenUri
from hsm.stores.open_keys import open_custody, open_store
from tests.hsm.contract.test_key_custody import plan
from tests.hsm.documents import NOW
from tests.hsm.softhsm import MODULE, PIN, SoftHsm

pytestmark = pytest.mark.needs("softhsm2")


@pytest.fixture
def softhsm(tmp_path: Path) -> SoftHsm:
    softhsm = SoftHsm(tmp_path / "hsm")
    softhsm.enter()
    return softhsm


def opened(uri: TokenUri) -> int:
    return len(open_store(KeyPlaces(uri)).descriptions())


def test_a_token_is_named_by_label_and_serial(softhsm: SoftHsm) -> None:
    assert opened(softhsm.uri()) == 0
    softhsm.make_token("kartu")
    softhsm.restart()
    with pytest.raises(TokenNotFound, match="2 tokens"):
        opened(softhsm.uri())
    serials = [path.name.split("-")[-1] for path in softhsm.tokens.iterdir()]
    folders = {path.name: path for path in softhsm.tokens.iterdir()}
    assert len(folders) == len(serials) == 2
    from hsm.pkcs11.module import module_at  # noqa: PLC0415 - an optional part

    found = [token.serial.decode() for token in module_at(MODULE).tokens() if token.label == "kartu"]
    for serial in found:
        assert opened(replace(softhsm.uri(), attributes={"token": "kartu", "serial": serial})) == 0
    with pytest.raises(TokenNotFound, match="0 tokens"):
        opened(replace(softhsm.uri(), attributes={"token": "kartu", "serial": "00"}))
    with pytest.raises(TokenNotFound, match="0 tokens"):
        opened(replace(softhsm.uri(), attributes={"token": "kartu", "model": "another"}))


def test_a_wrong_pin_is_told_and_never_tried_again(softhsm: SoftHsm) -> None:
    softhsm.pin_file.write_text("0000-0000\n")
    softhsm.restart()
    with pytest.raises(TokenLoginRefused, match="PinIncorrect") as caught:
        opened(softhsm.uri())
    assert "0000-0000" not in str(caught.value)


def test_a_pin_that_changed_while_the_token_was_away_is_tried_once(softhsm: SoftHsm) -> None:
    with softhsm.custody() as custody:
        key = custody.generate(plan(Purpose.PSEUDONYM), NOW).description
    seconds = count()  # each look at the clock is a second later
    store = open_store(KeyPlaces(softhsm.uri()), monotonic=lambda: float(next(seconds)))
    softhsm.pin_file.write_text("0000-0000\n")
    softhsm.restart()
    with pytest.raises(TokenLost, match="PinIncorrect"):
        store.hmac(key, b"words")
    softhsm.pin_file.write_text(PIN)
    for _ in range(3):
        with pytest.raises(TokenLost, match="not tried again"):
            store.hmac(key, b"words")


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_pin_file_open_to_others_is_refused(softhsm: SoftHsm, mode: int) -> None:
    softhsm.pin_file.chmod(mode)
    with pytest.raises(PassphraseUnusable, match="0600"):
        opened(softhsm.uri())


def test_a_pin_may_come_from_a_descriptor(softhsm: SoftHsm) -> None:
    reader, writer = os.pipe()
    os.write(writer, PIN.encode() + b"\n")
    os.close(writer)
    try:
        places = KeyPlaces(replace(softhsm.uri(), pin_source=PinSource(descriptor=reader)))
        with open_custody(places) as custody:
            custody.generate(plan(Purpose.PSEUDONYM), NOW)
    finally:
        os.close(reader)
    assert opened(softhsm.uri()) == 1


def test_the_pin_is_wiped_after_the_login(softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    from hsm.pkcs11 import session  # noqa: PLC0415 - an optional part

    handed: list[bytearray] = []
    real = session._WipedPin.encode

    def noted(pin: session._WipedPin, form: str) -> object:
        handed.append(pin._pin)
        return real(pin, form)

    monkeypatch.setattr(session._WipedPin, "encode", noted)
    softhsm.restart()
    assert opened(softhsm.uri()) == 0
    assert handed == [bytearray(len(PIN))]


@pytest.mark.parametrize("broken", ["nothing", "folder", "writable", "text"])
def test_a_module_that_is_none_or_that_others_could_replace_is_refused(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "module.so"
    match broken:
        case "folder":
            path.mkdir()
        case "writable":
            shutil.copy(MODULE, path)
            path.chmod(0o666)
        case "text":
            path.write_text("no library")
    uri = TokenUri(path, PinSource(path=tmp_path / "pin"), {"token": "kartu"})
    with pytest.raises(ModuleUnusable):
        opened(uri)


def test_a_token_that_lacks_a_mechanism_is_refused_by_its_name(softhsm: SoftHsm) -> None:
    with softhsm.conf.open("a") as conf:
        conf.write("slots.mechanisms = -CKM_MD5,CKM_ECDSA\n")
    softhsm.restart()
    with pytest.raises(TokenUnfit, match="CKM_ECDSA"):
        opened(softhsm.uri())


def test_without_the_library_a_token_is_a_missing_part(softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys  # noqa: PLC0415 - for this test

    for name in [name for name in sys.modules if name == "hsm.pkcs11" or name.startswith("hsm.pkcs11.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("hsm.pkcs11", raising=False)
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(BackEndAbsent, match="pkcs11"):
        open_store(key_places(str(softhsm.uri())))
