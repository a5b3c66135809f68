# SPDX-License-Identifier: Apache-2.0
"""Vectors: our own under tests/vectors, those of the shared folder read in place."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "vectors"


def own(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "tests" / "vectors" / name).read_text())
    return content


def shared(name: str) -> dict[str, Any]:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here")
    content: dict[str, Any] = json.loads(path.read_text())
    return content
