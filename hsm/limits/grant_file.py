# SPDX-License-Identifier: Apache-2.0
"""The file that goes from one officer to the next: JSON with the statements and the signatures so far. Nothing in it is secret.

One statement, or several: a list that is longer than one request (``granting/portions.py``) has one for each portion.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hsm.errors import GrantRefused, StateUnusable
from hsm.limits.grants import MAX_SIGNATURES, Grant, Statement

MAX_LENGTH = 16 * 1024 * 1024
MAX_GRANTS = 4096
FORM = "kartu-grant-1"
FORM_OF_SEVERAL = "kartu-grants-1"


def read_grants(path: Path) -> list[Grant]:
    """The grants of a file, in order. Raises GrantRefused, StateUnusable."""
    try:
        with path.open("rb") as file:
            wire = json.loads(file.read(MAX_LENGTH))
        form = wire["form"]
        grants = [_grant(each) for each in (wire["grants"] if form == FORM_OF_SEVERAL else [wire])]
    except OSError as error:
        raise StateUnusable(path=str(path), rule=error.strerror or "not readable") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise GrantRefused(rule="a grant file is JSON with form, statement and signatures") from None
    if form not in {FORM, FORM_OF_SEVERAL} or any(len(each.signatures) > MAX_SIGNATURES for each in grants):
        raise GrantRefused(rule=f"a grant file says {FORM} and has at most {MAX_SIGNATURES} signatures")
    if not 1 <= len(grants) <= MAX_GRANTS:
        raise GrantRefused(rule=f"a grant file has 1 to {MAX_GRANTS} grants")
    for each in grants:
        Statement.decode(each.statement)
    return grants


def read_grant(path: Path) -> Grant:
    """The grant of a file that has one. Raises GrantRefused, StateUnusable."""
    grants = read_grants(path)
    if len(grants) > 1:
        raise GrantRefused(rule="a list that is longer than one request is opened by the run that it was made for")
    return grants[0]


def write_grants(path: Path, grants: Sequence[Grant]) -> None:
    """Replace the file whole. Raises StateUnusable."""
    several = [_wire(each) for each in grants]
    wire = {"form": FORM, **several[0]} if len(several) == 1 else {"form": FORM_OF_SEVERAL, "grants": several}
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(json.dumps(wire, indent=2) + "\n")
        draft.replace(path)
    except OSError as error:
        raise StateUnusable(path=str(path), rule=error.strerror or "can't be written") from None


def _grant(wire: Any) -> Grant:
    statement = b64decode(wire["statement"], validate=True)
    return Grant(
        statement,
        [(str(each["officer"]), b64decode(each["signature"], validate=True)) for each in wire["signatures"]],
    )


def _wire(grant: Grant) -> dict[str, object]:
    return {
        "statement": b64encode(grant.statement).decode(),
        "signatures": [
            {"officer": name, "signature": b64encode(signature).decode()} for name, signature in grant.signatures
        ],
    }
