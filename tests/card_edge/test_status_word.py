# SPDX-License-Identifier: Apache-2.0
import pytest

from cardservice.card_edge.status_word import StatusWord, carries_data, meaning, tries_left


@pytest.mark.parametrize("sw", list(StatusWord))
def test_every_named_status_word_has_a_meaning(sw: StatusWord) -> None:
    assert meaning(sw) != "unknown status"


@pytest.mark.parametrize(
    ("sw", "words"),
    [
        (0x6110, "done, 16 more bytes to fetch"),
        (0x6100, "done, 256 more bytes to fetch"),
        (0x6C08, "wrong Le, 8 bytes are there"),
        (0x6C00, "wrong Le, 256 bytes are there"),
        (0x63C2, "wrong PIN or PUK, 2 tries left"),
        (0x63C0, "wrong PIN or PUK, 0 tries left"),
        (0x62FF, "warning, memory unchanged"),
        (0x6501, "error, memory changed"),
        (0x6600, "error of security"),
        (0x6A8F, "wrong parameters"),
        (0x6B00, "wrong P1 or P2, or an offset past the end"),
        (0x6F12, "the card gives no precise diagnosis"),
        (0x6000, "unknown status"),
        (0x9001, "unknown status"),
    ],
)
def test_families_are_read_with_their_number(sw: int, words: str) -> None:
    assert meaning(sw) == words


def test_every_status_word_that_iso_7816_knows_says_something() -> None:
    """ISO/IEC 7816-3, 12.2.1: a status word is 9xxx or 6xxx without 60xx; 9xxx but 9000 is each application's own."""
    silent = {sw >> 8 for sw in range(0x6100, 0x7000) if meaning(sw) == "unknown status"}
    assert silent == set()


def test_only_success_and_warnings_carry_data() -> None:
    carrying = {sw >> 8 for sw in range(0x10000) if carries_data(sw)}
    assert carrying == {0x62, 0x63, 0x90}
    assert carries_data(0x9000)
    assert not carries_data(0x9001)


def test_tries_left() -> None:
    assert [tries_left(0x63C0 + n) for n in range(16)] == list(range(16))
    assert tries_left(StatusWord.AUTHENTICATION_METHOD_BLOCKED) == 0
    assert tries_left(0x6300) is None
    assert tries_left(0x9000) is None
