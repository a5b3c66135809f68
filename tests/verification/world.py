# SPDX-License-Identifier: Apache-2.0
"""A small world for verifications: real keys in process, real records, cards that were really personalized, verifiers with secrets."""

import asyncio
import random
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from applets.virtual.card import VirtualCard
from applets.virtual.chip import Chip
from applets.virtual.factory import blank_chip, clone_readable
from applets.virtual.image import Image
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.personalization_plan import CardPublicKeys, ChipFacts, Credentials, Plan
from cardservice.card_edge.dialogues.prove_presence import Presence, prove_presence
from cardservice.card_edge.piv.chuid import Chuid
from cardservice.card_edge.piv.key_history import KeyHistory
from cardservice.card_edge.piv.object import CHUID, DISCOVERY, KEY_HISTORY, PRINTED_INFORMATION
from cardservice.clock import monotonic
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.standing import PaidMonths, PaidSpan, Payer, WorkSector
from cardservice.credentials import cover_proof, eligibility_token, thumbprint
from cardservice.credentials.cover_claims import CoverClaims
from cardservice.credentials.eligibility_token import EligibilityToken
from cardservice.keys import Purpose
from cardservice.partnership.caller import Caller, authenticate
from cardservice.partnership.register import register
from cardservice.records import audit_events, cards, standing
from cardservice.records.audit_events import AuditEvent
from cardservice.records.card_state import CardState
from cardservice.records.database import Database, open_database
from cardservice.records.hot_path.opening import open_payment_store, open_verification_store
from cardservice.records.hot_path.payment_store import PaymentStore
from cardservice.records.hot_path.store import VerificationStore
from cardservice.records.paid_record import PaidRecord
from cardservice.records.standing import CardStanding, CardStatus
from cardservice.records.verifiers import VerifierKind
from cardservice.verification.answer import Verified
from cardservice.verification.challenge import IssuedChallenge, Question, issue_challenge
from cardservice.verification.disclosure import VerificationPurpose
from cardservice.verification.presentation import Presentation
from cardservice.verification.verify import Means, verify
from hsm.client.key_faces import KeyFaces
from hsm.in_process import InProcessKeys
from hsm.stores.key_generation import WELL_KNOWN_TRANSPORT_MASTER
from tests.card_edge.dialogues.bureau import Bureau
from tests.coverage.rules_2026 import PACKS_2026
from tests.credentials.signing import CA_SIGNER
from tests.hsm.running import SetClock
from tests.records import rows

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # 15:00 in Jakarta
TODAY = date(2026, 11, 23)
HEALTH, TRANSPORT, COUNTER = 0x01, 0x10, 0x70
SECTORS = (HEALTH, TRANSPORT, COUNTER)
ISSUER = "https://kartu.example"
BOTH_PROGRAMMES = frozenset({Programme.JKK, Programme.JKM})

_Result = TypeVar("_Result")


def paid(first: str | None, last: str | None, *, arrived_at: datetime | None = None, **more: Any) -> PaidRecord:
    """JKK and JKM paid from one month to another ("2026-01"), in time or by money of one moment; None is joined and never paid."""
    months = PaidMonths()
    if first is not None and last is not None:
        months = PaidMonths((PaidSpan(ContributionMonth.parse(first), ContributionMonth.parse(last), arrived_at),))
    known = {"programmes": BOTH_PROGRAMMES, "work_sector": WorkSector.OTHER, "payer": Payer.SELF} | more
    return PaidRecord(paid=dict.fromkeys(sorted(known["programmes"]), months), **known)


COVERED = paid("2026-01", "2026-11")


@dataclass(frozen=True)
class IssuedCard:
    """A card as it left the bureau: its chip, and what the records know of it."""

    number: int
    chip: Chip
    kdd: bytes
    points: Mapping[int, bytes]
    faces: Mapping[int, bytes]
    proofs: Mapping[int, bytes]

    def insert(self) -> VirtualCard:
        """In a reader of our own; what happens to it there stays there."""
        return VirtualCard(Image(self.chip), entropy=random.Random(f"card {self.number}").randbytes)

    def clone(self) -> VirtualCard:
        """What a thief makes of everything that can be read."""
        entropy = random.Random(f"thief {self.number}").randbytes
        return VirtualCard(clone_readable(Image(self.chip), entropy), entropy=entropy)


