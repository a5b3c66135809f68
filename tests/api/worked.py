# SPDX-License-Identifier: Apache-2.0
"""The situations behind the worked examples of the API's documentation. Run as a program it writes ``api/worked_examples.json`` anew:

.venv/bin/python -m tests.api.worked
"""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from api.store import RecordsStore
from cardservice.records.card_state import CardState
from cardservice.records.database import Database
from cardservice.records.schema import upgrade
from cardservice.records.verifiers import VerifierKind
from hsm.client import KeyProcess
from tests.api.served import ASKED, Service, bearer, presented, tap
from tests.hsm.running import SetClock
from tests.verification.world import (
    COVERED,
    NOW,
    TRANSPORT,
    IssuedCard,
    World,
    issue_card,
    new_keys,
    open_world,
    paid,
)

FILE = Path(__file__).parents[2] / "api" / "worked_examples.json"
LAPSED = paid("2026-01", "2026-06")
GRACE = paid("2026-01", "2026-08")
PAID_AFTER_ACCIDENT = paid("2026-04", "2026-11", arrived_at=datetime(2026, 11, 20, 3, 30, tzinfo=UTC))


@dataclass
class Scene:
    """One service, freshly started; one clinic, one bus company, one member with a card."""

    service: Service
    card: IssuedCard
    clinic: str = field(init=False, repr=False)
    bus: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.service.world.hand_over(self.card)
        self.clinic = self.service.world.register(1)
        self.bus = self.service.world.register(5, VerifierKind.TRANSPORT, TRANSPORT)

    @property
    def world(self) -> World:
        return self.service.world

    def broken(self, **changed: Any) -> Service:
        """The same service with one part replaced."""
        return replace(self.service, **changed)


@dataclass(frozen=True)
class Example:
    """One documented exchange. ``body`` makes the request from a scene that ``prepare`` has brought to the right state."""

    summary: str
    method: str
    path: str
    body: Callable[[Scene], dict[str, Any]] | None = None
    secret: Callable[[Scene], str] | None = None
    prepare: Callable[[Scene], None] = lambda _: None

    def send(self, scene: Scene, body: dict[str, Any] | None) -> httpx.Response:
        secret = None if self.secret is None else self.secret(scene)
        if body is None:
            return scene.service.get(self.path)
        return scene.service.post(self.path, body, secret)


def of_clinic(scene: Scene) -> str:
    return scene.clinic


def of_bus(scene: Scene) -> str:
    return scene.bus


FARE = {"terminal_id": "gerbang-12", "purpose": "fare", "programme": "JKK"}
CLAIM = {"terminal_id": "loket-3", "purpose": "claim", "programme": "JKK", "service_date": "2026-10-05"}


ACCIDENT = {"terminal_id": "loket-3", "purpose": "claim", "programme": "JKK", "event_at": "2026-11-20T11:15:00+08:00"}


def after_tap(asked: dict[str, Any], secret: Callable[[Scene], str]) -> Callable[[Scene], dict[str, Any]]:
    """The body that a terminal sends after it asked and the card was tapped."""

    def body(scene: Scene) -> dict[str, Any]:
        challenge = scene.service.challenge(secret(scene), **asked)
        return presented(challenge, tap(scene.card.insert(), challenge))

    return body


def paying(record: Any) -> Callable[[Scene], None]:
    return lambda scene: scene.world.pay(scene.card, record)


