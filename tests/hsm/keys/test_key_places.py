# SPDX-License-Identifier: Apache-2.0
"""Purposes with places of their own, and keys found where they belong or not at all."""

import os
from pathlib import Path

import pytest

from cardservice.clock import monotonic
from cardservice.keys import Purpose
from hsm.errors import KeyMisplaced, KeyPlacesRefused, KeyUriRefused
from hsm.in_process import InProcessKeys
from hsm.keys.key_places import KeyPlaces, key_places
from hsm.keys.passphrase import create_passphrase_file
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.key_generation import make_development_keys
from hsm.stores.open_keys import open_custody, open_store
from hsm.stores.sealed_file import create_sealed
from tests.hsm.back_ends import CHEAP
from tests.hsm.contract.test_key_custody import BACKUP_KEY, plan
from tests.hsm.documents import NOW, token_input
from tests.hsm.running import SetClock


def sealed(folder: Path, name: str) -> str:
    create_passphrase_file(folder / f"{name}.pass", os.urandom)
    passphrase = (folder / f"{name}.pass").read_bytes().strip()
    create_sealed(folder / name, KeyBundle().encode(), passphrase, os.urandom, CHEAP)
    return f"file:{folder / name}?pin-source=file:{folder / name}.pass"


@pytest.fixture
def divided(tmp_path: Path) -> KeyPlaces:
    lines = [f'everything-else = "{sealed(tmp_path, "rest")}"', "[purposes]"]
    own = {"card-ca": "ca", "eligibility-token": "signing", "seal": "values"}
    lines += [f'{purpose} = "{sealed(tmp_path, name)}"' for purpose, name in own.items()]
    (tmp_path / "places.toml").write_text("\n".join(lines))
    return key_places(str(tmp_path / "places.toml"))


def test_each_purpose_lies_in_its_place_and_they_work_as_one(divided: KeyPlaces) -> None:
    with open_custody(divided) as custody:
        make_development_keys(custody, NOW, os.urandom)
    for uri in divided.all():
        found = {key.purpose for key in open_store(KeyPlaces(uri)).descriptions()}
        assert found == {purpose for purpose in Purpose if divided.of(purpose) == uri}
    keys = InProcessKeys(open_store(divided), clock=SetClock(), monotonic=monotonic)
    signer = keys.signer(Purpose.ELIGIBILITY_TOKEN)
    assert signer.sign(token_input(signer.verifying_key.kid))
    (value,) = keys.sealer.seal([("a", b"value")])
    assert keys.sealer.unseal("a", value, reason="test") == b"value"
    assert keys.ca_certificate


def test_custody_of_several_places_is_custody_of_one(divided: KeyPlaces) -> None:
    with open_custody(divided) as custody:
        custody.set_backup_key(bytearray(BACKUP_KEY))
        assert custody.backup_key_check_value is not None
        backups = [
            custody.generate(plan(purpose), NOW).backup for purpose in (Purpose.SEAL, Purpose.AUDIT, Purpose.CARD_CA)
        ]
        keys = list(custody.store.descriptions())
        for key in keys:
            custody.destroy(key)
        assert not custody.store.descriptions()
        restored = custody.restore([backup for backup in backups if backup], bytearray(BACKUP_KEY))
        assert sorted(key.kid for key in restored) == sorted(key.kid for key in keys)
        assert custody.end(restored[0], NOW).expires == NOW
        custody.keep_record("a", b"b")
        assert dict(custody.records()) == {"a": b"b"}
        custody.drop_record("a")
        assert not custody.records()


def test_a_key_in_a_strange_place_is_named(divided: KeyPlaces) -> None:
    with open_custody(KeyPlaces(divided.elsewhere)) as custody:
        custody.generate(plan(Purpose.SEAL), NOW)
    with pytest.raises(KeyMisplaced, match="seal"):
        open_store(divided)


def test_one_uri_is_one_place_for_all(tmp_path: Path) -> None:
    uri = sealed(tmp_path, "keys")
    places = key_places(uri)
    assert {places.of(purpose) for purpose in Purpose} == {places.elsewhere}
    with pytest.raises(KeyUriRefused):
        key_places("pkcs11:nonsense")


A, B = "file:/a?pin-source=fd:3", "file:/b?pin-source=fd:4"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "everything-else, and under"),
        ("everything-else = 3", "everything-else is a URI"),
        (f'everything-else = "{A}"\nother = 1', "everything-else, and under"),
        (f'everything-else = "{A}"\npurposes = 1', "everything-else, and under"),
        (f'everything-else = "{A}"\n[purposes]\nnothing = "{B}"', "names of purposes"),
        (f'everything-else = "{A}"\n[purposes]\nseal = "b"', "seal: begins with"),
        (f'everything-else = "{A}"\n[purposes]\nsector-master = "{B}"', "share one place"),
        ("everything-else = ", "TOML"),
        ("#" * 70_000, "at most"),
    ],
)
def test_a_file_that_names_no_places_is_refused(tmp_path: Path, content: str, rule: str) -> None:
    (tmp_path / "places.toml").write_text(content)
    with pytest.raises(KeyPlacesRefused, match=rule):
        key_places(str(tmp_path / "places.toml"))


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyPlacesRefused, match="No such file"):
        key_places(str(tmp_path / "nothing"))


def test_masters_may_move_together(tmp_path: Path) -> None:
    lines = [f'everything-else = "{A}"', "[purposes]"]
    lines += [f'{purpose} = "{B}"' for purpose in ("card-master", "sector-master", "transport")]
    (tmp_path / "places.toml").write_text("\n".join(lines))
    assert len(key_places(str(tmp_path / "places.toml")).all()) == 2
