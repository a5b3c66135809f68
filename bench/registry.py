# SPDX-License-Identifier: Apache-2.0
"""Asking the population registry about a night's list: under a grant of two officers, beside the slow run that opens values one by one."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import perf_counter
from typing import Any

from bench import invented_list
from bench.figure import Figure
from bench.service_share import ROOT
from cardservice.errors import KartuError
from hsm.granting.officer_key import make_officer_key
from hsm.limits.officers import officer_record
from hsm.stores.sealed_custody import sealed_file_custody
from reader_tools.registry.people import Behaviour, Known
from reader_tools.registry.simulator import RegistrySimulator
from tests.hsm.running import hsm_process, run_hsm
from tests.postgresql import running_cluster

MEMBERS = int(os.environ.get("KARTU_BENCH_MEMBERS", "3000"))
SLOW = 60  # members by the slow run
OFFICERS = ("ani", "budi")
PASSWORD = "kata-sandi-tiruan"  # noqa: S105 - of the simulator
REASON = ("--reason", "population registry")


class RunFailed(KartuError):
    """A command did not do what it was measured for; evidence: command, report."""

    code = "bench-run-failed"


def figures() -> Iterator[Figure]:
    """Members a second under a grant, what an hour's grant is worth, and the slow run beside it. The simulator answers at once."""
    with (
        TemporaryDirectory(prefix="kb") as name,
        _keys_with_officers(Path(name)),
        running_cluster(durable=True) as cluster,
        _registry(Path(name) / "list.csv") as url,
    ):
        folder = Path(name)
        password = folder / "password"
        password.touch(mode=0o600)
        password.write_text(PASSWORD)
        settings = {
            "KARTU_DATABASE_URL": cluster.migrated_database(),
            "KARTU_HSM_SOCKET": str(folder / "run" / "s"),
            "KARTU_REGISTRY_URL": url,
            "KARTU_REGISTRY_USER": "kartu",
            "KARTU_REGISTRY_PASSWORD_FILE": str(password),
        }
        _kartu(settings, "member", "import", folder / "list.csv")
        slow_seconds, slow = _kartu(settings, "member", "verify-pending", "--limit", str(SLOW))
        due, grant = folder / "due.jsonl", folder / "night.grant"
        _kartu(settings, "member", "pending", due)
        signed = sum(_signed(settings, folder, officer, due, grant) for officer in OFFICERS)
        seconds, done = _kartu(settings, "member", "verify-pending", "--grant", grant, "--list", due)
    asked = done["verified"] + done["mismatch"]
    if done["left"] or slow["verified"] + slow["mismatch"] != SLOW or asked != MEMBERS - SLOW:
        raise RunFailed(command="member verify-pending", report=str(done))
    rate, slow_rate = asked / seconds, SLOW / slow_seconds
    yield Figure("members asked about under a grant", rate, "members/s", "the slow run", rate / slow_rate)
    yield Figure("an hour's grant at that pace", rate * 3600, "members")
    yield Figure("two officers sign the list", signed, "s", "the whole", signed / seconds)


def _signed(settings: Mapping[str, str], folder: Path, officer: str, due: Path, grant: Path) -> float:
    own = ("--officer", officer, "--key", folder / f"{officer}.pem", "--passphrase-file", folder / f"{officer}.pass")
    return _kartu(settings, "keys", "grant", "sign", grant, *own, "--values", due, *REASON)[0]


def _kartu(settings: Mapping[str, str], *words: str | Path) -> tuple[float, dict[str, Any]]:
    """Seconds on the clock, and the command's document."""
    began = perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "reader_tools", *map(str, words), "--json"],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        raise RunFailed(command=" ".join(map(str, words[:2])), report=ended.stdout[-400:])
    return perf_counter() - began, json.loads(ended.stdout)


@contextmanager
def _keys_with_officers(folder: Path) -> Iterator[None]:
    run_hsm("--init", "--store", folder / "keys", "--passphrase-file", folder / "pass").check_returncode()
    with sealed_file_custody(folder / "keys", bytearray((folder / "pass").read_bytes().strip()), os.urandom) as custody:
        for officer in OFFICERS:
            (folder / f"{officer}.pass").touch(mode=0o600)
            (folder / f"{officer}.pass").write_text(officer * 4)
            point = make_officer_key(folder / f"{officer}.pem", bytearray((officer * 4).encode()))
            custody.keep_record(*officer_record(officer, point))
    with hsm_process(folder):
        yield


@contextmanager
def _registry(listed: Path) -> Iterator[str]:
    """A registry in a thread that knows everybody on the list."""
    invented_list.write(listed, MEMBERS)
    with listed.open(newline="") as file:
        people = {
            row["nik"]: Known(row["name"], date.fromisoformat(row["birth_date"]), Behaviour.ANSWER, row["region"])
            for row in csv.DictReader(file)
        }
    with RegistrySimulator(people, password=PASSWORD) as simulator:
        thread = Thread(target=simulator.serve_forever)
        thread.start()
        try:
            yield simulator.url
        finally:
            simulator.shutdown()
            thread.join()
