# SPDX-License-Identifier: Apache-2.0
"""Service 73: a bank signs ``client_ID|X-TIMESTAMP`` with its key and gets an access token for 900 seconds, of which we keep the SHA-256."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cardservice.collection.bank_register import is_in_force
from cardservice.collection.errors import SnapRefused
from cardservice.collection.snap.cases import UNKNOWN_CLIENT, WRONG_SIGNATURE, WRONG_TIME, Case, Service
from cardservice.collection.snap.headers import Headers
from cardservice.collection.snap.signature import Encoding, rsa_verifies, token_string
from cardservice.collection.snap.timestamp import within_window
from cardservice.collection.strict_body import read_body
from cardservice.records import access_tokens, banks
from cardservice.records.database import Database

LIFE = timedelta(seconds=900)
TOKEN_OCTETS = 32
TOKEN_LENGTH = 43  # base64url of 32 octets
GRANT = "client_credentials"


def give_access_token(
    database: Database, headers: Headers, body: bytes, *, now: datetime, random_octets: bytes
) -> dict[str, Any]:
    """The answer's body. ``random_octets``: 32. Raises SnapRefused; a refused request leaves nothing behind."""
    sent = headers.moment("X-TIMESTAMP")
    client_id = headers.text("X-CLIENT-KEY", banks.MAX_CLIENT)
    signature = headers.text("X-SIGNATURE", 2048)
    if not within_window(sent, now):
        raise SnapRefused(case=Case.UNAUTHORIZED, reason=WRONG_TIME)
    with database.read() as connection:
        bank = banks.find_by_client(connection, client_id)
    if bank is None or not is_in_force(bank, now):
        raise SnapRefused(case=Case.UNAUTHORIZED, reason=UNKNOWN_CLIENT)
    signed = token_string(client_id, headers.raw("X-TIMESTAMP"))
    if not rsa_verifies(bank.public_key, signed, Encoding(bank.encoding).read(signature)):
        raise SnapRefused(case=Case.UNAUTHORIZED, reason=WRONG_SIGNATURE)
    _require_grant(read_body(body))
    token = urlsafe_b64encode(random_octets[:TOKEN_OCTETS]).decode().rstrip("=")
    with database.begin() as connection:
        access_tokens.add(connection, bank.partner_id, token_sha256(token), issued_at=now, expires_at=now + LIFE)
    return {
        "responseCode": Case.SUCCESS.code(Service.ACCESS_TOKEN),
        "responseMessage": Case.SUCCESS.message(),
        "accessToken": token,
        "tokenType": "Bearer",
        "expiresIn": str(int(LIFE.total_seconds())),
    }


def token_sha256(token: str) -> bytes:
    """What the records know of a token: 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


def _require_grant(members: Mapping[str, Any]) -> None:
    grant = members.get("grantType")
    if grant is None or grant == "":  # compared, not hashed: it may be a list
        raise SnapRefused(case=Case.MANDATORY_FIELD, reason="grantType")
    if grant != GRANT:
        raise SnapRefused(case=Case.FIELD_FORMAT, reason="grantType")
    if not isinstance(members.get("additionalInfo", {}), dict):
        raise SnapRefused(case=Case.FIELD_FORMAT, reason="additionalInfo")
