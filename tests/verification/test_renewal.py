# SPDX-License-Identifier: Apache-2.0
"""After a tap a verifier's desk relays a new cover proof: its own sector's, only where the books say more, and safe wherever it is torn."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.errors import CardTorn
from applets.virtual.tear import Tear, TearMode
from cardservice.card_edge.apdu import ResponseApdu
from cardservice.card_edge.dialogue import perform, run
from cardservice.card_edge.dialogues.prove_presence import prove_presence
from cardservice.card_edge.script import Script
from cardservice.card_edge.sector.aid import sector_aid
from cardservice.credentials import cover_proof
from cardservice.issuance.bureau import Bureau
from cardservice.issuance.refresh import STEP
from cardservice.issuance.relayed_refresh import Renewed
from cardservice.keys import Purpose
from cardservice.partnership.caller import Caller
from cardservice.records import audit_events, cover_proofs, journal
from cardservice.records.card_state import CardState
from cardservice.records.journal import Phase
from cardservice.records.verifiers import VerifierKind
from cardservice.verification import renewal
from cardservice.verification.answer import Verified
from cardservice.verification.disclosure import VerificationPurpose
from cardservice.verification.errors import RenewalRefused
from cardservice.verification.renewal import renew
from tests.coverage.rules_2026 import PACKS_2026
from tests.records import rows
from tests.verification.world import HEALTH, SECTORS, TRANSPORT, IssuedCard, World, paid, presented, tap

PAID_AHEAD = paid("2026-01", "2027-08")
CARD = rows.identifier("card", 1)


def bureau(world: World) -> Bureau:
    return Bureau(world.database, world.keys, world.clock, world.randomness.randbytes, PACKS_2026)


def verified(
    world: World, card: VirtualCard, asker: Caller, purpose: VerificationPurpose = VerificationPurpose.TREATMENT
) -> Verified:
    challenge = world.ask(asker, purpose=purpose)
    return world.verify(presented(challenge, tap(card, challenge), purpose=purpose), asker)


def said_by(world: World, card: VirtualCard, sector: int = HEALTH) -> dict[int, int]:
    """What the proof in the card says is paid; it must be ours and good."""
    card.reset()
    proof = run(prove_presence(sector, b"walk", bytes(32)), card).cover_proof
    keys = world.keys.verifying_keys(Purpose.COVER_PROOF)
    return dict(cover_proof.verify(proof, keys=keys, issuer=cover_proof.ISSUER, now=world.clock()).claims.paid_through)


def relay(world: World, card: VirtualCard, asker: Caller, receipt: str) -> tuple[Renewed, list[Script]]:
    """A desk that does as it is told; each step finds another worker, for nothing is handed from one to the next."""
    sent: list[Script] = []
    answers: list[ResponseApdu] = []
    while True:
        step = renew(receipt, answers, asker, bureau=bureau(world))
        if isinstance(step, Renewed):
            return step, sent
        sent.append(step)
        answers += perform(step, card)


@pytest.fixture
def clinic(world: World, sari: IssuedCard) -> Caller:
    world.hand_over(sari)
    return world.caller(world.register(1))


def test_what_was_paid_is_on_the_card_after_the_next_tap(either_world: World, sari: IssuedCard) -> None:
    world, card = either_world, sari.insert()
    world.hand_over(sari)
    clinic = world.caller(world.register(1))
    assert verified(world, card, clinic).stale is None
    world.pay(sari, PAID_AHEAD)
    told = verified(world, card, clinic)
    assert told.stale is not None
    done, sent = relay(world, card, clinic, told.receipt.receipt_id)
    assert (done, len(sent), sum(script.apdus for script in sent)) == (Renewed(written=True), 2, 5)
    assert said_by(world, card) == {1: 202708, 2: 202708}
    assert verified(world, card, clinic).stale is None


def test_a_verifier_renews_its_own_sector_and_hears_of_no_other(world: World, sari: IssuedCard) -> None:
    card = sari.insert()
    world.hand_over(sari)
    bus = world.caller(world.register(5, VerifierKind.TRANSPORT, TRANSPORT))
    world.pay(sari, PAID_AHEAD)
    told = verified(world, card, bus, VerificationPurpose.FARE)
    _, sent = relay(world, card, bus, told.receipt.receipt_id)
    assert [said_by(world, card, sector)[1] for sector in SECTORS] == [202611, 202708, 202611]
    octets = b"".join(step.command.encode() for script in sent for step in script.steps)
    assert sector_aid(TRANSPORT) in octets
    assert all(sector_aid(other) not in octets for other in SECTORS if other != TRANSPORT)


def test_a_good_proof_is_left_and_nothing_is_signed(world: World, clinic: Caller, sari: IssuedCard) -> None:
    card = sari.insert()
    told = verified(world, card, clinic)
    done, sent = relay(world, card, clinic, told.receipt.receipt_id)
    assert (done, len(sent)) == (Renewed(written=False), 1)
    with world.database.read() as connection:
        assert cover_proofs.latest(connection, CARD, HEALTH) is None
        assert journal.of_card(connection, CARD) == ()


def test_intent_outcome_and_audit_once_however_often_a_step_is_asked_again(
    world: World, clinic: Caller, sari: IssuedCard
) -> None:
    """The line drops answers: every call is made twice."""
    card = sari.insert()
    world.pay(sari, PAID_AHEAD)
    receipt = verified(world, card, clinic).receipt.receipt_id
    answers: list[ResponseApdu] = []
    for _ in range(2):
        first = renew(receipt, answers, clinic, bureau=bureau(world))
        step = renew(receipt, answers, clinic, bureau=bureau(world))
        assert isinstance(step, Script)
        assert step == first
        answers += perform(step, card)
    assert renew(receipt, answers, clinic, bureau=bureau(world)) == Renewed(written=True)
    assert renew(receipt, answers, clinic, bureau=bureau(world)) == Renewed(written=True)
    with world.database.read() as connection:
        lines = [(line.phase, line.step) for line in journal.of_card(connection, CARD)]
        latest = cover_proofs.latest(connection, CARD, HEALTH)
        events = [each.event.detail for each in audit_events.of_card(connection, CARD)]
    assert lines == [(Phase.INTENT, STEP), (Phase.OUTCOME, STEP)]
    assert latest is not None
    assert latest.generation == 1
    assert events.count({"01": "paid-through"}) == 1


def test_the_same_call_eight_times_at_once_leaves_one_renewal(either_world: World, sari: IssuedCard) -> None:
    world, card = either_world, sari.insert()
    world.hand_over(sari)
    clinic = world.caller(world.register(1))
    world.pay(sari, PAID_AHEAD)
    receipt = verified(world, card, clinic).receipt.receipt_id
    first = renew(receipt, (), clinic, bureau=bureau(world))
    assert isinstance(first, Script)
    answers = perform(first, card)

    def call(_: int) -> Script | Renewed | RenewalRefused:
        try:
            return renew(receipt, answers, clinic, bureau=bureau(world))
        except RenewalRefused as crossed:
            return crossed

    with ThreadPoolExecutor(8) as people:
        told = list(people.map(call, range(8)))
    went_on = [each for each in told if isinstance(each, Script)]
    assert went_on
    assert len(went_on) + sum(isinstance(each, RenewalRefused) for each in told) == 8
    step = renew(receipt, answers, clinic, bureau=bureau(world))
    assert isinstance(step, Script)
    assert renew(receipt, [*answers, *perform(step, card)], clinic, bureau=bureau(world)) == Renewed(written=True)
    assert said_by(world, card)[1] == 202708
    with world.database.read() as connection:
        outcomes = [line for line in journal.of_card(connection, CARD) if line.phase is Phase.OUTCOME]
    assert len(outcomes) == 1


@pytest.mark.parametrize("mode", [TearMode.BEFORE, TearMode.AFTER, TearMode.WRITE])
def test_torn_anywhere_the_card_has_the_old_proof_or_the_new_one(
    world: World, clinic: Caller, sari: IssuedCard, mode: TearMode
) -> None:
    world.pay(sari, PAID_AHEAD)
    for place in range(1, 7):
        card = sari.insert()
        receipt = verified(world, card, clinic).receipt.receipt_id
        card.reset()
        card.image.arm(Tear(mode, place))
        try:
            relay(world, card, clinic, receipt)
        except CardTorn:
            card.image.arm(None)
            assert said_by(world, card)[1] in {202611, 202708}
            receipt = verified(world, card, clinic).receipt.receipt_id
            relay(world, card, clinic, receipt)
        card.image.arm(None)
        assert said_by(world, card) == {1: 202708, 2: 202708}


def refused(world: World, asker: Caller, receipt: str, answers: Sequence[ResponseApdu] = ()) -> str:
    with pytest.raises(RenewalRefused) as refusal:
        renew(receipt, answers, asker, bureau=bureau(world))
    return str(refusal.value.evidence["rule"])


def test_a_receipt_is_good_for_its_own_verifier_for_a_minute_while_the_card_is_in_use(
    world: World, clinic: Caller, sari: IssuedCard
) -> None:
    card, other = sari.insert(), world.caller(world.register(2))
    receipt = verified(world, card, clinic).receipt.receipt_id
    assert refused(world, clinic, "0" * 32) == "receipt"
    assert refused(world, other, receipt) == "receipt"
    world.clock.time += timedelta(seconds=60)
    assert refused(world, clinic, receipt) == "age"
    receipt = verified(world, card, clinic).receipt.receipt_id
    world.move(sari, CardState.ACTIVE, CardState.SUSPENDED)
    assert refused(world, clinic, receipt) == "state"


def test_answers_that_are_not_this_cards_put_nothing_down_as_done(
    world: World, clinic: Caller, sari: IssuedCard
) -> None:
    world.pay(sari, PAID_AHEAD)
    receipt = verified(world, sari.insert(), clinic).receipt.receipt_id
    step = renew(receipt, (), clinic, bureau=bureau(world))
    assert isinstance(step, Script)
    selected, updated = perform(step, sari.insert())
    wrong = replace(updated, data=updated.data[:-4] + bytes(4))
    for answers in ([selected, wrong], [selected], [selected, ResponseApdu(b"", 0x6A82)], [selected, updated] * 3):
        assert refused(world, clinic, receipt, answers).startswith("card-")
    with world.database.read() as connection:
        latest = cover_proofs.latest(connection, CARD, HEALTH)
        phases = [line.phase for line in journal.of_card(connection, CARD)]
    # Only the last of them, which began as the right card does, came as far as an intent; nothing was put down as done.
    assert latest is not None
    assert phases == [Phase.INTENT]


def test_a_card_that_says_it_took_the_proof_and_has_not_is_not_believed(
    world: World, clinic: Caller, sari: IssuedCard
) -> None:
    card = sari.insert()
    world.pay(sari, PAID_AHEAD)
    receipt = verified(world, card, clinic).receipt.receipt_id
    answers: list[ResponseApdu] = []
    for _ in range(2):
        step = renew(receipt, answers, clinic, bureau=bureau(world))
        assert isinstance(step, Script)
        answers += perform(step, card)
    forged = [*answers[:-1], answers[0]]  # the old proof read back
    assert refused(world, clinic, receipt, forged) == "card-response-unexpected"
    unproven = [*answers[:3], ResponseApdu(b"", 0x9000), answers[4]]  # no R-MAC
    assert refused(world, clinic, receipt, unproven) == "card-secure-messaging-broken"


def test_without_the_check_of_the_receipt_anybody_could_write(
    world: World, clinic: Caller, sari: IssuedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage control: the age is what ends a receipt's power."""
    receipt = verified(world, sari.insert(), clinic).receipt.receipt_id
    world.clock.time += timedelta(days=1)
    monkeypatch.setattr(renewal, "_fresh", lambda *_: True)
    assert isinstance(renew(receipt, (), clinic, bureau=bureau(world)), Script)


def test_a_host_challenge_of_the_desks_own_would_be_seen(
    world: World, clinic: Caller, sari: IssuedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sabotage control: one challenge for all visits, and what a card once said opens its channel again without the card."""
    card = sari.insert()
    world.pay(sari, PAID_AHEAD)
    first = verified(world, card, clinic).receipt.receipt_id
    step = renew(first, (), clinic, bureau=bureau(world))
    assert isinstance(step, Script)
    recorded = perform(step, card)
    second = verified(world, card, clinic).receipt.receipt_id
    assert refused(world, clinic, second, recorded) == "card-not-authentic"
    monkeypatch.setattr(renewal, "sha256", lambda _: ONE_CHALLENGE)
    third = renew(first, (), clinic, bureau=bureau(world))
    assert isinstance(third, Script)
    recorded = perform(third, card)
    assert isinstance(renew(second, recorded, clinic, bureau=bureau(world)), Script)


class _Same:
    def digest(self) -> bytes:
        return bytes(32)


ONE_CHALLENGE = _Same()
