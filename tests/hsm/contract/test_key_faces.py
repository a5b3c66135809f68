# SPDX-License-Identifier: Apache-2.0
"""One contract, run on the faces in process over each back end, and on those through the socket."""

import hmac
from datetime import timedelta

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256

from cardservice.keys import KeyOrigin, KeySet, Purpose, SessionRequest, VerifyingKey
from hsm.algorithms.block_cipher import aes_cmac, key_check_value
from hsm.algorithms.diversification import Diversification, DiversificationScheme, KeyUsage, diversified_key
from hsm.algorithms.scp03_derivation import StaticPrfs, session_keys
from hsm.client.key_faces import KeyFaces
from hsm.errors import DocumentRefused, KeyNotActive, KeyNotFound, MalformedRequest, UnsealRefused, WrapRefused
from hsm.stores.key_bundle import KeyBundle
from tests.hsm.awaited import awaited
from tests.hsm.documents import NOW, audit_root, certificate_input, proof_input, receipt_input, token_input
from tests.hsm.running import SetClock

KDD = bytes.fromhex("00010203040506070809")
ISD_AID = bytes.fromhex("A000000151000000")
ISSUER = KeySet(KeyOrigin.SCHEME, 0x30, KDD)
HEALTH = KeySet(KeyOrigin.SCHEME, 0x30, KDD, 0x01)
TRANSPORT = KeySet(KeyOrigin.TRANSPORT, 0xFF, KDD)


def document_for(keys: KeyFaces, purpose: Purpose) -> bytes:
    kid = keys.signer(purpose).verifying_key.kid
    match purpose:
        case Purpose.ELIGIBILITY_TOKEN:
            return token_input(kid)
        case Purpose.COVER_PROOF:
            return proof_input(kid)
        case Purpose.CARD_CA:
            return certificate_input(keys.ca_certificate)
        case Purpose.RECEIPT:
            return receipt_input(kid)
        case _:
            return audit_root()


def verify(point: bytes, signature: bytes, document: bytes) -> None:
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    public.verify(encode_dss_signature(r, s), document, ec.ECDSA(SHA256()))


def static_keys(bundle: KeyBundle, key_set: KeySet) -> dict[KeyUsage, bytes]:
    purpose = {0: Purpose.CARD_MASTER}.get(key_set.sector, Purpose.SECTOR_MASTER)
    scheme = DiversificationScheme.KJS_DIV_1
    if key_set.origin is KeyOrigin.TRANSPORT:
        purpose, scheme = Purpose.TRANSPORT, DiversificationScheme.KDF3
    (master,) = (
        key.secret
        for key in bundle.keys
        if (key.description.purpose, key.description.sector) == (purpose, key_set.sector)
    )
    kvn = key_set.key_version_number
    return {
        usage: diversified_key(master, Diversification(scheme, usage, kvn, key_set.sector, KDD, 32))
        for usage in KeyUsage
    }


@pytest.mark.parametrize(
    "purpose", [Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF, Purpose.CARD_CA, Purpose.AUDIT, Purpose.RECEIPT]
)
def test_each_purpose_signs_its_document(keys: KeyFaces, purpose: Purpose) -> None:
    document = document_for(keys, purpose)
    signature = keys.signer(purpose).sign(document)
    assert len(signature) == 64
    verify(keys.signer(purpose).verifying_key.point, signature, document)


@pytest.mark.parametrize(
    "purpose", [Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF, Purpose.CARD_CA, Purpose.AUDIT, Purpose.RECEIPT]
)
def test_each_purpose_signs_for_a_task_too(keys: KeyFaces, purpose: Purpose) -> None:
    document, signer = document_for(keys, purpose), keys.awaited_signer(purpose)

    async def signed() -> tuple[VerifyingKey, bytes]:
        return await signer.verifying_key(), await signer.sign(document)

    key, signature = awaited(keys, signed())
    assert key == keys.signer(purpose).verifying_key
    verify(key.point, signature, document)


def test_a_task_whose_key_is_replaced_is_refused_and_finds_the_next(keys: KeyFaces, clock: SetClock) -> None:
    signer = keys.awaited_signer(Purpose.ELIGIBILITY_TOKEN)

    async def signed() -> None:
        first = await signer.verifying_key()
        clock.time = NOW + timedelta(days=84)
        assert await signer.verifying_key() == first
        with pytest.raises(DocumentRefused):
            await signer.sign(token_input(first.kid, now=clock.time))
        second = await signer.verifying_key()
        assert second != first
        document = token_input(second.kid, now=clock.time)
        verify(second.point, await signer.sign(document), document)

    awaited(keys, signed())


