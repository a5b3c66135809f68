# SPDX-License-Identifier: Apache-2.0
"""The published files as OpenAPI describes them (cardservice/credentials/ca_withdrawals.py reads the list)."""

from typing import Annotated

from pydantic import Field, RootModel

from api.models import Body

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Moment = Annotated[str, Field(description="RFC 3339", max_length=40)]


class PemCertificates(RootModel[str]):
    """Certificates in PEM (RFC 7468), the one in use first."""


class WithdrawnCertificate(Body):
    """A card CA's certificate that nobody is to believe, nor any card certificate under it."""

    sha256: Sha256
    key_identifier: Annotated[
        str, Field(description="Of its key, hexadecimal: what card certificates name as their authority")
    ]
    subject: str
    withdrawn_at: Moment
    reason: str


class Withdrawals(Body):
    """What the audit key signed."""

    kind: Annotated[str, Field(pattern="^kartu-ca-withdrawals/2$")]
    number: Annotated[int, Field(ge=1, description="Only rises: refuse a list with a lower one than you have seen")]
    at: Annotated[Moment, Field(description="The moment of which it speaks: believe it for 35 days")]
    withdrawn: list[WithdrawnCertificate]
    withdrawn_keys: Annotated[
        list[str], Field(description="kid of signing keys that were destroyed: whatever key set has them is an old one")
    ]
    authorities: Annotated[list[Sha256], Field(description="The CA certificates that are to be believed, by SHA-256")]
    audit_keys: Annotated[
        list[Sha256], Field(description="SHA-256 of the point of each audit key that may sign the lists to come")
    ]


class StatementSignature(Body):
    """ES256 over KJS-STATEMENT-1 and the SHA-256 of the statement as JSON with sorted names, without white space, in ASCII."""

    es256: Annotated[str, Field(description="r|s in base64url")]
    kid: str
    point: Annotated[str, Field(description="For information: look the key up by kid among those you believe")]


class SignedWithdrawals(Body):
    """A list of withdrawals and who signed it."""

    statement: Withdrawals
    signed: StatementSignature
