# SPDX-License-Identifier: Apache-2.0
"""An SCP03 secure channel, the host's side (Amendment D, 6.2 and 7.1.2): commands protected, responses opened.

Commands are protected well before any answer arrives. Each ``ProtectedCommand`` therefore keeps the MAC chaining value and the encryption
counter that belong to it, and opens its own response with them.
"""

from dataclasses import dataclass
from functools import cache
from hmac import compare_digest

from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC

from cardservice.card_edge.apdu import EXTENDED_LC_MAX, SHORT_LC_MAX, CommandApdu, ResponseApdu
from cardservice.card_edge.errors import MalformedApdu, SecureChannelAborted, SecureMessagingBroken
from cardservice.card_edge.scp03.encryption import BLOCK, Encryption
from cardservice.card_edge.scp03.parameters import SecurityLevel
from cardservice.card_edge.status_word import carries_data
from cardservice.keys import SessionKeys

SECURE_MESSAGING = 0x04  # CLA, logical channels 0 to 3 (11.1.4.1), also for 00-class commands such as GET DATA
FURTHER_CHANNELS = 0x40  # CLA, logical channels 4 to 19 (11.1.4.2)
FURTHER_SECURE_MESSAGING = 0x20
FIRST_CHAINING_VALUE = bytes(16)


@dataclass(frozen=True, slots=True)
class ChannelOptions:
    """What known cards do otherwise than Amendment D; all off for a card that obeys it.

    ``encrypt_empty``: empty command data is padded and encrypted too (YubiKey). ``count_only_with_data``: the encryption counter stands still
    for commands without data (cards before Amendment D 1.1).
    """

    encrypt_empty: bool = False
    count_only_with_data: bool = False


STANDARD = ChannelOptions()


class ProtectedCommand:
    """One command as sent, with what opening its response takes."""

    __slots__ = ("_channel", "_counter", "command", "mac_chaining_value")

    def __init__(self, channel: "SecureChannel", command: CommandApdu, mac_chaining_value: bytes, counter: int) -> None:
        self._channel = channel
        self._counter = counter
        self.command = command
        self.mac_chaining_value = mac_chaining_value

    def open(self, response: ResponseApdu) -> ResponseApdu:
        """Check and decrypt the response to this command.

        Raises SecureMessagingBroken, once, for a missing or wrong R-MAC, broken cipher text, or an error status with data; the channel is
        gone for good then, and every later use raises SecureChannelAborted.
        """
        return self._channel.open(response, self.mac_chaining_value, self._counter)


