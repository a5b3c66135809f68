# SPDX-License-Identifier: Apache-2.0
"""A token that can't do what keys will need is refused when it is opened, with the name of what it lacks, and not at the first card."""

from pathlib import Path
from typing import Any

import pytest

from hsm.errors import TokenUnfit
from hsm.keys.key_places import KeyPlaces
from hsm.stores.open_keys import open_custody, open_store
from tests.hsm.softhsm import SoftHsm

pytestmark = pytest.mark.needs("softhsm2")


@pytest.fixture
def softhsm(tmp_path: Path) -> SoftHsm:
    softhsm = SoftHsm(tmp_path / "hsm")
    softhsm.enter()
    return softhsm


def refused(
    softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch, name: str, *, mechanism: str = "", change: Any = None
) -> str:
    """What the start says of a token whose module answers a call so: refuses it for a mechanism, or returns something else."""
    import pkcs11  # noqa: PLC0415 - an optional part
    from pkcs11.exceptions import MechanismInvalid  # noqa: PLC0415 - as above

    from hsm.pkcs11 import derived_keys, trials  # noqa: PLC0415 - as above

    place = trials if hasattr(trials, name) else derived_keys
    real = getattr(place, name)

    def lacking(*words: Any, **named: Any) -> Any:
        if mechanism and any(word is getattr(pkcs11.Mechanism, mechanism) for word in words):
            raise MechanismInvalid
        return change(real(*words, **named)) if change else real(*words, **named)

    monkeypatch.setattr(place, name, lacking)
    with pytest.raises(TokenUnfit) as caught:
        open_store(KeyPlaces(softhsm.uri()))
    return str(caught.value.evidence["rule"])


def test_softhsm_can_do_all_that_is_needed(softhsm: SoftHsm) -> None:
    open_store(KeyPlaces(softhsm.uri()))
    with open_custody(KeyPlaces(softhsm.uri())):
        pass


@pytest.mark.parametrize(
    ("call", "mechanism"),
    [
        ("wrapped", "AES_CBC"),
        ("wrapped", "AES_KEY_WRAP"),
        ("unwrapped", "AES_KEY_WRAP"),
        ("derived", "AES_CBC_ENCRYPT_DATA"),
        ("derived", "AES_ECB_ENCRYPT_DATA"),
    ],
)
def test_a_mechanism_that_is_listed_and_not_let_be_used_so_is_named(
    softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch, call: str, mechanism: str
) -> None:
    rule = refused(softhsm, monkeypatch, call, mechanism=mechanism)
    assert f"CKM_{mechanism} to" in rule
    assert "MechanismInvalid" in rule


class Readable:
    """A derived key of a module that makes all of them extractable."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def __getitem__(self, attribute: Any) -> object:
        return True if attribute.name == "EXTRACTABLE" else self._key[attribute]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._key, name)


def test_an_attribute_that_is_not_as_it_was_set_is_named(softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = refused(softhsm, monkeypatch, "derived_static_key", change=Readable)
    assert "CKA_EXTRACTABLE is not as it was set" in rule


def test_a_wrong_result_is_named(softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = refused(softhsm, monkeypatch, "hmac_sha256", change=lambda value: value[:20])
    assert rule == "CKM_SHA256_HMAC to sign (CKF_SIGN): the result is another"


def test_sabotage_by_its_list_of_mechanisms_alone_the_token_is_fit(
    softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hsm.pkcs11 import opening  # noqa: PLC0415 - an optional part

    monkeypatch.setattr(opening, "refuse_incapable", lambda *_: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        refused(softhsm, monkeypatch, "wrapped", mechanism="AES_CBC")
