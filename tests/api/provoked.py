# SPDX-License-Identifier: Apache-2.0
"""Each problem that the API documents, brought about: a body, a setting or a part of the service that makes it happen."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from api.store import RecordsStore
from cardservice.records.card_state import CardState
from cardservice.records.database import Database, open_database
from hsm.client.key_process import KeyProcess
from tests.api import worked_collection
from tests.api.publication import EXAMPLE
from tests.api.served import ASKED, Service, bearer, presented, tap
from tests.api.worked import EXAMPLES, Scene

_METHOD = {name: next(iter(of_name.values())) for name, of_name in EXAMPLES.items()}
_NO_RECEIPT = {"receipt_id": "0" * 32, "responses": []}
_BODIES: dict[str, dict[str, Any]] = {
    "createChallenge": ASKED,
    "createVerification": {"challenge": "0" * 32},
    "createRenewal": _NO_RECEIPT,
    "createGroupPayment": worked_collection.PAYMENT,
    "createCashReceipt": worked_collection.RECEIPT,
}
_GOOD = {
    "createChallenge": "treatment",
    "createVerification": "covered",
    "createRenewal": "good",
    "createGroupPayment": "settled",
    "createCashReceipt": "taken",
}
OF_FILES = ("getCardCaCertificates", "getCardCaWithdrawals", "getAuditKeys")
_OF_INTERMEDIARIES = ("createGroupPayment", "createCashReceipt")


def provoke(operation: str, code: str, scene: Scene) -> httpx.Response:
    """Bring about one documented problem of an operation."""
    return _PROVOKED[code](operation, scene)


def _plain(operation: str, scene: Service, body: object = None, **headers: str) -> httpx.Response:
    example = _METHOD[operation]
    if example.method == "GET":
        return scene.get(example.path, **headers)
    return scene.post(example.path, _BODIES[operation] if body is None else body, headers=headers)


def _as_caller(operation: str, scene: Scene, body: object = None, service: Service | None = None) -> httpx.Response:
    """As the caller of the operation's examples."""
    secret = EXAMPLES[operation][_GOOD[operation]].secret
    assert secret is not None
    return _plain(operation, service or scene.service, body, **bearer(secret(scene)))


def _good_body(operation: str, scene: Scene) -> dict[str, Any]:
    example = EXAMPLES[operation][_GOOD[operation]]
    assert example.body is not None
    if operation in _OF_INTERMEDIARIES:
        example.prepare(scene)
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
        self.payments = None

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError(name)


def _records_down(operation: str, scene: Scene) -> httpx.Response:
    body = _good_body(operation, scene)
    # A verification asks the database's hot path, the others the database itself.
    gone = open_database("sqlite:////nonexistent/kartu.db")
    store = RecordsStore(
        gone if operation in {"createRenewal", *_OF_INTERMEDIARIES} else scene.world.database,
        scene.world.store,
        scene.world.payments,
    )
    if operation not in _OF_INTERMEDIARIES:
        scene.world.run(scene.world.store.close())
    return _as_caller(operation, scene, body, scene.broken(store=store))


def _publishing(scene: Scene, folder: Any) -> Service:
    return scene.broken(settings=replace(scene.service.settings, published=folder))


def _internal(operation: str, scene: Scene) -> httpx.Response:
    broken: Any = _Broken(scene.world.database)
    if operation in OF_FILES:
        return _plain(operation, _publishing(scene, broken))
    if operation.endswith("Keys") or operation == "getReadiness":
        return _plain(operation, scene.broken(keys=broken))
    if operation in _OF_INTERMEDIARIES:
        return _as_caller(operation, scene, service=scene.broken(packs=broken), body=_good_body(operation, scene))
    return _as_caller(operation, scene, service=scene.broken(store=broken), body=_good_body(operation, scene))


def _presented_by(
    card: Callable[[Scene], Any], changed: Mapping[str, Any] | None = None
) -> Callable[[str, Scene], httpx.Response]:
    def send(operation: str, scene: Scene) -> httpx.Response:
        challenge = scene.service.challenge(scene.clinic)
        body = presented(challenge, tap(card(scene), challenge)) | dict(changed or {})
        return _as_caller(operation, scene, body)

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
    "request-invalid": lambda operation, scene: _as_caller(
        operation, scene, _good_body(operation, scene) | {"terminal_id": "loket 3", "nik": "3171010101010001"}
    ),
    "caller-unknown": lambda operation, scene: _plain(operation, scene.service),
    "overloaded": lambda operation, scene: _as_caller(
        operation, scene, service=scene.broken(settings=replace(scene.service.settings, at_once=0))
    ),
    "records-unavailable": _records_down,
    "keys-unavailable": lambda operation, scene: (
        _plain(operation, _no_keys(scene))
        if operation.endswith("Keys")
        else _as_caller(operation, scene, _good_body(operation, scene), _no_keys(scene))
    ),
    "not-published": lambda operation, scene: _plain(operation, _publishing(scene, None)),
    # A file stands where the folder was.
    "publication-unreadable": lambda operation, scene: _plain(operation, _publishing(scene, EXAMPLE / "card-ca.pem")),
    "not-ready": lambda operation, scene: _plain(operation, _no_keys(scene)),
    "kartu-internal": _internal,
    "purpose-not-open": lambda operation, scene: _as_caller(operation, scene, ASKED | {"purpose": "fare"}),
    "service-date-refused": lambda operation, scene: _as_caller(
        operation, scene, ASKED | {"service_date": "2015-07-01"}
    ),
    "event-moment-refused": lambda operation, scene: _as_caller(
        operation, scene, ASKED | {"event_at": "2026-11-23T15:00:01+07:00"}
    ),
    "challenge-not-valid": _presented_by(lambda scene: scene.card.insert(), {"challenge": "0" * 32}),
    "cover-proof-refused": _presented_by(lambda scene: scene.card.insert(), {"cover_proof": "oA"}),
    "renewal-refused": lambda operation, scene: _as_caller(operation, scene, _NO_RECEIPT),
    "tap-refused": _presented_by(lambda scene: scene.card.clone()),
    "card-not-valid": _suspended,
    **worked_collection.provoked(_as_caller),
}
