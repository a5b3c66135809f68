# SPDX-License-Identifier: Apache-2.0
"""Why something is put right in the books: a text that payments, trail and statements keep."""

from typing import Annotated, TypeAlias

import typer

from cardservice.records.payments import MAX_REASON


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON or not reason.isprintable():
        raise typer.BadParameter(f"1 to {MAX_REASON} printable characters")
    return reason


Reason: TypeAlias = Annotated[str, typer.Option(help="Why. No names or numbers of members.", callback=_reason)]
