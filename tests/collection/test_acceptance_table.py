# SPDX-License-Identifier: Apache-2.0
"""BCA's acceptance table (facts/snap-and-ppob.md, 5.1), row by row, as a bank sees it; on both databases."""

from datetime import timedelta

import pytest

from cardservice.collection.payment_number import luhn_digit
from reader_tools.mockbank.bank_client import Reply
from tests.collection.till import ONE_MONTH, Till, give_number
from tests.verification.world import NOW

UNKNOWN = "88" + "0" * 13 + luhn_digit("88" + "0" * 13)


def said(reply: Reply) -> tuple[int, str, str, str]:
    assert reply.code[:3] == str(reply.status)
    return reply.status, reply.code, reply.message, reply.outcome


def test_inquiry_and_payment_that_are_well(till: Till, member_number: str) -> None:
    asked = till.inquire(member_number)
    assert said(asked) == (200, "2002400", "Success", "00")
    assert asked.account["totalAmount"] == {"value": "8400.00", "currency": "IDR"}
    assert asked.account["virtualAccountName"] == "SI** RA****"
    assert asked.account["partnerServiceId"] == "   88899"
    assert asked.account["virtualAccountNo"] == "   88899" + member_number
    assert asked.account["virtualAccountTrxType"] == "C"
    assert [bill["billAmount"]["value"] for bill in asked.account["billDetails"]] == ["5000.00", "3400.00"]

    paid = till.pay(member_number, ONE_MONTH)
    assert said(paid) == (200, "2002500", "Success", "00")
    assert [bill["status"] for bill in paid.account["billDetails"]] == ["00", "00"]
    assert paid.account["freeTexts"] == [{"english": "Paid Nov 2026", "indonesia": "Lunas Nov 2026"}]

    assert said(till.status(member_number)) == (200, "2002600", "Success", "00")


def test_bad_token(till: Till, member_number: str) -> None:
    before = till.rows()
    for path, body, code in [
        ("/v1.0/transfer-va/inquiry", till.bank.inquiry(member_number, "i"), "4012401"),
        ("/v1.0/transfer-va/payment", till.bank.payment(member_number, "i", ONE_MONTH), "4012501"),
        ("/v1.0/transfer-va/status", till.bank.status(member_number, "i"), "4012601"),
    ]:
        assert said(till.bank.call(path, body, token="A" * 43)) == (401, code, "Invalid Token (B2B)", "")
        missing = till.bank.call(path, body, token="x", headers={"Authorization": None})
        assert said(missing) == (401, code, "Invalid Token (B2B)", "")
    assert till.rows() == before


@pytest.mark.parametrize("grant", ["[]", "{}", "1", "true", '"password"'])
def test_a_grant_that_is_none_is_named(till: Till, grant: str) -> None:
    told = till.bank.get_token(body=f'{{"grantType":{grant}}}')
    assert (told.status, told.code, told.message) == (400, "4007301", "Invalid Field Format grantType")
    assert till.rows()["access_tokens"] == 0


def test_a_token_ends_after_900_seconds(till: Till, member_number: str) -> None:
    given = till.bank.get_token()
    assert (given.document["tokenType"], given.document["expiresIn"]) == ("Bearer", "900")
    till.world.clock.time = NOW + timedelta(seconds=899)
    assert said(till.inquire(member_number))[1] == "2002400"
    till.world.clock.time = NOW + timedelta(seconds=900)
    assert said(till.inquire(member_number))[1] == "4012401"


def test_bad_signature_and_unknown_client(till: Till, member_number: str) -> None:
    till.bank.get_token()
    before = till.rows()
    for path, body, service in [
        ("/v1.0/transfer-va/inquiry", till.bank.inquiry(member_number, "i"), "24"),
        ("/v1.0/transfer-va/payment", till.bank.payment(member_number, "i", ONE_MONTH), "25"),
    ]:
        wrong = till.bank.call(path, body, secret="another secret")
        assert said(wrong) == (401, f"401{service}00", "Unauthorized. [Signature]", "")
        stranger = till.bank.call(path, body, headers={"X-PARTNER-ID": "NOBODY"})
        assert said(stranger) == (401, f"401{service}00", "Unauthorized. [Unknown client]", "")
    assert till.rows() == before


