# SPDX-License-Identifier: Apache-2.0
"""Card certificates to be signed: right ones, and right ones with one thing wrong."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.hsm.documents import CARD_PRIVATE_KEY, NOW, certificate_input, key_usage, token_input
from tests.hsm.forbidden.keys import CA, CA_NAME, OWN_POINT, TOKEN_KID

RIGHT: list[tuple[str, bytes]] = [
    ("least", certificate_input(CA)),
    ("five years", certificate_input(CA, end=NOW + timedelta(days=5 * 365))),
    (
        "as PIV has it",
        certificate_input(
            CA,
            extensions=(
                (key_usage(content_commitment=True), True),
                (x509.BasicConstraints(ca=False, path_length=None), True),
                (x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.16.840.1.101.3.6.8")]), True),
                (x509.SubjectAlternativeName([x509.UniformResourceIdentifier("urn:uuid:1")]), False),
                (
                    x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
                        x509.load_der_x509_certificate(CA)
                        .extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
                        .value
                    ),
                    False,
                ),
            ),
        ),
    ),
]


def forbidden() -> Iterator[tuple[str, bytes]]:
    def made(**changes: Any) -> bytes:
        return certificate_input(CA, **changes)

    def extended(*extensions: x509.ExtensionType) -> bytes:
        return made(extensions=((key_usage(), True), *((extension, False) for extension in extensions)))

    yield "a raw hash", bytes(range(32))
    yield "nothing", b"\x30\x00"
    yield "the CA's own", x509.load_der_x509_certificate(CA).tbs_certificate_bytes
    yield "a CA", made(extensions=((key_usage(), True), (x509.BasicConstraints(ca=True, path_length=0), True)))
    yield "keyCertSign", made(extensions=((key_usage(key_cert_sign=True), True),))
    yield "cRLSign", made(extensions=((key_usage(crl_sign=True), True),))
    yield "no keyUsage", made(extensions=())
    yield "our own token key", made(public_key=OWN_POINT)
    yield "P-384", made(public_key=ec.derive_private_key(7, ec.SECP384R1()).public_key())
    yield "RSA", made(public_key=rsa.generate_private_key(65537, 2048).public_key())
    yield "another issuer", made(issuer=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Other CA")]))
    yield (
        "issuer in another string type",
        made(
            issuer=x509.Name(
                [
                    x509.NameAttribute(name.oid, str(name.value), _type=x509.name._ASN1Type.T61String)
                    if name.oid == NameOID.COMMON_NAME
                    else name
                    for name in CA_NAME
                ]
            )
        ),
    )
    yield "the CA's name as subject", made(subject=CA_NAME)
    yield "no subject", made(subject=x509.Name([]))
    yield "serial 7", made(serial=7)
    yield "serial of 63 bits", made(serial=(1 << 63) - 1)
    yield "before the CA", made(begin=NOW - timedelta(hours=25))
    yield "after the CA", made(end=NOW + timedelta(days=9 * 365))
    yield "eight years", made(end=NOW + timedelta(days=8 * 365))
    yield "next week", made(begin=NOW + timedelta(days=7))
    yield "server authentication", extended(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]))
    yield "any usage", extended(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]))
    yield "OCSP signing", extended(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]))
    yield "name constraints", extended(x509.NameConstraints([x509.DNSName("example")], None))
    yield "another authority", extended(x509.AuthorityKeyIdentifier(bytes(20), None, None))
    yield "an unknown extension", extended(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"))
    yield "SHA-384 named", made(sign=lambda builder: builder.sign(CARD_PRIVATE_KEY, SHA384()))
    good = made()
    whole = b"\x30" + good[1:]
    yield "bytes behind", whole + b"\x05\x00"
    yield "cut", good[:-1]
    yield "a whole certificate", CA
    yield "a token", token_input(TOKEN_KID)
    yield "2 kB and more", extended(x509.SubjectAlternativeName([x509.UniformResourceIdentifier("u:" + "x" * 3000)]))
