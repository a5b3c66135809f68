# SPDX-License-Identifier: Apache-2.0
"""What the key process does with a typed request: limit it, choose the key, read the document, answer. Free of sockets and clocks."""

from collections.abc import Callable
from datetime import datetime
from functools import singledispatchmethod

from cryptography import x509

from cardservice.keys import Purpose
from hsm.channel_requests import OpenSecureChannels, WrapKeySet
from hsm.document_requests import SignDocument
from hsm.errors import UnknownOperation
from hsm.guards.by_purpose import GUARDS
from hsm.guards.signing_context import SigningContext
from hsm.key_ring import KeyRing
from hsm.key_store import KeyKind, KeyStore
from hsm.rate_limit import RateLimit
from hsm.requests import ListVerifyingKeys, Ping, Request, ShowCaCertificate
from hsm.sealed_values import SealedValues
from hsm.static_card_keys import StaticCardKeys
from hsm.value_requests import MakeBlindIndexes, MakePseudonym, SealValues, UnsealValue

FINGERPRINT_LENGTH = 16
_PSEUDONYM_LABEL = b"KJS-PSEUDONYM-1"


class KeyOperations:
    """Answers requests over one store. ``record`` is told of each opened value: context and reason, never the value."""

    def __init__(
        self,
        store: KeyStore,
        *,
        clock: Callable[[], datetime],
        rate_limit: RateLimit,
        record: Callable[[str, str], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._rate_limit = rate_limit
        self._record = record
        self._ring = KeyRing(store)
        self._card_keys = StaticCardKeys(store, self._ring)
        self._sealed_values = SealedValues(store, self._ring)
        self._points = {key.kid: store.verifying_point(key) for key in store.descriptions() if key.kind is KeyKind.P256}
        self._own_points = frozenset(self._points.values())
        self._ca_certificate = x509.load_der_x509_certificate(store.ca_certificate)

    def answer(self, request: Request) -> object:
        """The answer, made of bytes, numbers, texts and lists only. Raises RequestRefused."""
        self._rate_limit.spend(request.operation, request.weight)
        return self._answer(request)

    @singledispatchmethod
    def _answer(self, _: Request) -> object:
        raise UnknownOperation

    @_answer.register
    def _(self, _: Ping) -> object:
        return self._store.backend

    @_answer.register
    def _(self, _: ShowCaCertificate) -> object:
        return self._store.ca_certificate

    @_answer.register
    def _(self, request: ListVerifyingKeys) -> object:
        published = self._ring.published(request.purpose, self._clock())
        return [[key.kid, self._points[key.kid]] for key in published]

    @_answer.register
    def _(self, request: SignDocument) -> object:
        now = self._clock()
        key = self._ring.current(request.purpose, now)
        context = SigningContext(key, now, self._ca_certificate, self._own_points)
        GUARDS[request.purpose](request.document, context)
        return self._store.sign_es256(key, request.document)

    @_answer.register
    def _(self, request: OpenSecureChannels) -> object:
        return [
            [keys.s_enc, keys.s_mac, keys.s_rmac, keys.card_challenge, keys.card_cryptogram, keys.host_cryptogram]
            for keys in self._card_keys.session_keys(request.channels)
        ]

    @_answer.register
    def _(self, request: WrapKeySet) -> object:
        wrapped = self._card_keys.wrapped_key_set(request.new, request.under, self._clock())
        return [[key.length, key.ciphertext, key.kcv] for key in wrapped]

    @_answer.register
    def _(self, request: SealValues) -> object:
        now = self._clock()
        return [self._sealed_values.seal(context, value, now) for context, value in request.values]

    @_answer.register
    def _(self, request: UnsealValue) -> object:
        self._record(request.context, request.reason)
        return self._sealed_values.unseal(request.context, request.sealed)

    @_answer.register
    def _(self, request: MakeBlindIndexes) -> object:
        key = self._ring.current(Purpose.BLIND_INDEX, self._clock())
        return [self._store.hmac(key, value)[:FINGERPRINT_LENGTH] for value in request.values]

    @_answer.register
    def _(self, request: MakePseudonym) -> object:
        key = self._ring.current(Purpose.PSEUDONYM, self._clock())
        message = _PSEUDONYM_LABEL + bytes([request.sector]) + request.subject
        return self._store.hmac(key, message)[:FINGERPRINT_LENGTH]
