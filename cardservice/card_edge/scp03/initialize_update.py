# SPDX-License-Identifier: Apache-2.0
"""INITIALIZE UPDATE (Amendment D, 7.1.1): the command, its response, and the response that can be predicted."""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from cardservice.card_edge.apdu import SHORT_LE_MAX, CommandApdu
from cardservice.card_edge.errors import CardNotAuthentic, CardUnusable, UnexpectedResponse
from cardservice.card_edge.scp03.parameters import ScpParameter
from cardservice.keys import SessionKeys

SCP03 = 0x03
KDD_LENGTH = 10
COUNTER_LENGTH = 3
HEADER_LENGTH = KDD_LENGTH + 3  # KDD | key version number | SCP identifier | i
CHALLENGE_LENGTHS: Final = {
    29: 8,
    32: 8,
    45: 16,
    48: 16,
}  # response length -> challenge and cryptogram length (S8, S16)


@dataclass(frozen=True, slots=True)
class InitializeUpdateResponse:
    """What a card says of itself and of the channel to come."""

    kdd: bytes  # key diversification data, 10 bytes
    key_version_number: int
    parameter: ScpParameter
    card_challenge: bytes
    card_cryptogram: bytes
    sequence_counter: int | None  # there only where the challenge is pseudo-random

    def verify(self, keys: SessionKeys) -> None:
        """Compare the card cryptogram in constant time. Raises CardNotAuthentic: not the keys that this card should hold."""
        if not compare_digest(self.card_cryptogram, keys.card_cryptogram):
            raise CardNotAuthentic(key_version_number=f"{self.key_version_number:02X}")


def initialize_update(key_version_number: int, host_challenge: bytes) -> CommandApdu:
    """The command; key version 00 lets the card choose, 8 bytes of challenge ask for S8 mode and 16 for S16."""
    if len(host_challenge) not in {8, 16}:
        raise CardUnusable(rule="a host challenge has 8 bytes, in S16 mode 16")
    return CommandApdu(0x80, 0x50, key_version_number, 0x00, host_challenge, SHORT_LE_MAX)


def parse_initialize_update(data: bytes) -> InitializeUpdateResponse:
    """Read the response data: 29 or 32 bytes, in S16 mode 45 or 48.

    Raises UnexpectedResponse for another length or one that i contradicts, CardUnusable for another protocol than SCP03.
    """
    if len(data) < HEADER_LENGTH:
        raise UnexpectedResponse(step="INITIALIZE UPDATE", rule="shorter than its header")
    # The protocol comes first: a card that speaks SCP02 answers 28 bytes and deserves to be told apart from a broken one.
    if data[KDD_LENGTH + 1] != SCP03:
        raise CardUnusable(rule=f"secure channel protocol {data[KDD_LENGTH + 1]:02X} is not SCP03")
    size = CHALLENGE_LENGTHS.get(len(data))
    if size is None:
        raise UnexpectedResponse(step="INITIALIZE UPDATE", rule="29, 32, 45 or 48 bytes", length=len(data))
    parameter = ScpParameter.parse(data[KDD_LENGTH + 2])
    if size != parameter.challenge_length:
        raise UnexpectedResponse(step="INITIALIZE UPDATE", rule="length of S8 or S16 mode as i says", length=len(data))
    challenge_end = HEADER_LENGTH + size
    cryptogram_end = challenge_end + size
    counter = data[cryptogram_end:]
    return InitializeUpdateResponse(
        data[:KDD_LENGTH],
        data[KDD_LENGTH],
        parameter,
        data[HEADER_LENGTH:challenge_end],
        data[challenge_end:cryptogram_end],
        int.from_bytes(counter, "big") if counter else None,
    )


def predicted_response(
    kdd: bytes, key_version_number: int, parameter: ScpParameter, sequence_counter: int, keys: SessionKeys
) -> bytes:
    """The exact response data of the one card that holds the keys, where its challenge is pseudo-random.

    ``keys`` answer a SessionRequest with the same sequence counter. Raises CardUnusable where i says that challenges are random.
    """
    if not parameter.pseudo_random:
        raise CardUnusable(rule="a random card challenge can't be predicted")
    return (
        kdd
        + bytes([key_version_number, SCP03, int(parameter)])
        + keys.card_challenge
        + keys.card_cryptogram
        + sequence_counter.to_bytes(COUNTER_LENGTH, "big")
    )
