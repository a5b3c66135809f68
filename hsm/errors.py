# SPDX-License-Identifier: Apache-2.0
"""The key process, seen from its callers and from whoever starts it.

HsmError
|- KeyProcessDown          nobody answers on the socket, or not in time
|- RequestRefused          the key process understood enough to say no
|  |- CallerRefused        the peer's user id is not the one we serve
|  |- MalformedFrame       bytes that are no message
|  |- FrameTooLarge        a message past MAX_FRAME_LENGTH
|  |- UnknownOperation     there is no such operation; in particular no "sign these bytes" and no export
|  |- MalformedRequest     an operation with wrong fields
|  |- DocumentRefused      what was to be signed isn't this purpose's kind of document
|  |- KeyNotFound          no key of that purpose, version and sector
|  |- KeyNotActive         the key is not yet, or no longer, used for this
|  |- WrapRefused          a key set may not be wrapped under that other one
|  |- UnsealRefused        a sealed value does not open here
|  |- RateExceeded         more of one operation than anybody should need
|  |- AnomalyRefused       far more of one operation than in this caller's own past week
|  |- CardRevoked          no channel is opened to that card any more
|  |- GrantRefused         what officers must allow, this grant does not allow
|  |- NotRecorded          what must be recorded could not be, so it was not done
|  `- OperationFailed      a fault of the key process itself; the request got no answer
|- KeyFileError
|  |- KeyFileMissing       no key file there
|  |- KeyFileExists        a key file is there already; nothing is ever overwritten
|  |- KeyFileUnprotected   others could read or replace it
|  |- KeyFileDamaged       a bit changed, or it is no key file
|  |- WrongPassphrase      the file is whole, the passphrase is another
|  `- KeyFileUnwritable    it could not be replaced; the file before is whole
|- KeyUriRefused           a URI that names no place of keys
|- KeyPlacesRefused        a file that does not say where keys lie
|- KeyMisplaced            a key lies where its purpose has no place
|- BackEndAbsent           what opens such a place is not installed
|- TokenUnusable           why a token's keys are not put to work: hsm/pkcs11/errors.py
|- TokenFault              the token would not do this one thing
|  `- TokenLost            the token does not answer; it is looked for again
|- CustodyRefused
|  |- KeyExists            a key of that purpose, version and sector is there; none is ever overwritten
|  |- KeyPlanRefused       no such key can be made
|  |- BackupRefused        not a backup, or not under this backup key, or of another key than it says
|  |- CaCertificateRefused not the certificate of a card CA key that is held
|  |- RecordRefused        a record too long or badly named
|  |- CustodyBusy          another administrator has these keys open
|  |- CustodyJournalDamaged   a line of the custody journal is not the one that was written
|  |- CustodyJournalUnusable  the journal can't be opened or written, or somebody is at it
|  |- PlanRefused          a ceremony's plan that can't be meant, or that nobody confirmed
|  |- CeremonyRefused      a ceremony that may not begin here, or a check in it that failed
|  |- CeremonyUnfinished   keys of a ceremony that did not come to its end are not put to work
|  |- ShareRefused         a share of the backup key that is damaged, of another set, or given twice
|  |- SharesTooFew         fewer shares than the threshold
|  |- RotationRefused      a purpose that can't get its next key so
|  |- StatementRefused     a signed statement or transcript that does not hold
|  `- PublicationFailed    the public halves can't be written
|- PassphraseUnusable      no passphrase, or one that others can read
|- StateUnusable           what must be remembered can't be
|- OfficerRefused          no name or no key of an officer
|- SocketUnusable          the socket can't be made safely
`- StartRefused
   |- WorkerFailed         a worker ended, and not with a typed error
   |- WorkersFailing       workers end as fast as they are started
   |- CoreDumpsOn          the process can't be kept from being dumped
   |- KeysIncomplete       no keys, or no certificate of the card CA
   |- RefusedInProduction  what is for development only, where KARTU_ENV=production
   |  |- SoftwareKeys      keys in a sealed file
   |  |- WellKnownKey      a published key among the masters
   |  |- TransportMaster   a supplier's transport key among our masters
   |  |- UnvalidatedToken  a token in software, without the flag that accepts it
   |  `- OpenTokenFolder   a token's folder that others can read
   `- EnvironmentUnknown   KARTU_ENV is neither development, test nor production
"""

from functools import cache

from cardservice.errors import KartuError


class HsmError(KartuError):
    """The root of what can go wrong with the keys."""

    code = "hsm"


