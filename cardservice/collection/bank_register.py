# SPDX-License-Identifier: Apache-2.0
"""``register_bank``: take in a bank that will call us over SNAP, and give it its client identifier and secret, shown this once."""

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cardservice.audit.record import record
from cardservice.collection.bill_type import BillType
from cardservice.collection.errors import PartnerSettingWrong
from cardservice.collection.snap.signature import Encoding, read_public_key
from cardservice.keys import Sealer
from cardservice.records import banks
from cardservice.records.audit_events import AuditEvent
from cardservice.records.banks import MAX_BILLS, Bank
from cardservice.records.connection import Connection
from cardservice.records.sealing_context import sealing_context

SECRET_OCTETS = 32
CLIENT_OCTETS = 16
MAX_SHOWN_NAME = 255

_PARTNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}", re.ASCII)
_SERVICE_ID = re.compile(r" *[0-9]+", re.ASCII)
_CHANNEL = re.compile(r"[0-9]{1,5}", re.ASCII)


class SignatureKind(StrEnum):
    """How a bank signs its requests: signature 1 under the client secret with a token, or signature 2 under its own key."""

    SYMMETRIC = "symmetric"
    ASYMMETRIC = "asymmetric"


@dataclass(frozen=True, slots=True)
class BankSettings:
    """What is agreed with a bank. ``service_id`` is our partnerServiceId there, as short as it is written: spaces are put before it.

    ``most_bills`` and ``most_name`` are what the bank's screens take (BCA: 5 and 30), ``channel_id`` its CHANNEL-ID where it has one.
    """

    service_id: str
    signature: SignatureKind = SignatureKind.SYMMETRIC
    encoding: Encoding = Encoding.BASE64
    channel_id: str | None = None
    bill_type: BillType = BillType.MINIMUM_ONCE
    most_bills: int = 5
    most_name: int = 30


@dataclass(frozen=True, slots=True)
class RegisteredBank:
    """The bank and its client secret. Nobody is shown the secret again."""

    bank: Bank
    secret: str = field(repr=False)


def secret_context(partner_id: str) -> str:
    """The context that a client secret is sealed under."""
    return sealing_context("banks", "secret_sealed", partner_id)


def prepare_bank(
    *,
    partner_id: str,
    name: str,
    public_key_pem: bytes,
    settings: BankSettings,
    random_octets: bytes,
    sealer: Sealer,
    at: datetime,
) -> RegisteredBank:
    """Check everything and seal the secret, before any transaction. ``random_octets``: 48, used for nothing else.

    Raises PartnerSettingWrong, BankKeyRefused.
    """
    name = name.strip()
    demands = {
        "partner_id": (_PARTNER.fullmatch(partner_id), "1 to 36 letters, digits, dots, hyphens"),
        "name": (0 < len(name) <= 120 and name.isprintable(), "1 to 120 printable characters"),
        "service_id": (
            _SERVICE_ID.fullmatch(settings.service_id) and len(settings.service_id) <= 8,
            "1 to 8 digits",
        ),
        "channel_id": (settings.channel_id is None or _CHANNEL.fullmatch(settings.channel_id), "1 to 5 digits"),
        "most_bills": (1 <= settings.most_bills <= MAX_BILLS, f"1 to {MAX_BILLS}"),
        "most_name": (1 <= settings.most_name <= MAX_SHOWN_NAME, f"1 to {MAX_SHOWN_NAME}"),
        "random": (len(random_octets) == SECRET_OCTETS + CLIENT_OCTETS, f"{SECRET_OCTETS + CLIENT_OCTETS} octets"),
    }
    for setting, (fulfilled, rule) in demands.items():
        if not fulfilled:
            raise PartnerSettingWrong(setting=setting, rule=rule)
    public_key = read_public_key(public_key_pem)
    secret = urlsafe_b64encode(random_octets[:SECRET_OCTETS]).decode().rstrip("=")
    (sealed,) = sealer.seal([(secret_context(partner_id), secret.encode())])
    bank = Bank(
        partner_id=partner_id,
        client_id=random_octets[SECRET_OCTETS:].hex(),
        name=name,
        secret_sealed=sealed,
        public_key=public_key,
        signature=settings.signature.value,
        encoding=settings.encoding.value,
        channel_id=settings.channel_id,
        service_id=settings.service_id.strip().rjust(8),
        bill_type=settings.bill_type.value,
        most_bills=settings.most_bills,
        most_name=settings.most_name,
        created_at=at,
    )
    return RegisteredBank(bank, secret)


def register_bank(connection: Connection, registered: RegisteredBank) -> None:
    """Take in what prepare_bank() made, with its audit event. Raises BankExists."""
    bank = registered.bank
    banks.add(connection, bank)
    detail = {"partner": bank.partner_id, "signature": bank.signature, "service": bank.service_id}
    record(connection, AuditEvent("bank.registered", bank.created_at, dict(detail)))


def revoke_bank(connection: Connection, partner_id: str, at: datetime) -> None:
    """From now on the bank is an unknown client. Raises RecordNotFound."""
    banks.revoke(connection, partner_id, at)
    record(connection, AuditEvent("bank.revoked", at, {"partner": partner_id}))


def is_in_force(bank: Bank | None, now: datetime) -> bool:
    """Whether a bank may call."""
    return bank is not None and (bank.revoked_at is None or now < bank.revoked_at)
