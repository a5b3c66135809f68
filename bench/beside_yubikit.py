# SPDX-License-Identifier: Apache-2.0
"""SCP03 beside yubikit: the same work on the same bytes (AES-128, S8, level 33), in the same run, by turns. Ratios are taken per turn."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from statistics import median
from time import thread_time_ns
from typing import Any

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.scp03.initialize_update import initialize_update, parse_initialize_update
from cardservice.card_edge.scp03.parameters import SecurityLevel
from cardservice.card_edge.scp03.secure_channel import ChannelOptions, SecureChannel
from cardservice.keys import KeyOrigin, KeySet, SessionKeys, SessionRequest
from hsm.algorithms.block_cipher import aes_cmac_function
from hsm.algorithms.scp03_derivation import StaticPrfs, session_keys

LEVEL = SecurityLevel.C_MAC_C_ENC_R_MAC_R_ENC
KEY_VERSION = 0x30
KDD = bytes(range(10))
KEY_SET = KeySet(KeyOrigin.SCHEME, KEY_VERSION, KDD)
ENC, MAC = bytes(range(0x40, 0x50)), bytes(range(0x50, 0x60))
HOST_CHALLENGE, CARD_CHALLENGE = bytes(range(8)), bytes(range(8, 16))
PAYLOAD = bytes(range(224))
TURNS = 101
OPERATIONS = 50

Bytes = list[bytes]


@dataclass(frozen=True, slots=True)
class Beside:
    """Operations per second of CPU of both, and the median over all turns of ours divided by theirs."""

    ours: float
    theirs: float
    ratio: float


def derived() -> SessionKeys:
    """Session keys from the bytes of two static keys, as hsm/stores/software_store.py has them computed: nothing is kept from one channel to the next."""
    prfs = StaticPrfs(aes_cmac_function(ENC), aes_cmac_function(MAC), len(ENC))
    return session_keys(prfs, SessionRequest(KEY_SET, HOST_CHALLENGE, CARD_CHALLENGE))


def our_set_up(answer: bytes) -> Bytes:
    """INITIALIZE UPDATE out, its answer read, keys derived, cryptogram compared, EXTERNAL AUTHENTICATE out."""
    first = initialize_update(KEY_VERSION, HOST_CHALLENGE).encode()
    response = parse_initialize_update(answer)
    keys = derived()
    response.verify(keys)
    return [first, SecureChannel(keys, LEVEL).external_authenticate().encode()]


def card_answer() -> bytes:
    """INITIALIZE UPDATE's answer of the card that holds these keys, with a random challenge (29 bytes)."""
    return KDD + bytes([KEY_VERSION, 0x03, 0x60]) + CARD_CHALLENGE + derived().card_cryptogram


class YubikitHost:
    """yubikit's own classes, around a connection that keeps what is sent. Raises ImportError where yubikit is not installed."""

    def __init__(self) -> None:
        self._smartcard: Any = import_module("yubikit.core.smartcard")
        self._scp: Any = import_module("yubikit.core.smartcard.scp")
        self._formatter = self._smartcard.ShortApduFormatter()
        reference = self._scp.KeyRef(self._scp.ScpKid.SCP03, KEY_VERSION)
        self._parameters = self._scp.Scp03KeyParams(reference, self._scp.StaticKeys(ENC, MAC, MAC))
        self.sent: Bytes = []
        self.answer = b""

    def send_and_receive(self, apdu: bytes) -> tuple[bytes, int]:
        """The connection: keeps the command, answers with nothing but success."""
        self.sent.append(apdu)
        return b"", 0x9000

    def set_up(self, answer: bytes) -> Bytes:
        """The same as ``our_set_up``."""
        self.sent = []
        self.answer = answer
        state, cryptogram = self._scp.ScpState.scp03_init(
            self._initialize_update, self._parameters, host_challenge=HOST_CHALLENGE
        )
        self._processor(state).send_apdu(0x84, 0x82, LEVEL, 0, cryptogram, 0, encrypt=False)
        return self.sent

    def channel(self) -> Any:
        """A processor with an open channel."""
        keys = derived()
        return self._processor(self._scp.ScpState(self._scp.SessionKeys(keys.s_enc, keys.s_mac, keys.s_rmac)))

    def _initialize_update(self, *fields: Any) -> bytes:
        self.send_and_receive(self._formatter.format_apdu(*fields, 0))
        return self.answer

    def _processor(self, state: Any) -> Any:
        inner = self._smartcard.ApduFormatProcessor(self, self._formatter)
        return self._smartcard.ScpProcessor(inner, self._formatter, state)


def set_up_beside_yubikit(turns: int = TURNS, operations: int = OPERATIONS) -> Beside:
    """Channels opened per second. Raises ImportError."""
    theirs, answer = YubikitHost(), card_answer()
    return _beside(lambda: our_set_up(answer), lambda: theirs.set_up(answer), turns, operations)


def wrap_beside_yubikit(turns: int = TURNS, operations: int = OPERATIONS) -> Beside:
    """Commands of 224 bytes encrypted, MACed and encoded per second. Raises ImportError."""
    host = YubikitHost()
    ours, theirs = SecureChannel(derived(), LEVEL, options=ChannelOptions(encrypt_empty=True)), host.channel()
    command = CommandApdu(0x80, 0xE2, 0x00, 0x00, PAYLOAD)

    def our_wrap() -> bytes:
        return ours.protect(command).command.encode()

    def their_wrap() -> bytes:
        host.sent.clear()
        theirs.send_apdu(0x80, 0xE2, 0x00, 0x00, PAYLOAD, 0)
        return host.sent[0]

    return _beside(our_wrap, their_wrap, turns, operations)


def _beside(ours: Callable[[], object], theirs: Callable[[], object], turns: int, operations: int) -> Beside:
    """By turns, and each turn in the other order, so that neither has the warmer cache."""
    pairs = []
    for turn in range(turns):
        order = (ours, theirs) if turn % 2 else (theirs, ours)
        times = {work: _seconds(work, operations) for work in order}
        pairs.append((operations / times[ours], operations / times[theirs]))
    return Beside(median(a for a, _ in pairs), median(b for _, b in pairs), median(a / b for a, b in pairs))


def _seconds(work: Callable[[], object], operations: int) -> float:
    """CPU of this thread, so that other programs on the core count for neither."""
    began = thread_time_ns()
    for _ in range(operations):
        work()
    return (thread_time_ns() - began) / 1e9