class KeyProcessDown(HsmError):
    """Nobody answers on the socket, or not within the deadline; evidence: socket, rule."""

    code = "hsm-down"


class RequestRefused(HsmError):
    """The key process said no; evidence: refusal, if its code is not one of ours."""

    code = "hsm-refused"


class CallerRefused(RequestRefused):
    """SO_PEERCRED names a user we do not serve, or the far end is not who we expect; evidence: uid."""

    code = "hsm-caller-refused"


class MalformedFrame(RequestRefused):
    """Bytes that are no message of this protocol; evidence: rule."""

    code = "hsm-frame-malformed"


class FrameTooLarge(RequestRefused):
    """A message past the limit; evidence: limit."""

    code = "hsm-frame-too-large"


class UnknownOperation(RequestRefused):
    """The key process has no such operation."""

    code = "hsm-operation-unknown"


class MalformedRequest(RequestRefused):
    """A known operation with wrong fields; evidence: operation, rule."""

    code = "hsm-request-malformed"


class DocumentRefused(RequestRefused):
    """The document isn't what this purpose's key signs; evidence: purpose, rule."""

    code = "hsm-document-refused"


class KeyNotFound(RequestRefused):
    """No key of that name; evidence: purpose, version, sector."""

    code = "hsm-key-not-found"


class KeyNotActive(RequestRefused):
    """Outside the key's active period; evidence: purpose, version, rule."""

    code = "hsm-key-not-active"


class WrapRefused(RequestRefused):
    """That key set is never wrapped under the other; evidence: rule."""

    code = "hsm-wrap-refused"


class UnsealRefused(RequestRefused):
    """A sealed value that does not open: changed, moved, or of another key; evidence: rule."""

    code = "hsm-unseal-refused"


class RateExceeded(RequestRefused):
    """Too many of one operation; evidence: operation."""

    code = "hsm-rate-exceeded"


class AnomalyRefused(RequestRefused):
    """Past what an hour of this caller may hold (hsm/anomaly_limit.py); evidence: operation, uid, found, allowed, seconds."""

    code = "hsm-anomaly"


class CardRevoked(RequestRefused):
    """The card was revoked, so its keys are used no more; evidence: kdd."""

    code = "hsm-card-revoked"


class GrantRefused(RequestRefused):
    """The officers' grant isn't for this, not for now, or not enough; evidence: rule."""

    code = "hsm-grant-refused"


class NotRecorded(RequestRefused):
    """No record, no opening: the log could not be written; evidence: rule."""

    code = "hsm-not-recorded"


class OperationFailed(RequestRefused):
    """The key process broke on a request and went on; evidence: operation."""

    code = "hsm-operation-failed"


class KeyFileError(HsmError):
    """The root of what can be wrong with a key file."""

    code = "hsm-key-file"


class KeyFileMissing(KeyFileError):
    """No key file at that path; evidence: path."""

    code = "hsm-key-file-missing"


class KeyFileExists(KeyFileError):
    """There is a file at that path, and keys are never overwritten; evidence: path."""

    code = "hsm-key-file-exists"


class KeyFileUnprotected(KeyFileError):
    """Mode, owner or kind of the file let others at it; evidence: path, rule."""

    code = "hsm-key-file-unprotected"


class KeyFileDamaged(KeyFileError):
    """Not a key file, or no longer the one that was written; evidence: rule."""

    code = "hsm-key-file-damaged"


class WrongPassphrase(KeyFileError):
    """The key file is whole and the passphrase does not open it."""

    code = "hsm-passphrase-wrong"


class KeyFileUnwritable(KeyFileError):
    """The new file could not be written whole, and the one before stands; evidence: path, rule."""

    code = "hsm-key-file-unwritable"


class KeyUriRefused(HsmError):
    """A URI that can't be read, or says what it must not; evidence: rule."""

    code = "hsm-key-uri-refused"


class KeyPlacesRefused(HsmError):
    """A file of places that can't be read; evidence: path, rule."""

    code = "hsm-key-places-refused"


class KeyMisplaced(HsmError):
    """A key in another place than its purpose's; evidence: purpose, version."""

    code = "hsm-key-misplaced"


class BackEndAbsent(HsmError):
    """The optional part that opens such a place is not installed; evidence: part."""

    code = "hsm-back-end-absent"


class TokenFault(HsmError):
    """The token is there and refused one operation; evidence: token, rule (the name of the module's answer)."""

    code = "hsm-token-fault"


