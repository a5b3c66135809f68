# SPDX-License-Identifier: Apache-2.0
"""Back ends for the contract suites: an empty one per test, and a second one beside it to restore into."""

from pathlib import Path

import pytest

from tests.hsm.back_ends import BackEnd, SealedFile


@pytest.fixture(params=["software"])
def back_end(tmp_path: Path) -> BackEnd:
    return SealedFile(tmp_path / "keys")


@pytest.fixture
def spare(tmp_path: Path) -> BackEnd:
    return SealedFile(tmp_path / "spare")
