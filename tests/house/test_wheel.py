# SPDX-License-Identifier: Apache-2.0
"""The wheel holds all packages with their data (texts, migrations), the licence, the command, and nothing else."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.checkout import PACKAGES, ROOT, tracked


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    tree = tmp_path_factory.mktemp("tree")
    for path in tracked():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tree / path)
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "out"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    (built,) = (tree / "out").glob("*.whl")
    return zipfile.ZipFile(built)


def test_every_file_of_our_packages_is_in_it_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    held = {Path(name) for name in wheel.namelist() if ".dist-info/" not in name}
    ours = {path for path in tracked() if path.parts[0] in {*PACKAGES, "rule_packs"}}
    assert held == ours
    assert Path("cardservice/texts/general.toml") in held
    assert {path.name for path in held if path.parts[0] == "rule_packs"} == {
        "bpu-2026.yaml",
        "bpu-2026.yaml.sig",
        "scheme-rules-key.pem",
    }


def test_licence_and_command_are_in_it(wheel: zipfile.ZipFile) -> None:
    told = {
        name.split(".dist-info/")[1]: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name
    }
    assert "Apache License" in told["licenses/LICENSE"]
    assert "kartu = reader_tools.__main__:main" in told["entry_points.txt"]
    assert "Requires-Python: >=3.11" in told["METADATA"]
