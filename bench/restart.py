# SPDX-License-Identifier: Apache-2.0
"""The whole key process killed by SIGKILL: seconds until a caller is answered by the next, and the processor time of such a start.

It is started again as docs/operations/kartu-hsm.service says: by its command, after its pause, with byte code as an installation has it. systemd
itself is tried by ``python -m tests.campaigns.systemd``.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.answered_by import answered_by_another
from bench.figure import Figure
from bench.key_process import ROOT, KeyProcessSilent, has_softhsm, sealed_file, softhsm_token
from cardservice.clock import monotonic
from hsm.keys.key_uri import KeyUri
from tests.campaigns.keys.restarts import Unit

ROUNDS = 9
WORKERS = 2
PATIENCE = 60.0  # seconds
GOAL_SECONDS = 1.0
_TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds
_UTIME, _STIME = 11, 12  # of what stands behind the name (proc(5), /proc/pid/stat)


def figures(rounds: int = ROUNDS) -> Iterator[Figure]:
    """For both back ends."""
    make_byte_code()
    with sealed_file() as uri:
        yield from killed_and_back("sealed file", uri, rounds)
    if not has_softhsm():
        yield Figure.unmeasured("killed, SoftHSM2", "s", "SoftHSM2 is not installed")
        return
    with softhsm_token() as uri:
        yield from killed_and_back("SoftHSM2", uri, rounds)


def make_byte_code() -> None:
    """Of all that a start imports: Python can't write it where only an administrator may, and some environments forbid it."""
    packages = Path(sys.prefix, "lib", f"python{sys.version_info.major}.{sys.version_info.minor}", "site-packages")
    ours = [ROOT / name for name in ("cardservice", "hsm")]
    theirs = [packages / name for name in ("cryptography", "cbor2", "pkcs11", "asn1crypto")]
    subprocess.run([sys.executable, "-m", "compileall", "-qq", *filter(Path.exists, [*ours, *theirs])], check=True)


def killed_and_back(name: str, uri: KeyUri, rounds: int) -> Iterator[Figure]:
    """Started, killed with all its workers, started again, and again. Raises KeyProcessSilent."""
    unit = Unit.read()
    with TemporaryDirectory(prefix="kb") as folder_name:
        folder = Path(folder_name)
        socket = folder / "run" / "s"
        line = [*unit.command(uri, folder / "state", socket, WORKERS)]
        seconds, spent, before = [], [], 0
        for _ in range(rounds + 1):
            killed_at = monotonic()
            time.sleep(unit.pause)
            with (folder / "log").open("ab") as log:
                process = subprocess.Popen(
                    line, cwd=ROOT, env=os.environ | {"KARTU_ENV": "test"}, stdout=subprocess.DEVNULL, stderr=log
                )
            try:
                answered = answered_by_another(socket, before, PATIENCE)
                workers = _children(process.pid)
                if answered is None:
                    raise KeyProcessSilent(told=(folder / "log").read_text()[-200:])
                seconds.append(answered - killed_at)
                spent.append(sum(map(_processor_time, [process.pid, *workers])))
            finally:
                before = process.pid
                for pid in (process.pid, *_children(process.pid)):
                    os.kill(pid, signal.SIGKILL)
                process.wait()
    # The first start is none after a kill.
    yield Figure.judged(f"killed, {name}: until the next answer, median", median(seconds[1:]), "s", "<=", GOAL_SECONDS)
    yield Figure.judged(f"killed, {name}: until the next answer, longest", max(seconds[1:]), "s", "<=", GOAL_SECONDS)
    yield Figure.compared(
        f"killed, {name}: processor time until then, median",
        *(median(spent[1:]), "s", "the goal's second", GOAL_SECONDS, "<=", 1),
    )


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _processor_time(pid: int) -> float:
    behind_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(behind_name[_UTIME]) + int(behind_name[_STIME])) * _TICK
