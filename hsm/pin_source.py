# SPDX-License-Identifier: Apache-2.0
"""The secret that opens a place of keys, from where its URI says: a file of mode 0600 or an inherited descriptor."""

from contextlib import AbstractContextManager

from hsm.key_uri import PinSource
from hsm.passphrase import passphrase_from_descriptor, passphrase_from_file


def secret_of(source: PinSource) -> AbstractContextManager[bytearray]:
    """A PIN or passphrase for as long as it is needed, then zeros. Raises PassphraseUnusable."""
    if source.path is not None:
        return passphrase_from_file(source.path)
    assert source.descriptor is not None
    return passphrase_from_descriptor(source.descriptor)
