# SPDX-License-Identifier: Apache-2.0
"""GET DATA of a security domain (GP 2.3.1, 11.3; card recognition data: annex H.2)."""

from collections.abc import Callable

from applets.virtual.chip import ISD_AID, StaticKeySet
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import Tlv

IIN = 0x42
CIN = 0x45
NON_VOLATILE = 0x1_0000  # bytes that this card claims to have free
VOLATILE = 0x1000
_GP_OID = bytes.fromhex("2A864886FC6B")
_OID = 0x06
_AES = 0x88


def get_data(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80/00 CA tag``. 6A88 for an object that is not there."""
    tag = command.p1 << 8 | command.p2
    reader = _OBJECTS.get(tag)
    if reader is None:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    return ResponseApdu(reader(runtime), StatusWord.SUCCESS)


def key_information(key_sets: tuple[StaticKeySet, ...]) -> bytes:
    """Key information template E0 (GP 11.3.3.1): C0 { id, version, 88 AES, length } per key. 6A88 without keys."""
    if not key_sets:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    entries = [
        Tlv(0xC0, bytes([key_id, key_set.key_version_number, _AES, len(key_set.enc)]))
        for key_set in key_sets
        for key_id in (1, 2, 3)
    ]
    return bytes(Tlv(0xE0, b"".join(entries)))


def _key_information(runtime: Runtime) -> bytes:
    return key_information(runtime.chip.key_sets_of(runtime.transient.selected))


def _stored(tag: int) -> Callable[[Runtime], bytes]:
    def read(runtime: Runtime) -> bytes:
        value = runtime.chip.objects.get(tag)
        if value is None or runtime.transient.selected != ISD_AID:
            raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
        return bytes(Tlv(tag, value))

    return read


def _cplc(runtime: Runtime) -> bytes:
    return bytes(Tlv(0x9F7F, runtime.chip.cplc))


def _oid(*arcs: int) -> Tlv:
    return Tlv(_OID, _GP_OID + bytes(arcs))


def _card_data(runtime: Runtime) -> bytes:
    recognition = (
        _oid(1)
        + Tlv(0x60, _oid(2, 2, 2, 3))  # GP 2.2.3
        + Tlv(0x63, _oid(3))
        + Tlv(0x64, _oid(4, 3, runtime.chip.scp_i))  # SCP03 and its i
    )
    return bytes(Tlv(0x66, Tlv(0x73, recognition)))


def _capabilities(runtime: Runtime) -> bytes:
    """Card capability information (GP table H-4): SCP03 with its i and key sizes, SHA-256, AES-CMAC tokens none."""
    scp03 = Tlv(0x80, b"\x03") + Tlv(0x81, bytes([runtime.chip.scp_i])) + Tlv(0x82, b"\x07")
    return bytes(Tlv(0x67, Tlv(0xA0, scp03) + Tlv(0x81, b"\x9e\xfe\x80") + Tlv(0x83, b"\x02")))


def _sequence_counter(runtime: Runtime) -> bytes:
    """The counter of the key set that KVN 00 means."""
    key_sets = runtime.chip.key_sets_of(runtime.chip.key_holder(runtime.transient.selected))
    return bytes(Tlv(0xC1, key_sets[-1].sequence_counter.to_bytes(3, "big")))


def _confirmation_counter(_: Runtime) -> bytes:
    return bytes(Tlv(0xC2, b"\x00\x00"))  # no receipts are made


def _applications(runtime: Runtime) -> bytes:
    """2F00, list of applications as in EF.DIR. Only for the issuer: to anyone else it would name the holder's sectors."""
    runtime.demand_authenticated()
    return b"".join(Tlv(0x61, Tlv(0x4F, entry.aid)) for entry in runtime.chip.applications)


def _memory(runtime: Runtime) -> bytes:
    """FF21, extended card resources (ETSI TS 102 226, 8.2.1.7.2)."""
    used = sum(256 for _ in runtime.chip.applications)
    resources = (
        Tlv(0x81, bytes([len(runtime.chip.applications)]))
        + Tlv(0x82, (NON_VOLATILE - used).to_bytes(4, "big"))
        + Tlv(0x83, VOLATILE.to_bytes(4, "big"))
    )
    return bytes(Tlv(0xFF21, resources))


_OBJECTS: dict[int, Callable[[Runtime], bytes]] = {
    IIN: _stored(IIN),
    CIN: _stored(CIN),
    0x66: _card_data,
    0x67: _capabilities,
    0xC1: _sequence_counter,
    0xC2: _confirmation_counter,
    0xE0: _key_information,
    0x2F00: _applications,
    0x9F7F: _cplc,
    0xFF21: _memory,
}
