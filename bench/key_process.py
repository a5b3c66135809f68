# SPDX-License-Identifier: Apache-2.0
"""A real key process for benches and campaigns, over fresh development keys in a sealed file or in a SoftHSM2 token."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cardservice.errors import KartuError
from hsm.keys.key_uri import FileUri, KeyUri, PinSource, TokenUri

ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")  # noqa: S108 - the folders in it are private
MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")


class KeyProcessSilent(KartuError):
    """The key process did not start."""

    code = "bench-key-process-silent"


@dataclass(frozen=True, slots=True)
class RunningKeys:
    """A key process that answers; ``log`` is its standard error."""

    socket: Path
    uri: KeyUri
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def workers(self) -> list[int]:
        """Process ids of the workers, oldest first."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def has_softhsm() -> bool:
    """Whether SoftHSM2 is here."""
    return MODULE.exists() and shutil.which("softhsm2-util") is not None


@contextmanager
def sealed_file() -> Iterator[KeyUri]:
    """Development keys in a sealed file."""
    with TemporaryDirectory(prefix="kb") as name:
        folder = Path(name)
        program = [sys.executable, "-m", "hsm", "--init", "--store", f"{folder}/keys"]
        environment = os.environ | {"KARTU_ENV": "test"}
        subprocess.run(
            [*program, "--passphrase-file", f"{folder}/pass"],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env=environment,
        )
        yield FileUri(folder / "keys", PinSource(path=folder / "pass"))


@contextmanager
def softhsm_token() -> Iterator[KeyUri]:
    """The same set made in a token of its own; SOFTHSM2_CONF leads there, for the programs that this process starts."""
    pin = "8391-2074"
    # SoftHSM syncs each of its many small files: in memory, where there is such a folder.
    with TemporaryDirectory(prefix="kb", dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        (folder / "tokens").mkdir(mode=0o700)
        (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
        (folder / "pin").write_text(pin + "\n")
        (folder / "pin").chmod(0o600)
        os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
        making = ["softhsm2-util", "--init-token", "--free", "--label", "bench", "--pin", pin, "--so-pin", "5512-9981"]
        subprocess.run(making, check=True, capture_output=True)
        uri = TokenUri(MODULE, PinSource(path=folder / "pin"), {"token": "bench"})
        # Not in this process, which may have initialised the module over another folder before.
        making = [sys.executable, "-m", "bench.token_keys", str(uri)]
        subprocess.run(making, check=True, capture_output=True, cwd=ROOT)
        yield uri


@contextmanager
def running_keys(uri: KeyUri, *options: str) -> Iterator[RunningKeys]:
    """``python -m hsm`` over keys that are there. Raises KeyProcessSilent."""
    with TemporaryDirectory(prefix="kb") as name:
        folder = Path(name)
        with (folder / "log").open("wb") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [
                    *(sys.executable, "-m", "hsm", "--keys", str(uri), "--state", f"{folder}/state"),
                    *("--socket", f"{folder}/run/s", *options),
                ],
                cwd=ROOT,
                env=os.environ | {"KARTU_ENV": "test"},
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert process.stdout is not None
        try:
            if process.stdout.readline() != b"ready\n":
                raise KeyProcessSilent(told=(folder / "log").read_text()[-200:])
            yield RunningKeys(folder / "run" / "s", uri, process, folder / "log")
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()
