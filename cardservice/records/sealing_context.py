# SPDX-License-Identifier: Apache-2.0
"""Where a sealed value lives: the context that binds it to its table, column and row, so that it opens nowhere else."""

GROUP = 8


def sealing_context(table: str, column: str, row: str) -> str:
    """``table.column.row`` with the row's digits in groups of eight.

    Contexts are recorded by the key process, which refuses any that has 16 digits in a row, since that might be a NIK; one random
    identifier in a few hundred has.
    """
    return f"{table}.{column}." + "-".join(row[start : start + GROUP] for start in range(0, len(row), GROUP))


def row_of(context: str) -> str:
    """The row of a context."""
    return context.rpartition(".")[2].replace("-", "")
