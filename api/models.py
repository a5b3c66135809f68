# SPDX-License-Identifier: Apache-2.0
"""Bodies of requests and responses: strict, with a limit on every field, and nothing that is not documented."""

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from api.field_rules import DAY as DAY_RULE
from api.field_rules import MOMENT as MOMENT_RULE
from api.field_rules import broken
from api.octets import Octets
from cardservice.coverage.decision import CoverState, Reason
from cardservice.coverage.programme import Programme
from cardservice.verification.answer import Outcome
from cardservice.verification.disclosure import VerificationPurpose

# What a terminal may be called: it goes into the tap and into the record, so no blanks, no controls, no look-alikes.
TERMINAL_ID = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
MOMENT = rf"{DAY}T[0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})"
HANDLE = r"^[0-9a-f]{32}$"
MAX_COVER_PROOF = 231  # bytes (docs/card-edge.md, "A sector is a face")
MAX_RENEWAL_COMMANDS = 5  # SELECT, INITIALIZE UPDATE; EXTERNAL AUTHENTICATE, PUT DATA, SELECT


class Body(BaseModel):
    """What all bodies have in common."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def _read_day(value: object) -> date:
    """``YYYY-MM-DD`` and nothing else that Python would take for a date, such as 2026-W48-1."""
    if isinstance(value, str) and re.fullmatch(DAY, value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise broken(DAY_RULE)


def _read_moment(value: object) -> datetime:
    """RFC 3339 with its offset, to the second: WIB, WITA and WIT write one moment differently, and none may be guessed."""
    if isinstance(value, str) and re.fullmatch(MOMENT, value, re.ASCII):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise broken(MOMENT_RULE)


def _moment(value: datetime) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Day = Annotated[
    date,
    BeforeValidator(_read_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": f"^{DAY}$"}, mode="validation"),
]
EventMoment = Annotated[
    datetime,
    BeforeValidator(_read_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{MOMENT}$"}, mode="validation"),
]
Moment = Annotated[
    datetime,
    PlainSerializer(_moment, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
# An enumeration in JSON is its text: strict would want Python's own member.
AskedProgramme = Annotated[Programme, Field(strict=False)]
AskedPurpose = Annotated[VerificationPurpose, Field(strict=False)]
TerminalId = Annotated[str, Field(pattern=TERMINAL_ID, max_length=64)]
Handle = Annotated[str, Field(pattern=HANDLE, max_length=32)]
Sector = Annotated[int, Field(ge=1, le=255)]


class ChallengeRequest(Body):
    """What a verifier wants to know, and where. ``service_date`` is a civil date in Asia/Jakarta; that of ``event_at``, or today's, if left out.

    With ``event_at``, the moment of an accident or death, cover is judged at that moment: money that came after it does not count.
    """

    terminal_id: TerminalId
    purpose: AskedPurpose
    programme: AskedProgramme
    service_date: Day | None = None
    event_at: EventMoment | None = None


class ChallengeResponse(Body):
    """All that the terminal needs for its two APDUs, and to compute ``digest`` again if it trusts nobody.

    digest = SHA-256(LV verifier_id | LV terminal_id | LV purpose | nonce | time as 8 bytes), docs/card-edge.md.
    """

    challenge: Handle
    challenge_id: Annotated[bytes, Octets(4, 4)]
    digest: Annotated[bytes, Octets(32, 32)]
    nonce: Annotated[bytes, Octets(16, 16)]
    time: Annotated[int, Field(ge=0, description="Seconds since 1970 UTC, as they go into the digest.")]
    verifier_id: str
    terminal_id: TerminalId
    purpose: VerificationPurpose
    programme: Programme
    service_date: date
    event_at: Moment | None = None
    sector: Sector
    aid: Annotated[str, Field(pattern="^[0-9A-F]{18}$", description="The sector AID to SELECT, hexadecimal.")]
    expires_at: Moment


class VerificationRequest(Body):
    """The challenge, and what a card answered to it: the cover proof of SELECT and the signature of INTERNAL AUTHENTICATE."""

    challenge: Handle
    terminal_id: TerminalId
    purpose: AskedPurpose
    sector: Sector
    cover_proof: Annotated[bytes, Octets(1, MAX_COVER_PROOF)]
    signature: Annotated[bytes, Octets(64, 64)]


class ToldReason(Body):
    """One reason, with a short form of at most 32 characters for narrow screens, in the language of Accept-Language."""

    code: Reason
    short: Annotated[str, Field(max_length=32)]


class Due(Body):
    """One month of one programme to be paid, whole rupiah."""

    programme: Programme
    month: Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}$")]
    amount_rupiah: int | None


class CureTold(Body):
    """What would bring cover back, or keep it: how much, until when that stays true, and what it restores."""

    amount_rupiah: int | None
    credit_rupiah: Annotated[
        int, Field(description="Money of the member's own that pays its part; not in amount_rupiah.")
    ]
    dues: list[Due]
    pay_until: date
    restores_from: date
    restores_through: date
    restores_state: CoverState
    restores_benefit_limit: int | None = None


class Explanation(Body):
    """The reason in words, in the language of Accept-Language."""

    cause: str
    remedy: str


class ReceiptTold(Body):
    """That this answer is on record, and under which number."""

    receipt_id: Handle
    recorded_at: Moment


class VerificationResponse(Body):
    """The answer, cut to what this verifier may learn for this purpose: what it may not learn is not there at all."""

    outcome: Outcome
    programme: Programme
    as_of: date
    until: Annotated[date | None, Field(description="The last day covered if nothing more is paid.")] = None
    state: CoverState | None = None
    benefit_limit: Annotated[
        int | None, Field(description="The most that the programme pays, rupiah; left out: no limit.")
    ] = None
    reason: Reason | None = None
    reasons: Annotated[list[ToldReason] | None, Field(description="All reasons, the one that matters most first.")] = (
        None
    )
    explanation: Explanation | None = None
    cure: CureTold | None = None
    subject: Annotated[str, Field(description="The holder's pseudonym in the verifier's own sector, base64url.")]
    token: Annotated[str, Field(description="The eligibility token: a JWT, ES256, at most five minutes.")]
    token_expires_at: Moment
    receipt: ReceiptTold
    proof_is_old: Annotated[
        bool | None, Field(description="True: the proof on the card is older than the books, see POST /v1/renewals.")
    ] = None


class RenewalRequest(Body):
    """Which card, by the receipt of its verification, and every answer of this renewal so far: data and status word, at most 256 + 2 bytes each."""

    receipt_id: Handle
    responses: Annotated[list[Annotated[bytes, Octets(2, 258)]], Field(max_length=MAX_RENEWAL_COMMANDS)]


class RenewalState(StrEnum):
    """How far a renewal is."""

    GO_ON = "GO_ON"
    RENEWED = "RENEWED"  # the new proof was written and read back
    GOOD = "GOOD"  # the one on the card says what the books say


class RenewalResponse(Body):
    """What the card is to be sent next; nothing where the renewal has ended."""

    state: RenewalState
    commands: list[Annotated[bytes, Octets(4, 261)]]


class Alive(Body):
    """The process answers."""

    status: Annotated[str, Field(pattern="^ok$")] = "ok"


class Ready(Body):
    """Every part that an answer needs answers."""

    status: Annotated[str, Field(pattern="^ready$")] = "ready"
    database: str
    keys: str
    rule_pack: Annotated[int, Field(description="The number of the rule pack in force now")]


class PublicKey(Body):
    """A public signing key (RFC 7517)."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class KeySet(Body):
    """A JWK set; the key that signs now comes first."""

    keys: list[PublicKey]


class FieldError(BaseModel):
    """One thing that is wrong with a body: where (RFC 6901) and what."""

    pointer: str
    rule: str


class Problem(BaseModel):
    """RFC 9457. ``code`` is the end of ``type``; further members carry evidence."""

    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(pattern="^urn:kartu:problem:[a-z0-9-]+$")]
    title: Annotated[str, Field(description="The cause, in the language of Accept-Language.")]
    status: int
    detail: Annotated[str, Field(description="The remedy.")]
    code: str
    errors: list[FieldError] | None = None
    receipt_id: str | None = None
