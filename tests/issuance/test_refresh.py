# SPDX-License-Identifier: Apache-2.0
"""Paid, then tapped anywhere: the next contact with a counter rewrites the cover proofs, and off line the card shows the new month."""

import random
from datetime import timedelta

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.errors import CardTorn
from applets.virtual.tear import Tear, TearMode
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.prove_presence import prove_presence
from cardservice.card_edge.script import Script
from cardservice.collection.credit import credit_payment
from cardservice.coverage.programme import Programme
from cardservice.credentials import cover_proof
from cardservice.issuance import refresh as refresh_module
from cardservice.issuance.errors import CardNotLive, ChipNotInStock
from cardservice.issuance.refresh import Refresh, RefreshedCard, Stale, stale
from cardservice.issuance.void import void_card
from cardservice.keys import Purpose
from cardservice.records import audit_events, cards, journal, members, standing
from cardservice.records.canonical_json import Json
from cardservice.records.journal import Phase
from cardservice.records.payments import Channel, PaymentRow
from cardservice.records.standing import CardStanding
from cardservice.verification.disclosure import VerificationPurpose
from reader_tools.desk.offline import OfflineAnswer, verify_offline
from reader_tools.desk.online import Question
from tests.coverage.rules_2026 import PACKS_2026, RULES_2026
from tests.issuance.counter import Counter, chip_serial

SECTORS = (0x01, 0x10, 0x70)
MEMBER = "P-0001"


def made(counter: Counter) -> VirtualCard:
    card = counter.blank_card()
    counter.personalize(counter.approved_order(MEMBER), card)
    card.reset()
    return card


def refreshed(counter: Counter, card: VirtualCard) -> tuple[RefreshedCard, list[Script]]:
    scripts: list[Script] = []
    card.reset()
    return run(Refresh(counter.bureau).dialogue(), card, on_script=scripts.append), scripts


def pay(counter: Counter, card: VirtualCard, rupiah: int) -> None:
    serial = chip_serial(card)
    with counter.bureau.database.begin() as connection:
        row = cards.find_by_chip_serial(connection, serial)
        assert row is not None
        assert row.member_id is not None
        at = counter.bureau.now()
        payer = members.get(connection, row.member_id).payer
        number = counter.bureau.identifier()
        credited = credit_payment(
            connection,
            PaymentRow(row.member_id, number, "BCA", number, Channel.VIRTUAL_ACCOUNT, payer, rupiah, at, at, []),
            rules=RULES_2026,
        )
        audit_events.append(connection, [credited.event])


def on_card(counter: Counter, card: VirtualCard) -> dict[int, dict[int, int]]:
    """What each sector's proof says is paid; every one must be ours and good."""
    keys = [counter.bureau.keys.signer(Purpose.COVER_PROOF).verifying_key]
    said = {}
    for sector in SECTORS:
        card.reset()
        presence = run(prove_presence(sector, b"walk", bytes(32)), card)
        proof = cover_proof.verify(presence.cover_proof, keys=keys, issuer="kjs", now=counter.bureau.now())
        said[sector] = dict(proof.claims.paid_through)
    return said


def off_line(counter: Counter, card: VirtualCard, months_ahead: int) -> OfflineAnswer:
    at = counter.bureau.now()
    card.reset()
    return verify_offline(
        card,
        Question("T-1", VerificationPurpose.TREATMENT, Programme.JKK, (at + timedelta(days=31 * months_ahead)).date()),
        sector=0x01,
        desk_name="desk",
        keys=[counter.bureau.keys.signer(Purpose.COVER_PROOF).verifying_key],
        entropy=random.Random(1).randbytes,
        now=at,
        packs=PACKS_2026,
    )


def test_what_was_paid_is_on_the_card_at_its_next_visit(either_counter: Counter) -> None:
    counter = either_counter
    card = made(counter)
    before = on_card(counter, card)
    pay(counter, card, 12 * 200_000)
    assert on_card(counter, card) == before  # off line it can't know

    done, scripts = refreshed(counter, card)
    assert dict(done.written) == dict.fromkeys(SECTORS, Stale.PAID_THROUGH)
    assert [script.title for script in scripts] == [
        "look at the chip",
        "see the cover proofs",
        "write cover proofs, read back",
    ]
    after = on_card(counter, card)
    for sector in SECTORS:
        assert after[sector][1] > before[sector][1]

    again, scripts = refreshed(counter, card)
    assert dict(again.written) == {}
    assert len(scripts) == 2


