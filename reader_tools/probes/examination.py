# SPDX-License-Identifier: Apache-2.0
"""The whole examination of a machine: which probes there are, in which order, and how bad a bad finding is for this desk."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cardservice.clock import now
from reader_tools.desk.withdrawals_seen import WithdrawalsSeen
from reader_tools.pcsc.driver import PcscCard
from reader_tools.pcsc.readers import CardPresence, Reader
from reader_tools.probes.api import probe_api
from reader_tools.probes.card import probe_card
from reader_tools.probes.clock import probe_clock
from reader_tools.probes.database import probe_database
from reader_tools.probes.finding import Finding, Level
from reader_tools.probes.keys import probe_keys
from reader_tools.probes.partner_names import probe_partner_names
from reader_tools.probes.readers import probe_library, probe_readers, probe_service
from reader_tools.probes.rules import probe_rules
from reader_tools.probes.taken_packs import probe_taken_packs
from reader_tools.probes.withdrawals import probe_withdrawals
from reader_tools.reader import open_card
from reader_tools.virtual.slot import READER as VIRTUAL


@dataclass(frozen=True, slots=True)
class Machine:
    """What is examined: one desk's settings. The database's address may carry a password, so it shows in no repr."""

    data_dir: Path
    reader: str
    socket: Path
    database: str
    api_url: str
    keys_uid: int | None = None  # the user that runs the key process, where it is not our own
    rule_packs: Path | None = None
    rule_pack_key: Path | None = None
    issuer: str = ""  # the scheme, whose list of withdrawals this desk goes by

    def __repr__(self) -> str:
        return f"Machine({str(self.data_dir)!r}, reader={self.reader!r})"


def examine(machine: Machine) -> Iterator[Finding]:
    """Every finding, one after the other. A part that rests on a failed one is not asked: it would only repeat the same cause."""
    yield from _readers(machine)
    yield probe_keys(machine.socket, keys_uid=machine.keys_uid)
    database = probe_database(machine.database)
    yield database
    if database.level is Level.OK:
        yield from probe_partner_names(machine.database)
    rules = list(probe_rules(machine.rule_packs, machine.rule_pack_key, now()))
    yield from rules
    if database.level is Level.OK and all(each.level is not Level.FAIL for each in rules):
        yield from probe_taken_packs(machine.rule_packs, machine.rule_pack_key, machine.database, now())
    yield probe_withdrawals(WithdrawalsSeen(machine.data_dir / "seen", machine.issuer), now())
    api, date = probe_api(machine.api_url)
    yield api
    yield probe_clock(now(), machine.data_dir, date)


def _readers(machine: Machine) -> Iterator[Finding]:
    """The virtual reader needs no PC/SC: with it, what is wrong there is a warning."""
    in_use = machine.reader != VIRTUAL
    bad = Level.FAIL if in_use else Level.WARN
    if not in_use:
        yield probe_card(Level.FAIL, lambda: open_card(VIRTUAL, machine.data_dir))
    library = probe_library(bad)
    yield library
    if library.level is not Level.OK:
        return
    service, readers = probe_service(bad)
    yield service
    if service.level is not Level.OK:
        return
    yield probe_readers(bad, readers)
    if in_use:
        if readers:
            yield probe_card(Level.FAIL, lambda: open_card(machine.reader, machine.data_dir))
        return
    for reader in _with_card(readers):
        yield probe_card(Level.WARN, lambda name=reader.name: PcscCard(name))  # type: ignore[misc]  # the name of this turn


def _with_card(readers: list[Reader]) -> list[Reader]:
    return [reader for reader in readers if reader.card is not CardPresence.EMPTY]
