# SPDX-License-Identifier: Apache-2.0
"""Banks are registered with keys and settings that can be meant; either way of signing and writing signatures works; a bank that was let go is unknown."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cardservice.collection.bank_register import BankSettings, SignatureKind, prepare_bank, register_bank, revoke_bank
from cardservice.collection.bill_type import BillType
from cardservice.collection.errors import BankKeyRefused, PartnerSettingWrong
from cardservice.collection.snap.signature import Encoding
from cardservice.records.errors import BankExists
from hsm.in_process import InProcessKeys
from tests.collection.till import ONE_MONTH, Till, bank_key, give_number, public_pem
from tests.verification.world import NOW, World


def prepared(keys: InProcessKeys, **changed: Any) -> Any:
    known: dict[str, Any] = {
        "partner_id": "BCA",
        "name": "Bank",
        "public_key_pem": public_pem(bank_key()),
        "settings": BankSettings("88899"),
        "random_octets": random.Random(1).randbytes(48),
        "sealer": keys.sealer,
        "at": NOW,
    }
    return prepare_bank(**known | changed)


@pytest.mark.parametrize(
    ("setting", "changed"),
    [
        ("partner_id", {"partner_id": ""}),
        ("partner_id", {"partner_id": "x" * 37}),
        ("partner_id", {"partner_id": "a b"}),
        ("name", {"name": " "}),
        ("name", {"name": "a\tb"}),
        ("service_id", {"settings": BankSettings("")}),
        ("service_id", {"settings": BankSettings("123456789")}),
        ("service_id", {"settings": BankSettings("12a")}),
        ("channel_id", {"settings": BankSettings("1", channel_id="123456")}),
        ("most_bills", {"settings": BankSettings("1", most_bills=25)}),
        ("most_name", {"settings": BankSettings("1", most_name=0)}),
        ("random", {"random_octets": bytes(47)}),
    ],
)
def test_settings_that_can_not_be_meant(keys: InProcessKeys, setting: str, changed: dict[str, Any]) -> None:
    with pytest.raises(PartnerSettingWrong) as refused:
        prepared(keys, **changed)
    assert refused.value.evidence["setting"] == setting


def test_keys_that_are_none_or_too_weak(keys: InProcessKeys) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - weak on purpose
    odd = rsa.generate_private_key(public_exponent=3, key_size=2048)
    other = ec.generate_private_key(ec.SECP256R1())
    for pem in (b"", b"no key", public_pem(weak), public_pem(odd), public_pem(other)):  # type: ignore[arg-type] # not RSA on purpose
        with pytest.raises(BankKeyRefused):
            prepared(keys, public_key_pem=pem)


def test_the_secret_shows_nowhere(keys: InProcessKeys) -> None:
    registered = prepared(keys)
    assert registered.secret not in repr(registered)
    assert registered.secret.encode() not in registered.bank.secret_sealed


def test_a_second_bank_of_a_name_client_or_service_is_refused(world: World, keys: InProcessKeys) -> None:
    with world.database.begin() as connection:
        register_bank(connection, prepared(keys))
        clashes: dict[str, dict[str, Any]] = {
            "partner_id": {"random_octets": bytes(48), "settings": BankSettings("1")},
            "client_id": {"partner_id": "BNI", "settings": BankSettings("1")},
            "service_id": {"partner_id": "BNI", "random_octets": bytes(48)},
        }
        for field, changed in clashes.items():
            with pytest.raises(BankExists) as refused:
                register_bank(connection, prepared(keys, **changed))
            assert refused.value.evidence["field"] == field


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("kind", list(SignatureKind))
def test_either_way_of_signing_and_writing(world: World, kind: SignatureKind, encoding: Encoding) -> None:
    till = Till(world, BankSettings("88899", kind, encoding, bill_type=BillType.CLOSED))
    number = give_number(world.database, 1)
    assert till.inquire(number).code == "2002400"
    assert till.pay(number, ONE_MONTH).code == "2002500"
    # The other encoding of the same signature is no signature.
    other = Encoding.HEX if encoding is Encoding.BASE64 else Encoding.BASE64
    till.bank.identity = replace(till.bank.identity, encoding=other)
    assert till.inquire(number).code == "4012400"


def test_a_bank_that_was_let_go_is_unknown_at_once(world: World) -> None:
    till = Till(world)
    number = give_number(world.database, 1)
    assert till.inquire(number).code == "2002400"
    with world.database.begin() as connection:
        revoke_bank(connection, "BCA", NOW)
    for reply in (till.inquire(number), till.bank.get_token()):
        assert reply.message == "Unauthorized. [Unknown client]"


def test_a_channel_that_was_agreed_is_demanded(world: World) -> None:
    till = Till(world, BankSettings("88899", channel_id="95231"))
    number = give_number(world.database, 1)
    assert till.inquire(number).code == "2002400"
    body = till.bank.inquiry(number, "i")
    other = till.bank.call("/v1.0/transfer-va/inquiry", body, headers={"CHANNEL-ID": "1"})
    assert (other.code, other.message) == ("4002401", "Invalid Field Format CHANNEL-ID")


def test_one_bank_can_not_use_anothers_token(world: World) -> None:
    first, second = Till(world), Till(world, BankSettings("77777"), "BNI")
    first.bank.get_token()
    number = give_number(world.database, 1)
    body = second.bank.inquiry(number, "i")
    assert second.bank.call("/v1.0/transfer-va/inquiry", body, token=first.bank.token).code == "4012401"


def test_a_request_is_taken_within_five_minutes_of_our_clock(world: World) -> None:
    till = Till(world)
    number = give_number(world.database, 1)
    till.bank.get_token()
    for minutes, code in [(-5, "2002400"), (5, "2002400"), (6, "4012400"), (-6, "4012400")]:
        when = (NOW + timedelta(minutes=minutes)).isoformat()
        body = till.bank.inquiry(number, "i")
        assert till.bank.call("/v1.0/transfer-va/inquiry", body, headers={"X-TIMESTAMP": when}).code == code
        expected = "2007300" if code == "2002400" else "4017300"
        assert till.bank.get_token(**{"X-TIMESTAMP": when}).code == expected
    for when in ("2026-11-23 15:00:00+07:00", "2026-11-23T15:00:00", "2026-02-30T10:00:00+07:00", "now"):
        body = till.bank.inquiry(number, "i")
        reply = till.bank.call("/v1.0/transfer-va/inquiry", body, headers={"X-TIMESTAMP": when})
        assert reply.message == "Invalid Field Format X-TIMESTAMP"


def test_the_clock_may_show_any_zone(world: World) -> None:
    """WIB, WITA, WIT and UTC write the same moment."""
    till = Till(world)
    number = give_number(world.database, 1)
    for when in (
        "2026-11-23T15:00:00+07:00",
        "2026-11-23T16:00:00+08:00",
        "2026-11-23T17:00:00+09:00",
        "2026-11-23T08:00:00Z",
    ):
        body = till.bank.inquiry(number, "i")
        assert till.bank.call("/v1.0/transfer-va/inquiry", body, headers={"X-TIMESTAMP": when}).code == "2002400"


@pytest.mark.parametrize(
    ("wrong", "code", "message"),
    [
        ({"X-SIGNATURE": "AAAA"}, "4017300", "Unauthorized. [Signature]"),
        ({"signed": "another string"}, "4017300", "Unauthorized. [Signature]"),
        ({"client_id": "nobody"}, "4017300", "Unauthorized. [Unknown client]"),
        ({"body": "{"}, "4007300", "Bad Request"),
        ({"body": "{}"}, "4007302", "Invalid Mandatory Field grantType"),
        ({"body": '{"grantType":"password"}'}, "4007301", "Invalid Field Format grantType"),
        ({"X-CLIENT-KEY": ""}, "4007302", "Invalid Mandatory Field X-CLIENT-KEY"),
    ],
)
def test_no_token_for_a_request_that_is_not_right(world: World, wrong: dict[str, str], code: str, message: str) -> None:
    till = Till(world)
    before = till.rows()
    refused = till.bank.get_token(**wrong)
    assert (refused.code, refused.message) == (code, message)
    assert till.rows() == before
