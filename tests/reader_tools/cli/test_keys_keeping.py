# SPDX-License-Identifier: Apache-2.0
"""``kartu keys rotate``, ``destroy``, ``backup`` and ``restore``, as the officer at the machine types them."""

import os
import shutil
from pathlib import Path

import pytest

from cardservice.keys import Purpose
from hsm.client.key_process import KeyProcess
from tests.reader_tools.cli.desk import Desk, KeyDesk
from tests.reader_tools.cli.test_keys_ceremony import EXAMPLE, HASH, brought, secret_file

HANDOVER = EXAMPLE.with_name("handover.toml")


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ceremony")


@pytest.fixture
def officer(bare_desk: Desk, ceremony: Path) -> Desk:
    """A desk on a machine where a ceremony was held; the folder of the ceremony holds all that people keep elsewhere."""
    if not (ceremony / "data").exists():
        bare_desk.set("KARTU_DATA_DIR", ceremony / "data")
        words = ("--plan-hash", HASH, "--out", str(ceremony / "out"), *brought(ceremony))
        bare_desk.json("keys", "ceremony", EXAMPLE, *words)
    shutil.copytree(ceremony / "data", bare_desk.folder / "data")
    bare_desk.set("KARTU_DATA_DIR", bare_desk.folder / "data")
    return bare_desk


def shares(ceremony: Path, *numbers: int) -> list[str]:
    words = []
    for path in sorted((ceremony / "out" / "shares").iterdir()):
        number = int(path.name.split("-")[1])
        if number in numbers:
            words += [
                "--share",
                str(path),
                "--share-passphrase",
                f"{path.name}={ceremony / f'passphrase-{number - 1}'}",
            ]
    return words


def test_the_next_key_is_made_once_a_day(officer: Desk) -> None:
    done = officer.json("keys", "rotate", "cover-proof")
    assert [key["version"] for key in done["made"]] == [3]
    assert (done["backed_up"], done["told"], done["taken"], done["already"]) == (True, None, False, False)
    # A second one that day may be a slip: it is refused in words, and for a second key it is named.
    assert officer.refused("keys", "rotate", "cover-proof", code=1) == "hsm-rotation-refused"
    assert (
        f"{done['made'][0]['kid']} is made; for one more give --id a name"
        in officer("keys", "rotate", "cover-proof").err
    )
    again = ("keys", "rotate", "cover-proof", "--id", done["rotation"])
    assert officer.json(*again)["already"] is True
    ended = officer(*again)
    assert "Was done before: cover-proof-" in ended.out
    assert "needs SIGHUP" in ended.out
    states = [key["state"] for key in officer.json("keys", "list")["keys"] if key["purpose"] == "cover-proof"]
    assert states == ["active", "next", "next"]


def test_a_sector_alone(officer: Desk) -> None:
    done = officer.json("keys", "rotate", "sector-master", "--sector", "5f", "--at", "now")
    assert [(key["sector"], key["version"]) for key in done["made"]] == [(0x5F, 0x31)]
    assert done["ended"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "--at", "tomorrow"),
        ("sector-master", "--sector", "zz"),
        ("audits",),
        ("sector-master", "--sector", "100"),
    ],
    ids=" ".join,
)
def test_what_can_not_be_meant_is_wrong_usage(officer: Desk, words: tuple[str, ...]) -> None:
    assert officer("keys", "rotate", *words).code == 2


def test_names_of_members_are_not_rotated(officer: Desk) -> None:
    assert officer.refused("keys", "rotate", "pseudonym", code=1) == "hsm-rotation-refused"


def test_only_an_ended_key_is_destroyed_and_only_twice_named(officer: Desk) -> None:
    old = next(key for key in officer.json("keys", "list")["keys"] if key["purpose"] == "audit")
    kid = str(old["kid"])
    assert officer.refused("keys", "destroy", kid, "--confirm", kid, code=1) == "hsm-rotation-refused"
    officer.json("keys", "rotate", "audit", "--at", "now")
    assert officer("keys", "destroy", kid, "--confirm", "another").code == 2
    assert officer.json("keys", "destroy", kid, "--confirm", kid)["destroyed"]["kid"] == kid
    listed = {key["kid"]: key["state"] for key in officer.json("keys", "list")["keys"]}
    assert listed[kid] == "destroyed"
    assert officer.refused("keys", "destroy", kid, "--confirm", kid, code=4) == "hsm-key-not-found"


