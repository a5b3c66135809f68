# SPDX-License-Identifier: Apache-2.0
"""``kartu keys list``, ``publish`` and ``attest``, as an officer and an auditor use them."""

import json
from pathlib import Path

import pytest

from cardservice.credentials import jwks
from cardservice.keys import Purpose
from hsm.client.key_process import KeyProcess
from tests.reader_tools.cli.desk import Desk, KeyDesk


@pytest.fixture
def officer(bare_desk: Desk, key_desk: KeyDesk) -> Desk:
    """A desk on the machine with the keys."""
    bare_desk.set("KARTU_DATA_DIR", key_desk.folder)
    return bare_desk


def test_the_list_names_every_key_and_its_state(officer: Desk, keys: KeyProcess) -> None:
    found = officer.json("keys", "list")
    signing = [key for key in found["keys"] if key["purpose"] == "eligibility-token"]
    assert [key["kid"] for key in signing] == [key.kid for key in keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN)]
    assert [(key["state"], key["current"]) for key in signing] == [("active", True), ("next", False)]
    assert found["warnings"] == []
    assert officer("keys", "list", "--strict").code == 0


def test_people_read_it_in_both_languages(officer: Desk) -> None:
    assert "Days left" in officer("keys", "list").out
    officer.set("KARTU_LANGUAGE", "id")
    indonesian = officer("keys", "list").out
    assert "Sisa hari" in indonesian
    assert "berikutnya" in indonesian


def test_without_keys_there_is_nothing_to_list(bare_desk: Desk) -> None:
    assert bare_desk.refused("keys", "list", code=4) == "hsm-key-file-missing"


def test_publish_writes_what_the_key_process_says(officer: Desk, keys: KeyProcess, tmp_path: Path) -> None:
    written = officer.json("keys", "publish", tmp_path / "web")
    assert written["files"] == [
        "audit-keys.json",
        "card-ca-withdrawn.json",
        "card-ca.cer",
        "card-ca.pem",
        "cover-proof-keys.json",
        "jwks.json",
        "receipt-keys.json",
    ]
    assert (tmp_path / "web" / "jwks.json").read_bytes() == jwks.encode(keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN))
    assert (tmp_path / "web" / "card-ca.cer").read_bytes() == keys.ca_certificate
    assert "jwks.json" in officer("keys", "publish", tmp_path / "web").out


def test_an_auditor_checks_an_attestation_with_the_fingerprint_alone(officer: Desk, tmp_path: Path) -> None:
    statement = tmp_path / "attested.json"
    made = officer.json("keys", "attest", statement)
    assert made["keys"] == len(officer.json("keys", "list")["keys"])
    audit_key = officer.json("keys", "attest", statement, "--verify")["signed_by"]
    assert audit_key in made["audit_keys"]  # there are as many as rotations have made
    officer.set("KARTU_DATA_DIR", tmp_path / "elsewhere")  # the auditor has no keys
    found = officer.json("keys", "attest", statement, "--verify", "--audit-key", audit_key.upper())
    assert (found["holds"], found["signed_by"]) == (True, audit_key)
    assert "holds" in officer("keys", "attest", statement, "--verify", "--audit-key", audit_key).out
    assert officer.refused("keys", "attest", statement, "--verify", "--audit-key", "00" * 32, code=1) == (
        "hsm-statement-refused"
    )


def test_an_auditors_challenge_is_answered_by_the_keys_themselves(officer: Desk, tmp_path: Path) -> None:
    early, late, challenge = tmp_path / "early.json", tmp_path / "late.json", "c3" * 32
    officer.json("keys", "attest", early)
    officer.json("keys", "attest", late, "--challenge", challenge)
    found = officer.json("keys", "attest", late, "--verify", "--challenge", challenge)
    able = [key for key in found["statement"]["keys"] if key["kind"] == "p-256" and key["state"] in {"active", "next"}]
    assert found["keys_proven"] == len(able) > 0
    assert "signed the challenge" in officer("keys", "attest", late, "--verify", "--challenge", challenge).out
    for file, asked in ((early, challenge), (late, "c4" * 32)):
        words = ("keys", "attest", file, "--verify", "--challenge", asked)
        assert officer.refused(*words, code=1) == "hsm-statement-refused"
    assert officer("keys", "attest", tmp_path / "other.json", "--challenge", "short").code == 2


def test_a_changed_attestation_is_refused(officer: Desk, tmp_path: Path) -> None:
    statement = tmp_path / "attested.json"
    officer.json("keys", "attest", statement)
    assert officer.json("keys", "attest", statement, "--verify")["holds"]
    document = json.loads(statement.read_bytes())
    document["statement"]["keys"].pop()
    statement.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    assert officer.refused("keys", "attest", statement, "--verify", code=1) == "hsm-statement-refused"


def test_a_statement_is_never_overwritten(officer: Desk, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("something")
    assert officer.refused("keys", "attest", tmp_path / "there", code=4) == "hsm-key-file-exists"
    assert (tmp_path / "there").read_text() == "something"