@pytest.mark.parametrize("purpose", [Purpose.CARD_MASTER, Purpose.SEAL])
def test_what_signs_nothing_signs_nothing_for_a_task(keys: KeyFaces, purpose: Purpose) -> None:
    with pytest.raises(KeyNotFound):
        keys.awaited_signer(purpose)


def test_many_documents_are_signed_in_order(keys: KeyFaces) -> None:
    signer = keys.signer(Purpose.ELIGIBILITY_TOKEN)
    documents = [token_input(signer.verifying_key.kid, jti=f"j{n}") for n in range(300)]
    signatures = signer.sign_each(documents)
    for document, signature in zip(documents, signatures, strict=True):
        verify(signer.verifying_key.point, signature, document)


@pytest.mark.parametrize("purpose", [Purpose.ELIGIBILITY_TOKEN, Purpose.COVER_PROOF])
def test_two_keys_are_published_and_the_signing_one_comes_first(keys: KeyFaces, purpose: Purpose) -> None:
    published = keys.verifying_keys(purpose)
    assert len(published) == 2
    assert published[0] == keys.signer(purpose).verifying_key
    assert all(len(key.kid) == 11 and len(key.point) == 65 for key in published)


def test_the_next_key_takes_over_and_the_old_one_signs_no_more(keys: KeyFaces, clock: SetClock) -> None:
    first, second = keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN)
    clock.time = NOW + timedelta(days=84)
    signer = keys.signer(Purpose.ELIGIBILITY_TOKEN)
    with pytest.raises(DocumentRefused):
        signer.sign(token_input(first.kid, now=clock.time))
    assert signer.verifying_key == second
    verify(second.point, signer.sign(token_input(second.kid, now=clock.time)), token_input(second.kid, now=clock.time))
    assert keys.verifying_keys(Purpose.ELIGIBILITY_TOKEN) == [second, first]


def test_after_all_dates_nothing_is_signed(keys: KeyFaces, clock: SetClock) -> None:
    kid = keys.signer(Purpose.COVER_PROOF).verifying_key.kid
    clock.time = NOW + timedelta(days=200)
    with pytest.raises(KeyNotActive):
        keys.signer(Purpose.COVER_PROOF).sign(proof_input(kid, now=clock.time))


def test_the_ca_certificate_is_a_ca_signed_by_its_own_key(keys: KeyFaces) -> None:
    certificate = x509.load_der_x509_certificate(keys.ca_certificate)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.key_cert_sign
    assert not usage.digital_signature
    point = keys.signer(Purpose.CARD_CA).verifying_key.point
    assert certificate.public_key() == ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


@pytest.mark.parametrize("key_set", [ISSUER, HEALTH, TRANSPORT], ids=["issuer", "sector", "transport"])
@pytest.mark.parametrize("length", [8, 16])
def test_session_keys_follow_from_the_static_keys(
    keys: KeyFaces, bundle: KeyBundle, key_set: KeySet, length: int
) -> None:
    static = static_keys(bundle, key_set)
    prfs = StaticPrfs(
        lambda message: aes_cmac(static[KeyUsage.ENC], message),
        lambda message: aes_cmac(static[KeyUsage.MAC], message),
        32,
    )
    predicted = SessionRequest(key_set, bytes(length), sequence_counter=5, aid=ISD_AID)
    spoken = SessionRequest(key_set, bytes(length), card_challenge=b"\x5a" * length)
    answers = keys.card_keys.session_keys([predicted, spoken])
    assert answers == [session_keys(prfs, predicted), session_keys(prfs, spoken)]
    assert len(answers[0].card_cryptogram) == length


def test_many_channels_in_one_question_keep_their_order(keys: KeyFaces) -> None:
    requests = [SessionRequest(ISSUER, bytes(8), sequence_counter=n, aid=ISD_AID) for n in range(300)]
    answers = keys.card_keys.session_keys(requests)
    assert len({answer.card_challenge for answer in answers}) == 300
    assert answers[299] == keys.card_keys.session_keys(requests[299:])[0]


