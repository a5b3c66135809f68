# SPDX-License-Identifier: Apache-2.0
"""What a ceremony looks at itself: a test signature verified by the library alone, and one line of the transcript per key."""

from hsm.custody.key_record import check_of
from hsm.custody.statement import signature_holds
from hsm.keys.key_plan import MASTERS
from hsm.keys.key_store import KeyDescription, KeyStore

LABEL = b"KJS-CEREMONY-TEST-1"  # no document that any purpose signs begins so


def trial_signature_holds(store: KeyStore, key: KeyDescription, nonce: bytes) -> bool:
    """Whether the key signs a message that nobody knew before, and its public half verifies it."""
    message = LABEL + nonce
    return signature_holds(store.verifying_point(key), message, store.sign_es256(key, message))


def line_of(store: KeyStore, key: KeyDescription) -> str:
    """One key, as a transcript names it."""
    version = f"{key.version:02X}" if key.purpose in MASTERS else str(key.version)
    sector = f" sector {key.sector:02X}" if key.sector else ""
    dates = f"{key.active_from:%Y-%m-%d}..{key.expires:%Y-%m-%d}"
    return f"{key.purpose} {version}{sector} kid {key.kid} {dates} check {check_of(store, key)}"
