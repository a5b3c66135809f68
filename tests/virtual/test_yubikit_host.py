# SPDX-License-Identifier: Apache-2.0
"""yubikit 5.9.2 as a host that we did not write (facts/java-card.md, 4.2): AES-128 key sets, level 33, NFC and USB transports.

yubikit does not look at the status of EXTERNAL AUTHENTICATE: a refusal shows at the next command.
"""

from dataclasses import replace

import pytest

from applets.virtual.card import VirtualCard
from applets.virtual.chip import StaticKeySet
from applets.virtual.image import Image
from tests.virtual.conftest import counting_entropy, no_delay
from tests.virtual.host import Host, key_set

yubikit_card = pytest.importorskip("yubikit.core.smartcard", reason="yubikey-manager is not installed")

from yubikit.core import TRANSPORT  # noqa: E402 - after the check that it is there
from yubikit.core.smartcard import ApduError, SmartCardConnection  # noqa: E402 - after the check that it is there
from yubikit.core.smartcard.scp import KeyRef, Scp03KeyParams, StaticKeys  # noqa: E402 - after the check that it is there
from yubikit.securitydomain import SecurityDomainSession  # noqa: E402 - after the check that it is there

FACTORY = key_set(0xFF, 16)
TRANSPORTS = [TRANSPORT.NFC, TRANSPORT.USB]
KEY_INFORMATION = 0xE0
CARD_DATA = 0x66


class Connection(SmartCardConnection):
    """Our card as yubikit sees a reader."""

    def __init__(self, card: VirtualCard, kind: TRANSPORT) -> None:
        self.card = card
        self._kind = kind
        self.sent: list[bytes] = []

    @property
    def transport(self) -> TRANSPORT:
        return self._kind

    def send_and_receive(self, apdu: bytes) -> tuple[bytes, int]:
        self.sent.append(bytes(apdu))
        answer = self.card.transmit(bytes(apdu))
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def close(self) -> None:
        self.card.power_off()


class Domain(SecurityDomainSession):
    """yubikit reads key information and card data as a YubiKey sends them, without E0 and 66 around them as GlobalPlatform asks."""

    def get_data(self, tag: int, data: bytes = b"") -> bytes:
        answer: bytes = super().get_data(tag, data)
        return answer[2:] if tag in {KEY_INFORMATION, CARD_DATA} else answer


@pytest.fixture
def aes128(image: Image) -> VirtualCard:
    chip = replace(image.chip, key_sets=(FACTORY,))
    return VirtualCard(Image(chip), entropy=counting_entropy(), delay=no_delay)


def static_keys(keys: StaticKeySet) -> StaticKeys:
    return StaticKeys(keys.enc, keys.mac, keys.dek)


def opened(card: VirtualCard, keys: StaticKeySet, kind: TRANSPORT) -> Domain:
    domain = Domain(Connection(card, kind))
    domain.authenticate(Scp03KeyParams(KeyRef(1, keys.key_version_number), static_keys(keys)))
    return domain


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_reads_key_information_in_a_protected_session(aes128: VirtualCard, kind: TRANSPORT) -> None:
    known = opened(aes128, FACTORY, kind).get_key_information()
    assert known == {KeyRef(number, 0xFF): {0x88: 16} for number in (1, 2, 3)}


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_reads_card_recognition_data(aes128: VirtualCard, kind: TRANSPORT) -> None:
    assert bytes.fromhex("2A864886FC6B040370") in opened(aes128, FACTORY, kind).get_card_recognition_data()


@pytest.mark.parametrize("kind", TRANSPORTS)
@pytest.mark.parametrize("replaced", [0x00, 0xFF])
def test_puts_a_key_set_and_uses_it(aes128: VirtualCard, kind: TRANSPORT, replaced: int) -> None:
    new = key_set(0x30, 16, seed=9)
    opened(aes128, FACTORY, kind).put_key(KeyRef(1, 0x30), static_keys(new), replaced)
    versions = {reference.kvn for reference in opened(aes128, new, kind).get_key_information()}
    assert versions == ({0x30} if replaced else {0x30, 0xFF})


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_deletes_the_factory_set_once_another_is_there(aes128: VirtualCard, kind: TRANSPORT) -> None:
    new = key_set(0x30, 16, seed=9)
    opened(aes128, FACTORY, kind).put_key(KeyRef(1, 0x30), static_keys(new))
    opened(aes128, new, kind).delete_key(kvn=0xFF)
    assert [each.key_version_number for each in aes128.image.chip.key_sets] == [0x30]


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_it_sees_that_the_card_holds_other_keys(aes128: VirtualCard, kind: TRANSPORT) -> None:
    with pytest.raises(ValueError, match="Incorrect SCP parameters"):
        opened(aes128, key_set(0xFF, 16, seed=77), kind)


@pytest.mark.parametrize("kind", TRANSPORTS)
def test_the_card_refuses_a_host_with_a_wrong_encryption_key(aes128: VirtualCard, kind: TRANSPORT) -> None:
    # S-MAC and both cryptograms are right, so the session opens; the first encrypted command shows it.
    domain = opened(aes128, replace(FACTORY, enc=bytes(16)), kind)
    with pytest.raises(ApduError) as refusal:
        domain.get_key_information()
    assert refusal.value.sw == 0x6982


def test_over_usb_it_sends_extended_lengths_and_maps_them_into_the_mac(aes128: VirtualCard) -> None:
    domain = opened(aes128, FACTORY, TRANSPORT.USB)
    connection = domain.protocol.connection
    assert isinstance(connection, Connection)
    domain.get_key_information()
    assert connection.sent[-1][:5] == bytes.fromhex("04CA00E000")
    assert connection.sent[-1][5:7] == (24).to_bytes(2, "big")


def test_both_hosts_agree(aes128: VirtualCard) -> None:
    new = key_set(0x30, 16, seed=9)
    opened(aes128, FACTORY, TRANSPORT.NFC).put_key(KeyRef(1, 0x30), static_keys(new))
    aes128.reset()
    host = Host(aes128)
    host.must(host.open(new))
    assert host.must(host.send(0x80, 0xCA, 0x00, 0xE0))[:2] == b"\xe0\x24"
