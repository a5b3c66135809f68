# SPDX-License-Identifier: Apache-2.0
"""A key's description as a CBOR map: the same in a sealed file, in a backup and beside a key in a token."""

from datetime import UTC, datetime
from typing import Any

from cardservice.keys import Purpose
from hsm.keys.key_store import KeyDescription, KeyKind


def description_to_wire(about: KeyDescription) -> dict[str, object]:
    """Texts and numbers; times are seconds since 1970."""
    return {
        "purpose": str(about.purpose),
        "version": about.version,
        "kid": about.kid,
        "kind": str(about.kind),
        "created": int(about.created.timestamp()),
        "active_from": int(about.active_from.timestamp()),
        "expires": int(about.expires.timestamp()),
        "sector": about.sector,
        "derived_length": about.derived_length,
        "ended": about.is_ended,
    }


def description_from_wire(wire: dict[str, Any]) -> KeyDescription:
    """The inverse. Raises KeyError, TypeError, ValueError or OverflowError, for the caller to name what is broken."""
    return KeyDescription(
        purpose=Purpose(wire["purpose"]),
        version=int(wire["version"]),
        kid=str(wire["kid"]),
        kind=KeyKind(wire["kind"]),
        created=datetime.fromtimestamp(wire["created"], UTC),
        active_from=datetime.fromtimestamp(wire["active_from"], UTC),
        expires=datetime.fromtimestamp(wire["expires"], UTC),
        sector=int(wire["sector"]),
        derived_length=int(wire["derived_length"]),
        is_ended=bool(wire.get("ended", False)),  # written by an earlier version, it is not there
    )
