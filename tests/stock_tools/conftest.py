# SPDX-License-Identifier: Apache-2.0
"""Stock tools as judges: an issued card, plugged by vpcd into a pcscd of our own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import private_pcscd
from tests.private_pcscd import PrivatePcscd
from tests.stock_tools.holder import Issued, issue
from tests.virtual.conftest import counting_entropy
from tests.virtual.host import PIN, PUK

ROOT = Path(__file__).parents[2]
SECONDS = 20.0
READER = "0"


@dataclass
class Desk:
    """A reader with an issued card in it, and the stock tools as its users."""

    pcscd: PrivatePcscd
    issued: Issued
    folder: Path

    def run(self, program: str, *arguments: str, check: bool = True) -> str:
        """Run one stock tool; what it said on both outputs."""
        environment = {**os.environ, **self.pcscd.environment, "OPENSC_DEBUG": "0", "LC_ALL": "C"}
        done = subprocess.run(
            [program, *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
        said = done.stdout.decode(errors="replace")
        assert not check or done.returncode == 0, f"{program} {arguments}: {done.returncode}\n{said}"
        return said


@pytest.fixture
def issued(tmp_path: Path) -> Issued:
    return issue(tmp_path / "card.json", counting_entropy(), pin=PIN, puk=PUK)


@pytest.fixture(scope="session")
def pcscd() -> Iterator[PrivatePcscd]:
    private_pcscd.require()
    with PrivatePcscd() as running:
        yield running


@pytest.fixture
def desk(pcscd: PrivatePcscd, issued: Issued, tmp_path: Path) -> Iterator[Desk]:
    """The issued card lies in the first slot."""
    yield from plugged(Desk(pcscd, issued, tmp_path))


@pytest.fixture
def contactless_desk(pcscd: PrivatePcscd, issued: Issued, tmp_path: Path) -> Iterator[Desk]:
    """The same card over its contactless interface."""
    yield from plugged(Desk(pcscd, issued, tmp_path), "--contactless")


def plugged(desk: Desk, *options: str) -> Iterator[Desk]:
    """The card in the slot, from when pcscd sees it until the test is over."""
    command = [sys.executable, "-m", "applets.virtual.vpcd", str(desk.issued.image), "--no-fsync", *options]
    card = subprocess.Popen([*command, "--port", str(desk.pcscd.port)], cwd=ROOT)
    try:
        deadline = time.monotonic() + SECONDS
        while "Yes" not in desk.run("opensc-tool", "--list-readers", check=False):
            assert card.poll() is None, "the card did not start"
            assert time.monotonic() < deadline, "pcscd did not see the card"
            time.sleep(0.2)
        yield desk
    finally:
        card.terminate()
        card.wait(SECONDS)
        while "Yes" in desk.run("opensc-tool", "--list-readers", check=False):
            time.sleep(0.2)
