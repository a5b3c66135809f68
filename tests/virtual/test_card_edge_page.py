# SPDX-License-Identifier: Apache-2.0
"""The card's constants are those of docs/card-edge.md."""

import re
from pathlib import Path

import pytest

from applets.virtual.card import ATR
from applets.virtual.chip import (
    COUNTERS,
    ISD_AID,
    LOAD_FILE_AID,
    PIV_MODULE,
    SECTOR_DATA_LENGTH,
    SECTOR_MODULE,
    CardState,
    PivMemory,
)
from applets.virtual.factory import TRANSPORT_KEY_VERSION
from applets.virtual.runtime import Interface
from applets.virtual.sector.keys import KEY_VERSIONS
from applets.virtual.sector.objects import COVER_PROOF_MAX
from applets.virtual.sector.tap import CONTEXT
from tests.virtual.host import PIV_AID

PAGE = (Path(__file__).parents[2] / "docs/card-edge.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "sentence",
    [
        f"| issuer security domain (ISD) | {ISD_AID.hex().upper()} |",
        f"| PIV | {PIV_AID.hex().upper()} |",
        f"| sector `nn` | {SECTOR_MODULE.hex().upper()}nn |",
        f"One load file {LOAD_FILE_AID.hex().upper()} (pre-loaded on a blank chip) holds module",
        f"module {PIV_MODULE.hex().upper()} (PIV) and module {SECTOR_MODULE.hex().upper()} (sector)",
        f"`{ATR[Interface.CONTACT].hex().upper()}` (contact)",
        f"`{ATR[Interface.CONTACTLESS].hex().upper()}`",
        f"at most {COVER_PROOF_MAX} bytes",
        f"sector data, {SECTOR_DATA_LENGTH:,} bytes",
        f"{COUNTERS} monotonic 32-bit counters",
        f"PIN 6-8 digits, {PivMemory().pin.limit} tries; PUK 8 bytes, {PivMemory().puk.limit} tries",
        f'`"{CONTEXT.decode()}"`',
        f"its own set only (KVN {KEY_VERSIONS[0]:02X} to {KEY_VERSIONS[-1]:02X})",
        f"transport key KVN {TRANSPORT_KEY_VERSION:02X}",
        f"| STOCK | OP_READY {CardState.OP_READY:02X} |",
        f"SECURED {CardState.SECURED:02X}",
        f"CARD_LOCKED {CardState.CARD_LOCKED:02X}",
        f"TERMINATED {CardState.TERMINATED:02X}",
    ],
)
def test_the_page_says_the_same(sentence: str) -> None:
    page = re.sub(r"\*\*|\\|\s+", lambda match: " " if match[0].isspace() else "", PAGE)
    assert sentence in page
