# SPDX-License-Identifier: Apache-2.0
"""What an administrator of keys is refused."""

from hsm.errors.root import HsmError


class CustodyRefused(HsmError):
    """The root of what an administrator of keys is refused."""

    code = "hsm-custody-refused"


class KeyExists(CustodyRefused):
    """A key of that name is there; evidence: purpose, version, sector."""

    code = "hsm-key-exists"


class KeyPlanRefused(CustodyRefused):
    """No such key can be made; evidence: purpose, version, rule."""

    code = "hsm-key-plan-refused"


class BackupRefused(CustodyRefused):
    """A backup that does not give its key back; evidence: rule."""

    code = "hsm-backup-refused"


class CaCertificateRefused(CustodyRefused):
    """A certificate that can't be the card CA's; evidence: rule."""

    code = "hsm-ca-certificate-refused"


class RecordRefused(CustodyRefused):
    """A record past its limits; evidence: rule."""

    code = "hsm-record-refused"


class CustodyBusy(CustodyRefused):
    """Another custody session holds the keys; evidence: path."""

    code = "hsm-custody-busy"


class CustodyJournalDamaged(CustodyRefused):
    """A line that does not continue the chain; evidence: path, number."""

    code = "hsm-custody-journal-damaged"


class CustodyJournalUnusable(CustodyRefused):
    """The journal can't be used now; evidence: path, rule."""

    code = "hsm-custody-journal-unusable"


class RotationRefused(CustodyRefused):
    """No next key can be made so; evidence: purpose, rule."""

    code = "hsm-rotation-refused"


class StatementRefused(CustodyRefused):
    """A statement or transcript that is not what a trusted audit key signed; evidence: rule."""

    code = "hsm-statement-refused"


class PublicationFailed(CustodyRefused):
    """The public halves can't be published; evidence: path, rule."""

    code = "hsm-publication-failed"
