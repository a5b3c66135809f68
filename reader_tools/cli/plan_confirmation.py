# SPDX-License-Identifier: Apache-2.0
"""A plan that people reviewed is confirmed by its hash: given as an option, or its first half typed, from what the reviewers wrote down.

The hash is not shown when it is asked for: what is copied from the screen confirms the plan that lies here, whichever that is.
"""

import sys
from typing import Annotated, Any

import typer

from reader_tools.cli.output import Output

# Who writes the plan could write two that begin alike, and have one of them reviewed: for 12 characters that is 2^24 tries, for 32 it is 2^64.
TYPED_OF_HASH = 32

PlanHash = Annotated[
    str,
    typer.Option(
        metavar="SHA256",
        help="The reviewed plan's hash. Default: its first half is asked for.",
        show_default=False,
    ),
]


def confirmed(output: Output, planned: dict[str, Any]) -> str:
    """The hash, if the person at the terminal types its first half; else nothing, which the custody program refuses, and tells the hash."""
    if not sys.stdin.isatty():
        return ""
    digest = str(planned["plan_sha256"])
    typed = typer.prompt(
        output.say(
            f"Ketik {TYPED_OF_HASH} huruf pertama hash yang dicatat para peninjau",
            f"Type the first {TYPED_OF_HASH} characters of the hash that the reviewers wrote down",
        ),
        err=True,
    )
    return digest if "".join(typed.lower().split()) == digest[:TYPED_OF_HASH] else ""
