# SPDX-License-Identifier: Apache-2.0
"""A rule pack that comes after its day, at the desk: the doctor warns, ``coverage rules late`` counts, and old answers are told again as they were."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cardservice.clock import now
from cardservice.collection.packs_taken_in import take_in
from reader_tools.probes.finding import Level
from reader_tools.probes.taken_packs import NEWS, probe_taken_packs
from tests.coverage.pack_folder import PackFolder, pack_folder
from tests.reader_tools.cli.desk import Desk


@pytest.fixture
def packs(desk: Desk, tmp_path: Path) -> PackFolder:
    made = pack_folder(tmp_path / "packs")
    desk.set("KARTU_RULE_PACKS", made.folder)
    desk.set("KARTU_RULE_PACK_KEY", made.key)
    return made


def found(desk: Desk, packs: PackFolder, later: timedelta = timedelta()) -> list[tuple[Level, str, Any]]:
    url = f"sqlite:///{desk.folder / 'kartu.db'}"
    told = probe_taken_packs(packs.folder, packs.key, url, now() + later)
    return [(each.level, each.code, each.evidence.get("number")) for each in told]


def test_late_altered_and_gone_are_told(desk: Desk, packs: PackFolder) -> None:
    database = desk.database()
    begun = now()
    take_in(database, packs.load(), begun - timedelta(days=60))
    asked = ("coverage", "explain", "P-0001", "--programme", "JKK", "--as-of", begun.isoformat(timespec="seconds"))
    by = ("--by", "ani", "--why", "dispute")
    knew = ("--knowledge-at", (begun - timedelta(days=1)).isoformat(timespec="seconds"))
    before = desk(*asked, *by, *knew, "--json")
    assert desk.json("coverage", "rules", "late") == {"late": []}
    assert found(desk, packs) == []

    dated = (begun - timedelta(days=40)).date().isoformat()
    path = packs.put_two_months_of_grace(dated)
    late = desk("coverage", "rules", "late", "--json")
    assert late.code in {0, 1}
    (told,) = desk.json("coverage", "rules", "late", code=late.code)["late"]
    assert (told["name"], told["number"], told["before"]) == ("grace-2", 2, 1)
    assert len(told["months"]) in {6, 9}  # of three programmes
    assert late.code == int(any(each["changed"] for each in told["months"]))
    assert "grace-2 (2)" in desk("coverage", "rules", "late").out
    assert desk(*asked, *by, *knew, "--json") == before
    assert desk.json(*asked, *by, code=desk(*asked, *by).code)["rule_pack"] == 2

    assert found(desk, packs) == [(Level.WARN, "rules-late", 2)]
    assert found(desk, packs, NEWS) == [(Level.OK, "rules-late", 2)]
    kept = path.read_bytes()
    packs.put("grace-2", ("number: 1", "number: 2"), ('dated: "2025-12-22"', 'dated: "2026-01-01"'))
    assert found(desk, packs) == [(Level.FAIL, "rule-pack-altered", 2)]
    assert desk.refused(*asked, *by, code=1) == "rule-pack-altered"
    assert path.read_bytes() != kept
    path.unlink()
    assert found(desk, packs) == [(Level.FAIL, "rule-pack-gone", 2)]
    assert desk.refused(*asked, *by, code=1) == "rule-pack-gone"  # else the rules of before decided again

    packs.put_two_months_of_grace(dated)
    coming = packs.put_dearer("2099-01-01")
    assert desk(*asked, *by).code in {0, 1}
    coming.unlink()
    assert found(desk, packs, NEWS) == [(Level.WARN, "rules-gone", 3), (Level.OK, "rules-late", 2)]
    assert desk.json(*asked, *by, code=desk(*asked, *by).code)["rule_pack"] == 2
    database.close()