EXAMPLES: dict[str, dict[str, Example]] = {
    "createChallenge": {
        "treatment": Example("A clinic asks for today", "POST", "/v1/challenges", lambda _: ASKED, of_clinic),
        "claim": Example("A clinic asks for a day that was", "POST", "/v1/challenges", lambda _: CLAIM, of_clinic),
        "accident": Example(
            "A clinic asks for the moment of an accident", "POST", "/v1/challenges", lambda _: ACCIDENT, of_clinic
        ),
        "fare": Example("A bus company asks at a gate", "POST", "/v1/challenges", lambda _: FARE, of_bus),
    },
    "createVerification": {
        "covered": Example(
            "Covered", "POST", "/v1/verifications", after_tap(ASKED, of_clinic), of_clinic, paying(COVERED)
        ),
        "grace": Example(
            "Covered, in grace", "POST", "/v1/verifications", after_tap(ASKED, of_clinic), of_clinic, paying(GRACE)
        ),
        "lapsed": Example(
            "Not covered, and what would cure it",
            "POST",
            "/v1/verifications",
            after_tap(ASKED, of_clinic),
            of_clinic,
            paying(LAPSED),
        ),
        "paid_after": Example(
            "Not covered, since the money came after the accident",
            "POST",
            "/v1/verifications",
            after_tap(ACCIDENT, of_clinic),
            of_clinic,
            paying(PAID_AFTER_ACCIDENT),
        ),
        "fare": Example(
            "A bus company learns yes or no",
            "POST",
            "/v1/verifications",
            after_tap(FARE, of_bus),
            of_bus,
            paying(LAPSED),
        ),
    },
    "getTokenKeys": {"live": Example("The key that signs, and its successor", "GET", "/.well-known/jwks.json")},
    "getCoverProofKeys": {
        "live": Example("The key that signs, and its successor", "GET", "/.well-known/cover-proof-keys.json")
    },
    "getHealth": {"alive": Example("The process lives", "GET", "/healthz")},
    "getReadiness": {"ready": Example("Everything answers", "GET", "/readyz")},
}

_METHOD = {name: next(iter(of_name.values())) for name, of_name in EXAMPLES.items()}
_BODIES = {"createChallenge": ASKED, "createVerification": {"challenge": "0" * 32}}


def provoke(operation: str, code: str, scene: Scene) -> httpx.Response:
    """Bring about one documented problem of an operation."""
    return _PROVOKED[code](operation, scene)


def _plain(operation: str, scene: Service, body: object = None, **headers: str) -> httpx.Response:
    example = _METHOD[operation]
    if example.method == "GET":
        return scene.get(example.path, **headers)
    return scene.post(example.path, _BODIES[operation] if body is None else body, headers=headers)


def _as_clinic(operation: str, scene: Scene, body: object = None, service: Service | None = None) -> httpx.Response:
    return _plain(operation, service or scene.service, body, **bearer(scene.clinic))


def _good_body(operation: str, scene: Scene) -> dict[str, Any]:
    example = EXAMPLES[operation]["treatment" if operation == "createChallenge" else "covered"]
    assert example.body is not None
    return example.body(scene)


def _no_keys(scene: Scene) -> Service:
    return scene.broken(keys=KeyProcess(Path("/nonexistent/keys.sock"), deadline=0.05))


async def _dripping() -> AsyncIterator[bytes]:
    """A body that begins and never ends."""
    yield b"{"
    await asyncio.sleep(30)


