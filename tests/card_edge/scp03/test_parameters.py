# SPDX-License-Identifier: Apache-2.0
import pytest

from cardservice.card_edge.errors import CardUnusable
from cardservice.card_edge.scp03.parameters import ScpParameter, SecurityLevel

LEVELS = {0x00, 0x01, 0x03, 0x11, 0x13, 0x33}


@pytest.mark.parametrize("level", range(256))
def test_only_the_six_levels_exist(level: int) -> None:
    if level in LEVELS:
        assert SecurityLevel.parse(level) == level
    else:
        with pytest.raises(CardUnusable):
            SecurityLevel.parse(level)


@pytest.mark.parametrize("i", range(256))
def test_every_i_is_read_back_or_refused(i: int) -> None:
    defined = not i & 0x8E and not (i & 0x40 and not i & 0x20)
    if defined:
        assert int(ScpParameter.parse(i)) == i
    else:
        with pytest.raises(CardUnusable):
            ScpParameter.parse(i)


@pytest.mark.parametrize(
    ("i", "levels"),
    [
        (0x00, {0x00, 0x01, 0x03}),
        (0x10, {0x00, 0x01, 0x03}),
        (0x30, {0x00, 0x01, 0x03, 0x11, 0x13}),
        (0x60, LEVELS),
        (0x70, LEVELS),
        (0x71, LEVELS),
    ],
)
def test_a_level_that_asks_for_more_than_i_offers_is_refused(i: int, levels: set[int]) -> None:
    parameter = ScpParameter.parse(i)
    for level in SecurityLevel:
        if level in levels:
            assert parameter.require(level) is level
        else:
            with pytest.raises(CardUnusable):
                parameter.require(level)


def test_s16_doubles_the_challenge() -> None:
    assert (ScpParameter.parse(0x70).challenge_length, ScpParameter.parse(0x71).challenge_length) == (8, 16)
