# SPDX-License-Identifier: Apache-2.0
"""The image file's content: a Chip, and an armed Tear, as JSON with byte strings in hex."""

import json
import re
from typing import Any

from applets.virtual.chip import (
    ISD_AID,
    Application,
    Chip,
    LoadFile,
    Memory,
    PivMemory,
    ReferenceData,
    SectorMemory,
    StaticKeySet,
)
from applets.virtual.errors import ImageUnreadable
from applets.virtual.tear import Tear, TearMode, WritePhase

FORMAT = "kartu-virtual-card/1"
HEAD = 64
_Json = dict[str, Any]


def encode(chip: Chip, tear: Tear | None, *, writes: int = 0) -> bytes:
    """The bytes of the image file. ``writes`` stands in its first HEAD bytes, so that each write is told from the last at a glance."""
    document: _Json = {
        "format": FORMAT,
        "writes": writes,
        "cplc": chip.cplc.hex(),
        "kdd": chip.kdd.hex(),
        "scp_i": chip.scp_i,
        "life_cycle": chip.life_cycle,
        "key_sets": [_key_set(entry) for entry in chip.key_sets],
        "objects": _numbered(chip.objects),
        "load_files": [_load_file(entry) for entry in chip.load_files],
        "applications": [_application(entry) for entry in chip.applications],
    }
    if tear is not None:
        document["tear"] = {"mode": tear.mode.value, "at": tear.at, "phase": tear.phase.value}
    return json.dumps(document, separators=(",", ":")).encode()


def writes_of(encoded: bytes) -> int:
    """How often this image was written before."""
    found = re.match(rb'\{"format":"[^"]*","writes":(\d{1,15}),', encoded)
    return int(found[1]) if found else 0


def decode(encoded: bytes) -> tuple[Chip, Tear | None]:
    """Read an image file. Raises ImageUnreadable for anything that ``encode`` did not write."""
    try:
        document = json.loads(encoded)
        if document["format"] != FORMAT:
            raise ImageUnreadable(rule="another format")
        chip = Chip(
            cplc=bytes.fromhex(document["cplc"]),
            kdd=bytes.fromhex(document["kdd"]),
            scp_i=int(document["scp_i"]),
            life_cycle=int(document["life_cycle"]),
            key_sets=tuple(map(_read_key_set, document["key_sets"])),
            objects=_read_numbered(document["objects"]),
            load_files=tuple(map(_read_load_file, document["load_files"])),
            applications=tuple(map(_read_application, document["applications"])),
        )
        return chip, _read_tear(document.get("tear"))
    except (KeyError, TypeError, ValueError, AttributeError) as damage:
        raise ImageUnreadable(rule=f"damaged: {type(damage).__name__}") from None


def _numbered(values: dict[int, bytes]) -> dict[str, str]:
    return {f"{tag:X}": value.hex() for tag, value in values.items()}


def _read_numbered(values: dict[str, str]) -> dict[int, bytes]:
    return {int(tag, 16): bytes.fromhex(value) for tag, value in values.items()}


def _key_set(entry: StaticKeySet) -> _Json:
    return {
        "kvn": entry.key_version_number,
        "enc": entry.enc.hex(),
        "mac": entry.mac.hex(),
        "dek": entry.dek.hex(),
        "counter": entry.sequence_counter,
        "failures": entry.failures,
    }


def _read_key_set(entry: _Json) -> StaticKeySet:
    enc, mac, dek = (bytes.fromhex(entry[name]) for name in ("enc", "mac", "dek"))
    return StaticKeySet(int(entry["kvn"]), enc, mac, dek, int(entry["counter"]), int(entry["failures"]))


def _load_file(entry: LoadFile) -> _Json:
    return {
        "aid": entry.aid.hex(),
        "modules": [module.hex() for module in entry.modules],
        "version": entry.version.hex(),
        "digest": entry.digest.hex(),
        "domain": entry.domain.hex(),
    }


def _read_load_file(entry: _Json) -> LoadFile:
    modules = tuple(map(bytes.fromhex, entry["modules"]))
    return LoadFile(
        bytes.fromhex(entry["aid"]),
        modules,
        bytes.fromhex(entry["version"]),
        bytes.fromhex(entry["digest"]),
        bytes.fromhex(entry.get("domain", ISD_AID.hex())),  # an image of before this was kept has the issuer's only
    )


def _application(entry: Application) -> _Json:
    return {
        "aid": entry.aid.hex(),
        "load_file": entry.load_file.hex(),
        "module": entry.module.hex(),
        "life_cycle": entry.life_cycle,
        "privileges": entry.privileges.hex(),
        "domain": entry.domain.hex(),
        "key_sets": [_key_set(key_set) for key_set in entry.key_sets],
        "memory": _memory(entry.memory),
    }


def _read_application(entry: _Json) -> Application:
    return Application(
        aid=bytes.fromhex(entry["aid"]),
        load_file=bytes.fromhex(entry["load_file"]),
        module=bytes.fromhex(entry["module"]),
        life_cycle=int(entry["life_cycle"]),
        privileges=bytes.fromhex(entry["privileges"]),
        domain=bytes.fromhex(entry["domain"]),
        key_sets=tuple(map(_read_key_set, entry["key_sets"])),
        memory=_read_memory(entry["memory"]),
    )


def _memory(memory: Memory) -> _Json | None:
    if isinstance(memory, PivMemory):
        return {
            "kind": "piv",
            "pin": _reference(memory.pin),
            "puk": _reference(memory.puk),
            "keys": _numbered(memory.keys),
            "objects": _numbered(memory.objects),
        }
    if isinstance(memory, SectorMemory):
        return {
            "kind": "sector",
            "key": None if memory.key is None else memory.key.hex(),
            "cover_proof": memory.cover_proof.hex(),
            "data": memory.data.hex(),
            "free_length": memory.free_length,
            "counters": list(memory.counters),
        }
    return None


def _read_memory(entry: _Json | None) -> Memory:
    if entry is None:
        return None
    if entry["kind"] == "piv":
        return PivMemory(
            pin=_read_reference(entry["pin"]),
            puk=_read_reference(entry["puk"]),
            keys=_read_numbered(entry["keys"]),
            objects=_read_numbered(entry["objects"]),
        )
    if entry["kind"] == "sector":
        key = entry["key"]
        return SectorMemory(
            key=None if key is None else bytes.fromhex(key),
            cover_proof=bytes.fromhex(entry["cover_proof"]),
            data=bytes.fromhex(entry["data"]),
            free_length=int(entry["free_length"]),
            counters=tuple(map(int, entry["counters"])),
        )
    raise ImageUnreadable(rule="unknown memory")


def _reference(entry: ReferenceData) -> _Json:
    return {
        "limit": entry.limit,
        "value": None if entry.value is None else entry.value.hex(),
        "tries": entry.tries,
    }


def _read_reference(entry: _Json) -> ReferenceData:
    value = entry["value"]
    return ReferenceData(int(entry["limit"]), None if value is None else bytes.fromhex(value), int(entry["tries"]))


def _read_tear(entry: _Json | None) -> Tear | None:
    if entry is None:
        return None
    return Tear(TearMode(entry["mode"]), int(entry["at"]), WritePhase(entry["phase"]))
