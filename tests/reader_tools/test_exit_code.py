# SPDX-License-Identifier: Apache-2.0
"""Exit codes: each room's errors end with the code that --help promises."""

import pytest

from cardservice.card_edge.errors import CardNotAuthentic
from cardservice.errors import KartuError
from cardservice.records.errors import RecordsError
from hsm.errors import KeyProcessDown
from reader_tools.cli.exit_code import EXPLAINED, ExitCode, exit_code_for
from reader_tools.errors import CardRemoved, Internal, ReaderServiceDown, SettingsInvalid


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CardRemoved(), ExitCode.READER),
        (ReaderServiceDown(), ExitCode.READER),
        (CardNotAuthentic(), ExitCode.READER),
        (KeyProcessDown(), ExitCode.SERVICE),
        (RecordsError(), ExitCode.SERVICE),
        (SettingsInvalid(), ExitCode.INPUT),
        (Internal(), ExitCode.SERVICE),
        (KartuError(), ExitCode.SERVICE),
    ],
)
def test_the_exit_code_of_an_error(error: KartuError, code: ExitCode) -> None:
    assert exit_code_for(error) is code


def test_the_longest_room_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(KartuError):
        pass

    monkeypatch.setattr(Refused, "__module__", "cardservice.issuance.deep.errors")
    assert exit_code_for(Refused()) is ExitCode.REFUSED
    monkeypatch.setattr(Refused, "__module__", "cardservice.enrolment.errors")
    assert exit_code_for(Refused()) is ExitCode.INPUT


def test_help_names_every_code() -> None:
    for code in ExitCode:
        if code is not ExitCode.INTERRUPTED:
            assert f" {code.value} " in EXPLAINED