def test_missing_and_bad_fields(till: Till, member_number: str) -> None:
    inquiry, payment = till.bank.inquiry(member_number, "i"), till.bank.payment(member_number, "i", ONE_MONTH)
    till.bank.get_token()
    before = till.rows()
    for path, body, service in [
        ("/v1.0/transfer-va/inquiry", inquiry, "24"),
        ("/v1.0/transfer-va/payment", payment, "25"),
    ]:
        for field in ("partnerServiceId", "customerNo", "virtualAccountNo"):
            missing = till.bank.call(path, body | {field: ""})
            assert said(missing) == (400, f"400{service}02", f"Invalid Mandatory Field {field}", "01")
            bad = till.bank.call(path, body | {field: "x"})
            assert said(bad) == (400, f"400{service}01", f"Invalid Field Format {field}", "01")
        unlabelled = till.bank.call(path, body, headers={"X-EXTERNAL-ID": None})
        assert said(unlabelled) == (400, f"400{service}02", "Invalid Mandatory Field X-EXTERNAL-ID", "")
        lettered = till.bank.call(path, body, headers={"X-EXTERNAL-ID": "12a"})
        assert said(lettered) == (400, f"400{service}01", "Invalid Field Format X-EXTERNAL-ID", "")
    assert till.rows() == before


def test_an_external_id_is_good_for_one_request_a_day(till: Till, member_number: str) -> None:
    body = till.bank.inquiry(member_number, "i")
    first = till.bank.call("/v1.0/transfer-va/inquiry", body, external_id="77")
    assert first.code == "2002400"
    again = till.bank.call("/v1.0/transfer-va/inquiry", body, external_id="77")
    assert said(again) == (409, "4092400", "Conflict", "01")
    payment = till.pay(member_number, ONE_MONTH, external_id="77")
    assert said(payment) == (409, "4092500", "Conflict", "01")
    assert till.pay(member_number, ONE_MONTH, "r-1", external_id="78").code == "2002500"
    other = till.pay(member_number, ONE_MONTH, "r-2", external_id="78")
    assert said(other) == (409, "4092500", "Conflict", "01")


def test_a_new_day_in_jakarta_takes_the_external_id_again(till: Till, member_number: str) -> None:
    """NOW is 15:00 WIB: 16:59:59 UTC is the last second of the day there, whatever zone the bank's clock writes."""
    till.world.clock.time = NOW.replace(hour=16, minute=59, second=59)
    body = till.bank.inquiry(member_number, "i")
    assert till.bank.call("/v1.0/transfer-va/inquiry", body, external_id="5").code == "2002400"
    till.world.clock.time += timedelta(milliseconds=500)
    assert till.bank.call("/v1.0/transfer-va/inquiry", body, external_id="5").code == "4092400"
    till.world.clock.time += timedelta(milliseconds=500)
    assert till.bank.call("/v1.0/transfer-va/inquiry", body, external_id="5").code == "2002400"


def test_a_payment_sent_again_gets_the_first_results_status(till: Till, member_number: str) -> None:
    first = till.pay(member_number, ONE_MONTH, external_id="9")
    before = till.rows()
    again = till.pay(member_number, ONE_MONTH, external_id="9")
    assert said(again) == (404, "4042518", "Inconsistent Request", "00")
    assert again.body.partition(b'"virtualAccountData"')[2] == first.body.partition(b'"virtualAccountData"')[2]
    # Another amount under the same name must not be told that it went well.
    dearer = till.pay(member_number, 2 * ONE_MONTH, external_id="9")
    assert said(dearer) == (404, "4042518", "Inconsistent Request", "01")
    assert till.rows() == before


def test_an_advice_gets_the_first_answer_byte_for_byte(till: Till, member_number: str) -> None:
    first = till.pay(member_number, ONE_MONTH)
    advice = till.pay(member_number, ONE_MONTH, flagAdvise="Y")
    assert advice.body == first.body
    without = till.pay(member_number, ONE_MONTH)
    assert said(without) == (404, "4042518", "Inconsistent Request", "00")
    assert till.rows()["payments"] == 1


