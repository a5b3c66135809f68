# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.chaining import chained
from cardservice.card_edge.errors import MalformedApdu


@given(st.binary(max_size=1200), st.integers(1, 255))
def test_frames_join_to_the_command(data: bytes, limit: int) -> None:
    command = CommandApdu(0x00, 0xDB, 0x3F, 0xFF, data, 256)
    frames = chained(command, limit)
    assert b"".join(frame.data for frame in frames) == data
    assert all(len(frame.data) == limit for frame in frames[:-1])
    assert [frame.cla for frame in frames] == [0x10] * (len(frames) - 1) + [0x00]
    assert [frame.le for frame in frames] == [None] * (len(frames) - 1) + [256]
    assert all(frame.header[1:] == command.header[1:] and not frame.extended for frame in frames)


def test_a_command_that_fits_stays_one() -> None:
    command = CommandApdu(0x00, 0xDB, 0x3F, 0xFF, bytes(255))
    assert chained(command) == [command]
    assert len(chained(CommandApdu(0x00, 0xDB, 0x3F, 0xFF, bytes(256)))) == 2


@pytest.mark.parametrize("limit", [0, -1, 256])
def test_a_frame_that_no_short_apdu_holds_is_refused(limit: int) -> None:
    with pytest.raises(MalformedApdu):
        chained(CommandApdu(0, 0, 0, 0, b"x"), limit)
