# SPDX-License-Identifier: Apache-2.0
"""One ceremony for the tests of what comes after it; each test has a copy."""

import shutil
from pathlib import Path

import pytest

from tests.hsm.custody.ceremonies import Held, KeySet, empty_key_set


@pytest.fixture(scope="session")
def ceremony_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = empty_key_set(tmp_path_factory.mktemp("after") / "made")
    with made.custody() as custody:
        Held(made.folder).hold(custody)
    return made.folder


@pytest.fixture
def made(ceremony_folder: Path, tmp_path: Path) -> KeySet:
    shutil.copytree(ceremony_folder, tmp_path / "made")
    return KeySet(tmp_path / "made")


@pytest.fixture
def lost(tmp_path: Path) -> KeySet:
    """An empty back end where there were keys."""
    return empty_key_set(tmp_path / "lost")
