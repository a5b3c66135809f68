# SPDX-License-Identifier: Apache-2.0
"""SIGKILL under load, again and again: to a worker, to the supervisor alone, or to all of the key process at once."""

import os
import random
import time
from enum import StrEnum
from statistics import median

from bench.answered_by import answered_by_another
from bench.figure import Figure
from cardservice.clock import monotonic
from hsm.keys.key_uri import KeyUri
from tests.campaigns.keys.load import TOLD_KINDS, Known, Seen, calling
from tests.campaigns.keys.report import Report
from tests.campaigns.keys.restarts import Restarted, restarted
from tests.hsm.running import eventually, is_alive

WORKERS = 2
PATIENCE = 30.0  # seconds: generous, no figure
GOAL_SECONDS = 1.0


class Whom(StrEnum):
    """Who is killed."""

    WORKER = "a worker"
    SUPERVISOR = "the supervisor"
    ALL = "all of it"


def killing(uri: KeyUri, whom: Whom, kills: int, callers: int, seed: int) -> Report:
    """The report; ``wrong`` in it is empty where nothing acknowledged was lost or doubled and service came back every time."""
    chance = random.Random(seed)
    back: list[float] = []
    with restarted(uri, WORKERS) as running:
        known = Known.of(running.socket)
        with calling(running.socket, known, callers) as seen:
            for _ in range(kills):
                time.sleep(chance.uniform(0.2, 1.0))
                if not eventually(lambda: len(running.pids()) == WORKERS + 1, PATIENCE):
                    seen.went_wrong(f"no {WORKERS} workers")
                    break
                back.append(kill_one(running, whom, chance, seen))
        broken = seen.done.broken(running.socket, running.state, running.log, os.geteuid())
    report = Report(f"{kills} x SIGKILL to {whom}, {callers} callers asking")
    report.load(seen)
    report.said("starts of the key process", len(running.starts))
    if back:
        report.figure(Figure.judged("from the kill to the next answer, longest", max(back), "s", "<=", GOAL_SECONDS))
        report.figure(Figure("from the kill to the next answer, median", median(back), "s"))
    report.wrong += [*seen.wrong[:TOLD_KINDS], *broken]
    return report


def kill_one(running: Restarted, whom: Whom, chance: random.Random, seen: Seen) -> float:
    """One kill; the seconds until somebody was answered again. Waits until all serve and nobody of the killed lives on."""
    supervisor, *workers = running.pids()
    doomed = {
        Whom.WORKER: [chance.choice(workers)],
        Whom.SUPERVISOR: [supervisor],
        Whom.ALL: [supervisor, *workers],
    }[whom]
    starts, answers, killed_at = len(running.starts), seen.answers, monotonic()
    running.kill(doomed)
    answered: float | None = None
    if whom is not Whom.WORKER:
        # Answers that were under way, or that orphans give before they leave, are not meant: the kernel tells whose they are.
        answered = answered_by_another(running.socket, supervisor, PATIENCE)
        if answered is None or not eventually(lambda: len(running.starts) > starts, PATIENCE):
            seen.went_wrong("not started again")
        answers = seen.answers
    if not eventually(lambda: seen.answers > answers, PATIENCE):
        seen.went_wrong(f"no answer within {PATIENCE:g} s of a kill")
    seconds = (answered or monotonic()) - killed_at
    gone = doomed if whom is Whom.WORKER else [supervisor, *workers]
    if not eventually(lambda: not any(map(is_alive, gone)), PATIENCE):
        seen.went_wrong("an orphan lives on")
    return seconds
