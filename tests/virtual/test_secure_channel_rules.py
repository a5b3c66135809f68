# SPDX-License-Identifier: Apache-2.0
"""Hardening of the secure channel (docs/card-edge.md; Amendment D, 5.6), each rule with the sabotage that must turn it red."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from applets.virtual.chip import PIV_MODULE, StaticKeySet
from applets.virtual.frame import Frame
from applets.virtual.scp03 import secure_channel
from applets.virtual.transient import Transient
from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.card_edge.errors import SecureMessagingBroken
from tests.virtual.host import PIV_AID, Host, key_set, sector_aid

Writes = Sequence[tuple[int, int, int, int, str]]
KEY_INFORMATION = CommandApdu(0x80, 0xCA, 0x00, 0xE0, b"", 256)


def protected(host: Host, command: CommandApdu = KEY_INFORMATION) -> CommandApdu:
    assert host.channel is not None
    return host.channel.protect(command).command


def flipped(command: CommandApdu, bit: int) -> CommandApdu:
    data = bytearray(command.data)
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    return command.with_data(bytes(data))


def test_a_failed_mac_aborts_the_channel(host: Host, transport: StaticKeySet) -> None:
    host.must(host.open(transport))
    assert host.exchange(flipped(protected(host), 3)).sw == 0x6982
    # Not even what would have been right is heard any more, protected or not.
    assert host.exchange(protected(host)).sw == 0x6982
    assert host.exchange(KEY_INFORMATION).sw == 0x6982


def test_control_without_the_abort_the_channel_lives_on(
    host: Host, transport: StaticKeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transient, "abort_channel", lambda _: None)
    host.must(host.open(transport, 0x01))
    good = protected(host)
    assert host.exchange(flipped(good, 3)).sw == 0x6982
    assert host.exchange(good).sw == 0x9000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(bit=st.integers(0, 1000), level=st.sampled_from((0x01, 0x03, 0x11, 0x13, 0x33)))
def test_any_flipped_bit_is_refused(host: Host, transport: StaticKeySet, bit: int, level: int) -> None:
    host.must(host.select())
    host.must(host.open(transport, level))
    before = host.card.image.chip
    assert host.exchange(flipped(protected(host, CommandApdu(0x80, 0xF0, 0x80, 0x07)), bit)).sw == 0x6982
    assert host.card.image.chip == before


def test_control_without_the_comparison_a_flipped_mac_passes(
    host: Host, transport: StaticKeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.must(host.open(transport))
    monkeypatch.setattr(secure_channel, "compare_digest", lambda *_: True)
    assert host.exchange(flipped(protected(host), 3)).sw == 0x9000


@pytest.mark.parametrize("command", ["80CA00E000", "00CB3FFF055C035FC10200", "80F28002024F0000", "8082330010"])
def test_a_plain_command_in_an_open_channel_is_refused_and_ends_it(
    host: Host, transport: StaticKeySet, command: str
) -> None:
    host.must(host.open(transport))
    data = bytes.fromhex(command)
    assert host.exchange_raw(data + (bytes(16) if command.endswith("10") else b"")).sw == 0x6982
    assert host.exchange(protected(host)).sw == 0x6982


def test_control_a_card_that_takes_plain_commands(
    host: Host, transport: StaticKeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lenient(self: secure_channel.SecureChannel, frame: Frame) -> bytes:
        return frame.data if not frame.secure else strict(self, frame)

    strict: Callable[[secure_channel.SecureChannel, Frame], bytes] = secure_channel.SecureChannel.unwrap
    monkeypatch.setattr(secure_channel.SecureChannel, "unwrap", lenient)
    host.must(host.open(transport, 0x03))
    assert host.exchange(KEY_INFORMATION).sw == 0x9000


def test_a_replayed_command_is_refused(host: Host, transport: StaticKeySet) -> None:
    host.must(host.open(transport))
    command = protected(host)
    assert host.exchange(command).sw == 0x9000
    assert host.exchange(command).sw == 0x6982


def test_commands_out_of_order_are_refused(host: Host, transport: StaticKeySet) -> None:
    host.must(host.open(transport))
    protected(host)
    assert host.exchange(protected(host)).sw == 0x6982


def test_a_recorded_session_can_not_be_played_again(host: Host, transport: StaticKeySet) -> None:
    recorded: list[bytes] = []
    transmit = host.card.transmit

    class Recorder:
        def transmit(self, command: bytes) -> bytes:
            recorded.append(command)
            return transmit(command)

    recording = Host(Recorder())  # type: ignore[arg-type]  # a wire tap is a card to the host
    recording.must(recording.open(transport))
    recording.must(recording.install(PIV_MODULE, PIV_AID))
    host.card.reset()
    statuses = [transmit(command)[-2:].hex() for command in recorded]
    assert statuses == ["9000", "6300", "6982"]


def test_protected_commands_without_a_channel_are_refused(host: Host, transport: StaticKeySet) -> None:
    host.must(host.open(transport))
    command = protected(host)
    host.card.reset()
    assert host.exchange(command).sw == 0x6982


@pytest.mark.parametrize("ending", ["00A4040000", "8050FF0008000000000000000000", "reset"])
def test_what_ends_a_channel(host: Host, transport: StaticKeySet, ending: str) -> None:
    host.must(host.open(transport))
    command = protected(host)
    if ending == "reset":
        host.card.reset()
    else:
        assert host.plain(ending).sw == 0x9000
    assert host.exchange(command).sw == 0x6982


def test_select_of_an_unknown_aid_leaves_the_channel_alone(host: Host, transport: StaticKeySet) -> None:
    host.must(host.open(transport))
    assert host.plain("00A4040005A00000064700").sw == 0x6A82
    assert host.exchange(protected(host)).sw == 0x9000


def test_get_response_fetches_a_long_protected_answer(host: Host, transport: StaticKeySet) -> None:
    host.install_all(transport)
    host.enter(PIV_AID, transport)
    host.must(host.send(0x00, 0xDB, 0x3F, 0xFF, bytes.fromhex("5C035FC1055382 0200".replace(" ", "")) + bytes(512)))
    assert len(host.must(host.send(0x00, 0xCB, 0x3F, 0xFF, bytes.fromhex("5C035FC105")))) == 516


def test_an_error_carries_neither_data_nor_mac(host: Host, transport: StaticKeySet) -> None:
    host.must(host.open(transport))
    answer = host.exchange(protected(host, CommandApdu(0x80, 0xCA, 0x12, 0x34, b"", 256)))
    assert answer == ResponseApdu(b"", 0x6A88)


def test_a_warning_carries_a_mac(host: Host, transport: StaticKeySet) -> None:
    host.install_all(transport, *range(0x10, 0x1A))
    assert host.channel is not None
    sent = host.channel.protect(CommandApdu(0x80, 0xF2, 0x40, 0x02, bytes.fromhex("4F00"), 256))
    answer = host.exchange(sent.command)
    assert answer.sw == 0x6310
    broken = ResponseApdu(answer.data[:-1] + bytes([answer.data[-1] ^ 1]), answer.sw)
    with pytest.raises(SecureMessagingBroken):
        sent.open(broken)


def test_deleting_the_key_set_of_the_channel_keeps_the_card_reachable(host: Host, transport: StaticKeySet) -> None:
    new = key_set(0x30)
    host.add_key_set(new, under=transport)
    assert host.must(host.send(0x80, 0xE4, 0x00, 0x00, bytes.fromhex("D201FF"))) == b"\x00"
    assert host.must(host.send(0x80, 0xCA, 0x00, 0xE0))[:1] == b"\xe0"
    assert host.plain("8050FF0008000000000000000000").sw == 0x6A88
    host.must(host.open(new))


# docs/card-edge.md, "Least levels": what is secret is encrypted, what the card tells anybody is only MACed.
PIV_WRITES = (
    (0x00, 0x47, 0x00, 0x9A, "AC03800111"),
    (0x00, 0xDB, 0x3F, 0xFF, "5C035FC10253023000"),
    (0x00, 0xDB, 0x3F, 0xFF, "5C035FC10953023000"),
    (0x00, 0x24, 0x01, 0x80, "323731383238FFFF"),
)
SECRET_OF_A_SECTOR = (
    (0x00, 0xDB, 0x3F, 0xFF, "5C02DF02DF02020004"),
    (0x00, 0xD6, 0x00, 0x00, "01"),
    (0x80, 0x32, 0x00, 0x00, "00000001"),
    (0x80, 0xD8, 0x00, 0x81, "30"),
)
TOLD_BY_A_SECTOR = ((0x00, 0x47, 0x00, 0x00, "AC03800111"), (0x00, 0xDB, 0x3F, 0xFF, "5C0153530101"))


def answers_of(host: Host, keys: StaticKeySet, aid: bytes, level: int, writes: Writes) -> set[int]:
    answers = set()
    for cla, ins, p1, p2, data in writes:
        host.enter(aid, keys, level)
        answers.add(host.send(cla, ins, p1, p2, bytes.fromhex(data)).sw)
    return answers


@pytest.mark.parametrize("level", [0x00, 0x01, 0x11])
def test_without_encryption_nothing_secret_is_written(personal: Host, transport: StaticKeySet, level: int) -> None:
    assert answers_of(personal, transport, PIV_AID, level, PIV_WRITES) == {0x6982}
    assert answers_of(personal, transport, sector_aid(1), level, SECRET_OF_A_SECTOR) == {0x6982}


@pytest.mark.parametrize("level", [0x03, 0x13, 0x33])
def test_with_encryption_it_is(personal: Host, transport: StaticKeySet, level: int) -> None:
    assert answers_of(personal, transport, PIV_AID, level, PIV_WRITES) == {0x9000}
    assert answers_of(personal, transport, sector_aid(1), level, SECRET_OF_A_SECTOR[:3]) == {0x9000}


@pytest.mark.parametrize(("level", "sw"), [(0x00, 0x6982), (0x01, 0x9000), (0x11, 0x9000)])
def test_what_a_sector_tells_anybody_is_written_under_a_mac(
    personal: Host, transport: StaticKeySet, level: int, sw: int
) -> None:
    assert answers_of(personal, transport, sector_aid(1), level, TOLD_BY_A_SECTOR) == {sw}
