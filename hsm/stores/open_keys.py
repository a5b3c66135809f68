# SPDX-License-Identifier: Apache-2.0
"""Opening the keys wherever they lie: for work (``open_store``) or for an administrator (``open_custody``).

store = open_store(key_places(setting))
with open_custody(key_places(setting)) as custody: ...
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from cardservice import clock
from hsm.keys.key_custody import KeyCustody
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_store import KeyStore
from hsm.keys.key_uri import FileUri, KeyUri
from hsm.keys.pin_source import secret_of
from hsm.keys.randomness import Randomness
from hsm.stores.divided_custody import DividedCustody
from hsm.stores.divided_store import DividedStore
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.optional_parts import token_back_end
from hsm.stores.sealed_custody import sealed_file_custody
from hsm.stores.sealed_file import open_sealed
from hsm.stores.software_store import SoftwareStore


def open_store(
    places: KeyPlaces, *, randomness: Randomness = os.urandom, monotonic: Callable[[], float] = clock.monotonic
) -> KeyStore:
    """The keys, ready for work in this thread. Raises what is wrong with a place, its secret or its keys, and BackEndAbsent."""
    stores = {uri: _store_at(uri, randomness, monotonic) for uri in places.all()}
    if len(stores) == 1:
        return stores[places.elsewhere]
    return DividedStore(stores[places.elsewhere], {purpose: stores[uri] for purpose, uri in places.by_purpose.items()})


@contextmanager
def open_custody(
    places: KeyPlaces, *, randomness: Randomness = os.urandom, monotonic: Callable[[], float] = clock.monotonic
) -> Iterator[KeyCustody]:
    """The keys, open for change by one administrator. Raises as ``open_store``, and CustodyBusy."""
    with ExitStack() as stack:
        opened = {uri: stack.enter_context(_custody_at(uri, randomness, monotonic)) for uri in places.all()}
        if len(opened) == 1:
            yield opened[places.elsewhere]
            return
        own = {purpose: opened[uri] for purpose, uri in places.by_purpose.items()}
        yield DividedCustody(opened[places.elsewhere], own)


def _store_at(uri: KeyUri, randomness: Randomness, monotonic: Callable[[], float]) -> KeyStore:
    if isinstance(uri, FileUri):
        with secret_of(uri.pin_source) as secret:
            return SoftwareStore(KeyBundle.decode(open_sealed(uri.path, secret)), randomness)
    tokens = token_back_end()
    return tokens.open_token_store(uri, randomness=randomness, monotonic=monotonic)


@contextmanager
def _custody_at(uri: KeyUri, randomness: Randomness, monotonic: Callable[[], float]) -> Iterator[KeyCustody]:
    if isinstance(uri, FileUri):
        with secret_of(uri.pin_source) as secret, sealed_file_custody(uri.path, secret, randomness) as custody:
            yield custody
        return
    with token_back_end().open_token_custody(uri, randomness=randomness, monotonic=monotonic) as custody:
        yield custody
