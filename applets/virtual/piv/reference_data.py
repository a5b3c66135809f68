# SPDX-License-Identifier: Apache-2.0
"""PIN and PUK: a try is spent, for good, before anything is compared (SP 800-73-5 part 2, 3.2; docs/card-edge.md, "Hardening")."""

from dataclasses import replace
from hmac import compare_digest

from applets.virtual.chip import PivMemory, ReferenceData
from applets.virtual.errors import Refused
from applets.virtual.piv.memory import commit, memory_of
from applets.virtual.runtime import Runtime
from cardservice.card_edge.status_word import StatusWord

PIN = 0x80
PUK = 0x81
LENGTH = 8
PADDING = b"\xff"
PIN_DIGITS = range(6, 9)
_DIGITS = frozenset(b"0123456789")
TRIES = 0x63C0  # 63Cx: wrong, x tries left


def reference(runtime: Runtime, key_reference: int) -> ReferenceData:
    """PIN (80) or PUK (81). Raises Refused(6A88) for another key reference."""
    memory = memory_of(runtime)
    if key_reference == PIN:
        return memory.pin
    if key_reference == PUK:
        return memory.puk
    raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)


def prove(runtime: Runtime, key_reference: int, candidate: bytes) -> None:
    """Compare with the stored value: 63Cx when wrong, 6983 when no try is left. Right restores all tries."""
    if not reference(runtime, key_reference).tries:
        raise Refused(StatusWord.AUTHENTICATION_METHOD_BLOCKED)
    spend_try(runtime, key_reference)
    stored = reference(runtime, key_reference)
    if not matches(stored, candidate):
        raise Refused(TRIES | stored.tries)
    store(runtime, key_reference, replace(stored, tries=stored.limit))


def spend_try(runtime: Runtime, key_reference: int) -> None:
    """Persist one try less."""
    stored = reference(runtime, key_reference)
    store(runtime, key_reference, replace(stored, tries=stored.tries - 1))


def matches(stored: ReferenceData, candidate: bytes) -> bool:
    """Whether the candidate is the stored value, in constant time."""
    return stored.value is not None and compare_digest(stored.value, candidate)


def renew(runtime: Runtime, key_reference: int, value: bytes) -> None:
    """A new value with all its tries."""
    store(
        runtime,
        key_reference,
        replace(reference(runtime, key_reference), value=value, tries=reference(runtime, key_reference).limit),
    )


def store(runtime: Runtime, key_reference: int, changed: ReferenceData) -> None:
    """Commit PIN or PUK."""
    memory: PivMemory = memory_of(runtime)
    commit(runtime, replace(memory, pin=changed) if key_reference == PIN else replace(memory, puk=changed))


def demand_form(key_reference: int, value: bytes) -> None:
    """PIN: 6 to 8 digits, then FF up to 8 bytes; PUK: 8 bytes. Raises Refused(6A80), and costs no try."""
    if len(value) != LENGTH:
        raise Refused(StatusWord.WRONG_DATA)
    digits = value.rstrip(PADDING)
    if key_reference == PIN and (len(digits) not in PIN_DIGITS or not _DIGITS.issuperset(digits)):
        raise Refused(StatusWord.WRONG_DATA)
