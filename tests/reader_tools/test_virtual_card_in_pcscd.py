# SPDX-License-Identifier: Apache-2.0
"""``kartu card virtual ... --pcsc``: a background process keeps the card in pcscd, and is the only thing that ``remove`` ends."""

import json
import os
from pathlib import Path

import pytest

from reader_tools.virtual.pcsc_slot import RECORD, PcscSlot, _start_time
from reader_tools.virtual.slot import FOLDER
from tests.private_pcscd import PrivatePcscd
from tests.reader_tools.command_line import Ended, kartu

pytestmark = pytest.mark.needs("pcscd", "pyscard")


class Desk:
    """Commands at one data folder and one private pcscd."""

    def __init__(self, data_dir: Path, service: PrivatePcscd) -> None:
        self.data_dir = data_dir
        self.service = service

    def kartu(self, *arguments: str) -> Ended:
        return kartu(*arguments, "--json", data_dir=self.data_dir, environment=self.service.environment)

    def insert(self, *arguments: str) -> Ended:
        return self.kartu("card", "virtual", "insert", "--pcsc", "--port", str(self.service.port), *arguments)


@pytest.fixture
def desk(tmp_path: Path, running_pcscd: PrivatePcscd) -> Desk:
    return Desk(tmp_path, running_pcscd)


def test_in_tested_torn_and_out(desk: Desk) -> None:
    inserted = desk.insert().document
    assert PcscSlot.of(desk.data_dir).process is not None
    assert _start_time(inserted["pid"])
    tested = desk.kartu("reader", "test", "--reader", "pcsc")
    assert (tested.code, tested.document["reader"], tested.document["sw"]) == (0, "Virtual PCD 00 00", "9000")
    assert desk.insert().document["error"]["code"] == "virtual-slot-occupied"
    desk.kartu("card", "virtual", "tear", "--before", "1", "--pcsc")
    assert desk.kartu("reader", "test", "--reader", "pcsc").document["error"]["code"] == "card-removed"
    removed = desk.kartu("card", "virtual", "remove", "--pcsc")
    assert removed.document["image"] == inserted["image"]
    assert _start_time(inserted["pid"]) is None
    assert desk.kartu("reader", "test", "--reader", "Virtual PCD 00 00").document["error"]["code"] == "card-none"


def test_a_pid_that_became_somebody_elses_is_left_alone(desk: Desk) -> None:
    """The record of a process that ended long ago may name a stranger by now: this very test, here."""
    folder = desk.data_dir / FOLDER
    folder.mkdir()
    record = {"pid": os.getpid(), "started": 1, "image": "x", "interface": "contact", "port": 1}
    (folder / RECORD).write_text(json.dumps(record))
    assert desk.kartu("card", "virtual", "remove", "--pcsc").document["error"]["code"] == "card-none"


def test_where_no_vpcd_listens(desk: Desk) -> None:
    ended = desk.kartu("card", "virtual", "insert", "--pcsc", "--port", "9")
    assert (ended.code, ended.document["error"]["code"]) == (3, "virtual-pcsc-failed")
    assert PcscSlot.of(desk.data_dir).process is None
