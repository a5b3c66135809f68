# SPDX-License-Identifier: Apache-2.0
"""What each command of ours makes a chip do, for the model: counted from the plain command and the answer, not guessed per transcript."""

from typing import Final

from bench.chip_model import HASH_BLOCK, HASH_PADDING, Apdu, CardWork
from bench.conversation import Exchanged
from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.sector.tap import tap_message

GENERAL_AUTHENTICATE, INTERNAL_AUTHENTICATE = 0x87, 0x88
WRITES = frozenset(
    {0xDB, 0x24, 0xE6, 0xE4, 0xF0, 0xD6}
)  # PUT DATA, CHANGE REFERENCE DATA, INSTALL, DELETE, SET STATUS, UPDATE BINARY
KDF_INPUT = 48  # label, separator, length, counter, context of 16: three blocks of AES (Amendment D, 4.1.5)
KEY_PAIR_BYTES = 97  # private and public key
PAGE = 16  # what a counter or a state byte costs in memory, whatever its length
SECTOR_AID_LENGTH = 9

FIXED: Final = {
    # INITIALIZE UPDATE: challenge, S-ENC, S-MAC, S-RMAC (two blocks each with AES-256), card cryptogram; the sequence counter
    0x50: CardWork(aes_bytes=8 * KDF_INPUT, aes_uses=8, aes_keys=3, nvm_bytes=PAGE),
    # EXTERNAL AUTHENTICATE: host cryptogram, C-MAC; S-ENC and S-RMAC made ready
    0x82: CardWork(aes_bytes=2 * KDF_INPUT, aes_uses=2, aes_keys=2),
    # GENERATE
    0x47: CardWork(key_pairs=1, nvm_bytes=KEY_PAIR_BYTES),
    # GENERAL AUTHENTICATE: the host hashes
    GENERAL_AUTHENTICATE: CardWork(signatures=1),
    # PUT KEY: three keys of two blocks under the DEK, three check values
    0xD8: CardWork(aes_bytes=3 * 32 + 3 * 16, aes_uses=4, aes_keys=4, nvm_bytes=3 * 32),
    # VERIFY: the try counter, down and up
    0x20: CardWork(nvm_bytes=PAGE),
}


def apdus_of(exchanged: Exchanged) -> list[Apdu]:
    """One command as it stands on the line: itself, then the GET RESPONSEs that fetched its answer."""
    first, *more = exchanged.lines
    head = Apdu(len(first.command), len(first.response), _work(exchanged))
    return [head, *(Apdu(len(line.command), len(line.response)) for line in more)]


def _work(exchanged: Exchanged) -> CardWork:
    return _secure_messaging(exchanged) + _command(exchanged.plain)


def _secure_messaging(exchanged: Exchanged) -> CardWork:
    """C-MAC and C-ENC over the command; R-MAC over the answer, and R-ENC where it has data: each byte goes through CBC twice."""
    if not exchanged.protected:
        return CardWork()
    octets = 2 * len(exchanged.step.command.data) + 2 * exchanged.answer_length
    return CardWork(aes_bytes=octets, aes_ready=1, aes_uses=1)


def _command(plain: CommandApdu) -> CardWork:
    if plain.ins == GENERAL_AUTHENTICATE and plain.p2 == KeyReference.KEY_MANAGEMENT:
        return CardWork(agreements=1)
    if plain.ins == INTERNAL_AUTHENTICATE:
        message = len(tap_message(bytes(SECTOR_AID_LENGTH), plain.data[:4], plain.data[4:]))
        return CardWork(signatures=1, hash_blocks=-(-(message + HASH_PADDING) // HASH_BLOCK))
    if plain.ins in WRITES:
        return CardWork(nvm_bytes=max(len(plain.data), PAGE))
    return FIXED.get(plain.ins, CardWork())
