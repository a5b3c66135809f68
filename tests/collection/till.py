# SPDX-License-Identifier: Apache-2.0
"""A till: the service in process, a bank that is registered with it, and members who have payment numbers."""

import asyncio
import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding as KeyEncoding
from cryptography.hazmat.primitives.serialization import PublicFormat
from sqlalchemy import func, select

from cardservice.clock import monotonic
from cardservice.collection.bank_register import BankSettings, SignatureKind, prepare_bank, register_bank
from cardservice.collection.bill_type import BillType
from cardservice.collection.biller import MemberBiller
from cardservice.collection.payment_number import new_payment_number
from cardservice.collection.snap.caller import Asked
from cardservice.collection.snap.desk import SnapDesk
from cardservice.collection.snap.headers import Headers
from cardservice.records import members, payment_numbers
from cardservice.records.database import Database
from cardservice.records.payment_numbers import PaymentNumber
from cardservice.records.tables import metadata
from reader_tools.mockbank.bank_client import PAYMENT, BankClient, BankIdentity, Reply
from tests.api.served import BASE, Service
from tests.coverage.rules_2026 import PACKS_2026
from tests.records import rows
from tests.verification.world import NOW, World

PARTNER = "BCA"
ONE_MONTH = 8_400  # JKK 5,000 and JKM 3,400 at half rate: rows.member() drives, and it is November 2026


@cache
def bank_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(KeyEncoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def settle(database: Database, sealer: Any, settings: BankSettings, partner_id: str = PARTNER) -> BankIdentity:
    """Register a bank; who it is."""
    registered = prepare_bank(
        partner_id=partner_id,
        name=f"Bank {partner_id}",
        public_key_pem=public_pem(bank_key()),
        settings=settings,
        random_octets=random.Random(f"bank {partner_id}").randbytes(48),
        sealer=sealer,
        at=NOW,
    )
    with database.begin() as connection:
        register_bank(connection, registered)
    return BankIdentity(
        partner_id,
        registered.bank.client_id,
        registered.secret,
        bank_key(),
        settings.service_id,
        symmetric=settings.signature is SignatureKind.SYMMETRIC,
        encoding=settings.encoding,
    )


def give_number(database: Database, number: int, *, add_member: bool = True, expires_at: Any = None) -> str:
    """A member with a payment number."""
    digits = new_payment_number(random.Random(f"number {number}").randbytes)
    with database.begin() as connection:
        if add_member:
            members.add(connection, rows.member(number))
        payment_numbers.add(
            connection, PaymentNumber(rows.identifier("member", number), digits, "SI** RA****", NOW, expires_at)
        )
    return digits


async def to_thread(work: Callable[[], Any], _within: float) -> Any:
    """A thread for whoever asks."""
    return await asyncio.to_thread(work)


@dataclass
class Till:
    """One bank at one service."""

    world: World
    settings: BankSettings = field(default_factory=lambda: BankSettings("88899", bill_type=BillType.CLOSED))
    partner_id: str = PARTNER
    numbers: Any = field(default_factory=lambda: count(1_000))
    bank: BankClient = field(init=False)
    service: Service = field(init=False)

    def __post_init__(self) -> None:
        self.service = Service(self.world)
        identity = settle(self.world.database, self.world.keys.sealer, self.settings, self.partner_id)
        self.bank = BankClient(identity, self.send, self.world.clock, lambda: str(next(self.numbers)))

    def send(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        answer = self.send_raw("POST", path, headers, body)
        return answer.status_code, answer.content

    def send_raw(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> httpx.Response:
        answer = self.service.request(method, path, headers=dict(headers), content=body)
        assert answer.headers["content-type"] == "application/json"
        return answer

    def inquire(self, customer_no: str, request_id: str = "inq-1", **changed: Any) -> Reply:
        return self.bank.call("/v1.0/transfer-va/inquiry", self.bank.inquiry(customer_no, request_id, **changed))

    def pay(
        self,
        customer_no: str,
        rupiah: int,
        request_id: str = "inq-1",
        *,
        external_id: str | None = None,
        **changed: Any,
    ) -> Reply:
        body = self.bank.payment(customer_no, request_id, rupiah, **changed)
        return self.bank.call("/v1.0/transfer-va/payment", body, external_id=external_id)

    def status(self, customer_no: str, request_id: str = "inq-1") -> Reply:
        return self.bank.call("/v1.0/transfer-va/status", self.bank.status(customer_no, request_id))

    def desk(self, patience_s: float = 10, in_thread: Any = None, seconds: Any = monotonic) -> SnapDesk:
        """What answers, without HTTP: for what happens at one moment."""
        keys = self.world.keys
        return SnapDesk(
            self.world.database,
            self.world.payments,
            MemberBiller(lambda: secrets.token_hex(16), PACKS_2026),
            lambda: keys.partner_signatures,
            lambda: keys.blind_index,
            secrets.token_bytes,
            in_thread or to_thread,
            to_thread,
            seconds,
            patience_s,
        )

    def asked(self, customer_no: str, rupiah: int, external_id: str, **changed: Any) -> Asked:
        """A signed payment as it comes over the line, not sent."""
        taken: list[Asked] = []

        def take(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
            given = Headers({name.lower(): [value] for name, value in headers.items()})
            taken.append(Asked("POST", path, "", given, body))
            return 200, b"{}"

        bank = replace(self.bank, send=take)
        bank.call(PAYMENT, bank.payment(customer_no, "inq-1", rupiah, **changed), external_id=external_id)
        return taken[0]

    def rows(self) -> dict[str, int]:
        """How many rows each table has: what a refused request may not change."""
        return table_sizes(self.world.database)


def table_sizes(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


__all__ = ["BASE", "ONE_MONTH", "PARTNER", "Till", "bank_key", "give_number", "public_pem", "settle", "table_sizes"]
