# SPDX-License-Identifier: Apache-2.0
"""What ``kartu doctor`` says of rule packs: which is in force and since when, under whose signature, and what comes next."""

from datetime import datetime
from pathlib import Path

import pytest

from cardservice.rule_folder import key_fingerprint
from reader_tools.probes.finding import Finding, Level
from reader_tools.probes.rules import probe_rules
from tests.coverage.ledgers import at
from tests.coverage.pack_folder import PackFolder, pack_folder

NOW = at("2026-11-23 15:00")


@pytest.fixture
def packs(tmp_path: Path) -> PackFolder:
    return pack_folder(tmp_path / "packs")


def told(packs: PackFolder, now: datetime = NOW) -> list[Finding]:
    return list(probe_rules(packs.folder, packs.key, now))


def test_the_shipped_pack_is_in_force_and_nothing_comes_next() -> None:
    (found,) = probe_rules(None, None, NOW)
    assert (found.level, found.code) == (Level.OK, "rules-ok")
    assert dict(found.evidence) == {
        "name": "bpu-2026",
        "number": 1,
        "dated": "2025-12-22",
        "signed_by": key_fingerprint(),
        "next": "-",
        "earlier": 0,
    }


def test_a_pack_that_comes_is_told_before_its_day_and_is_in_force_on_it(packs: PackFolder) -> None:
    packs.put_two_months_of_grace("2027-01-01")
    now, following = told(packs)
    assert (now.evidence["name"], now.evidence["next"]) == ("bpu-2026", "grace-2 (2027-01-01)")
    assert (following.code, following.evidence["dated"], following.level) == ("rules-next", "2027-01-01", Level.OK)
    assert now.evidence["signed_by"] == key_fingerprint(packs.key) != key_fingerprint()
    (later,) = told(packs, at("2027-01-01 00:00"))
    assert (later.evidence["name"], later.evidence["earlier"], later.evidence["next"]) == ("grace-2", 1, "-")


def test_before_the_first_pack_s_day_that_is_a_warning(packs: PackFolder) -> None:
    packs.put_two_months_of_grace("2027-01-01")
    first, second = told(packs, at("2025-12-21 23:59"))
    assert (first.level, first.code, first.evidence["name"]) == (Level.WARN, "rules-not-begun", "bpu-2026")
    assert (second.code, second.evidence["name"]) == ("rules-next", "grace-2")


@pytest.mark.parametrize("harm", ["unsigned", "altered", "another key's", "two of one day"])
def test_what_would_refuse_a_start_fails_here_with_the_file(packs: PackFolder, harm: str) -> None:
    path = packs.put_two_months_of_grace("2027-01-01")
    match harm:
        case "unsigned":
            path.with_name(path.name + ".sig").unlink()
        case "altered":
            path.write_text(path.read_text().replace("months: 2\n", "months: 9\n"))
        case "two of one day":
            packs.put_two_months_of_grace("2025-12-22")
    key = None if harm == "another key's" else packs.key
    (found,) = probe_rules(packs.folder, key, NOW)
    assert (found.level, found.code) == (Level.FAIL, "rule-pack-file-refused")
    assert str(packs.folder) in str(found.evidence["file"])
