# SPDX-License-Identifier: Apache-2.0
"""Each import contract finds what it is there for: imports are planted in a copy of the tree, and exactly that contract must name each of them."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("cardservice", "hsm", "api", "reader_tools", "applets")
CONTRACTS: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
ROWS = {contract["name"]: contract for contract in CONTRACTS if contract["type"] == "may_import"}
KEPT_TO_ONE = {contract["name"]: contract for contract in CONTRACTS if contract["type"] == "imported_only_by"}

# What else there is to import, beside the rooms themselves: a part of a room that only some may see.
INNER = ("hsm.server", "hsm.software_store", "cardservice.card_edge.scp03", "cardservice.card_edge.dialogues")


def module_file(tree: Path, module: str) -> Path:
    folder = tree.joinpath(*module.split("."))
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def forbidden_by(row: dict[str, Any]) -> list[str]:
    """Every room, or part of one, that the row does not allow."""
    open_to_it = [row["room"], *row.get("allowed", [])]
    everything = [other["room"] for other in ROWS.values()] + list(INNER)
    # A room that holds an allowed one is no violation to plant as a whole unless it is another package of ours.
    return [name for name in everything if not any(within(name, mine) or within(mine, name) for mine in open_to_it)]


def lint_imports(tree: Path) -> tuple[int, str]:
    # The copy must come before the checkout on the path, or the checkout would be what is looked at.
    code = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


def plant(tree: Path, module: str, imports: list[str]) -> str:
    """The output of import-linter while ``module`` has the imports; it must fail."""
    file = module_file(tree, module)
    before = file.read_text()
    try:
        file.write_text(before + "\n" + "".join(f"import {name}\n" for name in imports))
        code, output = lint_imports(tree)
    finally:
        file.write_text(before)
    assert code != 0, output
    return output


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    for package in (*PACKAGES, "tools"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def test_the_tree_as_it_is_keeps_every_contract(tree: Path) -> None:
    code, output = lint_imports(tree)
    assert code == 0, output
    assert f"{len(CONTRACTS)} kept, 0 broken" in output


def test_every_room_has_its_row() -> None:
    rooms = {row["room"] for row in ROWS.values()}
    modules = {f"cardservice.{path.stem}" for path in (ROOT / "cardservice").glob("*.py")} - {"cardservice.__init__"}
    packages = {f"cardservice.{path.parent.name}" for path in (ROOT / "cardservice").glob("*/__init__.py")}
    assert (set(PACKAGES) | modules | packages) == rooms


def test_every_contract_is_tried_below() -> None:
    one_by_one = {"use cases go downwards", "pure rooms do no input or output"}
    assert {contract["name"] for contract in CONTRACTS} == set(ROWS) | set(KEPT_TO_ONE) | one_by_one


@pytest.mark.parametrize("contract", ROWS)
def test_a_room_reaches_nothing_outside_its_row(tree: Path, contract: str) -> None:
    row = ROWS[contract]
    planted = forbidden_by(row)
    assert planted, "this row forbids nothing"
    output = plant(tree, row["room"], planted)
    assert f"{contract} BROKEN" in output
    unseen = [name for name in planted if f"{row['room']} may not import {name} (" not in output]
    assert unseen == []


@pytest.mark.parametrize("contract", KEPT_TO_ONE)
def test_what_one_room_keeps_to_itself_is_refused_to_others(tree: Path, contract: str) -> None:
    outside = KEPT_TO_ONE[contract]["outside"]
    strangers = [
        room for room in (*PACKAGES, "cardservice.issuance") if room not in KEPT_TO_ONE[contract].get("importers", [])
    ]
    for stranger in strangers:
        output = plant(tree, stranger, outside)
        assert f"{contract} BROKEN" in output
        assert [name for name in outside if f"{stranger} may not import {name}" not in output] == []


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("audit", "enrolment"),
        ("audit", "verification"),
        ("enrolment", "partnership"),
        ("partnership", "enrolment"),
        ("partnership", "issuance"),
        ("issuance", "verification"),
        ("enrolment", "collection"),
        ("collection", "issuance"),
        ("collection", "verification"),
        ("records", "audit"),
        ("card_edge", "records"),
        ("coverage", "credentials"),
    ],
)
def test_a_use_case_that_looks_upwards_or_sideways_is_found(tree: Path, lower: str, upper: str) -> None:
    output = plant(tree, f"cardservice.{lower}", [f"cardservice.{upper}"])
    assert "use cases go downwards BROKEN" in output


@pytest.mark.parametrize("room", ["card_edge", "coverage", "credentials", "errors", "keys"])
def test_a_pure_room_that_reaches_for_the_world_is_found(tree: Path, room: str) -> None:
    forbidden = next(contract for contract in CONTRACTS if contract["name"] == "pure rooms do no input or output")
    output = plant(tree, f"cardservice.{room}", forbidden["forbidden_modules"])
    assert "pure rooms do no input or output BROKEN" in output
    unseen = [
        name
        for name in forbidden["forbidden_modules"]
        if f"cardservice.{room} is not allowed to import {name}:" not in output
    ]
    assert unseen == []
