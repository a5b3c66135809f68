# SPDX-License-Identifier: Apache-2.0
"""Cards for the tests: blank, and with PIV and sectors; keys and randomness are fixed so that a failure repeats."""

import hashlib
import itertools
from collections.abc import Callable

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.chip import StaticKeySet
from applets.virtual.factory import blank_chip, transport_key_set
from applets.virtual.image import Image
from tests.virtual.host import Host

MASTER = bytes(range(32))


def counting_entropy(start: int = 0) -> Callable[[int], bytes]:
    numbers = itertools.count(start)
    return lambda length: hashlib.shake_256(next(numbers).to_bytes(8, "big")).digest(length)


def no_delay(_: float) -> None:
    """The card's slowness, skipped: tests that are about it bring their own."""


@pytest.fixture
def entropy() -> Callable[[int], bytes]:
    return counting_entropy()


@pytest.fixture
def image(entropy: Callable[[int], bytes]) -> Image:
    return blank_chip(entropy=entropy, transport_master=MASTER)


@pytest.fixture
def transport(image: Image) -> StaticKeySet:
    return transport_key_set(MASTER, image.chip.kdd)


@pytest.fixture
def card(image: Image, entropy: Callable[[int], bytes]) -> VirtualCard:
    return VirtualCard(image, entropy=entropy, delay=no_delay)


@pytest.fixture
def host(card: VirtualCard) -> Host:
    return Host(card)


@pytest.fixture
def personal(host: Host, transport: StaticKeySet) -> Host:
    """PIV with keys, PIN and PUK, sectors 01 and 10 without keys of their own; no channel open, PIV selected."""
    host.install_all(transport, 0x01, 0x10)
    host.enter(bytes.fromhex("A000000308000010000100"), transport)
    for reference in (0x9A, 0x9C, 0x9D, 0x9E):
        host.must(host.send(0x00, 0x47, 0x00, reference, bytes.fromhex("AC03800111")))
    host.set_pin(transport)
    return host
