# SPDX-License-Identifier: Apache-2.0
"""What production refuses: software keys, keys that others know, tokens that nobody validated, an environment we can't name."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from cardservice.keys import Purpose
from hsm.algorithms.block_cipher import key_check_value
from hsm.errors import (
    EnvironmentUnknown,
    IssuerUnnamed,
    KeysIncomplete,
    OpenTokenFolder,
    SoftwareKeys,
    TransportMaster,
    UnvalidatedToken,
    WellKnownKey,
)
from hsm.keys.key_plan import MASTERS
from hsm.keys.key_store import KeyStore, Unvalidated
from hsm.keys.key_uri import KeyUri, TokenUri
from hsm.machine.protected_file import OTHERS
from hsm.machine.trusted_path import refuse_replaceable
from hsm.stores.ceremony_mark import refuse_marked

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


def refuse_unnamed_issuer(environment: Environment, issuer: str) -> None:
    """In production somebody must have said whose eligibility tokens are signed here. Raises IssuerUnnamed."""
    if environment is Environment.PRODUCTION and not issuer:
        raise IssuerUnnamed(rule="KARTU_ISSUER is the iss of the eligibility tokens")


def refuse_replaceable_places(environment: Environment, uris: Iterable[KeyUri], others: Iterable[Path] = ()) -> None:
    """In production nobody else may put something in the place of a token's module, of its PIN, or of ``others``. Raises ReplaceablePath."""
    if environment is not Environment.PRODUCTION:
        return
    for uri in uris:
        if isinstance(uri, TokenUri):
            refuse_replaceable(uri.module_path)
        if uri.pin_source.path is not None:
            refuse_replaceable(uri.pin_source.path)
    for path in others:
        refuse_replaceable(path)


def refuse_unfit_store(environment: Environment, store: KeyStore, *, accepts_unvalidated: bool) -> None:
    """All that is asked of opened keys before they serve. Raises CeremonyUnfinished, KeysIncomplete or RefusedInProduction."""
    refuse_marked(store.records())
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
    """A token in software is no HSM: somebody must have said that they know, and its folder and settings are theirs alone.

    Raises UnvalidatedToken, OpenTokenFolder or ReplaceablePath.
    """
    for unvalidated in store.unvalidated():
        if not accepted:
            raise UnvalidatedToken(
                rule=f"{unvalidated.product}: not validated, and --accept-unvalidated-token is not given"
            )
        if unvalidated.keeps_files:
            _refuse_open_folder(unvalidated)
        for path in filter(None, (unvalidated.folder, unvalidated.settings)):
            refuse_replaceable(path)


def _refuse_open_folder(token: Unvalidated) -> None:
    """Raise OpenTokenFolder unless the folder of its files is known and closed."""
    if token.folder is None:
        raise OpenTokenFolder(path=str(token.settings), rule="says where the tokens lie (directories.tokendir)")
    try:
        is_open = token.folder.stat().st_mode & OTHERS
    except OSError as error:
        raise OpenTokenFolder(path=str(token.folder), rule=error.strerror or "can't be looked at") from None
    if is_open:
        raise OpenTokenFolder(path=str(token.folder), rule="closed to group and world (mode 0700)")
