# SPDX-License-Identifier: Apache-2.0
"""PUT KEY for AES key sets (GlobalPlatform 11.8, key data field of Amendment D, 7.2)."""

from collections.abc import Sequence
from hmac import compare_digest

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import UnexpectedResponse, UnwritableContent
from cardservice.keys import WrappedKey

AES = 0x88
ADD = 0x00  # P1: a new key set, none replaced
FIRST_KEY = 0x01  # ENC; MAC and DEK follow as 02 and 03
SEVERAL = 0x80  # P2: more than one key in this command
MAX_KEY_VERSION_NUMBER = 0x7F


def put_key(
    key_version_number: int, keys: Sequence[WrappedKey], *, replaces: int = ADD, first_key: int = FIRST_KEY
) -> CommandApdu:
    """Add a key set, or replace the one of version ``replaces``; all keys or none.

    Three AES-256 keys make 118 bytes; a command that does not fit its channel goes through ``segmented`` after protection.
    """
    data = key_set_data(key_version_number, keys)
    return CommandApdu(0x80, 0xD8, replaces, first_key | (SEVERAL if len(keys) > 1 else 0), data, SHORT_LE_MAX)


def key_set_data(key_version_number: int, keys: Sequence[WrappedKey]) -> bytes:
    """The data field: the new version number, then each key. Raises UnwritableContent for a version that no key set has."""
    if not 1 <= key_version_number <= MAX_KEY_VERSION_NUMBER:
        raise UnwritableContent(step="PUT KEY", rule="a new key version number is 01 to 7F")
    return bytes([key_version_number]) + b"".join(map(key_data, keys))


def key_data(key: WrappedKey) -> bytes:
    """One key: ``88 | length + 1 | true key length | cipher text | 03 | KCV``.

    The inner length byte says how much of the cipher text is key: a 24-byte key fills 32. Hosts that leave it out exist; we are none.
    """
    content = bytes([key.length]) + key.ciphertext
    return bytes([AES, len(content)]) + content + bytes([len(key.kcv)]) + key.kcv


def check_put_key_answer(data: bytes, key_version_number: int, keys: Sequence[WrappedKey]) -> None:
    """Compare the answer ``version | KCV..`` with what was sent. Raises UnexpectedResponse: the card holds other keys than we believe."""
    expected = bytes([key_version_number]) + b"".join(key.kcv for key in keys)
    if not compare_digest(data, expected):
        raise UnexpectedResponse(step="PUT KEY", rule="version and key check values as sent")
