# SPDX-License-Identifier: Apache-2.0
"""Where the passphrase comes from: a file of mode 0600 or an inherited descriptor. Never argv, never the environment."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from hsm.errors import KeyFileError, PassphraseUnusable
from hsm.keys.key_identifier import unpadded_base64url
from hsm.keys.randomness import Randomness
from hsm.machine.protected_file import create_protected, read_secret
from hsm.machine.wiping import wiped

MAX_LENGTH = 4096
MIN_LENGTH = 8
NEW_PASSPHRASE_OCTETS = 32
_ALL_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


@contextmanager
def passphrase_from_file(path: Path) -> Iterator[bytearray]:
    """The passphrase for as long as it is needed, then zeros. Raises PassphraseUnusable."""
    try:
        content = read_secret(path, MAX_LENGTH)
    except KeyFileError as error:
        raise PassphraseUnusable(source=str(path), rule=str(error.evidence.get("rule", "not there"))) from None
    with _usable(content, str(path)) as passphrase:
        yield passphrase


@contextmanager
def passphrase_from_descriptor(descriptor: int) -> Iterator[bytearray]:
    """The same from an inherited descriptor, which is read to its end and closed. A file or memory is read from its begin."""
    source = f"descriptor {descriptor}"
    try:
        with os.fdopen(descriptor, "rb", buffering=0) as file, wiped(bytearray(MAX_LENGTH)) as room:
            # Those who share a descriptor share its offset, so it is not used where there is one.
            read = os.preadv(descriptor, [room], 0) if file.seekable() else _read_to_its_end(file, room)
            # A new one as long as it is: a buffer that shrinks may be moved, and leaves a copy.
            content = bytearray(memoryview(room)[:read])
    except OSError as error:
        raise PassphraseUnusable(source=source, rule=error.strerror or "not readable") from None
    with _usable(content, source) as passphrase:
        yield passphrase


def keep_passphrase(descriptor: int) -> int:
    """A descriptor of sealed memory with what ``descriptor`` gave, which is read to its end and closed; each worker has its own copy.

    An inherited descriptor can be read once, and a worker that is started again needs the passphrase again. Memory that belongs to a
    descriptor (memfd_create(2)) is no file and no environment, and nobody can write to it once it is sealed.
    """
    kept = os.memfd_create("kartu-passphrase", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with passphrase_from_descriptor(descriptor) as passphrase:
        os.write(kept, passphrase)
    fcntl.fcntl(kept, fcntl.F_ADD_SEALS, _ALL_SEALS)
    return kept


def create_passphrase_file(path: Path, randomness: Randomness) -> None:
    """A new random passphrase, mode 0600. Raises KeyFileExists."""
    create_protected(path, unpadded_base64url(randomness(NEW_PASSPHRASE_OCTETS)).encode() + b"\n")


def _read_to_its_end(file: FileIO, room: bytearray) -> int:
    """How much came, at most what there is room for."""
    read = 0
    while more := file.readinto(memoryview(room)[read:]):
        read += more
    return read


@contextmanager
def _usable(content: bytearray, source: str) -> Iterator[bytearray]:
    try:
        while content and content[-1] in b"\r\n":
            content.pop()
        if len(content) < MIN_LENGTH:
            raise PassphraseUnusable(source=source, rule=f"shorter than {MIN_LENGTH} bytes")
        yield content
    finally:
        content[:] = bytes(len(content))
