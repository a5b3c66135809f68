# SPDX-License-Identifier: Apache-2.0
"""Many callers for a long time: no crash, no untyped error, and no worker that grows."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from cardservice.clock import monotonic
from hsm.keys.key_uri import KeyUri
from hsm.process.supervisor import GROWTH_KIB
from tests.campaigns.keys.load import TOLD_KINDS, Known, calling
from tests.campaigns.keys.report import Report
from tests.campaigns.keys.restarts import restarted

MOST_GROWTH_KIB = GROWTH_KIB + 16 * 1024  # past what makes the supervisor replace a worker, and a look later
GROWTH_DESCRIPTORS = 16  # beside one for each caller, who may connect later
LOOKS = 10


@dataclass(frozen=True, slots=True)
class Resources:
    """Of one process, at one moment."""

    resident_kib: int
    descriptors: int
    threads: int

    @classmethod
    def of(cls, pid: int) -> "Resources":
        """As the system tells (proc(5))."""
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        resident, threads = int(lines["VmRSS"].split()[0]), int(lines["Threads"])
        try:
            descriptors = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        except PermissionError:  # it can't be dumped, so only root may look
            descriptors = 0
        return cls(resident, descriptors, threads)

    def __str__(self) -> str:
        return f"{self.resident_kib:,} KiB, {self.descriptors} descriptors, {self.threads} thread"


def lasting(uri: KeyUri, seconds: float, callers: int, workers: int = 2) -> Report:
    """The report; ``wrong`` in it is empty where nothing crashed, grew past what is mended, was lost or doubled."""
    looks: list[dict[int, Resources]] = []
    with restarted(uri, workers) as running:
        known = Known.of(running.socket)
        began = monotonic()
        with calling(running.socket, known, callers) as seen:
            for look in range(1, LOOKS + 1):
                time.sleep(max(0.0, began + look * seconds / LOOKS - monotonic()))
                looks.append({pid: Resources.of(pid) for pid in running.pids()})
        took = monotonic() - began
        broken = seen.done.broken(running.socket, running.state, running.log, os.geteuid())
        log = running.log.read_text(errors="replace")
    report = Report(f"{callers} callers for {seconds:g} s, {workers} workers")
    report.load(seen)
    report.said("answers per second", f"{seen.answers / took:,.0f}")
    report.said("restarts of the key process", len(running.starts) - 1)
    report.said("workers that died", log.count(" worker ended "))
    report.said("workers replaced because they had grown", log.count(" worker has grown "))
    report.wrong += [*seen.wrong[:TOLD_KINDS], *broken]
    if len(running.starts) > 1 or " worker ended " in log:
        report.wrong.append("a process died")
    supervisor = next(iter(looks[0]), 0)
    for pid, late in looks[-1].items():
        name = "supervisor" if pid == supervisor else f"worker {pid}"
        early = next(each[pid] for each in looks if pid in each)
        report.said(f"{name}, when first looked at", early)
        report.said(f"{name}, at the end", late)
        report.wrong += growth(name, early, late, callers)
    return report


def growth(name: str, early: Resources, late: Resources, callers: int) -> list[str]:
    """What grew more than it may."""
    return [
        *(
            [f"{name} grew by {late.resident_kib - early.resident_kib} KiB"]
            * (late.resident_kib - early.resident_kib > MOST_GROWTH_KIB)
        ),
        *(
            [f"{name} opened ever more descriptors"]
            * (late.descriptors - early.descriptors > callers + GROWTH_DESCRIPTORS)
        ),
        *([f"{name} has a second thread"] * (late.threads > 1)),
    ]
