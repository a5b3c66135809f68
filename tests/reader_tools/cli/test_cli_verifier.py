# SPDX-License-Identifier: Apache-2.0
"""``kartu verifier``: the secret is told once, works, and is gone when it is revoked."""

import stat

import pytest

from cardservice import clock
from cardservice.partnership.caller import Caller, authenticate
from cardservice.partnership.errors import CallerUnknown
from tests.reader_tools.cli.desk import Desk


def caller(desk: Desk, secret: str) -> Caller:
    with desk.database().read() as connection:
        return authenticate(connection, secret, clock.now())


def test_a_clinic_gets_a_secret_that_works(empty_desk: Desk) -> None:
    added = empty_desk.json("verifier", "add", "Klinik Sehat", "--kind", "clinic", "--sector", "1")
    assert (added["kind"], added["sector"], added["secret_file"]) == ("HEALTH_FACILITY", 1, None)
    known = caller(empty_desk, added["secret"])
    assert (known.verifier_id, known.name, known.sector) == (added["verifier_id"], "Klinik Sehat", 1)


def test_a_person_sees_the_secret_once(empty_desk: Desk) -> None:
    shown = empty_desk("verifier", "add", "Klinik Sehat", "--kind", "clinic").out
    secret = shown.split()[-1]
    assert caller(empty_desk, secret).name == "Klinik Sehat"
    listed = empty_desk("verifier", "list").out + str(empty_desk.json("verifier", "list"))
    assert "Klinik Sehat" in listed
    assert "clinic" in listed
    assert secret not in listed


def test_the_secret_goes_into_a_file_for_its_owner_only(empty_desk: Desk) -> None:
    path = empty_desk.folder / "clinic.secret"
    ended = empty_desk("verifier", "add", "Klinik Sehat", "--kind", "clinic", "--secret-file", path, "--json")
    assert ended.document["secret"] is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = path.read_text().strip()
    assert secret not in ended.out + ended.err
    assert caller(empty_desk, secret).sector == 1


def test_a_laxer_mode_would_be_seen(empty_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sabotage control."""
    monkeypatch.setattr("reader_tools.cli.secret_file.OWNER_ONLY", 0o644)
    path = empty_desk.folder / "clinic.secret"
    empty_desk.json("verifier", "add", "Klinik Sehat", "--kind", "clinic", "--secret-file", path)
    assert stat.S_IMODE(path.stat().st_mode) != 0o600


def test_a_file_that_is_there_is_not_overwritten(empty_desk: Desk) -> None:
    path = empty_desk.folder / "clinic.secret"
    path.write_text("mine")
    refused = empty_desk.refused("verifier", "add", "K", "--kind", "clinic", "--secret-file", path, code=5)
    assert refused == "file-unwritable"
    assert path.read_text() == "mine"
    assert empty_desk.json("verifier", "list") == {"verifiers": []}


def test_a_refused_verifier_leaves_no_file(empty_desk: Desk) -> None:
    path = empty_desk.folder / "clinic.secret"
    arguments = ("--kind", "clinic", "--sector", "10", "--secret-file", path)
    assert empty_desk.refused("verifier", "add", "Klinik", *arguments, code=1) == "sector-out-of-kind"
    assert empty_desk.refused("verifier", "add", " ", "--kind", "clinic", code=1) == "verifier-name-malformed"
    assert not path.exists()


@pytest.mark.parametrize(
    ("kind", "sector", "number"), [("bank", "4F", 0x4F), ("TRANSPORT", "0x10", 0x10), ("counter", "70", 0x70)]
)
def test_sectors_are_written_as_on_the_card(empty_desk: Desk, kind: str, sector: str, number: int) -> None:
    assert empty_desk.json("verifier", "add", "V", "--kind", kind, "--sector", sector)["sector"] == number


@pytest.mark.parametrize(
    "sector", [[], ["--sector", "0"], ["--sector", "100"], ["--sector", "4_0"], ["--sector", "xy"]]
)
def test_a_sector_that_is_none_is_2(empty_desk: Desk, sector: list[str]) -> None:
    assert empty_desk.refused("verifier", "add", "Bank", "--kind", "bank", *sector, code=2) == "kartu-usage"


def test_a_revoked_verifier_is_unknown(empty_desk: Desk) -> None:
    added = empty_desk.json("verifier", "add", "Klinik Sehat", "--kind", "clinic")
    revoked = empty_desk.json("verifier", "revoke", added["verifier_id"])
    assert revoked["revoked_at"]
    with pytest.raises(CallerUnknown):
        caller(empty_desk, added["secret"])
    assert "revoked 20" in empty_desk("verifier", "list").out
    assert empty_desk.json("verifier", "revoke", added["verifier_id"]) == revoked
    assert empty_desk.refused("verifier", "revoke", "0" * 32, code=1) == "record-not-found"
