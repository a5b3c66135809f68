# SPDX-License-Identifier: Apache-2.0
"""What the key process does with a typed request: limit it, choose the key, read the document, answer. Free of sockets and clocks."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from cryptography import x509

from cardservice.keys import Purpose
from hsm.errors import CardRevoked, HsmError, UnknownOperation
from hsm.guards.by_purpose import GUARDS
from hsm.guards.signing_context import SigningContext
from hsm.keys.key_store import KeyKind, KeyStore
from hsm.limits.grants import Deed
from hsm.limits.partner_secrets import demand_openable, demand_partner_secret, matches
from hsm.limits.safeguards import Safeguards
from hsm.operations.key_ring import KeyRing
from hsm.operations.moment import Moment
from hsm.operations.sealed_values import SealedValues
from hsm.operations.static_card_keys import StaticCardKeys
from hsm.wire.channel_requests import ListCurrentMasters, OpenSecureChannels, RevokeCards, WrapKeySet
from hsm.wire.document_requests import SignDocument
from hsm.wire.officer_requests import LiftAnomaly, UnsealMany
from hsm.wire.requests import ListVerifyingKeys, Ping, Request, ShowCaCertificate
from hsm.wire.value_requests import CheckPartnerSignature, MakeBlindIndexes, MakePseudonym, SealValues, UnsealValue

FINGERPRINT_LENGTH = 16
_PSEUDONYM_LABEL = b"KJS-PSEUDONYM-1"


class KeyOperations:
    """Answers requests over one store, as its safeguards allow. ``issuer``: whose eligibility tokens are signed; empty: nobody said."""

    def __init__(
        self, store: KeyStore, *, clock: Callable[[], datetime], safeguards: Safeguards, issuer: str = ""
    ) -> None:
        self._store = store
        self._clock = clock
        self._safeguards = safeguards
        self._issuer = issuer
        self._ring = KeyRing(store)
        self._card_keys = StaticCardKeys(store, self._ring)
        self._sealed_values = SealedValues(store, self._ring)
        self._points = {key.kid: store.verifying_point(key) for key in store.descriptions() if key.kind is KeyKind.P256}
        self._own_points = frozenset(self._points.values())
        # A table, since singledispatchmethod makes a new function at every call.
        self._by_kind: dict[type[Request], Callable[[Any, Moment], object]] = {
            Ping: self._ping,
            ShowCaCertificate: self._show_ca_certificate,
            ListVerifyingKeys: self._list_verifying_keys,
            OpenSecureChannels: self._open_secure_channels,
            WrapKeySet: self._wrap_key_set,
            ListCurrentMasters: self._list_current_masters,
            SealValues: self._seal,
            UnsealValue: self._unseal,
            UnsealMany: self._unseal_many,
            CheckPartnerSignature: self._check_partner_signature,
            LiftAnomaly: self._lift_anomaly,
            RevokeCards: self._revoke_cards,
            MakeBlindIndexes: self._blind_index,
            MakePseudonym: self._pseudonym,
        }
        self._ca_certificate = x509.load_der_x509_certificate(store.ca_certificate)

    def answer(self, request: Request, caller: int) -> object:
        """The answer to a user id, made of bytes, numbers, texts and lists only. Raises RequestRefused."""
        (refusal,) = self.admit([request], caller)
        if refusal is not None:
            raise refusal
        return self.prepared(request, self.moment(caller))()

    def moment(self, caller: int) -> Moment:
        """Now, for requests of a user id that are carried out together. A late one must not be: what has expired since would still serve it."""
        return Moment(self._clock(), caller)

    def admit(self, requests: Sequence[Request], caller: int) -> list[HsmError | None]:
        """Count requests against the limits, and say which of them are refused. To be asked once for each, before it is carried out.

        The requests of one frame are counted together, by operation: the counters are shared by all workers, and each look at them is locked.
        Only where that is too much is each counted alone, so that as many pass as may.
        """
        weights: dict[str, int] = {}
        for request in requests:
            weights[request.operation] = weights.get(request.operation, 0) + request.weight
        refused = {operation: self._refusal(operation, weight, caller) for operation, weight in weights.items()}
        if not any(refused.values()):
            return [None] * len(requests)
        if len(requests) == len(weights):
            return [refused[request.operation] for request in requests]
        return [
            refused[request.operation] and self._refusal(request.operation, request.weight, caller)
            for request in requests
        ]

    def _refusal(self, operation: str, weight: int, caller: int) -> HsmError | None:
        try:
            self._safeguards.rate_limit.spend(caller, operation, weight)
        except HsmError as refusal:
            return refusal
        try:
            self._safeguards.anomaly_limit.spend(caller, operation, weight)
        except HsmError as refusal:
            self._safeguards.rate_limit.give_back(caller, operation, weight)
            return refusal
        return None

    def prepared(self, request: Request, moment: Moment) -> Callable[[], object]:
        """The rest of what was admitted, to be called within the moment. Raises RequestRefused, now or then.

        What is to be signed has been read, and its key chosen: the rest is the signature. Reading for all of a frame, then signing for all
        of it, keeps the processor at one kind of work.
        """
        if isinstance(request, SignDocument):
            return self._guarded(request, moment)
        do = self._by_kind.get(type(request))
        if do is None:
            raise UnknownOperation
        return partial(do, request, moment)

    def _guarded(self, request: SignDocument, moment: Moment) -> Callable[[], object]:
        purpose, document = request.purpose, request.document
        context = moment.signing.get(purpose)
        if context is None:
            key = self._ring.current(purpose, moment.now)
            context = SigningContext(key, moment.now, self._ca_certificate, self._own_points, self._issuer)
            moment.signing[purpose] = context
        GUARDS[purpose](document, context)
        return partial(self._store.sign_es256, context.key, document)

    def _ping(self, _: Ping, __: Moment) -> object:
        return self._store.backend

    def _show_ca_certificate(self, _: ShowCaCertificate, __: Moment) -> object:
        return self._store.ca_certificate

    def _list_verifying_keys(self, request: ListVerifyingKeys, moment: Moment) -> object:
        published = self._ring.published(request.purpose, moment.now)
        return [[key.kid, self._points[key.kid]] for key in published]

    def _open_secure_channels(self, request: OpenSecureChannels, _: Moment) -> object:
        for channel in request.channels:
            self._refuse_revoked(channel.key_set.kdd)
        return [
            [keys.s_enc, keys.s_mac, keys.s_rmac, keys.card_challenge, keys.card_cryptogram, keys.host_cryptogram]
            for keys in self._card_keys.session_keys(request.channels)
        ]

    def _wrap_key_set(self, request: WrapKeySet, moment: Moment) -> object:
        self._refuse_revoked(request.new.kdd)
        wrapped = self._card_keys.wrapped_key_set(request.new, request.under, moment.now)
        return [[key.length, key.ciphertext, key.kcv] for key in wrapped]

    def _list_current_masters(self, request: ListCurrentMasters, moment: Moment) -> object:
        return [self._ring.current_master(sector, moment.now).version for sector in request.sectors]

    def _seal(self, request: SealValues, moment: Moment) -> object:
        return [self._sealed_values.seal(context, value, moment.now) for context, value in request.values]

    def _check_partner_signature(self, request: CheckPartnerSignature, moment: Moment) -> object:
        demand_partner_secret(request.context)
        secret = self._sealed_values.unseal(request.context, request.sealed, moment.now)
        return int(matches(secret, request.signed, request.signature))

    def _unseal(self, request: UnsealValue, moment: Moment) -> object:
        demand_openable(request.context)
        self._safeguards.record(f"unseal context={request.context} by={moment.caller} reason={request.reason}")
        return self._sealed_values.unseal(request.context, request.sealed, moment.now)

    def _unseal_many(self, request: UnsealMany, moment: Moment) -> object:
        contexts = [context for context, _ in request.values]
        for context in contexts:
            demand_openable(context)
        officers = self._safeguards.grants.use(request.grant, Deed.UNSEAL_MANY, contexts, request.reason)
        said = f"by={moment.caller} officers={','.join(officers)} reason={request.reason}"
        self._safeguards.record(f"unseal-many values={len(contexts)} {said}")
        for context in contexts:
            self._safeguards.record(f"unseal-many context={context} {said}")
        return [self._sealed_values.unseal(context, sealed, moment.now) for context, sealed in request.values]

    def _lift_anomaly(self, request: LiftAnomaly, moment: Moment) -> object:
        things = [request.limited, request.uid]
        officers = self._safeguards.grants.use(request.grant, Deed.LIFT_ANOMALY, things, request.reason)
        self._safeguards.record(
            f"lift-anomaly operation={request.limited} uid={request.uid} by={moment.caller} officers={','.join(officers)} "
            f"reason={request.reason}"
        )
        self._safeguards.anomaly_limit.lift(request.uid, request.limited)
        return None

    def _revoke_cards(self, request: RevokeCards, moment: Moment) -> object:
        now = int(moment.now.timestamp())
        return self._safeguards.revoked_cards.add(request.kdds, f"by={moment.caller} {request.reason}", now)

    def _blind_index(self, request: MakeBlindIndexes, moment: Moment) -> object:
        key = self._ring.current(Purpose.BLIND_INDEX, moment.now)
        return [self._store.hmac(key, value)[:FINGERPRINT_LENGTH] for value in request.values]

    def _pseudonym(self, request: MakePseudonym, moment: Moment) -> object:
        key = self._ring.current(Purpose.PSEUDONYM, moment.now)
        message = _PSEUDONYM_LABEL + bytes([request.sector]) + request.subject
        return self._store.hmac(key, message)[:FINGERPRINT_LENGTH]

    def _refuse_revoked(self, kdd: bytes) -> None:
        if kdd in self._safeguards.revoked_cards:
            raise CardRevoked(kdd=kdd.hex().upper())
