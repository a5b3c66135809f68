# SPDX-License-Identifier: Apache-2.0
"""A clinic's desk relays a new cover proof: it passes on what a renewal needs and nothing else, and an answer that is lost leaves a whole card."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from applets.virtual.card import VirtualCard
from cardservice.card_edge.apdu import CommandApdu
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.prove_presence import prove_presence
from cardservice.card_edge.piv.verify import verify
from cardservice.credentials import base64url, cover_proof
from cardservice.keys import Purpose
from reader_tools.cli.contact import Relay, Renewal, Renewed, relay_proof
from reader_tools.desk import relayed_renewal
from reader_tools.desk.errors import AnswerMalformed, ServiceUnreachable
from reader_tools.desk.http_client import Service
from reader_tools.desk.relayed_renewal import Relayed, relay_renewal
from tests.api.served import Service as ServedApp
from tests.api.served import presented, tap
from tests.databases import migrated_sqlite, sqlite_url
from tests.verification.conftest import clock, keys, sari, world
from tests.verification.world import HEALTH, IssuedCard, World, paid

__all__ = ["clock", "keys", "migrated_sqlite", "sari", "sqlite_url", "world"]


@dataclass(frozen=True, slots=True)
class Line(Service):
    """The line to a service in process; down after so many requests."""

    app: ServedApp | None = None
    down_after: int = 99
    asked: list[str] = field(default_factory=list)

    def ask(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        assert self.app is not None
        if len(self.asked) == self.down_after:
            raise ServiceUnreachable(url=self.url)
        self.asked.append(path)
        answer = self.app.post(path, dict(body), self.secret)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


@dataclass
class Clinic:
    """A clinic whose patient paid since the card was made, and has just been verified."""

    world: World
    card: VirtualCard
    app: ServedApp
    secret: str
    receipt: str

    def line(self, down_after: int = 99) -> Line:
        return Line("http://testserver", self.secret, app=self.app, down_after=down_after)

    def paid_through(self) -> int:
        self.card.reset()
        proof = run(prove_presence(HEALTH, b"walk", bytes(32)), self.card).cover_proof
        trusted = self.world.keys.verifying_keys(Purpose.COVER_PROOF)
        said = cover_proof.verify(proof, keys=trusted, issuer=cover_proof.ISSUER, now=self.world.clock())
        return said.claims.paid_through[1]


@pytest.fixture
def clinic(world: World, sari: IssuedCard) -> Clinic:
    world.hand_over(sari)
    world.pay(sari, paid("2026-01", "2027-08"))
    app, secret, card = ServedApp(world), world.register(1), sari.insert()
    challenge = app.challenge(secret)
    told = app.post("/v1/verifications", presented(challenge, tap(card, challenge)), secret).json()
    assert told["proof_is_old"] is True
    return Clinic(world, card, app, secret, told["receipt"]["receipt_id"])


def test_the_desk_of_a_clinic_renews_over_three_requests(clinic: Clinic) -> None:
    line = clinic.line()
    assert relay_renewal(clinic.card, line, clinic.receipt) is Relayed.RENEWED
    assert line.asked == ["/v1/renewals"] * 3
    assert clinic.paid_through() == 202708
    assert relay_renewal(clinic.card, clinic.line(), clinic.receipt) is Relayed.GOOD


@pytest.mark.parametrize(("answered", "says"), [(0, 202611), (1, 202611), (2, 202708)])
def test_a_line_that_goes_down_leaves_a_whole_card_and_a_desk_that_says_so(
    clinic: Clinic, answered: int, says: int
) -> None:
    left = relay_proof(clinic.card, Relay(clinic.line(answered), clinic.receipt, HEALTH))
    assert left == Renewed(Renewal.LEFT, trouble="service-unreachable")
    assert clinic.paid_through() == says
    done = relay_proof(clinic.card, Relay(clinic.line(), clinic.receipt, HEALTH))
    assert (done.renewal is Renewal.RENEWED, done.renewal is Renewal.GOOD) == (says == 202611, says == 202708)
    assert clinic.paid_through() == 202708


@dataclass(frozen=True, slots=True)
class Elsewhere(Service):
    """Somebody else in the service's place, with an answer of his own."""

    document: Mapping[str, Any] = field(default_factory=dict)

    def ask(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        del path, body
        return dict(self.document)


def elsewhere(*commands: bytes) -> Elsewhere:
    told = {"state": "GO_ON", "commands": [base64url.encode(each) for each in commands]}
    return Elsewhere("http://testserver", "secret", document=told)


@pytest.mark.parametrize(
    "command",
    [
        verify(b"271828").encode(),
        CommandApdu(0x80, 0xE4, 0x00, 0x00, b"\\x4f\\x00").encode(),  # DELETE
        CommandApdu(
            0x00, 0x88, 0x00, 0x00, bytes(36), 256
        ).encode(),  # INTERNAL AUTHENTICATE: a tap for another terminal
        b"\\x00",
    ],
)
def test_no_other_command_reaches_the_card(clinic: Clinic, command: bytes) -> None:
    heard: list[bytes] = []
    clinic.card.transmit = heard.append  # type: ignore[assignment,method-assign] # a card that only listens
    with pytest.raises(AnswerMalformed):
        relay_renewal(clinic.card, elsewhere(command), clinic.receipt)
    assert heard == []


def test_without_the_list_a_tap_for_another_terminal_would_pass(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage control."""
    monkeypatch.setattr(relayed_renewal, "PASSED_ON", frozenset({(0x00, 0x88, 0x00)}))
    heard: list[bytes] = []

    def listening(command: bytes) -> bytes:
        heard.append(command)
        return b"\\x90\\x00"

    clinic.card.transmit = listening  # type: ignore[method-assign] # a card that only listens
    with pytest.raises(AnswerMalformed):
        relay_renewal(
            clinic.card, elsewhere(CommandApdu(0x00, 0x88, 0x00, 0x00, bytes(36), 256).encode()), clinic.receipt
        )
    assert len(heard) == relayed_renewal.CALLS


@pytest.mark.parametrize("document", [{}, {"state": "GO_ON"}, {"state": "GO_ON", "commands": []}])
def test_what_is_no_step_of_a_renewal_is_refused(clinic: Clinic, document: dict[str, Any]) -> None:
    with pytest.raises(AnswerMalformed):
        relay_renewal(clinic.card, Elsewhere("http://testserver", "secret", document=document), clinic.receipt)
