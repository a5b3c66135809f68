# SPDX-License-Identifier: Apache-2.0
"""SCP03 session keys, cryptograms and the predicted card challenge (GlobalPlatform Amendment D, 4.1.5 and 6.2).

Everything is an AES-CMAC of a static key, which is all a token must do: the two static keys come as functions. S8 and S16 differ
in the lengths of challenge and cryptogram; the host challenge decides.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from cardservice.keys import SessionKeys, SessionRequest
from hsm.algorithms.block_cipher import BLOCK_LENGTH, aes_cmac_function

S8_LENGTH = 8
S16_LENGTH = 16
SEQUENCE_COUNTER_LENGTH = 3

# Data derivation constants (Amendment D, table 4-1)
CARD_CRYPTOGRAM = 0x00
HOST_CRYPTOGRAM = 0x01
CARD_CHALLENGE = 0x02
S_ENC = 0x04
S_MAC = 0x06
S_RMAC = 0x07

Prf = Callable[[bytes], bytes]  # AES-CMAC of one key: message in, 16 bytes out


@dataclass(frozen=True, slots=True)
class StaticPrfs:
    """The PRFs of Key-ENC and Key-MAC and the length of both keys in bytes."""

    enc: Prf
    mac: Prf
    key_length: int


def kdf(prf: Prf, constant: int, output_length: int, context: bytes) -> bytes:
    """SP 800-108 counter mode: blocks of CMAC(K, 00 x 11 | constant | 00 | L(2) | i(1) | context), cut; lengths in bytes."""
    labels = _labels(constant, output_length)
    if len(labels) == 1:
        return prf(labels[0] + context)[:output_length]
    return b"".join([prf(label + context) for label in labels])[:output_length]


@cache  # six constants, four lengths
def _labels(constant: int, output_length: int) -> tuple[bytes, ...]:
    """What stands before the context, per block."""
    label = bytes(11) + bytes([constant, 0x00]) + (8 * output_length).to_bytes(2)
    return tuple(label + bytes([i]) for i in range(1, 1 + -(-output_length // BLOCK_LENGTH)))


def predicted_card_challenge(enc: Prf, sequence_counter: int, aid: bytes, length: int) -> bytes:
    """The pseudo-random challenge a card will give: Key-ENC over counter(3) | AID of the application that opens the channel."""
    return kdf(enc, CARD_CHALLENGE, length, sequence_counter.to_bytes(SEQUENCE_COUNTER_LENGTH) + aid)


def session_keys(static: StaticPrfs, request: SessionRequest) -> SessionKeys:
    """Session keys and both cryptograms for challenges that ``requests.py`` has checked."""
    length = len(request.host_challenge)
    challenge = request.card_challenge
    if challenge is None:
        assert request.sequence_counter is not None
        challenge = predicted_card_challenge(static.enc, request.sequence_counter, request.aid, length)
    context = request.host_challenge + challenge
    s_mac = kdf(static.mac, S_MAC, static.key_length, context)
    s_mac_prf = aes_cmac_function(s_mac)
    return SessionKeys(
        s_enc=kdf(static.enc, S_ENC, static.key_length, context),
        s_mac=s_mac,
        s_rmac=kdf(static.mac, S_RMAC, static.key_length, context),
        card_challenge=challenge,
        card_cryptogram=kdf(s_mac_prf, CARD_CRYPTOGRAM, length, context),
        host_cryptogram=kdf(s_mac_prf, HOST_CRYPTOGRAM, length, context),
    )
