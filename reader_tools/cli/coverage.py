# SPDX-License-Identifier: Apache-2.0
"""``kartu coverage``: what decides who is covered."""

import typer

from reader_tools.cli.coverage_rules import app as rules

app = typer.Typer(no_args_is_help=True)
app.add_typer(rules, name="rules")


@app.callback()
def coverage() -> None:
    """Cover: the rules that decide it.

    Example: kartu coverage rules check rule_packs/bpu-2026.yaml --key rule_packs/scheme-rules-key.pem
    """
