# SPDX-License-Identifier: Apache-2.0
"""Telling a running key process that its keys have changed (SIGHUP, hsm/process/supervisor.py), and seeing whether any worker with the earlier ones is left."""

import fcntl
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cardservice.clock import monotonic
from reader_tools.cli.output import Output
from reader_tools.cli.settings import Settings

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid (unix(7), SO_PEERCRED)
_LOCK = struct.Struct("hhqqi4x")  # type, whence, begin, length, pid (fcntl(2), struct flock)
_WHOLE_FILE = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
_STATE, _STARTED = 0, 19  # of what stands behind the name (proc(5), /proc/pid/stat)
_PATIENCE = 2.0  # seconds, to connect
TAKING_SECONDS = 30.0  # for all workers, one after the other
_MOMENT = 0.2  # seconds in which nobody is told that he waits
_PAUSE = 0.05

Worker = tuple[int, str]  # process id, and when it was started: an id alone may be another's tomorrow


@dataclass(frozen=True, slots=True)
class Told:
    """``pid`` was told, or nobody. ``is_taken``: no worker is left that may have opened the earlier keys; else nothing is known of that."""

    pid: int | None = None
    is_taken: bool = False

    @property
    def document(self) -> Mapping[str, object]:
        """For ``--json``."""
        return {"told": self.pid, "taken": self.is_taken}


def tell_of_change(settings: Settings, output: Output) -> Told:
    """Tell the key process of this desk that its keys have changed; who waits long sees for what, on standard error."""

    def say() -> None:
        said = output.say(
            "Menunggu proses kunci membuka ulang kunci.", "Waiting for the key process to open the keys anew."
        )
        sys.stderr.write(f"{said}\n")
        sys.stderr.flush()

    return told_to_open_again(settings.socket, waiting=say)


def told_to_open_again(
    path: Path, patience: float = TAKING_SECONDS, *, waiting: Callable[[], None] = lambda: None
) -> Told:
    """Tell the key process of this socket, to be asked once the keys have changed, and wait for its workers. Nobody else is ever signalled.

    ``waiting`` is called once where it takes more than a moment.
    """
    pid = _listener(path)
    if pid is None:
        return Told()
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return Told()
    try:
        # Asked after the process was taken hold of: so it is the one that has this socket, and no stranger with its number.
        if lock_holder(path) != pid:
            return Told()
        earlier = _workers(pid)  # whoever comes from now on opens the changed keys, told or not
        signal.pidfd_send_signal(process, signal.SIGHUP)
    except OSError:
        return Told()
    finally:
        os.close(process)
    return Told(pid, earlier is not None and _have_gone(earlier, patience, waiting))


def _listener(path: Path) -> int | None:
    """Who made the socket listen, as the kernel remembers it; None where nobody does, or one of another user."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(_PATIENCE)
            caller.connect(str(path))
            found = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None
    pid, uid, _ = _CREDENTIALS.unpack(found)
    return pid if uid == os.geteuid() else None


def lock_holder(path: Path) -> int | None:
    """The process that has the socket now: a living one, by its record lock (hsm/process/listening_socket.py)."""
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        kind, _, _, _, pid = _LOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, _WHOLE_FILE))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else pid


def _workers(pid: int) -> set[Worker] | None:
    """The children that live; None where the system does not show them."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return set(filter(None, map(_worker, map(int, children))))


def _worker(pid: int) -> Worker | None:
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if told[_STATE] == "Z" else (pid, told[_STARTED])


def _have_gone(workers: set[Worker], patience: float, waiting: Callable[[], None]) -> bool:
    began, is_said = monotonic(), False
    while any(_worker(pid) == (pid, started) for pid, started in workers):
        waited = monotonic() - began
        if waited > patience:
            return False
        if waited > _MOMENT and not is_said:
            waiting()
            is_said = True
        time.sleep(_PAUSE)
    return True


def say_told(console: Console, output: Output, told: Told) -> None:
    """What is known of the key process: that it took the change, that it was told of it, or nothing."""
    if told.pid is None:
        said = output.say(
            "Tidak ada proses kunci yang diberi tahu; yang sedang berjalan perlu SIGHUP.",
            "No key process was told; one that runs elsewhere needs SIGHUP.",
        )
    elif told.is_taken:
        said = output.say(
            "Proses kunci sudah membuka ulang kunci; tidak ada pekerja lama yang tersisa.",
            "The key process has opened the keys anew; no earlier worker is left.",
        )
    else:
        said = output.say(
            "Proses kunci diberi tahu, tetapi belum terlihat bahwa semua pekerja membuka ulang kunci: pekerja lama mungkin masih menjawab. "
            "Lihat catatannya (workers not replaced).",
            "The key process was told, but not all workers have been seen to open the keys anew: earlier ones may still answer. "
            "Look into its log (workers not replaced).",
        )
    console.print(said, markup=False)
