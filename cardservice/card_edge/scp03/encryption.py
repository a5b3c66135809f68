# SPDX-License-Identifier: Apache-2.0
"""C-ENC and R-ENC under one S-ENC key (Amendment D, 6.2.6 and 6.2.7): AES-CBC with an IV encrypted from a counter."""

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from cardservice.card_edge.errors import SecureMessagingBroken

BLOCK = 16
RESPONSE_BIT = 0x80 << 120  # 6.2.7: the most significant byte of a response's counter block is 80


class Encryption:
    """Encrypts command data and decrypts response data.

    One CBC context per direction, made at its first use, lives as long as the channel, so the key schedule is computed once. A CBC context chains from the last
    cipher text block that went through it: fed ``counter xor last block`` it puts out AES-ECB(counter), which is the IV of 6.2.6, and it then
    chains from exactly that IV.
    """

    __slots__ = ("_decryptor", "_encryptor", "_last", "_s_enc")

    def __init__(self, s_enc: bytes) -> None:
        self._s_enc = s_enc
        self._encryptor: CipherContext | None = None
        self._decryptor: CipherContext | None = None
        self._last = 0

    def encrypt(self, counter: int, data: bytes) -> bytes:
        """Command data, padded with 80 00.. to whole blocks and encrypted."""
        return self._chain(counter, pad(data))[BLOCK:]

    def decrypt(self, counter: int, data: bytes) -> bytes:
        """Response data to the command with this counter. Raises SecureMessagingBroken for broken blocks or padding."""
        if not data or len(data) % BLOCK:
            raise SecureMessagingBroken(rule="R-ENC needs whole blocks")
        iv = self._chain(counter | RESPONSE_BIT, b"")
        if self._decryptor is None:
            self._decryptor = Cipher(algorithms.AES(self._s_enc), modes.CBC(bytes(BLOCK))).decryptor()
        # The IV goes through as if it were cipher text: its plain text is meaningless and dropped, what follows chains from it.
        return unpad(self._decryptor.update(iv + data)[BLOCK:])

    def _chain(self, counter: int, padded: bytes) -> bytes:
        if self._encryptor is None:
            self._encryptor = Cipher(algorithms.AES(self._s_enc), modes.CBC(bytes(BLOCK))).encryptor()
        encrypted = self._encryptor.update((counter ^ self._last).to_bytes(BLOCK, "big") + padded)
        self._last = int.from_bytes(encrypted[-BLOCK:], "big")
        return encrypted


def pad(data: bytes) -> bytes:
    """ISO/IEC 9797-1 padding method 2: 80, then 00 up to a whole block."""
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK)


def unpad(padded: bytes) -> bytes:
    """Data without padding method 2. Raises SecureMessagingBroken where the last block holds no 80 before its zeros."""
    data = padded.rstrip(b"\x00")
    if not data.endswith(b"\x80") or len(padded) - len(data) >= BLOCK:
        raise SecureMessagingBroken(rule="R-ENC padding")
    return data[:-1]
