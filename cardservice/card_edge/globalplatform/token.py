# SPDX-License-Identifier: Apache-2.0
"""Delegated management tokens (GlobalPlatform C.4): what the issuer signs, and where the signature goes."""

from cardservice.card_edge.apdu import SHORT_LC_MAX, CommandApdu
from cardservice.card_edge.errors import MalformedApdu
from cardservice.card_edge.tlv import Tlv, encode_length

INSTALL = 0xE6
DELETE = 0xE4
TOKEN = 0x9E
NO_TOKEN = b"\x00"


def token_input(command: CommandApdu) -> bytes:
    """``P1 | P2 | Lc | data`` of a command without its token field; Lc in three bytes above 255. The issuer's token key signs this."""
    data = _without_token(command)
    lc = bytes([len(data)]) if len(data) <= SHORT_LC_MAX else b"\x00" + len(data).to_bytes(2, "big")
    return bytes([command.p1, command.p2]) + lc + data


def with_token(command: CommandApdu, token: bytes) -> CommandApdu:
    """The command carrying its token: as last length-value of INSTALL, as 9E of DELETE."""
    data = _without_token(command)
    field = Tlv(TOKEN, token) if command.ins == DELETE else encode_length(len(token)) + token
    return command.with_data(data + field)


def _without_token(command: CommandApdu) -> bytes:
    if command.ins == DELETE:
        return command.data
    if command.ins == INSTALL and command.data.endswith(NO_TOKEN):
        return command.data[:-1]
    raise MalformedApdu(rule="a token is for an INSTALL or DELETE that has none yet")
