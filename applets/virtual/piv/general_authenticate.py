# SPDX-License-Identifier: Apache-2.0
"""GENERAL AUTHENTICATE (SP 800-73-5 part 2, 3.2.4): sign with 9A, 9C, 9E; key agreement with 9D; randomness from 9B."""

from enum import IntEnum

from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.p256 import HASH, agree, sign_hash
from applets.virtual.piv.memory import memory_of
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv, parse_dict

P256 = 0x11
RANDOM_ALGORITHMS = frozenset({0x00, 0x03})  # OpenSC asks with 00
RANDOM_LENGTH = 8
_TEMPLATE, _CHALLENGE, _RESPONSE, _EXPONENTIATION = 0x7C, 0x81, 0x82, 0x85


class Key(IntEnum):
    """Key references (SP 800-78-5, table 12)."""

    AUTHENTICATION = 0x9A
    ADMINISTRATION = 0x9B
    SIGNATURE = 0x9C
    KEY_MANAGEMENT = 0x9D
    CARD_AUTHENTICATION = 0x9E


KEYS = frozenset({Key.AUTHENTICATION, Key.SIGNATURE, Key.KEY_MANAGEMENT, Key.CARD_AUTHENTICATION})


def general_authenticate(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``00 87 algorithm key Lc 7C {..} 00``. In this order: 6A86 key or algorithm, 6982 access, 6A80 data."""
    fresh, runtime.transient.pin_fresh = runtime.transient.pin_fresh, False
    if command.p2 == Key.ADMINISTRATION:
        return _random(runtime, command)
    scalar = memory_of(runtime).keys.get(command.p2)
    if scalar is None or command.p1 != P256:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if not _allowed(command.p2, verified=runtime.transient.pin_verified, fresh=fresh):
        raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
    fields = _template(command.data)
    key = runtime.private_key(scalar)
    if command.p2 == Key.KEY_MANAGEMENT:
        if fields.keys() != {_RESPONSE, _EXPONENTIATION} or fields[_RESPONSE]:
            raise Refused(StatusWord.WRONG_DATA)
        return _answer(_RESPONSE, agree(key, fields[_EXPONENTIATION]))
    if fields.keys() != {_RESPONSE, _CHALLENGE} or fields[_RESPONSE] or len(fields[_CHALLENGE]) != HASH:
        raise Refused(StatusWord.WRONG_DATA)
    return _answer(_RESPONSE, sign_hash(key, fields[_CHALLENGE]))


def _allowed(key: int, *, verified: bool, fresh: bool) -> bool:
    """9E always, 9C the PIN right before, the others the PIN (SP 800-73-5 part 1, table 5)."""
    if key == Key.CARD_AUTHENTICATION:
        return True
    return verified and (fresh or key != Key.SIGNATURE)


def _random(runtime: Runtime, command: Frame) -> ResponseApdu:
    """9B has no key here: it only answers ``7C 02 81 00`` with 8 random bytes (docs/card-edge.md)."""
    if command.p1 not in RANDOM_ALGORITHMS:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if _template(command.data) != {_CHALLENGE: b""}:
        raise Refused(StatusWord.WRONG_DATA)
    return _answer(_CHALLENGE, runtime.entropy(RANDOM_LENGTH))


def _template(data: bytes) -> dict[int, bytes]:
    try:
        outer = parse_dict(data)
        if outer.keys() == {_TEMPLATE}:
            return parse_dict(outer[_TEMPLATE])
    except MalformedTlv:
        pass
    raise Refused(StatusWord.WRONG_DATA)


def _answer(tag: int, value: bytes) -> ResponseApdu:
    return ResponseApdu(bytes(Tlv(_TEMPLATE, Tlv(tag, value))), StatusWord.SUCCESS)
