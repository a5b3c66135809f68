# SPDX-License-Identifier: Apache-2.0
"""The sealed values that a grant is about: a file of JSON lines, ``{"context": "member/nik/7", "sealed": base64}``, and what they opened to.

A list to be signed may leave out ``sealed``: a grant is about contexts, and whoever works through a long list has the values.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path

from hsm.errors import GrantRefused, StateUnusable
from hsm.machine.protected_file import create_protected

MAX_LENGTH = 128 * 1024 * 1024
MAX_LISTED = 1_000_000  # values: three of each member, for an hour's work of a registry


def read_sealed_list(path: Path) -> list[tuple[str, bytes]]:
    """(context, sealed value) in the order of the file; an empty value where the list leaves it out. Raises GrantRefused, StateUnusable."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_LENGTH + 1)
    except OSError as error:
        raise StateUnusable(path=str(path), rule=error.strerror or "not readable") from None
    values: list[tuple[str, bytes]] = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            wire = json.loads(line)
            values.append((str(wire["context"]), b64decode(wire.get("sealed", ""), validate=True)))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise GrantRefused(rule=f"line {number} of the list is JSON with context and sealed") from None
    if not 1 <= len(values) <= MAX_LISTED or len(content) > MAX_LENGTH:
        raise GrantRefused(rule=f"a list has 1 to {MAX_LISTED} lines and at most {MAX_LENGTH} bytes")
    return values


def write_opened(path: Path, contexts: Sequence[str], values: Sequence[bytes]) -> None:
    """A new file, mode 0600, of JSON lines with context and value (base64). Raises KeyFileExists."""
    lines = [
        json.dumps({"context": context, "value": b64encode(value).decode()})
        for context, value in zip(contexts, values, strict=True)
    ]
    create_protected(path, "".join(f"{line}\n" for line in lines).encode())
