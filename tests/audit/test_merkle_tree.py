# SPDX-License-Identifier: Apache-2.0
"""Merkle trees: RFC 9162's own definition as the oracle, known answers, and every proof of every small tree."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardservice.audit import merkle_tree
from cardservice.audit.errors import ProofMalformed
from cardservice.audit.merkle_tree import EMPTY_ROOT, inclusion_proof, merkle_root, root_from_proof

# The entries, roots and paths that Certificate Transparency implementations share (google/certificate-transparency, merkle_tree_test).
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def mth(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162, 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


leaf_lists = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70)


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_that_implementations_share(size: int) -> None:
    assert merkle_root([leaf(entry) for entry in ENTRIES[:size]]).hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle_root([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()


@given(leaf_lists)
def test_the_root_is_the_one_that_the_standard_defines(leaves: list[bytes]) -> None:
    assert merkle_root(leaves) == mth(leaves)


@pytest.mark.parametrize("size", range(1, 34))
def test_every_proof_of_every_small_tree_is_the_standards_and_holds(size: int) -> None:
    leaves = [leaf(bytes([number])) for number in range(size)]
    root = merkle_root(leaves)
    for index in range(size):
        proof = inclusion_proof(leaves, index)
        assert proof == path(index, leaves)
        assert root_from_proof(leaves[index], index, size, proof) == root


@given(leaf_lists, st.data())
def test_a_proof_holds_for_its_leaf_place_and_path_only(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    proof = inclusion_proof(leaves, index)
    root = merkle_root(leaves)
    changed = bytearray(b"".join([leaves[index], *proof]))
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    nodes = [bytes(changed[at : at + 32]) for at in range(0, len(changed), 32)]
    assert root_from_proof(nodes[0], index, len(leaves), nodes[1:]) != root
    assert root_from_proof(leaves[index], index, len(leaves), [*proof, bytes(32)]) is None
    if proof:
        assert root_from_proof(leaves[index], index, len(leaves), proof[:-1]) is None


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_place_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ProofMalformed):
        inclusion_proof([bytes(32)] * size, index)
    assert root_from_proof(bytes(32), index, size, []) is None


def test_sabotage_without_the_node_prefix_a_node_passes_for_a_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = [leaf(entry) for entry in ENTRIES[:4]]
    monkeypatch.setattr(merkle_tree, "NODE_PREFIX", b"")
    assert merkle_root(leaves).hex() != ROOTS[3]
