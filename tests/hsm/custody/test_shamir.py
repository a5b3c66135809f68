# SPDX-License-Identifier: Apache-2.0
"""Shamir's secret sharing: the published vector, the laws of the field, and that too few shares say nothing."""

import json
import os
from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm.custody import shamir
from hsm.custody.shamir import MAX_SHARES, Share, combine, inverse, multiply, split
from hsm.errors import ShareRefused

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "shamir_tss.json").read_text())
octets = st.integers(0, 255)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["secret"])
def test_published_shares_give_the_published_secret(case: dict[str, object]) -> None:
    shares = case["shares"]
    assert isinstance(shares, dict)
    given_shares = [Share(int(number), bytes.fromhex(value)) for number, value in shares.items()]
    assert combine(given_shares).hex() == case["secret"]
    assert combine(given_shares[::-1]).hex() == case["secret"]


@pytest.mark.parametrize("case", VECTORS["products"], ids=lambda case: f"{case['a']}.{case['b']}")
def test_published_products(case: dict[str, str]) -> None:
    assert multiply(int(case["a"], 16), int(case["b"], 16)) == int(case["product"], 16)


@given(octets, octets, octets)
def test_laws_of_the_field(a: int, b: int, c: int) -> None:
    assert multiply(a, b) == multiply(b, a)
    assert multiply(a, multiply(b, c)) == multiply(multiply(a, b), c)
    assert multiply(a, b ^ c) == multiply(a, b) ^ multiply(a, c)
    assert multiply(a, 1) == a


def test_every_element_but_zero_has_its_inverse() -> None:
    assert all(multiply(a, inverse(a)) == 1 for a in range(1, 256))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_threshold_of_the_shares_gives_the_secret(data: st.DataObject) -> None:
    secret = data.draw(st.binary(min_size=1, max_size=40))
    count = data.draw(st.integers(2, 9))
    threshold = data.draw(st.integers(2, count))
    shares = split(secret, threshold, count, Random(data.draw(st.integers())).randbytes)
    chosen = data.draw(st.permutations(shares))[: data.draw(st.integers(threshold, count))]
    assert combine(chosen) == secret


def test_all_ten_threes_of_five_restore_and_all_ten_pairs_do_not() -> None:
    secret = os.urandom(32)
    shares = split(secret, 3, 5, os.urandom)
    assert [combine(three) == secret for three in combinations(shares, 3)] == [True] * 10
    assert [combine(pair) == secret for pair in combinations(shares, 2)] == [False] * 10


@pytest.mark.parametrize("number", [1, 2, 255])
def test_one_share_of_two_is_the_same_for_every_secret(number: int) -> None:
    """Whatever the secret, over all coefficients each value of a share comes once: the share tells nothing."""
    for secret in (0x00, 0x01, 0xA5, 0xFF):
        seen = {shamir._value(bytes([secret, coefficient]), number) for coefficient in range(256)}
        assert len(seen) == 256


def test_sabotage_a_coefficient_that_is_never_zero_tells_what_the_secret_is_not() -> None:
    seen = {shamir._value(bytes([0xA5, coefficient]), 1) for coefficient in range(1, 256)}
    assert 0xA5 not in seen


@given(st.data())
def test_a_changed_share_gives_another_secret(data: st.DataObject) -> None:
    secret = bytes(range(32))
    shares = split(secret, 2, 3, Random(7).randbytes)
    place, flip = data.draw(st.integers(0, 31)), data.draw(st.integers(1, 255))
    changed = bytearray(shares[0].octets)
    changed[place] ^= flip
    assert combine([Share(1, bytes(changed)), shares[1]]) != secret


@pytest.mark.parametrize(("threshold", "count"), [(1, 5), (0, 0), (3, 2), (2, MAX_SHARES + 1), (-1, 5)], ids=str)
def test_no_such_sharing(threshold: int, count: int) -> None:
    with pytest.raises(ShareRefused):
        split(b"secret", threshold, count, os.urandom)


def test_shares_that_can_not_belong_together_are_refused() -> None:
    one, two, three = split(bytes(4), 2, 3, os.urandom)
    for shares in ([], [one, one], [one, Share(0, bytes(4))], [one, Share(256, bytes(4))], [two, Share(3, bytes(5))]):
        with pytest.raises(ShareRefused):
            combine(shares)
    assert combine([one, three]) == bytes(4)


def test_a_share_shows_its_number_only() -> None:
    (share, _) = split(b"\x5a" * 8, 2, 2, os.urandom)
    assert repr(share) == "Share(number=1)"
