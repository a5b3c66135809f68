# SPDX-License-Identifier: Apache-2.0
"""At every start each key in a token is audited: a wrong attribute, a stranger, a double or a changed description refuses the start by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cardservice.keys import Purpose
from hsm.errors import KeyAttributeWrong, KeyObjectWrong, TokenRecordDamaged
from hsm.keys.key_check import point_of, private_key_of
from hsm.keys.key_store import KeyDescription
from tests.hsm.contract.test_key_custody import plan
from tests.hsm.documents import NOW
from tests.hsm.softhsm import SoftHsm

pkcs11 = pytest.importorskip("pkcs11")
pytestmark = pytest.mark.needs("softhsm2")

SECRETS = {
    Purpose.AUDIT: b"\x07" * 32,
    Purpose.CARD_MASTER: b"\x08" * 32,
    Purpose.SEAL: b"\x09" * 32,
    Purpose.PSEUDONYM: b"\x0a" * 32,
}
# Of each key every use that isn't its own, and what protects it.
WRONG = [
    (Purpose.AUDIT, {"SENSITIVE": False}),
    (Purpose.AUDIT, {"EXTRACTABLE": True}),
    (Purpose.AUDIT, {"PRIVATE": False}),
    (Purpose.AUDIT, {"DECRYPT": True}),
    (Purpose.AUDIT, {"SIGN_RECOVER": True}),
    (Purpose.AUDIT, {"UNWRAP": True}),
    (Purpose.AUDIT, {"DERIVE": True}),
    (Purpose.AUDIT, {"SIGN": False}),
    (Purpose.AUDIT, {"EC_PARAMS": bytes.fromhex("06052B8104000A")}),  # secp256k1
    *(
        (Purpose.CARD_MASTER, {name: True})
        for name in ("EXTRACTABLE", "ENCRYPT", "DECRYPT", "SIGN", "VERIFY", "WRAP", "UNWRAP")
    ),
    (Purpose.CARD_MASTER, {"SENSITIVE": False}),
    (Purpose.CARD_MASTER, {"PRIVATE": False}),
    (Purpose.CARD_MASTER, {"DERIVE": False}),
    *((Purpose.SEAL, {name: True}) for name in ("EXTRACTABLE", "ENCRYPT", "DECRYPT", "SIGN", "VERIFY", "DERIVE")),
    (Purpose.SEAL, {"SENSITIVE": False}),
    (Purpose.SEAL, {"UNWRAP": False}),
    *(
        (Purpose.PSEUDONYM, {name: True})
        for name in ("EXTRACTABLE", "ENCRYPT", "DECRYPT", "VERIFY", "WRAP", "UNWRAP", "DERIVE")
    ),
    (Purpose.PSEUDONYM, {"SENSITIVE": False}),
]


@pytest.fixture
def softhsm(tmp_path: Path) -> SoftHsm:
    softhsm = SoftHsm(tmp_path / "hsm")
    with softhsm.custody() as custody:
        for purpose, secret in SECRETS.items():
            custody.bring_in(plan(purpose), bytearray(secret), NOW)
    return softhsm


def key_of(softhsm: SoftHsm, purpose: Purpose) -> KeyDescription:
    return next(key for key in softhsm.store().descriptions() if key.purpose is purpose)


def planting(softhsm: SoftHsm, plant: Callable[[Any], None]) -> None:
    """Do something to the token as somebody who has its PIN, outside of custody."""
    from hsm.pkcs11.session import TokenSession  # noqa: PLC0415 - an optional part

    softhsm.enter()
    session = TokenSession(softhsm.uri(), writable=True)
    try:
        plant(session.current)
    finally:
        session.close()
        softhsm.restart()


def plant_wrong(softhsm: SoftHsm, purpose: Purpose, changes: dict[str, Any]) -> KeyDescription:
    """In place of a key, the same key with other attributes."""
    from hsm.keys.key_identifier import cose_kid  # noqa: PLC0415 - beside its use
    from hsm.pkcs11.key_templates import lasting, named, role_of  # noqa: PLC0415 - an optional part
    from hsm.pkcs11.library_calls import created  # noqa: PLC0415 - an optional part

    key = key_of(softhsm, purpose)

    def plant(session: Any) -> None:
        attribute = pkcs11.Attribute
        (right,) = session.get_objects({attribute.ID: cose_kid(key.kid)})
        right.destroy()
        template = named(lasting(role_of(purpose)), cose_kid(key.kid), "planted")
        wrong = template | {attribute[name]: value for name, value in changes.items()}
        if attribute.EC_PARAMS in wrong:
            session.create_object(wrong | {attribute.VALUE: SECRETS[purpose]})
        else:
            created(session, SECRETS[purpose], wrong)

    planting(softhsm, plant)
    return key


@pytest.mark.parametrize(("purpose", "changes"), WRONG, ids=str)
def test_a_key_with_a_wrong_attribute_refuses_the_start(
    softhsm: SoftHsm, purpose: Purpose, changes: dict[str, Any]
) -> None:
    key = plant_wrong(softhsm, purpose, changes)
    with pytest.raises(KeyAttributeWrong) as caught:
        softhsm.store()
    assert caught.value.evidence == {
        "key": f"{purpose} 1 {key.kid}",
        "attribute": f"CKA_{next(iter(changes))}",
    }


def test_the_same_key_with_right_attributes_is_taken(softhsm: SoftHsm) -> None:
    for purpose in SECRETS:
        plant_wrong(softhsm, purpose, {})
    assert len(softhsm.store().descriptions()) == len(SECRETS)


def test_sabotage_without_the_audit_a_readable_master_is_put_to_work(
    softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hsm.pkcs11 import contents  # noqa: PLC0415 - an optional part

    plant_wrong(softhsm, Purpose.CARD_MASTER, {"SENSITIVE": False, "EXTRACTABLE": True})
    monkeypatch.setattr(contents, "refuse_wrong_attributes", lambda *_: None)
    store: Any = softhsm.store()
    master = store._contents.keys[key_of(softhsm, Purpose.CARD_MASTER).kid].handle
    assert master[pkcs11.Attribute.VALUE] == SECRETS[Purpose.CARD_MASTER]
    # What is told to auditors is what the token says, and not what we meant.
    told = store.attributes(key_of(softhsm, Purpose.CARD_MASTER))
    assert (told["CKA_SENSITIVE"], told["CKA_EXTRACTABLE"]) == (False, True)


@pytest.mark.parametrize("purpose", list(SECRETS))
def test_keys_of_the_token_can_not_be_read(softhsm: SoftHsm, purpose: Purpose) -> None:
    store: Any = softhsm.store()
    handle = store._contents.keys[key_of(softhsm, purpose).kid].handle
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        handle[pkcs11.Attribute.VALUE]


def test_static_keys_are_sensitive_not_extractable_and_of_one_use(softhsm: SoftHsm) -> None:
    from hsm.algorithms.diversification import (  # noqa: PLC0415 - beside their use
        Diversification,
        DiversificationScheme,
        KeyUsage,
    )

    store: Any = softhsm.store()
    parts = Diversification(DiversificationScheme.KJS_DIV_1, KeyUsage.ENC, 1, 0, bytes(10), 32)
    static = store.derive(key_of(softhsm, Purpose.CARD_MASTER), parts)
    store.cmac_function(static)(b"message")
    store.check_value(static)
    attribute = pkcs11.Attribute
    assert len(static.handle.objects) == 2
    for use, made in static.handle.objects.items():
        assert (made[attribute.SENSITIVE], made[attribute.EXTRACTABLE], made[attribute.TOKEN]) == (True, False, False)
        uses = {one for one in (attribute.SIGN, attribute.ENCRYPT, attribute.DECRYPT, attribute.WRAP) if made[one]}
        assert uses == {use}
        with pytest.raises(pkcs11.exceptions.AttributeSensitive):
            made[attribute.VALUE]
    made = next(iter(static.handle.objects.values()))
    store.discard(static)
    with pytest.raises(pkcs11.exceptions.PKCS11Error):
        made[attribute.TOKEN]


def replace_key(softhsm: SoftHsm, purpose: Purpose, secret: bytes) -> None:
    """In place of a key another one, with its CKA_ID and all its attributes."""
    monkey = dict(SECRETS)
    SECRETS[purpose] = secret
    try:
        plant_wrong(softhsm, purpose, {})
    finally:
        SECRETS.update(monkey)


@pytest.mark.parametrize("purpose", list(SECRETS))
def test_another_key_in_the_place_of_one_is_noticed(softhsm: SoftHsm, purpose: Purpose) -> None:
    replace_key(softhsm, purpose, b"\x55" * 32)
    with pytest.raises(KeyObjectWrong, match="another key") as caught:
        softhsm.store()
    assert str(purpose) in str(caught.value)


def test_sabotage_without_the_proof_another_key_signs(softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    from hsm.pkcs11 import contents  # noqa: PLC0415 - an optional part

    replace_key(softhsm, Purpose.PSEUDONYM, b"\x55" * 32)
    monkeypatch.setattr(contents, "is_recognised", lambda *_: True)
    assert softhsm.store().hmac(key_of(softhsm, Purpose.PSEUDONYM), b"words")


def plant_beside(softhsm: SoftHsm, identifier: bytes) -> None:
    from hsm.pkcs11.key_templates import Role, lasting, named  # noqa: PLC0415 - an optional part
    from hsm.pkcs11.library_calls import created  # noqa: PLC0415 - an optional part

    planting(softhsm, lambda session: created(session, b"\x66" * 32, named(lasting(Role.HMAC), identifier, "planted")))


def test_a_second_key_of_the_same_name_is_noticed(softhsm: SoftHsm) -> None:
    from hsm.keys.key_identifier import cose_kid  # noqa: PLC0415 - beside its use

    plant_beside(softhsm, cose_kid(key_of(softhsm, Purpose.PSEUDONYM).kid))
    with pytest.raises(KeyObjectWrong, match="2 objects have its CKA_ID"):
        softhsm.store()


def test_a_key_that_nothing_describes_is_noticed(softhsm: SoftHsm) -> None:
    plant_beside(softhsm, b"stranger")
    with pytest.raises(KeyObjectWrong, match="planted"):
        softhsm.store()


def plant_public(softhsm: SoftHsm, identifier: bytes, point: bytes) -> None:
    def plant(session: Any) -> None:
        session.create_object(
            {
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PUBLIC_KEY,
                pkcs11.Attribute.KEY_TYPE: pkcs11.KeyType.EC,
                pkcs11.Attribute.TOKEN: True,
                pkcs11.Attribute.VERIFY: True,
                pkcs11.Attribute.ID: identifier,
                pkcs11.Attribute.LABEL: "planted",
                pkcs11.Attribute.EC_PARAMS: bytes.fromhex("06082A8648CE3D030107"),
                pkcs11.Attribute.EC_POINT: b"\x04\x41" + point,
            }
        )

    planting(softhsm, plant)


def test_the_public_half_of_a_key_may_lie_beside_it_and_no_other(softhsm: SoftHsm) -> None:
    from hsm.keys.key_identifier import cose_kid  # noqa: PLC0415 - beside its use

    key = key_of(softhsm, Purpose.AUDIT)
    point = softhsm.store().verifying_point(key)
    plant_public(softhsm, cose_kid(key.kid), point)
    assert softhsm.store().verifying_point(key) == point
    other = point_of(private_key_of(b"\x0b" * 32))
    plant_public(softhsm, cose_kid(key.kid), other)
    with pytest.raises(KeyObjectWrong, match=r"planted.*public half of another key"):
        softhsm.store()


@pytest.mark.parametrize("purpose", [None, Purpose.SEAL], ids=str)
def test_a_public_key_of_no_key_of_ours_is_noticed(softhsm: SoftHsm, purpose: Purpose | None) -> None:
    from hsm.keys.key_identifier import cose_kid  # noqa: PLC0415 - beside its use

    identifier = b"stranger" if purpose is None else cose_kid(key_of(softhsm, purpose).kid)
    plant_public(softhsm, identifier, point_of(private_key_of(b"\x0b" * 32)))
    with pytest.raises(KeyObjectWrong, match=r"planted.*nothing describes it"):
        softhsm.store()


def test_sabotage_without_that_look_a_planted_public_key_stays(
    softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hsm.pkcs11 import contents  # noqa: PLC0415 - an optional part

    plant_public(softhsm, b"stranger", point_of(private_key_of(b"\x0b" * 32)))
    monkeypatch.setattr(contents, "_refuse_strange_public_keys", lambda *_: None)
    assert softhsm.store().descriptions()


def test_a_description_that_the_token_did_not_vouch_for_is_refused(softhsm: SoftHsm) -> None:
    def plant(session: Any) -> None:
        attribute = pkcs11.Attribute
        (record,) = (
            data
            for data in session.get_objects({attribute.CLASS: pkcs11.ObjectClass.DATA})
            if data[attribute.LABEL].startswith("key/") and b"pseudonym" in data[attribute.VALUE]
        )
        forged = record[attribute.VALUE].replace(b"pseudonym", b"blind-ind")
        session.create_object(
            {
                attribute.CLASS: pkcs11.ObjectClass.DATA,
                attribute.TOKEN: True,
                attribute.PRIVATE: True,
                attribute.APPLICATION: "kartu",
                attribute.LABEL: "forged",
                attribute.VALUE: forged,
            }
        )

    planting(softhsm, plant)
    with pytest.raises(TokenRecordDamaged, match="forged"):
        softhsm.store()


def test_what_an_interrupted_custody_left_counts_as_nothing_and_is_cleared_away(
    softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hsm.pkcs11 import token_custody  # noqa: PLC0415 - an optional part

    class Killed(BaseException):
        """What no handler catches."""

    def killed(*_: Any) -> Any:
        raise Killed

    before = set(softhsm.store().descriptions())
    for name in ("settle", "is_recognised"):
        with softhsm.custody() as custody, monkeypatch.context() as patched:
            patched.setattr(token_custody, name, killed)
            with pytest.raises(Killed):
                custody.generate(plan(Purpose.BLIND_INDEX), NOW)
        softhsm.restart()
        assert set(softhsm.store().descriptions()) == before
    with softhsm.custody() as custody:
        pass
    softhsm.restart()
    store: Any = softhsm.store()
    assert {record.state for record in store._contents.records.values()} == {"kept"}
    with softhsm.custody() as custody:
        custody.generate(plan(Purpose.BLIND_INDEX), NOW)
    assert len(softhsm.store().descriptions()) == len(before) + 1
