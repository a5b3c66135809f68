# SPDX-License-Identifier: Apache-2.0
"""A whole new set of development keys: one per purpose, two where a successor must be published ahead, one per sector."""

from collections.abc import Iterator
from datetime import datetime

from cardservice.keys import ISSUER_SECTOR, Purpose
from hsm.keys.ca_certificate import self_signed_ca_certificate
from hsm.keys.crypto_periods import CRYPTO_PERIODS, ROTATION_OVERLAP
from hsm.keys.key_custody import KeyCustody
from hsm.keys.key_plan import KeyPlan
from hsm.keys.randomness import Randomness
from hsm.stores.key_bundle import KeyBundle
from hsm.stores.software_custody import SoftwareCustody

CARD_KEY_VERSION = 0x30  # docs/card-edge.md, "Keys on the card"
TRANSPORT_KEY_VERSION = 0xFF
STATIC_KEY_LENGTH = 32  # AES-256 sets; a sector's master may say 16

# The chip suppliers' well-known test key, 40..4F, twice. Everybody knows it: production refuses it (hsm/process/production.py).
WELL_KNOWN_TRANSPORT_MASTER = bytes(range(0x40, 0x50)) * 2

# docs/card-edge.md, "Applications": health, transport, merchants, banks, telcos, counter
SECTORS = (0x01, *range(0x10, 0x60), 0x70)


def development_keys(now: datetime, randomness: Randomness) -> KeyBundle:
    """Everything `python -m hsm --init` seals, kept nowhere yet. ``now`` is aware and in UTC."""
    custody = SoftwareCustody(KeyBundle(), lambda _: None, randomness)
    make_development_keys(custody, now, randomness)
    return custody.bundle


def make_development_keys(custody: KeyCustody, now: datetime, randomness: Randomness) -> None:
    """The whole set in an empty back end of any kind, and a certificate that says what it is."""
    for plan in development_plans(now):
        custody.generate(plan, now)
    transport = _plan(Purpose.TRANSPORT, TRANSPORT_KEY_VERSION, now, derived_length=STATIC_KEY_LENGTH)
    custody.bring_in(transport, bytearray(WELL_KNOWN_TRANSPORT_MASTER), now)
    store = custody.store
    (ca,) = (key for key in store.descriptions() if key.purpose is Purpose.CARD_CA)
    custody.set_ca_certificate(self_signed_ca_certificate(store, ca, randomness, remark="(development)"))


def development_plans(now: datetime) -> Iterator[KeyPlan]:
    """What is generated, in order."""
    yield _plan(Purpose.CARD_CA, 1, now)
    yield _plan(Purpose.AUDIT, 1, now)
    yield _plan(Purpose.RECEIPT, 1, now)
    for purpose in (Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF):
        yield _plan(purpose, 1, now)
        yield _plan(purpose, 2, now + CRYPTO_PERIODS[purpose].making - ROTATION_OVERLAP)
    yield _plan(Purpose.CARD_MASTER, CARD_KEY_VERSION, now, derived_length=STATIC_KEY_LENGTH)
    for sector in SECTORS:
        yield _plan(Purpose.SECTOR_MASTER, CARD_KEY_VERSION, now, sector, STATIC_KEY_LENGTH)
    for purpose in (Purpose.SEAL, Purpose.BLIND_INDEX, Purpose.PSEUDONYM):
        yield _plan(purpose, 1, now)


def _plan(
    purpose: Purpose, version: int, active_from: datetime, sector: int = ISSUER_SECTOR, derived_length: int = 0
) -> KeyPlan:
    expires = active_from + CRYPTO_PERIODS[purpose].making
    return KeyPlan(purpose, version, active_from, expires, sector, derived_length)
