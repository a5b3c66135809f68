# SPDX-License-Identifier: Apache-2.0
"""With the line down the card alone answers: what its proof says, while it is here, and nothing for a copy of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.factory import clone_readable
from cardservice.card_edge.errors import TapNotProven
from cardservice.coverage.decision import CoverState, Reason
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.coverage.programme import Programme
from cardservice.credentials.errors import ProofRefused
from cardservice.keys import Purpose
from reader_tools.desk import offline
from reader_tools.desk.errors import RulePacksOlder
from reader_tools.desk.offline import OfflineAnswer, verify_offline
from reader_tools.desk.online import Question
from tests.coverage.rules_2026 import PACKS_2026
from tests.issuance.counter import Counter

Ask = Callable[..., OfflineAnswer]


def made(counter: Counter, ref: str) -> VirtualCard:
    card = counter.blank_card()
    counter.personalize(counter.approved_order(ref), card)
    card.reset()
    return card


@pytest.fixture
def ask(counter: Counter) -> Ask:
    def asking(
        card: object,
        programme: Programme = Programme.JKK,
        later: timedelta = timedelta(),
        event_at: datetime | None = None,
    ) -> OfflineAnswer:
        return verify_offline(
            card,  # type: ignore[arg-type] # whatever the test calls a card
            Question("loket-1", "treatment", programme, event_at=event_at),
            sector=0x01,
            desk_name="klinik",
            keys=[counter.bureau.keys.signer(Purpose.COVER_PROOF).verifying_key],
            packs=PACKS_2026,
            entropy=counter.bureau.entropy,
            now=counter.bureau.now() + later,
        )

    return asking


def test_a_member_who_pays_is_covered(counter: Counter, ask: Ask) -> None:
    decision = ask(made(counter, "P-0001")).decision
    assert decision.state is CoverState.ACTIVE


def test_a_member_in_grace_is_covered_and_it_shows(counter: Counter, ask: Ask) -> None:
    decision = ask(made(counter, "P-0003")).decision
    assert decision.state is CoverState.GRACE


def test_a_lapsed_member_is_not_covered(counter: Counter, ask: Ask) -> None:
    decision = ask(made(counter, "P-0002")).decision
    assert decision.reason is Reason.LAPSED


def test_a_member_who_never_paid_is_not_covered_and_the_card_does_not_guess(counter: Counter, ask: Ask) -> None:
    decision = ask(made(counter, "P-0004")).decision
    assert decision.reason is Reason.NOT_STATED


def test_off_line_an_event_is_judged_at_its_moment_and_a_day_before_the_proof_is_not_told(
    counter: Counter, ask: Ask
) -> None:
    card, issued = made(counter, "P-0001"), counter.bureau.now()
    assert ask(card, later=timedelta(days=1), event_at=issued + timedelta(hours=1)).covered
    card.reset()
    before = ask(card, event_at=issued - timedelta(days=40)).decision
    assert before.reason is Reason.NOT_STATED


def test_a_proof_is_good_for_35_days_and_no_longer(counter: Counter, ask: Ask) -> None:
    card = made(counter, "P-0001")
    assert ask(card, later=timedelta(days=34)).covered
    card.reset()
    with pytest.raises(ProofRefused):
        ask(card, later=timedelta(days=36))


def test_a_copy_of_everything_readable_is_refused(counter: Counter, ask: Ask) -> None:
    thief = VirtualCard(clone_readable(made(counter, "P-0001").image, counter.bureau.entropy))
    with pytest.raises(TapNotProven):
        ask(thief)


class Recorded:
    """A card that answers what another one answered before."""

    def __init__(self, card: VirtualCard) -> None:
        self.card = card
        self.heard: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        answer = self.card.transmit(command)
        self.heard.append(answer)
        return answer

    def replay(self) -> "Replaying":
        return Replaying(self.heard)


class Replaying:
    def __init__(self, heard: list[bytes]) -> None:
        self.heard = list(heard)

    def transmit(self, _: bytes) -> bytes:
        return self.heard.pop(0)


def test_a_recorded_tap_is_refused(counter: Counter, ask: Ask) -> None:
    recorded = Recorded(made(counter, "P-0001"))
    assert ask(recorded).covered
    with pytest.raises(TapNotProven):
        ask(recorded.replay())


def test_sabotage_without_the_tap_check_the_copy_gets_in(
    counter: Counter, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    thief = VirtualCard(clone_readable(made(counter, "P-0001").image, counter.bureau.entropy))
    monkeypatch.setattr(offline, "verify_tap", lambda *_: None)
    assert ask(thief).covered


def test_a_proof_of_another_scheme_is_refused(counter: Counter) -> None:
    card = made(counter, "P-0001")
    with pytest.raises(ProofRefused):
        verify_offline(
            card,
            Question("loket-1", "treatment", Programme.JKK),
            sector=0x01,
            desk_name="klinik",
            keys=[counter.bureau.keys.signer(Purpose.ELIGIBILITY_TOKEN).verifying_key],
            packs=PACKS_2026,
            entropy=counter.bureau.entropy,
            now=counter.bureau.now(),
        )


def of_number(number: int) -> PacksInForce:
    (pack,) = PACKS_2026.packs
    return PacksInForce.of([replace(pack, rules=replace(pack.rules, number=number))])


def test_rules_that_are_older_than_the_proof_decide_nothing(counter: Counter) -> None:
    """Whoever takes the newest pack out of a desk's folder brings the earlier rules back: the proof, which the scheme signed, names the pack it went by."""
    card = made(counter, "P-0001")

    def decided(packs: PacksInForce) -> OfflineAnswer:
        card.reset()
        return verify_offline(
            card,
            Question("loket-1", "treatment", Programme.JKK),
            sector=0x01,
            desk_name="klinik",
            keys=[counter.bureau.keys.signer(Purpose.COVER_PROOF).verifying_key],
            packs=packs,
            entropy=counter.bureau.entropy,
            now=counter.bureau.now(),
        )

    assert decided(of_number(1)).covered
    assert decided(of_number(2)).covered
    with pytest.raises(RulePacksOlder) as refused:
        decided(of_number(0))
    assert (refused.value.evidence["number"], refused.value.evidence["proof_number"]) == (0, 1)
