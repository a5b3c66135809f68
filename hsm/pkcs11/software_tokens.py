# SPDX-License-Identifier: Apache-2.0
"""Tokens that are software: for tests and for a second step, but nobody validated them, and their keys are files."""

from collections.abc import Sequence
from typing import Final

import pkcs11

from hsm.keys.key_store import Unvalidated
from hsm.pkcs11.softhsm_settings import settings_in_force, token_folder

_SOFTHSM: Final = "SoftHSM project"
_OTHERS: Final = ("Kryoptic", "NSS", "Mozilla Foundation", "opencryptoki", "wolfSSL")


def unvalidated_token(token: pkcs11.Token) -> Sequence[Unvalidated]:
    """The token if it is software that we know by its manufacturer, else nothing. What we do not know is the administrator's to judge."""
    if token.manufacturer_id == _SOFTHSM:
        settings = settings_in_force()
        return [Unvalidated(token.model, token_folder(settings), settings, keeps_files=True)]
    if token.manufacturer_id.startswith(_OTHERS):
        return [Unvalidated(f"{token.manufacturer_id} {token.model}")]
    return []
