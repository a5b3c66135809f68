# SPDX-License-Identifier: Apache-2.0
"""What is done to the unit inside the machine of ``stage.py``: killed, reloaded, stopped; and asked by the user whom it serves."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bench.answered_by import answered_by, answered_by_another
from bench.figure import Figure
from cardservice.clock import monotonic
from tests.campaigns.systemd.stage import CALLER_ID, LOG, STATE, UNIT
from tests.hsm.running import eventually, is_alive

SOCKET = Path("/run/kartu-keys/keys.sock")
WORKERS = 4  # as the unit has it
PIN = STATE / "hsm" / "pin"  # of a token; a sealed file has none
GOAL_SECONDS = 1.0
PATIENCE = 30.0  # seconds: generous, no figure
PAUSE = 1.1  # seconds between kills: sixty in a minute are where the unit gives up


def shown(name: str) -> str:
    """A property of the unit, as systemd has it now."""
    asked = ["systemctl", "show", "--property", name, "--value", UNIT]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


def control(verb: str) -> None:
    """One word of systemctl's about the unit."""
    subprocess.run(["systemctl", verb, UNIT], check=True)


def all_of_it() -> list[int]:
    """Process ids of the unit."""
    found = Path(f"/sys/fs/cgroup{shown('ControlGroup')}/cgroup.procs")
    return [int(pid) for pid in found.read_text().split()] if found.exists() else []


@contextmanager
def as_caller() -> Iterator[None]:
    """As the user whom the unit serves: the kernel tells the key process who connects."""
    os.setegid(CALLER_ID)
    os.seteuid(CALLER_ID)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def killed(kills: int, wrong: list[str]) -> list[float]:
    """Seconds from each kill of the main process to the first answer of the next."""
    back: list[float] = []
    for _ in range(kills):
        main, all_before = int(shown("MainPID")), all_of_it()
        killed_at = monotonic()
        os.kill(main, signal.SIGKILL)
        with as_caller():
            answered = answered_by_another(SOCKET, main, PATIENCE)
        if answered is None:
            wrong.append("not started again")
            return back
        back.append(answered - killed_at)
        if not eventually(lambda gone=all_before: not any(map(is_alive, gone)), PATIENCE):  # type: ignore[misc] # bound at once
            wrong.append("an orphan lives on")
        time.sleep(PAUSE)
    return back


def main(kills: int) -> int:
    """Prints what was seen; 1 where something is not as the unit promises."""
    os.setgroups([])
    wrong: list[str] = []
    if not eventually(is_answered, PATIENCE):
        wrong.append("does not answer")
        kills = 0
    back = killed(kills, wrong)
    if back:
        print(
            Figure.judged(
                "systemd: from SIGKILL to the next answer, longest", max(back), "s", "<=", GOAL_SECONDS
            ).line()
        )
        print(Figure("systemd: from SIGKILL to the next answer, median", median(back), "s").line())
    if (restarts := shown("NRestarts")) != str(kills):
        wrong.append(f"{restarts} restarts for {kills} kills")
    wrong += reloaded() + stopped()
    if PIN.exists():
        wrong += refused_pin()
    for each in wrong:
        print(f"  WRONG: {each}")
    if wrong:
        print(LOG.read_text()[-2000:])
    done = "reloaded, stopped, " + "a wrong PIN tried by one start, " * PIN.exists()
    print(f"  kills {kills}, restarts {restarts}" + ("" if wrong else f"; {done}nothing wrong"))
    return 1 if wrong else 0


def is_answered() -> bool:
    """By whoever it is."""
    with as_caller():
        return answered_by(SOCKET) is not None


def reloaded() -> list[str]:
    """What is wrong after a reload: the same main process, other workers."""
    main = int(shown("MainPID"))
    if not eventually(lambda: len(all_of_it()) == WORKERS + 1, PATIENCE):
        return [f"{len(all_of_it())} processes"]
    workers = set(all_of_it()) - {main}
    control("reload")
    if not eventually(lambda: len(all_of_it()) == WORKERS + 1 and not workers & set(all_of_it()), PATIENCE):
        return [f"after a reload {all_of_it()}, before it {workers}"]
    if (found := int(shown("MainPID"))) != main:
        return [f"a reload made {found} of {main}"]
    return [] if eventually(is_answered, PATIENCE) else ["no answer after a reload"]


def refused_pin() -> list[str]:
    """What is wrong where the token refuses the PIN: it is started once, and not again."""
    PIN.write_text("0000-0000\n")
    control("start")
    if not eventually(lambda: shown("ActiveState") == "failed", PATIENCE):
        return [f"with a wrong PIN it is {shown('ActiveState')}"]
    time.sleep(PAUSE)
    ended = (shown("ActiveState"), shown("ExecMainStatus"), shown("NRestarts"))
    return [] if ended == ("failed", "77", "0") else [f"with a wrong PIN it ended so: {ended}"]


def stopped() -> list[str]:
    """What is wrong after a stop."""
    control("stop")
    left = [*all_of_it(), *(["socket"] if SOCKET.exists() else [])]
    return [f"left after a stop: {left}"] if left or shown("ActiveState") != "inactive" else []


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
