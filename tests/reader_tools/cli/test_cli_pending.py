# SPDX-License-Identifier: Apache-2.0
"""``kartu member pending``, a grant of two officers, and ``kartu member verify-pending --grant``: with a key process that has enrolled them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cardservice.records.schema import upgrade
from hsm.granting.officer_key import make_officer_key
from hsm.limits.officers import officer_record
from hsm.stores.sealed_custody import sealed_file_custody
from tests.enrolment.importing import people, person
from tests.enrolment.registry_at import PASSWORD, RegistryAt, known, registry_at
from tests.hsm.running import hsm_process, run_hsm, short_folder
from tests.reader_tools.cli.desk import Desk

MANY = 400  # members: more values than one request opens
REASON = ("--reason", "population registry")


@pytest.fixture(scope="module")
def office() -> Iterator[Path]:
    """A key process whose officers are ani and budi."""
    with short_folder() as folder:
        assert run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass").returncode == 0
        passphrase = bytearray((folder / "pass").read_bytes().strip())
        with sealed_file_custody(folder / "keys", passphrase, os.urandom) as custody:
            for name in ("ani", "budi"):
                (folder / f"{name}.pass").write_text(f"{name} alone knows this\n")
                (folder / f"{name}.pass").chmod(0o600)
                custody.keep_record(*officer_record(name, _officer(folder, name)))
        with hsm_process(folder, "--workers", "2"):
            yield folder


def _officer(folder: Path, name: str) -> bytes:
    return make_officer_key(folder / f"{name}.pem", bytearray(f"{name} alone knows this".encode()))


@pytest.fixture
def at_night(bare_desk: Desk, office: Path) -> Iterator[tuple[Desk, RegistryAt]]:
    """A desk with MANY members who wait, and a registry that knows them; the second differs."""
    upgrade(f"sqlite:///{bare_desk.folder / 'kartu.db'}")
    bare_desk.set("KARTU_HSM_SOCKET", office / "run" / "s")
    password = bare_desk.folder / "registry-password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    bare_desk.set("KARTU_REGISTRY_PASSWORD_FILE", password)
    bare_desk.set("KARTU_REGISTRY_USER", "kartu")
    listed = bare_desk.folder / "members.csv"
    listed.write_bytes(people(MANY))
    assert bare_desk.json("member", "import", listed)["new"] == MANY
    everybody = {person(number)["nik"]: known(name=person(number)["name"]) for number in range(1, MANY + 1)}
    everybody[person(2)["nik"]] = known(name="Orang Lain")
    with registry_at(everybody) as registry:
        bare_desk.set("KARTU_REGISTRY_URL", registry.simulator.url)
        yield bare_desk, registry


def signed(desk: Desk, office: Path, officer: str, grant: Path, due: Path, *more: str) -> dict[str, object]:
    own = ("--officer", officer, "--key", office / f"{officer}.pem", "--passphrase-file", office / f"{officer}.pass")
    return dict(desk.json("keys", "grant", "sign", grant, *own, "--values", due, *REASON, *more))


def test_two_officers_and_the_night_s_list_is_done(at_night: tuple[Desk, RegistryAt], office: Path) -> None:
    desk, _ = at_night
    due, grant = desk.folder / "due.jsonl", desk.folder / "night.grant"
    assert desk.json("member", "pending", due)["values"] == 3 * MANY
    assert desk.refused("member", "pending", due, code=5) == "file-unreadable"
    assert [set(json.loads(line)) for line in due.read_text().splitlines()] == [{"context"}] * 3 * MANY
    by_grant = ("member", "verify-pending", "--grant", grant, "--list", due)
    signed(desk, office, "ani", grant, due)
    assert desk.refused(*by_grant, code=1) == "hsm-grant-refused"
    both = signed(desk, office, "budi", grant, due)
    assert (both["officers"], both["count"], both["portions"]) == (["ani", "budi"], 3 * MANY, 3)
    report = desk.json(*by_grant)
    assert (report["verified"], report["mismatch"], report["left"], report["left_of_list"]) == (MANY - 1, 1, 0, 0)
    assert report["portions"] == {"opened": 3, "passed_over": 0, "not_yet": 0, "ended": 0}
    assert "0 members of the list still wait" in desk(*by_grant).out
    # What a data thief would like is in none of it.
    left = grant.read_text() + due.read_text() + desk(*by_grant).out
    assert not [each for each in map(person, range(1, MANY + 1)) if each["nik"] in left or each["name"] in left]


def test_a_list_spread_over_hours_opens_an_hour_at_a_time(at_night: tuple[Desk, RegistryAt], office: Path) -> None:
    desk, _ = at_night
    due, grant = desk.folder / "due.jsonl", desk.folder / "night.grant"
    desk.json("member", "pending", due)
    for officer in ("ani", "budi"):
        signed(desk, office, officer, grant, due, "--hours", "3")
    report = desk.json("member", "verify-pending", "--grant", grant, "--list", due, "--at-once", "1")
    assert report["portions"] == {"opened": 1, "passed_over": 0, "not_yet": 2, "ended": 0}
    assert report["left_of_list"] == report["left"] == MANY - 170


def test_a_list_without_its_grant_is_wrong_usage(empty_desk: Desk) -> None:
    assert empty_desk("member", "verify-pending", "--list", empty_desk.folder / "due").code == 2


def test_a_file_that_is_no_list_is_told(at_night: tuple[Desk, RegistryAt], office: Path) -> None:
    desk, _ = at_night
    due, grant = desk.folder / "due.jsonl", desk.folder / "night.grant"
    desk.json("member", "pending", due, "--limit", "2")
    signed(desk, office, "ani", grant, due)
    due.write_text("{}\n")
    assert desk.refused("member", "verify-pending", "--grant", grant, "--list", due, code=5) == "file-unreadable"
