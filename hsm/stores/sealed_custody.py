# SPDX-License-Identifier: Apache-2.0
"""Custody of the keys in a sealed file: one administrator at a time, and each change replaces the file whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hsm.keys.randomness import Randomness
from hsm.machine.protected_file import locked, read_protected
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.sealed_file import MAX_FILE_LENGTH, replace_sealed, unseal_and_keep
from hsm.stores.software_custody import SoftwareCustody


@contextmanager
def sealed_file_custody(path: Path, passphrase: bytearray, randomness: Randomness) -> Iterator[SoftwareCustody]:
    """Open a sealed file for change. Raises CustodyBusy and what ``open_sealed`` raises. A running key process keeps the keys it has read."""
    with locked(path):
        content, sealing = unseal_and_keep(read_protected(path, MAX_FILE_LENGTH), passphrase)

        def save(bundle: KeyBundle) -> None:
            replace_sealed(path, bundle.encode(), sealing, randomness)

        yield SoftwareCustody(KeyBundle.decode(content), save, randomness)
