# SPDX-License-Identifier: Apache-2.0
"""The live step list: what a person sees on a terminal, in a log, without Unicode, and with --json."""

import re
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from rich.console import Console

from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.script import Script, Step
from cardservice.texts.catalogue import Language
from reader_tools.cli.output import Output
from reader_tools.cli.step_list import INDONESIAN, StepList
from reader_tools.errors import CardRemoved
from tests.reader_tools.command_line import ROOT

SCRIPT = Script("look at the chip", (Step("SELECT", CommandApdu(0x00, 0xA4, 0x04, 0x00, b"\xa0\x00", 256)),))
OTHER = Script("something new", (*SCRIPT.steps, *SCRIPT.steps))


def listed(
    *, terminal: bool = False, as_json: bool = False, language: Language = Language.ENGLISH
) -> tuple[StepList, StringIO]:
    screen = StringIO()
    console = Console(file=screen, force_terminal=terminal, color_system=None, width=100)
    return StepList(Output(as_json, language), console), screen


def test_each_script_is_ticked_when_the_next_is_sent() -> None:
    steps, screen = listed()
    steps.sending(SCRIPT)
    assert screen.getvalue() == ""
    steps.sending(OTHER)
    first, *more = screen.getvalue().splitlines()
    assert more == []
    assert first.split()[:-2] == ["✓", "1", "look", "at", "the", "chip", "1", "APDU", "8", "B"]
    steps.done()
    assert "2 something new" in screen.getvalue().splitlines()[1]
    assert "2 round trips, 3 APDU, 24 B, " in screen.getvalue().splitlines()[2]


def test_a_terminal_shows_what_is_under_way() -> None:
    steps, screen = listed(terminal=True)
    steps.sending(SCRIPT)
    assert "look at the chip" in screen.getvalue()
    assert screen.getvalue().endswith("\r")
    steps.done()
    assert "✓" in screen.getvalue()


def test_a_failure_is_crossed_and_not_summed_up() -> None:
    steps, screen = listed()

    def torn() -> None:
        with steps:
            steps.sending(SCRIPT)
            raise CardRemoved

    with pytest.raises(CardRemoved):
        torn()
    (line,) = screen.getvalue().splitlines()
    assert line.split()[0] == "✗"
    (document,) = steps.documents
    assert (document["title"], document["done"]) == ("look at the chip", False)


def test_as_a_block_it_ends_by_itself() -> None:
    steps, screen = listed()
    with steps:
        steps.sending(SCRIPT)
    assert "1 round trip, 1 APDU, 8 B, " in screen.getvalue()
    assert steps.documents[0] == {**steps.documents[0], "apdus": 1, "bytes": 8, "done": True}


def test_nothing_sent_is_nothing_said() -> None:
    steps, screen = listed()
    with steps:
        pass
    assert (screen.getvalue(), steps.documents, steps.seconds) == ("", [], 0)


def test_with_json_nobody_sees_it_and_the_document_has_it() -> None:
    steps, screen = listed(as_json=True, terminal=True)
    with steps:
        steps.sending(SCRIPT)
    assert screen.getvalue() == ""
    assert len(steps.documents) == 1


def test_indonesian_titles_and_unknown_ones() -> None:
    steps, screen = listed(language=Language.INDONESIAN)
    with steps:
        steps.sending(SCRIPT)
        steps.sending(OTHER)
    assert "lihat cip kartu" in screen.getvalue()
    assert "something new" in screen.getvalue()
    assert "2 kali bolak-balik" in screen.getvalue()


def test_a_terminal_without_unicode() -> None:
    octets = BytesIO()
    with TextIOWrapper(octets, encoding="ascii") as screen:
        with StepList(Output(as_json=False, language=Language.ENGLISH), Console(file=screen)) as steps:
            steps.sending(SCRIPT)
        screen.flush()
        assert octets.getvalue().startswith(b"  ok 1 look at the chip")


def test_every_title_of_our_dialogues_has_its_indonesian() -> None:
    """Titles stand in the source as flush("...") or Script("...")."""
    sources = [path.read_text() for path in (ROOT / "cardservice" / "card_edge" / "dialogues").glob("*.py")]
    titles = {title for source in sources for title in re.findall(r'(?:flush|Script)\(\s*"([^"]+)"', source)}
    assert len(titles) > 8
    assert titles - set(INDONESIAN) == set()
