# SPDX-License-Identifier: Apache-2.0
"""What each command of ours makes a chip do, for the model: counted from the plain command and the answer, not guessed per transcript."""

from typing import Final

from bench.chip_model import HASH_BLOCK, HASH_PADDING, Apdu, CardWork
from bench.conversation import Exchanged
from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.globalplatform.store_data import RESPONSE_EXPECTED
from cardservice.card_edge.piv.generate import CONTROL_TEMPLATE
from cardservice.card_edge.piv.key_reference import KeyReference
from cardservice.card_edge.sector.tap import tap_message
from cardservice.card_edge.tlv import Tlv, parse_all

GENERATE, PUT_KEY, STORE_DATA = 0x47, 0xD8, 0xE2
GENERAL_AUTHENTICATE, INTERNAL_AUTHENTICATE = 0x87, 0x88
WRITES = frozenset(
    {0xDB, 0x24, 0xE6, 0xE4, 0xF0, 0xD6}
)  # PUT DATA, CHANGE REFERENCE DATA, INSTALL, DELETE, SET STATUS, UPDATE BINARY
KDF_INPUT = 48  # label, separator, length, counter, context of 16: three blocks of AES (Amendment D, 4.1.5)
KEY_PAIR_BYTES = 97  # private and public key
MAC_LENGTH = 8
PAGE = 16  # what a counter or a state byte costs in memory, whatever its length
SECTOR_AID_LENGTH = 9

FIXED: Final = {
    # INITIALIZE UPDATE: challenge, S-ENC, S-MAC, S-RMAC (two blocks each with AES-256), card cryptogram; the sequence counter
    0x50: CardWork(aes_bytes=8 * KDF_INPUT, aes_uses=8, aes_keys=3, nvm_bytes=PAGE),
    # EXTERNAL AUTHENTICATE: host cryptogram, C-MAC; S-ENC and S-RMAC made ready
    0x82: CardWork(aes_bytes=2 * KDF_INPUT, aes_uses=2, aes_keys=2),
    # GENERATE
    GENERATE: CardWork(key_pairs=1, nvm_bytes=KEY_PAIR_BYTES),
    # GENERAL AUTHENTICATE: the host hashes
    GENERAL_AUTHENTICATE: CardWork(signatures=1),
    # PUT KEY: three keys of two blocks under the DEK, three check values
    PUT_KEY: CardWork(aes_bytes=3 * 32 + 3 * 16, aes_uses=4, aes_keys=4, nvm_bytes=3 * 32),
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
    """C-MAC over the command, R-MAC over the answer: each byte goes through CBC once, and once more where it is encrypted."""
    if not exchanged.protected:
        return CardWork()
    # What is encrypted is padded, so plain data that is only a MAC longer on the line was not.
    sent, plain = len(exchanged.step.command.data), len(exchanged.plain.data)
    passes = 1 if plain and sent == plain + MAC_LENGTH else 2
    octets = passes * (sent + exchanged.answer_length)
    return CardWork(aes_bytes=octets, aes_ready=1, aes_uses=1)


def acted_on(plain: CommandApdu) -> list[Tlv]:
    """The elements of a STORE DATA that is answered: GENERATE and key sets; of any other command none."""
    return parse_all(plain.data) if plain.ins == STORE_DATA and plain.p1 & RESPONSE_EXPECTED else []


def _command(plain: CommandApdu) -> CardWork:
    if plain.ins == STORE_DATA:
        elements = acted_on(plain)
        named = [FIXED[GENERATE if element.tag == CONTROL_TEMPLATE else PUT_KEY] for element in elements]
        return sum(named, CardWork()) if elements else CardWork(nvm_bytes=len(plain.data))
    if plain.ins == GENERAL_AUTHENTICATE and plain.p2 == KeyReference.KEY_MANAGEMENT:
        return CardWork(agreements=1)
    if plain.ins == INTERNAL_AUTHENTICATE:
        message = len(tap_message(bytes(SECTOR_AID_LENGTH), plain.data[:4], plain.data[4:]))
        return CardWork(signatures=1, hash_blocks=-(-(message + HASH_PADDING) // HASH_BLOCK))
    if plain.ins in WRITES:
        return CardWork(nvm_bytes=max(len(plain.data), PAGE))
    return FIXED.get(plain.ins, CardWork())
