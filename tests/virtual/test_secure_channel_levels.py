# SPDX-License-Identifier: Apache-2.0
"""Every level, key length and kind of challenge: the card against the library's KBKDF and the project's host."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applets.virtual.card import VirtualCard
from applets.virtual.chip import PIV_MODULE
from applets.virtual.image import Image
from applets.virtual.scp03.derivation import Constant, derive
from tests.virtual.conftest import counting_entropy, no_delay
from tests.virtual.host import PIV_AID, Host, kdf, key_set

LEVELS = (0x01, 0x03, 0x11, 0x13, 0x33)


def host_with(image: Image, *, length: int, scp_i: int) -> Host:
    chip = replace(image.chip, scp_i=scp_i, key_sets=(key_set(0x30, length),))
    return Host(VirtualCard(Image(chip), entropy=counting_entropy(), delay=no_delay))


@given(
    key=st.sampled_from((16, 24, 32)).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    constant=st.sampled_from(list(Constant)),
    context=st.binary(min_size=1, max_size=40),
    length=st.sampled_from((8, 16, 24, 32)),
)
def test_derivation_is_sp800_108(key: bytes, constant: Constant, context: bytes, length: int) -> None:
    assert derive(key, constant, context, length) == kdf(key, constant, context, length)


@pytest.mark.parametrize("scp_i", [0x70, 0x60, 0x71, 0x61])
@pytest.mark.parametrize("length", [16, 24, 32])
@pytest.mark.parametrize("level", LEVELS)
def test_a_session_at_every_level(image: Image, level: int, length: int, scp_i: int) -> None:
    host = host_with(image, length=length, scp_i=scp_i)
    host.must(host.open(key_set(0x30, length), level, size=16 if scp_i & 1 else 8))
    assert host.must(host.send(0x80, 0xCA, 0x00, 0xE0))[:2] == b"\xe0\x12"
    assert host.must(host.install(PIV_MODULE, PIV_AID)) == b"\x00"
    assert host.send(0x80, 0xCA, 0x12, 0x34).sw == 0x6A88
    assert PIV_AID in host.must(host.send(0x80, 0xF2, 0x40, 0x02, bytes.fromhex("4F00")))


def test_authentication_without_secure_messaging(image: Image) -> None:
    host = host_with(image, length=16, scp_i=0x70)
    host.must(host.open(key_set(0x30, 16), 0x00))
    assert host.send(0x80, 0xF2, 0x80, 0x02, bytes.fromhex("4F00")).sw == 0x9000
    # Nothing is changed on a card by commands that anyone on the line could have altered.
    assert host.install(PIV_MODULE, PIV_AID).sw == 0x6982


def test_random_challenges_have_no_counter_and_differ(image: Image) -> None:
    host = host_with(image, length=16, scp_i=0x60)
    answers = {host.plain("8050300008000000000000000100").data for _ in range(3)}
    assert {len(answer) for answer in answers} == {29}
    assert len(answers) == 3


@pytest.mark.parametrize(("scp_i", "level", "sw"), [(0x10, 0x11, 0x6A86), (0x30, 0x33, 0x6A86), (0x30, 0x13, 0x9000)])
def test_a_level_that_i_does_not_offer(image: Image, scp_i: int, level: int, sw: int) -> None:
    assert host_with(image, length=16, scp_i=scp_i).open(key_set(0x30, 16), level).sw == sw


@pytest.mark.parametrize(("scp_i", "length"), [(0x70, 16), (0x71, 8), (0x70, 7), (0x70, 0)])
def test_a_host_challenge_of_another_length(image: Image, scp_i: int, length: int) -> None:
    host = host_with(image, length=16, scp_i=scp_i)
    body = bytes([length]) + bytes(length) if length else b""
    assert host.exchange_raw(bytes.fromhex("80503000") + body + b"\x00").sw == 0x6700


def test_the_counter_rises_before_use_and_survives_power_loss(host: Host) -> None:
    first = host.plain("8050FF0008000000000000000100").data
    host.card.reset()
    second = host.plain("8050FF0008000000000000000100").data
    assert int.from_bytes(second[-3:], "big") == int.from_bytes(first[-3:], "big") + 1
    assert first[13:21] != second[13:21]


def test_an_exhausted_counter(image: Image) -> None:
    keys = replace(key_set(0x30), sequence_counter=0xFFFFFE)
    host = Host(VirtualCard(Image(replace(image.chip, key_sets=(keys,)))))
    assert host.plain("8050300008000000000000000100").data[-3:] == b"\xff\xff\xff"
    assert host.plain("8050300008000000000000000100").sw == 0x6985


def test_an_unknown_key_set(host: Host) -> None:
    assert host.plain("8050310008000000000000000100").sw == 0x6A88


def test_version_00_means_the_set_added_last(host: Host) -> None:
    assert host.plain("8050000008000000000000000100").data[10] == 0xFF
