# SPDX-License-Identifier: Apache-2.0
"""Whoever does not prove a card present gets no token, and what was tried is on record."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from applets.virtual.card import VirtualCard
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.prove_presence import Presence, prove_presence
from cardservice.card_edge.sector.tap import tap_digest
from cardservice.partnership.caller import Caller
from cardservice.records import audit_events
from cardservice.records.card_state import CardState
from cardservice.records.verifiers import VerifierKind
from cardservice.verification import challenge as challenge_module
from cardservice.verification import verify as verify_module
from cardservice.verification.challenge import IssuedChallenge
from cardservice.verification.disclosure import VerificationPurpose
from cardservice.verification.errors import (
    CardNotValid,
    ChallengeNotValid,
    CoverProofRefused,
    PresenceRefused,
    PurposeNotOpen,
    TapRefused,
    VerificationError,
)
from cardservice.verification.presentation import Presentation
from tests.records import rows
from tests.verification.world import COUNTER, HEALTH, TRANSPORT, IssuedCard, World, issue_card, presented, tap


@pytest.fixture
def clinic(world: World) -> Caller:
    return world.caller(world.register(1))


@pytest.fixture
def other_clinic(world: World) -> Caller:
    return world.caller(world.register(2))


def refused(world: World, presentation: Presentation, caller: Caller) -> VerificationError:
    """Present, and expect to be refused and put on record without a verification."""
    with pytest.raises(VerificationError) as caught:
        world.verify(presentation, caller)
    return caught.value


def assert_recorded(world: World, error: VerificationError, rule: str) -> None:
    (event,) = world.trail()
    assert event.kind == "verification.refused"
    assert event.card_id is event.member_id is None
    assert (event.detail["outcome"], event.detail["rule"]) == (error.code, rule)
    assert event.detail["receipt_id"] == error.evidence["receipt_id"]


def test_a_clone_of_everything_readable_is_refused(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    challenge = world.ask(clinic)
    error = refused(world, presented(challenge, tap(sari.clone(), challenge)), clinic)
    assert isinstance(error, TapRefused)
    assert_recorded(world, error, "a signature under the sector key")


def test_sabotage_a_cover_proof_accepted_without_the_challenge_lets_the_clone_in(
    world: World, clinic: Caller, sari: IssuedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hand_over(sari)
    challenge = world.ask(clinic)
    monkeypatch.setattr(verify_module, "prove_tap", lambda *_: None)  # the sabotage
    assert world.verify(presented(challenge, tap(sari.clone(), challenge)), clinic)


def test_a_recording_is_refused_with_the_next_challenge(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    first = world.ask(clinic)
    recorded = tap(sari.insert(), first)
    assert world.verify(presented(first, recorded), clinic)
    second = world.ask(clinic)
    assert isinstance(refused(world, presented(second, recorded), clinic), TapRefused)


def test_a_challenge_is_answered_once(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    challenge = world.ask(clinic)
    presentation = presented(challenge, tap(sari.insert(), challenge))
    assert world.verify(presentation, clinic)
    assert refused(world, presentation, clinic).evidence == {"rule": "USED"}


def test_a_refused_presence_uses_the_challenge_up_too(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    challenge = world.ask(clinic)
    presentation = presented(challenge, tap(sari.insert(), challenge))
    refused(world, replace(presentation, signature=bytes(64)), clinic)
    assert refused(world, presentation, clinic).evidence == {"rule": "USED"}


def test_a_challenge_lives_sixty_seconds(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    fresh, late = world.ask(clinic), world.ask(clinic)
    presentations = [presented(challenge, tap(sari.insert(), challenge)) for challenge in (fresh, late)]
    world.clock.time += timedelta(seconds=59.999)
    assert world.verify(presentations[0], clinic)
    world.clock.time += timedelta(seconds=0.001)
    assert refused(world, presentations[1], clinic).evidence == {"rule": "EXPIRED"}


def test_a_challenge_from_the_future_is_refused(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    challenge = world.ask(clinic)
    presentation = presented(challenge, tap(sari.insert(), challenge))
    world.clock.time -= timedelta(minutes=2)  # somebody turned the clock back: the challenge would live on
    assert isinstance(refused(world, presentation, clinic), ChallengeNotValid)


def test_anothers_challenge_is_as_unknown_as_one_that_never_was(
    world: World, clinic: Caller, other_clinic: Caller, sari: IssuedCard
) -> None:
    world.hand_over(sari)
    challenge = world.ask(other_clinic)
    presentation = presented(challenge, tap(sari.insert(), challenge))
    theirs = refused(world, presentation, clinic)
    nobodys = refused(world, replace(presentation, handle="00" * 16), clinic)
    assert isinstance(theirs, ChallengeNotValid)
    assert theirs.evidence == nobodys.evidence == {"rule": "UNKNOWN"}
    assert world.trail() == []
    # And it stays good for its own verifier.
    assert world.verify(presentation, other_clinic)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [({"terminal_id": "T-2"}, "terminal"), ({"purpose": VerificationPurpose.CLAIM}, "purpose")],
)
def test_a_challenge_is_for_its_terminal_and_purpose(
    world: World, clinic: Caller, sari: IssuedCard, changed: dict[str, object], rule: str
) -> None:
    world.hand_over(sari)
    challenge = world.ask(clinic)
    error = refused(world, presented(challenge, tap(sari.insert(), challenge), **changed), clinic)
    assert isinstance(error, ChallengeNotValid)
    assert_recorded(world, error, rule)


def terminal_tap(
    card: VirtualCard,
    challenge: IssuedChallenge,
    caller: Caller,
    terminal: str,
    digest_with: Callable[..., bytes] = tap_digest,
) -> Presence:
    """A terminal that computes H itself, with its own name in it."""
    purpose = VerificationPurpose.TREATMENT.value
    digest = digest_with(caller.verifier_id, terminal, purpose, challenge.nonce, challenge.time)
    card.reset()
    return run(prove_presence(HEALTH, challenge.challenge_id, digest), card)


def test_a_tap_at_another_terminal_is_refused(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    challenge = world.ask(clinic, terminal="T-1")
    relayed = terminal_tap(sari.insert(), challenge, clinic, "T-2")
    error = refused(world, presented(challenge, relayed), clinic)
    assert isinstance(error, TapRefused)


def test_sabotage_a_digest_without_the_terminal_lets_the_relayed_tap_in(
    world: World, clinic: Caller, sari: IssuedCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.hand_over(sari)

    def without_terminal(verifier: str, _: str, purpose: str, nonce: bytes, time: datetime) -> bytes:
        return tap_digest(verifier, "-", purpose, nonce, time)

    monkeypatch.setattr(challenge_module, "tap_digest", without_terminal)  # the sabotage
    challenge = world.ask(clinic, terminal="T-1")
    relayed = terminal_tap(sari.insert(), challenge, clinic, "T-2", without_terminal)
    assert world.verify(presented(challenge, relayed), clinic)


def test_a_terminal_that_computes_the_digest_itself_gets_the_same(
    world: World, clinic: Caller, sari: IssuedCard
) -> None:
    world.hand_over(sari)
    challenge = world.ask(clinic)
    assert world.verify(presented(challenge, terminal_tap(sari.insert(), challenge, clinic, "T-1")), clinic)


FLIPPED: list[tuple[str, Callable[[Presentation], Presentation], type[VerificationError]]] = [
    ("handle", lambda p: replace(p, handle=p.handle[:-1] + ("0" if p.handle[-1] != "0" else "1")), ChallengeNotValid),
    ("terminal", lambda p: replace(p, terminal_id=p.terminal_id + "x"), ChallengeNotValid),
    ("purpose", lambda p: replace(p, purpose=VerificationPurpose.CLAIM), ChallengeNotValid),
    ("sector", lambda p: replace(p, sector=COUNTER), TapRefused),
    ("r", lambda p: replace(p, signature=_flip(p.signature, 0)), TapRefused),
    ("s", lambda p: replace(p, signature=_flip(p.signature, 511)), TapRefused),
    ("short signature", lambda p: replace(p, signature=p.signature[:-1]), TapRefused),
    ("long signature", lambda p: replace(p, signature=p.signature + b"\x00"), TapRefused),
    ("zero signature", lambda p: replace(p, signature=bytes(64)), TapRefused),
    ("empty proof", lambda p: replace(p, cover_proof=b""), CoverProofRefused),
    ("long proof", lambda p: replace(p, cover_proof=p.cover_proof + b"\x00"), CoverProofRefused),
]


def _flip(octets: bytes, bit: int) -> bytes:
    changed = bytearray(octets)
    changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


@pytest.mark.parametrize(("change", "expected"), [each[1:] for each in FLIPPED], ids=[each[0] for each in FLIPPED])
def test_nothing_that_is_presented_may_be_changed(
    world: World,
    clinic: Caller,
    sari: IssuedCard,
    change: Callable[[Presentation], Presentation],
    expected: type[VerificationError],
) -> None:
    world.hand_over(sari)
    challenge = world.ask(clinic)
    presentation = presented(challenge, tap(sari.insert(), challenge))
    assert isinstance(refused(world, change(presentation), clinic), expected)


def test_no_bit_of_the_cover_proof_may_be_changed(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    for bit in range(0, 8 * len(sari.proofs[HEALTH]), 13):
        challenge = world.ask(clinic)
        presentation = presented(challenge, tap(sari.insert(), challenge))
        forged = replace(presentation, cover_proof=_flip(presentation.cover_proof, bit))
        assert isinstance(refused(world, forged, clinic), PresenceRefused)


def test_a_tap_at_another_sector_is_refused(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    # The terminal says so,
    challenge = world.ask(clinic)
    error = refused(world, presented(challenge, tap(sari.insert(), challenge, sector=TRANSPORT)), clinic)
    assert isinstance(error, TapRefused)
    # or lies.
    challenge = world.ask(clinic)
    elsewhere = tap(sari.insert(), challenge, sector=TRANSPORT)
    error = refused(world, presented(challenge, elsewhere, sector=HEALTH), clinic)
    assert isinstance(error, TapRefused)


def test_one_cards_proof_with_anothers_signature_is_refused(
    world: World, clinic: Caller, sari: IssuedCard, budi: IssuedCard
) -> None:
    world.hand_over(sari)
    world.hand_over(budi)
    challenge = world.ask(clinic)
    mine, theirs = tap(sari.insert(), challenge), tap(budi.insert(), challenge)
    mixed = replace(mine, cover_proof=theirs.cover_proof)
    assert isinstance(refused(world, presented(challenge, mixed), clinic), TapRefused)


@pytest.mark.parametrize("state", [CardState.SUSPENDED, CardState.REVOKED])
def test_a_card_that_is_not_active_is_refused_like_an_unknown_one(
    world: World, clinic: Caller, sari: IssuedCard, budi: IssuedCard, state: CardState
) -> None:
    world.hand_over(sari)
    world.move(sari, CardState.ACTIVE, state)
    challenge = world.ask(clinic)
    stopped = refused(world, presented(challenge, tap(sari.insert(), challenge)), clinic)
    assert_recorded(world, stopped, "active")
    # Budi's card is genuine, but was never handed over.
    challenge = world.ask(clinic)
    unknown = refused(world, presented(challenge, tap(budi.insert(), challenge)), clinic)
    assert type(stopped) is type(unknown) is CardNotValid


def test_a_card_that_is_active_again_verifies_again(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    world.move(sari, CardState.ACTIVE, CardState.SUSPENDED)
    world.move(sari, CardState.SUSPENDED, CardState.ACTIVE)
    challenge = world.ask(clinic)
    assert world.verify(presented(challenge, tap(sari.insert(), challenge)), clinic)


def test_an_expired_cover_proof_is_no_reason_to_refuse_online(world: World, clinic: Caller) -> None:
    old = issue_card(world.keys, 3, proof_days=1)
    world.hand_over(old)
    world.clock.time += timedelta(days=7)
    challenge = world.ask(clinic)
    assert world.verify(presented(challenge, tap(old.insert(), challenge)), clinic)


def test_a_verifier_sees_the_name_of_its_own_sector_only(world: World, clinic: Caller, sari: IssuedCard) -> None:
    bus = world.caller(world.register(3, VerifierKind.TRANSPORT, TRANSPORT))
    world.hand_over(sari)
    told = {}
    for caller, purpose in ((clinic, VerificationPurpose.TREATMENT), (bus, VerificationPurpose.FARE)):
        challenge = world.ask(caller, purpose=purpose)
        presence = tap(sari.insert(), challenge)
        told[caller.sector] = world.verify(presented(challenge, presence, purpose=purpose), caller)
    assert told[HEALTH].subject != told[TRANSPORT].subject
    fare = told[TRANSPORT].cover
    assert fare
    assert (fare.until, fare.state, fare.reason, fare.cure) == (None, None, None, None)


@pytest.mark.parametrize(
    ("kind", "sector", "purpose"),
    [
        (VerifierKind.TRANSPORT, TRANSPORT, VerificationPurpose.TREATMENT),
        (VerifierKind.BANK, 0x40, VerificationPurpose.TREATMENT),
        (VerifierKind.HEALTH_FACILITY, HEALTH, VerificationPurpose.COUNTER),
    ],
)
def test_a_purpose_that_is_not_in_the_table_gets_no_challenge(
    world: World, kind: VerifierKind, sector: int, purpose: VerificationPurpose
) -> None:
    caller = world.caller(world.register(4, kind, sector))
    with pytest.raises(PurposeNotOpen):
        world.ask(caller, purpose=purpose)


def test_the_trail_holds_after_all_of_it(world: World, clinic: Caller, sari: IssuedCard) -> None:
    world.hand_over(sari)
    for attempt in range(6):
        challenge = world.ask(clinic)
        card = sari.clone() if attempt % 2 else sari.insert()
        presentation = presented(challenge, tap(card, challenge))
        if attempt % 2:
            refused(world, presentation, clinic)
        else:
            world.verify(presentation, clinic)
    assert [event.kind for event in world.trail()].count("verification.answered") == 3
    with world.database.read() as connection:
        heads = {each.position.chain: each.position.seq for each in audit_events.heads(connection)}
    assert heads[int(rows.identifier("card", 1)[-1], 16)] >= 3
