# SPDX-License-Identifier: Apache-2.0
"""Payment numbers: random, checked by Luhn, never a NIK, one open per member; and the masked name beside them."""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.collection import payment_number
from cardservice.collection.payment_number import (
    assign_many,
    assign_payment_number,
    end_payment_number,
    is_payment_number,
    luhn_digit,
    new_payment_number,
)
from cardservice.collection.shown_name import shown_name
from cardservice.enrolment.import_members import import_members
from cardservice.enrolment.member_list import read_member_list
from cardservice.enrolment.nik import nik_fault
from cardservice.records import members, payment_numbers
from cardservice.records.database import Database
from cardservice.records.payment_numbers import PaymentNumber
from hsm.in_process import InProcessKeys
from tests.coverage.rules_2026 import RULES_2026
from tests.verification.world import NOW, TODAY

EXAMPLES = Path(__file__).parents[2] / "examples" / "members.csv"


@given(st.binary(min_size=16, max_size=16))
def test_every_number_is_one_and_no_nik(octets: bytes) -> None:
    number = new_payment_number(lambda _: octets)
    assert is_payment_number(number)
    assert nik_fault(number) is not None


def test_luhn_against_a_known_number() -> None:
    """ISO/IEC 7812-1's usual example: 7992739871 has check digit 3."""
    assert luhn_digit("7992739871") == "3"


@given(st.binary(min_size=16, max_size=16), st.integers(0, 15), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(octets: bytes, place: int, by: int) -> None:
    number = new_payment_number(lambda _: octets)
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert not is_payment_number(wrong)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("SITI RAHAYU", "SI** RA****"),
        ("budi", "BU**"),
        ("A B", "A B"),
        ("", "PESERTA"),
        ("I GUSTI NGURAH BAGUS PUTRA SANJAYA WIDIASTUTI", "I GU*** NG**** BA*** PU*** SA*"),
    ],
)
def test_a_name_is_shown_by_two_letters_of_each_word(name: str, shown: str) -> None:
    assert shown_name(name) == shown
    assert len(shown_name(name)) <= 30


@pytest.fixture
def enrolled(sqlite_database: Database, keys: InProcessKeys) -> Database:
    randomness = random.Random(5)
    import_members(
        sqlite_database,
        read_member_list(EXAMPLES.read_bytes()[:2000].rpartition(b"\n")[0], today=TODAY),
        sealer=keys.sealer,
        blind_index=keys.blind_index,
        new_id=lambda: randomness.randbytes(16).hex(),
        at=NOW,
        rules=RULES_2026,
    )
    return sqlite_database


def test_everybody_gets_one_and_keeps_it(enrolled: Database, keys: InProcessKeys) -> None:
    given_: list[PaymentNumber] = []
    for _ in range(2):
        assign_many(
            enrolled, sealer=keys.sealer, entropy=random.Random(1).randbytes, now=lambda: NOW, on_number=given_.append
        )
    with enrolled.read() as connection:
        first = members.find_by_ref(connection, "P-0001")
        assert first is not None
        known = payment_numbers.of_member(connection, first.member_id)
    assert known in given_
    assert len({each.number for each in given_}) == len({each.member_id for each in given_}) == len(given_) > 5
    again = assign_payment_number(
        enrolled, first.member_id, sealer=keys.sealer, entropy=random.Random(2).randbytes, at=NOW
    )
    assert again == known


def test_a_number_that_ended_makes_room_for_another(enrolled: Database, keys: InProcessKeys) -> None:
    with enrolled.read() as connection:
        member = members.find_by_ref(connection, "P-0001")
    assert member is not None
    randomness = random.Random(3)
    first = assign_payment_number(enrolled, member.member_id, sealer=keys.sealer, entropy=randomness.randbytes, at=NOW)
    assert end_payment_number(enrolled, member.member_id, NOW + timedelta(days=1))
    assert not end_payment_number(enrolled, member.member_id, NOW + timedelta(days=1))
    second = assign_payment_number(enrolled, member.member_id, sealer=keys.sealer, entropy=randomness.randbytes, at=NOW)
    assert second.number != first.number
    with enrolled.read() as connection:
        assert payment_numbers.of_member(connection, member.member_id) == second
        old = payment_numbers.find(connection, first.number)
    assert old is not None
    assert old.expires_at == NOW + timedelta(days=1)


def test_a_number_that_is_somebody_elses_is_drawn_again(
    enrolled: Database, keys: InProcessKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with enrolled.read() as connection:
        people = [members.find_by_ref(connection, f"P-000{place}") for place in (1, 2)]
    drawn = iter(["8800000000000005", "8800000000000005", "8800000000000013"])
    monkeypatch.setattr(payment_number, "new_payment_number", lambda _: next(drawn))
    numbers = [
        assign_payment_number(enrolled, each.member_id, sealer=keys.sealer, entropy=bytes, at=NOW).number
        for each in people
        if each is not None
    ]
    assert numbers == ["8800000000000005", "8800000000000013"]
