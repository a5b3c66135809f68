# SPDX-License-Identifier: Apache-2.0
"""The contract of a store at work, on every back end: each answer is the one that the secrets themselves would give."""

import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

from cardservice.keys import Purpose
from hsm.algorithms.block_cipher import aes_cmac, key_check_value
from hsm.algorithms.diversification import Diversification, DiversificationScheme, KeyUsage, diversified_key
from hsm.algorithms.es256 import der_signature, raw_signature
from hsm.errors import KeyNotFound, UnsealRefused, WrapRefused
from hsm.keys.key_store import KeyKind, KeyStore, StaticKey
from hsm.stores.key_bundle import KeyBundle, StoredKey
from tests.hsm.back_ends import BackEnd
from tests.hsm.contract.test_key_custody import plan
from tests.hsm.documents import NOW
from tests.hsm.shared_vectors import own

KJS, KDF3 = DiversificationScheme.KJS_DIV_1, DiversificationScheme.KDF3
KDD = bytes.fromhex("00010203040506070809")
SIGNING = [purpose for purpose in Purpose if purpose in {Purpose.CARD_CA, Purpose.AUDIT, Purpose.COVER_PROOF}]


def stored(bundle: KeyBundle, purpose: Purpose) -> StoredKey:
    return next(key for key in bundle.keys if key.description.purpose is purpose)


def derived(store: KeyStore, key: StoredKey, usage: KeyUsage, length: int = 32) -> tuple[StaticKey, bytes]:
    """A static key of the store, and the key itself."""
    scheme = KDF3 if key.description.purpose is Purpose.TRANSPORT else KJS
    parts = Diversification(scheme, usage, key.description.version, key.description.sector, KDD, length)
    return store.derive(key.description, parts), diversified_key(key.secret, parts)


def test_it_lists_what_it_holds(full_store: KeyStore, bundle: KeyBundle) -> None:
    listed = {(key.purpose, key.version, key.sector, key.expires) for key in full_store.descriptions()}
    assert listed == {
        (key.description.purpose, key.description.version, key.description.sector, key.description.expires)
        for key in bundle.keys
    }
    assert full_store.ca_certificate == bundle.ca_certificate
    assert full_store.backend in {"software", "pkcs11"}


def description(store: KeyStore, key: StoredKey) -> StoredKey:
    """The same key under the name that this store gives it: keys without a public half are named at random."""
    about = key.description
    name = (about.purpose, about.version, about.sector)
    (found,) = (one for one in store.descriptions() if (one.purpose, one.version, one.sector) == name)
    return StoredKey(found, key.secret)


def test_the_place_says_something_of_each_key_and_nothing_secret(full_store: KeyStore, bundle: KeyBundle) -> None:
    for key in bundle.keys:
        told = full_store.attributes(description(full_store, key).description)
        assert told
        assert key.secret.hex() not in repr(told)
        assert repr(key.secret) not in repr(told)