class SecureChannel:
    """State of one channel: MAC chaining value, encryption counter, and whether it broke.

    ``max_data`` is the longest command data that still fits one short APDU: 247 bytes at level 01, 239 at 03 (S16: 239 and 223).

    MACs are 8 bytes, in S16 mode 16, which the length of the host cryptogram tells. ``mac_chaining_value`` is another than zeros only where a
    channel was opened by SCP11 (Amendment F), whose receipt takes that place.
    """

    def __init__(
        self,
        keys: SessionKeys,
        level: SecurityLevel,
        *,
        options: ChannelOptions = STANDARD,
        mac_chaining_value: bytes = FIRST_CHAINING_VALUE,
    ) -> None:
        self.level = level
        self.aborted = False
        self._macs_commands, self._macs_responses, self._encrypts_responses = level.c_mac, level.r_mac, level.r_enc
        self._options = options
        self._host_cryptogram = keys.host_cryptogram
        self._mac_length = len(keys.host_cryptogram)
        self.max_data = _max_data(level, self._mac_length)
        self._mac_chaining_value = mac_chaining_value
        self._counter = 0
        self._command_mac = CMAC(algorithms.AES(keys.s_mac))
        self._s_rmac = keys.s_rmac
        self._response_mac: CMAC | None = None  # made when the first response comes: set-up stays short
        self._encryption = Encryption(keys.s_enc) if level.c_enc else None

    def __repr__(self) -> str:
        return f"SecureChannel(level {self.level:02X}{', aborted' if self.aborted else ''})"

    @property
    def mac_chaining_value(self) -> bytes:
        """The whole CMAC of the last command protected."""
        return self._mac_chaining_value

    def external_authenticate(self) -> CommandApdu:
        """EXTERNAL AUTHENTICATE (7.1.2): carries a MAC at every level, is never encrypted, has no R-MAC. It is the channel's first command."""
        data = self._host_cryptogram
        cla = 0x80 | SECURE_MESSAGING
        return CommandApdu(cla, 0x82, self.level, 0x00, data + self._mac(bytes((cla, 0x82, self.level, 0x00)), data))

    def protect(self, command: CommandApdu) -> ProtectedCommand:
        """Encrypt, then MAC (6.2.4, 6.2.6). Le is not covered and stays as it is.

        Raises SecureChannelAborted after a broken response, MalformedApdu for a short command whose data leaves no room for the MAC; a
        command given with extended length fields keeps them, and may be cut by ``chained`` after it was protected.
        """
        if self.aborted:
            raise SecureChannelAborted
        data, extended = command.data, command.extended
        # Refused before anything moves: a command that is never sent must leave no trace in counter and chaining value.
        if len(data) > (EXTENDED_LC_MAX - 2 * BLOCK if extended else self.max_data):
            raise MalformedApdu(rule=f"at most {self.max_data} bytes of data leave room for the MAC in a short APDU")
        if self._encryption is not None:
            # 6.2.6: the counter moves for every command after EXTERNAL AUTHENTICATE, with or without data.
            if data or not self._options.count_only_with_data:
                self._counter += 1
            if data or self._options.encrypt_empty:
                data = self._encryption.encrypt(self._counter, data)
        if self._macs_commands:
            command = self._with_mac(command, data, extended=extended)
        return ProtectedCommand(self, command, self._mac_chaining_value, self._counter)

    def open(self, response: ResponseApdu, mac_chaining_value: bytes, counter: int) -> ResponseApdu:
        """Check and decrypt a response; see ProtectedCommand.open, which knows the chaining value and counter of its command."""
        if self.aborted:
            raise SecureChannelAborted
        if not self._macs_responses:
            return response
        try:
            return self._opened(response, mac_chaining_value, counter)
        except SecureMessagingBroken:
            self.aborted = True
            raise

    def _with_mac(self, command: CommandApdu, data: bytes, *, extended: bool) -> CommandApdu:
        cla = with_secure_messaging(command.cla)
        header = bytes((without_channel(cla), command.ins, command.p1, command.p2))
        protected = data + self._mac(header, data, extended=extended)
        return CommandApdu(cla, command.ins, command.p1, command.p2, protected, command.le, command.extended_fields)

    def _mac(self, header: bytes, data: bytes, *, extended: bool = False) -> bytes:
        # Lc is MACed as it is sent, counting the MAC that is yet to come.
        length = len(data) + self._mac_length
        lc = bytes((0, length >> 8, length & 0xFF)) if extended else bytes((length,))
        mac = self._command_mac.copy()
        mac.update(self._mac_chaining_value + header + lc + data)
        self._mac_chaining_value = mac.finalize()
        return self._mac_chaining_value[: self._mac_length]

    def _opened(self, response: ResponseApdu, mac_chaining_value: bytes, counter: int) -> ResponseApdu:
        if not carries_data(response.sw):
            if response.data:
                raise SecureMessagingBroken(rule="an error status with data", sw=f"{response.sw:04X}")
            return response
        if len(response.data) < self._mac_length:
            raise SecureMessagingBroken(rule="no R-MAC", sw=f"{response.sw:04X}")
        data, given = response.data[: -self._mac_length], response.data[-self._mac_length :]
        if self._response_mac is None:
            self._response_mac = CMAC(algorithms.AES(self._s_rmac))
        mac = self._response_mac.copy()
        mac.update(mac_chaining_value + data + response.sw.to_bytes(2, "big"))
        if not compare_digest(mac.finalize()[: self._mac_length], given):
            raise SecureMessagingBroken(rule="R-MAC", sw=f"{response.sw:04X}")
        if data and self._encrypts_responses:
            assert self._encryption is not None
            data = self._encryption.decrypt(counter, data)
        return ResponseApdu(data, response.sw)


@cache
def with_secure_messaging(cla: int) -> int:
    """CLA with the bit that announces GlobalPlatform secure messaging (11.1.4)."""
    return cla | (FURTHER_SECURE_MESSAGING if cla & FURTHER_CHANNELS else SECURE_MESSAGING)


@cache
def without_channel(cla: int) -> int:
    """CLA as the MAC sees it: logical channel 0 (6.2.4), the rest as sent."""
    return cla & 0x80 | SECURE_MESSAGING if cla & FURTHER_CHANNELS else cla & ~0x03


@cache
def _max_data(level: SecurityLevel, mac_length: int) -> int:
    room = SHORT_LC_MAX - mac_length if level.c_mac else SHORT_LC_MAX
    return room // BLOCK * BLOCK - 1 if level.c_enc else room
