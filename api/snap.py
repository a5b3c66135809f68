# SPDX-License-Identifier: Apache-2.0
"""``/v1.0/``: the addresses that banks call over SNAP BI, and SNAP's words for what is wrong (docs/collection.md)."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from api.partner_routes import Fault, PartnerAnswer
from cardservice.collection.snap.caller import Asked
from cardservice.collection.snap.cases import WRONG_HOST, Case, Service
from cardservice.collection.snap.desk import SnapDesk
from cardservice.collection.snap.timestamp import write_timestamp

SERVICES: Mapping[str, Service] = {
    "/v1.0/access-token/b2b": Service.ACCESS_TOKEN,
    "/v1.0/transfer-va/inquiry": Service.INQUIRY,
    "/v1.0/transfer-va/payment": Service.PAYMENT,
    "/v1.0/transfer-va/status": Service.STATUS,
}
# Services of the standard that a biller of contributions has no use for.
NOT_ALLOWED: Mapping[str, str] = {
    "/v1.0/access-token/b2b2c": "74",
    "/v1.0/transfer-va/create-va": "27",
    "/v1.0/transfer-va/update-va": "28",
    "/v1.0/transfer-va/update-status": "29",
    "/v1.0/transfer-va/inquiry-va": "30",
    "/v1.0/transfer-va/delete-va": "31",
    "/v1.0/transfer-va/inquiry-intrabank": "32",
    "/v1.0/transfer-va/payment-intrabank": "33",
    "/v1.0/transfer-va/notify-payment-intrabank": "34",
    "/v1.0/transfer-va/report": "35",
}
_FAULTS: Mapping[Fault, tuple[Case, str]] = {
    Fault.HOST: (Case.UNAUTHORIZED, WRONG_HOST),
    Fault.METHOD: (Case.FUNCTION_NOT_SUPPORTED, ""),
    Fault.MEDIA_TYPE_MISSING: (Case.MANDATORY_FIELD, "Content-Type"),
    Fault.MEDIA_TYPE: (Case.FIELD_FORMAT, "Content-Type"),
    Fault.TOO_LARGE: (Case.BAD_REQUEST, ""),
    Fault.TOO_SLOW: (Case.TIMEOUT, ""),
    Fault.TOO_MANY: (Case.TOO_MANY, ""),
    Fault.OUTCOME_UNKNOWN: (Case.TIMEOUT, ""),
    Fault.UNFORESEEN: (Case.GENERAL_ERROR, ""),
}


@dataclass(frozen=True, slots=True)
class SnapProtocol:
    """Implements ``partner_routes.Protocolled``. Every answer has X-TIMESTAMP."""

    desk: SnapDesk
    clock: Callable[[], datetime]

    def owns(self, path: str) -> bool:
        """The addresses of the standard."""
        return path in SERVICES or path in NOT_ALLOWED

    async def answer(self, path: str, asked: Asked) -> PartnerAnswer:
        """As Protocolled."""
        service = SERVICES.get(path)
        if service is None:
            return self._said(path, Case.FEATURE_NOT_ALLOWED)
        if service is Service.ACCESS_TOKEN:
            status, document = await self.desk.access_token(asked, self.clock())
            return self._answer(status, json.dumps(document, separators=(",", ":")).encode())
        answer = await self.desk.answer(service, asked, self.clock())
        return self._answer(answer.status, answer.body())

    def fault(self, path: str, fault: Fault) -> PartnerAnswer:
        """As Protocolled."""
        return self._said(path, *_FAULTS[fault])

    def _said(self, path: str, case: Case, reason: str = "") -> PartnerAnswer:
        number = SERVICES[path].value if path in SERVICES else NOT_ALLOWED[path]
        words = {"responseCode": case.code(number), "responseMessage": case.message(reason)}
        return self._answer(case.status, json.dumps(words, separators=(",", ":")).encode())

    def _answer(self, status: int, body: bytes) -> PartnerAnswer:
        return PartnerAnswer(status, body, (("X-TIMESTAMP", write_timestamp(self.clock())),))
