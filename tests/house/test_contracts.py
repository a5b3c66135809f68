# SPDX-License-Identifier: Apache-2.0
"""Each import contract finds the violation it is there for: one import is planted in a copy of the tree, and that contract must break."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("cardservice", "hsm", "api", "reader_tools", "applets")

# contract -> (module file that gets the import, the import)
PLANTED = {
    "card_edge is pure": ("cardservice/card_edge/tlv.py", "import cardservice.clock"),
    "coverage is pure": ("cardservice/coverage/month.py", "import time"),
    "credentials is pure": ("cardservice/credentials/errors.py", "import socket"),
    "use cases go downwards": ("cardservice/audit/__init__.py", "import cardservice.issuance"),
    "records is the only SQL": ("cardservice/issuance/__init__.py", "import sqlalchemy"),
    "cardservice stands on nothing outside itself": ("cardservice/clock.py", "import hsm.client"),
    "hsm knows keys, errors and the clock only": ("hsm/errors.py", "import cardservice.coverage"),
    "reader_tools never imports api": ("reader_tools/errors.py", "import api"),
    "outside hsm only its client is used": ("reader_tools/errors.py", "import hsm.software_store"),
    "api wires cardservice and hsm only": ("api/__init__.py", "import applets"),
    "the software card knows codecs only": ("applets/virtual/chip.py", "import cardservice.card_edge.scp03"),
    "one JOSE module imports jwt": ("cardservice/credentials/jwks.py", "import jwt"),
    "only the PC/SC worker imports smartcard": ("reader_tools/errors.py", "import smartcard"),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def lint_imports(tree: Path) -> tuple[int, str]:
    # The copy must come before the checkout on the path, or the checkout would be what is looked at.
    code = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


def test_every_contract_has_a_planted_violation() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["name"] for contract in contracts} == set(PLANTED)


def test_the_tree_as_it_is_keeps_every_contract(tree: Path) -> None:
    code, output = lint_imports(tree)
    assert code == 0, output
    assert f"{len(PLANTED)} kept, 0 broken" in output


@pytest.mark.parametrize("contract", PLANTED)
def test_a_planted_violation_breaks_its_contract(tree: Path, contract: str) -> None:
    name, violation = PLANTED[contract]
    module = tree / name
    before = module.read_text()
    try:
        module.write_text(f"{before}\n{violation}\n")
        code, output = lint_imports(tree)
    finally:
        module.write_text(before)
    assert code != 0
    assert f"{contract} BROKEN" in output
