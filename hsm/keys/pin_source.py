# SPDX-License-Identifier: Apache-2.0
"""The secret that opens a place of keys, from where its URI says: a file of mode 0600 or an inherited descriptor."""

import os
from contextlib import AbstractContextManager
from dataclasses import replace

from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_uri import KeyUri, PinSource
from hsm.keys.passphrase import keep_passphrase, passphrase_from_descriptor, passphrase_from_file


def secret_of(source: PinSource) -> AbstractContextManager[bytearray]:
    """A PIN or passphrase for as long as it is needed, then zeros. Raises PassphraseUnusable."""
    if source.path is not None:
        return passphrase_from_file(source.path)
    assert source.descriptor is not None
    # A copy is read and closed: of several places that name one descriptor each finds it open.
    return passphrase_from_descriptor(os.dup(source.descriptor))


def with_lasting_secrets(places: KeyPlaces) -> KeyPlaces:
    """The same places, with what inherited descriptors give put aside, so that every worker to come can open them."""
    kept: dict[int, PinSource] = {}

    def lasting(uri: KeyUri) -> KeyUri:
        descriptor = uri.pin_source.descriptor
        if descriptor is None:
            return uri
        if descriptor not in kept:  # it can be read once, and several places may name it
            kept[descriptor] = PinSource(descriptor=keep_passphrase(descriptor))
        return replace(uri, pin_source=kept[descriptor])

    return KeyPlaces(lasting(places.elsewhere), {purpose: lasting(uri) for purpose, uri in places.by_purpose.items()})
