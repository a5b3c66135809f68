# SPDX-License-Identifier: Apache-2.0
"""Amounts, currencies, texts, lists and over-long fields that no bank may send: SNAP's code, and nothing stored; fuzzed too."""

import json
from contextlib import suppress
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardservice.collection.errors import BodyMalformed, SnapRefused
from cardservice.collection.snap.cases import Case, Service
from cardservice.collection.snap.requests import read_request
from cardservice.collection.strict_body import read_body
from tests.collection.till import ONE_MONTH, Till, give_number
from tests.verification.world import World

PAYMENT = "/v1.0/transfer-va/payment"


def amount(value: object, currency: object = "IDR") -> dict[str, object]:
    return {"value": value, "currency": currency}


MALFORMED: list[tuple[str, Any, str]] = [
    ("paidAmount", amount("8400"), "paidAmount.value"),
    ("paidAmount", amount("8400.0"), "paidAmount.value"),
    ("paidAmount", amount("8400.000"), "paidAmount.value"),
    ("paidAmount", amount("8,400.00"), "paidAmount.value"),
    ("paidAmount", amount("08400.00"), "paidAmount.value"),
    ("paidAmount", amount("+8400.00"), "paidAmount.value"),
    ("paidAmount", amount("-8400.00"), "paidAmount.value"),
    ("paidAmount", amount("8.4e3"), "paidAmount.value"),
    ("paidAmount", amount(" 8400.00"), "paidAmount.value"),
    ("paidAmount", amount("\u0668\u0664\u0660\u0660.00"), "paidAmount.value"),
    ("paidAmount", amount("123456789012345.00"), "paidAmount.value"),
    ("paidAmount", amount(8400), "paidAmount.value"),
    ("paidAmount", amount("8400.00", "USD"), "paidAmount.currency"),
    ("paidAmount", amount("8400.00", "idr"), "paidAmount.currency"),
    ("paidAmount", amount("8400.00", "360"), "paidAmount.currency"),
    ("paidAmount", "8400.00", "paidAmount"),
    ("paidAmount", ["8400.00"], "paidAmount"),
    ("totalAmount", amount("x"), "totalAmount.value"),
    ("cumulativePaymentAmount", amount("1.00", "EUR"), "cumulativePaymentAmount.currency"),
    ("paymentRequestId", "r" * 129, "paymentRequestId"),
    ("paymentRequestId", "a\x00b", "paymentRequestId"),
    ("paymentRequestId", "a\nb", "paymentRequestId"),
    ("paymentRequestId", "\ud800", "paymentRequestId"),
    ("paymentRequestId", 12, "paymentRequestId"),
    ("partnerServiceId", "88899   ", "partnerServiceId"),
    ("partnerServiceId", "88899", "partnerServiceId"),
    ("partnerServiceId", "   8889\t", "partnerServiceId"),
    ("customerNo", "1" * 21, "customerNo"),
    ("customerNo", "\uff11\uff12\uff13", "customerNo"),
    ("virtualAccountNo", "   88899", "virtualAccountNo"),
    ("virtualAccountName", "x" * 256, "virtualAccountName"),
    ("trxId", "x" * 65, "trxId"),
    ("channelCode", 60111, "channelCode"),
    ("channelCode", "60x1", "channelCode"),
    ("channelCode", True, "channelCode"),
    ("hashedSourceAccountNo", "x" * 33, "hashedSourceAccountNo"),
    ("paidBills", "0000001", "paidBills"),
    ("paidBills", "XYZ", "paidBills"),
    ("trxDateTime", "2026-11-23 15:00:00", "trxDateTime"),
    ("trxDateTime", "2026-02-29T15:00:00+07:00", "trxDateTime"),
    ("referenceNo", "x" * 65, "referenceNo"),
    ("journalNum", "1234567", "journalNum"),
    ("flagAdvise", "X", "flagAdvise"),
    ("flagAdvise", "YY", "flagAdvise"),
    ("subCompany", "123456", "subCompany"),
    ("billDetails", {}, "billDetails"),
    ("billDetails", [{}] * 25, "billDetails"),
    ("billDetails", [1], "billDetails"),
    ("billDetails", [{}, {"billNo": "x" * 19}], "billDetails[1].billNo"),
    ("billDetails", [{"billReferenceNo": "1" * 16}], "billDetails[0].billReferenceNo"),
    ("billDetails", [{"billAmount": amount("1")}], "billDetails[0].billAmount.value"),
    ("freeTexts", [{}] * 26, "freeTexts"),
    ("additionalInfo", [], "additionalInfo"),
]
MISSING: list[tuple[str, Any, str]] = [
    ("paidAmount", None, "paidAmount"),
    ("paidAmount", {}, "paidAmount"),
    ("paidAmount", {"currency": "IDR"}, "paidAmount.value"),
    ("paidAmount", {"value": "1.00"}, "paidAmount.currency"),
    ("paymentRequestId", "", "paymentRequestId"),
    ("paymentRequestId", None, "paymentRequestId"),
]


