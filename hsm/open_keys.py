# SPDX-License-Identifier: Apache-2.0
"""Opening the keys wherever they lie: for work (``open_store``) or for an administrator (``open_custody``).

store = open_store(key_places(setting))
with open_custody(key_places(setting)) as custody: ...
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hsm.divided_custody import DividedCustody
from hsm.divided_store import DividedStore
from hsm.errors import BackEndAbsent
from hsm.key_bundle import KeyBundle
from hsm.key_custody import KeyCustody
from hsm.key_places import KeyPlaces
from hsm.key_store import KeyStore
from hsm.key_uri import FileUri, KeyUri
from hsm.pin_source import secret_of
from hsm.sealed_custody import sealed_file_custody
from hsm.sealed_file import Randomness, open_sealed
from hsm.software_store import SoftwareStore


def open_store(places: KeyPlaces, *, randomness: Randomness = os.urandom) -> KeyStore:
    """The keys, ready for work. Raises what is wrong with a place, its secret or its keys, and BackEndAbsent."""
    stores = {uri: _store_at(uri, randomness) for uri in places.all()}
    if len(stores) == 1:
        return stores[places.elsewhere]
    return DividedStore(stores[places.elsewhere], {purpose: stores[uri] for purpose, uri in places.by_purpose.items()})


@contextmanager
def open_custody(places: KeyPlaces, *, randomness: Randomness = os.urandom) -> Iterator[KeyCustody]:
    """The keys, open for change by one administrator. Raises as ``open_store``, and CustodyBusy."""
    with ExitStack() as stack:
        opened = {uri: stack.enter_context(_custody_at(uri, randomness)) for uri in places.all()}
        if len(opened) == 1:
            yield opened[places.elsewhere]
            return
        own = {purpose: opened[uri] for purpose, uri in places.by_purpose.items()}
        yield DividedCustody(opened[places.elsewhere], own)


def _store_at(uri: KeyUri, randomness: Randomness) -> KeyStore:
    if isinstance(uri, FileUri):
        with secret_of(uri.pin_source) as secret:
            return SoftwareStore(KeyBundle.decode(open_sealed(uri.path, secret)), randomness)
    raise BackEndAbsent(part="hsm.pkcs11")


@contextmanager
def _custody_at(uri: KeyUri, randomness: Randomness) -> Iterator[KeyCustody]:
    if isinstance(uri, FileUri):
        with secret_of(uri.pin_source) as secret, sealed_file_custody(uri.path, secret, randomness) as custody:
            yield custody
        return
    raise BackEndAbsent(part="hsm.pkcs11")
