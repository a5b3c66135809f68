# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a bureau with keys, and blank software cards."""

import random
from collections.abc import Callable
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from applets.virtual.card import VirtualCard
from applets.virtual.factory import blank_chip
from cardservice.card_edge.dialogues.personalization_plan import Plan
from cardservice.card_edge.piv.chuid import Chuid
from cardservice.card_edge.piv.key_history import KeyHistory
from cardservice.card_edge.piv.object import CHUID, DISCOVERY, KEY_HISTORY, PRINTED_INFORMATION
from cardservice.keys import CardKeys
from hsm.in_process import InProcessKeys
from tests.card_edge.dialogues.bureau import NOW, Bureau

TRANSPORT_MASTER = bytes(range(0x40, 0x50)) * 2


@pytest.fixture(scope="session")
def keys() -> CardKeys:
    randomness = random.Random(17).randbytes
    ticks = iter(range(10**9))
    made = InProcessKeys.with_new_keys(clock=lambda: NOW, monotonic=lambda: float(next(ticks)), randomness=randomness)
    return made.card_keys


@pytest.fixture(scope="session")
def ca() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def bureau(keys: CardKeys, ca: ec.EllipticCurvePrivateKey) -> Bureau:
    objects = {
        CHUID.tag: Chuid(bytes(range(16)), date(2031, 11, 22)).encode(),
        DISCOVERY.tag: bytes.fromhex("4F0BA0000003080000100001005F2F024000"),
        KEY_HISTORY.tag: KeyHistory().encode(),
        PRINTED_INFORMATION.tag: bytes.fromhex("0104") + b"SARI" + bytes.fromhex("FE00"),
    }
    plan = Plan(objects, (0x01, 0x10, 0x70), b"271828", b"31415926")
    return Bureau(keys, ca, random.Random(4).randbytes, plan)


@pytest.fixture
def blank() -> Callable[..., VirtualCard]:
    def make(seed: int = 1, i: int = 0x70) -> VirtualCard:
        entropy = random.Random(seed).randbytes
        return VirtualCard(blank_chip(entropy=entropy, transport_master=TRANSPORT_MASTER, i=i), entropy=entropy)

    return make
