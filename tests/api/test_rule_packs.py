# SPDX-License-Identifier: Apache-2.0
"""Rule packs at run time: a second one in the folder decides after a restart, on its days; an altered byte refuses the start."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cardservice.credentials import base64url, eligibility_token
from cardservice.keys import Purpose
from tests.api.served import Service, presented, tap
from tests.api.test_running_service import environment
from tests.coverage.pack_folder import PackFolder, pack_folder
from tests.hsm.running import ROOT
from tests.records import rows
from tests.verification.world import ISSUER, NOW, IssuedCard, World, paid


@pytest.fixture
def packs(tmp_path: Path) -> PackFolder:
    return pack_folder(tmp_path / "packs")


def asked_on(service: Service, secret: str, card: IssuedCard, day: str) -> dict[str, Any]:
    challenge = service.challenge(secret, service_date=day)
    answer = service.post("/v1/verifications", presented(challenge, tap(card.insert(), challenge)), secret)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def told_pack(world: World, told: dict[str, Any]) -> int | None:
    keys = world.keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN)
    return eligibility_token.verify(
        told["token"], keys=keys, issuer=ISSUER, audience=rows.identifier("verifier", 1), now=NOW
    ).rule_pack


def test_a_second_pack_decides_after_a_restart_on_its_days(
    world: World, sari: IssuedCard, secret: str, packs: PackFolder
) -> None:
    world.hand_over(sari)
    world.pay(sari, paid("2026-01", "2026-08"))
    before = Service(world, packs=packs.load())
    days = "2026-11-14", "2026-11-15", "2026-11-23"
    told = [asked_on(before, secret, sari, day) for day in days]
    assert [each["outcome"] for each in told] == ["COVERED"] * 3
    assert before.get("/readyz").json()["rule_pack"] == 1

    packs.put_two_months_of_grace("2026-11-15")
    after = Service(world, packs=packs.load(), seed=8)
    told = [asked_on(after, secret, sari, day) for day in days]
    assert [each["outcome"] for each in told] == ["COVERED", "NOT_COVERED", "NOT_COVERED"]
    assert [told_pack(world, each) for each in told] == [1, 2, 2]
    assert [event.detail["rule_pack"] for event in world.trail() if "rule_pack" in event.detail] == [1, 1, 1, 1, 2, 2]
    assert after.get("/readyz").json()["rule_pack"] == 2


def start(folder: Path, packs: PackFolder) -> "subprocess.CompletedProcess[str]":
    """``python -m api`` without a key process: what it says before it ends."""
    told = environment(
        folder, "sqlite:///unused", KARTU_RULE_PACKS=str(packs.folder), KARTU_RULE_PACK_KEY=str(packs.key)
    )
    return subprocess.run(
        [sys.executable, "-m", "api"], cwd=ROOT, env=told, capture_output=True, text=True, check=False, timeout=60
    )


def test_an_altered_byte_refuses_the_start(tmp_path: Path, packs: PackFolder) -> None:
    path = packs.put_two_months_of_grace("2026-11-15")
    path.write_bytes(path.read_bytes().replace(b"months: 2", b"months: 9", 1))
    done = start(tmp_path, packs)
    assert done.returncode == 1
    assert done.stderr.startswith(f'rule-pack-file-refused: No start: rule pack {path}, field "signature"')
    assert "listening" not in done.stdout


def test_the_desk_is_refused_the_same_way(tmp_path: Path, packs: PackFolder) -> None:
    (packs.folder / "bpu-2026.yaml.sig").unlink()
    told = environment(tmp_path, "sqlite:///unused", KARTU_RULE_PACKS=str(packs.folder), KARTU_DATA_DIR=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "reader_tools", "card", "refresh", "--json"],
        cwd=ROOT,
        env=told | {"KARTU_RULE_PACK_KEY": str(packs.key)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "rule-pack-file-refused" in done.stdout + done.stderr


def test_the_token_says_by_which_pack(service: Service, secret: str, sari: IssuedCard) -> None:
    told = asked_on(service, secret, sari, "2026-11-23")
    claims = base64url.decode(told["token"].split(".")[1])
    assert claims is not None
    assert json.loads(claims)["rule_pack"] == 1
