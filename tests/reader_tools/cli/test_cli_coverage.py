# SPDX-License-Identifier: Apache-2.0
"""``kartu coverage rules``: a pack is checked, signed and compared over the members in the books."""

from pathlib import Path
from typing import Any

import pytest

from cardservice.records import audit_events, members
from tests.reader_tools.cli.desk import MEMBERS, Desk
from tests.reader_tools.command_line import ROOT

PACK = ROOT / "rule_packs" / "bpu-2026.yaml"
KEY = ROOT / "rule_packs" / "scheme-rules-key.pem"


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """The same pack with two months of grace."""
    path = tmp_path / "draft.yaml"
    path.write_bytes(
        PACK.read_bytes().replace(b"months: 3\n", b"months: 2\n", 1).replace(b"number: 1", b"number: 2", 1)
    )
    return path


def test_the_shipped_pack_is_taken_and_shows_its_sources(bare_desk: Desk) -> None:
    told = bare_desk.json("coverage", "rules", "check", PACK, "--key", KEY)
    assert (told["name"], told["number"], told["signed"]) == ("bpu-2026", 1, True)
    assert all(rule["source"] and rule["confidence"] for rule in told["rules"])
    assert "star.grid.id" in bare_desk("coverage", "rules", "check", PACK, "--key", KEY).out


def test_a_pack_without_signature_or_key_is_refused(bare_desk: Desk, draft: Path) -> None:
    assert bare_desk.refused("coverage", "rules", "check", draft, "--key", KEY, code=5) == "file-unreadable"
    draft.with_name("draft.yaml.sig").write_bytes(PACK.with_name("bpu-2026.yaml.sig").read_bytes())
    assert bare_desk.refused("coverage", "rules", "check", draft, "--key", KEY, code=5) == "rule-pack-unsigned"
    assert bare_desk.refused("coverage", "rules", "check", draft, "--key", draft, code=5) == "file-unreadable"
    assert bare_desk.refused("coverage", "rules", "check", PACK, code=5) == "file-unreadable"


def test_a_draft_is_signed_by_a_key_that_nobody_else_can_read(bare_desk: Desk, draft: Path, tmp_path: Path) -> None:
    key = tmp_path / "rules.pem"
    told = bare_desk.json("coverage", "rules", "sign", draft, "--key", key, "--create-key")
    assert key.stat().st_mode & 0o077 == 0
    checked = bare_desk.json("coverage", "rules", "check", draft, "--key", told["public_key"])
    assert (checked["number"], checked["signed"]) == (2, True)
    again = ("coverage", "rules", "sign", draft, "--key", key)
    assert bare_desk.refused(*again, "--create-key", code=5) == "file-unreadable"
    assert bare_desk.json(*again)["number"] == 2
    assert (
        bare_desk.refused("coverage", "rules", "sign", draft, "--key", told["public_key"], code=5) == "file-unreadable"
    )


def test_a_pack_that_breaks_a_rule_is_not_signed_and_the_field_is_named(
    bare_desk: Desk, draft: Path, tmp_path: Path
) -> None:
    draft.write_bytes(draft.read_bytes().replace(b"months: 2", b"months: 2.5", 1))
    ended = bare_desk("coverage", "rules", "sign", draft, "--key", tmp_path / "rules.pem", "--create-key")
    assert ended.code == 5
    assert 'field "grace.months"' in ended.out + ended.err
    assert not draft.with_name("draft.yaml.sig").exists()


def test_two_packs_are_compared_over_the_members_in_the_books(desk: Desk, draft: Path) -> None:
    asked = ("coverage", "rules", "diff", PACK, draft, "--draft", "--at", "2026-11-23", "--programme", "JKK")
    told: dict[str, Any] = desk.json(*asked, code=1)
    assert (told["members"], told["before"]["signed"]) == (200, False)
    assert told["changed"] == sum(group["changed"] for group in told["groups"])
    moved = [group for group in told["groups"] if group["state_before"] == "GRACE" and group["state_after"] == "LAPSED"]
    assert moved
    assert all(group["members"] >= group["changed"] > 0 for group in told["groups"])
    people = desk(*asked)
    assert people.code == 1
    assert "GRACE > LAPSED" in people.out
    assert "of 200 members differ" in people.out


def test_a_pack_compared_with_itself_changes_nobody(desk: Desk) -> None:
    told = desk.json("coverage", "rules", "diff", PACK, PACK, "--key", KEY)
    assert (told["changed"], told["groups"], told["members"]) == (0, [], 200)


ASKER = ("--by", "ani", "--why", "dispute")


def test_a_moment_is_explained_with_its_months_in_both_languages_and_no_name(desk: Desk) -> None:
    asked = ("coverage", "explain", "P-0001", "--programme", "jkk", "--as-of", "2026-11-20T09:30:00+07:00", *ASKER)
    told = desk.json(*asked)
    assert (told["covered"], told["state"], told["rule_pack"], told["payments"]) == (True, "ACTIVE", 1, [])
    assert told["months"]
    assert told["terms"] == {
        "programmes": ["JHT", "JKK", "JKM"],
        "work_sector": "transport",
        "payer": "self",
        "full_monthly_rupiah": {"JKK": 10_000, "JHT": 20_000},
    }
    assert set(told["months"][0]) == {"month", "amount_rupiah", "received_at", "recorded_at"}
    before = desk.json(*asked, "--knowledge-at", "2026-11-20T09:30:00+07:00", code=1)  # the list came in later
    assert (before["state"], before["months"], before["cure"]["amount_rupiah"] > 0) == ("NEVER", [], True)
    assert before["reasons"][0]["code"] == "NEVER_PAID"
    assert before["reasons"][0]["id"] != before["reasons"][0]["en"]
    shown = desk(*asked)
    assert "P-0001 JKK 2026-11-20 09:30:00 WIB: COVERED (ACTIVE)" in shown.out
    desk.set("KARTU_LANGUAGE", "id")
    indonesian = desk(*asked, "--knowledge-at", "2026-11-20T09:30:00+07:00")
    assert "TIDAK BERLAKU" in indonesian.out
    assert before["reasons"][0]["id"] in indonesian.out
    with desk.database().read() as connection:
        member = members.find_by_ref(connection, "P-0001")
        assert member is not None
        asked_about = [each.event for each in audit_events.of_member(connection, member.member_id)][1:]
    assert [each.kind for each in asked_about] == ["coverage.explained"] * 4
    assert dict(asked_about[1].detail) == {
        "by": "ani",
        "why": "dispute",
        "programme": "JKK",
        "as_of": "2026-11-20T09:30:00+07:00",
        "knowledge_at": "2026-11-20T09:30:00+07:00",
        "state": "NEVER",
        "rule_pack": 1,
    }
    for secret in (*MEMBERS.read_text(encoding="utf-8").splitlines()[1].split(",")[1:3],):
        assert secret not in str(told) + shown.out


def test_a_stranger_and_a_moment_ahead_are_refused(desk: Desk) -> None:
    asked = ("--programme", "JKK", "--as-of", "2026-11-20T09:30:00+07:00", *ASKER)
    assert desk("coverage", "explain", "P-9999", *asked).code != 0
    assert desk("coverage", "explain", "P-0001", *asked, "--knowledge-at", "2126-11-20T09:30:00+07:00").code == 2
    nobody = ("coverage", "explain", "P-0001", "--programme", "JKK", "--as-of", "2026-11-20T09:30:00+07:00")
    assert desk(*nobody).code == desk(*nobody, "--by", "ani").code == 2
