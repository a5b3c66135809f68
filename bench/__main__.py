# SPDX-License-Identifier: Apache-2.0
"""``bench/run NAME [--json]``: prints the figures of one bench, a module beside this one with ``figures() -> Iterable[Figure]``."""

import argparse
import ast
import importlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from bench.figure import Figure

HERE = Path(__file__).parent


def benches() -> dict[str, str]:
    """Each bench and the first line of its docstring. The files are read, not imported: a list needs no reader and no card."""
    found = {}
    for path in sorted(HERE.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "figures" for node in tree.body):
            found[path.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found


def main(arguments: Sequence[str]) -> int:
    """Run one bench. A missed goal is a figure, not a failure: the exit code is 0 when all figures were printed."""
    known = benches()
    parser = argparse.ArgumentParser(prog="bench/run", description="Prints performance figures, one per line.")
    parser.add_argument("name", nargs="?", help="the bench: " + (", ".join(known) or "none yet"))
    parser.add_argument("--json", action="store_true", help="one JSON object per figure")
    parser.add_argument("--list", action="store_true", help="list the benches")
    chosen = parser.parse_args(arguments)
    if chosen.list or chosen.name is None:
        for name, told in known.items():
            print(f"{name:<12} {told}")
        return 0 if chosen.list else 2
    if chosen.name not in known:
        parser.error(f"no bench is called {chosen.name!r}; there are: {', '.join(known) or 'none'}")
    figures = cast("Iterable[Figure]", importlib.import_module(f"bench.{chosen.name}").figures())
    for figure in figures:
        print(figure.line(as_json=chosen.json), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