def test_off_line_shows_the_new_month(counter: Counter) -> None:
    card = made(counter)
    assert not off_line(counter, card, 8).covered
    pay(counter, card, 12 * 200_000)
    refreshed(counter, card)
    assert off_line(counter, card, 8).covered


def test_intent_outcome_and_audit_are_on_record(counter: Counter) -> None:
    card = made(counter)
    pay(counter, card, 200_000)
    done, _ = refreshed(counter, card)
    with counter.bureau.database.read() as connection:
        lines = journal.of_card(connection, done.card_id)
        events = audit_events.of_card(connection, done.card_id)
    own = [(line.phase, line.detail) for line in lines if line.step == refresh_module.STEP]
    why: Json = {"01": "paid-through", "10": "paid-through", "70": "paid-through"}
    assert own[0] == (Phase.INTENT, why)
    assert [phase for phase, _ in own] == [Phase.INTENT, Phase.OUTCOME]
    assert [each.event.detail for each in events if each.event.kind == "card.refreshed"] == [why]


def test_why_a_proof_is_stale(counter: Counter) -> None:
    card = made(counter)
    done, _ = refreshed(counter, card)
    with counter.bureau.database.read() as connection:
        face = standing.get(connection, done.card_id, 0x10)
        other = standing.get(connection, done.card_id, 0x70)
    card.reset()
    proof = run(prove_presence(0x10, b"walk", bytes(32)), card).cover_proof
    keys, at = [counter.bureau.keys.signer(Purpose.COVER_PROOF).verifying_key], counter.bureau.now()

    def why(octets: bytes = proof, of: CardStanding = face, pack: int = 1, days: int = 0) -> Stale | None:
        return stale(octets, of, keys=keys, rule_pack=pack, at=at + timedelta(days=days))

    assert why() is None
    assert why(days=20) is None
    assert why(days=22) is Stale.ENDS_SOON
    assert why(days=400) is Stale.ENDS_SOON
    assert why(pack=2) is Stale.RULES
    assert why(of=other) is Stale.NOT_OURS
    for octets in (b"", proof[:-1], proof[:-1] + bytes([proof[-1] ^ 1])):
        assert why(octets) is Stale.NOT_OURS
    assert stale(proof, face, keys=[], rule_pack=1, at=at) is Stale.NOT_OURS


@pytest.mark.parametrize("mode", [TearMode.BEFORE, TearMode.AFTER])
def test_torn_at_any_apdu_the_card_has_old_or_new_proofs_and_is_finished(counter: Counter, mode: TearMode) -> None:
    card = made(counter)
    old = on_card(counter, card)
    pay(counter, card, 12 * 200_000)
    place, torn = 0, True
    new: dict[int, dict[int, int]] | None = None
    while torn:
        place += 1
        card.reset()
        card.image.arm(Tear(mode, place))
        try:
            run(Refresh(counter.bureau).dialogue(), card)
        except CardTorn:
            torn = True
        else:
            torn = False
        card.image.arm(None)
        now = on_card(counter, card)
        for sector in SECTORS:
            assert now[sector] == old[sector] or now[sector][1] > old[sector][1]
        new = now
    assert place > 10
    assert new is not None
    assert all(new[sector][1] > old[sector][1] for sector in SECTORS)


def test_torn_inside_any_write_the_old_object_is_left(counter: Counter) -> None:
    card = made(counter)
    old = on_card(counter, card)
    pay(counter, card, 12 * 200_000)
    tears = 0
    for place in range(1, 12):
        card.reset()
        card.image.arm(Tear(TearMode.WRITE, place))
        try:
            run(Refresh(counter.bureau).dialogue(), card)
        except CardTorn:
            tears += 1
        card.image.arm(None)
        said = on_card(counter, card)
        assert all(said[sector] == old[sector] or said[sector][1] > old[sector][1] for sector in SECTORS)
    assert tears > 3
    refreshed(counter, card)
    said = on_card(counter, card)
    assert all(said[sector][1] > old[sector][1] for sector in SECTORS)


def test_a_card_that_is_not_in_use_gets_nothing(counter: Counter) -> None:
    card = made(counter)
    pay(counter, card, 200_000)
    void_card(counter.bureau, chip_serial=chip_serial(card), by="ani", reason="lost")
    with pytest.raises(CardNotLive):
        refreshed(counter, card)


def test_a_chip_that_nobody_knows_gets_nothing(counter: Counter) -> None:
    with pytest.raises(ChipNotInStock):
        refreshed(counter, counter.blank_card(in_stock=False))