class _Broken:
    """A part that fails in a way that nobody foresaw, as soon as it is asked; what the app is only wired to is there."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError(name)


def _records_down(operation: str, scene: Scene) -> httpx.Response:
    body = _good_body(operation, scene)
    store = RecordsStore(scene.world.database, scene.world.store)
    scene.world.run(scene.world.store.close())
    return _as_clinic(operation, scene, body, scene.broken(store=store))


def _internal(operation: str, scene: Scene) -> httpx.Response:
    broken: Any = _Broken(scene.world.database)
    if operation.endswith("Keys") or operation == "getReadiness":
        return _plain(operation, scene.broken(keys=broken))
    return _as_clinic(operation, scene, service=scene.broken(store=broken), body=_good_body(operation, scene))


def _presented_by(
    card: Callable[[Scene], Any], changed: Mapping[str, Any] | None = None
) -> Callable[[str, Scene], httpx.Response]:
    def send(operation: str, scene: Scene) -> httpx.Response:
        challenge = scene.service.challenge(scene.clinic)
        body = presented(challenge, tap(card(scene), challenge)) | dict(changed or {})
        return _as_clinic(operation, scene, body)

    return send


def _suspended(operation: str, scene: Scene) -> httpx.Response:
    scene.world.move(scene.card, CardState.ACTIVE, CardState.SUSPENDED)
    return _presented_by(lambda scene: scene.card.insert())(operation, scene)


_PROVOKED: dict[str, Callable[[str, Scene], httpx.Response]] = {
    "request-host": lambda operation, scene: _plain(operation, scene.service, Host="evil.example"),
    "request-malformed": lambda operation, scene: _plain(operation, scene.service, b'{"terminal_id": "loket-3",}'),
    "request-too-large": lambda operation, scene: _plain(operation, scene.service, b" " * 65_537),
    "request-too-slow": lambda operation, scene: _plain(
        operation, scene.broken(settings=replace(scene.service.settings, body_seconds=0.05)), _dripping()
    ),
    "request-media-type": lambda operation, scene: _plain(operation, scene.service, **{"Content-Type": "text/plain"}),
    "request-invalid": lambda operation, scene: _as_clinic(
        operation, scene, _good_body(operation, scene) | {"terminal_id": "loket 3", "nik": "3171010101010001"}
    ),
    "caller-unknown": lambda operation, scene: _plain(operation, scene.service),
    "overloaded": lambda operation, scene: _as_clinic(
        operation, scene, service=scene.broken(settings=replace(scene.service.settings, at_once=0))
    ),
    "records-unavailable": _records_down,
    "keys-unavailable": lambda operation, scene: (
        _plain(operation, _no_keys(scene))
        if operation.endswith("Keys")
        else _as_clinic(operation, scene, _good_body(operation, scene), _no_keys(scene))
    ),
    "not-ready": lambda operation, scene: _plain(operation, _no_keys(scene)),
    "kartu-internal": _internal,
    "purpose-not-open": lambda operation, scene: _as_clinic(operation, scene, ASKED | {"purpose": "fare"}),
    "service-date-refused": lambda operation, scene: _as_clinic(
        operation, scene, ASKED | {"service_date": "2015-07-01"}
    ),
    "event-moment-refused": lambda operation, scene: _as_clinic(
        operation, scene, ASKED | {"event_at": "2026-11-23T15:00:01+07:00"}
    ),
    "challenge-not-valid": _presented_by(lambda scene: scene.card.insert(), {"challenge": "0" * 32}),
    "cover-proof-refused": _presented_by(lambda scene: scene.card.insert(), {"cover_proof": "oA"}),
    "tap-refused": _presented_by(lambda scene: scene.card.clone()),
    "card-not-valid": _suspended,
}


@contextmanager
def open_scene(url: str, keys: Any, clock: SetClock, card: IssuedCard) -> Iterator[Scene]:
    with open_world(url, keys, clock) as world:
        yield Scene(Service(world), card)


def _evidence(document: dict[str, Any]) -> dict[str, Any]:
    """What stands in a problem beside the members that every problem has."""
    return {
        name: value for name, value in document.items() if name not in {"type", "title", "status", "detail", "code"}
    }


def main() -> None:
    """Run every situation once and write down what happened."""
    from api.documentation import PROBLEMS  # noqa: PLC0415 - reads the file that is written here

    clock = SetClock(NOW)
    keys = new_keys(clock)
    card = issue_card(keys, 1)
    document: dict[str, Any] = {"operations": {}, "evidence": {}}
    with tempfile.TemporaryDirectory() as folder:
        migrated, copy = Path(folder) / "migrated.db", Path(folder) / "kartu.db"
        upgrade(f"sqlite:///{migrated}")

        @contextmanager
        def scene() -> Iterator[Scene]:
            for left in Path(folder).glob("kartu.db*"):
                left.unlink()
            shutil.copyfile(migrated, copy)
            with open_scene(f"sqlite:///{copy}", keys, clock, card) as opened:
                yield opened

        for operation, examples in EXAMPLES.items():
            told: dict[str, Any] = {}
            document["operations"][operation] = told
            for name, example in examples.items():
                with scene() as opened:
                    example.prepare(opened)
                    body = None if example.body is None else example.body(opened)
                    answer = example.send(opened, body)
                told[name] = {"summary": example.summary, "status": answer.status_code, "response": answer.json()}
                if body is not None:
                    told[name]["request"] = body
        for operation, codes in PROBLEMS.items():
            evidence: dict[str, Any] = {}
            document["evidence"][operation] = evidence
            for code in codes:
                with scene() as opened:
                    answer = provoke(operation, code, opened)
                assert answer.json()["code"] == code, (operation, code, answer.text)
                evidence[code] = _evidence(answer.json())
    FILE.write_text(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
