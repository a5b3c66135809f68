# SPDX-License-Identifier: Apache-2.0
"""What the card edge tests share: vectors read in place, and card keys in memory."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cardservice.keys import KeySet
from tests.card_edge.static_card_keys import StaticCardKeys, StaticKeys

REPOSITORY = Path(__file__).parents[2]
SHARED_VECTORS = REPOSITORY.parent / "shared" / "vectors"


@pytest.fixture(scope="session")
def shared_scp03() -> dict[str, Any]:
    path = SHARED_VECTORS / "scp03.json"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    vectors: dict[str, Any] = json.loads(path.read_text())
    return vectors


@pytest.fixture(scope="session")
def shared_cmac() -> dict[str, Any]:
    path = SHARED_VECTORS / "wycheproof" / "aes_cmac_test.json"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine")
    vectors: dict[str, Any] = json.loads(path.read_text())
    return vectors


@pytest.fixture
def static_card_keys() -> Callable[[Mapping[KeySet, StaticKeys]], StaticCardKeys]:
    return StaticCardKeys