@pytest.mark.parametrize("purpose", SIGNING)
def test_signatures_verify_in_both_forms(full_store: KeyStore, bundle: KeyBundle, purpose: Purpose) -> None:
    key = description(full_store, stored(bundle, purpose))
    raw = full_store.sign_es256(key.description, b"document")
    assert len(raw) == 64
    assert raw_signature(der_signature(raw)) == raw
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), full_store.verifying_point(key.description))
    assert public == ec.derive_private_key(int.from_bytes(key.secret), ec.SECP256R1()).public_key()
    public.verify(der_signature(raw), b"document", ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        public.verify(der_signature(raw), b"documents", ec.ECDSA(SHA256()))


@pytest.mark.parametrize("purpose", [Purpose.CARD_MASTER, Purpose.SECTOR_MASTER, Purpose.TRANSPORT])
@pytest.mark.parametrize("usage", list(KeyUsage))
@pytest.mark.parametrize("length", [16, 24, 32])
def test_static_keys_are_those_of_the_scheme(
    full_store: KeyStore, bundle: KeyBundle, purpose: Purpose, usage: KeyUsage, length: int
) -> None:
    key = description(full_store, stored(bundle, purpose))
    static, secret = derived(full_store, key, usage, length)
    assert full_store.check_value(static) == key_check_value(secret)
    mac = full_store.cmac_function(static)
    for message in (b"", b"m", bytes(16), bytes(range(32)), bytes(100)):
        assert mac(message) == aes_cmac(secret, message)
    full_store.discard(static)
    assert full_store.cmac_function(static)(b"again") == aes_cmac(secret, b"again")
    full_store.discard(static)


@pytest.mark.parametrize("length", [16, 32])
@pytest.mark.parametrize("under_length", [16, 24, 32])
def test_a_static_key_is_wrapped_for_put_key(
    full_store: KeyStore, bundle: KeyBundle, length: int, under_length: int
) -> None:
    master = description(full_store, stored(bundle, Purpose.CARD_MASTER))
    transport = description(full_store, stored(bundle, Purpose.TRANSPORT))
    new, secret = derived(full_store, master, KeyUsage.MAC, length)
    dek, dek_secret = derived(full_store, transport, KeyUsage.DEK, under_length)
    encryptor = Cipher(algorithms.AES(dek_secret), modes.CBC(bytes(16))).encryptor()
    assert full_store.wrap(new, dek) == encryptor.update(secret) + encryptor.finalize()


def test_a_24_byte_key_is_padded_before_or_refused(full_store: KeyStore, bundle: KeyBundle) -> None:
    master = description(full_store, stored(bundle, Purpose.CARD_MASTER))
    new, secret = derived(full_store, master, KeyUsage.MAC, 24)
    dek, dek_secret = derived(full_store, master, KeyUsage.DEK)
    if full_store.backend == "pkcs11":
        with pytest.raises(WrapRefused):
            full_store.wrap(new, dek)
        return
    decryptor = Cipher(algorithms.AES(dek_secret), modes.CBC(bytes(16))).decryptor()
    assert (decryptor.update(full_store.wrap(new, dek)) + decryptor.finalize())[8:] == secret


def test_masters_and_seal_keys_have_check_values(full_store: KeyStore, bundle: KeyBundle) -> None:
    for purpose in (Purpose.CARD_MASTER, Purpose.TRANSPORT, Purpose.SEAL):
        key = description(full_store, stored(bundle, purpose))
        assert full_store.check_value(key.description) == key_check_value(key.secret)


def test_data_keys_are_wrapped_by_aes_kw(full_store: KeyStore, bundle: KeyBundle) -> None:
    seal = description(full_store, stored(bundle, Purpose.SEAL))
    data_key, wrapped = full_store.new_data_key(seal.description)
    assert aes_key_unwrap(seal.secret, wrapped) == data_key
    assert full_store.unwrapped_data_key(seal.description, aes_key_wrap(seal.secret, bytes(32))) == bytes(32)
    assert full_store.new_data_key(seal.description)[0] != data_key
    for position in range(len(wrapped)):
        changed = bytes([*wrapped[:position], wrapped[position] ^ 1, *wrapped[position + 1 :]])
        with pytest.raises(UnsealRefused):
            full_store.unwrapped_data_key(seal.description, changed)
    for cut in (b"", wrapped[:-1], wrapped[:-8]):
        with pytest.raises(UnsealRefused):
            full_store.unwrapped_data_key(seal.description, cut)


@pytest.mark.parametrize("purpose", [Purpose.BLIND_INDEX, Purpose.PSEUDONYM])
def test_hmacs_are_hmacs(full_store: KeyStore, bundle: KeyBundle, purpose: Purpose) -> None:
    key = description(full_store, stored(bundle, purpose))
    for message in (b"", b"3171010101010001", bytes(300)):
        assert full_store.hmac(key.description, message) == hmac.digest(key.secret, message, hashlib.sha256)


def test_a_key_does_one_thing_only(full_store: KeyStore, bundle: KeyBundle) -> None:
    seal = description(full_store, stored(bundle, Purpose.SEAL)).description
    ca = description(full_store, stored(bundle, Purpose.CARD_CA)).description
    with pytest.raises(KeyNotFound):
        full_store.sign_es256(seal, b"document")
    with pytest.raises(KeyNotFound):
        full_store.verifying_point(seal)
    with pytest.raises(KeyNotFound):
        full_store.check_value(ca)


def test_kjs_div_1_vectors_in_the_back_end(back_end: BackEnd) -> None:
    case = own("kjs_div_1.json")["cases"][0]
    version, sector = int(case["key_version_number"], 16), int(case["sector"], 16)
    purpose = Purpose.SECTOR_MASTER if sector else Purpose.CARD_MASTER
    with back_end.custody() as custody:
        key = custody.bring_in(
            plan(purpose, version, sector=sector), bytearray.fromhex(case["master"]), NOW
        ).description
    store = back_end.store()
    for usage in KeyUsage:
        for length, name in ((32, usage.name.lower()), (16, f"{usage.name.lower()}_aes128")):
            parts = Diversification(KJS, usage, version, sector, bytes.fromhex(case["kdd"]), length)
            expected = bytes.fromhex(case[name])
            assert store.cmac_function(store.derive(key, parts))(b"message") == aes_cmac(expected, b"message")
    assert key.kind is KeyKind.AES
