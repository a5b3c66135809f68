# SPDX-License-Identifier: Apache-2.0
"""What a new key is to be, and the rules that any back end asks of it before it makes one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cardservice.keys import ISSUER_SECTOR, Purpose
from hsm.algorithms.block_cipher import AES_KEY_LENGTHS
from hsm.errors import KeyExists, KeyPlanRefused
from hsm.keys.key_store import KeyDescription, KeyKind
from hsm.keys.randomness import Randomness

KIND_OF_PURPOSE = {
    Purpose.CARD_CA: KeyKind.P256,
    Purpose.ELIGIBILITY_TOKEN: KeyKind.P256,
    Purpose.COVER_PROOF: KeyKind.P256,
    Purpose.AUDIT: KeyKind.P256,
    Purpose.RECEIPT: KeyKind.P256,
    Purpose.CARD_MASTER: KeyKind.AES,
    Purpose.SECTOR_MASTER: KeyKind.AES,
    Purpose.TRANSPORT: KeyKind.AES,
    Purpose.SEAL: KeyKind.AES,
    Purpose.BLIND_INDEX: KeyKind.HMAC_SHA256,
    Purpose.PSEUDONYM: KeyKind.HMAC_SHA256,
}
MASTERS = frozenset({Purpose.CARD_MASTER, Purpose.SECTOR_MASTER, Purpose.TRANSPORT})
GENERATED_LENGTH = 32  # bytes of a generated AES or HMAC key
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # n of SP 800-186, 3.2.1.3
_EXTRA_BITS_LENGTH = 40  # 64 more bits than n (FIPS 186-5, A.2.1)
_MAX_KEY_VERSION_NUMBER = 0xFF  # a master's version is a KVN on cards
_MAX_VERSION = 0xFFFF  # two bytes in a sealed value


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """What a new key is to be. ``version`` of a master is its key version number on cards; dates are aware, in UTC."""

    purpose: Purpose
    version: int
    active_from: datetime
    expires: datetime
    sector: int = ISSUER_SECTOR
    derived_length: int = 0  # masters: bytes of the static keys they give, 16, 24 or 32

    @property
    def kind(self) -> KeyKind:
        """What such a key is, mathematically."""
        return KIND_OF_PURPOSE[self.purpose]

    def describe(self, kid: str, now: datetime) -> KeyDescription:
        """The description of the key that follows this plan; dates in whole seconds."""
        return KeyDescription(
            purpose=self.purpose,
            version=self.version,
            kid=kid,
            kind=self.kind,
            created=now.replace(microsecond=0),
            active_from=self.active_from.replace(microsecond=0),
            expires=self.expires.replace(microsecond=0),
            sector=self.sector,
            derived_length=self.derived_length,
        )


def refuse_unfit_plan(plan: KeyPlan, present: Iterable[KeyDescription]) -> None:
    """Raise KeyPlanRefused for a plan that makes no sense, KeyExists for a name that is taken."""
    is_master = plan.purpose in MASTERS
    has_sector = plan.sector != ISSUER_SECTOR
    have_zones = plan.active_from.utcoffset() is not None and plan.expires.utcoffset() is not None
    rules = (
        (have_zones, "dates have a time zone"),
        (have_zones and plan.active_from < plan.expires, "a key begins before it ends"),
        (1 <= plan.version <= (_MAX_KEY_VERSION_NUMBER if is_master else _MAX_VERSION), "the version fits its field"),
        (has_sector is (plan.purpose is Purpose.SECTOR_MASTER), "a sector master has a sector, nothing else has"),
        (0 <= plan.sector <= 0xFF, "the sector fits a byte"),
        (
            plan.derived_length in (AES_KEY_LENGTHS if is_master else (0,)),
            "masters alone derive keys, of 16, 24 or 32 bytes",
        ),
    )
    for holds, rule in rules:
        if not holds:
            raise KeyPlanRefused(purpose=str(plan.purpose), version=plan.version, rule=rule)
    refuse_taken_name(plan.describe("", plan.active_from), present)


def refuse_taken_name(key: KeyDescription, present: Iterable[KeyDescription]) -> None:
    """Raise KeyExists if there is a key of that purpose, version and sector."""
    name = (key.purpose, key.version, key.sector)
    if any(name == (other.purpose, other.version, other.sector) for other in present):
        raise KeyExists(purpose=str(key.purpose), version=key.version, sector=key.sector)


def refuse_unfit_secret(plan: KeyPlan, secret: bytes | bytearray) -> None:
    """Raise KeyPlanRefused unless the secret is one for this plan."""
    lengths = AES_KEY_LENGTHS if plan.purpose in MASTERS else (GENERATED_LENGTH,)
    fits = len(secret) in lengths
    if fits and plan.kind is KeyKind.P256:
        fits = 0 < int.from_bytes(secret) < _P256_ORDER
    if not fits:
        raise KeyPlanRefused(purpose=str(plan.purpose), version=plan.version, rule=f"the secret is no {plan.kind} key")


def new_secret(kind: KeyKind, randomness: Randomness) -> bytes:
    """A secret for a back end that makes keys in software."""
    if kind is not KeyKind.P256:
        return randomness(GENERATED_LENGTH)
    # More random bits than n has, reduced modulo n - 1 and made positive (FIPS 186-5, A.2.1).
    return (int.from_bytes(randomness(_EXTRA_BITS_LENGTH)) % (_P256_ORDER - 1) + 1).to_bytes(32)
