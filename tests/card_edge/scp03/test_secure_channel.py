# SPDX-License-Identifier: Apache-2.0
import dataclasses
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardservice.card_edge.apdu import CommandApdu, ResponseApdu
from cardservice.card_edge.chaining import chained
from cardservice.card_edge.errors import MalformedApdu, SecureChannelAborted, SecureMessagingBroken
from cardservice.card_edge.scp03.parameters import SecurityLevel
from cardservice.card_edge.scp03.secure_channel import (
    ChannelOptions,
    SecureChannel,
    with_secure_messaging,
    without_channel,
)
from cardservice.keys import SessionKeys
from tests.card_edge.scp03.plain_card import PlainCard
from tests.card_edge.static_card_keys import aes_cbc, cmac

FULL = SecurityLevel.C_MAC_C_ENC_R_MAC_R_ENC
LEVELS = st.sampled_from(list(SecurityLevel))
R_MAC_LEVELS = [level for level in SecurityLevel if level.r_mac]
STORE = CommandApdu(0x80, 0xE2, 0x88, 0x00, b"\x01\x01\x01\xaa", 256)


def session(key_length: int = 16, size: int = 8) -> SessionKeys:
    s_enc, s_mac, s_rmac = (bytes([n]) * key_length for n in (1, 2, 3))
    return SessionKeys(s_enc, s_mac, s_rmac, bytes(size), bytes(size), bytes(range(size)))


