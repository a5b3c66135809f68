# SPDX-License-Identifier: Apache-2.0
"""The protocols of ``cardservice/keys.py``, spoken as typed requests to whoever answers them: the socket, or operations in process."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from cardservice.keys import KeySet, Purpose, SessionKeys, SessionRequest, VerifyingKey, WrappedKey
from hsm.errors import RequestRefused
from hsm.limits.grants import Grant
from hsm.limits.partner_secrets import SIGNATURE_LENGTH
from hsm.wire.channel_requests import MAX_CHANNELS, ListCurrentMasters, OpenSecureChannels, WrapKeySet
from hsm.wire.document_requests import SIGNING_REQUESTS
from hsm.wire.officer_requests import UnsealMany
from hsm.wire.requests import ListVerifyingKeys, Request
from hsm.wire.value_requests import (
    MAX_SIGNED_LENGTH,
    MAX_VALUES,
    CheckPartnerSignature,
    MakeBlindIndexes,
    MakePseudonym,
    SealValues,
    UnsealValue,
)

# Asks requests in one trip; the answers come in order, and the first refusal among them is raised.
Ask = Callable[[Sequence[Request]], list[Any]]

VERIFYING_KEY_LIFE = 30.0  # seconds that a cached key is trusted to be the one that signs
_BATCH_OCTETS = 128 * 1024  # half a frame, so that answers a little longer than their questions fit too
_OVERHEAD = 64

_Item = TypeVar("_Item")


class AskedCardKeys:
    """CardKeys: session keys and wrapped key sets."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def session_keys(self, requests: Sequence[SessionRequest]) -> list[SessionKeys]:
        """Answer each request, in order."""
        keys: list[SessionKeys] = []
        for batch in _batches(requests, MAX_CHANNELS, lambda _: 0):
            (answer,) = self._ask([OpenSecureChannels(batch)])
            keys += [SessionKeys(*channel) for channel in answer]
        return keys

    def wrapped_key_set(self, new: KeySet, under: KeySet) -> tuple[WrappedKey, WrappedKey, WrappedKey]:
        """ENC, MAC and DEK of ``new``, each encrypted under the DEK of ``under``."""
        return self.wrapped_key_set_each([(new, under)])[0]

    def wrapped_key_set_each(
        self, pairs: Sequence[tuple[KeySet, KeySet]]
    ) -> list[tuple[WrappedKey, WrappedKey, WrappedKey]]:
        """The same for each pair (new, under), in order."""
        wrapped = []
        for batch in _batches(pairs, MAX_CHANNELS, lambda _: 0):
            for answer in self._ask([WrapKeySet(new, under) for new, under in batch]):
                enc, mac, dek = (WrappedKey(*key) for key in answer)
                wrapped.append((enc, mac, dek))
        return wrapped

    def current_versions(self, sectors: Sequence[int]) -> dict[int, int]:
        """What a card made now gets in each sector, 00 the issuer's."""
        (versions,) = self._ask([ListCurrentMasters(sectors)])
        return dict(zip(sectors, versions, strict=True))


class AskedSigner:
    """Signer: one purpose's current key. Knows its public half for a while, and looks again after any refusal."""

    def __init__(self, ask: Ask, purpose: Purpose, monotonic: Callable[[], float]) -> None:
        self._ask = ask
        self._kind = SIGNING_REQUESTS[purpose]
        self._monotonic = monotonic
        self._known: tuple[VerifyingKey, float] | None = None

    @property
    def verifying_key(self) -> VerifyingKey:
        """The public half of the key that signs now."""
        known = self._known
        if known and self._monotonic() - known[1] < VERIFYING_KEY_LIFE:
            return known[0]
        current = verifying_keys(self._ask, self._kind.purpose)[0]
        self._known = (current, self._monotonic())
        return current

    def sign(self, document: bytes) -> bytes:
        """ES256 over the document; raw r|s, 64 bytes."""
        return self._signed([document])[0]

    def sign_each(self, documents: Sequence[bytes]) -> list[bytes]:
        """Sign several documents in as few trips as frames allow."""
        return [signature for batch in _batches(documents, MAX_VALUES, len) for signature in self._signed(batch)]

    def _signed(self, documents: Sequence[bytes]) -> list[bytes]:
        try:
            return self._ask([self._kind(document) for document in documents])
        except RequestRefused:
            # The key may have changed under us; whoever builds the document again sees the new one.
            self._known = None
            raise


class AskedSealer:
    """Sealer: values at rest."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def seal(self, values: Sequence[tuple[str, bytes]]) -> list[bytes]:
        """Seal each (context, value)."""
        sealed: list[bytes] = []
        for batch in _batches(values, MAX_VALUES, lambda pair: len(pair[0]) + len(pair[1])):
            sealed += self._ask([SealValues(batch)])[0]
        return sealed

    def unseal(self, context: str, sealed: bytes, *, reason: str) -> bytes:
        """Open one value."""
        value: bytes = self._ask([UnsealValue(context, sealed, reason)])[0]
        return value

    def unseal_many(self, values: Sequence[tuple[str, bytes]], *, reason: str, grant: Grant) -> list[bytes]:
        """Open each (context, sealed value) by grant of two officers, in one trip: a grant is used once."""
        opened: list[bytes] = self._ask([UnsealMany(values, reason, grant)])[0]
        return opened


class AskedPartnerSignatures:
    """PartnerSignatures: compared where the secrets are."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def matches(self, context: str, sealed: bytes, signed: bytes, signature: bytes) -> bool:
        """Whether a partner signed this."""
        if len(signature) != SIGNATURE_LENGTH or not 0 < len(signed) <= MAX_SIGNED_LENGTH:
            return False
        return bool(self._ask([CheckPartnerSignature(context, sealed, signed, signature)])[0])


class AskedBlindIndex:
    """BlindIndex: keyed fingerprints."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def blind_index(self, values: Sequence[bytes]) -> list[bytes]:
        """Fingerprint each value."""
        indexes: list[bytes] = []
        for batch in _batches(values, MAX_VALUES, len):
            indexes += self._ask([MakeBlindIndexes(batch)])[0]
        return indexes


class AskedPseudonyms:
    """Pseudonyms: pairwise names."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def pseudonym(self, sector: int, subject: bytes) -> bytes:
        """The subject's name in one sector."""
        return self.pseudonym_each([sector], subject)[0]

    def pseudonym_each(self, sectors: Sequence[int], subject: bytes) -> list[bytes]:
        """The subject's name in each sector, in one trip."""
        return self._ask([MakePseudonym(sector, subject) for sector in sectors]) if sectors else []


def verifying_keys(ask: Ask, purpose: Purpose) -> list[VerifyingKey]:
    """Published keys of one purpose, the one that signs now first."""
    (answer,) = ask([ListVerifyingKeys(purpose)])
    return [VerifyingKey(kid, point) for kid, point in answer]


def _batches(items: Sequence[_Item], most: int, octets: Callable[[_Item], int]) -> Iterator[list[_Item]]:
    """The items in order, cut so that each batch fits a frame."""
    batch: list[_Item] = []
    size = 0
    for item in items:
        cost = octets(item) + _OVERHEAD
        if batch and (len(batch) == most or size + cost > _BATCH_OCTETS):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += cost
    if batch:
        yield batch
