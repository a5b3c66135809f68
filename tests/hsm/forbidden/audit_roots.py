# SPDX-License-Identifier: Apache-2.0
"""Audit roots to be signed: a right one, and right ones with one thing wrong."""

from collections.abc import Iterator
from datetime import timedelta

from tests.hsm.documents import NOW, audit_root

RIGHT: list[tuple[str, bytes]] = [
    ("of now", audit_root()),
]


def forbidden() -> Iterator[tuple[str, bytes]]:
    yield "a raw hash", bytes(range(32))
    yield "another prefix", b"KJS-AUDIT-ROOT-2" + audit_root()[16:]
    yield "a tap", b"KJS-TAP-1" + bytes(55)
    yield "too short", audit_root()[:-1]
    yield "too long", audit_root() + b"\x00"
    yield "back-dated", audit_root(NOW - timedelta(minutes=2))
    yield "from the future", audit_root(NOW + timedelta(minutes=2))
