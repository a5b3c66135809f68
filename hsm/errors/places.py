# SPDX-License-Identifier: Apache-2.0
"""Places of keys, and what opens them: URIs, files of places, passphrases (docs/key-places.md)."""

from hsm.errors.root import HsmError


class KeyUriRefused(HsmError):
    """A URI that can't be read, or says what it must not; evidence: rule."""

    code = "hsm-key-uri-refused"


class KeyPlacesRefused(HsmError):
    """A file of places that can't be read; evidence: path, rule."""

    code = "hsm-key-places-refused"


class KeyMisplaced(HsmError):
    """A key in another place than its purpose's; evidence: purpose, version."""

    code = "hsm-key-misplaced"


class BackEndAbsent(HsmError):
    """The optional part that opens such a place is not installed; evidence: part."""

    code = "hsm-back-end-absent"


class PassphraseUnusable(HsmError):
    """The passphrase can't be read, is empty, or lies open; evidence: source, rule."""

    code = "hsm-passphrase-unusable"
