# SPDX-License-Identifier: Apache-2.0
"""A member who pays while the card lies in the reader, and what an off-line verifier then reads from that card."""

import secrets
from datetime import timedelta

from cardservice import clock
from cardservice.card_edge.dialogue import run
from cardservice.card_edge.dialogues.prove_presence import prove_presence
from cardservice.collection.credit import credit_payment
from cardservice.coverage.programme import Programme
from cardservice.credentials import cover_proof
from cardservice.keys import Purpose
from cardservice.records import audit_events, cards, members
from cardservice.records.payments import Channel, PaymentRow
from hsm.client.key_process import KeyProcess
from reader_tools.desk.offline import verify_offline
from reader_tools.desk.online import Question
from reader_tools.reader import open_card
from tests.coverage.rules_2026 import PACKS_2026, RULES_2026
from tests.reader_tools.cli.desk import Desk

SECTORS = (0x01, 0x10, 0x70)
A_YEAR = 12 * 200_000  # rupiah; more than twelve months of anybody in the example's list


def pay(desk: Desk, chip_serial: str, rupiah: int = A_YEAR) -> None:
    """Money for the member whose card this is, credited as a bank's would be."""
    database, at = desk.database(), clock.now()
    with database.begin() as connection:
        card = cards.find_by_chip_serial(connection, chip_serial)
        assert card is not None
        assert card.member_id is not None
        payer = members.get(connection, card.member_id).payer
        number = secrets.token_hex(16)
        row = PaymentRow(card.member_id, number, "BCA", number, Channel.VIRTUAL_ACCOUNT, payer, rupiah, at, at, [])
        audit_events.append(connection, [credit_payment(connection, row, rules=RULES_2026).event])
    database.close()


def stated(desk: Desk, keys: KeyProcess) -> dict[int, dict[int, int]]:
    """What the proof of each sector says is paid, by programme; each must be ours and good."""
    said = {}
    with open_card("virtual", desk.folder) as card:
        for sector in SECTORS:
            proof = run(prove_presence(sector, b"walk", bytes(32)), card).cover_proof
            trusted = keys.verifying_keys(Purpose.COVER_PROOF)
            claims = cover_proof.verify(proof, keys=trusted, issuer=cover_proof.ISSUER, now=clock.now()).claims
            said[sector] = dict(claims.paid_through)
    return said


def covered_off_line(desk: Desk, keys: KeyProcess, *, months_ahead: int = 8) -> bool:
    """Whether a clinic that knows nothing but the scheme's keys would treat the holder then."""
    now = clock.now()
    day = (now + timedelta(days=31 * months_ahead)).date()
    with open_card("virtual", desk.folder) as card:
        return verify_offline(
            card,
            Question("T-1", "treatment", Programme.JKK, day),
            sector=0x01,
            desk_name="clinic",
            keys=keys.verifying_keys(Purpose.COVER_PROOF),
            packs=PACKS_2026,
            entropy=secrets.token_bytes,
            now=now,
        ).covered
