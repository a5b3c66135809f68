# SPDX-License-Identifier: Apache-2.0
"""The rows of a group's list that were refused, for a person."""

from collections.abc import Sequence

from rich.console import Console

from reader_tools.cli.output import Output


def tell_problems(output: Output, console: Console, problems: Sequence[dict[str, str | int]]) -> None:
    """Where, why, and what to do about each."""
    for row in problems:
        where = f"{output.say('Baris', 'Line')} {row['line']}" + (f", {row['field']}" if row["field"] else "")
        console.print(f"{where}: {row['cause']}", markup=False)
        console.print(f"   -> {row['remedy']}", markup=False)
