# SPDX-License-Identifier: Apache-2.0
"""What production refuses, checked before the socket exists: software keys, keys that everybody knows, an environment we can't name."""

from enum import StrEnum

from cardservice.keys import Purpose
from hsm.block_cipher import key_check_value
from hsm.errors import EnvironmentUnknown, RefusedInProduction
from hsm.key_store import KeyStore

# Chip suppliers' published test keys, as AES-128, AES-192 and AES-256.
_WELL_KNOWN_KEYS = (
    bytes(range(0x40, 0x50)),
    bytes(range(0x40, 0x58)),
    bytes(range(0x40, 0x60)),
    bytes(range(0x40, 0x50)) * 2,
    *(bytes(length) for length in (16, 24, 32)),
)
_MASTERS = {Purpose.TRANSPORT, Purpose.CARD_MASTER, Purpose.SECTOR_MASTER}


class Environment(StrEnum):
    """What KARTU_ENV may say; nothing means development."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


def environment_named(value: str) -> Environment:
    """The environment of that name. A name we do not know is refused: it may be production misspelt."""
    if not value.strip():
        return Environment.DEVELOPMENT
    try:
        return Environment(value.strip().lower())
    except ValueError:
        raise EnvironmentUnknown(value=value) from None


def refuse_software_keys(environment: Environment) -> None:
    """Software keys are for development. Raises RefusedInProduction."""
    if environment is Environment.PRODUCTION:
        raise RefusedInProduction(rule="keys in a software file")


def refuse_well_known_keys(environment: Environment, store: KeyStore) -> None:
    """Whatever the back end, no master may be a published key. Raises RefusedInProduction."""
    if environment is not Environment.PRODUCTION:
        return
    known = {key_check_value(key) for key in _WELL_KNOWN_KEYS}
    for key in store.descriptions():
        if key.purpose in _MASTERS and store.check_value(key) in known:
            raise RefusedInProduction(rule=f"a well-known key serves as {key.purpose}")
