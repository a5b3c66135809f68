# SPDX-License-Identifier: Apache-2.0
"""``kartu mockbank run`` drives the whole acceptance table against a really running ``python -m api``, and sees what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cardservice.clock import now
from cardservice.collection.bank_register import BankSettings
from cardservice.collection.bill_type import BillType
from reader_tools.__main__ import run
from reader_tools.mockbank.acceptance import Acceptance
from tests.collection.running import Machine
from tests.collection.till import Till, bank_key, give_number
from tests.databases import BOTH
from tests.verification.world import World


@pytest.fixture(params=BOTH)
def machine(request: pytest.FixtureRequest) -> Machine:
    running: Machine = request.getfixturevalue(f"{request.param}_machine")
    return running


def mockbank(machine: Machine, folder: Path, number: str, *more: str) -> tuple[str, ...]:
    key_file, secret_file = folder / "key.pem", folder / "secret"
    key_file.write_bytes(bank_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    secret_file.write_text(machine.bank.secret)
    who = ("--partner-id", "MOCK", "--client-id", machine.bank.client_id, "--service-id", "88899")
    files = ("--key-file", str(key_file), "--secret-file", str(secret_file))
    return ("mockbank", "run", "--url", machine.address, *who, *files, "--number", number, *more)


def test_the_whole_table_against_a_running_service(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = machine.database()
    number, ended = give_number(database, 101), give_number(database, 102, expires_at=now())
    database.close()
    more = ["--expired-number", ended]
    is_postgresql = machine.url.startswith("postgresql")
    if is_postgresql:
        more += ["--database", machine.url]
    code = run([*mockbank(machine, tmp_path, number, *more), "--json"])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [row for row in report["rows"] if not row["passed"] and not row["untried"]] == []
    # SQLite has one writer, for whom all wait: there is nothing to hold.
    untried = [] if is_postgresql else ["our timeout", "our timeout", "in progress", "in progress"]
    assert [row["case"] for row in report["rows"] if row["untried"]] == untried
    assert code == 0
    assert report["passed"] == len(report["rows"]) - report["untried"] >= 28


def test_a_bill_that_sells_ahead_is_paid_when_the_year_ahead_is(world: World) -> None:
    """Types M, N and O: whoever owes nothing may pay on, until twelve months ahead are bought; then it is a paid bill."""
    for place, kind in enumerate((BillType.MINIMUM_ONCE, BillType.OPEN, BillType.OPEN_MINIMUM)):
        till = Till(world, BankSettings(f"8889{place}", bill_type=kind), f"BANK{place}")
        till.service.seed = place  # of the names that each service gives
        number = give_number(world.database, place + 1)
        rows = list(Acceptance(till.bank, number, iter(f"{kind}-{n}" for n in range(999)).__next__).rows())
        assert [row.case for row in rows if not row.passed and not row.untried] == []
        assert [row.service for row in rows if row.case == "already paid" and row.passed] == ["24", "25"]


def test_a_person_sees_the_table_and_a_row_that_differs(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A member who is paid up: the rows that need a bill come out otherwise."""
    database = machine.database()
    number = give_number(database, 103)
    database.close()
    with machine.client() as bank:
        due = bank.call("/v1.0/transfer-va/inquiry", bank.inquiry(number, "a")).account["totalAmount"]["value"]
        assert (
            bank.call("/v1.0/transfer-va/payment", bank.payment(number, "a", int(due.partition(".")[0]))).outcome
            == "00"
        )
    assert run(mockbank(machine, tmp_path, number)) == 1
    shown = capsys.readouterr().out
    assert "2002500 Success 00" in shown
    assert "4042514 Paid Bill 01" in shown


def test_nobody_there_is_told(machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = list(mockbank(machine, tmp_path, "88"))
    arguments[arguments.index("--url") + 1] = "http://127.0.0.1:1"
    assert run([*arguments, "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "service-unreachable"


def test_sabotage_a_service_that_answers_otherwise_is_seen(machine: Machine) -> None:
    """A service that says Success to everything passes no row but those that expect it."""
    with machine.client() as bank:
        said = {"responseCode": "2002400", "responseMessage": "Success", "accessToken": "t"}
        bank.send = lambda *_: (200, json.dumps(said).encode())
        rows = list(Acceptance(bank, "88", lambda: "x").rows())
    assert [row.case for row in rows if row.passed] == []


def test_the_key_pair_is_made_for_its_owner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mock.pem"
    assert run(["mockbank", "key", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["public_key"] == f"{path}.pub"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "BEGIN PUBLIC KEY" in Path(f"{path}.pub").read_text()
    assert run(["mockbank", "key", str(path), "--json"]) == 5