def test_every_malformed_field_is_named_and_leaves_nothing(world: World) -> None:
    till = Till(world)
    number = give_number(world.database, 1)
    till.bank.get_token()
    before = till.rows()
    for words, faults in {"Invalid Field Format": MALFORMED, "Invalid Mandatory Field": MISSING}.items():
        for field, value, named in faults:
            refused = till.bank.call(PAYMENT, till.bank.payment(number, "r-1", ONE_MONTH) | {field: value})
            code = "4002501" if words == "Invalid Field Format" else "4002502"
            assert (refused.code, refused.message, refused.outcome) == (code, f"{words} {named}", "01"), (field, value)
    assert till.rows() == before
    assert till.pay(number, ONE_MONTH, "r-1").code == "2002500"


def test_either_spelling_of_the_time_of_an_inquiry(world: World) -> None:
    till = Till(world)
    number = give_number(world.database, 1)
    assert till.inquire(number, trxDateInit=None, txnDateInit="2026-11-23T15:00:00+07:00").code == "2002400"
    for spelling in ("trxDateInit", "txnDateInit"):
        changed: dict[str, Any] = {"trxDateInit": None} | {spelling: "yesterday"}
        wrong = till.inquire(number, **changed)
        assert wrong.message == f"Invalid Field Format {spelling}"


def test_what_a_bank_may_leave_out(world: World) -> None:
    till = Till(world)
    number = give_number(world.database, 1)
    whole = till.bank.payment(number, "r-1", ONE_MONTH)
    mandatory = {"partnerServiceId", "customerNo", "virtualAccountNo", "paymentRequestId", "paidAmount"}
    assert till.bank.call(PAYMENT, {name: whole[name] for name in mandatory}).code == "2002500"


def test_a_header_that_is_given_twice_is_malformed(world: World) -> None:
    till = Till(world)
    number = give_number(world.database, 1)
    sent: dict[str, str] = {}

    def remember(path: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        sent.update(headers)
        return till.send(path, headers, body)

    till.bank.get_token()
    till.bank.send = remember
    body = till.bank.inquiry(number, "i")
    till.bank.call("/v1.0/transfer-va/inquiry", body)
    twice = [*sent.items(), ("X-PARTNER-ID", "BCA")]
    answer = till.service.request("POST", "/v1.0/transfer-va/inquiry", headers=twice, content=json.dumps(body).encode())
    assert answer.json()["responseMessage"] == "Invalid Field Format X-PARTNER-ID"


@pytest.mark.parametrize(
    ("headers", "body", "said"),
    [
        ({}, b"{}", ("4002402", "Invalid Mandatory Field Content-Type")),
        ({"Content-Type": "text/plain"}, b"{}", ("4002401", "Invalid Field Format Content-Type")),
        ({"Content-Type": "application/json"}, b"x" * 70_000, ("4002400", "Bad Request")),
        ({"Content-Type": "application/json", "Host": "evil.example"}, b"{}", ("4012400", "Unauthorized. [Host]")),
    ],
)
def test_before_the_body_is_looked_at(
    world: World, headers: dict[str, str], body: bytes, said: tuple[str, str]
) -> None:
    answer = Till(world).send_raw("POST", "/v1.0/transfer-va/inquiry", headers, body)
    assert (answer.json()["responseCode"], answer.json()["responseMessage"]) == said
    assert answer.headers["x-timestamp"] == "2026-11-23T15:00:00+07:00"
    assert answer.headers["cache-control"] == "no-store"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
FIELDS = [
    "partnerServiceId",
    "customerNo",
    "virtualAccountNo",
    "inquiryRequestId",
    "paymentRequestId",
    "paidAmount",
    "totalAmount",
    "billDetails",
    "channelCode",
    "flagAdvise",
    "trxDateTime",
    "trxDateInit",
    "amount",
    "additionalInfo",
]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from([Service.INQUIRY, Service.PAYMENT, Service.STATUS])
)
def test_fuzzed_members_are_a_request_or_one_of_two_cases(members: dict[str, Any], service: Service) -> None:
    case = Case.FIELD_FORMAT
    try:
        read_request(service, members)
    except SnapRefused as no:
        case = cast("Case", no.evidence["case"])
    assert case in {Case.FIELD_FORMAT, Case.MANDATORY_FIELD}


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_fuzzed_octets_are_an_object_or_malformed(octets: bytes) -> None:
    with suppress(BodyMalformed):
        assert isinstance(read_body(octets), dict)


@pytest.mark.parametrize("bomb", [b"[" * 60_000, b'{"a":' * 12_000, b'"' + b"\\" * 60_000, b"9" * 60_000])
def test_bombs_are_malformed(bomb: bytes) -> None:
    with pytest.raises(BodyMalformed):
        read_body(bomb)
