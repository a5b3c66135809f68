# SPDX-License-Identifier: Apache-2.0
"""Rule packs: the shipped one is what the program decides by; whatever is odd about a pack is refused, with field, line and rule."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from cardservice.coverage.basis import ContributionBasis, WorkSector
from cardservice.coverage.errors import RulePackMalformed, RulePackRefused, RulePackUnsigned
from cardservice.coverage.month import ContributionMonth
from cardservice.coverage.programme import Programme
from cardservice.coverage.rule_pack import read_rule_pack
from cardservice.coverage.signed_pack import CONTEXT, open_pack
from cardservice.coverage.strict_yaml import MOST_BYTES, MOST_EVENTS, parse_yaml
from cardservice.credentials import base64url
from tests.coverage.rules_2026 import RULES_2026

PACKS = Path(__file__).parents[2] / "rule_packs"
PACK = (PACKS / "bpu-2026.yaml").read_bytes()
_OTHER_KEY = ec.derive_private_key(7, ec.SECP256R1())


def scheme_key() -> ec.EllipticCurvePublicKey:
    key = load_pem_public_key((PACKS / "scheme-rules-key.pem").read_bytes())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def shipped_signature() -> bytes:
    signature = base64url.decode((PACKS / "bpu-2026.yaml.sig").read_text().strip())
    assert signature is not None
    return signature


def signed(document: bytes) -> bytes:
    r, s = decode_dss_signature(_OTHER_KEY.sign(CONTEXT + document, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def test_the_shipped_pack_is_signed_and_is_what_the_program_decides_by() -> None:
    pack = open_pack(PACK, shipped_signature(), scheme_key())
    assert pack.rules == RULES_2026
    assert (pack.name, str(pack.dated)) == ("bpu-2026", "2025-12-22")


@given(st.integers(0, len(PACK) - 1), st.integers(1, 255))
def test_any_byte_changed_breaks_the_signature(place: int, change: int) -> None:
    changed = bytearray(PACK)
    changed[place] ^= change
    with pytest.raises(RulePackUnsigned):
        open_pack(bytes(changed), shipped_signature(), scheme_key())


@pytest.mark.parametrize(
    "signature",
    [b"", bytes(64), b"\xff" * 64, signed(PACK), shipped_signature()[:63]],
    ids=["none", "zeros", "ones", "another key's", "cut short"],
)
def test_no_other_signature_will_do(signature: bytes) -> None:
    with pytest.raises(RulePackUnsigned):
        open_pack(PACK, signature, scheme_key())


def test_a_signature_over_the_bare_document_is_none_over_a_pack() -> None:
    r, s = decode_dss_signature(_OTHER_KEY.sign(PACK, ec.ECDSA(hashes.SHA256())))
    with pytest.raises(RulePackUnsigned):
        open_pack(PACK, r.to_bytes(32) + s.to_bytes(32), _OTHER_KEY.public_key())
    assert open_pack(PACK, signed(PACK), _OTHER_KEY.public_key()).rules == RULES_2026


def test_a_key_on_another_curve_signs_nothing() -> None:
    with pytest.raises(RulePackUnsigned):
        open_pack(PACK, bytes(64), ec.derive_private_key(7, ec.SECP384R1()).public_key())


def test_sabotage_without_the_check_a_changed_pack_gets_in() -> None:
    changed = PACK.replace(b"months: 3\n", b"months: 9\n", 1)

    class AcceptsAnything:
        curve = ec.SECP256R1()

        def verify(self, *_: object) -> None:
            return None

    assert open_pack(changed, bytes(64), AcceptsAnything()).rules.grace_months == 9  # type: ignore[arg-type] # the sabotage
    with pytest.raises(RulePackUnsigned):
        open_pack(changed, shipped_signature(), scheme_key())


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("grace:\n  months: 3", "grace:\n  months: 3.5", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months: 3e0", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months: 03", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months: 0x3", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months: 1:3", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months: -1", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months: 99", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months: true", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months:", "grace.months"),
        ("grace:\n  months: 3", 'grace:\n  months: "3"', "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months: [3]", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months: 3\n  months: 3", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  days: 3", "grace.months"),
        ("grace:\n  months: 3", "grace:\n  months: 3\n  weeks: 1", "grace.weeks"),
        ("grace:\n  months: 3", "grace: 3\nmore:\n  months: 3", "grace"),
        ("grace:\n  months: 3", "grace: &g\n  months: 3", ""),
        ("grace:\n  months: 3", "grace: *g\nmore:\n  months: 3", ""),
        ("grace:\n  months: 3", "grace: !!map\n  months: 3", ""),
        ("grace:\n  months: 3", "grace:\n  <<: {months: 3}", "grace"),
        ("grace:\n  months: 3", 'grace:\n  "mon ths": 3', "grace"),
        ("grace:\n  months: 3", "grace:\n  ? [a]\n  : 3", "grace"),
        ("kartu-rule-pack-1", "kartu-rule-pack-2", "format"),
        ("number: 1", "number: 0", "number"),
        ('dated: "2025-12-22"', "dated: 2025-12-22", "dated"),
        ('dated: "2025-12-22"', 'dated: "20251222"', "dated"),
        ('dated: "2025-12-22"', 'dated: "2025-02-30"', "dated"),
        ("policy: all-unpaid-months", "policy: none", "arrears.policy"),
        ("confidence: high}", "confidence: certain}", "tariffs[1].citation.confidence"),
        (", confidence: high}", "}", "tariffs[1].citation.confidence"),
        ('text: "PP 44/2015 as amended by PP 49/2023",', 'text: "",', "tariffs[1].citation.text"),
        ("is_flat: true", "is_flat: yes", "tariffs[1].is_flat"),
        ("is_flat: true", "is_flat: 1", "tariffs[1].is_flat"),
        ("minimum_rupiah: 6800", "minimum_rupiah: 6801", "half_rates[0].programmes"),
        ("minimum_rupiah: 6800", "minimum_rupiah: 6_800", "tariffs[1].minimum_rupiah"),
        ("minimum_rupiah: 6800", "minimum_rupiah: 6800.00", "tariffs[1].minimum_rupiah"),
        ("programme: JHT", "programme: JKM", "tariffs[2]"),
        ("programme: JHT", "programme: JP", "tariffs[2].programme"),
        ("is_flat: true", 'is_flat: true\n    first: "2027-01"', "tariffs[1]"),
        ("is_flat: true", "is_flat: true\n    first: 2027-1", "tariffs[1].first"),
        ('first: "2026-04"', 'first: "2027-04"', "half_rates[1].last"),
        ('first: "2026-04"', "first: 2026-4", "half_rates[1].first"),
        ("sector: other", "sector: transport", "half_rates[1]"),
        ("[apbn, apbd]", "[apbn, apbn]", "half_rates[0].not_for_payers"),
        ("[apbn, apbd]", "apbn", "half_rates[0].not_for_payers"),
        ("limited_rupiah: 10000000", "limited_rupiah: 42000001", "benefits[0].limited_rupiah"),
        ("limited_period_restarts: true", "limited_period_restarts: maybe", "reinstatement.limited_period_restarts"),
    ],
)
def test_what_is_odd_is_refused_with_its_field_and_line(old: str, new: str, field: str) -> None:
    text = PACK.decode()
    assert old in text
    with pytest.raises(RulePackMalformed) as refused:
        read_rule_pack(text.replace(old, new, 1).encode())
    assert refused.value.evidence["field"] == field
    assert refused.value.evidence["rule"]
    assert isinstance(refused.value.evidence["line"], int)
    assert refused.value.evidence["line"] >= 1


def test_windows_that_meet_are_refused_in_the_line_of_the_second() -> None:
    text = PACK.decode().replace("sector: other", "sector: transport", 1)
    with pytest.raises(RulePackMalformed, match="one window at a time for JKK, transport") as refused:
        read_rule_pack(text.encode())
    second = [number for number, line in enumerate(text.splitlines(), 1) if "- programmes: [JKK, JKM]" in line][1]
    assert (refused.value.evidence["field"], refused.value.evidence["line"]) == ("half_rates[1]", second)


def test_a_second_benefit_and_a_missing_tariff_are_refused() -> None:
    text = PACK.decode()
    benefit = text[text.index("  - programme: JKM\n    limit_rupiah") : text.index("reinstatement:")]
    with pytest.raises(RulePackMalformed, match="one benefit"):
        read_rule_pack(text.replace(benefit, benefit + benefit).encode())
    savings = text[text.index("  - programme: JHT") : text.index("half_rates:")]
    with pytest.raises(RulePackMalformed, match="a tariff for JHT"):
        read_rule_pack(text.replace(savings, "").encode())


def test_a_tariff_that_changes_leaves_the_months_before_at_their_price() -> None:
    text = PACK.decode()
    dearer = text[text.index("  - programme: JKM\n    minimum") : text.index("  - programme: JHT")]
    dearer = dearer.replace("6800", "7000").replace("is_flat: true", 'is_flat: true\n    first: "2027-01"')
    rules = read_rule_pack(text.replace("half_rates:", dearer + "half_rates:").encode()).rules
    transport, other = ContributionBasis(WorkSector.TRANSPORT), ContributionBasis()
    told = {
        each: [
            rules.monthly_rupiah(Programme.JKM, ContributionMonth.parse(each), basis) for basis in (transport, other)
        ]
        for each in ("2025-12", "2026-12", "2027-01", "2027-04")
    }
    assert told == {
        "2025-12": [6_800, 6_800],
        "2026-12": [3_400, 3_400],
        "2027-01": [3_500, 7_000],
        "2027-04": [7_000, 7_000],
    }
    for twice in (dearer + dearer, dearer.replace("2027-01", "2027-05") + dearer):
        with pytest.raises(RulePackMalformed, match="each from a later month"):
            read_rule_pack(text.replace("half_rates:", twice + "half_rates:").encode())


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"# nothing",
        b"- a",
        b"text",
        b"a: 1\n---\nb: 2",
        b"a: [",
        b"\xff\xfe",
        b"a: \x00",
        b"a: &x [1]\nb: [*x, *x]",
        b"[" * 400,
        b"[" * 9 + b"]" * 9,
        b"a: [" + b"1," * MOST_EVENTS + b"]",
        b" " * (MOST_BYTES + 1),
        b"!!python/object/apply:os.system [true]",
    ],
)
def test_what_is_no_pack_at_all_is_refused(document: bytes) -> None:
    with pytest.raises(RulePackMalformed):
        read_rule_pack(document)


@given(st.one_of(st.binary(max_size=200), st.text(alphabet="ab:-[]{}&*!|>'\"#,\n 1~", max_size=80).map(str.encode)))
def test_no_bytes_raise_anything_else(document: bytes) -> None:
    try:
        parse_yaml(document)
        read_rule_pack(document)
    except RulePackRefused:
        return
    pytest.fail("no such text is a rule pack")


@given(st.integers(0, len(PACK) - 1), st.binary(max_size=3))
def test_a_pack_that_was_tampered_with_is_read_or_refused(place: int, put: bytes) -> None:
    try:
        read_rule_pack(PACK[:place] + put + PACK[place + 1 :])
    except RulePackRefused:
        return


def test_every_figure_of_a_pack_is_read() -> None:
    other = read_rule_pack(PACK.replace(b"number: 1", b"number: 2", 1).replace(b"months: 3\n", b"months: 2\n", 1))
    assert other.rules == replace(RULES_2026, number=2, grace_months=2)
