# SPDX-License-Identifier: Apache-2.0
"""How the custody program talks to whoever started it: one JSON document per line on standard output, steps first, one result or error last."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hsm.errors import HsmError


@dataclass(frozen=True, slots=True)
class Conversation:
    """Writes lines. Steps are in Indonesian and English: the listener chooses."""

    write: Callable[[str], object]

    def step(self, number: int, of: int, indonesian: str, english: str) -> None:
        """One step of a longer work has begun."""
        self._line({"step": number, "of": of, "id": indonesian, "en": english})

    def result(self, document: Mapping[str, object]) -> None:
        """What came of it."""
        self._line({"result": document})

    def error(self, error: HsmError) -> None:
        """Why nothing came of it."""
        self._line({"error": {"code": error.code, "evidence": error.evidence}})

    def _line(self, document: Mapping[str, object]) -> None:
        self.write(json.dumps(document, default=_plain) + "\n")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Path):
        return str(value)
    return str(value)
