# SPDX-License-Identifier: Apache-2.0
"""``kartu registry simulate`` as a program of its own, and ``kartu member verify-pending`` against it."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reader_tools.cli.desk import MEMBERS, Desk, own_environment
from tests.reader_tools.command_line import ROOT

Simulating = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def simulating(empty_desk: Desk) -> Iterator[Simulating]:
    """A registry that knows the members of the example, some of whom it answers about oddly; the desk's settings name it."""
    password = empty_desk.folder / "registry-password"
    password.write_text("kata-sandi-tiruan\n")
    password.chmod(0o600)
    empty_desk.set("KARTU_REGISTRY_PASSWORD_FILE", password)
    empty_desk.set("KARTU_REGISTRY_USER", "kartu")
    started: list[subprocess.Popen[str]] = []

    def simulate(behaviours: dict[str, str] | None = None, *more: str) -> "subprocess.Popen[str]":
        people = empty_desk.folder / "people.csv"
        with MEMBERS.open(newline="") as members, people.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["nik", "name", "birth_date", "behaviour"])
            for row in csv.DictReader(members):
                writer.writerow([row["nik"], row["name"], row["birth_date"], (behaviours or {}).get(row["ref"], "")])
        process = subprocess.Popen(
            [sys.executable, "-m", "reader_tools", "registry", "simulate", "--people", str(people), "--json", *more],
            cwd=ROOT,
            env=own_environment(empty_desk.folder, KARTU_REGISTRY_PASSWORD_FILE=str(password)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["people"] > 190
        empty_desk.set("KARTU_REGISTRY_URL", told["url"])
        return process

    yield simulate
    for process in started:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def few(empty_desk: Desk) -> Desk:
    """A desk with the first ten members of the example."""
    path = empty_desk.folder / "few.csv"
    path.write_text("\n".join(MEMBERS.read_text().splitlines()[:11]) + "\n")
    empty_desk.json("member", "import", path)
    return empty_desk


def test_members_are_provisional_then_verified_and_one_who_differs_gets_no_card(
    few: Desk, simulating: Simulating
) -> None:
    assert few.json("member", "show", "P-0001")["population"] == "PROVISIONAL"
    simulating({"P-0002": "mismatch", "P-0003": "garbage", "P-0005": "not-found"})
    report = few.json("member", "verify-pending")
    assert report == {"verified": 7, "mismatch": 2, "postponed": 1, "dropped": 0, "left": 0}
    shown = few.json("member", "show", "P-0002")
    assert (shown["population"], shown["enrolled_through"]) == ("MISMATCH", "PUSAT")
    assert shown["verdicts"]["name"] == {"match": False, "score": 12}
    assert shown["entitled"] == {"cover": True, "card": False}
    assert few.refused("order", "place", "P-0002", "--by", "ani", code=1) == "member-identity-mismatch"
    assert few.json("order", "place", "P-0001", "--by", "ani")["state"] == "ORDERED"
    assert few.json("member", "recheck", "P-0002", "--by", "ani")["population"] == "PROVISIONAL"
    assert "no new card can be ordered" in few("member", "show", "P-0005").out
    # Asking again opens the question; the card waits for its answer, or for a person's word.
    assert few.refused("order", "place", "P-0002", "--by", "ani", code=1) == "member-identity-mismatch"
    assert few.refused("member", "accept", "P-0002", "--seen", "family-card", "--by", "dewi", code=1) == (
        "nothing-to-accept"
    )
    accepted = few.json("member", "accept", "P-0005", "--seen", "identity-card", "--by", "dewi")
    assert (accepted["standing"], accepted["accepted_by"], accepted["seen"]) == ("ACCEPTED", "dewi", "identity-card")
    assert few.refused("member", "accept", "P-0005", "--seen", "family-card", "--by", "eko", code=1) == (
        "already-accepted"
    )
    assert few.refused("order", "place", "P-0005", "--by", "dewi", code=1) == "approver-is-orderer"
    assert few.json("order", "place", "P-0005", "--by", "ani")["state"] == "ORDERED"


def test_a_registry_that_is_down_ends_with_4_and_everybody_stays_provisional(few: Desk, simulating: Simulating) -> None:
    simulating(None, "--behaviour", "down")
    assert few.refused("member", "verify-pending", code=4) == "registry-unavailable"
    assert few.json("member", "show", "P-0001")["population"] == "PROVISIONAL"


def test_no_nik_or_name_is_in_what_both_programs_say_or_in_the_books(few: Desk, simulating: Simulating) -> None:
    simulator = simulating({"P-0002": "error", "P-0003": "endless"})
    said = few("member", "verify-pending", "--json")
    simulator.terminate()
    out, _ = simulator.communicate(timeout=20)
    rows = list(csv.DictReader((few.folder / "few.csv").read_text().splitlines()))
    left = [each.read_bytes() for each in few.folder.glob("kartu.db*")] + [(said.out + said.err + out).encode()]
    secrets = [row[column].encode() for row in rows for column in ("nik", "name")]
    assert len(secrets) == 20
    assert not [secret for secret in secrets for octets in left if secret in octets]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KARTU_REGISTRY_URL", "http://registry.example/x"),
        ("KARTU_REGISTRY_URL", ""),
        ("KARTU_REGISTRY_USER", ""),
        ("KARTU_REGISTRY_PASSWORD_FILE", "/nowhere"),
    ],
)
def test_settings_that_can_t_be_meant_are_told(few: Desk, simulating: Simulating, name: str, value: str) -> None:
    simulating()
    few.set(name, value)
    assert few.refused("member", "verify-pending", code=5) == "settings-invalid"


def test_a_password_file_that_others_can_read_is_refused(few: Desk, simulating: Simulating) -> None:
    simulating()
    (few.folder / "registry-password").chmod(0o644)
    assert few.refused("member", "verify-pending", code=5) == "settings-invalid"


def test_a_list_of_people_that_is_none_is_told(empty_desk: Desk, tmp_path: Path) -> None:
    nobody = tmp_path / "nobody"
    password = tmp_path / "password"
    password.write_text("x")
    password.chmod(0o600)
    empty_desk.set("KARTU_REGISTRY_PASSWORD_FILE", password)
    assert empty_desk.refused("registry", "simulate", "--people", nobody, code=5) == "file-unreadable"