def new_keys(clock: SetClock) -> InProcessKeys:
    """The same keys in every run."""
    return InProcessKeys.with_new_keys(clock=clock, monotonic=monotonic, randomness=random.Random(2026).randbytes)


def issue_card(keys: KeyFaces, number: int, *, proof_days: int = 35, at: datetime = NOW) -> IssuedCard:
    """Personalize a blank card with real cover proofs, without records."""
    bureau = _CoverProofBureau(
        keys.card_keys,
        CA_SIGNER.private_key,
        random.Random(f"bureau {number}").randbytes,
        Plan(_PIV_OBJECTS, SECTORS, b"271828", b"31415926"),
    )
    bureau.signing, bureau.number, bureau.at, bureau.proof_days = keys, number, at, proof_days
    entropy = random.Random(f"card {number}").randbytes
    card = VirtualCard(blank_chip(entropy=entropy, transport_master=WELL_KNOWN_TRANSPORT_MASTER), entropy=entropy)
    done = bureau.personalize(card)
    proofs = done.credentials.cover_proofs
    return IssuedCard(number, card.image.chip, done.chip.kdd, done.public_keys.sectors, bureau.faces, proofs)


_PIV_OBJECTS = {
    CHUID.tag: Chuid(bytes(range(16)), date(2031, 11, 22)).encode(),
    DISCOVERY.tag: bytes.fromhex("4F0BA0000003080000100001005F2F024000"),
    KEY_HISTORY.tag: KeyHistory().encode(),
    PRINTED_INFORMATION.tag: bytes.fromhex("0104") + b"SARI" + bytes.fromhex("FE00"),
}


@dataclass
class _CoverProofBureau(Bureau):
    """The bureau of the dialogues' tests, but with cover proofs that the scheme signed."""

    faces: dict[int, bytes] = field(default_factory=dict)
    number: int = field(default=0, init=False)
    proof_days: int = field(default=35, init=False)
    at: datetime = field(default=NOW, init=False)
    signing: KeyFaces = field(init=False)

    def _certify(self, chip: ChipFacts, public_keys: CardPublicKeys) -> Credentials:
        given = super()._certify(chip, public_keys)
        return Credentials(
            given.certificates,
            {sector: self._proof(sector, point) for sector, point in public_keys.sectors.items()},
        )

    def _proof(self, sector: int, point: bytes) -> bytes:
        subject = rows.identifier("member", self.number).encode()
        self.faces[sector] = self.signing.pseudonyms.pseudonym(sector, subject)
        claims = CoverClaims(
            issuer=cover_proof.ISSUER,
            subject=self.faces[sector],
            issued_at=self.at,
            expires_at=self.at + timedelta(days=self.proof_days),
            card_key=point,
            status_list=0,
            status_index=100 * self.number + sector,
            paid_through={1: 202611, 2: 202611},
            rule_pack=1,
            assurance=2,
        )
        return cover_proof.issue(self.signing.signer(Purpose.COVER_PROOF), claims)


def take_in(database: Database, number: int, kind: VerifierKind, sector: int) -> str:
    """Register a verifier; its secret."""
    with database.begin() as connection:
        return register(
            connection,
            verifier_id=rows.identifier("verifier", number),
            name=f"Klinik {number}",
            kind=kind,
            sector=sector,
            random_octets=random.Random(f"secret {number}").randbytes(32),
            at=NOW,
        ).secret


def hand_over(database: Database, card: IssuedCard, record: PaidRecord = COVERED) -> None:
    """Write into the records what issuance writes, up to ACTIVE."""
    with database.begin() as connection:
        bound = rows.bind_card(connection, card.number, card.kdd)
        for sector in SECTORS:
            face = CardStanding(
                card_id=bound.card_id,
                sector=sector,
                face=card.faces[sector],
                key_thumbprint=thumbprint.digest(card.points[sector]),
                key_point=card.points[sector],
                member_id=bound.member_id,
                life_cycle=CardState.BOUND,
                status=CardStatus.INVALID,
                paid=record,
                status_list=0,
                status_index=100 * card.number + sector,
                updated_at=NOW,
            )
            standing.add(connection, face)
        cards.set_state(connection, bound.card_id, CardState.BOUND, CardState.PERSONALIZED, NOW)
        cards.set_state(connection, bound.card_id, CardState.PERSONALIZED, CardState.ACTIVE, NOW)


