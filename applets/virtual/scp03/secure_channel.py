# SPDX-License-Identifier: Apache-2.0
"""An open secure channel, card side: commands are unwrapped, responses protected (Amendment D, 6.2.4 to 6.2.7)."""

from dataclasses import dataclass, field
from hmac import compare_digest

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.scp03.derivation import BLOCK, cmac, decrypt, encrypt, encrypt_block, pad, unpad
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord, carries_data

C_MAC = 0x01
C_ENC = 0x02
R_MAC = 0x10
R_ENC = 0x20
LEVELS = frozenset({0x00, 0x01, 0x03, 0x11, 0x13, 0x33})
RESPONSE_COUNTER = 0x80  # first byte of the counter block of a response (6.2.7)


@dataclass(frozen=True, slots=True)
class ChannelKeys:
    """The session keys, and the static DEK that lies beside them."""

    s_enc: bytes = field(repr=False)
    s_mac: bytes = field(repr=False)
    s_rmac: bytes = field(repr=False)
    dek: bytes = field(repr=False)


class SecureChannel:
    """Channel state after EXTERNAL AUTHENTICATE. ``unwrap`` raises Refused(6982); whoever holds the channel then drops it for good."""

    def __init__(self, keys: ChannelKeys, *, level: int, mac_length: int, chaining_value: bytes, holder: bytes) -> None:
        self.level = level
        self.holder = holder  # whose key set opened it
        self._keys = keys
        self._mac_length = mac_length
        self._chaining_value = chaining_value
        self._counter = 0

    @property
    def dek(self) -> bytes:
        """The static data encryption key of the set that opened the channel."""
        return self._keys.dek

    def unwrap(self, frame: Frame) -> bytes:
        """The plain data field of a protected command. Raises Refused(6982) for a plain one, a wrong MAC or wrong cipher text."""
        if not frame.secure or not self.level & C_MAC:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if self.level & C_ENC:
            self._counter += 1  # for every command, also without data (6.2.6)
        data = self._check_mac(frame)
        if not self.level & C_ENC or not data:
            return data
        if len(data) % BLOCK:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        plain = unpad(decrypt(self._keys.s_enc, self._initial_chaining_value(0x00), data))
        if plain is None:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        return plain

    def protect(self, response: ResponseApdu) -> ResponseApdu:
        """The response as it goes out: R-ENC, then R-MAC, on 9000 and warnings; errors go bare (6.2.5)."""
        if not carries_data(response.sw):
            return ResponseApdu(b"", response.sw)
        data = response.data
        if self.level & R_ENC and data:
            data = encrypt(self._keys.s_enc, self._initial_chaining_value(RESPONSE_COUNTER), pad(data))
        if self.level & R_MAC:
            covered = self._chaining_value + data + response.sw.to_bytes(2, "big")
            data += cmac(self._keys.s_rmac, covered)[: self._mac_length]
        return ResponseApdu(data, response.sw)

    def _check_mac(self, frame: Frame) -> bytes:
        field_length = len(frame.data) - self._mac_length
        if field_length < 0:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        data, received = frame.data[:field_length], frame.data[field_length:]
        expected = cmac(self._keys.s_mac, self._chaining_value + mac_header(frame) + data)
        if not compare_digest(expected[: self._mac_length], received):
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        self._chaining_value = expected
        return data

    def _initial_chaining_value(self, first: int) -> bytes:
        return encrypt_block(self._keys.s_enc, bytes([first]) + self._counter.to_bytes(BLOCK - 1, "big"))


def mac_header(frame: Frame) -> bytes:
    """What the C-MAC covers before the data: the header with logical channel 0, and Lc in the form that was sent (6.2.4)."""
    length = len(frame.data)
    lc = b"\x00" + length.to_bytes(2, "big") if frame.extended else bytes([length])
    return bytes([frame.cla & 0xFC, frame.ins, frame.p1, frame.p2]) + lc