COMMANDS = st.builds(
    CommandApdu,
    st.sampled_from([0x80, 0x00, 0x81, 0x02, 0x10, 0x90]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.one_of(st.just(b""), st.binary(max_size=223)),
    st.sampled_from([None, 256, 8]),
)
ANSWERS = st.tuples(st.binary(max_size=300), st.sampled_from([0x9000, 0x6310, 0x6283, 0x63C2]))


@settings(max_examples=150)
@given(
    LEVELS,
    st.sampled_from([16, 24, 32]),
    st.sampled_from([8, 16]),
    st.lists(st.tuples(COMMANDS, ANSWERS), max_size=6),
    st.randoms(use_true_random=False),
)
def test_a_card_written_out_from_the_standard_agrees_at_every_level(
    level: SecurityLevel,
    key_length: int,
    size: int,
    traffic: list[tuple[CommandApdu, tuple[bytes, int]]],
    order: Random,
) -> None:
    keys = session(key_length, size)
    channel, card = SecureChannel(keys, level), PlainCard(keys, level)
    assert card.check_mac(channel.external_authenticate()) == keys.host_cryptogram
    # Everything is protected before anything is answered.
    protected = [channel.protect(command) for command, _ in traffic]
    opened = []
    for (command, (data, sw)), sent in zip(traffic, protected, strict=True):
        assert card.unwrap(CommandApdu.parse(sent.command.encode())) == command.data
        assert sent.command.le == command.le
        opened.append((sent, card.protect(data, sw), ResponseApdu(data, sw)))
    order.shuffle(opened)
    for sent, answer, plain in opened:
        assert sent.open(answer) == plain


@pytest.mark.parametrize(
    ("level", "size", "limit"),
    [(0x00, 8, 255), (0x01, 8, 247), (0x11, 8, 247), (0x03, 8, 239), (0x33, 8, 239), (0x01, 16, 239), (0x33, 16, 223)],
)
def test_the_longest_data_that_fits_a_short_apdu(level: int, size: int, limit: int) -> None:
    channel = SecureChannel(session(size=size), SecurityLevel(level))
    assert channel.max_data == limit
    longest = channel.protect(STORE.with_data(bytes(limit))).command
    assert not longest.extended
    assert len(longest.data) <= 255
    if limit < 255:
        with pytest.raises(MalformedApdu, match=f"at most {limit} bytes"):
            channel.protect(STORE.with_data(bytes(limit + 1)))


def test_a_command_refused_for_its_size_leaves_no_trace() -> None:
    keys = session()
    channel, untouched = SecureChannel(keys, FULL), SecureChannel(keys, FULL)
    with pytest.raises(MalformedApdu):
        channel.protect(STORE.with_data(bytes(240)))
    assert channel.protect(STORE).command == untouched.protect(STORE).command


def test_an_extended_command_has_its_extended_lc_maced() -> None:
    keys = session()
    channel = SecureChannel(keys, SecurityLevel.C_MAC)
    sent = channel.protect(CommandApdu(0x80, 0xE2, 0, 0, bytes(300))).command
    mac = cmac(keys.s_mac, bytes(16) + bytes.fromhex("84E20000") + bytes.fromhex("000134") + bytes(300))
    assert sent.encode() == bytes.fromhex("84E20000000134") + bytes(300) + mac[:8]
    # As Yubico hosts do over short APDUs: wrapped once as a whole, then cut.
    assert [frame.cla for frame in chained(sent)] == [0x94, 0x84]


def test_extended_fields_asked_for_are_kept_and_maced() -> None:
    keys = session()
    sent = SecureChannel(keys, SecurityLevel.C_MAC).protect(
        CommandApdu(0x80, 0xCA, 0, 0xE0, b"", 256, extended_fields=True)
    )
    mac = cmac(keys.s_mac, bytes(16) + bytes.fromhex("84CA00E0000008"))
    assert sent.command.encode() == bytes.fromhex("84CA00E0000008") + mac[:8] + bytes.fromhex("0100")


@pytest.mark.parametrize(
    ("plain", "sent", "maced"),
    [
        (0x80, 0x84, 0x84),
        (0x00, 0x04, 0x04),
        (0x83, 0x87, 0x84),
        (0x02, 0x06, 0x04),
        (0x10, 0x14, 0x14),
        (0xC5, 0xE5, 0x84),
        (0x41, 0x61, 0x04),
    ],
)
def test_cla_says_secure_messaging_and_the_mac_sees_channel_0(plain: int, sent: int, maced: int) -> None:
    assert with_secure_messaging(plain) == sent
    assert without_channel(sent) == maced


def test_the_counter_moves_for_empty_data_too() -> None:
    keys = session()
    card = PlainCard(keys, FULL)
    channel = SecureChannel(keys, FULL)
    card.check_mac(channel.external_authenticate())
    for command in (CommandApdu(0x80, 0xCA, 0, 0xE0, b"", 256), STORE):
        assert card.unwrap(channel.protect(command).command) == command.data
    assert card.counter == 2


def test_sabotage_a_counter_that_stands_still_on_empty_data_is_seen() -> None:
    keys = session()
    card = PlainCard(keys, FULL)
    channel = SecureChannel(keys, FULL, options=ChannelOptions(count_only_with_data=True))
    card.check_mac(channel.external_authenticate())
    card.unwrap(channel.protect(CommandApdu(0x80, 0xCA, 0, 0xE0, b"", 256)).command)
    with pytest.raises(AssertionError):
        assert card.unwrap(channel.protect(STORE).command) == STORE.data


def test_a_card_that_counts_only_commands_with_data() -> None:
    keys = session()
    channel = SecureChannel(keys, FULL, options=ChannelOptions(count_only_with_data=True))
    channel.protect(CommandApdu(0x80, 0xCA, 0, 0xE0, b"", 256))
    sent = channel.protect(STORE).command
    iv = aes_cbc(keys.s_enc, (1).to_bytes(16, "big"))
    assert sent.data[:-8] == aes_cbc(keys.s_enc, STORE.data + b"\x80" + bytes(11), iv)


def test_a_card_that_wants_empty_data_encrypted() -> None:
    keys = session()
    channel = SecureChannel(keys, FULL, options=ChannelOptions(encrypt_empty=True))
    sent = channel.protect(CommandApdu(0x80, 0xCA, 0, 0xE0, b"", 256)).command
    iv = aes_cbc(keys.s_enc, (1).to_bytes(16, "big"))
    assert sent.data[:-8] == aes_cbc(keys.s_enc, b"\x80" + bytes(15), iv)


def test_level_00_protects_nothing_after_external_authenticate() -> None:
    keys = session()
    channel = SecureChannel(keys, SecurityLevel.AUTHENTICATED)
    assert len(channel.external_authenticate().data) == 16
    sent = channel.protect(STORE)
    assert sent.command == STORE
    assert sent.open(ResponseApdu(b"free", 0x9000)) == ResponseApdu(b"free", 0x9000)


@pytest.mark.parametrize("level", R_MAC_LEVELS)
@pytest.mark.parametrize("sw", [0x9000, 0x6200, 0x6283, 0x6300, 0x6310, 0x63C1])
@pytest.mark.parametrize("data", [b"", b"1234567", b"12345678", bytes(24)])
def test_success_and_warnings_without_a_right_mac_are_broken(level: SecurityLevel, sw: int, data: bytes) -> None:
    with pytest.raises(SecureMessagingBroken):
        SecureChannel(session(), level).protect(STORE).open(ResponseApdu(data, sw))


@pytest.mark.parametrize("level", R_MAC_LEVELS)
@pytest.mark.parametrize("sw", [0x6982, 0x6A80, 0x6985, 0x6D00, 0x6110, 0x9001])
def test_an_error_comes_bare_and_an_error_with_data_is_broken(level: SecurityLevel, sw: int) -> None:
    channel = SecureChannel(session(), level)
    assert channel.protect(STORE).open(ResponseApdu(b"", sw)) == ResponseApdu(b"", sw)
    with pytest.raises(SecureMessagingBroken, match="error status with data"):
        channel.protect(STORE).open(ResponseApdu(b"\x00", sw))


@pytest.mark.parametrize("level", R_MAC_LEVELS)
@pytest.mark.parametrize("size", [8, 16])
def test_any_flipped_bit_of_a_response_breaks_the_channel_for_good(level: SecurityLevel, size: int) -> None:
    keys = session(size=size)
    card = PlainCard(keys, level)
    first = SecureChannel(keys, level)
    card.unwrap(first.protect(STORE).command)
    answer = card.protect(b"\x01\x02\x03", 0x9000)
    for bit in range(len(answer.encode()) * 8):
        flipped = bytearray(answer.encode())
        flipped[bit // 8] ^= 0x80 >> bit % 8
        response = ResponseApdu.parse(bytes(flipped))
        channel = SecureChannel(keys, level)
        sent, later = channel.protect(STORE), channel.protect(STORE)
        with pytest.raises(SecureMessagingBroken):
            sent.open(response)
        for use in (lambda: channel.protect(STORE), lambda: later.open(answer), lambda: sent.open(answer)):  # noqa: B023 - called at once
            with pytest.raises(SecureChannelAborted):
                use()


def test_an_answer_to_another_command_is_broken() -> None:
    keys = session()
    card, channel = PlainCard(keys, FULL), SecureChannel(keys, FULL)
    one, two = channel.protect(STORE), channel.protect(STORE)
    card.unwrap(one.command)
    with pytest.raises(SecureMessagingBroken, match="R-MAC"):
        two.open(card.protect(b"", 0x9000))


def signed(keys: SessionKeys, mac_chaining_value: bytes, data: bytes, sw: int = 0x9000) -> ResponseApdu:
    return ResponseApdu(data + cmac(keys.s_rmac, mac_chaining_value + data + sw.to_bytes(2, "big"))[:8], sw)


@pytest.mark.parametrize(
    "padded", [bytes(16), b"\x80" + bytes(31), b"\x01" * 16], ids=["no 80", "a whole block too many", "no end"]
)
def test_wrong_padding_breaks_the_channel_even_under_a_right_mac(padded: bytes) -> None:
    keys = session()
    channel = SecureChannel(keys, FULL)
    sent = channel.protect(STORE)
    iv = aes_cbc(keys.s_enc, (1 | 0x80 << 120).to_bytes(16, "big"))
    with pytest.raises(SecureMessagingBroken, match="padding"):
        sent.open(signed(keys, sent.mac_chaining_value, aes_cbc(keys.s_enc, padded, iv)))
    assert channel.aborted


def test_half_a_block_under_a_right_mac_breaks_the_channel() -> None:
    keys = session()
    sent = SecureChannel(keys, FULL).protect(STORE)
    with pytest.raises(SecureMessagingBroken, match="whole blocks"):
        sent.open(signed(keys, sent.mac_chaining_value, bytes(15)))


def test_sabotage_a_compare_that_says_yes_opens_a_forged_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = SecureChannel(session(), SecurityLevel.C_MAC_R_MAC)
    sent = channel.protect(STORE)
    monkeypatch.setattr("cardservice.card_edge.scp03.secure_channel.compare_digest", lambda _, __: True)
    assert sent.open(ResponseApdu(b"forged" + bytes(8), 0x9000)).data == b"forged"


def test_sabotage_forgetting_the_abort_lets_a_broken_channel_live() -> None:
    channel = SecureChannel(session(), SecurityLevel.C_MAC_R_MAC)
    with pytest.raises(SecureMessagingBroken):
        channel.protect(STORE).open(ResponseApdu(bytes(8), 0x9000))
    channel.aborted = False
    assert channel.protect(STORE).command.cla == 0x84


def test_neither_channel_nor_keys_show_a_secret() -> None:
    keys = dataclasses.replace(session(), s_enc=b"\xa1" * 16)
    channel = SecureChannel(keys, FULL)
    assert repr(channel) == "SecureChannel(level 33)"
    assert "a1a1" not in repr(keys).lower()
    assert "\\xa1" not in repr(keys)
