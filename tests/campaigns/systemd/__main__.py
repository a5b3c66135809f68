# SPDX-License-Identifier: Apache-2.0
"""systemd itself and the operators' unit: ``sudo python -m tests.campaigns.systemd [--kills 20] [--softhsm]``.

A real systemd as process 1 of namespaces of its own (``stage.py``) runs docs/operations/kartu-hsm.service as it stands, with all its limits. Its main
process is killed by SIGKILL again and again; printed is how soon a caller was answered by the next. Then it is reloaded, and stopped. Ends with 1
where something is not as the unit promises.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.key_process import sealed_file, softhsm_token
from cardservice.clock import now
from hsm.keys.key_uri import FileUri, KeyUri, PinSource, TokenUri
from tests.campaigns.systemd.stage import BROUGHT, CHECKOUT, STATE, SYSTEMD
from tests.hsm.running import ROOT, eventually

NEEDED = ("unshare", "nsenter", "mount", "systemctl")
_START_SECONDS = 60.0
_STAGE = [sys.executable, "-m", "tests.campaigns.systemd.stage"]
_APART = ["unshare", "--mount", "--propagation", "private"]


def lacking() -> str | None:
    """What this machine lacks for it, or None."""
    if os.geteuid() != 0:
        return "only root may make such namespaces"
    if not SYSTEMD.exists():
        return "systemd is not installed"
    return next((f"{name} is not installed" for name in NEEDED if shutil.which(name) is None), None)


@contextmanager
def machine(uri: KeyUri) -> Iterator[list[str]]:
    """A machine that runs the unit over copies of these keys: the words that run a program inside."""
    with TemporaryDirectory(prefix="kt") as name:
        folder = Path(name)
        lay_out(folder / BROUGHT, uri)
        inner = [*_APART, "--pid", "--fork", "--kill-child", "--mount-proc", "--ipc", "--uts", *_STAGE]
        started = subprocess.Popen([*inner, "enter", str(folder)], cwd=ROOT, stdin=subprocess.DEVNULL)
        try:
            yield ["nsenter", "--target", str(first_of(started)), "--mount", "--pid", "--cgroup", "--ipc", "--uts"]
        finally:
            started.send_signal(signal.SIGKILL)
            started.wait()
            # Control groups are given up by the kernel a moment after the last of their processes.
            eventually(
                lambda: (
                    subprocess.run(
                        [*_APART, *_STAGE, "sweep", str(folder)], cwd=ROOT, check=False, stderr=subprocess.DEVNULL
                    ).returncode
                    == 0
                )
            )


def first_of(started: "subprocess.Popen[bytes]") -> int:
    """Process 1 of the machine, by its number out here, once it is systemd. Raises AssertionError."""
    children = Path(f"/proc/{started.pid}/task/{started.pid}/children")

    def is_there() -> bool:
        assert started.poll() is None, "the machine ended"
        first = children.read_text().split()
        return bool(first) and Path(f"/proc/{first[0]}/comm").read_text() == "systemd\n"

    assert eventually(is_there, _START_SECONDS), "no systemd"
    return int(children.read_text())


def lay_out(folder: Path, uri: KeyUri) -> None:
    """``state``, which becomes the unit's folder, with copies of the keys in it, and ``keys.env``."""
    assert uri.pin_source.path is not None
    inside = STATE / "hsm"
    settings = {"KARTU_ENV": "test"}
    (folder / "state").mkdir(parents=True)
    keys = folder / "state" / "hsm"
    shutil.copytree(uri.pin_source.path.parent, keys)
    secret = PinSource(path=inside / uri.pin_source.path.name)
    if isinstance(uri, TokenUri):
        (keys / "conf").write_text(f"directories.tokendir = {inside}/tokens\nlog.level = ERROR\n")
        settings["SOFTHSM2_CONF"] = str(inside / "conf")
        settings["KARTU_KEYS"] = str(TokenUri(uri.module_path, secret, uri.attributes))
    else:
        settings["KARTU_KEYS"] = str(FileUri(inside / uri.path.name, secret))
    (folder / "keys.env").write_text("".join(f'{name}="{value}"\n' for name, value in settings.items()))


def main() -> int:
    """Exit code 0 where all was as the unit promises; 3 where this machine can't try it."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.systemd", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--softhsm", action="store_true", help="over a SoftHSM2 token instead of a sealed file")
    chosen = parser.parse_args()
    if (why := lacking()) is not None:
        print(f"not tried: {why}")
        return 3
    back_end = "a SoftHSM2 token" if chosen.softhsm else "a sealed file"
    print(f"{now():%Y-%m-%d %H:%M} UTC, over {back_end}", flush=True)
    with softhsm_token() if chosen.softhsm else sealed_file() as uri, machine(uri) as inside:
        program = [f"{CHECKOUT}/.venv/bin/python", "-m", "tests.campaigns.systemd.inside", str(chosen.kills)]
        return subprocess.run([*inside, "env", f"--chdir={CHECKOUT}", *program], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
