# SPDX-License-Identifier: Apache-2.0
"""Member lists: 100,000 rows by ``kartu member import`` into PostgreSQL, with the real key process, at once and again."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench import invented_list
from bench.figure import Figure
from bench.service_share import ROOT, key_process
from cardservice.errors import KartuError
from tests.postgresql import running_cluster

ROWS = 100_000
LIMIT = 60.0  # seconds (the issue)
SMALL = 5_000
MEMORY_GROWTH = 2.0  # the larger list is twenty times the smaller


class ImportFailed(KartuError):
    """The command did not take every row; evidence: report."""

    code = "bench-import-failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command: seconds on the clock, seconds of CPU of the command alone, its largest memory in MiB."""

    seconds: float
    cpu: float
    memory: float


def figures() -> Iterator[Figure]:
    """The list that is new, the same list again, its dry run, and memory beside a list of a twentieth."""
    with (
        TemporaryDirectory(prefix="kb") as name,
        key_process(Path(name)) as (_, pid),
        running_cluster(durable=True) as cluster,
    ):
        folder = Path(name)
        socket = folder / "run" / "s"
        large, small = folder / "large.csv", folder / "small.csv"
        invented_list.write(large, ROWS)
        invented_list.write(small, SMALL)
        url = cluster.migrated_database()
        few = _import(small, cluster.migrated_database(), socket, new=SMALL)
        dry = _import(large, url, socket, "--dry-run", new=ROWS)
        keys_before = _cpu(pid)
        first = _import(large, url, socket, new=ROWS)
        keys_cpu = _cpu(pid) - keys_before
        again = _import(large, url, socket, new=0)
    rows = f"{ROWS:,} rows"
    yield Figure.judged(f"{rows} into PostgreSQL (fsync on)", first.seconds, "s", "<=", LIMIT)
    yield Figure("rows per second", ROWS / first.seconds, "rows/s")
    yield Figure("CPU of the command", first.cpu, "s", "the whole", first.cpu / first.seconds)
    yield Figure("CPU of the key process", keys_cpu, "s", "the whole", keys_cpu / first.seconds)
    yield Figure(
        "the same list again, nothing changes", again.seconds, "s", "the first time", again.seconds / first.seconds
    )
    yield Figure("dry run", dry.seconds, "s", "the first time", dry.seconds / first.seconds)
    yield Figure.compared(f"memory at {rows}", first.memory, "MiB", f"{SMALL:,} rows", few.memory, "<=", MEMORY_GROWTH)


def _import(path: Path, url: str, socket: Path, *more: str, new: int) -> Run:
    environment = os.environ | {"KARTU_DATABASE_URL": url, "KARTU_HSM_SOCKET": str(socket), "KARTU_LANGUAGE": "en"}
    began = perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "reader_tools", "member", "import", str(path), "--json", *more],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
    ) as command:
        assert command.stdout is not None
        report = json.loads(command.stdout.read())
        _, status, used = os.wait4(command.pid, 0)
        command.returncode = os.waitstatus_to_exitcode(status)
    if command.returncode != 0 or report["new"] != new or report["rows"] < new:
        raise ImportFailed(report=report)
    return Run(perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def _cpu(pid: int) -> float:
    """Seconds that a process and its workers have run (proc(5), stat: utime and stime in ticks)."""
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for each in (str(pid), *workers):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")
