# SPDX-License-Identifier: Apache-2.0
"""``kartu coverage``: who was covered and why, and the rules that decide it."""

import typer

from reader_tools.cli.coverage_explain import explain_cover
from reader_tools.cli.coverage_rules import app as rules

app = typer.Typer(no_args_is_help=True)
app.add_typer(rules, name="rules")
app.command("explain")(explain_cover)


@app.callback()
def coverage() -> None:
    """Cover: how a member stood and why, and the rules that decide it.

    Example: kartu coverage explain P-0001 --programme JKK --as-of 2026-05-03T09:30:00+07:00
    """
