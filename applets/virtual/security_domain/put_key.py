# SPDX-License-Identifier: Apache-2.0
"""PUT KEY (GP 2.3.1, 11.8; AES keys: Amendment D, 7.2): adds or replaces an SCP03 key set, all or nothing."""

from dataclasses import dataclass, field, replace
from hmac import compare_digest

from applets.virtual.chip import StaticKeySet
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from applets.virtual.scp03.derivation import decrypt, key_check_value
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

AES_KEY = 0x88
KEY_LENGTHS = frozenset({16, 24, 32})
KCV_LENGTH = 3
SEVERAL_FROM_1 = 0x81  # P2: several keys, the first has id 01
HIGHEST_VERSION = 0x7F  # beyond it only FF, the supplier's own (facts, 1.8)
FACTORY = 0xFF
_NAMES = ("enc", "mac", "dek")


@dataclass(frozen=True, slots=True)
class _Key:
    value: bytes = field(repr=False)
    kcv: bytes


def put_key(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80 D8 KVN 81``: KVN 00 adds, another replaces that set. 6A88 unknown set, 6A80 bad data, 6982 wrong check value."""
    channel = runtime.demand_mac()
    holder = runtime.transient.selected
    version, keys = read_keys(command.data, command.p2, channel.dek)
    key_sets = runtime.chip.key_sets_of(holder)
    if command.p2 == SEVERAL_FROM_1:
        changed = place_key_set(key_sets, command.p1, version, keys)
    else:
        changed = _place_single_key(key_sets, command, version, keys)
    runtime.image.commit(runtime.chip.with_key_sets(holder, changed))
    return ResponseApdu(answer(version, keys), StatusWord.SUCCESS)


def answer(version: int, keys: list[_Key]) -> bytes:
    """Version and check values (GP 11.8.3.1)."""
    return bytes([version]) + b"".join(key.kcv for key in keys)


def read_keys(data: bytes, p2: int, dek: bytes) -> tuple[int, list[_Key]]:
    """New key version number and the keys, deciphered and checked against their check values."""
    if p2 != SEVERAL_FROM_1 and p2 not in {1, 2, 3}:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if not data:
        raise Refused(StatusWord.WRONG_LENGTH)
    version, rest = data[0], data[1:]
    if not 0 < version <= HIGHEST_VERSION:
        raise Refused(StatusWord.WRONG_DATA)
    keys: list[_Key] = []
    for _ in _NAMES if p2 == SEVERAL_FROM_1 else _NAMES[:1]:
        key, rest = _read_key(rest, dek)
        keys.append(key)
    if rest or len({len(key.value) for key in keys}) != 1:
        raise Refused(StatusWord.WRONG_DATA)
    return version, keys


def place_key_set(
    key_sets: tuple[StaticKeySet, ...], replaced: int, version: int, keys: list[_Key]
) -> tuple[StaticKeySet, ...]:
    """The key sets after adding (``replaced`` 00) or replacing. A new set begins with sequence counter 0."""
    enc, mac, dek = (key.value for key in keys)
    new = StaticKeySet(version, enc, mac, dek)
    versions = [entry.key_version_number for entry in key_sets]
    if not replaced:
        if version in versions:
            raise Refused(StatusWord.WRONG_DATA)
        return (*key_sets, new)
    if replaced not in versions:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    old = key_sets[versions.index(replaced)]
    # GP 11.8.2.3: replacing does not change type or length; and no second set of one version.
    if len(old.enc) != len(enc) or (version != replaced and version in versions):
        raise Refused(StatusWord.WRONG_DATA)
    return (*(entry for entry in key_sets if entry is not old), new)


def _place_single_key(
    key_sets: tuple[StaticKeySet, ...], command: Frame, version: int, keys: list[_Key]
) -> tuple[StaticKeySet, ...]:
    """One key of an existing set: P1 names the set, and so must the data. The sequence counter stays."""
    old = next((entry for entry in key_sets if entry.key_version_number == command.p1), None)
    if old is None:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    if version != command.p1 or len(keys[0].value) != len(old.enc):
        raise Refused(StatusWord.WRONG_DATA)
    enc, mac, dek = (
        keys[0].value if number == command.p2 else getattr(old, name) for number, name in enumerate(_NAMES, start=1)
    )
    changed = replace(old, enc=enc, mac=mac, dek=dek)
    return tuple(changed if entry is old else entry for entry in key_sets)


def _read_key(data: bytes, dek: bytes) -> tuple[_Key, bytes]:
    """``88 | 11 or 21 | true length | cipher | 03 | KCV``, or yubikit's ``88 | 10 or 20 | cipher | 03 | KCV``."""
    if len(data) < 3 or data[0] != AES_KEY:
        raise Refused(StatusWord.WRONG_DATA)
    field_length = data[1]
    key_field, rest = data[2 : 2 + field_length], data[2 + field_length :]
    if len(key_field) != field_length or len(rest) < 1 + KCV_LENGTH or rest[0] != KCV_LENGTH:
        raise Refused(StatusWord.WRONG_DATA)
    if field_length % 16 == 1:
        length, ciphertext = key_field[0], key_field[1:]
    else:
        length, ciphertext = field_length, key_field
    # A 24-byte key is padded to two blocks before it is enciphered.
    if length not in KEY_LENGTHS or len(ciphertext) != -(-length // 16) * 16:
        raise Refused(StatusWord.WRONG_DATA)
    value = decrypt(dek, bytes(16), ciphertext)[:length]
    kcv = rest[1 : 1 + KCV_LENGTH]
    if not compare_digest(key_check_value(value), kcv):
        raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
    return _Key(value, kcv), rest[1 + KCV_LENGTH :]
