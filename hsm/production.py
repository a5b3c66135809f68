# SPDX-License-Identifier: Apache-2.0
"""What production refuses: software keys, keys that others know, tokens that nobody validated, an environment we can't name."""

from enum import StrEnum

from cardservice.keys import Purpose
from hsm.block_cipher import key_check_value
from hsm.errors import (
    EnvironmentUnknown,
    KeysIncomplete,
    OpenTokenFolder,
    SoftwareKeys,
    TransportMaster,
    UnvalidatedToken,
    WellKnownKey,
)
from hsm.key_plan import MASTERS
from hsm.key_store import KeyStore
from hsm.protected_file import OTHERS

# Chip suppliers' published test keys, as AES-128, AES-192 and AES-256.
_WELL_KNOWN_KEYS = (
    bytes(range(0x40, 0x50)),
    bytes(range(0x40, 0x58)),
    bytes(range(0x40, 0x60)),
    bytes(range(0x40, 0x50)) * 2,
    *(bytes(length) for length in (16, 24, 32)),
)


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
    """Software keys are for development. Raises SoftwareKeys."""
    if environment is Environment.PRODUCTION:
        raise SoftwareKeys(rule="keys in a software file")


def refuse_unfit_store(environment: Environment, store: KeyStore, *, accepts_unvalidated: bool) -> None:
    """All that is asked of opened keys before they serve. Raises KeysIncomplete or RefusedInProduction."""
    if not store.descriptions() or not store.ca_certificate:
        raise KeysIncomplete(rule="keys, and the certificate of the card CA")
    if environment is Environment.PRODUCTION:
        refuse_known_masters(store)
        refuse_unvalidated(store, accepted=accepts_unvalidated)


def refuse_known_masters(store: KeyStore) -> None:
    """Whatever the back end, no master may be a published key, and none of ours a supplier's. Raises WellKnownKey or TransportMaster."""
    known = {key_check_value(key) for key in _WELL_KNOWN_KEYS}
    masters = {key: store.check_value(key) for key in store.descriptions() if key.purpose in MASTERS}
    for key, value in masters.items():
        if value in known:
            raise WellKnownKey(rule=f"a well-known key serves as {key.purpose}")
    transport = {value for key, value in masters.items() if key.purpose is Purpose.TRANSPORT}
    for key, value in masters.items():
        if key.purpose is not Purpose.TRANSPORT and value in transport:
            raise TransportMaster(rule=f"the transport key serves as {key.purpose} {key.version}")


def refuse_unvalidated(store: KeyStore, *, accepted: bool) -> None:
    """A token in software is no HSM: somebody must have said that they know, and its folder is theirs alone. Raises UnvalidatedToken or OpenTokenFolder."""
    for unvalidated in store.unvalidated():
        if not accepted:
            raise UnvalidatedToken(
                rule=f"{unvalidated.product}: not validated, and --accept-unvalidated-token is not given"
            )
        if unvalidated.folder is not None and unvalidated.folder.stat().st_mode & OTHERS:
            raise OpenTokenFolder(path=str(unvalidated.folder), rule="closed to group and world (mode 0700)")
