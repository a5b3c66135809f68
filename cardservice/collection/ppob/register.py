# SPDX-License-Identifier: Apache-2.0
"""``register_aggregator``: take in an aggregator and give it a secret that is shown this once; ``aggregator_of``: who presents one."""

import hashlib
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime

from cardservice.audit.record import record
from cardservice.collection.bill_type import BillType
from cardservice.collection.errors import PartnerSettingWrong, PpobRefused
from cardservice.collection.ppob.cases import PpobCase
from cardservice.records import ppob_partners
from cardservice.records.audit_events import AuditEvent
from cardservice.records.connection import Connection
from cardservice.records.ppob_partners import PpobPartner

PREFIX = "kpp_"  # lets scanners find a secret that leaked into a repository
SECRET_OCTETS = 32

_SECRET = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}", re.ASCII)
_PARTNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RegisteredAggregator:
    """The aggregator and its secret. Nobody can read the secret again."""

    partner: PpobPartner
    secret: str = field(repr=False)


def register_aggregator(
    connection: Connection, *, partner_id: str, name: str, bill_type: BillType, random_octets: bytes, at: datetime
) -> RegisteredAggregator:
    """Take an aggregator in. ``random_octets``: 32, used for nothing else. Raises PartnerSettingWrong, PpobPartnerExists."""
    name = name.strip()
    demands = {
        "partner_id": (_PARTNER.fullmatch(partner_id), "1 to 36 letters, digits, dots, hyphens"),
        "name": (0 < len(name) <= 120 and name.isprintable(), "1 to 120 printable characters"),
        "random": (len(random_octets) == SECRET_OCTETS, f"{SECRET_OCTETS} octets"),
    }
    for setting, (fulfilled, rule) in demands.items():
        if not fulfilled:
            raise PartnerSettingWrong(setting=setting, rule=rule)
    secret = PREFIX + urlsafe_b64encode(random_octets).decode().rstrip("=")
    partner = PpobPartner(partner_id, name, _sha256(secret), bill_type.value, at)
    ppob_partners.add(connection, partner)
    record(connection, AuditEvent("aggregator.registered", at, {"partner": partner_id, "bill_type": bill_type.value}))
    return RegisteredAggregator(partner, secret)


def revoke_aggregator(connection: Connection, partner_id: str, at: datetime) -> None:
    """From now on its secret is unknown. Raises RecordNotFound."""
    ppob_partners.revoke(connection, partner_id, at)
    record(connection, AuditEvent("aggregator.revoked", at, {"partner": partner_id}))


def aggregator_of(connection: Connection, presented: str, now: datetime) -> PpobPartner:
    """The aggregator with this secret. Raises PpobRefused, the same for unknown, revoked and malformed."""
    known = _SECRET.fullmatch(presented) and ppob_partners.find_by_secret(connection, _sha256(presented))
    if not known or (known.revoked_at is not None and known.revoked_at <= now):
        raise PpobRefused(case=PpobCase.NOT_ALLOWED, field="Authorization")
    return known


def _sha256(secret: str) -> bytes:
    """256 random bits need no salt and no stretching."""
    return hashlib.sha256(secret.encode()).digest()