def test_backed_up_lost_and_restored(officer: Desk, ceremony: Path) -> None:
    before = officer.json("keys", "list")["keys"]
    backup = officer.folder / "backup"
    assert officer.json("keys", "backup", backup)["keys"] == 94
    shutil.rmtree(officer.folder / "data")
    refused = officer.refused("keys", "restore", backup, *shares(ceremony, 1, 2), code=1)
    assert refused == "hsm-shares-too-few"
    ended = officer("keys", "restore", backup, *shares(ceremony, 2, 3, 4))
    assert ended.code == 0, ended.err
    assert "94 / 94" in ended.out
    assert "[1/2] Restoring 94 keys." in ended.err
    assert officer.json("keys", "list")["keys"] == before


def test_a_custodians_passphrase_opens_no_other_share(officer: Desk, ceremony: Path) -> None:
    backup = officer.folder / "backup"
    officer.json("keys", "backup", backup)
    words = shares(ceremony, 1, 2, 3)
    words[3] = words[3].partition("=")[0] + f"={ceremony / 'passphrase-4'}"
    assert officer.refused("keys", "restore", backup, *words, code=4) == "hsm-passphrase-wrong"


def test_a_running_key_process_is_told(bare_desk: Desk, key_desk: KeyDesk, keys: KeyProcess) -> None:
    """Development keys have no backup key: the command says so. The process that serves them takes up the new key."""
    bare_desk.set("KARTU_DATA_DIR", key_desk.folder)
    done = bare_desk.json("keys", "rotate", "audit", "--id", f"test-{os.getpid()}")
    assert (done["told"], done["taken"]) == (key_desk.pid, True)
    assert done["backed_up"] is False
    made = done["made"][0]["kid"]
    with KeyProcess(key_desk.socket) as asked:  # at once: no worker is left that has not taken it up
        assert made in {key.kid for key in asked.verifying_keys(Purpose.AUDIT)}
    assert keys.ping() == "software"


def test_people_come_and_go_and_two_new_officers_withdraw_a_ca(officer: Desk, ceremony: Path, tmp_path: Path) -> None:
    """Enrolled by a quorum, they sign; before that nobody could."""
    people = {}
    for name in ("ani", "budi"):
        passphrase = secret_file(tmp_path / f"{name}.pass", f"{name} alone knows this")
        own = ("--officer", name, "--key", tmp_path / f"{name}.pem", "--passphrase-file", passphrase)
        people[name] = (officer.json("keys", "grant", "officer-key", *own)["point"], own)
    plan = tmp_path / "handover.toml"
    plan.write_text(
        HANDOVER.read_text()
        + "".join(f'[[enrol]]\nname = "{name}"\npoint = "{point}"\n' for name, (point, _) in people.items())
    )
    shown = officer.json("keys", "handover", plan, "--show")
    assert [one["name"] for one in shown["enrolled"]] == ["ani", "budi"]
    digest, out = shown["plan_sha256"], tmp_path / "handover"
    new = [f"{name}={secret_file(tmp_path / name, name * 2)}" for name in shown["custodians"]]
    words = ["--plan-hash", digest, "--out", str(out), *(word for one in new for word in ("--custodian", one))]
    assert officer.refused("keys", "handover", plan, *words, *shares(ceremony, 1, 5), code=1) == "hsm-shares-too-few"
    ended = officer("keys", "handover", plan, *words, *shares(ceremony, 1, 3, 5))
    assert ended.code == 0, ended.err
    assert "[8/8]" in ended.err
    assert "Hand each file in shares/" in ended.out
    assert len(list((out / "shares").iterdir())) == 5
    assert officer.json("keys", "ceremony", out, "--verify")["holds"] is True

    officer.json("keys", "rotate", "card-ca", "--at", "now")
    first, second = officer.json("keys", "list")["ca_certificates"]
    withdrawal = ("--withdraw", first["sha256"], "--reason", "token stolen")
    signed = [
        officer.json("keys", "grant", "sign", tmp_path / "ca.grant", *person, *withdrawal)
        for _, person in people.values()
    ][-1]
    assert (signed["officers"], signed["needed"]) == (["ani", "budi"], 2)
    words = ["keys", "withdraw", first["sha256"], "--grant", str(tmp_path / "ca.grant"), "--reason"]
    assert officer.refused(*words, "another", code=1) == "hsm-grant-refused"
    assert officer.json(*words, "token stolen")["officers"] == ["ani", "budi"]
    assert "Was withdrawn before" in officer(*words, "token stolen").out
    assert "WITHDRAWN: token stolen" in officer("keys", "list").out
    officer.json("keys", "publish", tmp_path / "web")
    assert (tmp_path / "web" / "card-ca.pem").read_text().count("BEGIN CERTIFICATE") == 1
    assert second["in_use"] is True
