# SPDX-License-Identifier: Apache-2.0
"""Packs in a folder: the day of the event says which one decides, and whatever is odd about one keeps a program from starting."""

from datetime import date
from pathlib import Path

import pytest

from cardservice import rule_folder
from cardservice.coverage.decision import Reason
from cardservice.coverage.errors import RulePackFileRefused
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.programme import Programme
from cardservice.coverage.rule_pack import read_rule_pack
from cardservice.rule_folder import load_rule_packs
from tests.coverage.ledgers import at
from tests.coverage.pack_folder import PackFolder, pack_folder
from tests.coverage.rules_2026 import PACKS_2026
from tests.coverage.standings import base_pair

_NOW = at("2026-11-23 15:00")


@pytest.fixture
def packs(tmp_path: Path) -> PackFolder:
    return pack_folder(tmp_path / "packs")


def test_what_is_shipped_is_what_people_wrote_down() -> None:
    assert load_rule_packs() == PACKS_2026


def test_the_pack_of_the_day_decides_from_midnight_in_jakarta_on(packs: PackFolder) -> None:
    packs.put_two_months_of_grace("2026-11-15")
    known = packs.load()
    assert [known.at(at(moment)).number for moment in ("2026-11-14 23:59", "2026-11-15 00:00")] == [1, 2]
    member = base_pair("2026-08")
    answers = [known.decide(member, Programme.JKK, date(2026, 11, day), now=_NOW) for day in (14, 15)]
    assert [bool(answer) for answer in answers] == [True, False]
    assert answers[1].reason is Reason.LAPSED
    moments = at("2026-11-14 23:59"), at("2026-11-15 00:00")
    assert [bool(known.coverage(member, Programme.JKK, each, knowledge_at=_NOW)) for each in moments] == [True, False]


def test_before_the_first_pack_the_first_one_decides(packs: PackFolder) -> None:
    assert packs.load().at(at("2020-01-01 00:00")).number == 1


def test_the_cure_of_a_past_event_is_priced_by_the_pack_in_force_when_it_is_paid(packs: PackFolder) -> None:
    packs.put(
        "dearer",
        ("number: 1", "number: 2"),
        ('dated: "2025-12-22"', 'dated: "2026-11-15"'),
        ("minimum_rupiah: 6800", "minimum_rupiah: 9800"),
    )
    answer = packs.load().coverage(base_pair("2026-07"), Programme.JKM, at("2026-11-10 09:00"), knowledge_at=_NOW)
    assert answer.cure is not None
    assert {due.amount_rupiah for due in answer.cure.dues if due.programme is Programme.JKM} == {4_900}


def test_one_byte_altered_is_no_start(packs: PackFolder) -> None:
    path = packs.put_two_months_of_grace("2026-11-15")
    path.write_bytes(path.read_bytes().replace(b"months: 2", b"months: 9", 1))
    with pytest.raises(RulePackFileRefused) as refused:
        packs.load()
    assert refused.value.evidence["file"] == str(path)
    assert refused.value.evidence["field"] == "signature"


def test_sabotage_a_loader_that_only_reads_would_take_the_altered_byte(
    packs: PackFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packs.put_two_months_of_grace("2026-11-15")
    path.write_bytes(path.read_bytes().replace(b"months: 2", b"months: 9", 1))
    monkeypatch.setattr(rule_folder, "open_pack", lambda document, _signature, _key: read_rule_pack(document))
    assert packs.load().at(at("2026-11-15 00:00")).grace_months == 9


def test_a_signed_pack_that_breaks_its_form_is_told_with_field_and_line(packs: PackFolder) -> None:
    packs.put("bpu-2026", ("months: 3\n", "months: 99\n"))
    with pytest.raises(RulePackFileRefused) as refused:
        packs.load()
    assert str(refused.value.evidence["field"]).startswith("grace.months (line ")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ([("number: 1", "number: 2")], "dated"),
        ([('dated: "2025-12-22"', 'dated: "2026-11-15"')], "number"),
    ],
)
def test_packs_that_contradict_each_other_are_no_start(
    packs: PackFolder, changes: list[tuple[str, str]], field: str
) -> None:
    packs.put("other", *changes)
    with pytest.raises(RulePackFileRefused) as refused:
        packs.load()
    assert refused.value.evidence["field"] == field


def test_what_is_not_there_is_no_start(packs: PackFolder, tmp_path: Path) -> None:
    signature = packs.folder / "bpu-2026.yaml.sig"
    kept = signature.read_bytes()
    signature.unlink()
    with pytest.raises(RulePackFileRefused):
        packs.load()
    signature.write_bytes(kept)
    for folder, key in (
        (tmp_path / "nowhere", packs.key),
        (packs.folder, tmp_path / "nokey.pem"),
        (packs.folder, signature),
        (packs.folder, None),  # the shipped key did not sign it
    ):
        with pytest.raises(RulePackFileRefused):
            load_rule_packs(folder, key)
    (packs.folder / "bpu-2026.yaml").unlink()
    with pytest.raises(RulePackFileRefused, match="rule-pack-file-refused"):
        packs.load()


def test_sabotage_the_pack_of_today_for_every_day_would_refuse_the_event(
    packs: PackFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    packs.put_two_months_of_grace("2026-11-15")
    known = packs.load()
    today = known.at(_NOW)
    monkeypatch.setattr(PacksInForce, "on", lambda _self, _day, **_known: today)
    assert not known.decide(base_pair("2026-08"), Programme.JKK, date(2026, 11, 14), now=_NOW)
