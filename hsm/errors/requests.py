# SPDX-License-Identifier: Apache-2.0
"""What the key process refuses to its callers. They travel as (code, evidence): hsm/errors/wire.py."""

from hsm.errors.root import HsmError


class KeyProcessDown(HsmError):
    """Nobody answers on the socket, or not within the deadline; evidence: socket, rule."""

    code = "hsm-down"


class RequestRefused(HsmError):
    """The key process said no; evidence: refusal, if its code is not one of ours."""

    code = "hsm-refused"


class CallerRefused(RequestRefused):
    """SO_PEERCRED names a user we do not serve, or the far end is not who we expect; evidence: uid."""

    code = "hsm-caller-refused"


class MalformedFrame(RequestRefused):
    """Bytes that are no message of this protocol; evidence: rule."""

    code = "hsm-frame-malformed"


class FrameTooLarge(RequestRefused):
    """A message past the limit; evidence: limit."""

    code = "hsm-frame-too-large"


class UnknownOperation(RequestRefused):
    """The key process has no such operation."""

    code = "hsm-operation-unknown"


class MalformedRequest(RequestRefused):
    """A known operation with wrong fields; evidence: operation, rule."""

    code = "hsm-request-malformed"


class DocumentRefused(RequestRefused):
    """The document isn't what this purpose's key signs; evidence: purpose, rule."""

    code = "hsm-document-refused"


class KeyNotFound(RequestRefused):
    """No key of that name; evidence: purpose, version, sector."""

    code = "hsm-key-not-found"


class KeyNotActive(RequestRefused):
    """Outside the key's active period; evidence: purpose, version, rule."""

    code = "hsm-key-not-active"


class WrapRefused(RequestRefused):
    """That key set is never wrapped under the other; evidence: rule."""

    code = "hsm-wrap-refused"


class UnsealRefused(RequestRefused):
    """A sealed value that does not open: changed, moved, or of another key; evidence: rule."""

    code = "hsm-unseal-refused"


class RateExceeded(RequestRefused):
    """Too many of one operation; evidence: operation."""

    code = "hsm-rate-exceeded"


class CountersFull(RequestRefused):
    """No room is left to count for one more user and operation (hsm/limits/caller_records.py); evidence: operation, uid."""

    code = "hsm-counters-full"


class AnomalyRefused(RequestRefused):
    """Past what an hour of this caller may hold (hsm/limits/anomaly_limit.py); evidence: operation, uid, found, allowed, seconds."""

    code = "hsm-anomaly"


class CardRevoked(RequestRefused):
    """The card was revoked, so its keys are used no more; evidence: kdd."""

    code = "hsm-card-revoked"


class GrantRefused(RequestRefused):
    """The officers' grant isn't for this, not for now, or not enough; evidence: rule."""

    code = "hsm-grant-refused"


class GrantSpent(GrantRefused):
    """The officers' grant was used before; evidence: rule."""

    code = "hsm-grant-spent"


class NotRecorded(RequestRefused):
    """No record, no opening: the log could not be written; evidence: rule."""

    code = "hsm-not-recorded"


class OperationFailed(RequestRefused):
    """The key process broke on a request and went on; evidence: operation."""

    code = "hsm-operation-failed"
