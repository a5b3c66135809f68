# SPDX-License-Identifier: Apache-2.0
"""Which bank is calling: headers complete, access token in force, signature right. In that order, and before the body is parsed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cardservice.collection.bank_register import SignatureKind, is_in_force, secret_context
from cardservice.collection.errors import SnapRefused
from cardservice.collection.in_thread import InThread
from cardservice.collection.patience import Patience
from cardservice.collection.snap.access_token import TOKEN_LENGTH, token_sha256
from cardservice.collection.snap.cases import UNKNOWN_CLIENT, WRONG_SIGNATURE, WRONG_TIME, Case
from cardservice.collection.snap.endpoint_url import endpoint_url
from cardservice.collection.snap.headers import Headers
from cardservice.collection.snap.signature import (
    MAX_SIGNATURE,
    Encoding,
    asymmetric_string,
    rsa_verifies,
    symmetric_string,
)
from cardservice.collection.snap.timestamp import within_window
from cardservice.keys import PartnerSignatures
from cardservice.records.banks import Bank
from cardservice.records.hot_path.payment_store import PaymentStore
from cardservice.records.partner_names import MAX_PARTNER
from cardservice.records.snap_requests import MAX_EXTERNAL_ID

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came over the line. ``path`` and ``query`` are as sent, not decoded."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Calling:
    """A bank that proved who it is, and the X-EXTERNAL-ID of this request."""

    bank: Bank
    external_id: str


async def authenticate_bank(
    store: PaymentStore,
    signatures: Callable[[], PartnerSignatures],
    in_thread: InThread,
    asked: Asked,
    now: datetime,
    patience: Patience,
) -> Calling:
    """Raises SnapRefused: mandatory or malformed header, Invalid Token (B2B), Unauthorized with its reason; NoThreadFree.

    1 headers; 2 the time; 3 the partner; 4 its token, where it signs with its secret; 5 the signature; 6 its CHANNEL-ID.
    """
    headers = asked.headers
    # 1.
    sent = headers.moment("X-TIMESTAMP")
    signature = headers.text("X-SIGNATURE", MAX_SIGNATURE)
    partner_id = headers.text("X-PARTNER-ID", MAX_PARTNER)
    external_id = headers.text("X-EXTERNAL-ID", MAX_EXTERNAL_ID, r"[0-9]+")
    channel_id = headers.text("CHANNEL-ID", 5)
    # 2.
    if not within_window(sent, now):
        raise SnapRefused(case=Case.UNAUTHORIZED, reason=WRONG_TIME)
    # 3.
    token = _token(headers)
    bank, expires = await store.bank(partner_id, token_sha256(token))
    if bank is None or not is_in_force(bank, now):
        raise SnapRefused(case=Case.UNAUTHORIZED, reason=UNKNOWN_CLIENT)
    # 4. and 5.
    encoding = Encoding(bank.encoding)
    endpoint, timestamp = endpoint_url(asked.path, asked.query), headers.raw("X-TIMESTAMP")
    if bank.signature == SignatureKind.SYMMETRIC:
        if expires is None or expires <= now:
            raise SnapRefused(case=Case.TOKEN_INVALID, reason="")
        signed = symmetric_string(asked.method, endpoint, token, asked.body, timestamp)
        context, sealed, read = secret_context(partner_id), bank.secret_sealed, encoding.read(signature) or b""
        right = await in_thread(lambda: signatures().matches(context, sealed, signed, read), patience.left())
    else:
        signed = asymmetric_string(asked.method, endpoint, asked.body, timestamp)
        right = rsa_verifies(bank.public_key, signed, encoding.read(signature))
    if not right:
        raise SnapRefused(case=Case.UNAUTHORIZED, reason=WRONG_SIGNATURE)
    # 6.
    if bank.channel_id not in {None, channel_id}:
        raise SnapRefused(case=Case.FIELD_FORMAT, reason="CHANNEL-ID")
    return Calling(bank, external_id)


def _token(headers: Headers) -> str:
    """The access token without "Bearer "; nothing where there is none of the right length."""
    value = headers.raw("Authorization")
    token = value[len(BEARER) :] if value[: len(BEARER)].lower() == BEARER else ""
    return token if len(token) == TOKEN_LENGTH and token.isascii() else ""
