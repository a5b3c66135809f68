# SPDX-License-Identifier: Apache-2.0
"""BCA's acceptance table (facts: ASPI and BCA, service 24 and 25), driven over HTTP against a running service, row by row.

The member behind ``number`` must owe something; the rows pay it. A row that can't be provoked from outside says so, and is not counted as well.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from cardservice.collection.payment_number import PREFIX, luhn_digit
from reader_tools.mockbank.bank_client import INQUIRY, PAYMENT, STATUS, BankClient, Reply

# Anybody's number has 13 random digits; this one was never given.
NOBODY = PREFIX + "0" * 13 + luhn_digit(PREFIX + "0" * 13)
CLOSED = frozenset("CILX")  # types of bill that end when they are paid
MOST_BILLS_AHEAD = 26  # a year ahead and this month, where months ahead cost twice what a month costs now
FRESH_TOKEN = "A" * 43

Said = tuple[str, str, str]  # responseCode, responseMessage, inquiryStatus or paymentFlagStatus


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what was expected, what came. ``untried`` says why it could not be tried."""

    case: str
    service: str
    expected: Said | None
    got: Said | None = None
    untried: str = ""

    @property
    def passed(self) -> bool:
        """Whether exactly the expected answer came."""
        return not self.untried and self.expected == self.got


class Holds(Protocol):
    """Keeps something in the service's database from it, as what is under way or broken would: while the context lasts, nothing stays of it."""

    def member(self) -> AbstractContextManager[object]:
        """The member's row, as another payment holds it."""
        ...

    def external_id(self, value: str) -> AbstractContextManager[object]:
        """This X-EXTERNAL-ID of today, as the same request holds it while it is being answered."""
        ...

    def database(self) -> AbstractContextManager[object]:
        """What every answer begins with: the database does not answer."""
        ...


