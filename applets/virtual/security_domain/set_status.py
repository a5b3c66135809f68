# SPDX-License-Identifier: Apache-2.0
"""SET STATUS (GP 2.3.1, 11.10): the life of the card, and the lock of an application."""

from dataclasses import replace

from applets.virtual.chip import Application, ApplicationState, CardState, Chip
from applets.virtual.errors import Refused
from applets.virtual.frame import Frame
from applets.virtual.runtime import Runtime
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.status_word import StatusWord

CARD, APPLICATION, DOMAIN_WITH_APPLICATIONS = 0x80, 0x40, 0x60
LOCK = 0x80

# GP 5.1.2: an allow-list; what is not here does not happen.
_CARD_STEPS: dict[int, frozenset[int]] = {
    CardState.OP_READY: frozenset({CardState.INITIALIZED, CardState.TERMINATED}),
    CardState.INITIALIZED: frozenset({CardState.SECURED, CardState.TERMINATED}),
    CardState.SECURED: frozenset({CardState.CARD_LOCKED, CardState.TERMINATED}),
    CardState.CARD_LOCKED: frozenset({CardState.SECURED, CardState.TERMINATED}),
    CardState.TERMINATED: frozenset(),
}


def set_status(runtime: Runtime, command: Frame) -> ResponseApdu:
    """``80 F0 P1 state``. 6A86 unknown P1 or state, 6985 a step that life does not allow, 6A88 unknown application."""
    runtime.demand_mac()
    chip = runtime.chip
    if command.p1 == CARD:
        changed = _card(chip, command.p2)
    elif chip.life_cycle == CardState.CARD_LOCKED:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    elif command.p1 == APPLICATION:
        changed = _locked_or_not(chip, _demand(chip, command.data), command.p2)
    elif command.p1 == DOMAIN_WITH_APPLICATIONS:
        domain = _demand(chip, command.data)
        if not domain.is_security_domain:
            raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
        changed = _locked_or_not(chip, domain, command.p2)
        for entry in chip.applications:
            if entry.domain == domain.aid:
                changed = _locked_or_not(changed, entry, command.p2)
    else:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    runtime.image.commit(changed)
    return ResponseApdu(b"", StatusWord.SUCCESS)


def _card(chip: Chip, state: int) -> Chip:
    if state not in _CARD_STEPS:
        raise Refused(StatusWord.INCORRECT_P1_P2)
    if state not in _CARD_STEPS[chip.life_cycle]:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    return replace(chip, life_cycle=state)


def _demand(chip: Chip, aid: bytes) -> Application:
    application = chip.application(aid)
    if application is None:
        raise Refused(StatusWord.REFERENCED_DATA_NOT_FOUND)
    return application


def _locked_or_not(chip: Chip, application: Application, state: int) -> Chip:
    """Bit 8 locks and unlocks; the state below it comes back as it was. Further states are the application's own to enter."""
    bare = application.life_cycle & ~ApplicationState.LOCKED
    if state & ~LOCK not in {0x00, bare, ApplicationState.INSTALLED}:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
    return chip.with_application(replace(application, life_cycle=bare | (state & LOCK)))
