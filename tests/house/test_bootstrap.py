# SPDX-License-Identifier: Apache-2.0
"""tools/bootstrap.sh: what it installs as root, what it says otherwise, and that a failure ends where it should.

The machine's own apt-get, dpkg-query, id and uv are stood in for by small programs that write down what they were asked.
"""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ("run", "check", "bench/run", "tools/bootstrap.sh", "tools/lock", "tools/error-book")
TOOLS = ("cat", "chmod", "cksum", "dirname", "grep", "mkdir", "mktemp", "pwd", "rm", "sed", "sh", "tail", "readlink")


class Machine:
    """A folder that looks like a checkout, and a path that holds nothing but what a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.asked = folder / "asked"
        self.checkout = folder / "a checkout"
        (self.checkout / "tools").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(ROOT / "tools/bootstrap.sh", self.checkout / "tools")
        for name in ("requirements.lock", "requirements-oracle.lock", "requirements-readers.lock"):
            (self.checkout / name).write_text(f"{name}\n")
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found
            (self.bin / tool).symlink_to(found)
        python = Path("/usr/bin/python3") if Path("/usr/bin/python3").exists() else Path(str(shutil.which("python3")))
        (self.bin / "python3").symlink_to(python.resolve())

    def program(self, name: str, does: str = "") -> None:
        file = self.bin / name
        file.unlink(missing_ok=True)
        file.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >>"{self.asked}"\n{does}\n')
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def does(self, script: str) -> subprocess.CompletedProcess[str]:
        self.asked.unlink(missing_ok=True)
        return subprocess.run(
            [self.bin / "sh", "-euc", f". tools/bootstrap.sh\n{script}"],
            cwd=self.checkout,
            env={"PATH": str(self.bin), "TMPDIR": str(self.checkout)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    @property
    def requests(self) -> list[str]:
        return self.asked.read_text().splitlines() if self.asked.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.program("dpkg-query", 'case "$*" in *" gcc") printf "install ok installed";; *) exit 1;; esac')
    made.program("apt-get")
    made.program("id", "echo 0")
    return made


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_plain_posix_shell(script: str) -> None:
    told = (ROOT / script).read_text()
    shell = shutil.which("dash") or "sh"
    assert subprocess.run([shell, "-n", ROOT / script], check=False).returncode == 0
    assert "SPDX-License-Identifier: Apache-2.0" in told[:120]
    # What dash would parse and then not know.
    assert re.findall(r"^\s*(?:local|function|source|declare)\s.*|\[\[|pipefail|<<<|&>|\$'", told, re.MULTILINE) == []


def test_root_gets_what_is_missing_and_nothing_else(machine: Machine) -> None:
    done = machine.does("debian_packages gcc opensc softhsm2")
    assert done.returncode == 0, done.stderr
    installs = [line for line in machine.requests if line.startswith("apt-get install")]
    assert len(installs) == 1
    assert installs[0].endswith(" opensc softhsm2")
    assert " -y " in installs[0]
    assert " gcc" not in installs[0]


def test_nothing_missing_asks_nothing_of_apt(machine: Machine) -> None:
    done = machine.does("debian_packages gcc")
    assert (done.returncode, done.stderr) == (0, "")
    assert not [line for line in machine.requests if line.startswith("apt-get")]


def test_another_user_gets_one_sentence_with_the_command(machine: Machine) -> None:
    machine.program("id", "echo 1000")
    done = machine.does("debian_packages gcc opensc softhsm2 || echo went on")
    assert done.stderr == "kartu: some Debian packages are missing: sudo apt-get install opensc softhsm2\n"
    assert done.stdout == "went on\n"
    assert not [line for line in machine.requests if line.startswith("apt-get")]


def test_a_failing_apt_is_told_with_its_last_words(machine: Machine) -> None:
    machine.program("apt-get", 'echo "E: no network" >&2; exit 100')
    done = machine.does("debian_packages opensc || echo went on")
    assert "E: no network" in done.stderr
    assert "apt-get install opensc" in done.stderr
    assert done.stdout == "went on\n"


def test_a_machine_without_dpkg_is_left_alone(machine: Machine) -> None:
    (machine.bin / "dpkg-query").unlink()
    assert machine.does("debian_packages opensc").returncode == 0
    assert machine.requests == []


UV_MAKES_VENV = """
if [ "$1" = venv ]; then mkdir -p .venv/bin; ln -s "$4" .venv/bin/python; fi
"""


@pytest.fixture
def with_uv(machine: Machine) -> Machine:
    (machine.bin / "ln").symlink_to(str(shutil.which("ln")))
    machine.program("uv", UV_MAKES_VENV)
    # The real Python would put the path file where it really lives.
    python = (machine.bin / "python3").resolve()
    (machine.bin / "python3").unlink()
    machine.program("python3", f'case "$*" in *purelib*) echo .venv;; *) exec {python} "$@";; esac')
    return machine


def installs(machine: Machine) -> list[str]:
    return [line for line in machine.requests if line.startswith("uv pip install")]


def test_uv_is_used_with_hashes_and_asked_once(with_uv: Machine) -> None:
    done = with_uv.does("make_venv requirements.lock run-stamp")
    assert done.returncode == 0, done.stderr
    assert len(installs(with_uv)) == 1
    assert "--require-hashes" in installs(with_uv)[0]
    assert with_uv.does("make_venv requirements.lock run-stamp").returncode == 0
    assert installs(with_uv) == []


def test_a_changed_lock_is_installed_again(with_uv: Machine) -> None:
    with_uv.does("make_venv requirements.lock run-stamp")
    (with_uv.checkout / "requirements.lock").write_text("another\n")
    with_uv.does("make_venv requirements.lock run-stamp")
    assert len(installs(with_uv)) == 1


def test_an_interrupted_installation_is_done_again(with_uv: Machine) -> None:
    with_uv.program("uv", UV_MAKES_VENV + 'if [ "$1" = pip ]; then exit 1; fi')
    assert with_uv.does("make_venv requirements.lock run-stamp").returncode != 0
    with_uv.program("uv", UV_MAKES_VENV)
    assert with_uv.does("make_venv requirements.lock run-stamp").returncode == 0
    assert len(installs(with_uv)) == 1


def test_a_moved_checkout_gets_a_new_environment(with_uv: Machine, tmp_path: Path) -> None:
    with_uv.does("make_venv requirements.lock run-stamp")
    with_uv.checkout = with_uv.checkout.rename(tmp_path / "elsewhere")
    done = with_uv.does("make_venv requirements.lock run-stamp")
    assert "has moved" in done.stderr
    assert any(line.startswith("uv venv") for line in with_uv.requests)


def test_an_environment_whose_python_has_gone_is_made_anew(with_uv: Machine) -> None:
    with_uv.does("make_venv requirements.lock run-stamp")
    python = with_uv.checkout / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    done = with_uv.does("make_venv requirements.lock run-stamp")
    assert "has gone" in done.stderr
    assert done.returncode == 0


def test_pyscard_that_does_not_build_is_told_and_survived(with_uv: Machine) -> None:
    with_uv.does("make_venv requirements.lock run-stamp")
    with_uv.program("uv", "echo no compiler >&2; exit 1")
    script = "install_pyscard || echo went on"
    # An isolated Python has no site-packages, so pyscard is never there already.
    (with_uv.checkout / ".venv/bin/python").unlink()
    with_uv.program("isolated", 'exec python3 -I -S "$@"')
    (with_uv.checkout / ".venv/bin/python").symlink_to(with_uv.bin / "isolated")
    done = with_uv.does(script)
    assert done.stdout == "went on\n"
    assert "PC/SC readers can't be used" in done.stderr
    assert "libpcsclite-dev" in done.stderr
    assert "no compiler" in (with_uv.checkout / ".venv/pyscard.log").read_text()


def test_no_python_is_told_in_one_sentence(machine: Machine) -> None:
    (machine.bin / "python3").unlink()
    done = machine.does("make_venv requirements.lock run-stamp")
    assert done.returncode != 0
    assert done.stderr == "kartu: Python 3.11 or later is needed: apt-get install python3 python3-venv\n"