class TokenLost(TokenFault):
    """The token is away, or came back with other keys. Nothing was answered; worth asking again soon; evidence: token, rule."""

    code = "hsm-token-lost"


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


class PlanRefused(CustodyRefused):
    """A plan that breaks a rule, or is not the one that was reviewed; evidence: path, rule."""

    code = "hsm-ceremony-plan-refused"


class CeremonyRefused(CustodyRefused):
    """A ceremony that may not begin, or a check in it that failed; evidence: step, rule."""

    code = "hsm-ceremony-refused"


class CeremonyUnfinished(CustodyRefused):
    """Keys of a ceremony that did not come to its end are not put to work; evidence: step."""

    code = "hsm-ceremony-unfinished"


class ShareRefused(CustodyRefused):
    """A share, or a number of shares, that can't be used; evidence: rule, and share if one is meant."""

    code = "hsm-share-refused"


class SharesTooFew(CustodyRefused):
    """Fewer shares than are needed; evidence: needed, given."""

    code = "hsm-shares-too-few"


class RotationRefused(CustodyRefused):
    """No next key can be made so; evidence: purpose, rule."""

    code = "hsm-rotation-refused"


class StatementRefused(CustodyRefused):
    """A statement or transcript that is not what a trusted audit key signed; evidence: rule."""

    code = "hsm-statement-refused"


class PublicationFailed(CustodyRefused):
    """The public halves can't be published; evidence: path, rule."""

    code = "hsm-publication-failed"


class PassphraseUnusable(HsmError):
    """The passphrase can't be read, is empty, or lies open; evidence: source, rule."""

    code = "hsm-passphrase-unusable"


class StateUnusable(HsmError):
    """The state folder, or a file of it, can't be used; evidence: path, rule."""

    code = "hsm-state-unusable"


class OfficerRefused(HsmError):
    """An officer's name or key is none, or two officers have one key; evidence: name, rule."""

    code = "hsm-officer-refused"


class SocketUnusable(HsmError):
    """The socket can't be made, or not safely; evidence: path, rule."""

    code = "hsm-socket-unusable"


class StartRefused(HsmError):
    """The root of reasons not to start."""

    code = "hsm-start-refused"


class WorkerFailed(StartRefused):
    """A worker of the key process ended without a typed error; evidence: ended_by, an exit code, minus a signal or a kind of error."""

    code = "hsm-worker-failed"


class WorkersFailing(StartRefused):
    """Workers end as fast as they are started; the key process gives up; evidence: rule, last."""

    code = "hsm-workers-failing"


class RefusedInProduction(StartRefused):
    """Something that only development may have; evidence: rule."""

    code = "hsm-refused-in-production"


class SoftwareKeys(RefusedInProduction):
    """Keys in a sealed file; evidence: rule."""

    code = "hsm-software-keys-refused"


class WellKnownKey(RefusedInProduction):
    """A published key serves as a master; evidence: rule."""

    code = "hsm-well-known-key-refused"


class TransportMaster(RefusedInProduction):
    """A supplier's transport key serves as one of our masters; evidence: rule."""

    code = "hsm-transport-key-as-master"


class UnvalidatedToken(RefusedInProduction):
    """A token that nobody validated, and no flag that says somebody knows; evidence: rule."""

    code = "hsm-unvalidated-token-refused"


class OpenTokenFolder(RefusedInProduction):
    """The folder of a token in software is open to others; evidence: rule, path."""

    code = "hsm-token-folder-open"


class CoreDumpsOn(StartRefused):
    """Core dumps could not be switched off; evidence: rule."""

    code = "hsm-core-dumps-on"


class KeysIncomplete(StartRefused):
    """There is too little to serve with; evidence: rule."""

    code = "hsm-keys-incomplete"


class EnvironmentUnknown(StartRefused):
    """KARTU_ENV says something we do not know, so we assume nothing; evidence: value."""

    code = "hsm-environment-unknown"


def _tree(kind: type[HsmError]) -> list[type[HsmError]]:
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in _tree(below))]


@cache
def errors_by_code() -> dict[str, type[HsmError]]:
    """Every error of the key process by its code, those of the tokens included."""
    from hsm.pkcs11.errors import TokenUnusable  # noqa: PLC0415 - it builds on this file

    return {kind.code: kind for root in (HsmError, TokenUnusable) for kind in _tree(root)}


def error_from_wire(code: str, evidence: dict[str, object]) -> HsmError:
    """The typed error that travelled as (code, evidence)."""
    kind = errors_by_code().get(code)
    return kind(**evidence) if kind else RequestRefused(refusal=code)
