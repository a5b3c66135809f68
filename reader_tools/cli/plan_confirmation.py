# SPDX-License-Identifier: Apache-2.0
"""A plan that people reviewed is confirmed by its hash: given as an option, or its beginning typed."""

import sys
from typing import Annotated, Any

import typer

from reader_tools.cli.output import Output

TYPED_OF_HASH = 12  # characters that a person types to confirm: nobody finds another plan with the same by chance

PlanHash = Annotated[
    str,
    typer.Option(
        metavar="SHA256",
        help="The reviewed plan's hash. Default: it is shown, and confirmed by typing.",
        show_default=False,
    ),
]


def confirmed(output: Output, planned: dict[str, Any]) -> str:
    """The hash, if the person at the terminal types its beginning; else nothing, which the custody program refuses."""
    if not sys.stdin.isatty():
        return ""
    digest = str(planned["plan_sha256"])
    sys.stderr.write(f"SHA-256 {digest}\n")
    typed = typer.prompt(
        output.say(
            f"Ketik {TYPED_OF_HASH} huruf pertama hash yang ditinjau",
            f"Type the first {TYPED_OF_HASH} characters of the reviewed hash",
        ),
        err=True,
    )
    return digest if typed.strip().lower() == digest[:TYPED_OF_HASH] else ""
