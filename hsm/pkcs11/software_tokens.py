# SPDX-License-Identifier: Apache-2.0
"""Tokens that are software: for tests and for a second step, but nobody validated them, and their keys are files."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pkcs11

from hsm.key_store import Unvalidated

_SOFTHSM: Final = "SoftHSM project"
_OTHERS: Final = ("Kryoptic", "NSS", "Mozilla Foundation", "opencryptoki", "wolfSSL")
# In the order in which SoftHSM looks for its settings (softhsm2.conf(5)).
_SETTINGS: Final = (
    Path("~/.config/softhsm2/softhsm2.conf"),
    Path("/etc/softhsm/softhsm2.conf"),
    Path("/etc/softhsm2.conf"),
)
_FOLDER: Final = "directories.tokendir"


def unvalidated_token(token: pkcs11.Token) -> Sequence[Unvalidated]:
    """The token if it is software that we know by its manufacturer, else nothing. What we do not know is the administrator's to judge."""
    if token.manufacturer_id == _SOFTHSM:
        return [Unvalidated(token.model, _softhsm_folder())]
    if token.manufacturer_id.startswith(_OTHERS):
        return [Unvalidated(f"{token.manufacturer_id} {token.model}")]
    return []


def _softhsm_folder() -> Path | None:
    named = os.environ.get("SOFTHSM2_CONF")
    for settings in [Path(named)] if named else _SETTINGS:
        try:
            lines = settings.expanduser().read_text().splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        for line in lines:
            name, _, value = line.partition("=")
            if name.strip() == _FOLDER and Path(value.strip()).is_dir():
                return Path(value.strip())
    return None
