# SPDX-License-Identifier: Apache-2.0
"""A caller we do not know, or a verifier that can't be registered.

PartnershipError
|- CallerUnknown    no verifier has this secret, or it was revoked: both look the same
|- SectorOutOfKind  a kind of verifier in a sector that is not its own
|- VerifierNameMalformed a name that is empty, too long or not printable
`- SecretTooShort   randomness that is too short to be a secret
"""

from cardservice.errors import KartuError


class PartnershipError(KartuError):
    """The root of what partnership refuses."""

    code = "partnership"


class CallerUnknown(PartnershipError):
    """No verifier has this secret. Whether one had it once is not told."""

    code = "caller-unknown"


class SectorOutOfKind(PartnershipError):
    """A kind of verifier in a sector that is not its own; evidence: kind, sector, first, last."""

    code = "sector-out-of-kind"


class VerifierNameMalformed(PartnershipError):
    """A name that is empty, too long or not printable; evidence: most."""

    code = "verifier-name-malformed"


class SecretTooShort(PartnershipError):
    """Randomness that is too short to be a secret; evidence: octets, least."""

    code = "verifier-secret-too-short"
