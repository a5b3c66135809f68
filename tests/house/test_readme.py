# SPDX-License-Identifier: Apache-2.0
"""The README tells the truth: its commands run and succeed, its links lead somewhere, and it names what the issue asks for."""

import os
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.house.checkout import ROOT, tracked
from tests.house.readme import README, Block, blocks, links

MINUTES = 60
# It keeps serving: ended like a person would end it, once it serves. ./check is what runs this test; it can't be started within itself.
SERVES, CHECK = "./run", "./check"
PARTS_OF = {"--pcsc": ("pcscd", "vpcd", "pyscard")}


def by_parts(block: Block) -> list[pytest.ParameterSet]:
    """The commands of a block together, but for those that need a part of the machine: these alone, each with its mark."""
    plain = Block(tuple(command for command in block.commands if not any(word in command for word in PARTS_OF)))
    needing = [
        pytest.param(Block((command,)), marks=pytest.mark.needs(*parts), id=command)
        for command in block.commands
        for word, parts in PARTS_OF.items()
        if word in command
    ]
    return ([pytest.param(plain, id=str(plain))] if plain.commands else []) + needing


BLOCKS = [parameter for block in blocks(README.read_text()) for parameter in by_parts(block)]


def environment(folder: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KARTU_", "COV_", "COVERAGE_", "PYTEST_"))
    }
    return kept | {"PATH": f"{ROOT / '.venv/bin'}:{kept.get('PATH', '')}", "KARTU_DATA_DIR": str(folder / "var")}


def succeeds(command: str, folder: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=5 * MINUTES,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def serves_until_interrupted(command: str, folder: Path) -> None:
    """The walk goes through, an address is printed and three things to try, the address answers, and Ctrl-C ends it."""
    log = folder / "output"
    with log.open("w") as output:
        running = subprocess.Popen(
            ["sh", "-c", f"exec {command}"], cwd=ROOT, env=environment(folder), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 5 * MINUTES
        while not (served := [word.rstrip(".,/") for word in log.read_text().split() if word.startswith("http://")]):
            assert running.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < deadline, log.read_text()[-3000:]
            time.sleep(0.2)
        address = "/".join(served[0].split("/")[:3])
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == httpx.codes.OK
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGINT)
        try:
            running.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            pytest.fail("it did not end within 30 s of Ctrl-C")


@pytest.mark.parametrize("block", BLOCKS)
def test_what_it_says_to_type_works(block: Block, tmp_path: Path) -> None:
    for command in block.commands:
        if command == CHECK:
            assert os.access(ROOT / "check", os.X_OK)
        elif command == SERVES:
            serves_until_interrupted(command, tmp_path)
        else:
            succeeds(command, tmp_path)


@pytest.mark.parametrize("page", [path for path in tracked("*.md") if "READ-ME-NOW" not in path.name], ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    there = (ROOT / page).parent
    assert [link for link in links((ROOT / page).read_text()) if not (there / link).exists()] == []


def test_both_commands_come_first() -> None:
    assert blocks(README.read_text())[0] == Block((SERVES, CHECK))


def test_every_package_stands_in_the_map() -> None:
    rooms = {
        str(path.parent)
        for path in tracked("cardservice/*/__init__.py", "applets/*/__init__.py")
        if len(path.parts) == 3
    }
    wanted = rooms | {"hsm", "api", "reader_tools", "bench", "docs"}
    assert wanted - set(links(README.read_text())) == set()


# Sabotage controls.


def test_a_command_that_fails_is_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="false: 1"):
        succeeds("false", tmp_path)


def test_a_dead_link_is_seen() -> None:
    assert links("see [this](docs/nowhere.md#x), [that](https://example.org) and ![it](a.svg)") == [
        "docs/nowhere.md",
        "a.svg",
    ]


def test_every_command_of_a_block_is_found() -> None:
    assert blocks("```sh\n# a comment\n./run --once\n\nkartu doctor\n```\n```text\nnot this\n```\n") == [
        Block(("./run --once", "kartu doctor"))
    ]
