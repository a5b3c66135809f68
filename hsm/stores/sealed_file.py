# SPDX-License-Identifier: Apache-2.0
"""The sealed key file: AES-256-GCM under a key that Argon2id (RFC 9106) makes of a passphrase; the header is authenticated too.

| offset | field |
|---|---|
| 0 | ``KARTUKEY`` |
| 8 | format 01 |
| 9 | memory in KiB (4), iterations (4), lanes (4): Argon2id's parameters |
| 21 | salt (16) |
| 37 | passphrase check (16): second part of Argon2id's output |
| 53 | nonce (12) |
| 65 | first 8 bytes of SHA-256 over everything before |
| 73 | ciphertext and tag (16), the 73 bytes before as associated data |

The digest and the passphrase check tell a damaged file from a wrong passphrase. The check helps nobody who guesses: the tag
tells them as much.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hsm.errors import KeyFileDamaged, KeyFileUnwritable, WrongPassphrase
from hsm.keys.randomness import Randomness
from hsm.machine.protected_file import create_protected, read_protected, replace_protected

MAGIC = b"KARTUKEY"
FORMAT = 0x01
_HEAD = struct.Struct(">8sBIII16s16s12s")
_DIGEST_LENGTH = 8
HEADER_LENGTH = _HEAD.size + _DIGEST_LENGTH
TAG_LENGTH = 16
MAX_FILE_LENGTH = 0x10_0000  # 1 MiB: some thousands of keys


@dataclass(frozen=True, slots=True)
class Argon2Parameters:
    """Argon2id's cost. The default is RFC 9106's second recommended option: 64 MiB, 3 passes, 4 lanes."""

    memory_kib: int = 64 * 1024
    iterations: int = 3
    lanes: int = 4

    def is_sane(self) -> bool:
        """Neither below OWASP's least (19 MiB, 2 passes), nor so much that reading a file would hang the machine."""
        return 19 * 1024 <= self.memory_kib <= 1024 * 1024 and 2 <= self.iterations <= 64 and 1 <= self.lanes <= 16


@dataclass(frozen=True, slots=True)
class SealingKey:
    """What a passphrase was stretched to, with the salt and cost that made it: seals a file again without the passphrase."""

    parameters: Argon2Parameters
    salt: bytes
    key: bytes = field(repr=False)
    check: bytes = field(repr=False)


def create_sealed(
    path: Path,
    content: bytes,
    passphrase: bytes | bytearray,
    randomness: Randomness,
    parameters: Argon2Parameters = Argon2Parameters(),
) -> None:
    """Seal ``content`` into a new file, mode 0600. Raises KeyFileExists or KeyFileUnwritable."""
    create_protected(path, _short_enough(path, seal(content, passphrase, randomness, parameters)))


def open_sealed(path: Path, passphrase: bytes | bytearray) -> bytes:
    """The content of a sealed file. Raises KeyFileMissing, KeyFileUnprotected, KeyFileDamaged or WrongPassphrase."""
    return unseal(read_protected(path, MAX_FILE_LENGTH), passphrase)


def replace_sealed(path: Path, content: bytes, sealing: SealingKey, randomness: Randomness) -> None:
    """Put the content in place of a sealed file's, whole or not at all. Raises KeyFileUnwritable."""
    replace_protected(path, _short_enough(path, seal_under(sealing, content, randomness(12))))


def seal(content: bytes, passphrase: bytes | bytearray, randomness: Randomness, parameters: Argon2Parameters) -> bytes:
    """The bytes of a sealed file."""
    salt = randomness(16)
    return seal_under(SealingKey(parameters, salt, *_stretch(passphrase, salt, parameters)), content, randomness(12))


def seal_under(sealing: SealingKey, content: bytes, nonce: bytes) -> bytes:
    """The bytes of a file sealed under a key that is stretched already; ``nonce``: 12 fresh random bytes."""
    cost = sealing.parameters
    head = _HEAD.pack(MAGIC, FORMAT, cost.memory_kib, cost.iterations, cost.lanes, sealing.salt, sealing.check, nonce)
    header = head + _digest(head)
    return header + AESGCM(sealing.key).encrypt(nonce, content, header)


def unseal(file: bytes, passphrase: bytes | bytearray) -> bytes:
    """The content of a file's bytes."""
    return unseal_and_keep(file, passphrase)[0]


def unseal_and_keep(file: bytes, passphrase: bytes | bytearray) -> tuple[bytes, SealingKey]:
    """The content, and what seals it again under the same passphrase."""
    header, body = file[:HEADER_LENGTH], file[HEADER_LENGTH:]
    if len(body) < TAG_LENGTH:
        raise KeyFileDamaged(rule="too short")
    head, digest = header[: _HEAD.size], header[_HEAD.size :]
    magic, format_number, memory_kib, iterations, lanes, salt, check, nonce = _HEAD.unpack(head)
    if magic != MAGIC:
        raise KeyFileDamaged(rule="not a key file")
    if not hmac.compare_digest(digest, _digest(head)):
        raise KeyFileDamaged(rule="header digest")
    if format_number != FORMAT:
        raise KeyFileDamaged(rule=f"format {format_number} is not known")
    parameters = Argon2Parameters(memory_kib, iterations, lanes)
    if not parameters.is_sane():
        raise KeyFileDamaged(rule="Argon2id parameters out of bounds")
    key, expected_check = _stretch(passphrase, salt, parameters)
    if not hmac.compare_digest(check, expected_check):
        raise WrongPassphrase
    try:
        return AESGCM(key).decrypt(nonce, body, header), SealingKey(parameters, salt, key, check)
    except InvalidTag:
        raise KeyFileDamaged(rule="authentication tag") from None


def _short_enough(path: Path, file: bytes) -> bytes:
    """The file, which can be read again: a longer one would take the place of one that can. Raises KeyFileUnwritable."""
    if len(file) > MAX_FILE_LENGTH:
        raise KeyFileUnwritable(path=str(path), rule=f"a key file has at most {MAX_FILE_LENGTH} bytes")
    return file


def _stretch(passphrase: bytes | bytearray, salt: bytes, parameters: Argon2Parameters) -> tuple[bytes, bytes]:
    stretched = Argon2id(
        salt=salt,
        length=48,
        iterations=parameters.iterations,
        lanes=parameters.lanes,
        memory_cost=parameters.memory_kib,
    ).derive(passphrase)  # type: ignore[arg-type] # any buffer is taken; a copy as bytes could not be wiped
    return stretched[:32], stretched[32:]


def _digest(head: bytes) -> bytes:
    return hashlib.sha256(head).digest()[:_DIGEST_LENGTH]
