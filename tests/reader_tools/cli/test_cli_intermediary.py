# SPDX-License-Identifier: Apache-2.0
"""``kartu intermediary``: taken in, listed as a tree, shown with what is left of its scope, suspended with all below."""

from tests.reader_tools.cli.desk import Desk


def add(desk: Desk, code: str, *more: str, code_of_exit: int = 0) -> dict[str, object]:
    document: dict[str, object] = desk.json(
        "intermediary",
        "add",
        code,
        "--name",
        f"Koperasi {code}",
        "--kind",
        "cooperative",
        "--by",
        "ani",
        *more,
        code=code_of_exit,
    )
    return document


def test_a_tree_is_made_shown_and_suspended(empty_desk: Desk) -> None:
    add(empty_desk, "PEMKAB", "--region", "32", "--collect", "--valid-until", "2030-12-31")
    own = add(empty_desk, "KOP-A", "--under", "PEMKAB", "--region", "3273", "--valid-until", "2028-12-31")
    assert own["line"] == ["PUSAT", "PEMKAB", "KOP-A"]
    assert own["today"] == {
        "enrol": {"allowed": True},
        "collect": {"allowed": False, "ground": "DEED", "at": "KOP-A"},
    }
    empty_desk.json("intermediary", "suspend", "PEMKAB", "--by", "budi", "--reason", "not remitted")
    shown = empty_desk.json("intermediary", "show", "KOP-A")
    assert shown["today"]["enrol"] == {"allowed": False, "ground": "SUSPENDED", "at": "PEMKAB"}
    assert shown["effective_scope"]["regions"] == ["3273"]
    listed = empty_desk.json("intermediary", "list")["intermediaries"]
    assert [each["code"] for each in listed] == ["PUSAT", "PEMKAB", "KOP-A"]
    empty_desk.json("intermediary", "reinstate", "PEMKAB", "--by", "budi", "--reason", "remitted")
    assert empty_desk.json("intermediary", "show", "KOP-A")["today"]["enrol"] == {"allowed": True}


def test_a_person_sees_the_tree(empty_desk: Desk) -> None:
    add(empty_desk, "KOP-A", "--region", "3273")
    out = empty_desk("intermediary", "list").out
    assert "PUSAT" in out
    assert "  KOP-A" in out
    assert "no (DEED, KOP-A)" in empty_desk("intermediary", "show", "KOP-A").out


def test_refusals_have_their_code_and_end_with_1(empty_desk: Desk) -> None:
    add(empty_desk, "PEMKAB", "--region", "32")
    wide = ("add", "KOP-A", "--name", "A", "--kind", "bank", "--by", "ani", "--under", "PEMKAB")
    assert empty_desk.refused("intermediary", *wide, code=1) == "scope-too-wide"
    assert empty_desk.refused("intermediary", "show", "NOBODY", code=1) == "record-not-found"
    known = ("add", "PEMKAB", "--name", "A", "--kind", "bank", "--by", "ani")
    assert empty_desk.refused("intermediary", *known, code=1) == "intermediary-exists"
    assert (
        empty_desk.refused("intermediary", "suspend", "PUSAT", "--by", "ani", "--reason", "x", code=1)
        == "scheme-stands"
    )


def test_a_code_that_can_t_be_meant_ends_with_5(empty_desk: Desk) -> None:
    odd = ("add", "kop a", "--name", "A", "--kind", "bank", "--by", "ani")
    assert empty_desk.refused("intermediary", *odd, code=5) == "intermediary-malformed"


def test_a_secret_is_shown_once_replaced_and_revoked(desk: Desk) -> None:
    desk.json("intermediary", "add", "BANK-A", "--name", "Bank A", "--kind", "bank", "--collect", "--by", "ani")
    shown = desk.json("intermediary", "secret", "BANK-A", "--by", "ani")["secret"]
    assert shown.startswith("kpi_")
    path = desk.folder / "bank-a.secret"
    assert desk.json("intermediary", "secret", "BANK-A", "--by", "ani", "--secret-file", path)["secret"] is None
    assert path.read_text().startswith("kpi_")
    assert path.read_text().strip() != shown
    assert "bank-a.secret" in desk("intermediary", "secret", "BANK-A", "--by", "ani", "--secret-file", f"{path}2").out
    assert "kpi_" in desk("intermediary", "secret", "BANK-A", "--by", "ani").out
    assert desk.json("intermediary", "revoke-secret", "BANK-A", "--by", "ani")["revoked"] is True
    assert desk.refused("intermediary", "secret", "X-9", "--by", "ani", code=1) == "record-not-found"
