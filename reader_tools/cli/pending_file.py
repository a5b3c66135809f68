# SPDX-License-Identifier: Apache-2.0
"""The list of members who wait for the population registry, as officers sign it: JSON lines with a context each, and nothing about anybody."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from reader_tools.errors import FileUnreadable

MOST_BYTES = 128 * 1024 * 1024


def write_pending(path: Path, contexts: Iterable[str]) -> int:
    """A new file; how many lines. Raises FileUnreadable where there is one already, or none can be."""
    lines = 0
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            for context in contexts:
                file.write(json.dumps({"context": context}) + "\n")
                lines += 1
    except OSError as failed:
        raise FileUnreadable(path=str(path), rule=failed.strerror or "can't be written") from None
    return lines


def read_pending(path: Path) -> list[str]:
    """The contexts, in order. Raises FileUnreadable."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise FileUnreadable(path=str(path), rule=f"at most {MOST_BYTES} bytes")
        return [str(json.loads(line)["context"]) for line in content.splitlines()]
    except OSError as failed:
        raise FileUnreadable(path=str(path), rule=failed.strerror or "can't be read") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FileUnreadable(
            path=str(path), rule="JSON lines with context, as kartu member pending writes them"
        ) from None
