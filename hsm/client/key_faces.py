# SPDX-License-Identifier: Apache-2.0
"""All faces of the keys in one object, over any way of asking: what a program is given as "the keys"."""

from collections.abc import Callable, Sequence
from typing import Any

from cardservice.keys import BlindIndex, CardKeys, PartnerSignatures, Pseudonyms, Purpose, VerifyingKey
from hsm.client.awaited_signer import AskedSoonSigner
from hsm.client.faces import (
    Ask,
    AskedBlindIndex,
    AskedCardKeys,
    AskedPartnerSignatures,
    AskedPseudonyms,
    AskedSealer,
    AskedSigner,
    verifying_keys,
)
from hsm.errors import KeyNotFound
from hsm.limits.grants import Grant
from hsm.wire.channel_requests import MAX_REVOKED, RevokeCards
from hsm.wire.officer_requests import LiftAnomaly
from hsm.wire.requests import SIGNING_PURPOSES, Ping, Request, ShowCaCertificate


class KeyFaces:
    """Faces over one way of asking. Sessions, signatures and names are questions; no key ever comes back."""

    def __init__(self, ask: Ask, monotonic: Callable[[], float]) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._signers: dict[Purpose, AskedSigner] = {}
        self._awaited_signers: dict[Purpose, AskedSoonSigner] = {}

    @property
    def card_keys(self) -> CardKeys:
        """Session keys and wrapped key sets of cards."""
        return AskedCardKeys(self._ask)

    @property
    def sealer(self) -> AskedSealer:
        """Seals and opens single values, and many by grant."""
        return AskedSealer(self._ask)

    @property
    def partner_signatures(self) -> PartnerSignatures:
        """Compares partners' signatures."""
        return AskedPartnerSignatures(self._ask)

    @property
    def blind_index(self) -> BlindIndex:
        """Keyed fingerprints."""
        return AskedBlindIndex(self._ask)

    @property
    def pseudonyms(self) -> Pseudonyms:
        """Pairwise names."""
        return AskedPseudonyms(self._ask)

    @property
    def ca_certificate(self) -> bytes:
        """The card CA's own certificate, DER."""
        certificate: bytes = self._ask([ShowCaCertificate()])[0]
        return certificate

    def signer(self, purpose: Purpose) -> AskedSigner:
        """The current signing key of a purpose: card CA, eligibility token, cover proof, audit or receipt. Raises KeyNotFound for others."""
        _demand_signing(purpose)
        return self._signers.setdefault(purpose, AskedSigner(self._ask, purpose, self._monotonic))

    def awaited_signer(self, purpose: Purpose) -> AskedSoonSigner:
        """The same for tasks of an event loop. Raises KeyNotFound."""
        _demand_signing(purpose)
        return self._awaited_signers.setdefault(purpose, AskedSoonSigner(self._ask_soon, purpose, self._monotonic))

    async def _ask_soon(self, requests: Sequence[Request]) -> list[Any]:
        """``ask`` for tasks. Here for whoever answers at once."""
        return self._ask(requests)

    def verifying_keys(self, purpose: Purpose) -> list[VerifyingKey]:
        """What a verifier needs: current, next and recent keys of a purpose, the one that signs now first."""
        return verifying_keys(self._ask, purpose)

    def revoke_cards(self, kdds: Sequence[bytes], *, reason: str) -> int:
        """Have no channel opened to these cards any more, for good; how many were not revoked before. Safe to repeat."""
        new = 0
        for begin in range(0, len(kdds), MAX_REVOKED):
            new += self._ask([RevokeCards(kdds[begin : begin + MAX_REVOKED], reason)])[0]
        return new

    def lift_anomaly(self, operation: str, uid: int, *, reason: str, grant: Grant) -> None:
        """Let a caller ask an operation again that tripped its anomaly limit, by grant of one officer."""
        self._ask([LiftAnomaly(operation, uid, reason, grant)])

    def ping(self) -> str:
        """The kind of back end that answers. Raises KeyProcessDown."""
        backend: str = self._ask([Ping()])[0]
        return backend


def _demand_signing(purpose: Purpose) -> None:
    """Raises KeyNotFound for a purpose whose keys sign nothing."""
    if purpose not in SIGNING_PURPOSES:
        raise KeyNotFound(purpose=str(purpose), version=0, sector=0)
