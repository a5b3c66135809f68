# SPDX-License-Identifier: Apache-2.0
"""Who answers for a command: the name that orders, approvals and the audit trail keep."""

from typing import Annotated, TypeAlias

import typer

from cardservice.records.orders import MAX_PERSON


def _person(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_PERSON or not name.isprintable():
        raise typer.BadParameter(f"a name of 1 to {MAX_PERSON} printable characters")
    return name


Person: TypeAlias = Annotated[
    str, typer.Option("--by", metavar="NAME", help="Who does this; kept in the books.", callback=_person)
]
