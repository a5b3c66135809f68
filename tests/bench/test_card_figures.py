# SPDX-License-Identifier: Apache-2.0
"""The figures of ``bench/run card``: their names, their shape, and that nothing unmeasured is called met. No timing is judged here."""

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bench import card
from bench.beside_yubikit import YubikitHost, card_answer, our_set_up
from bench.figure import Figure
from bench.reader_rate import NotMeasured

RUN = Path(__file__).parents[2] / "bench" / "run"
NAMES = ["name", "value", "unit", "measured_against", "ratio", "goal", "met"]
GOALS = {
    "personalize: round trips (yields)": "<= 3 trips",
    "personalize: bytes sent / payload": "<= 1.3 x",
    "personalize: host CPU, dialogue and cryptography": "<= 5 ms",
    "personalize: host CPU, whole service": "<= 25 ms",
    "tap: APDUs": "<= 2 APDU",
    "tap predicted: P71 (J3R180), 106 kbit/s, pessimistic": "<= 130 ms",
    "tap predicted: P71 (J3R180), 424 kbit/s, pessimistic": "<= 100 ms",
    "SCP03: channels set up per second of CPU": ">= 1 x",
    "SCP03: commands of 224 bytes wrapped per second of CPU": ">= 1 x",
}


@pytest.fixture(scope="module")
def printed() -> list[dict[str, Any]]:
    done = subprocess.run([RUN, "card", "--json"], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_line_is_one_object_of_seven_names(printed: list[dict[str, Any]]) -> None:
    for figure in printed:
        assert list(figure) == NAMES
        assert isinstance(figure["name"], str)
        assert figure["value"] is None or math.isfinite(figure["value"])
        assert figure["ratio"] is None or math.isfinite(figure["ratio"])
        assert figure["met"] in {True, False, None}
        assert figure["met"] is None or figure["goal"]


def test_no_name_stands_twice(printed: list[dict[str, Any]]) -> None:
    names = [figure["name"] for figure in printed]
    assert len(names) == len(set(names))


def test_every_goal_of_the_issue_is_there(printed: list[dict[str, Any]]) -> None:
    given = {figure["name"]: figure["goal"] for figure in printed}
    assert {name: given.get(name) for name in GOALS} == GOALS


@pytest.mark.parametrize("chip", ["P71 (J3R180)", "P60 (J3H145)", "SECORA ID X"])
@pytest.mark.parametrize("rate", [106, 424, 848])
def test_every_chip_is_predicted_at_every_rate(printed: list[dict[str, Any]], chip: str, rate: int) -> None:
    given = {figure["name"]: figure["value"] for figure in printed}
    floor, pessimistic = (given[f"tap predicted: {chip}, {rate} kbit/s, {case}"] for case in ("floor", "pessimistic"))
    assert 0 < floor < pessimistic


def test_the_last_line_counts_the_goals(printed: list[dict[str, Any]]) -> None:
    last = printed[-1]
    assert last["name"] == "goals met"
    assert last["value"] == sum(figure["met"] is True for figure in printed)
    assert last["measured_against"] == f"{sum(figure['goal'] is not None for figure in printed)} goals"


def test_what_is_not_measured_says_why_and_is_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> tuple[float, float, float]:
        raise NotMeasured(reason="pcscd is not installed")

    monkeypatch.setattr(card, "rates", absent)
    (figure,) = [figure for figure in card.reader_figures() if figure.value is None]
    assert figure.measured_against == "not measured: pcscd is not installed"
    assert "not measured: pcscd is not installed" in figure.line()
    assert json.loads(figure.line(as_json=True))["value"] is None


def test_a_goal_that_could_not_be_measured_is_neither_met_nor_missed() -> None:
    figure = Figure.unmeasured("SCP03", "1/s", "yubikit is not installed", goal=">= 1 x")
    assert figure.met is None
    assert "MISSED" not in figure.line()


@pytest.mark.needs("yubikit")
def test_both_hosts_send_the_same_bytes_to_set_a_channel_up() -> None:
    answer = card_answer()
    theirs = YubikitHost().set_up(answer)
    ours = our_set_up(answer)
    # yubikit leaves Le out of INITIALIZE UPDATE; all else is equal, cryptogram and MAC included.
    assert ours == [theirs[0] + b"\x00", theirs[1]]
