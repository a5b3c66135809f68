# SPDX-License-Identifier: Apache-2.0
"""The card's side of secure messaging, written out naively from Amendment D, 6.2: the oracle for the host's kept contexts."""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.keys import SessionKeys
from tests.card_edge.static_card_keys import cmac


class PlainCard:
    """Takes protected commands apart and protects responses; asserts where a command is not what Amendment D says."""

    def __init__(self, keys: SessionKeys, level: int) -> None:
        self.keys = keys
        self.level = level
        self.mac_length = len(keys.host_cryptogram)
        self.mac_chaining_value = bytes(16)
        self.counter = 0

    def check_mac(self, command: CommandApdu) -> bytes:
        data, mac = command.data[: -self.mac_length], command.data[-self.mac_length :]
        length = len(command.data)
        lc = b"\x00" + length.to_bytes(2, "big") if command.extended else bytes([length])
        covered = bytes([command.cla & 0xFC, command.ins, command.p1, command.p2]) + lc + data
        self.mac_chaining_value = cmac(self.keys.s_mac, self.mac_chaining_value + covered)
        assert mac == self.mac_chaining_value[: self.mac_length]
        return data

    def unwrap(self, command: CommandApdu) -> bytes:
        if not self.level & 0x01:
            return command.data
        data = self.check_mac(command)
        if not self.level & 0x02:
            return data
        self.counter += 1
        if not data:
            return b""
        decryptor = Cipher(algorithms.AES(self.keys.s_enc), modes.CBC(self._iv(0x00))).decryptor()
        padded = decryptor.update(data) + decryptor.finalize()
        plain = padded.rstrip(b"\x00")
        assert plain.endswith(b"\x80")
        return plain[:-1]

    def protect(self, data: bytes, sw: int) -> ResponseApdu:
        if self.level & 0x20 and data:
            padded = data + b"\x80"
            padded += bytes(-len(padded) % 16)
            encryptor = Cipher(algorithms.AES(self.keys.s_enc), modes.CBC(self._iv(0x80))).encryptor()
            data = encryptor.update(padded) + encryptor.finalize()
        if self.level & 0x10:
            mac = cmac(self.keys.s_rmac, self.mac_chaining_value + data + sw.to_bytes(2, "big"))
            data += mac[: self.mac_length]
        return ResponseApdu(data, sw)

    def _iv(self, first: int) -> bytes:
        block = bytes([first]) + self.counter.to_bytes(15, "big")
        encryptor = Cipher(algorithms.AES(self.keys.s_enc), modes.ECB()).encryptor()  # noqa: S305 - one block, as 6.2.6 says
        return encryptor.update(block) + encryptor.finalize()
