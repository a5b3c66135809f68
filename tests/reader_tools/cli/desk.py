# SPDX-License-Identifier: Apache-2.0
"""A desk for tests: commands run through the program's own function, what they print, and what they leave in the books."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cardservice.records.database import Database, open_database
from tests.reader_tools.command_line import ROOT, Ended

MEMBERS = ROOT / "examples" / "members.csv"
PIN = "271828"


@dataclass(frozen=True)
class KeyDesk:
    """Where the key process of this run is."""

    folder: Path
    socket: Path
    pid: int


@dataclass(frozen=True)
class Desk:
    """One desk. A call runs one command in this process."""

    folder: Path
    run: Callable[[Sequence[str]], int]
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path) -> Ended:
        self.capsys.readouterr()
        code = self.run([str(argument) for argument in arguments])
        printed = self.capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return Ended(int(code), printed.out, printed.err)

    def json(self, *arguments: str | Path, code: int = 0) -> Any:
        """The document of a command that must end with ``code``."""
        ended = self(*arguments, "--json")
        assert ended.code == code, ended.out
        return json.loads(ended.out)

    def refused(self, *arguments: str | Path, code: int) -> str:
        """The error code of a command that must end with the exit code ``code``."""
        error = self.json(*arguments, code=code)["error"]
        assert error["cause"]
        assert error["remedy"]
        return str(error["code"])

    def set(self, name: str, value: str | Path) -> None:
        self.monkeypatch.setenv(name, str(value))

    def database(self) -> Database:
        return open_database(f"sqlite:///{self.folder / 'kartu.db'}")

    def approved_order(self, member_ref: str = "P-0001") -> str:
        order_id = str(self.json("order", "place", member_ref, "--by", "ani")["order_id"])
        self.json("order", "approve", order_id, "--by", "budi")
        assert self.json("order", "approve", order_id, "--by", "citra")["state"] == "APPROVED"
        return order_id

    def blank_card(self) -> str:
        """A new blank card in the reader and in stock; returns its chip serial."""
        self.json("card", "virtual", "insert")
        (serial,) = self.json("stock", "receive", "--location", "jakarta", "--inserted")["chip_serials"]
        return str(serial)

    def pin_file(self, content: str = f"{PIN}\n", mode: int = 0o600) -> Path:
        path = self.folder / "pin"
        path.write_text(content)
        path.chmod(mode)
        return path

    def issued_card(self, member_ref: str = "P-0001") -> tuple[str, str]:
        """A live card in the reader: its order and its chip serial."""
        serial, order_id = self.blank_card(), self.approved_order(member_ref)
        self.json("card", "personalize", order_id, "--pin-file", self.pin_file())
        return order_id, serial


def own_environment(data_dir: Path, **more: str) -> dict[str, str]:
    """An environment without the caller's KARTU_ settings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KARTU_")}
    return inherited | {"KARTU_DATA_DIR": str(data_dir), "KARTU_LANGUAGE": "en"} | more
