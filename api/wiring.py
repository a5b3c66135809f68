# SPDX-License-Identifier: Apache-2.0
"""What the routes are wired to: keys, records, clock, randomness. Everything a test may replace, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request

from api.published_files import PublishedFiles
from api.published_keys import PublishedKeys
from api.settings import Settings
from cardservice.collection.biller import MemberBiller
from cardservice.collection.in_thread import InThread
from cardservice.collection.ppob.desk import PpobDesk
from cardservice.collection.snap.desk import SnapDesk
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.credentials import eligibility_token
from cardservice.credentials.eligibility_token import EligibilityToken
from cardservice.issuance.bureau import Bureau, BureauKeys
from cardservice.keys import AwaitedSigner, BlindIndex, PartnerSignatures, Purpose, VerifyingKey
from cardservice.partnership.caller import Caller
from cardservice.records.database import Database
from cardservice.records.hot_path.payment_store import PaymentStore
from cardservice.records.hot_path.store import VerificationStore
from cardservice.records.schema import SchemaVersion
from cardservice.verification.verify import Means


class ServiceKeys(BureauKeys, Protocol):
    """What the service asks of the keys: ``hsm.client.key_process.KeyProcess``, or the same operations in process."""

    def verifying_keys(self, purpose: Purpose) -> list[VerifyingKey]:
        """The published keys of a purpose, the one that signs now first."""
        ...

    @property
    def partner_signatures(self) -> PartnerSignatures:
        """Compares the signatures of banks."""
        ...

    @property
    def blind_index(self) -> BlindIndex:
        """Finds a member by NIK."""
        ...

    def awaited_signer(self, purpose: Purpose) -> AwaitedSigner:
        """The current signing key of a purpose, for tasks of the loop that serves."""
        ...

    def ping(self) -> str:
        """Whether anybody is there."""
        ...


class ServiceStore(VerificationStore, Protocol):
    """What the service asks of the records (``store.RecordsStore``); the two calls of its own block, and belong into a thread."""

    @property
    def database(self) -> Database:
        """The database itself, for use cases with transactions of their own."""
        ...

    @property
    def payments(self) -> PaymentStore:
        """The short way of payments."""
        ...

    def authenticate(self, secret: str, now: datetime) -> Caller:
        """The verifier with this secret. Raises CallerUnknown."""
        ...

    def schema_version(self) -> SchemaVersion:
        """Which migration the database stands at, and which one is needed."""
        ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """One worker's parts."""

    settings: Settings
    keys: ServiceKeys
    store: ServiceStore
    packs: PacksInForce
    clock: Callable[[], datetime]
    randomness: Callable[[int], bytes]
    token_keys: PublishedKeys
    cover_proof_keys: PublishedKeys
    receipt_keys: PublishedKeys
    published_files: PublishedFiles

    @property
    def means(self) -> Means:
        """What the use case needs of it."""
        return Means(
            self.store, self._sign, self.cover_proof_keys.current, self.settings.issuer, self.packs, self.randomness
        )

    @property
    def bureau(self) -> Bureau:
        """What renews cover proofs on cards that are at a verifier's desk. It blocks."""
        return Bureau(self.store.database, self.keys, self.clock, self.randomness, self.packs)

    def new_id(self) -> str:
        """A random 128-bit identifier."""
        return self.randomness(16).hex()

    async def _sign(self, token: EligibilityToken) -> str:
        """Tokens of the same moment are signed in one trip to the keys (decision 0175); one that hangs holds up nobody else."""
        return await eligibility_token.issue(self.keys.awaited_signer(Purpose.ELIGIBILITY_TOKEN), token)


async def wiring_of(request: Request) -> Wiring:
    """The wiring of the app that a request came to; async only so that no thread is spent on it."""
    return cast("Wiring", request.app.state.wiring)


Wired = Annotated[Wiring, Depends(wiring_of)]


def snap_desk(
    keys: ServiceKeys,
    store: ServiceStore,
    packs: PacksInForce,
    randomness: Callable[[int], bytes],
    in_thread: InThread,
    in_key_thread: InThread,
    monotonic: Callable[[], float],
) -> SnapDesk:
    """What answers banks: the biller over the records, and their signatures compared by the keys."""
    return SnapDesk(
        store.database,
        store.payments,
        MemberBiller(lambda: randomness(16).hex(), packs),
        lambda: keys.partner_signatures,
        lambda: keys.blind_index,
        randomness,
        in_thread,
        in_key_thread,
        monotonic,
    )


def ppob_desk(
    keys: ServiceKeys,
    store: ServiceStore,
    packs: PacksInForce,
    randomness: Callable[[int], bytes],
    monotonic: Callable[[], float],
) -> PpobDesk:
    """What answers aggregators, over a biller like the banks'."""
    biller = MemberBiller(lambda: randomness(16).hex(), packs)
    return PpobDesk(store.database, biller, lambda: keys.blind_index, monotonic)
