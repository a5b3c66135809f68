# SPDX-License-Identifier: Apache-2.0
"""The image file: private, always whole, shared by processes; and the drills that tear a card."""

import multiprocessing
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from applets.virtual.card import VirtualCard
from applets.virtual.chip import StaticKeySet
from applets.virtual.errors import CardTorn, CardUnpowered, ImageUnreadable
from applets.virtual.image import Image
from applets.virtual.image_format import decode, encode
from applets.virtual.tear import Tear, TearMode, WritePhase
from tests.virtual.conftest import no_delay
from tests.virtual.host import Host, sector_aid

INITIALIZE = bytes.fromhex("8050FF0008000000000000000100")
CARD_DATA = bytes.fromhex("80CA006600")


@pytest.fixture
def path(image: Image, tmp_path: Path) -> Path:
    image.stored_at(tmp_path / "card.json", fsync=False)
    return tmp_path / "card.json"


def counter(path: Path) -> int:
    return Image.open(path).chip.key_sets[0].sequence_counter


def test_the_file_is_its_owners_only(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    VirtualCard(Image.open(path, fsync=True)).transmit(INITIALIZE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["card.json"]


def test_what_a_card_was_told_it_knows_after_a_restart(path: Path, transport: StaticKeySet) -> None:
    host = Host(VirtualCard(Image.open(path, fsync=False), delay=no_delay))
    host.install_all(transport, 0x01)
    again = Host(VirtualCard(Image.open(path)))
    assert again.select(sector_aid(1)).sw == 0x9000


def test_a_personal_card_reads_back_as_written(personal: Host) -> None:
    chip = personal.card.image.chip
    tear = Tear(TearMode.WRITE, 7, WritePhase.NOT_RENAMED)
    assert decode(encode(chip, tear)) == (chip, tear)
    assert decode(encode(chip, None)) == (chip, None)


def test_a_command_that_changes_nothing_writes_nothing(path: Path) -> None:
    before = path.stat()
    VirtualCard(Image.open(path)).transmit(CARD_DATA)
    assert path.stat() == before


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"format":"kartu-virtual-card/2"}', b"\xff"])
def test_a_damaged_image_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(ImageUnreadable):
        Image.open(tmp_path / "card.json")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(data=st.data())
def test_any_cut_of_an_image_is_refused(image: Image, data: st.DataObject) -> None:
    encoded = encode(image.chip, None)
    with pytest.raises(ImageUnreadable):
        decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


def test_a_missing_image(tmp_path: Path) -> None:
    with pytest.raises(ImageUnreadable):
        Image.open(tmp_path / "none.json")


def test_torn_before_a_command(path: Path) -> None:
    card = VirtualCard(Image.open(path), tear=Tear(TearMode.BEFORE, 2))
    card.transmit(INITIALIZE)
    with pytest.raises(CardTorn) as torn:
        card.transmit(INITIALIZE)
    assert torn.value.evidence == {"mode": "before"}
    assert counter(path) == 1
    with pytest.raises(CardUnpowered):
        card.transmit(INITIALIZE)
    assert card.reset() == card.atr
    card.transmit(INITIALIZE)
    assert counter(path) == 2


def test_torn_after_a_command(path: Path) -> None:
    card = VirtualCard(Image.open(path), tear=Tear(TearMode.AFTER, 2))
    card.transmit(INITIALIZE)
    with pytest.raises(CardTorn):
        card.transmit(INITIALIZE)
    assert counter(path) == 2


@pytest.mark.parametrize("phase", list(WritePhase))
def test_torn_inside_a_write(path: Path, phase: WritePhase) -> None:
    card = VirtualCard(Image.open(path), tear=Tear(TearMode.WRITE, 2, phase))
    card.transmit(INITIALIZE)
    with pytest.raises(CardTorn):
        card.transmit(INITIALIZE)
    assert counter(path) == 1
    assert Image.open(path).tear is None
    card.reset()
    card.transmit(INITIALIZE)
    assert counter(path) == 2


@pytest.mark.parametrize("phase", [WritePhase.HALF_WRITTEN])
def test_control_a_card_that_writes_in_place_loses_everything(
    path: Path, monkeypatch: pytest.MonkeyPatch, phase: WritePhase
) -> None:
    def in_place(_: Image, target: Path, encoded: bytes) -> tuple[Path, None]:
        target.write_bytes(encoded)
        return target, None

    monkeypatch.setattr(Image, "_write_aside", in_place)
    card = VirtualCard(Image.open(path), tear=Tear(TearMode.WRITE, 1, phase))
    with pytest.raises(CardTorn):
        card.transmit(INITIALIZE)
    with pytest.raises(ImageUnreadable):
        Image.open(path)


@pytest.mark.parametrize("mode", list(TearMode))
def test_a_drill_works_on_a_card_in_memory_too(image: Image, mode: TearMode) -> None:
    card = VirtualCard(image, tear=Tear(mode))
    with pytest.raises(CardTorn):
        card.transmit(INITIALIZE)
    assert image.chip.key_sets[0].sequence_counter == (1 if mode is TearMode.AFTER else 0)


def arm_from_outside(path: Path) -> None:
    Image.open(path).arm(Tear(TearMode.BEFORE, 2))


def test_another_process_arms_the_drill_of_a_card_in_use(path: Path) -> None:
    card = VirtualCard(Image.open(path))
    card.transmit(INITIALIZE)
    process = multiprocessing.get_context("spawn").Process(target=arm_from_outside, args=(path,))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    card.transmit(INITIALIZE)
    with pytest.raises(CardTorn):
        card.transmit(INITIALIZE)
    assert counter(path) == 2


def test_disarming(path: Path) -> None:
    image = Image.open(path)
    image.arm(Tear(TearMode.BEFORE, 1))
    Image.open(path).arm(None)
    VirtualCard(image).transmit(INITIALIZE)
    assert counter(path) == 1


def challenge_often(path: Path) -> None:
    card = VirtualCard(Image.open(path, fsync=False))
    for _ in range(50):
        card.transmit(INITIALIZE)


def test_two_processes_on_one_image_lose_no_write(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=challenge_often, args=(path,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert counter(path) == 100


def test_a_full_disk_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    card = VirtualCard(Image.open(path))
    monkeypatch.setattr(Image, "_write_aside", full)
    assert card.transmit(INITIALIZE).hex() == "6581"
    assert card.image.chip.key_sets[0].sequence_counter == 0
    assert counter(path) == 0


def test_another_chip_in_the_same_place(path: Path, image: Image) -> None:
    card = VirtualCard(Image.open(path))
    Image(replace(image.chip, cplc=bytes(42))).stored_at(path, fsync=False)
    assert card.transmit(bytes.fromhex("80CA9F7F00")) == bytes.fromhex("9F7F2A") + bytes(42) + b"\x90\x00"
