# SPDX-License-Identifier: Apache-2.0
"""A token, proof, certificate or key that is refused. Untrusted bytes raise one of these and nothing else.

CredentialError
|- TokenRefused
|  |- TokenMalformed         not a compact JWS of strict JSON within our limits
|  |- TokenHeaderRefused     algorithm, type or header member that is not the one pinned
|  |- TokenKeyUnknown        the kid names no key we hold
|  |- TokenSignatureInvalid  the signature does not belong to token and key
|  |- TokenClaimsRefused     a claim is missing, strange, or meant for someone else
|  |- TokenNotYetValid       issued in the future
|  `- TokenExpired
|- KeyRefused
|  |- KeyMalformed           JWK, JWKS or point that is no usable public key
|  |- KeyWeak                a key that can be guessed or factored
|  `- CardKeyBlocked         a card key on the block list
|- ProofRefused
|  |- ProofMalformed         not the one encoding of a cover proof
|  |- ProofTooLong           over what a short SELECT response carries
|  |- ProofKeyUnknown
|  |- ProofSignatureInvalid
|  |- ProofNotYetValid
|  `- ProofExpired
|- CertificateRefused
|  |- CertificateMalformed
|  |- CertificateProfileRefused   not the profile of its PIV slot
|  |- CertificateSignatureInvalid not issued by this CA
|  |- CertificateNotValidNow      before its beginning or after its end
|  |- CertificateAuthorityWithdrawn   issued by a card CA that is believed no more
|  `- PossessionNotProven         no signature of the certified key over this message
|- WithdrawalsRefused         no list of withdrawn CA certificates that may be believed
|  `- WithdrawalsOlder        an older list than one that was seen
`- SignatureMisshapen        a signer that answered with something else than r|s
"""

from cardservice.errors import KartuError


class CredentialError(KartuError):
    """The root of what is wrong with something signed."""

    code = "credential"


class TokenRefused(CredentialError):
    """The root of what is wrong with a JWS or JWT."""

    code = "token-refused"


class TokenMalformed(TokenRefused):
    """Not a compact JWS of strict JSON within our limits; evidence: rule."""

    code = "token-malformed"


class TokenHeaderRefused(TokenRefused):
    """An algorithm, type or header member other than the pinned ones; evidence: rule."""

    code = "token-header-refused"


class TokenKeyUnknown(TokenRefused):
    """The kid names no key in the given set; evidence: rule."""

    code = "token-key-unknown"


class TokenSignatureInvalid(TokenRefused):
    """The signature does not belong to this token and key."""

    code = "token-signature-invalid"


class TokenClaimsRefused(TokenRefused):
    """A claim is missing, malformed, unknown, or names another issuer or audience; evidence: rule."""

    code = "token-claims-refused"


class TokenNotYetValid(TokenRefused):
    """Issued further in the future than clocks may differ; evidence: seconds_early."""

    code = "token-not-yet-valid"


class TokenExpired(TokenRefused):
    """Past its exp; evidence: seconds_late."""

    code = "token-expired"


class KeyRefused(CredentialError):
    """The root of what is wrong with a public key."""

    code = "key-refused"


class KeyMalformed(KeyRefused):
    """A JWK, JWKS or point that is no usable public key; evidence: rule."""

    code = "key-malformed"


class KeyWeak(KeyRefused):
    """A key that can be guessed or factored; evidence: rule."""

    code = "key-weak"


class CardKeyBlocked(KeyRefused):
    """A card key that is on the block list; evidence: thumbprint."""

    code = "card-key-blocked"


class ProofRefused(CredentialError):
    """The root of what is wrong with a cover proof."""

    code = "proof-refused"


class ProofMalformed(ProofRefused):
    """Not the one encoding of a cover proof; evidence: rule."""

    code = "proof-malformed"


class ProofTooLong(ProofRefused):
    """Longer than a short SELECT response carries; evidence: length, limit."""

    code = "proof-too-long"


class ProofKeyUnknown(ProofRefused):
    """The kid names no cover proof key that we hold; evidence: kid."""

    code = "proof-key-unknown"


class ProofSignatureInvalid(ProofRefused):
    """The signature does not belong to this proof and key."""

    code = "proof-signature-invalid"


class ProofNotYetValid(ProofRefused):
    """Issued further in the future than clocks may differ; evidence: seconds_early."""

    code = "proof-not-yet-valid"


class ProofExpired(ProofRefused):
    """Past its exp; evidence: seconds_late."""

    code = "proof-expired"


class CertificateRefused(CredentialError):
    """The root of what is wrong with a card certificate."""

    code = "certificate-refused"


class CertificateMalformed(CertificateRefused):
    """Not one X.509 certificate in DER; evidence: rule."""

    code = "certificate-malformed"


class CertificateProfileRefused(CertificateRefused):
    """Not the profile of its PIV slot; evidence: slot, rule."""

    code = "certificate-profile-refused"


class CertificateSignatureInvalid(CertificateRefused):
    """Not issued by this CA; evidence: rule."""

    code = "certificate-signature-invalid"


class CertificateNotValidNow(CertificateRefused):
    """Before its beginning or after its end; evidence: not_before, not_after."""

    code = "certificate-not-valid-now"


class CertificateAuthorityWithdrawn(CertificateRefused):
    """The card CA was withdrawn, so the card needs new certificates; evidence: withdrawn_at, reason."""

    code = "certificate-ca-withdrawn"


class PossessionNotProven(CertificateRefused):
    """No signature of the certified key over this message; evidence: slot or rule."""

    code = "possession-not-proven"


class WithdrawalsRefused(CredentialError):
    """The list of withdrawn CA certificates is none of the scheme's, or too old; evidence: rule."""

    code = "ca-withdrawals-refused"


class WithdrawalsOlder(WithdrawalsRefused):
    """An older list than one that was seen: somebody, or an old mirror, gives it out; evidence: number, stated_at, seen_number, seen_stated_at."""

    code = "ca-withdrawals-older"


class SignatureMisshapen(CredentialError):
    """A signer answered with something else than r|s; evidence: length."""

    code = "signature-misshapen"
