# SPDX-License-Identifier: Apache-2.0
"""``kartu collection``: a bank is taken in and let go; a member gets a number."""

import stat
from contextlib import closing
from pathlib import Path

import pytest

from cardservice.collection.credit import credit_payment
from cardservice.collection.payment_number import is_payment_number
from cardservice.records import members
from tests.collection.till import bank_key, public_pem
from tests.coverage.rules_2026 import RULES_2026
from tests.reader_tools.cli.desk import Desk
from tests.records import rows


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "bca.pem"
    path.write_bytes(public_pem(bank_key()))
    return path


def test_a_bank_is_taken_in_and_let_go(empty_desk: Desk, key_file: Path) -> None:
    secret_file = empty_desk.folder / "bca.secret"
    agreed = ("--name", "Bank Central Asia", "--public-key", key_file, "--service-id", "88899")
    added = empty_desk.json("collection", "bank", "add", "BCA", *agreed, "--secret-file", secret_file)
    assert (added["partner_id"], added["service_id"], added["signature"]) == ("BCA", "   88899", "symmetric")
    assert added["secret"] is None
    secret = secret_file.read_text().strip()
    assert len(secret) == 43
    assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600

    (listed,) = empty_desk.json("collection", "bank", "list")["banks"]
    assert listed["client_id"] == added["client_id"]
    assert listed["revoked_at"] is None
    assert "Bank Central Asia" in empty_desk("collection", "bank", "list").out
    assert secret not in str(listed)

    assert empty_desk.refused("collection", "bank", "add", "BCA", *agreed, code=1) == "bank-exists"
    named = ("collection", "aggregator", "add", "BCA", "--name", "Switch")
    assert empty_desk.refused(*named, code=1) == "partner-name-taken"
    assert "belongs to another payment partner" in empty_desk(*named).err
    empty_desk.set("KARTU_LANGUAGE", "id")
    assert "milik mitra pembayaran lain" in empty_desk(*named).err
    empty_desk.set("KARTU_LANGUAGE", "en")
    assert empty_desk.json("collection", "aggregator", "list") == {"aggregators": []}
    assert empty_desk.json("collection", "bank", "revoke", "BCA")["revoked_at"] is not None
    assert empty_desk.refused("collection", "bank", "revoke", "BNI", code=1) == "record-not-found"


def test_a_key_that_is_none_is_refused(empty_desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("no key")
    agreed = ("--name", "B", "--public-key", tmp_path / "x.pem", "--service-id", "1")
    assert empty_desk.refused("collection", "bank", "add", "B", *agreed, code=1) == "bank-key-refused"
    assert empty_desk.json("collection", "bank", "list") == {"banks": []}


def test_a_person_sees_the_secret_once(empty_desk: Desk, key_file: Path) -> None:
    shown = empty_desk("collection", "bank", "add", "B", "--name", "B", "--public-key", key_file, "--service-id", "1")
    secret = shown.out.split()[-1]
    assert len(secret) == 43
    assert secret not in empty_desk("collection", "bank", "list").out


def test_a_member_gets_a_number_and_keeps_it(desk: Desk) -> None:
    given = desk.json("collection", "number", "assign", "P-0001")
    assert is_payment_number(given["number"])
    assert "*" in given["shown_name"]
    assert desk.json("collection", "number", "assign", "P-0001") == given
    assert desk.json("collection", "number", "show", "P-0001") == given
    assert given["number"] in desk("collection", "number", "show", "P-0001").out.replace(" ", "")

    assert desk.json("collection", "number", "end", "P-0001") == {"member_ref": "P-0001", "ended": True}
    assert desk.json("collection", "number", "show", "P-0001")["expires_at"] is not None
    assert desk.refused("collection", "number", "end", "P-0001", code=1) == "record-not-found"
    assert desk.json("collection", "number", "assign", "P-0001")["number"] != given["number"]


def test_nobody_and_no_number(desk: Desk) -> None:
    assert desk.refused("collection", "number", "show", "P-9999", code=1) == "record-not-found"
    assert desk.refused("collection", "number", "show", "P-0002", code=1) == "record-not-found"


def test_everybody_gets_a_number(desk: Desk) -> None:
    given = desk.json("collection", "number", "assign-all")["given"]
    assert given > 100
    assert desk.json("collection", "number", "assign-all") == {"given": 0}


def test_an_aggregator_is_taken_in_and_let_go(empty_desk: Desk) -> None:
    added = empty_desk.json("collection", "aggregator", "add", "switch-1", "--name", "Switch Satu")
    assert added["secret"].startswith("kpp_")
    (listed,) = empty_desk.json("collection", "aggregator", "list")["aggregators"]
    assert (listed["partner_id"], listed["bill_type"], listed["revoked_at"]) == ("switch-1", "M", None)
    assert "Switch Satu" in empty_desk("collection", "aggregator", "list").out
    again = empty_desk.refused("collection", "aggregator", "add", "switch-1", "--name", "X", code=1)
    assert again == "ppob-partner-exists"
    wrong = empty_desk.refused("collection", "aggregator", "add", "a b", "--name", "X", code=1)
    assert wrong == "payment-partner-setting"
    assert empty_desk.json("collection", "aggregator", "revoke", "switch-1")["revoked"]
    assert empty_desk.refused("collection", "aggregator", "revoke", "switch-2", code=1) == "record-not-found"


def test_a_statement_is_held_against_the_books(empty_desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "bca.csv"
    file.write_text("reference,amount,status\nr-1,8400,PAID\n")
    which = ("collection", "reconcile", file, "--partner", "BCA", "--day", "2026-11-23")
    report = empty_desk.json(*which, code=1)
    (only,) = report["differences"]
    assert (report["open"], only["kind"], only["theirs"], only["ours"]) == (1, "MISSING_AT_US", 8400, None)
    assert "MISSING_AT_US" in empty_desk(*which).out
    assert "r-1" in empty_desk("collection", "difference", "list").out

    resolve = ("collection", "difference", "resolve", only["difference_id"], "--by", "ani", "--note", "sent again")
    assert empty_desk.json(*resolve)["resolved_by"] == "ani"
    assert empty_desk.refused(*resolve, code=1) == "state-conflict"
    assert empty_desk.json(*which)["open"] == 0
    assert empty_desk.json("collection", "difference", "list") == {"differences": []}

    file.write_text("reference,amount,status\n")
    assert empty_desk.refused(*which, code=1) == "statement-conflict"
    file.write_text("x")
    assert empty_desk.refused(*which, code=5) == "statement-unreadable"


def test_a_payment_is_taken_back_once(empty_desk: Desk) -> None:
    with closing(empty_desk.database()) as database, database.begin() as connection:
        members.add(connection, rows.member(1))
        credit_payment(connection, rows.payment(1), rules=RULES_2026)
    reverse = ("collection", "reverse", "pay-1", "--partner", "BCA", "--by", "ani", "--reason", "not in the books")
    first = empty_desk.json(*reverse)
    assert (first["reference"], first["rupiah"], first["reason"], first["again"]) == (
        "pay-1",
        8_400,
        "not in the books",
        False,
    )
    again = empty_desk.json(*reverse[:-1], "another reason")
    assert again == first | {"again": True}
    assert "pay-1" in empty_desk(*reverse).out
    assert empty_desk.refused(*reverse[:2], "pay-2", *reverse[3:], code=1) == "payment-unknown"
    assert empty_desk.refused(*reverse[:3], "--partner", "BNI", *reverse[5:], code=1) == "payment-unknown"
    assert empty_desk(*reverse[:-1], "x" * 65).code == 2
