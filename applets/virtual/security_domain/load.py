# SPDX-License-Identifier: Apache-2.0
"""LOAD (GP 2.3.1, 11.6): a load file comes in blocks and enters the registry with the last one."""

import hashlib
from dataclasses import replace

from applets.virtual.chip import LoadFile
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from applets.virtual.transient import Loading
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.errors import MalformedTlv
from cardservice.card_edge.status_word import StatusWord
from cardservice.card_edge.tlv import parse_all

LAST_BLOCK = 0x80
LOAD_FILE_DATA = 0xC4
DAP_BLOCK = 0xE2
MAX_LOAD_FILE = 0x1_0000
NO_CONFIRMATION = b"\x00"
CAP_HEADER = 0x01  # Java Card VM specification 3.0.5, table 6-1
CAP_APPLET = 0x03
CAP_MAGIC = bytes.fromhex("DECAFFED")
_DIGESTS = {20: hashlib.sha1, 32: hashlib.sha256, 48: hashlib.sha384, 64: hashlib.sha512}


def load(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80 E8 00/80 block``. 6985 without INSTALL [for load], 6A86 out of order, 6A80 bad content, 6A84 too large."""
    runtime.demand_mac()
    transient = runtime.transient
    loading = transient.loading
    if loading is None:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    transient.loading = None  # any error ends the loading (GP 9.3.9)
    if command.p1 not in {0x00, LAST_BLOCK} or command.p2 != loading.next_block & 0xFF:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    loading.next_block += 1
    loading.received += command.data
    if len(loading.received) > MAX_LOAD_FILE:
        raise Refused(StatusWord.NOT_ENOUGH_MEMORY)
    if command.p1 != LAST_BLOCK:
        transient.loading = loading
        return ResponseApdu(NO_CONFIRMATION, StatusWord.SUCCESS)
    chip = runtime.chip
    runtime.image.commit(replace(chip, load_files=(*chip.load_files, _load_file(loading))))
    return ResponseApdu(NO_CONFIRMATION, StatusWord.SUCCESS)


def _load_file(loading: Loading) -> LoadFile:
    try:
        elements = parse_all(loading.received)
    except MalformedTlv:
        raise Refused(StatusWord.WRONG_DATA) from None
    blocks = [element.value for element in elements if element.tag == LOAD_FILE_DATA]
    if len(blocks) != 1 or any(element.tag not in {LOAD_FILE_DATA, DAP_BLOCK} for element in elements):
        raise Refused(StatusWord.WRONG_DATA)
    block = blocks[0]
    if loading.digest and _DIGESTS[len(loading.digest)](block).digest() != loading.digest:
        raise Refused(StatusWord.WRONG_DATA)
    components = _components(block)
    if _package(components.get(CAP_HEADER, b"")) != loading.load_file:
        raise Refused(StatusWord.WRONG_DATA)
    modules = _modules(components.get(CAP_APPLET, b""))
    return LoadFile(loading.load_file, modules, digest=hashlib.sha256(block).digest(), domain=loading.domain)


def _components(block: bytes) -> dict[int, bytes]:
    """The CAP components: tag(1) length(2) content, one after the other (VM specification, 6.1.1)."""
    components: dict[int, bytes] = {}
    offset = 0
    while offset < len(block):
        length = int.from_bytes(block[offset + 1 : offset + 3], "big")
        end = offset + 3 + length
        if end > len(block) or block[offset] in components:
            raise Refused(StatusWord.WRONG_DATA)
        components[block[offset]] = block[offset + 3 : end]
        offset = end
    return components


def _package(header: bytes) -> bytes:
    """The package AID of the header component: magic, versions, flags, package info (6.3)."""
    if not header.startswith(CAP_MAGIC) or len(header) < 10:
        raise Refused(StatusWord.WRONG_DATA)
    return header[10 : 10 + header[9]]


def _modules(applets: bytes) -> tuple[bytes, ...]:
    """The applet AIDs of the applet component: count, then length, AID, install method offset(2) (6.5)."""
    if not applets:
        return ()
    modules: list[bytes] = []
    offset = 1
    for _ in range(applets[0]):
        if offset >= len(applets):
            raise Refused(StatusWord.WRONG_DATA)
        end = offset + 1 + applets[offset]
        modules.append(applets[offset + 1 : end])
        offset = end + 2
    if offset != len(applets):
        raise Refused(StatusWord.WRONG_DATA)
    return tuple(modules)