@dataclass
class World:
    """Keys, records and a clock, and the moves of the people in it."""

    url: str
    keys: InProcessKeys
    clock: SetClock
    runner: asyncio.Runner
    store: VerificationStore
    payments: PaymentStore
    randomness: random.Random = field(default_factory=lambda: random.Random(1))

    @cached_property
    def database(self) -> Database:
        return open_database(self.url)

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return self.runner.run(work)

    @property
    def means(self) -> Means:
        async def sign(token: EligibilityToken) -> str:
            return await eligibility_token.issue(self.keys.awaited_signer(Purpose.ELIGIBILITY_TOKEN), token)

        async def proof_keys() -> Any:
            return self.keys.verifying_keys(Purpose.COVER_PROOF)

        return Means(self.store, sign, proof_keys, ISSUER, PACKS_2026, self.randomness.randbytes)

    def register(self, number: int, kind: VerifierKind = VerifierKind.HEALTH_FACILITY, sector: int = HEALTH) -> str:
        return take_in(self.database, number, kind, sector)

    def caller(self, secret: str) -> Caller:
        with self.database.read() as connection:
            return authenticate(connection, secret, self.clock())

    def hand_over(self, card: IssuedCard, record: PaidRecord = COVERED) -> None:
        hand_over(self.database, card, record)

    def move(self, card: IssuedCard, before: CardState, after: CardState) -> None:
        with self.database.begin() as connection:
            cards.set_state(connection, rows.identifier("card", card.number), before, after, self.clock())

    def pay(self, card: IssuedCard, record: PaidRecord) -> None:
        with self.database.begin() as connection:
            standing.set_paid(connection, rows.identifier("member", card.number), record, self.clock())

    def trail(self) -> list[AuditEvent]:
        """Every audit event of a verification, in order of time."""
        with self.database.read() as connection:
            kept = [
                each.event
                for chain in range(audit_events.CHAINS)
                for each in audit_events.stream(connection, chain)
                if each.event.kind.startswith("verification.")
            ]
        return sorted(kept, key=lambda event: event.at)

    def ask(
        self,
        asker: Caller,
        *,
        terminal: str = "T-1",
        purpose: VerificationPurpose = VerificationPurpose.TREATMENT,
        programme: Programme = Programme.JKK,
        day: date | None = None,
        event_at: datetime | None = None,
    ) -> IssuedChallenge:
        question = Question(terminal, purpose, programme, day, event_at)
        issuing = issue_challenge(
            question, asker, store=self.store, now=self.clock(), randomness=self.randomness.randbytes
        )
        return self.run(issuing)

    def verify(self, presentation: Presentation, asker: Caller) -> Verified:
        return self.run(verify(presentation, asker, means=self.means, now=self.clock()))


def tap(card: VirtualCard, challenge: IssuedChallenge, *, sector: int | None = None) -> Presence:
    """What a terminal does with a challenge and a card."""
    card.reset()
    return run(prove_presence(sector or challenge.sector, challenge.challenge_id, challenge.digest), card)


def presented(challenge: IssuedChallenge, presence: Presence, **changed: Any) -> Presentation:
    """What the terminal sends after a tap."""
    fields: dict[str, Any] = {
        "handle": challenge.handle,
        "terminal_id": "T-1",
        "purpose": VerificationPurpose.TREATMENT,
        "sector": presence.sector,
        "cover_proof": presence.cover_proof,
        "signature": presence.signature,
    }
    return Presentation(**fields | changed)


@contextmanager
def open_world(url: str, keys: InProcessKeys, clock: SetClock) -> Iterator[World]:
    """A world over one migrated database; its clock stands at NOW."""
    clock.time = NOW
    with asyncio.Runner() as runner:
        store, payments = runner.run(open_verification_store(url)), runner.run(open_payment_store(url))
        world = World(url, keys, clock, runner, store, payments)
        try:
            yield world
        finally:
            runner.run(store.close())
            runner.run(payments.close())
            world.database.close()
