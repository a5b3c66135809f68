# SPDX-License-Identifier: Apache-2.0
"""INITIALIZE UPDATE and EXTERNAL AUTHENTICATE, card side (Amendment D, 7.1; GP 2.3.1, annex E.5)."""

from dataclasses import replace
from hashlib import sha256
from hmac import compare_digest

from applets.virtual.chip import ISD_AID, StaticKeySet
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from applets.virtual.scp03.derivation import BLOCK, Constant, cmac, derive
from applets.virtual.scp03.secure_channel import LEVELS, R_ENC, R_MAC, ChannelKeys, SecureChannel, mac_header
from applets.virtual.transient import Handshake
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

SECTOR_KDD_PREFIX = b"KJS-KDD-1"
I_S16 = 0x01
I_PSEUDO_RANDOM = 0x10
I_R_MAC = 0x20
I_R_ENC = 0x60
SCP03 = 0x03
COUNTER_MAX = 0xFF_FFFF
MAX_FAILURES = 255  # failed authentications in a row that lock a key set for good (docs/decisions/0020)
FREE_FAILURES = 1  # a first slip costs nothing
FIRST_DELAY = 0.05  # seconds, doubled by each further failure
LONGEST_DELAY = 2.0


def initialize_update(runtime: Runtime, frame: Frame) -> ResponseApdu:
    """Answer a host challenge. 6A88 unknown key set, 6983 locked key set, 6985 counter exhausted, 6700 challenge of another length."""
    runtime.transient.end_channel()
    chip = runtime.chip
    length = mac_length(chip.scp_i)
    if frame.p2:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if len(frame.data) != length:
        raise Refused(StatusWord.WRONG_LENGTH)
    holder = chip.key_holder(runtime.transient.selected)
    key_set = _named_key_set(chip.key_sets_of(holder), frame.p1)
    if key_set.failures >= MAX_FAILURES:
        raise Refused(StatusWord.AUTHENTICATION_METHOD_BLOCKED)
    challenge, counter_field = runtime.entropy(length), b""
    if chip.scp_i & I_PSEUDO_RANDOM:
        if key_set.sequence_counter >= COUNTER_MAX:
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
        # Incremented before use and for good, so that no challenge comes twice, power loss or not.
        key_set = replace(key_set, sequence_counter=key_set.sequence_counter + 1)
        runtime.image.commit(chip.with_key_set(holder, key_set))
        counter_field = key_set.sequence_counter.to_bytes(3, "big")
        challenge = derive(key_set.enc, Constant.CARD_CHALLENGE, counter_field + runtime.transient.selected, length)
    context = frame.data + challenge
    keys = channel_keys(key_set, context)
    runtime.transient.handshake = Handshake(
        holder, key_set.key_version_number, keys, derive(keys.s_mac, Constant.HOST_CRYPTOGRAM, context, length)
    )
    cryptogram = derive(keys.s_mac, Constant.CARD_CRYPTOGRAM, context, length)
    key_information = bytes([key_set.key_version_number, SCP03, chip.scp_i])
    return ResponseApdu(
        _told_kdd(chip.kdd, holder) + key_information + challenge + cryptogram + counter_field, StatusWord.SUCCESS
    )


def _told_kdd(kdd: bytes, holder: bytes) -> bytes:
    """The KDD as this face of the card tells it: a sector with keys of its own tells one that no other sector tells (decision 0090)."""
    if holder == ISD_AID:
        return kdd
    return sha256(SECTOR_KDD_PREFIX + kdd + holder[-1:]).digest()[: len(kdd)]


def external_authenticate(runtime: Runtime, frame: Frame) -> ResponseApdu:
    """Open the channel if the host proves its keys: 6300 for a wrong cryptogram, 6982 for a wrong C-MAC, 6A86 for a level we have not."""
    handshake = runtime.transient.handshake
    if handshake is None:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    # One attempt per challenge, whatever becomes of it.
    runtime.transient.end_channel()
    scp_i = runtime.chip.scp_i
    length = mac_length(scp_i)
    if frame.p2 or frame.p1 not in _levels(scp_i):
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if len(frame.data) != 2 * length:
        raise Refused(StatusWord.WRONG_LENGTH)
    failures = _spend_attempt(runtime, handshake)
    runtime.delay(delay_before(failures))
    cryptogram, mac = frame.data[:length], frame.data[length:]
    chaining_value = cmac(handshake.keys.s_mac, bytes(BLOCK) + mac_header(frame) + cryptogram)
    if not compare_digest(cryptogram, handshake.host_cryptogram):
        raise Refused(StatusWord.AUTHENTICATION_FAILED)
    if not compare_digest(mac, chaining_value[:length]):
        raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
    _record_failures(runtime, handshake, 0)
    runtime.transient.channel = SecureChannel(
        handshake.keys,
        level=frame.p1,
        mac_length=length,
        chaining_value=chaining_value,
        holder=handshake.holder,
    )
    return ResponseApdu(b"", StatusWord.SUCCESS)


def channel_keys(key_set: StaticKeySet, context: bytes) -> ChannelKeys:
    """The session keys of host challenge | card challenge (6.2.1); as long as the static keys."""
    length = len(key_set.enc)
    return ChannelKeys(
        s_enc=derive(key_set.enc, Constant.S_ENC, context, length),
        s_mac=derive(key_set.mac, Constant.S_MAC, context, length),
        s_rmac=derive(key_set.mac, Constant.S_RMAC, context, length),
        dek=key_set.dek,
    )


def mac_length(scp_i: int) -> int:
    """Bytes of challenges, cryptograms and MACs: 16 in S16 mode, else 8."""
    return 16 if scp_i & I_S16 else 8


def delay_before(failures: int) -> float:
    """Seconds that an attempt waits after so many failures in a row; it is taken before the comparison, so a reset does not shorten it."""
    if failures <= FREE_FAILURES:
        return 0.0
    return float(min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures - FREE_FAILURES - 1, 16)))


def _levels(scp_i: int) -> frozenset[int]:
    return frozenset(
        level
        for level in LEVELS
        if not (level & R_MAC and not scp_i & I_R_MAC) and not (level & R_ENC and scp_i & I_R_ENC != I_R_ENC)
    )


def _named_key_set(key_sets: tuple[StaticKeySet, ...], key_version_number: int) -> StaticKeySet:
    if not key_version_number and key_sets:
        return key_sets[-1]  # 00 = the set added last (docs/card-edge.md)
    for key_set in key_sets:
        if key_set.key_version_number == key_version_number:
            return key_set
    raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)


def _spend_attempt(runtime: Runtime, handshake: Handshake) -> int:
    """Count this attempt as failed before anything is compared; returns the failures before it."""
    before = _key_set(runtime, handshake).failures
    _record_failures(runtime, handshake, min(before + 1, MAX_FAILURES))
    return before


def _record_failures(runtime: Runtime, handshake: Handshake, failures: int) -> None:
    key_set = replace(_key_set(runtime, handshake), failures=failures)
    runtime.image.commit(runtime.chip.with_key_set(handshake.holder, key_set))


def _key_set(runtime: Runtime, handshake: Handshake) -> StaticKeySet:
    return _named_key_set(runtime.chip.key_sets_of(handshake.holder), handshake.key_version_number)
