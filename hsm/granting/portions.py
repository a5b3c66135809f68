# SPDX-License-Identifier: Apache-2.0
"""A list of things cut into portions of one request each, the same for every officer who has the same list."""

from collections.abc import Sequence
from itertools import groupby

from hsm.wire.value_requests import MAX_VALUES

PORTION = 510  # values at most, where a list is longer than one request: few are open at a time, and little is lost with one that breaks off


def portions(things: Sequence[object]) -> list[list[object]]:
    """The things, in order. Values of one row, such as NIK and name of one member, stay together."""
    if len(things) <= MAX_VALUES:
        return [list(things)]
    cut: list[list[object]] = [[]]
    for _, grouped in groupby(things, _row):
        row = list(grouped)
        if cut[-1] and len(cut[-1]) + len(row) > PORTION:
            cut.append([])
        cut[-1] += row
    return cut


def _row(thing: object) -> str:
    """What follows the last dot of a context: the row (cardservice/records/sealing_context.py)."""
    return str(thing).rpartition(".")[2]
