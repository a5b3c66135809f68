# SPDX-License-Identifier: Apache-2.0
"""Probe of the rule packs: which one is in force and since when, who signed it, and which comes next."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cardservice.coverage.civil_time import civil_day
from cardservice.coverage.errors import RulePackFileRefused
from cardservice.rule_folder import key_fingerprint, load_rule_packs
from reader_tools.probes.finding import Finding, Level, Part, trouble


def probe_rules(folder: Path | None, key: Path | None, now: datetime, bad: Level = Level.FAIL) -> Iterator[Finding]:
    """The pack of the day, then each that comes later. One that is unsigned, altered or malformed refuses every start, and so it does here."""
    try:
        packs, signed_by = load_rule_packs(folder, key), key_fingerprint(key)
    except RulePackFileRefused as refused:
        yield trouble(Part.RULES, refused, bad)
        return
    today = civil_day(now)
    begun = [pack for pack in packs.packs if pack.dated <= today]
    ahead = packs.packs[len(begun) :]
    if begun:
        following = f"{ahead[0].name} ({ahead[0].dated})" if ahead else "-"
        evidence = {
            "name": begun[-1].name,
            "number": begun[-1].rules.number,
            "dated": begun[-1].dated.isoformat(),
            "signed_by": signed_by,
            "next": following,
            "earlier": len(begun) - 1,
        }
        yield Finding(Part.RULES, Level.OK, "rules-ok", evidence)
    else:
        first = packs.packs[0]
        told = {"name": first.name, "number": first.rules.number, "dated": first.dated.isoformat()}
        yield Finding(Part.RULES, Level.WARN, "rules-not-begun", told)
    for pack in ahead if begun else ahead[1:]:
        told = {"name": pack.name, "number": pack.rules.number, "dated": pack.dated.isoformat(), "signed_by": signed_by}
        yield Finding(Part.RULES, Level.OK, "rules-next", told)
