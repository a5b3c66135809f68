# SPDX-License-Identifier: Apache-2.0
"""The file that goes from one officer to the next: JSON with the statement and the signatures so far. Nothing in it is secret."""

import json
from base64 import b64decode, b64encode
from pathlib import Path

from hsm.errors import GrantRefused, StateUnusable
from hsm.grants import MAX_SIGNATURES, Grant, Statement

MAX_LENGTH = 16 * 1024
FORM = "kartu-grant-1"


def read_grant(path: Path) -> Grant:
    """The grant of a file. Raises GrantRefused, StateUnusable."""
    try:
        with path.open("rb") as file:
            wire = json.loads(file.read(MAX_LENGTH))
        statement = b64decode(wire["statement"], validate=True)
        signatures = [
            (str(each["officer"]), b64decode(each["signature"], validate=True)) for each in wire["signatures"]
        ]
        form = wire["form"]
    except OSError as error:
        raise StateUnusable(path=str(path), rule=error.strerror or "not readable") from None
    except (ValueError, KeyError, TypeError):
        raise GrantRefused(rule="a grant file is JSON with form, statement and signatures") from None
    if form != FORM or len(signatures) > MAX_SIGNATURES:
        raise GrantRefused(rule=f"a grant file says {FORM} and has at most {MAX_SIGNATURES} signatures")
    Statement.decode(statement)
    return Grant(statement, signatures)


def write_grant(path: Path, grant: Grant) -> None:
    """Replace the file whole. Raises StateUnusable."""
    wire = {
        "form": FORM,
        "statement": b64encode(grant.statement).decode(),
        "signatures": [
            {"officer": name, "signature": b64encode(signature).decode()} for name, signature in grant.signatures
        ],
    }
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(json.dumps(wire, indent=2) + "\n")
        draft.replace(path)
    except OSError as error:
        raise StateUnusable(path=str(path), rule=error.strerror or "can't be written") from None