@pytest.mark.parametrize(
    ("new", "under"), [(ISSUER, TRANSPORT), (HEALTH, ISSUER)], ids=["issuer-under-transport", "sector-under-issuer"]
)
def test_a_wrapped_set_opens_with_the_dek_it_was_wrapped_under(
    keys: KeyFaces, bundle: KeyBundle, new: KeySet, under: KeySet
) -> None:
    dek = static_keys(bundle, under)[KeyUsage.DEK]
    wrapped = keys.card_keys.wrapped_key_set(new, under)
    for key, expected in zip(wrapped, static_keys(bundle, new).values(), strict=True):
        decryptor = Cipher(algorithms.AES(dek), modes.CBC(bytes(16))).decryptor()
        assert decryptor.update(key.ciphertext) + decryptor.finalize() == expected
        assert (key.length, key.kcv) == (32, key_check_value(expected))


def test_several_sets_are_wrapped_in_order_in_one_trip(keys: KeyFaces) -> None:
    pairs = [(ISSUER, TRANSPORT), (HEALTH, ISSUER)] * 200
    assert (
        keys.card_keys.wrapped_key_set_each(pairs)
        == [keys.card_keys.wrapped_key_set(*pair) for pair in pairs[:2]] * 200
    )
    assert keys.card_keys.wrapped_key_set_each([]) == []
    with pytest.raises(WrapRefused):
        keys.card_keys.wrapped_key_set_each([(ISSUER, TRANSPORT), (TRANSPORT, ISSUER)])


OTHER_CARD = KeySet(KeyOrigin.SCHEME, 0x30, bytes(10))


@pytest.mark.parametrize(
    ("new", "under"),
    [
        (TRANSPORT, ISSUER),
        (ISSUER, ISSUER),
        (ISSUER, OTHER_CARD),
        (HEALTH, TRANSPORT),
        (ISSUER, HEALTH),
        (HEALTH, KeySet(KeyOrigin.SCHEME, 0x30, KDD, 0x10)),
    ],
    ids=["back-to-transport", "itself", "another-card", "sector-under-transport", "issuer-under-sector", "two-sectors"],
)
def test_a_wrapping_that_leaks_is_refused(keys: KeyFaces, new: KeySet, under: KeySet) -> None:
    with pytest.raises(WrapRefused):
        keys.card_keys.wrapped_key_set(new, under)


def test_an_old_master_opens_channels_but_makes_no_new_cards(keys: KeyFaces, clock: SetClock) -> None:
    clock.time = NOW + timedelta(days=400)
    assert keys.card_keys.session_keys([SessionRequest(ISSUER, bytes(8), bytes(8))])
    with pytest.raises(KeyNotActive):
        keys.card_keys.wrapped_key_set(ISSUER, TRANSPORT)


def test_the_current_masters_are_told_by_version(keys: KeyFaces, clock: SetClock) -> None:
    assert keys.card_keys.current_versions((0x00, 0x10, 0x01)) == {0x00: 0x30, 0x10: 0x30, 0x01: 0x30}
    with pytest.raises(KeyNotFound) as caught:
        keys.card_keys.current_versions((0x00, 0x02))
    assert caught.value.evidence["sector"] == 0x02
    clock.time = NOW + timedelta(days=400)
    with pytest.raises(KeyNotActive):
        keys.card_keys.current_versions((0x01,))


@pytest.mark.parametrize(
    "key_set",
    [
        KeySet(KeyOrigin.SCHEME, 0x31, KDD),
        KeySet(KeyOrigin.SCHEME, 0x30, KDD, 0x02),
        KeySet(KeyOrigin.TRANSPORT, 0x30, KDD),
        KeySet(KeyOrigin.TRANSPORT, 0xFF, KDD, 0x01),
    ],
    ids=["version", "sector", "transport-version", "transport-sector"],
)
def test_an_unknown_key_set_is_named(keys: KeyFaces, key_set: KeySet) -> None:
    with pytest.raises(KeyNotFound) as caught:
        keys.card_keys.session_keys([SessionRequest(key_set, bytes(8), bytes(8))])
    assert caught.value.evidence["version"] == key_set.key_version_number


def test_sealed_values_open_in_their_context_only(keys: KeyFaces) -> None:
    contexts = ["member/nik/1", "member/nik/2"]
    first, second = keys.sealer.seal([(context, b"same value") for context in contexts])
    assert first != second
    assert keys.sealer.unseal(contexts[0], first, reason="print a card") == b"same value"
    with pytest.raises(UnsealRefused):
        keys.sealer.unseal(contexts[1], first, reason="print a card")


