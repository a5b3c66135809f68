# SPDX-License-Identifier: Apache-2.0
"""A bank's side of SNAP: gets an access token, signs requests either way, and can get each part of it wrong on purpose."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cardservice.collection.snap.endpoint_url import endpoint_url
from cardservice.collection.snap.signature import (
    Encoding,
    asymmetric_string,
    hmac_sha512,
    symmetric_string,
    token_string,
)
from cardservice.collection.snap.timestamp import write_timestamp

ACCESS_TOKEN = "/v1.0/access-token/b2b"  # noqa: S105 - an address
INQUIRY = "/v1.0/transfer-va/inquiry"
PAYMENT = "/v1.0/transfer-va/payment"
STATUS = "/v1.0/transfer-va/status"


class Send(Protocol):
    """Sends one POST over whatever there is, and gives status and body."""

    def __call__(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """``path`` with its query."""
        ...


@dataclass(frozen=True, slots=True)
class BankIdentity:
    """Who the bank is to the service that it tries. ``service_id`` is padded to 8."""

    partner_id: str
    client_id: str
    secret: str = field(repr=False)
    key: rsa.RSAPrivateKey = field(repr=False)
    service_id: str
    channel_id: str = "95231"
    symmetric: bool = True
    encoding: Encoding = Encoding.BASE64


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. ``document`` is empty where the body is no JSON object."""

    status: int
    body: bytes
    document: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The responseCode."""
        return str(self.document.get("responseCode", ""))

    @property
    def message(self) -> str:
        """The responseMessage."""
        return str(self.document.get("responseMessage", ""))

    @property
    def account(self) -> Mapping[str, Any]:
        """The virtualAccountData, empty where there is none."""
        account = self.document.get("virtualAccountData")
        return account if isinstance(account, dict) else {}

    @property
    def outcome(self) -> str:
        """The inquiryStatus or paymentFlagStatus."""
        return str(self.account.get("inquiryStatus", self.account.get("paymentFlagStatus", "")))


@dataclass(slots=True)
class BankClient:
    """One bank that calls. ``external_id`` gives a fresh X-EXTERNAL-ID."""

    identity: BankIdentity
    send: Send
    now: Callable[[], datetime]
    external_id: Callable[[], str]
    token: str = field(default="", repr=False)

    def get_token(self, **wrong: str) -> Reply:
        """Ask for an access token, and keep it. ``wrong`` replaces headers, or the ``body``, ``client_id`` or ``signed`` string."""
        timestamp = wrong.get("X-TIMESTAMP", write_timestamp(self.now()))
        client_id = wrong.get("client_id", self.identity.client_id)
        signature = self._rsa(wrong.get("signed", "").encode() or token_string(client_id, timestamp))
        headers = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": timestamp,
            "X-CLIENT-KEY": client_id,
            "X-SIGNATURE": signature,
        }
        body = wrong.get("body", '{"grantType":"client_credentials","additionalInfo":{}}').encode()
        reply = reply_of(*self.send(ACCESS_TOKEN, _replaced(headers, wrong), body))
        if reply.status == 200:
            self.token = str(reply.document["accessToken"])
        return reply

    def call(
        self,
        path: str,
        body: Mapping[str, Any] | bytes,
        *,
        external_id: str | None = None,
        token: str | None = None,
        secret: str | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Reply:
        """Send one signed request. ``headers`` are replaced after signing; None leaves one out."""
        if self.identity.symmetric and not self.token and token is None:
            self.get_token()
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        bearer = self.token if token is None else token
        changed = headers or {}
        timestamp = changed.get("X-TIMESTAMP") or write_timestamp(self.now())
        given = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {bearer}",
            "X-TIMESTAMP": timestamp,
            "X-SIGNATURE": self._signature(path, bearer, octets, timestamp, secret),
            "X-PARTNER-ID": self.identity.partner_id,
            "X-EXTERNAL-ID": external_id or self.external_id(),
            "CHANNEL-ID": self.identity.channel_id,
        }
        return reply_of(*self.send(path, _replaced(given, changed), octets))

    def account(self, customer_no: str) -> dict[str, str]:
        """The three fields that name whose bill it is."""
        service_id = self.identity.service_id.rjust(8)
        return {
            "partnerServiceId": service_id,
            "customerNo": customer_no,
            "virtualAccountNo": service_id + customer_no,
        }

    def inquiry(self, customer_no: str, request_id: str, **changed: Any) -> dict[str, Any]:
        """The body of service 24."""
        body: dict[str, Any] = {
            **self.account(customer_no),
            "trxDateInit": write_timestamp(self.now()),
            "channelCode": 6011,
            "language": "",
            "amount": None,
            "hashedSourceAccountNo": "",
            "sourceBankCode": "014",
            "passApp": "",
            "inquiryRequestId": request_id,
            "additionalInfo": {},
        }
        return body | changed

    def payment(self, customer_no: str, request_id: str, rupiah: int, **changed: Any) -> dict[str, Any]:
        """The body of service 25."""
        amount = {"value": f"{rupiah}.00", "currency": "IDR"}
        body: dict[str, Any] = {
            **self.account(customer_no),
            "virtualAccountName": "",
            "virtualAccountEmail": "",
            "virtualAccountPhone": "",
            "trxId": "",
            "paymentRequestId": request_id,
            "channelCode": 6011,
            "hashedSourceAccountNo": "",
            "sourceBankCode": "014",
            "paidAmount": amount,
            "cumulativePaymentAmount": None,
            "paidBills": "",
            "totalAmount": amount,
            "trxDateTime": write_timestamp(self.now()),
            "referenceNo": "00113700101",
            "journalNum": "",
            "paymentType": "",
            "flagAdvise": "N",
            "subCompany": "00000",
            "billDetails": [],
            "freeTexts": [],
            "additionalInfo": {},
        }
        return body | changed

    def status(self, customer_no: str, request_id: str, **changed: Any) -> dict[str, Any]:
        """The body of service 26."""
        body = {
            **self.account(customer_no),
            "inquiryRequestId": request_id,
            "paymentRequestId": request_id,
            "additionalInfo": {},
        }
        return body | changed

    def _signature(self, path: str, token: str, body: bytes, timestamp: str, secret: str | None) -> str:
        where, _, query = path.partition("?")
        endpoint = endpoint_url(where, query)
        if self.identity.symmetric:
            signed = symmetric_string("POST", endpoint, token, body, timestamp)
            used = self.identity.secret if secret is None else secret
            return self.identity.encoding.write(hmac_sha512(used.encode(), signed))
        return self._rsa(asymmetric_string("POST", endpoint, body, timestamp))

    def _rsa(self, signed: bytes) -> str:
        return self.identity.encoding.write(self.identity.key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))


def reply_of(status: int, body: bytes) -> Reply:
    """Read an answer; what is no JSON object has an empty document."""
    try:
        document = json.loads(body)
    except ValueError:
        document = {}
    return Reply(status, body, document if isinstance(document, dict) else {})


def _replaced(headers: Mapping[str, str], changed: Mapping[str, str | None]) -> dict[str, str]:
    merged = {name: changed.get(name, value) for name, value in headers.items()}
    return {name: value for name, value in merged.items() if value is not None}