def test_an_advice_of_a_payment_that_never_arrived_pays(till: Till, member_number: str) -> None:
    assert said(till.pay(member_number, ONE_MONTH, flagAdvise="Y")) == (200, "2002500", "Success", "00")


def test_already_paid(till: Till, member_number: str) -> None:
    till.pay(member_number, ONE_MONTH, "r-1")
    assert said(till.inquire(member_number)) == (404, "4042414", "Paid Bill", "01")
    assert said(till.pay(member_number, ONE_MONTH, "r-2")) == (404, "4042514", "Paid Bill", "01")


def test_expired(till: Till) -> None:
    number = give_number(till.world.database, 2, expires_at=NOW)
    assert said(till.inquire(number)) == (404, "4042419", "Invalid Bill/Virtual Account", "01")
    assert said(till.pay(number, ONE_MONTH)) == (404, "4042519", "Invalid Bill/Virtual Account", "01")


def test_a_payment_that_was_made_in_time_is_told_after_its_number_ended(till: Till) -> None:
    """Told that the number has ended, a bank would give back money that we credited."""
    number = give_number(till.world.database, 2, expires_at=NOW + timedelta(minutes=1))
    first = till.pay(number, ONE_MONTH, "r-1")
    assert first.code == "2002500"
    till.world.clock.time += timedelta(minutes=2)
    before = till.rows()
    assert till.pay(number, ONE_MONTH, "r-1", flagAdvise="Y").body == first.body
    assert said(till.pay(number, ONE_MONTH, "r-1")) == (404, "4042518", "Inconsistent Request", "00")
    assert said(till.pay(number, ONE_MONTH + 1, "r-1")) == (404, "4042518", "Inconsistent Request", "01")
    assert said(till.status(number, "r-1")) == (200, "2002600", "Success", "00")
    assert said(till.status(number, "r-2")) == (404, "4042601", "Transaction Not Found", "01")
    assert said(till.pay(number, ONE_MONTH, "r-2")) == (404, "4042519", "Invalid Bill/Virtual Account", "01")
    assert {**till.rows(), "snap_requests": 0} == {**before, "snap_requests": 0}


@pytest.mark.parametrize("number", [UNKNOWN, "123", "3171011708450001"])
def test_unknown(till: Till, number: str) -> None:
    words = "Invalid Bill/Virtual Account [Not Found]"
    assert said(till.inquire(number)) == (404, "4042412", words, "01")
    assert said(till.pay(number, ONE_MONTH)) == (404, "4042512", words, "01")


def test_wrong_amount_leaves_nothing(till: Till, member_number: str) -> None:
    till.bank.get_token()
    before = till.rows()
    for rupiah in (ONE_MONTH - 1, ONE_MONTH + 1, 1, 0):
        assert said(till.pay(member_number, rupiah)) == (404, "4042513", "Invalid Amount", "01")
    sen = till.pay(member_number, 0, paidAmount={"value": "8400.50", "currency": "IDR"})
    assert said(sen) == (404, "4042513", "Invalid Amount", "01")
    assert till.rows() == before
    assert till.pay(member_number, ONE_MONTH).code == "2002500"


def test_parse_error(till: Till) -> None:
    till.bank.get_token()
    before = till.rows()
    for body in (b"", b"[]", b"{", b'{"a":1,"a":2}', b"\xef\xbb\xbf{}", b'{"a":"\xff"}', b'{"a":NaN}', b'"x"', b"{}{}"):
        assert said(till.bank.call("/v1.0/transfer-va/inquiry", body)) == (400, "4002400", "Bad Request", "")
        assert said(till.bank.call("/v1.0/transfer-va/payment", body)) == (400, "4002500", "Bad Request", "")
    assert till.rows() == before


def test_a_service_that_we_do_not_give_and_a_method_that_it_does_not_have(till: Till) -> None:
    refused = till.send_raw("POST", "/v1.0/transfer-va/create-va", {"Content-Type": "application/json"}, b"{}")
    assert refused.json() == {"responseCode": "4032701", "responseMessage": "Feature Not Allowed"}
    got = till.send_raw("GET", "/v1.0/transfer-va/inquiry", {})
    assert got.json() == {"responseCode": "4052400", "responseMessage": "Requested Function Is Not Supported"}
