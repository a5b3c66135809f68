# SPDX-License-Identifier: Apache-2.0
"""Signed statements and the attestation: what holds, and that nothing changed, foreign or self-made does."""

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardservice.keys import Purpose
from hsm.custody import statement
from hsm.custody.attestation import attestation, code_digest
from hsm.custody.key_list import list_keys
from hsm.custody.key_record import fingerprint
from hsm.custody.statement import signed, verified
from hsm.errors import KeyNotActive, StatementRefused
from hsm.guards.audit_root import PREFIX
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_uri import FileUri, PinSource
from hsm.stores.key_generation import development_keys
from hsm.stores.software_store import SoftwareStore
from tests.hsm.documents import NOW

PLACES = KeyPlaces(FileUri(Path("/keys.sealed"), PinSource(Path("/keys.pass"))))


def audit_fingerprint(store: SoftwareStore) -> str:
    (key,) = (key for key in store.descriptions() if key.purpose is Purpose.AUDIT)
    return fingerprint(store.verifying_point(key))


@pytest.fixture(scope="module")
def file(store: SoftwareStore) -> bytes:
    return signed(attestation(store, PLACES, list_keys(store, NOW), "0" * 64, NOW, "test"), store, NOW)


def test_a_statement_holds_and_says_who_signed_it(store: SoftwareStore, file: bytes) -> None:
    found = verified(file, {audit_fingerprint(store)})
    assert found.fingerprint == audit_fingerprint(store)
    assert found.document["backend"] == "software"
    assert len(found.document["keys"]) == len(store.descriptions())
    assert found.document["code"]["sha256"] == code_digest()


def test_it_tells_nothing_secret(store: SoftwareStore, file: bytes) -> None:
    secrets = list(store._secrets.values())
    secrets += [key.private_numbers().private_value.to_bytes(32) for key in store._signing.values()]
    assert len(secrets) == len(store.descriptions())
    assert not any(secret in file or secret.hex().encode() in file.lower() for secret in secrets)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_changed_statement_holds(store: SoftwareStore, file: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(file) - 1))
    changed = bytearray(file)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(StatementRefused):
        verified(bytes(changed), {audit_fingerprint(store)})


@given(st.binary(max_size=200))
def test_arbitrary_content_is_refused(content: bytes) -> None:
    with pytest.raises(StatementRefused):
        verified(content, {"00" * 32})


@pytest.mark.parametrize("place", ["kid", "es256", "point"])
def test_what_stands_beside_the_document_has_one_spelling(store: SoftwareStore, file: bytes, place: str) -> None:
    """The name of the key is its own, and no sign that a lenient reader passes over is added to the rest."""
    written = json.loads(file)["signed"][place]
    other = {"kid": ("A" if written[0] != "A" else "B") + written[1:], "es256": "*" + written, "point": written.upper()}
    with pytest.raises(StatementRefused):
        verified(file.replace(written.encode(), other[place].encode(), 1), {audit_fingerprint(store)})


@pytest.mark.parametrize("changed", [b" ", b"\n", b"{}"])
def test_nothing_stands_around_it(store: SoftwareStore, file: bytes, changed: bytes) -> None:
    for other in (changed + file, file + changed):
        with pytest.raises(StatementRefused):
            verified(other, {audit_fingerprint(store)})


def test_a_statement_of_another_audit_key_is_refused_though_it_brings_its_key(store: SoftwareStore) -> None:
    other = SoftwareStore(development_keys(NOW, os.urandom), os.urandom)
    foreign = signed({"kind": "kartu-key-attestation/1"}, other, NOW)
    with pytest.raises(StatementRefused, match="trusted"):
        verified(foreign, {audit_fingerprint(store)})


def test_sabotage_trusting_the_key_in_the_file_lets_the_foreign_one_pass() -> None:
    other = SoftwareStore(development_keys(NOW, os.urandom), os.urandom)
    foreign = signed({"kind": "kartu-key-attestation/1"}, other, NOW)
    brought = fingerprint(bytes.fromhex(json.loads(foreign)["signed"]["point"]))
    assert verified(foreign, {brought}).fingerprint == brought


def test_sabotage_without_the_signature_a_changed_date_holds(
    store: SoftwareStore, file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = file.replace(b'"software"', b'"pkcs11"')
    with pytest.raises(StatementRefused, match="as it was signed"):
        verified(changed, {audit_fingerprint(store)})
    monkeypatch.setattr(statement, "signature_holds", lambda *_: True)
    assert verified(changed, {audit_fingerprint(store)}).document["backend"] == "pkcs11"


def test_no_audit_root_is_a_statement() -> None:
    assert not PREFIX.startswith(statement.LABEL)
    assert not statement.LABEL.startswith(PREFIX)


def test_an_ended_audit_key_signs_nothing(store: SoftwareStore) -> None:
    with pytest.raises(KeyNotActive):
        signed({}, store, NOW + timedelta(days=366))


def test_other_code_has_another_digest(tmp_path: Path) -> None:
    package = Path(statement.__file__).parents[1]
    copy = tmp_path / "hsm"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    assert code_digest(copy) == code_digest()
    (copy / "process" / "server.py").write_text((copy / "process" / "server.py").read_text() + "\n")
    assert code_digest(copy) != code_digest()
