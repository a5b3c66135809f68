# SPDX-License-Identifier: Apache-2.0
"""Only cardservice/clock.py reads the clock, by whatever name; and what pure rooms can't import they don't do by a builtin either."""

import ast
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, product

CLOCK = Path("cardservice/clock.py")
PURE = ("cardservice/card_edge", "cardservice/coverage", "cardservice/credentials")
READERS = {
    f"time.{name}{unit}"
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
    for unit in ("", "_ns")
} | {
    "time.localtime", "time.gmtime", "time.ctime", "time.asctime", "time.strftime",
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today",
    "sqlalchemy.func.now", "sqlalchemy.func.current_timestamp", "sqlalchemy.func.current_date", "sqlalchemy.func.localtimestamp",
    "uuid.uuid1", "uuid.uuid7",
}  # fmt: skip
# Modules that are looked for at run time: grimp does not see such an import, so they are named here with the one who may.
LOOKED_FOR = {"smartcard": Path("reader_tools/pcsc/scard.py")}
IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "__import__", "breakpoint"}


def names_of(tree: ast.AST) -> dict[str, str]:
    """What each imported name of a module stands for: {"dt": "datetime.datetime"}."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def meant(node: ast.AST, names: dict[str, str]) -> str:
    """The dotted name that an expression means, "" if it means none."""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        owner = meant(node.value, names)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def clock_readings(source: str) -> list[int]:
    """Lines that name something that reads the clock, called or not (a default argument reads it as well)."""
    tree = ast.parse(source)
    names = names_of(tree)
    return sorted(
        {
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Name | ast.Attribute) and meant(node, names) in READERS
        }
    )


def literal_imports(source: str) -> list[str]:
    """Packages that are imported by a call with a name written out."""
    tree = ast.parse(source)
    names = names_of(tree)
    return [
        node.args[0].value.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and meant(node.func, names) == "importlib.import_module"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ]


def impure_calls(source: str) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS
    ]


def test_only_one_module_reads_the_clock() -> None:
    found = [
        f"{path}:{line}" for path in product() if path != CLOCK for line in clock_readings((ROOT / path).read_text())
    ]
    assert found == []


def test_that_module_does_read_it() -> None:
    assert clock_readings((ROOT / CLOCK).read_text())


def test_no_import_hides_in_a_call() -> None:
    found = [
        f"{path}: {package}"
        for path in product()
        for package in literal_imports((ROOT / path).read_text())
        if LOOKED_FOR.get(package) != path
    ]
    assert found == []


def test_pure_rooms_touch_nothing_by_a_builtin() -> None:
    pure = [path for path in product() if str(path).startswith(PURE)]
    assert len(pure) > 20
    assert [f"{path}:{line}" for path in pure for line in impure_calls((ROOT / path).read_text())] == []


@pytest.mark.parametrize(
    "source",
    [
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.datetime.utcnow()",
        "import datetime as d\nx = d.date.today()",
        "from datetime import datetime as moment\nx = moment.now(None)",
        "import time\nx = time.time()",
        "import time as t\nx = t.perf_counter_ns()",
        "from time import monotonic as tick\ndef f(clock=tick): ...",
        "from sqlalchemy import func\nx = func.now()",
    ],
)
def test_a_reading_of_the_clock_is_seen_under_any_name(source: str) -> None:
    assert clock_readings(source)


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "from cardservice import clock\nx = clock.now()",
        "def f(now): return now()",
        "from datetime import datetime\nx = datetime.fromisoformat('2026-01-01')",
    ],
)
def test_what_reads_no_clock_is_left_alone(source: str) -> None:
    assert clock_readings(source) == []


def test_a_hidden_import_and_an_impure_call_are_seen() -> None:
    assert literal_imports("from importlib import import_module\nimport_module('smartcard.scard')") == ["smartcard"]
    assert literal_imports("import importlib\nimportlib.import_module('jwt')") == ["jwt"]
    assert impure_calls("x = open('/etc/passwd')") == [1]
