# SPDX-License-Identifier: Apache-2.0
"""``kartu keys grant``, from two officers' keys to opened values, with a real key process that has enrolled them."""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hsm.client.key_process import KeyProcess
from hsm.limits.officers import officer_record
from hsm.stores.sealed_custody import sealed_file_custody
from tests.hsm.running import hsm_process, run_hsm, short_folder
from tests.reader_tools.command_line import Ended, kartu


@dataclass
class Office:
    """Two officers at one machine, which they would not be."""

    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "run" / "s"

    def run(self, *words: str | Path) -> Ended:
        return kartu(
            *("keys", "grant", *map(str, words), "--json"),
            data_dir=self.folder,
            environment={"KARTU_HSM_SOCKET": str(self.socket)},
        )

    def done(self, *words: str | Path) -> dict[str, Any]:
        ended = self.run(*words)
        assert ended.code == 0, ended
        return dict(ended.document)

    def refused(self, *words: str | Path) -> str:
        ended = self.run(*words)
        assert ended.code != 0
        return f"{ended.document['error']['code']} {ended.document['error']['evidence']}"

    def person(self, name: str) -> tuple[str | Path, ...]:
        return (
            *("--officer", name, "--key", self.folder / f"{name}.pem"),
            *("--passphrase-file", self.folder / f"{name}.pass"),
        )


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    with short_folder() as folder:
        office = Office(folder)
        assert run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass").returncode == 0
        points = {}
        for name in ("ani", "budi", "citra"):
            (folder / f"{name}.pass").write_text(f"{name} alone knows this\n")
            (folder / f"{name}.pass").chmod(0o600)
            points[name] = office.done("officer-key", *office.person(name))["point"]
        passphrase = bytearray((folder / "pass").read_bytes().strip())
        with sealed_file_custody(folder / "keys", passphrase, os.urandom) as custody:
            for name in ("ani", "budi"):  # citra is no officer yet
                custody.keep_record(*officer_record(name, bytes.fromhex(points[name])))
        with hsm_process(folder, "--workers", "2"):
            yield office


@pytest.fixture
def values(office: Office, tmp_path: Path) -> tuple[str | Path, ...]:
    contexts = ["member/nik/1", "member/nik/2"]
    with KeyProcess(office.socket) as keys:
        sealed = keys.sealer.seal([(context, context.encode()) for context in contexts])
    lines = [
        json.dumps({"context": context, "sealed": b64encode(value).decode()})
        for context, value in zip(contexts, sealed, strict=True)
    ]
    (tmp_path / "list").write_text("".join(f"{line}\n" for line in lines))
    return "--values", tmp_path / "list", "--reason", "audit sample 7"


def test_two_officers_sign_and_the_values_open_once(
    office: Office, values: tuple[str | Path, ...], tmp_path: Path
) -> None:
    grant, opened = tmp_path / "grant", tmp_path / "opened"
    begun = office.done("sign", grant, *office.person("ani"), *values)
    assert (begun["officers"], begun["needed"], begun["count"]) == (["ani"], 2, 2)
    assert "2 different officers" in office.refused("use", grant, *values, "--output", opened)
    assert "one officer signs once" in office.refused("sign", grant, *office.person("ani"), *values)
    assert office.done("sign", grant, *office.person("budi"), *values)["officers"] == ["ani", "budi"]
    assert office.done("use", grant, *values, "--output", opened)["values"] == 2
    found = [json.loads(line) for line in opened.read_text().splitlines()]
    assert [(each["context"], b64decode(each["value"])) for each in found] == [
        ("member/nik/1", b"member/nik/1"),
        ("member/nik/2", b"member/nik/2"),
    ]
    assert opened.stat().st_mode & 0o777 == 0o600
    assert "used once" in office.refused("use", grant, *values, "--output", tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_the_second_officer_signs_nothing_that_he_was_not_shown(
    office: Office, values: tuple[str | Path, ...], tmp_path: Path
) -> None:
    grant, other = tmp_path / "grant", tmp_path / "other"
    office.done("sign", grant, *office.person("ani"), *values)
    other.write_text("\n".join(reversed((tmp_path / "list").read_text().splitlines())))
    shown = ("--values", other, "--reason", "audit sample 7")
    assert "hsm-grant-refused" in office.refused("sign", grant, *office.person("budi"), *shown)
    curious = (*values[:3], "curiosity")
    assert "hsm-grant-refused" in office.refused("sign", grant, *office.person("budi"), *curious)


def test_who_is_no_officer_signs_in_vain(office: Office, values: tuple[str | Path, ...], tmp_path: Path) -> None:
    grant = tmp_path / "grant"
    for name in ("ani", "citra"):
        office.done("sign", grant, *office.person(name), *values)
    assert "enrolled officer" in office.refused("use", grant, *values, "--output", tmp_path / "opened")


def test_a_wrong_passphrase_and_a_file_that_is_no_grant_are_told(
    office: Office, values: tuple[str | Path, ...], tmp_path: Path
) -> None:
    as_ani = ("--officer", "ani", "--key", office.folder / "ani.pem", "--passphrase-file", office.folder / "budi.pass")
    assert "hsm-officer-refused" in office.refused("sign", tmp_path / "grant", *as_ani, *values)
    (tmp_path / "none").write_text("{}")
    assert "hsm-grant-refused" in office.refused("sign", tmp_path / "none", *office.person("ani"), *values)
    (tmp_path / "list").write_text("{}\n")
    assert "line 1" in office.refused("sign", tmp_path / "grant", *office.person("ani"), *values)


def test_an_officer_lifts_a_limit(office: Office, tmp_path: Path) -> None:
    grant, what = tmp_path / "grant", ("--lift", "unseal", str(os.geteuid()), "--reason", "a planned census")
    office.done("sign", grant, *office.person("budi"), *what)
    assert office.done("use", grant, *what)["operation"] == "unseal"
    assert "lift-anomaly operation=unseal" in (office.folder / "log").read_text()
