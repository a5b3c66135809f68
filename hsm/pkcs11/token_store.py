# SPDX-License-Identifier: Apache-2.0
"""The PKCS#11 back end of the key store contract. Keys are found once and their handles kept; after a loss they are found and recognised again.

An operation that fails is looked at: if the key's object still answers, the fault is the request's (TokenFault). If not, the token is opened again
and the operation done once more; until that succeeds callers get TokenLost at once, since a try is made at most every RETRY_SECONDS.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pkcs11 import Attribute, Mechanism
from pkcs11.exceptions import PKCS11Error

from hsm.algorithms.block_cipher import BLOCK_LENGTH, KCV_LENGTH
from hsm.algorithms.diversification import Diversification, DiversificationScheme
from hsm.errors import HsmError, KeyNotFound, TokenFault, TokenLost, UnsealRefused, WrapRefused
from hsm.keys.key_store import DATA_KEY_LENGTH, KeyDescription, StaticKey, Unvalidated
from hsm.keys.randomness import Randomness
from hsm.pkcs11.contents import TokenContents, TokenKey, contents_of
from hsm.pkcs11.derived_keys import cmac_subkey, derived_static_key
from hsm.pkcs11.key_templates import TOLD_TOO, Role, lasting, passing, role_of
from hsm.pkcs11.library_calls import cmac, created, encrypted_block, hmac_sha256, signed_digest, unwrapped, wrapped
from hsm.pkcs11.module import name_of
from hsm.pkcs11.recognition import Marks
from hsm.pkcs11.session import TokenSession
from hsm.pkcs11.software_tokens import unvalidated_token

RETRY_SECONDS: Final = 0.25
_KCV_BLOCK: Final = b"\x01" * BLOCK_LENGTH
_ZERO_IV: Final = bytes(BLOCK_LENGTH)
_Answer = TypeVar("_Answer")


@dataclass(slots=True, eq=False)
class _DerivedKey:
    """A static key: how it follows from its master, and its session objects, one per use, made when the use comes."""

    master: KeyDescription
    parts: Diversification
    generation: int
    objects: dict[Attribute | None, Any] = field(default_factory=dict)


class TokenStore:
    """The keys of one token at work."""

    backend: Final = "pkcs11"

    def __init__(self, session: TokenSession, *, randomness: Randomness, monotonic: Callable[[], float]) -> None:
        self._session = session
        self._randomness = randomness
        self._monotonic = monotonic
        self._next_try = monotonic()
        self._contents: TokenContents = contents_of(session.current)
        self._generation = session.generation
        self._identities = _identities(self._contents)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._session.name}: {len(self._contents.keys)} keys>"

    def unvalidated(self) -> Sequence[Unvalidated]:
        """The token, if it is one that we know to be software."""
        return unvalidated_token(self._session.token)

    @property
    def ca_certificate(self) -> bytes:
        """The card CA's own certificate, DER."""
        return self._contents.certificate

    def records(self) -> Mapping[str, bytes]:
        """The records that custody keeps, as the token's own key authenticated them when they were found."""
        return self._contents.public_records

    def descriptions(self) -> Sequence[KeyDescription]:
        """Every key of the token."""
        return [key.description for key in self._contents.keys.values()]

    def attributes(self, key: KeyDescription) -> Mapping[str, object]:
        """What the token says of the key's object. One that came out of a backup or a settling is not CKA_LOCAL, and is told as it is."""
        found = self._answered(key, lambda handle: handle.get_attributes([*lasting(role_of(key.purpose)), *TOLD_TOO]))
        told = ((Attribute(number).name, value) for number, value in found.items())
        return {f"CKA_{name}": value if isinstance(value, bool) else value.name for name, value in told}

    def verifying_point(self, key: KeyDescription) -> bytes:
        """The uncompressed point of a signing key."""
        point = self._key(key).marks.point
        if not point:
            raise _not_found(key)
        return point

    def sign_es256(self, key: KeyDescription, message: bytes) -> bytes:
        """ECDSA P-256 with SHA-256; raw r|s."""
        self.verifying_point(key)
        digest = hashlib.sha256(message).digest()
        return self._answered(key, lambda handle: signed_digest(handle, digest))

    def derive(self, master: KeyDescription, diversification: Diversification) -> StaticKey:
        """One static key of one card. Its objects are made when its uses come, each with that use alone."""
        self._key(master)
        return StaticKey(diversification.length, _DerivedKey(master, diversification, self._generation))

    def cmac_function(self, key: StaticKey) -> Callable[[bytes], bytes]:
        """AES-CMAC under a static key."""
        opened = _opened(key)
        return lambda message: self._answered(
            opened.master, lambda _: cmac(self._derived(opened, Attribute.SIGN), message)
        )

    def check_value(self, key: StaticKey | KeyDescription) -> bytes:
        """KCV of a static key or of an AES key."""
        if isinstance(key, KeyDescription):
            marks = self._key(key).marks
            if marks.point or len(marks.check_value) != KCV_LENGTH:
                raise _not_found(key)
            return marks.check_value
        opened = _opened(key)
        return self._answered(
            opened.master,
            lambda _: encrypted_block(self._derived(opened, Attribute.ENCRYPT), _KCV_BLOCK)[:KCV_LENGTH],
        )

    def wrap(self, key: StaticKey, under: StaticKey) -> bytes:
        """The static key for PUT KEY, wrapped inside the token (CKM_AES_CBC, IV 0). It is extractable for that moment and never readable."""
        if key.length % BLOCK_LENGTH:
            raise WrapRefused(rule="a token wraps static keys of 16 and 32 bytes")
        new, dek = _opened(key), _opened(under)
        return self._answered(
            new.master,
            lambda _: wrapped(
                self._derived(new, None), self._derived(dek, Attribute.WRAP), Mechanism.AES_CBC, _ZERO_IV
            ),
        )

    def discard(self, key: StaticKey) -> None:
        """Destroy the objects of a static key."""
        opened = _opened(key)
        objects, opened.objects = opened.objects, {}
        if opened.generation == self._session.module.generation:
            for handle in objects.values():
                try:
                    handle.destroy()
                except PKCS11Error:
                    return

    def new_data_key(self, key: KeyDescription) -> tuple[bytes, bytes]:
        """A data key, and the same wrapped by AES-KW."""
        data_key = self._randomness(DATA_KEY_LENGTH)

        def wrap(handle: Any) -> bytes:
            passed = created(self._session.current, data_key, passing(Role.SEAL, extractable=True))
            try:
                return wrapped(passed, handle, Mechanism.AES_KEY_WRAP)
            finally:
                passed.destroy()

        return data_key, self._answered(key, wrap)

    def unwrapped_data_key(self, key: KeyDescription, wrapped: bytes) -> bytes:
        """The data key in wrapped bytes: a session object that is meant to be read."""
        readable = passing(Role.SEAL, extractable=True, sensitive=False)

        def unwrap(handle: Any) -> bytes:
            opened = unwrapped(handle, Mechanism.AES_KEY_WRAP, wrapped, readable)
            try:
                return bytes(opened[Attribute.VALUE])
            finally:
                opened.destroy()

        try:
            return self._answered(key, unwrap)
        except TokenLost:
            raise
        except TokenFault:
            raise UnsealRefused(rule="wrapped data key") from None

    def hmac(self, key: KeyDescription, message: bytes) -> bytes:
        """HMAC-SHA-256."""
        return self._answered(key, lambda handle: hmac_sha256(handle, message))

    def _answered(self, key: KeyDescription, ask: Callable[[Any], _Answer]) -> _Answer:
        """Ask the token something with a key's handle, and once more after finding the token again. Raises KeyNotFound, TokenFault or TokenLost."""
        found = self._key(key)
        self._session.module.refuse_other_thread()
        if self._generation != self._session.module.generation:
            found = self._find_again(key)
        try:
            return ask(found.handle)
        except PKCS11Error as error:
            if self._answers(found):
                raise TokenFault(token=self._session.name, rule=name_of(error)) from None
        found = self._find_again(key)
        try:
            return ask(found.handle)
        except PKCS11Error as error:
            raise TokenLost(token=self._session.name, rule=name_of(error)) from None

    def _answers(self, key: TokenKey) -> bool:
        try:
            return bool(key.handle[Attribute.TOKEN])
        except PKCS11Error:
            return False

    def _find_again(self, key: KeyDescription) -> TokenKey:
        """Open the token again and recognise every key in it. The same keys must come back: none lacks, none is another."""
        if self._monotonic() < self._next_try:
            raise TokenLost(token=self._session.name, rule="not there a moment ago")
        try:
            self._load_again()
        except TokenLost:
            self._next_try = self._monotonic() + RETRY_SECONDS
            raise
        return self._key(key)

    def _load_again(self) -> None:
        # Each time: a session with a token that lay in the place of ours shows that one for ever, whatever lies there by now.
        self._session.reopen()
        try:
            contents = contents_of(self._session.current)
        except PKCS11Error as error:
            raise TokenLost(token=self._session.name, rule=name_of(error)) from None
        except HsmError as error:
            raise TokenLost(token=self._session.name, rule=str(error)) from None
        refuse_other_keys(self._session.name, self._identities, contents)
        self._contents, self._generation = contents, self._session.generation

    def _derived(self, key: _DerivedKey, use: Attribute | None) -> Any:
        """The session object of a static key for one use; None is "to be wrapped"."""
        if key.generation != self._generation:
            key.objects, key.generation = {}, self._generation
        made = key.objects.get(use)
        if made is None:
            attributes = passing(Role.MASTER, *([use] if use else []), extractable=use is None)
            master = self._key(key.master)
            if key.parts.scheme is DiversificationScheme.KDF3 and not master.subkey:
                master.subkey = cmac_subkey(master.handle)
            made = key.objects[use] = derived_static_key(master.handle, key.parts, master.subkey, attributes)
        return made

    def _key(self, key: KeyDescription) -> TokenKey:
        try:
            return self._contents.keys[key.kid]
        except KeyError:
            raise _not_found(key) from None


def refuse_other_keys(token: str, expected: dict[str, Marks], contents: TokenContents) -> None:
    """Raise TokenLost unless every key that was there is there, and is the same by its marks."""
    found = _identities(contents)
    for kid, marks in expected.items():
        if found.get(kid) != marks:
            raise TokenLost(token=token, rule=f"it came back without key {kid}")


def _identities(contents: TokenContents) -> dict[str, Marks]:
    return {kid: key.marks for kid, key in contents.keys.items()}


def _opened(key: StaticKey) -> _DerivedKey:
    assert isinstance(key.handle, _DerivedKey), "a static key of another store"
    return key.handle


def _not_found(key: KeyDescription) -> KeyNotFound:
    return KeyNotFound(purpose=str(key.purpose), version=key.version, sector=key.sector)
