# SPDX-License-Identifier: Apache-2.0
"""Each import contract finds what it is there for: imports are planted in a copy of the tree, and under that contract each must be named.

Looking at the whole tree takes a second or more, so what is planted for all contracts of a kind is looked at once.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
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

PURITY = "pure rooms do no input or output"
ORDER = {"cardservice": "use cases go downwards", "hsm": "the key process goes downwards"}
UPWARDS = [
    ("cardservice.audit", "cardservice.enrolment"),
    ("cardservice.audit", "cardservice.verification"),
    ("cardservice.enrolment", "cardservice.partnership"),
    ("cardservice.partnership", "cardservice.enrolment"),
    ("cardservice.partnership", "cardservice.issuance"),
    ("cardservice.issuance", "cardservice.verification"),
    ("cardservice.enrolment", "cardservice.collection"),
    ("cardservice.collection", "cardservice.issuance"),
    ("cardservice.collection", "cardservice.verification"),
    ("cardservice.records", "cardservice.audit"),
    ("cardservice.card_edge", "cardservice.records"),
    ("cardservice.coverage", "cardservice.credentials"),
    ("hsm.client", "hsm.operations"),
    ("hsm.client", "hsm.stores"),
    ("hsm.wire", "hsm.client"),
    ("hsm.operations", "hsm.process"),
    ("hsm.process", "hsm.custody"),
    ("hsm.custody", "hsm.granting"),
    ("hsm.keys", "hsm.stores"),
    ("hsm.keys", "hsm.pkcs11"),
    ("hsm.limits", "hsm.wire"),
    ("hsm.machine", "hsm.algorithms"),
]
PURE = ("card_edge", "coverage", "credentials", "errors", "keys")
FORBIDDEN_TO_PURE: list[str] = next(each for each in CONTRACTS if each["name"] == PURITY)["forbidden_modules"]

# What else there is to import, beside the rooms themselves: a part of a room that only some may see.
INNER = (
    "hsm.process.server",
    "hsm.stores.software_store",
    "cardservice.card_edge.scp03",
    "cardservice.card_edge.dialogues",
)


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


def strangers_to(contract: dict[str, Any]) -> list[str]:
    """Who has no business with what a contract keeps to one room."""
    return [room for room in (*PACKAGES, "cardservice.issuance") if room not in contract.get("importers", [])]


def lint_imports(tree: Path) -> tuple[int, str]:
    # The copy must come before the checkout on the path, or the checkout would be what is looked at.
    code = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=tree, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


def planted(tree: Path, imports: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """What each broken contract says while the modules have the imports. ``tree`` is left as it was."""
    before = {file: file.read_text() for file in (module_file(tree, module) for module in imports)}
    try:
        for module, names in imports.items():
            with module_file(tree, module).open("a") as open_file:
                open_file.writelines(f"import {name}\n" for name in dict.fromkeys(names))
        code, output = lint_imports(tree)
    finally:
        for file, text in before.items():
            file.write_text(text)
    assert code != 0, output
    # "Broken contracts" stand at the end: each its name, a line under it, and what it says.
    parts = re.split(r"^(.+)\n-+\n", output.partition("Broken contracts\n")[2], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    for package in (*PACKAGES, "tools"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


@pytest.fixture(scope="module")
def rows_broken(tree: Path) -> dict[str, str]:
    return planted(tree, {row["room"]: forbidden_by(row) for row in ROWS.values()})


@pytest.fixture(scope="module")
def kept_to_one_broken(tree: Path) -> dict[str, str]:
    imports: dict[str, list[str]] = {}
    for contract in KEPT_TO_ONE.values():
        for stranger in strangers_to(contract):
            imports.setdefault(stranger, []).extend(contract["outside"])
    return planted(tree, imports)


@pytest.fixture(scope="module")
def upwards(tree: Path) -> str:
    imports: dict[str, list[str]] = {}
    for lower, upper in UPWARDS:
        imports.setdefault(lower, []).append(upper)
    broken = planted(tree, imports)
    return "".join(broken[name] for name in ORDER.values())


@pytest.fixture(scope="module")
def impure(tree: Path) -> str:
    return planted(tree, {f"cardservice.{room}": FORBIDDEN_TO_PURE for room in PURE})[PURITY]


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
    assert {contract["name"] for contract in CONTRACTS} == set(ROWS) | set(KEPT_TO_ONE) | {*ORDER.values(), PURITY}


@pytest.mark.parametrize("contract", ROWS)
def test_a_room_reaches_nothing_outside_its_row(rows_broken: dict[str, str], contract: str) -> None:
    room, names = ROWS[contract]["room"], forbidden_by(ROWS[contract])
    assert names, "this row forbids nothing"
    told = rows_broken[contract]
    assert [name for name in names if f"{room} may not import {name} (" not in told] == []


@pytest.mark.parametrize("contract", KEPT_TO_ONE)
def test_what_one_room_keeps_to_itself_is_refused_to_others(kept_to_one_broken: dict[str, str], contract: str) -> None:
    told = kept_to_one_broken[contract].splitlines()
    for stranger in strangers_to(KEPT_TO_ONE[contract]):
        outside = KEPT_TO_ONE[contract]["outside"]
        assert [name for name in outside if f"{stranger} may not import {name}" not in told] == []


@pytest.mark.parametrize(("lower", "upper"), UPWARDS)
def test_a_use_case_that_looks_upwards_or_sideways_is_found(upwards: str, lower: str, upper: str) -> None:
    assert f"{lower} is not allowed to import {upper}:" in upwards
    assert f"- {lower} -> {upper} (l." in upwards


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_that_reaches_for_the_world_is_found(impure: str, room: str) -> None:
    unseen = [
        name
        for name in FORBIDDEN_TO_PURE
        if f"cardservice.{room} is not allowed to import {name}:" not in impure
        or f"cardservice.{room} -> {name} (l." not in impure
    ]
    assert unseen == []
