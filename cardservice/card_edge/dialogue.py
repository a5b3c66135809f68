# SPDX-License-Identifier: Apache-2.0
"""Dialogues: card procedures without I/O, and the few lines that drive one over any card.

A dialogue is a generator: it yields a Script and receives the responses, as many as the driver got before it had to stop. One
yield is one network round trip.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu, ResponseApdu
from cardservice.card_edge.errors import ResponseTooLong
from cardservice.card_edge.script import Script

MAX_GET_RESPONSES = 64  # a hostile card may answer 61xx for ever
MAX_RESPONSE_LENGTH = 0x1_0000  # 64 KiB over all parts

_Result = TypeVar("_Result")
Dialogue = Generator[Script, Sequence[ResponseApdu], _Result]


class Card(Protocol):
    """A card that answers one encoded command at a time: a PC/SC reader, an agent, a virtual card."""

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU and return the response APDU. Raises a typed error where the card does not answer."""
        ...


def run(dialogue: Dialogue[_Result], card: Card, *, on_script: Callable[[Script], None] = lambda _: None) -> _Result:
    """Drive a dialogue to its end over one card. ``on_script`` sees each script before it is sent."""
    try:
        script = next(dialogue)
        while True:
            on_script(script)
            script = dialogue.send(perform(script, card))
    except StopIteration as end:
        result: _Result = end.value
        return result


def perform(script: Script, card: Card) -> list[ResponseApdu]:
    """Send the commands of one script until one answer is not accepted; that answer is the last one returned."""
    responses: list[ResponseApdu] = []
    for step in script.steps:
        response = exchange(step.command, card)
        responses.append(response)
        if not step.accepts(response):
            break
    return responses


def exchange(command: CommandApdu, card: Card) -> ResponseApdu:
    """One command and its whole answer: 6Cxx is asked again with the right Le, 61xx is fetched by GET RESPONSE, both bounded."""
    response = ResponseApdu.parse(card.transmit(command.encode()))
    if response.sw >> 8 == 0x6C:
        # Nothing but Le changes: a MAC covers Lc in the form that was sent.
        again = replace(command, le=(response.sw & 0xFF) or SHORT_LE_MAX)
        response = ResponseApdu.parse(card.transmit(again.encode()))
    parts = [response.data]
    fetched = 0
    # 61xx: xx bytes wait. 6Cxx to a GET RESPONSE: asked for the wrong number, xx are there.
    while response.sw >> 8 == 0x61 or (fetched and response.sw >> 8 == 0x6C):
        if fetched == MAX_GET_RESPONSES:
            raise ResponseTooLong(limit=f"{MAX_GET_RESPONSES} GET RESPONSE")
        fetched += 1
        more = CommandApdu(command.cla & 0x03, 0xC0, 0x00, 0x00, b"", (response.sw & 0xFF) or SHORT_LE_MAX)
        response = ResponseApdu.parse(card.transmit(more.encode()))
        parts.append(response.data)
        if sum(map(len, parts)) > MAX_RESPONSE_LENGTH:
            raise ResponseTooLong(limit=f"{MAX_RESPONSE_LENGTH} bytes")
    return ResponseApdu(b"".join(parts), response.sw)
