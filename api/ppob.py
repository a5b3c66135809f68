# SPDX-License-Identifier: Apache-2.0
"""``/ppob/v1/``: the addresses that PPOB aggregators call, and their response codes for what is wrong (docs/collection.md)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from api.http_status import PPOB_STATUS
from api.partner_routes import Fault, PartnerAnswer
from cardservice.collection.in_thread import InThread
from cardservice.collection.ppob.cases import PpobCase
from cardservice.collection.ppob.desk import PpobAnswer, PpobDesk, refusal
from cardservice.collection.ppob.requests import Operation
from cardservice.collection.snap.caller import Asked

OPERATIONS: Mapping[str, Operation] = {f"/ppob/v1/{operation}": operation for operation in Operation}
_FAULTS: Mapping[Fault, tuple[PpobCase, str]] = {
    Fault.HOST: (PpobCase.NOT_ALLOWED, "Host"),
    Fault.METHOD: (PpobCase.FORMAT, "method"),
    Fault.MEDIA_TYPE_MISSING: (PpobCase.FORMAT, "Content-Type"),
    Fault.MEDIA_TYPE: (PpobCase.FORMAT, "Content-Type"),
    Fault.TOO_LARGE: (PpobCase.FORMAT, ""),
    Fault.TOO_SLOW: (PpobCase.UNKNOWN_OUTCOME, ""),
    Fault.TOO_MANY: (PpobCase.BUSY, ""),
    Fault.OUTCOME_UNKNOWN: (PpobCase.UNKNOWN_OUTCOME, ""),
    Fault.UNFORESEEN: (PpobCase.MALFUNCTION, ""),
}
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class PpobProtocol:
    """Implements ``partner_routes.Protocolled``."""

    desk: PpobDesk
    clock: Callable[[], datetime]
    in_thread: InThread

    def owns(self, path: str) -> bool:
        """The four operations."""
        return path in OPERATIONS

    async def answer(self, path: str, asked: Asked) -> PartnerAnswer:
        """As Protocolled."""
        value = asked.headers.raw("Authorization")
        secret = value[len(_BEARER) :] if value[: len(_BEARER)].lower() == _BEARER else ""
        now, patience = self.clock(), self.desk.patience()
        operation = OPERATIONS[path]
        work = partial(self.desk.answer, operation, secret, asked.body, now, patience)
        return _answer(await self.in_thread(work, patience.left()))

    def fault(self, path: str, fault: Fault) -> PartnerAnswer:  # noqa: ARG002 - one wording for all operations
        """As Protocolled."""
        case, wrong = _FAULTS[fault]
        return _answer(refusal(case, wrong=wrong))


def _answer(answer: PpobAnswer) -> PartnerAnswer:
    return PartnerAnswer(PPOB_STATUS[answer.case], answer.body)
