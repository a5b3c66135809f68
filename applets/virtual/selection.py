# SPDX-License-Identifier: Apache-2.0
"""SELECT by AID, and which application answers first (GP 2.3.1, 6.4 and 11.9; docs/card-edge.md)."""

from applets.virtual.chip import ISD_AID, Application, ApplicationState, CardState, Chip
from applets.virtual.code import answer_to_select
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

FIRST = 0x00
NEXT = 0x02
DEFAULT_SELECTED = 0x04  # privilege byte 1, Card Reset (GP table 11-7)


def default_application(chip: Chip) -> bytes:
    """The AID selected at reset: the ISD unless an application holds the Card Reset privilege."""
    if chip.life_cycle not in {CardState.CARD_LOCKED, CardState.TERMINATED}:
        for entry in chip.applications:
            if entry.privileges[0] & DEFAULT_SELECTED and _selectable(entry):
                return entry.aid
    return ISD_AID


def select(runtime: Runtime, frame: Frame) -> ResponseApdu:
    """``00 A4 04 00/02 [Lc AID]``. 6A82 leaves everything as it was: selection, PIN state, secure channel."""
    if frame.p2 not in {FIRST, NEXT}:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    transient = runtime.transient
    transient.drop_chain()
    found = _find(runtime.chip, frame.data, transient.selected if frame.p2 == NEXT else None)
    if found != transient.selected:
        transient.pin_verified = False
    transient.pin_fresh = False
    transient.selected = found
    transient.end_channel()
    return answer_to_select(runtime)


def _find(chip: Chip, prefix: bytes, after: bytes | None) -> bytes:
    """The first application whose AID begins so (no data: the ISD), or the next one after another."""
    if not prefix and after is None:
        return ISD_AID
    if len(prefix) > 16:
        raise Refused(StatusWord.WRONG_DATA)
    locked = chip.life_cycle == CardState.CARD_LOCKED
    names = [ISD_AID] + ([] if locked else [entry.aid for entry in chip.applications if _selectable(entry)])
    matches = [name for name in names if name.startswith(prefix)]
    if after is not None:
        matches = matches[matches.index(after) + 1 :] if after in matches else []
    if not matches:
        raise Refused(StatusWord.NOT_FOUND)
    # A full name goes before a longer one that begins so.
    return prefix if prefix in matches and after is None else matches[0]


def _selectable(entry: Application) -> bool:
    return not entry.locked and entry.life_cycle & ApplicationState.SELECTABLE == ApplicationState.SELECTABLE
