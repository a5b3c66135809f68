# SPDX-License-Identifier: Apache-2.0
"""The protocol of the socket: frames of a 4-byte big-endian length and one CBOR list; requests in, answers out, in the same order.

A frame from a caller is a list of requests, each ``[operation, field, ...]``. The answer is a list of the same length, each either
``[0, value]`` or ``[1, code, evidence]``. A frame that can't be read at all is answered by a list with one refusal.
"""

from collections.abc import Sequence

import cbor2

from hsm.errors import FrameTooLarge, HsmError, MalformedFrame, UnknownOperation, error_from_wire
from hsm.strict_cbor import NotStrictCbor, decode_strict
from hsm.wire.channel_requests import ListCurrentMasters, OpenSecureChannels, RevokeCards, WrapKeySet
from hsm.wire.document_requests import SIGNING_REQUESTS
from hsm.wire.officer_requests import LiftAnomaly, UnsealMany
from hsm.wire.requests import ListVerifyingKeys, Ping, Request, ShowCaCertificate
from hsm.wire.value_requests import CheckPartnerSignature, MakeBlindIndexes, MakePseudonym, SealValues, UnsealValue
from hsm.wire.wire_fields import Fields

LENGTH_SIZE = 4
MAX_FRAME_LENGTH = 256 * 1024
MAX_REQUESTS = 1024  # in one frame

_DONE, _REFUSED = 0, 1
_HEAD = 9  # bytes of a CBOR head at the most (RFC 8949, 3)

_KINDS: tuple[type[Request], ...] = (
    Ping,
    ShowCaCertificate,
    ListVerifyingKeys,
    *SIGNING_REQUESTS.values(),
    OpenSecureChannels,
    WrapKeySet,
    ListCurrentMasters,
    SealValues,
    UnsealValue,
    MakeBlindIndexes,
    MakePseudonym,
    RevokeCards,
    UnsealMany,
    LiftAnomaly,
    CheckPartnerSignature,
)
OPERATIONS: dict[str, type[Request]] = {kind.operation: kind for kind in _KINDS}

Answer = object | HsmError


def frame(message: object) -> bytes:
    """A message with its length before it. Raises FrameTooLarge."""
    encoded = cbor2.dumps(message)
    if len(encoded) > MAX_FRAME_LENGTH:
        raise FrameTooLarge(limit=MAX_FRAME_LENGTH)
    return len(encoded).to_bytes(LENGTH_SIZE) + encoded


def encoded_request(request: Request) -> bytes:
    """One request, as ``frame_of`` takes it."""
    return cbor2.dumps([request.operation, *request.to_wire()])


def frame_of(requests: Sequence[bytes]) -> bytes:
    """The frame that asks these: the head of a list (RFC 8949, 3), then what was encoded already. Raises FrameTooLarge."""
    head = _list_head(len(requests))
    length = len(head) + sum(map(len, requests))
    if length > MAX_FRAME_LENGTH:
        raise FrameTooLarge(limit=MAX_FRAME_LENGTH)
    return b"".join((length.to_bytes(LENGTH_SIZE), head, *requests))


def longest(request: Sequence[object]) -> int:
    """Bytes that a request of numbers, texts and byte strings takes at the most."""
    octets = _HEAD * (1 + len(request))
    for field in request:
        if isinstance(field, bytes):
            octets += len(field)
        elif isinstance(field, str):
            octets += 4 * len(field)  # UTF-8
    return octets


def frame_length(prefix: bytes) -> int:
    """The length that a frame's first four bytes announce. Raises FrameTooLarge."""
    length = int.from_bytes(prefix)
    if length > MAX_FRAME_LENGTH:
        raise FrameTooLarge(limit=MAX_FRAME_LENGTH)
    return length


def requests_to_wire(requests: Sequence[Request]) -> list[list[object]]:
    """The message that asks these."""
    return [[request.operation, *request.to_wire()] for request in requests]


def request_from_wire(wire: object) -> Request:
    """One request. Raises MalformedFrame, UnknownOperation or MalformedRequest."""
    if type(wire) is not list or not wire or type(wire[0]) is not str:
        raise MalformedFrame(rule="a request is a list that begins with its operation")
    kind = OPERATIONS.get(wire[0])
    if kind is None:
        raise UnknownOperation
    return kind.from_wire(Fields(wire[0], wire[1:]))


def decode_list(encoded: bytes) -> list[object]:
    """The list of a frame, requests or answers. Raises MalformedFrame."""
    try:
        message = decode_strict(encoded)
    except NotStrictCbor as error:
        raise MalformedFrame(rule=error.rule) from None
    if type(message) is not list or not 1 <= len(message) <= MAX_REQUESTS:
        raise MalformedFrame(rule=f"a frame is a list of 1 to {MAX_REQUESTS} items")
    return message


def answer_to_wire(answer: Answer) -> list[object]:
    """One answer or refusal."""
    if isinstance(answer, HsmError):
        return [_REFUSED, answer.code, {name: _plain(value) for name, value in answer.evidence.items()}]
    return [_DONE, answer]


def answer_from_wire(wire: object) -> Answer:
    """One answer or, as a value, the error it is. Raises MalformedFrame."""
    match wire:
        case [0, value]:
            return value
        case [1, str(code), dict(evidence)]:
            return error_from_wire(code, {str(name): value for name, value in evidence.items()})
        case _:
            raise MalformedFrame(rule="an answer is a value or a refusal")


def is_refused_whole(answers: Sequence[object], count: int) -> bool:
    """Whether what came back for so many requests says nothing of any single one: one refusal, or answers too long together."""
    if len(answers) != count:
        return True
    return all(type(wire) is list and wire[:2] == [_REFUSED, FrameTooLarge.code] for wire in answers)


def _list_head(count: int) -> bytes:
    """Major type 4 in its shortest form (RFC 8949, 3)."""
    if count < 24:
        return bytes([0x80 | count])
    return b"\x98" + count.to_bytes(1) if count <= 0xFF else b"\x99" + count.to_bytes(2)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int) else str(value)
