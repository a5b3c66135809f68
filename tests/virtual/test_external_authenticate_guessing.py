# SPDX-License-Identifier: Apache-2.0
"""Failed EXTERNAL AUTHENTICATE is counted, slowed and in the end locks the key set (docs/decisions/0020)."""

from dataclasses import replace

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.chip import StaticKeySet
from applets.virtual.errors import CardTorn
from applets.virtual.image import Image
from applets.virtual.scp03 import handshake
from applets.virtual.tear import Tear, TearMode
from tests.virtual.host import Host

INITIALIZE = bytes.fromhex("8050FF0008000000000000000100")
WRONG = bytes.fromhex("8482330010") + bytes(16)


def guess(card: VirtualCard) -> str:
    card.transmit(INITIALIZE)
    return card.transmit(WRONG).hex()


def with_failures(image: Image, failures: int) -> Image:
    (only,) = image.chip.key_sets
    return Image(replace(image.chip, key_sets=(replace(only, failures=failures),)))


def test_a_wrong_cryptogram_is_6300_and_leaves_nothing_open(card: VirtualCard) -> None:
    assert guess(card) == "6300"
    assert card.transmit(bytes.fromhex("80F28002024F0000")).hex() == "6982"


def test_one_challenge_is_good_for_one_attempt(card: VirtualCard) -> None:
    assert guess(card) == "6300"
    assert card.transmit(WRONG).hex() == "6985"


def test_failures_are_counted_and_a_right_answer_forgets_them(host: Host, transport: StaticKeySet) -> None:
    for _ in range(3):
        guess(host.card)
    assert host.card.image.chip.key_sets[0].failures == 3
    host.must(host.open(transport))
    assert host.card.image.chip.key_sets[0].failures == 0


def test_attempts_get_slower_and_a_reset_does_not_help(image: Image) -> None:
    waited: list[float] = []
    card = VirtualCard(image, delay=waited.append)
    for _ in range(10):
        guess(card)
        card.reset()
    assert waited == [0.0, 0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]


def test_the_key_set_locks_after_255_failures(image: Image, transport: StaticKeySet) -> None:
    card = VirtualCard(with_failures(image, 254), delay=lambda _: None)
    assert guess(card) == "6300"
    assert Host(card).open(transport).sw == 0x6983
    card.reset()
    assert Host(card).open(transport).sw == 0x6983


def test_the_right_key_still_opens_after_254_failures(image: Image, transport: StaticKeySet) -> None:
    card = VirtualCard(with_failures(image, 254), delay=lambda _: None)
    assert Host(card).open(transport).sw == 0x9000


def test_a_cut_before_the_answer_does_not_save_the_attempt(card: VirtualCard) -> None:
    card.transmit(INITIALIZE)
    card.image.arm(Tear(TearMode.AFTER, 1))
    with pytest.raises(CardTorn):
        card.transmit(WRONG)
    assert card.image.chip.key_sets[0].failures == 1


def test_control_a_card_that_does_not_count(card: VirtualCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handshake, "_spend_attempt", lambda *_: 0)
    for _ in range(3):
        guess(card)
    assert card.image.chip.key_sets[0].failures == 0


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("8482020010" + "00" * 16, "6a86"),
        ("8482FF0010" + "00" * 16, "6a86"),
        ("8482330110" + "00" * 16, "6a86"),
        ("8482330008" + "00" * 8, "6700"),
    ],
)
def test_malformed_attempts_have_their_own_status_and_do_not_count(card: VirtualCard, command: str, sw: str) -> None:
    card.transmit(INITIALIZE)
    assert card.transmit(bytes.fromhex(command)).hex() == sw
    assert card.image.chip.key_sets[0].failures == 0


def test_a_right_cryptogram_with_a_wrong_mac_is_6982(host: Host, transport: StaticKeySet) -> None:
    sent: list[bytes] = []
    transmit = host.card.transmit

    class Spoiler:
        def transmit(self, command: bytes) -> bytes:
            sent.append(command)
            return transmit(command[:-1] + bytes([command[-1] ^ 1]) if command[1] == 0x82 else command)

    assert Host(Spoiler()).open(transport).sw == 0x6982  # type: ignore[arg-type]  # a wire tap is a card to the host
