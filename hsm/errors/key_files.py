# SPDX-License-Identifier: Apache-2.0
"""A sealed key file that is not put to work, or was not written."""

from hsm.errors.root import HsmError


class KeyFileError(HsmError):
    """The root of what can be wrong with a key file."""

    code = "hsm-key-file"


class KeyFileMissing(KeyFileError):
    """No key file at that path; evidence: path."""

    code = "hsm-key-file-missing"


class KeyFileExists(KeyFileError):
    """There is a file at that path, and keys are never overwritten; evidence: path."""

    code = "hsm-key-file-exists"


class KeyFileUnprotected(KeyFileError):
    """Mode, owner or kind of the file let others at it; evidence: path, rule."""

    code = "hsm-key-file-unprotected"


class KeyFileDamaged(KeyFileError):
    """Not a key file, or no longer the one that was written; evidence: rule."""

    code = "hsm-key-file-damaged"


class WrongPassphrase(KeyFileError):
    """The key file is whole and the passphrase does not open it."""

    code = "hsm-passphrase-wrong"


class KeyFileUnwritable(KeyFileError):
    """The new file could not be written whole, and the one before stands; evidence: path, rule."""

    code = "hsm-key-file-unwritable"
