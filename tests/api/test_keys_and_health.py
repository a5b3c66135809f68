# SPDX-License-Identifier: Apache-2.0
"""The published keys as caches and offline verifiers see them, and what health says."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.store import RecordsStore
from cardservice.credentials import cover_proof, jwks
from cardservice.keys import Purpose
from cardservice.records.database import open_database
from cardservice.records.errors import DatabaseBehind
from hsm.client.key_process import KeyProcess
from hsm.errors import KeyProcessDown
from tests.api.served import Service, code_of, presented, tap
from tests.verification.world import HEALTH, NOW, IssuedCard, World

PATHS = ["/.well-known/jwks.json", "/.well-known/cover-proof-keys.json"]


@pytest.mark.parametrize(
    ("path", "purpose"), list(zip(PATHS, [Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF], strict=True))
)
def test_two_live_keys_the_one_that_signs_first(service: Service, world: World, path: str, purpose: Purpose) -> None:
    answer = service.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwk-set+json"
    keys = jwks.decode(answer.content)
    assert len(keys) == 2
    assert keys[0] == world.keys.signer(purpose).verifying_key


def test_the_two_sets_share_no_key(service: Service) -> None:
    token_keys, proof_keys = (jwks.decode(service.get(path).content) for path in PATHS)
    assert not {key.kid for key in token_keys} & {key.kid for key in proof_keys}


def test_an_offline_verifier_checks_a_card_with_what_is_published(service: Service, sari: IssuedCard) -> None:
    keys = jwks.decode(service.get(PATHS[1]).content)
    proof = cover_proof.verify(sari.proofs[HEALTH], keys=keys, issuer=cover_proof.ISSUER, now=NOW)
    assert proof.claims.card_key == sari.points[HEALTH]


@pytest.mark.parametrize("path", PATHS)
def test_caches_may_keep_them_and_ask_whether_they_hold(service: Service, path: str) -> None:
    first = service.get(path)
    assert first.headers["cache-control"] == "public, max-age=3600, stale-if-error=86400"
    again = service.get(path, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert service.get(path, **{"If-None-Match": f'"x", W/{first.headers["etag"]}'}).status_code == 304
    assert service.get(path, **{"If-None-Match": '"other"'}).status_code == 200


class Flaky:
    """Keys whose process can be stopped."""

    def __init__(self, keys: Any) -> None:
        self._keys = keys
        self.is_down = False
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        self.asked += 1
        if self.is_down:
            raise KeyProcessDown(socket="-", rule="stopped")
        return getattr(self._keys, name)


def test_known_public_keys_outlive_the_key_process(service: Service, world: World) -> None:
    flaky: Any = Flaky(world.keys)
    service.keys = flaky
    first = service.get(PATHS[0])
    flaky.is_down = True
    world.clock.time += timedelta(minutes=10)
    assert service.get(PATHS[0]).content == first.content
    # Those that were never heard of can't be given.
    assert code_of(service.get(PATHS[1])) == "keys-unavailable"


def test_the_key_process_is_asked_now_and_then_only(service: Service, world: World) -> None:
    flaky: Any = Flaky(world.keys)
    service.keys = flaky
    for seconds, asked in ((0, 1), (29, 1), (1, 2)):
        world.clock.time += timedelta(seconds=seconds)
        service.get(PATHS[0])
        assert flaky.asked == asked


def test_alive_and_ready(service: Service) -> None:
    assert service.get("/healthz").json() == {"status": "ok"}
    assert service.get("/readyz").json() == {"status": "ready", "database": "ok", "keys": "ok", "rule_pack": 1}


def test_alive_but_not_ready_says_what_fails(service: Service, world: World, tmp_path: Path) -> None:
    empty = open_database(f"sqlite:///{tmp_path / 'empty.db'}")
    behind = replace(service, store=RecordsStore(empty, world.store, world.payments))
    assert behind.get("/healthz").status_code == 200
    answer = behind.get("/readyz")
    assert (answer.status_code, code_of(answer), answer.headers["retry-after"]) == (503, "not-ready", "5")
    assert answer.json()["failing"] == [DatabaseBehind.code]
    nobody = KeyProcess(tmp_path / "no.sock", deadline=0.05)
    lost = open_database(f"sqlite:///{tmp_path / 'no-such-folder' / 'kartu.db'}")
    both = replace(service, store=RecordsStore(lost, world.store, world.payments), keys=nobody)
    assert both.get("/readyz").json()["failing"] == ["database-unavailable", "hsm-down"]
    empty.close()
    lost.close()


def test_a_key_process_that_is_down_costs_no_challenge(service: Service, secret: str, sari: IssuedCard) -> None:
    challenge = service.challenge(secret)
    body = presented(challenge, tap(sari.insert(), challenge))
    down = replace(service, keys=KeyProcess(Path("/nonexistent/s"), deadline=0.05))
    answer = down.post("/v1/verifications", body, secret)
    assert (code_of(answer), answer.headers["retry-after"]) == ("keys-unavailable", "2")
    assert service.post("/v1/verifications", body, secret).status_code == 200
