# SPDX-License-Identifier: Apache-2.0
"""The situations behind the worked examples of the API's documentation. Run as a program it writes ``api/worked_examples.json`` anew:

.venv/bin/python -m tests.api.worked
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from cardservice.credentials import base64url
from cardservice.records.schema import upgrade
from cardservice.records.verifiers import VerifierKind
from tests.api import worked_collection
from tests.api.served import ASKED, Service, content_of, presented, tap
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


def after_verification(*, answers: int) -> Callable[[Scene], dict[str, Any]]:
    """The body that a desk sends after the clinic verified the card, with the first so many answers of the card."""

    def body(scene: Scene) -> dict[str, Any]:
        card = scene.card.insert()
        challenge = scene.service.challenge(scene.clinic, **ASKED)
        told = scene.service.post("/v1/verifications", presented(challenge, tap(card, challenge)), scene.clinic).json()
        begun: dict[str, Any] = {"receipt_id": told["receipt"]["receipt_id"], "responses": []}
        if answers:
            step = scene.service.post("/v1/renewals", begun, scene.clinic).json()
            commands = [base64url.decode(each) or b"" for each in step["commands"]]
            begun["responses"] = [base64url.encode(card.transmit(command)) for command in commands[:answers]]
        return begun

    return body


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
    "createRenewal": {
        "begin": Example(
            "A desk begins to renew the proof",
            "POST",
            "/v1/renewals",
            after_verification(answers=0),
            of_clinic,
            paying(LAPSED),
        ),
        "good": Example(
            "The proof says what the books say", "POST", "/v1/renewals", after_verification(answers=2), of_clinic
        ),
    },
    "createGroupPayment": {
        "settled": Example(
            "A bank received a cooperative's transfer",
            "POST",
            "/v1/group-payments",
            lambda _: worked_collection.PAYMENT,
            worked_collection.of_bank,
            worked_collection.prepared,
        ),
        "waiting": Example(
            "Of a transfer the rest is missing: nobody is credited",
            "POST",
            "/v1/group-payments",
            lambda _: worked_collection.PAYMENT | {"amount_rupiah": 10_000},
            worked_collection.of_bank,
            worked_collection.prepared,
        ),
    },
    "createCashReceipt": {
        "taken": Example(
            "A field agent takes a month's contribution",
            "POST",
            "/v1/cash-receipts",
            lambda _: worked_collection.RECEIPT,
            worked_collection.of_agent,
            worked_collection.prepared,
        ),
    },
    "getTokenKeys": {"live": Example("The key that signs, and its successor", "GET", "/.well-known/jwks.json")},
    "getCoverProofKeys": {
        "live": Example("The key that signs, and its successor", "GET", "/.well-known/cover-proof-keys.json")
    },
    "getReceiptKeys": {"live": Example("The key that signs", "GET", "/.well-known/receipt-keys.json")},
    "getCardCaCertificates": {"one": Example("The certificate in use", "GET", "/.well-known/card-ca.pem")},
    "getCardCaWithdrawals": {
        "stolen": Example("An earlier card CA was withdrawn", "GET", "/.well-known/card-ca-withdrawn.json")
    },
    "getAuditKeys": {"live": Example("The key that signs the list", "GET", "/.well-known/audit-keys.json")},
    "getHealth": {"alive": Example("The process lives", "GET", "/healthz")},
    "getReadiness": {"ready": Example("Everything answers", "GET", "/readyz")},
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
    from tests.api.provoked import provoke  # noqa: PLC0415 - stands on this file

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
                told[name] = {"summary": example.summary, "status": answer.status_code, "response": content_of(answer)}
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
