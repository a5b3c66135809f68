# SPDX-License-Identifier: Apache-2.0
"""The extensions that a card certificate may carry: a short list, none of which lets it certify, revoke or serve a web site."""

from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, ObjectIdentifier

from hsm.guards.signing_context import SigningContext

PIV_NACI = ObjectIdentifier("2.16.840.1.101.3.6.9.1")
ALLOWED = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.CERTIFICATE_POLICIES,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    PIV_NACI,
}
ALLOWED_EXTENDED_USAGES = {
    ExtendedKeyUsageOID.CLIENT_AUTH,
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
    ExtendedKeyUsageOID.SMARTCARD_LOGON,
    ObjectIdentifier("2.16.840.1.101.3.6.8"),  # id-PIV-cardAuth (SP 800-73)
    ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # document signing (RFC 9336)
}


def guard_extensions(certificate: x509.Certificate, context: SigningContext) -> None:
    """Raise DocumentRefused where an extension is strange, or grants what a card may not have."""
    extensions = certificate.extensions  # what is malformed or occurs twice raises here, and the caller refuses
    for extension in extensions:
        context.require(holds=extension.oid in ALLOWED, rule="no extension but those of a card certificate")
        value = extension.value
        match value:
            case x509.BasicConstraints():
                context.require(holds=not value.ca, rule="basicConstraints is not a CA's")
            case x509.KeyUsage():
                context.require(holds=not value.key_cert_sign, rule="keyUsage has no keyCertSign")
                context.require(holds=not value.crl_sign, rule="keyUsage has no cRLSign")
            case x509.ExtendedKeyUsage():
                context.require(
                    holds=set(value) <= ALLOWED_EXTENDED_USAGES,
                    rule="extKeyUsage is of a card, not of a server or signer",
                )
            case x509.AuthorityKeyIdentifier():
                context.require(
                    holds=value.key_identifier == _ca_key_identifier(context.ca_certificate),
                    rule="authorityKeyIdentifier is our card CA's",
                )
            case _:
                pass
    present = {extension.oid for extension in extensions}
    context.require(holds=ExtensionOID.KEY_USAGE in present, rule="keyUsage is there")


@lru_cache(maxsize=4)  # see card_certificate.py
def _ca_key_identifier(ca: x509.Certificate) -> bytes:
    return ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
