# SPDX-License-Identifier: Apache-2.0
"""SoftHSM2 for tests: a token folder per test, in this process and its one thread.

SoftHSM reads SOFTHSM2_CONF when it is initialised. So entering another folder restarts the module, and everything found before is lost, which is what
happens to a key process too.
"""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cardservice.clock import monotonic
from hsm.keys.key_custody import KeyCustody
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_store import KeyStore
from hsm.keys.key_uri import TokenUri, read_key_uri
from hsm.stores.open_keys import open_custody, open_store

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN, SO_PIN = "8391-2074", "5512-9981"


def folder_in_memory() -> Path:
    """A folder that needs no disk, where there is such a thing: SoftHSM syncs each of its many small files."""
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it is private
    folder = Path(tempfile.mkdtemp(prefix="kartu-token-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def fresh_token(label: str) -> Path:
    """A folder with an empty token."""
    made = SoftHsm.__new__(SoftHsm)
    made.lay_out(folder_in_memory())
    made.make_token(label)
    return made.tokens


class SoftHsm:
    """One SoftHSM token folder with one token at first."""

    def __init__(self, folder: Path, label: str = "kartu") -> None:
        self.lay_out(folder)
        self.add_token(label)

    def lay_out(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.tokens = folder_in_memory() / "tokens"
        self.tokens.mkdir(mode=0o700)
        self.conf = folder / "softhsm2.conf"
        self.conf.write_text(
            f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
        )
        self.pin_file = folder / "pin"
        self.pin_file.write_text(PIN + "\n")
        self.pin_file.chmod(0o600)

    def add_token(self, label: str) -> None:
        """Another token: a copy of one that was made once per label, for making one takes a third of a second."""
        shutil.copytree(fresh_token(label), self.tokens, dirs_exist_ok=True)

    def make_token(self, label: str, pin: str = PIN) -> None:
        """Another token, made anew: with a serial number of its own."""
        subprocess.run(
            ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", SO_PIN],
            env=os.environ | {"SOFTHSM2_CONF": str(self.conf)},
            check=True,
            capture_output=True,
        )

    def uri(self, label: str = "kartu") -> TokenUri:
        uri = read_key_uri(f"pkcs11:token={label}?module-path={MODULE}&pin-source=file:{self.pin_file}")
        assert isinstance(uri, TokenUri)
        return uri

    def enter(self) -> None:
        """Make this folder the one that the module serves."""
        if os.environ.get("SOFTHSM2_CONF") != str(self.conf):
            self.restart()

    def restart(self) -> None:
        """Start the module anew over this folder."""
        from hsm.pkcs11.module import module_at  # noqa: PLC0415 - an optional part

        os.environ["SOFTHSM2_CONF"] = str(self.conf)
        module_at(MODULE).restart()

    @contextmanager
    def custody(self) -> Iterator[KeyCustody]:
        self.enter()
        with open_custody(KeyPlaces(self.uri()), monotonic=monotonic) as custody:
            yield custody

    def store(self) -> KeyStore:
        self.enter()
        return open_store(KeyPlaces(self.uri()), monotonic=monotonic)
