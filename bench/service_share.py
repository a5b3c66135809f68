# SPDX-License-Identifier: Apache-2.0
"""The whole service's share of one personalization, in CPU: plan, journal, audit and records on SQLite, and the real key process.

From an approved order to a live card. The software card, which stands for a chip, is not counted; nor is waiting for the disk.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import thread_time_ns

from bench.host_share import TimedCard
from bench.issuer import PIN, blank_card
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.chip import probe
from cardservice.clock import now
from cardservice.enrolment.import_members import import_members
from cardservice.enrolment.member_list import read_member_list
from cardservice.errors import KartuError
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.order import approve_order, place_order
from cardservice.issuance.personalization import Personalization
from cardservice.issuance.stock import receive_chips
from cardservice.records.database import open_database
from cardservice.records.schema import upgrade
from cardservice.rule_folder import load_rule_packs
from hsm.client.key_process import KeyProcess

ROOT = Path(__file__).parents[1]
MEMBERS = ROOT / "examples" / "members.csv"
RUNS = 20
WARM_UP = 3


class KeyProcessSilent(KartuError):
    """The key process did not start."""

    code = "bench-key-process-silent"


@dataclass(frozen=True, slots=True)
class ServiceShare:
    """Milliseconds of CPU per card: ``service`` is this process (median), ``keys`` the key process (mean: its clock is read from outside)."""

    service: float
    keys: float


def service_cpu(runs: int = RUNS) -> ServiceShare:
    """Personalize cards for the members of examples/members.csv, one after another."""
    with TemporaryDirectory(prefix="kb") as folder, key_process(Path(folder)) as (keys, pid):
        url = f"sqlite:///{folder}/records.db"
        upgrade(url)
        with closing(open_database(url)) as database:
            bureau = Bureau(database, keys, now, secrets.token_bytes, load_rule_packs())
            listed = read_member_list(MEMBERS.read_bytes(), today=now().date())
            import_members(
                database,
                listed,
                sealer=keys.sealer,
                blind_index=keys.blind_index,
                new_id=bureau.identifier,
                at=now(),
                rules=bureau.packs.at(now()),
            )
            taken = [_one(bureau, f"P-{number:04d}", pid) for number in range(1, WARM_UP + runs + 1)][WARM_UP:]
    return ServiceShare(median(each.service for each in taken), mean(each.keys for each in taken))


def _one(bureau: Bureau, member_ref: str, keys_pid: int) -> ServiceShare:
    order = place_order(bureau, member_ref=member_ref, ordered_by="ani", idempotency_key=member_ref)
    for approver in ("budi", "citra"):
        approve_order(bureau, order_id=order.order_id, approver=approver)
    card = blank_card()
    chip = run(probe(secrets.token_bytes), card).chip
    receive_chips(bureau, location="bench", chip_serials=[chip.chip_serial])
    card.reset()
    timed = TimedCard(card)
    keys_before, began = _cpu_ns(keys_pid), thread_time_ns()
    making = Personalization(bureau, order.order_id, pin=PIN)
    run(making.dialogue(), timed, on_script=making.sending)
    ours = thread_time_ns() - began - timed.spent
    return ServiceShare(ours / 1e6, (_cpu_ns(keys_pid) - keys_before) / 1e6)


@contextmanager
def key_process(folder: Path) -> Iterator[tuple[KeyProcess, int]]:
    """The real key process over fresh development keys, and its number."""
    stored = ("--store", f"{folder}/keys", "--passphrase-file", f"{folder}/pass")
    program = [sys.executable, "-m", "hsm", *stored]
    environment = os.environ | {"KARTU_ENV": "test"}
    subprocess.run([*program, "--init"], check=True, capture_output=True, cwd=ROOT, env=environment)
    socket = folder / "run" / "s"
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [*program, "--socket", str(socket)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        if process.stdout.readline() != b"ready\n":
            raise KeyProcessSilent
        with KeyProcess(socket) as keys:
            yield keys, process.pid
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _cpu_ns(supervisor: int) -> int:
    """Nanoseconds that a key process and its workers have run (Linux, sched-stats.rst): finer than the ticks of /proc/PID/stat."""
    workers = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return sum(
        int(path.read_text().split()[0])
        for process in (supervisor, *workers)
        for path in Path(f"/proc/{process}/task").glob("*/schedstat")
    )
