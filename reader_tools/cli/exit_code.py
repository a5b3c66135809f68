# SPDX-License-Identifier: Apache-2.0
"""Exit codes of ``kartu``, and which error ends with which."""

from enum import IntEnum

from cardservice.collection.errors import GroupListUnreadable, StatementUnreadable
from cardservice.enrolment.errors import IntermediaryError, IntermediaryMalformed, NothingToAccept, RegistryError
from cardservice.errors import KartuError
from cardservice.records.errors import (
    ConstraintRefused,
    IdempotencyConflict,
    PlanConflict,
    RecordNotFound,
    StateConflict,
)
from hsm.errors import (
    CustodyBusy,
    CustodyJournalUnusable,
    CustodyRefused,
    GrantRefused,
    PlanRefused,
    PublicationFailed,
)
from reader_tools.errors import DeskError, InputError, SettingsInvalid, TornCardMasterEnded


class ExitCode(IntEnum):
    """What ``kartu`` says to the shell."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    READER = 3
    SERVICE = 4
    INPUT = 5
    INTERRUPTED = 130


EXPLAINED = (
    "Exit codes: 0 done; 1 refused or not covered; 2 wrong usage; 3 reader or card trouble; "
    "4 service, keys or database trouble; 5 bad input."
)

# An error class belongs to the room that defines it; the longest matching room decides.
ROOMS = {
    "reader_tools": ExitCode.READER,
    "applets": ExitCode.READER,
    "cardservice.card_edge": ExitCode.READER,
    "cardservice.collection": ExitCode.REFUSED,
    "cardservice.coverage": ExitCode.INPUT,
    "cardservice.enrolment": ExitCode.INPUT,
    "cardservice.issuance": ExitCode.REFUSED,
    "cardservice.verification": ExitCode.REFUSED,
    "cardservice.credentials": ExitCode.REFUSED,
    "cardservice.partnership": ExitCode.REFUSED,
    "reader_tools.desk": ExitCode.SERVICE,
    "reader_tools.walk": ExitCode.SERVICE,
    "cardservice": ExitCode.SERVICE,
    "hsm": ExitCode.SERVICE,
    "api": ExitCode.SERVICE,
}
# The database is well, and says no.
REFUSALS_OF_RECORDS = (ConstraintRefused, IdempotencyConflict, PlanConflict, RecordNotFound, StateConflict)
# Of what custody refuses, this is trouble of the machine.
CUSTODY_IN_TROUBLE = (CustodyBusy, CustodyJournalUnusable, PublicationFailed)
# Of enrolment, a list is input; an intermediary that may not is refused, and a registry that is silent is a service in trouble.
OF_ENROLMENT: dict[type[KartuError], ExitCode] = {
    IntermediaryMalformed: ExitCode.INPUT,
    IntermediaryError: ExitCode.REFUSED,
    NothingToAccept: ExitCode.REFUSED,
    RegistryError: ExitCode.SERVICE,
}


def exit_code_for(error: KartuError) -> ExitCode:
    """The exit code that an error ends with."""
    if isinstance(error, SettingsInvalid | InputError | PlanRefused | StatementUnreadable | GroupListUnreadable):
        return ExitCode.INPUT
    refused_by_custody = isinstance(error, CustodyRefused | GrantRefused) and not isinstance(error, CUSTODY_IN_TROUBLE)
    if refused_by_custody or isinstance(error, (*REFUSALS_OF_RECORDS, TornCardMasterEnded)):
        return ExitCode.REFUSED
    for kind, code in OF_ENROLMENT.items():
        if isinstance(error, kind):
            return code
    if isinstance(error, DeskError):
        return ExitCode.SERVICE
    room = type(error).__module__
    while room:
        if room in ROOMS:
            return ROOMS[room]
        room = room.rpartition(".")[0]
    return ExitCode.SERVICE
