# SPDX-License-Identifier: Apache-2.0
"""``bench/run`` lists what there is, and a figure prints the seven names that tools read."""

import json
import subprocess
from pathlib import Path

from bench.figure import Figure

RUN = Path(__file__).parents[2] / "bench" / "run"
NAMES = ["name", "value", "unit", "measured_against", "ratio", "goal", "met"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([RUN, *words], capture_output=True, text=True, check=False, timeout=60)


def test_the_list_names_every_bench_and_leaves_the_frame_out() -> None:
    done = run("--list")
    assert done.returncode == 0, done.stderr
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert not {"figure", "__main__"} & set(listed)
    assert all(len(line.split()) > 1 for line in done.stdout.splitlines())


def test_an_unknown_bench_is_refused_with_the_known_ones() -> None:
    done = run("no-such-bench")
    assert done.returncode == 2
    assert "no-such-bench" in done.stderr


def test_a_figure_is_one_json_object_with_seven_names() -> None:
    figure = Figure.judged("tap", 130.0, "ms", "<=", 100, measured_against="a model of P71")
    line = figure.line(as_json=True)
    assert "\n" not in line
    assert list(json.loads(line)) == NAMES
    assert json.loads(line) == {
        "name": "tap", "value": 130.0, "unit": "ms", "measured_against": "a model of P71", "ratio": 1.3, "goal": "<= 100 ms", "met": False,
    }  # fmt: skip


def test_a_bound_itself_is_met_in_both_senses() -> None:
    assert Figure.judged("tap", 100.0, "ms", "<=", 100).met
    assert Figure.judged("rate", 100.0, "/s", ">=", 100).met
    assert not Figure.judged("rate", 99.0, "/s", ">=", 100).met


def test_a_ratio_is_judged_and_an_empty_reference_misses() -> None:
    assert Figure.compared("wrap", 30.0, "/s", "yubikit", 20.0, ">=", 1.0).ratio == 1.5
    assert Figure.compared("wrap", 30.0, "/s", "yubikit", 20.0, ">=", 1.0).met
    assert not Figure.compared("wrap", 19.0, "/s", "yubikit", 20.0, ">=", 1.0).met
    assert Figure.compared("wrap", 19.0, "/s", "yubikit", 0.0, ">=", 1.0).met is False


def test_a_figure_without_goal_is_neither_met_nor_missed() -> None:
    line = Figure("apdus", 41, "APDU").line()
    assert "MISSED" not in line
    assert " met" not in line
    assert json.loads(Figure("apdus", 41, "APDU").line(as_json=True))["met"] is None
