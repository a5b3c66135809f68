# SPDX-License-Identifier: Apache-2.0
"""A CardKeys for tests: static keys in memory and the SP 800-108 KDF of Amendment D, 4.1.5, written out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from cardservice.keys import KeySet, SessionKeys, SessionRequest, WrappedKey


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """ENC, MAC and DEK of one set."""

    enc: bytes = field(repr=False)
    mac: bytes = field(repr=False)
    dek: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaticCardKeys:
    """Answers as the hsm would, from keys that the test gives."""

    sets: Mapping[KeySet, StaticKeys]

    def session_keys(self, requests: Sequence[SessionRequest]) -> list[SessionKeys]:
        return [self._session(request) for request in requests]

    def wrapped_key_set(self, new: KeySet, under: KeySet) -> tuple[WrappedKey, WrappedKey, WrappedKey]:
        keys, dek = self.sets[new], self.sets[under].dek
        return wrap(keys.enc, dek), wrap(keys.mac, dek), wrap(keys.dek, dek)

    def wrapped_key_set_each(
        self, pairs: Sequence[tuple[KeySet, KeySet]]
    ) -> list[tuple[WrappedKey, WrappedKey, WrappedKey]]:
        return [self.wrapped_key_set(new, under) for new, under in pairs]

    def current_versions(self, sectors: Sequence[int]) -> dict[int, int]:
        return {
            sector: max(key_set.key_version_number for key_set in self.sets if key_set.sector == sector)
            for sector in sectors
        }

    def _session(self, request: SessionRequest) -> SessionKeys:
        keys = self.sets[request.key_set]
        cryptogram_bits = 8 * len(request.host_challenge)
        card_challenge = request.card_challenge
        if card_challenge is None:
            assert request.sequence_counter is not None
            context = request.sequence_counter.to_bytes(3, "big") + request.aid
            card_challenge = kdf(keys.enc, 0x02, context, cryptogram_bits)
        context = request.host_challenge + card_challenge
        bits = 8 * len(keys.enc)
        s_mac = kdf(keys.mac, 0x06, context, bits)
        return SessionKeys(
            kdf(keys.enc, 0x04, context, bits),
            s_mac,
            kdf(keys.mac, 0x07, context, bits),
            card_challenge,
            kdf(s_mac, 0x00, context, cryptogram_bits),
            kdf(s_mac, 0x01, context, cryptogram_bits),
        )


def cmac(key: bytes, message: bytes) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(message)
    return mac.finalize()


def kdf(key: bytes, constant: int, context: bytes, bits: int) -> bytes:
    label = bytes(11) + bytes([constant, 0x00]) + bits.to_bytes(2, "big")
    output = b"".join(cmac(key, label + bytes([block]) + context) for block in range(1, -(-bits // 128) + 1))
    return output[: bits // 8]


def kcv(key: bytes) -> bytes:
    # AES-CBC of one block with a zero IV is AES-ECB of that block.
    return aes_cbc(key, b"\x01" * 16)[:3]


def wrap(key: bytes, dek: bytes) -> WrappedKey:
    return WrappedKey(len(key), aes_cbc(dek, key.ljust(-(-len(key) // 16) * 16, b"\x00")), kcv(key))


def aes_cbc(key: bytes, data: bytes, iv: bytes = bytes(16)) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()
