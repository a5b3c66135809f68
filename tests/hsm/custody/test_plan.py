# SPDX-License-Identifier: Apache-2.0
"""The plan of a ceremony: what it says is what is made, and whatever is not understood is refused."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.keys import Purpose
from hsm.custody.plan import parse_plan, read_plan
from hsm.errors import PlanRefused
from hsm.stores.key_generation import SECTORS, development_plans
from tests.hsm.custody.ceremonies import CUSTODIANS, PLAN, plan
from tests.hsm.documents import NOW

EXAMPLE = Path(__file__).parents[3] / "examples" / "ceremony.toml"
DAY = timedelta(days=1)


def test_a_plan_says_who_and_which_keys() -> None:
    found = plan()
    assert (found.threshold, tuple(found.custodians)) == (3, CUSTODIANS)
    assert found.digest == hashlib.sha256(PLAN.encode()).hexdigest()
    assert [key.sector for key in found.keys if key.purpose is Purpose.SECTOR_MASTER] == [0x01, 0x10, 0x11]
    assert [name for name, _ in found.officers] == ["officer/satu.petugas"]
    assert (found.transport[0].components, found.transport[0].plan.version) == (2, 0xFF)


def test_token_keys_come_with_their_successor() -> None:
    first, second = (key for key in plan().keys if key.purpose is Purpose.ELIGIBILITY_TOKEN)
    assert (first.active_from, first.expires) == (NOW, NOW + 90 * DAY)
    assert (second.version, second.active_from) == (2, first.expires - 7 * DAY)


def test_the_example_makes_the_keys_that_development_has() -> None:
    example = read_plan(EXAMPLE, NOW)
    assert set(example.keys) == set(development_plans(NOW))
    assert {key.sector for key in example.keys if key.purpose is Purpose.SECTOR_MASTER} == set(SECTORS)


def test_dates_of_the_plan_stand() -> None:
    begins = plan("begins = 2027-01-01\n" + PLAN)
    assert {key.active_from for key in begins.keys if key.version != 2} == {datetime(2027, 1, 1, tzinfo=UTC)}
    exact = plan(
        PLAN.replace('{purpose = "audit"}', '{purpose = "audit", active_from = 2027-03-01T08:00:00+07:00, days = 30}')
    )
    (audit,) = (key for key in exact.keys if key.purpose is Purpose.AUDIT)
    assert (audit.active_from, audit.expires - audit.active_from) == (datetime(2027, 3, 1, 1, tzinfo=UTC), 30 * DAY)


CHANGES = {
    "no TOML": ("format =", "format"),
    "another format": ("kartu-ceremony/1", "kartu-ceremony/2"),
    "a misspelt name": ("threshold", "treshold"),
    "one name more": ("threshold = 3", "threshold = 3\nthreshhold = 2"),
    "a threshold of one": ("threshold = 3", "threshold = 1"),
    "more than there are": ("threshold = 3", "threshold = 6"),
    "a threshold in words": ("threshold = 3", 'threshold = "3"'),
    "somebody twice": ("Budi Santoso", "Siti Rahayu"),
    "somebody twice in other letters": ("Budi Santoso", "siti  RAHAYU"),
    "a name nobody can print": ("Budi Santoso", "Budi \\u0007"),
    "a name the PDF has no letters for": ("Budi Santoso", "\\u1B05"),
    "an empty name": ("Budi Santoso", " "),
    "no witness": ('["Notaris Hartono"]', "[]"),
    "an unknown environment": ('environment = "test"', 'environment = "prodution"'),
    "an unknown purpose": ('"seal"', '"seals"'),
    "a key set without seal": ('{purpose = "seal"}, ', ""),
    "a key twice": ('{purpose = "seal"}', '{purpose = "seal"}, {purpose = "seal"}'),
    "two card CAs": ('{purpose = "seal"}', '{purpose = "seal"}, {purpose = "card-ca", version = 2}'),
    "a transport key that is generated": ('{purpose = "seal"}', '{purpose = "seal"}, {purpose = "transport"}'),
    "sectors of what has none": ('{purpose = "seal"}', '{purpose = "seal", sectors = ["01"]}'),
    "no sectors": (', sectors = ["01", "10-11"]', ""),
    "sector 00": ('"01"', '"00"'),
    "a sector past FF": ('"01"', '"100"'),
    "sectors backwards": ('"10-11"', '"11-10"'),
    "a sector twice": ('"10-11"', '"01"'),
    "a KVN past FF": ("version = 0xFF", "version = 0x100"),
    "one component": ("components = 2", "components = 1"),
    "a KCV of two bytes": ('kcv = "', 'kcv = "zz'),
    "an officer without a point": ("046b17", "056b17"),
    "a token key that ends before its successor begins": ('"eligibility-token"', '"eligibility-token", days = 7'),
    "a date without a zone": ('{purpose = "audit"}', '{purpose = "audit", active_from = 2027-03-01T08:00:00}'),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_not_understood_is_refused(change: tuple[str, str]) -> None:
    before, after = change
    assert before in PLAN
    with pytest.raises(PlanRefused):
        plan(PLAN.replace(before, after, 1))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_arbitrary_content_gives_our_error_only(content: bytes) -> None:
    with pytest.raises(PlanRefused):
        parse_plan(content, NOW)


def test_no_file_and_a_file_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanRefused, match="can be read"):
        read_plan(tmp_path / "nothing", NOW)
    with pytest.raises(PlanRefused, match="at most"):
        read_plan(Path("/dev/zero"), NOW)
