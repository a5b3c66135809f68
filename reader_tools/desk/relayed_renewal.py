# SPDX-License-Identifier: Apache-2.0
"""The desk of a verifier relays a new cover proof: commands from the service to the card, answers back, until the service says it is done.

The desk holds no key and reads nothing. It passes on only the four commands that a renewal needs, so that nobody who speaks in the service's
place can have it spend PIN tries or delete applications.
"""

from enum import StrEnum

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.dialogue import Card, exchange
from cardservice.card_edge.errors import CardEdgeError
from cardservice.card_edge.status_word import StatusWord
from cardservice.credentials import base64url
from reader_tools.desk.errors import AnswerMalformed
from reader_tools.desk.http_client import Service

CALLS = 3  # none, two and five answers handed in
# SELECT by name, INITIALIZE UPDATE, EXTERNAL AUTHENTICATE and PUT DATA of the cover proof, as CLA INS P1 P2 (docs/card-edge.md)
PASSED_ON = frozenset({(0x00, 0xA4, 0x04), (0x80, 0x50, 0x00), (0x84, 0x82, 0x11), (0x04, 0xDB, 0x3F)})


class Relayed(StrEnum):
    """How a renewal ended."""

    RENEWED = "RENEWED"
    GOOD = "GOOD"


def relay_renewal(card: Card, service: Service, receipt_id: str) -> Relayed:
    """Relay one renewal for the verification with this receipt. Raises the service's problems, AnswerMalformed and the card's errors."""
    responses: list[bytes] = []
    for _ in range(CALLS):
        answer = service.ask(
            "/v1/renewals", {"receipt_id": receipt_id, "responses": [base64url.encode(each) for each in responses]}
        )
        if answer.get("state") in {ended.value for ended in Relayed}:
            return Relayed(answer["state"])
        for command in _commands(answer.get("commands")):
            response = exchange(command, card)
            responses.append(response.encode())
            if response.sw != StatusWord.SUCCESS:
                break
    raise AnswerMalformed(rule=f"a renewal of at most {CALLS} calls")


def _commands(told: object) -> list[CommandApdu]:
    if not isinstance(told, list) or not told:
        raise AnswerMalformed(rule="commands for the card")
    commands = [_command(each) for each in told]
    if any((each.cla, each.ins, each.p1) not in PASSED_ON for each in commands):
        raise AnswerMalformed(rule="commands of a renewal and no others")
    return commands


def _command(told: object) -> CommandApdu:
    octets = base64url.decode(told) if isinstance(told, str) else None
    try:
        return CommandApdu.parse(octets or b"")
    except CardEdgeError:
        raise AnswerMalformed(rule="a command in base64url") from None
