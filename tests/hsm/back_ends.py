# SPDX-License-Identifier: Apache-2.0
"""The back ends that the contract suites run on: each opens for custody, and opens again to see what was kept."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from hsm.keys.key_custody import KeyCustody
from hsm.keys.key_store import KeyStore
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.sealed_custody import sealed_file_custody
from hsm.stores.sealed_file import Argon2Parameters, create_sealed, open_sealed
from hsm.stores.software_store import SoftwareStore

CHEAP = Argon2Parameters(memory_kib=19 * 1024, iterations=2, lanes=1)


class BackEnd(Protocol):
    """Somewhere keys lie."""

    def custody(self) -> AbstractContextManager[KeyCustody]: ...

    def store(self) -> KeyStore: ...


class SealedFile:
    """A sealed file in a folder of its own, empty at first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        create_sealed(path, KeyBundle().encode(), b"a passphrase", os.urandom, CHEAP)

    @contextmanager
    def custody(self) -> Iterator[KeyCustody]:
        with sealed_file_custody(self.path, bytearray(b"a passphrase"), os.urandom) as custody:
            yield custody

    def store(self) -> KeyStore:
        return SoftwareStore(KeyBundle.decode(open_sealed(self.path, b"a passphrase")), os.urandom)