@dataclass(slots=True)
class Acceptance:
    """One run. ``name`` gives a fresh request id; ``holds`` is there where somebody can reach the service's database."""

    bank: BankClient
    number: str
    name: Callable[[], str]
    expired_number: str | None = None
    holds: Holds | None = None
    _due: int = field(default=0, init=False)
    _type: str = field(default="", init=False)

    def rows(self) -> Iterator[Row]:
        """Try every row. What a service should never do, like no JSON, comes out as a row that differs."""
        yield self._try("token", "73", ("2007300", "Success", ""), self.bank.get_token())
        yield from self._inquiries()
        yield from self._unauthorized()
        yield from self._fields()
        yield from self._unknown_and_expired()
        yield from self._in_progress()
        yield from self._payments()
        yield from self._paid()

    def _inquiries(self) -> Iterator[Row]:
        request_id, external = self.name(), self.bank.external_id()
        body = self.bank.inquiry(self.number, request_id)
        first = self.bank.call(INQUIRY, body, external_id=external)
        self._due = _rupiah(first)
        self._type = str(first.account.get("virtualAccountTrxType", ""))
        yield self._try("ok", "24", ("2002400", "Success", "00"), first)
        again = self.bank.call(INQUIRY, body, external_id=external)
        yield self._try("X-EXTERNAL-ID reused that day", "24", ("4092400", "Conflict", "01"), again)
        broken = self.bank.call(INQUIRY, b'{"partnerServiceId":')
        yield self._try("parse error", "24", ("4002400", "Bad Request", ""), broken)

    def _unauthorized(self) -> Iterator[Row]:
        for service, path, body in self._bodies():
            if self.bank.identity.symmetric:
                reply = self.bank.call(path, body, token=FRESH_TOKEN)
                yield self._try("bad token", service, (f"401{service}01", "Invalid Token (B2B)", ""), reply)
            else:
                yield Row("bad token", service, None, untried="this bank signs without a token")
            bad = self.bank.call(path, body, headers={"X-SIGNATURE": self.bank.identity.encoding.write(bytes(64))})
            yield self._try("bad signature", service, (f"401{service}00", "Unauthorized. [Signature]", ""), bad)
            stranger = self.bank.call(path, body, headers={"X-PARTNER-ID": "NOBODY"})
            words = "Unauthorized. [Unknown client]"
            yield self._try("unknown client", service, (f"401{service}00", words, ""), stranger)

    def _fields(self) -> Iterator[Row]:
        for service, path, body in self._bodies():
            missing = self.bank.call(path, body | {"customerNo": ""})
            words = "Invalid Mandatory Field customerNo"
            yield self._try("missing field", service, (f"400{service}02", words, "01"), missing)
            bad = self.bank.call(path, body | {"customerNo": "12AB"})
            words = "Invalid Field Format customerNo"
            yield self._try("bad field", service, (f"400{service}01", words, "01"), bad)

    def _unknown_and_expired(self) -> Iterator[Row]:
        for service, path, body in self._bodies(NOBODY):
            words = "Invalid Bill/Virtual Account [Not Found]"
            yield self._try("VA unknown", service, (f"404{service}12", words, "01"), self.bank.call(path, body))
        if self.expired_number is None:
            for service in ("24", "25"):
                yield Row("VA expired", service, None, untried="no expired number was given")
            return
        for service, path, body in self._bodies(self.expired_number):
            words = "Invalid Bill/Virtual Account"
            yield self._try("VA expired", service, (f"404{service}19", words, "01"), self.bank.call(path, body))

    def _in_progress(self) -> Iterator[Row]:
        if self.holds is None:
            for case in ("our timeout", "in progress"):
                for service in ("24", "25"):
                    yield Row(case, service, None, untried="needs --database, to hold what the service waits for")
            return
        for service, path, body in self._bodies():
            with self.holds.database():
                reply = self.bank.call(path, body)
            yield self._try("our timeout", service, (f"504{service}00", "Timeout", ""), reply)
        for service, path, body in self._bodies():
            external = self.bank.external_id()
            with self.holds.external_id(external) if path == INQUIRY else self.holds.member():
                reply = self.bank.call(path, body, external_id=external)
            yield self._try("in progress", service, (f"202{service}00", "Request In Progress", "02"), reply)

    def _payments(self) -> Iterator[Row]:
        broken = self.bank.call(PAYMENT, b"[]")
        yield self._try("parse error", "25", ("4002500", "Bad Request", ""), broken)
        wrong = self.bank.call(PAYMENT, self.bank.payment(self.number, self.name(), 0))
        yield self._try("wrong amount", "25", ("4042513", "Invalid Amount", "01"), wrong)
        request_id, external = self.name(), self.bank.external_id()
        body = self.bank.payment(self.number, request_id, self._due)
        first = self.bank.call(PAYMENT, body, external_id=external)
        yield self._try("ok", "25", ("2002500", "Success", "00"), first)
        again = self.bank.call(PAYMENT, body, external_id=external)
        words = "same external id, same paymentRequestId"
        yield self._try(words, "25", ("4042518", "Inconsistent Request", first.outcome), again)
        other = self.bank.call(PAYMENT, body | {"paymentRequestId": self.name()}, external_id=external)
        yield self._try("same external id, other paymentRequestId", "25", ("4092500", "Conflict", "01"), other)
        advice = self.bank.call(PAYMENT, body | {"flagAdvise": "Y"})
        told = ("2002500", "Success", "00") if advice.body == first.body else ("2002500", "the first answer", "00")
        yield self._try("advice (flagAdvise Y)", "25", told, advice)
        status = self.bank.call(STATUS, self.bank.status(self.number, request_id))
        yield self._try("status of a payment", "26", ("2002600", "Success", "00"), status)
        lost = self.bank.call(STATUS, self.bank.status(self.number, self.name()))
        yield self._try("status of nothing", "26", ("4042601", "Transaction Not Found", "01"), lost)

    def _paid(self) -> Iterator[Row]:
        if self._type not in CLOSED and not self._buy_ahead():
            for service in ("24", "25"):
                yield Row(
                    "already paid",
                    service,
                    None,
                    untried=f"no multiple of the bill pays a year ahead (type {self._type})",
                )
            return
        for service, path, body in self._bodies():
            reply = self.bank.call(path, body)
            yield self._try("already paid", service, (f"404{service}14", "Paid Bill", "01"), reply)

    def _buy_ahead(self) -> bool:
        """Bills of types M, N and O sell a year ahead, and are paid when that is: whether it could be bought by multiples of this bill."""
        for times in range(MOST_BILLS_AHEAD, 0, -1):
            reply = self.bank.call(PAYMENT, self.bank.payment(self.number, self.name(), max(1, self._due) * times))
            if reply.code != "4042513":
                break
        return self.bank.call(INQUIRY, self.bank.inquiry(self.number, self.name())).code == "4042414"

    def _bodies(self, number: str | None = None) -> Iterator[tuple[str, str, dict[str, object]]]:
        who = self.number if number is None else number
        yield "24", INQUIRY, self.bank.inquiry(who, self.name())
        yield "25", PAYMENT, self.bank.payment(who, self.name(), self._due or 1)

    def _try(self, case: str, service: str, expected: Said, reply: Reply) -> Row:
        got = (reply.code, reply.message, reply.outcome)
        # The HTTP status is the head of the code: a service that says otherwise is wrong.
        return Row(
            case, service, expected, got if reply.code.startswith(str(reply.status)) else (str(reply.status), *got[1:])
        )


def _rupiah(reply: Reply) -> int:
    total = reply.account.get("totalAmount")
    value = str(total.get("value", "")) if isinstance(total, dict) else ""
    return int(value.partition(".")[0]) if value.partition(".")[0].isdigit() else 0
