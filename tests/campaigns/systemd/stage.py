# SPDX-License-Identifier: Apache-2.0
"""A machine of its own for systemd, in namespaces: processes, mounts and control groups that end with it, and nothing of this machine's is changed.

``enter`` gives it a control group, ``set-up`` puts our checkout at /opt/kartu, the operators' unit into /etc/systemd/system, and becomes systemd as
process 1; ``sweep`` takes the empty control group away. /etc is a copy that is thrown away, and /tmp, /var and /run are new: what systemd clears there is its own.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.hsm.running import ROOT

SYSTEMD = Path("/usr/lib/systemd/systemd")
UNIT = "kartu-hsm.service"
KEYS_ID, CALLER_ID = (
    991,
    990,
)  # the user of the unit; who may ask, and the group that reaches the socket, as the unit has them
BROUGHT = "brought"  # what is copied in: keys.env, and state, which becomes the unit's
SCRATCH = Path("/run/trial")  # inside
CHECKOUT = Path("/opt/kartu")
PYTHON = Path("/opt/python")
LOG = Path("/run/kartu-hsm.log")
STATE = Path("/var/lib/kartu-keys")
CGROUPS = Path("/sys/fs/cgroup")
_USERS = (
    "root:x:0:0::/root:/bin/sh",
    f"kartu-keys:x:{KEYS_ID}:{KEYS_ID}::{STATE}:/usr/sbin/nologin",
    f"kartu:x:{CALLER_ID}:{CALLER_ID}::/:/usr/sbin/nologin",
)
_GROUPS = ("root:x:0:", f"kartu-keys:x:{KEYS_ID}:", f"kartu:x:{CALLER_ID}:kartu-keys")
_TARGETS = (
    "sysinit",
    "basic",
    "shutdown",
    "multi-user",
)  # what the unit names and nothing of what a machine hangs on them


def enter(folder: Path) -> None:
    """Into a control group of our own, which becomes the root of all that systemd sees; then ``set_up``."""
    cgroup = _cgroup_of(folder)
    cgroup.mkdir()
    (cgroup / "cgroup.procs").write_text(str(os.getpid()))
    _become("unshare", "--cgroup", sys.executable, "-m", __spec__.name, "set-up", folder)


def set_up(folder: Path) -> None:
    """Mounts and files, then systemd."""
    base = Path(sys.base_prefix).resolve()
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    shutil.copytree(folder / BROUGHT, SCRATCH)
    _overlay(Path("/etc"), Path("/etc"))
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/opt")
    for place in (CHECKOUT, PYTHON):
        place.mkdir()
    _run("mount", "--bind", base, PYTHON)
    _overlay(ROOT, CHECKOUT)
    for renewed in ("/tmp", "/var"):  # noqa: S108 - new ones
        _run("mount", "-t", "tmpfs", "tmpfs", renewed)
    _run("umount", "--recursive", CGROUPS)
    _run("mount", "-t", "cgroup2", "cgroup2", CGROUPS)
    _put_python_in_reach()
    _write_settings()
    shutil.copytree(SCRATCH / "state", STATE)
    _run("chown", "-R", f"{KEYS_ID}:{KEYS_ID}", STATE)
    STATE.chmod(0o700)
    os.environ |= {"container": "kartu-trial", "SYSTEMD_UNIT_PATH": "/etc/systemd/system"}
    _become(SYSTEMD, "--system", f"--unit={UNIT}", "--log-target=console", "--show-status=no")


def sweep(folder: Path) -> None:
    """Remove the control group with its empty children, the innermost first."""
    cgroup = _cgroup_of(folder)
    for each in sorted(cgroup.rglob("*/"), reverse=True):
        each.rmdir()
    if cgroup.exists():
        cgroup.rmdir()


def _cgroup_of(folder: Path) -> Path:
    """Ours, seen through a mount of this namespace: cgroup v2, which every kernel has, whatever the machine's own systemd uses."""
    seen = folder / "cgroup"
    seen.mkdir(exist_ok=True)
    _run("mount", "-t", "cgroup2", "cgroup2", seen)
    return seen / f"kartu-trial-{folder.name}"


def _overlay(lower: Path, place: Path) -> None:
    changes = Path("/run/overlays") / place.name
    for part in ("upper", "work"):
        (changes / part).mkdir(parents=True)
    options = f"lowerdir={lower},upperdir={changes / 'upper'},workdir={changes / 'work'}"
    _run("mount", "-t", "overlay", "-o", options, "overlay", place)


def _put_python_in_reach() -> None:
    """The interpreter under /opt too, wherever this machine has it: the unit sees no home. And byte code, as an installation makes it."""
    link = CHECKOUT / ".venv/bin/python"
    real = link.resolve()
    link.unlink()
    link.symlink_to(PYTHON / "bin" / real.name)
    (CHECKOUT / ".venv/pyvenv.cfg").write_text(f"home = {PYTHON}/bin\ninclude-system-site-packages = false\n")
    # Packages bring files for other Pythons too, which do not compile.
    subprocess.run([link, "-m", "compileall", "-qq", CHECKOUT], check=False)


def _write_settings() -> None:
    Path("/etc/passwd").write_text("".join(f"{line}\n" for line in _USERS))
    Path("/etc/group").write_text("".join(f"{line}\n" for line in _GROUPS))
    units = Path("/etc/systemd/system")
    shutil.rmtree(units.parent)
    (units / f"{UNIT}.d").mkdir(parents=True)
    for target in _TARGETS:
        (units / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n")
    shutil.copy(CHECKOUT / "docs" / "operations" / UNIT, units)
    # There is no journal in here.
    (units / f"{UNIT}.d" / "log.conf").write_text(f"[Service]\nStandardError=append:{LOG}\n")
    Path("/etc/kartu").mkdir()
    shutil.copy(SCRATCH / "keys.env", "/etc/kartu")


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True)


def _become(*words: str | Path) -> None:
    os.execvp(str(words[0]), [str(word) for word in words])  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    {"enter": enter, "set-up": set_up, "sweep": sweep}[sys.argv[1]](Path(sys.argv[2]))
