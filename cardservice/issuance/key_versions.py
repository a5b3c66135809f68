# SPDX-License-Identifier: Apache-2.0
"""A card's key version numbers, as its journal has them from the moment it was bound (docs/decisions/0124)."""

from collections.abc import Sequence

from cardservice.keys import ISSUER_SECTOR, CardKeys, KeyVersions
from cardservice.records import journal
from cardservice.records.canonical_json import Json
from cardservice.records.connection import Connection

KEY_VERSIONS = "key_versions"  # in the detail of the lines below: sector -> version, both in hexadecimal
BIND, RESUME = "bind", "resume"  # the journal's steps
BEFORE_ROTATION = 0x30  # of a card that was bound before its versions were written down: no other was given then


def key_versions_written(versions: KeyVersions) -> Json:
    """As the journal has them."""
    return {f"{sector:02X}": f"{version:02X}" for sector, version in versions.items()}


def key_versions_of(connection: Connection, card_id: str, sectors: Sequence[int], keys: CardKeys) -> KeyVersions:
    """What a begun card has, or is to get, in the issuer's domain (00) and these sectors; a sector new to it gets what is current."""
    wanted = (ISSUER_SECTOR, *sectors)
    found: dict[int, int] = {}
    for line in journal.of_card(connection, card_id):
        if line.step in {BIND, RESUME} and isinstance(line.detail, dict):
            told = line.detail.get(KEY_VERSIONS)
            if isinstance(told, dict):
                found = {int(sector, 16): int(str(version), 16) for sector, version in told.items()} | found
            elif line.step == BIND:
                found = dict.fromkeys(wanted, BEFORE_ROTATION)
    missing = [sector for sector in wanted if sector not in found]
    return {**found, **(keys.current_versions(missing) if missing else {})}