def test_a_partners_signature_is_compared_and_its_secret_never_opened(keys: KeyFaces) -> None:
    context, secret, signed = "banks.secret_sealed.BCA", b"client secret", b"POST:/v1.0/transfer-va/payment:..."
    (sealed,) = keys.sealer.seal([(context, secret)])
    signature = hmac.digest(secret, signed, "sha512")
    assert keys.partner_signatures.matches(context, sealed, signed, signature)
    for position in range(64):
        changed = bytearray(signature)
        changed[position] ^= 1 << (position % 8)
        assert not keys.partner_signatures.matches(context, sealed, signed, bytes(changed))
    assert not keys.partner_signatures.matches(context, sealed, signed + b" ", signature)
    for wrong in (b"", signature[:-1], signature + b"\0"):
        assert not keys.partner_signatures.matches(context, sealed, signed, wrong)
    with pytest.raises(UnsealRefused):
        keys.partner_signatures.matches("banks.secret_sealed.BNI", sealed, signed, signature)
    with pytest.raises(UnsealRefused):
        keys.sealer.unseal(context, sealed, reason="check a bank's signature")


def test_no_other_value_is_tried_as_a_secret(keys: KeyFaces) -> None:
    """Else whoever holds a sealed NIK could try guesses at it."""
    (sealed,) = keys.sealer.seal([("members.nik_sealed.1", b"3171011708450001")])
    with pytest.raises(UnsealRefused):
        keys.partner_signatures.matches("members.nik_sealed.1", sealed, b"x", bytes(64))


def test_any_flipped_bit_of_a_sealed_value_is_refused(keys: KeyFaces) -> None:
    (sealed,) = keys.sealer.seal([("a", b"value")])
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1 << (position % 8)
        with pytest.raises(UnsealRefused):
            keys.sealer.unseal("a", bytes(changed), reason="test")


def test_many_and_large_values_are_sealed_in_order(keys: KeyFaces) -> None:
    values = [(f"row/{n}", bytes([n % 256]) * (n * 13)) for n in range(200)]
    sealed = keys.sealer.seal(values)
    assert len(sealed) == 200
    assert keys.sealer.unseal("row/199", sealed[199], reason="test") == values[199][1]


def test_blind_indexes_are_stable_and_batched(keys: KeyFaces) -> None:
    values = [b"%d" % n for n in range(2500)]
    indexes = keys.blind_index.blind_index(values)
    assert len(set(indexes)) == 2500
    assert {len(index) for index in indexes} == {16}
    assert keys.blind_index.blind_index(values[-1:]) == indexes[-1:]


def test_pseudonyms_of_two_sectors_are_unrelated(keys: KeyFaces) -> None:
    names = {keys.pseudonyms.pseudonym(sector, b"member") for sector in (0x01, 0x10, 0x11)}
    assert len(names) == 3
    assert {len(name) for name in names} == {16}
    assert keys.pseudonyms.pseudonym(0x01, b"member") in names


def test_a_refused_document_is_refused_by_purpose_and_rule(keys: KeyFaces) -> None:
    with pytest.raises(DocumentRefused) as caught:
        keys.signer(Purpose.AUDIT).sign(b"raw bytes")
    assert caught.value.evidence == {"purpose": "audit", "rule": "begins with KJS-AUDIT-ROOT-1"}


def test_nothing_asked_is_nothing_answered(keys: KeyFaces) -> None:
    assert keys.card_keys.session_keys([]) == []
    assert keys.sealer.seal([]) == []
    assert keys.blind_index.blind_index([]) == []


def test_a_purpose_that_does_not_sign_has_no_signer(keys: KeyFaces) -> None:
    with pytest.raises(MalformedRequest):
        keys.verifying_keys(Purpose.SEAL)
    with pytest.raises(KeyNotFound):
        keys.signer(Purpose.SEAL)


def test_ping_names_the_back_end(keys: KeyFaces) -> None:
    assert keys.ping() in {"software", "pkcs11"}


def test_a_proof_of_three_programmes_fits(keys: KeyFaces) -> None:
    kid = keys.signer(Purpose.COVER_PROOF).verifying_key.kid
    _, protected, _, payload = cbor2.loads(proof_input(kid))
    signature = keys.signer(Purpose.COVER_PROOF).sign(proof_input(kid))
    assert len(cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))) <= 231
