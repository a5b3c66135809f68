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
|  |- CountersFull         nobody can count for one more user and operation, so nothing is done
|  |- AnomalyRefused       far more of one operation than in this caller's own past week
|  |- CardRevoked          no channel is opened to that card any more
|  |- GrantRefused         what officers must allow, this grant does not allow
|  |  `- GrantSpent        it was used before
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
|- TokenUnusable           why a token's keys are not put to work
|  |- ModuleUnusable       the PKCS#11 module can't be loaded, or others could replace it
|  |- TokenNotFound        no token of that name, or several
|  |- TokenLoginRefused    the token refused the PIN; it is not tried again
|  |- TokenUnfit           the token lacks something that keys need
|  |- TokenRecordDamaged   what lies beside a key was changed, or isn't ours
|  |- KeyAttributeWrong    a key may do more than it must, or could be read
|  `- KeyObjectWrong       a key lacks, is there twice, is another, or nobody knows it
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
   |- KeysChanged          a worker found other keys than those that it all began with
   |- RefusedInProduction  what is for development only, where KARTU_ENV=production
   |  |- SoftwareKeys      keys in a sealed file
   |  |- WellKnownKey      a published key among the masters
   |  |- TransportMaster   a supplier's transport key among our masters
   |  |- UnvalidatedToken  a token in software, without the flag that accepts it
   |  |- OpenTokenFolder   a token's folder that others can read
   |  |- ReplaceablePath   a file or folder that others could put another in the place of
   |  `- IssuerUnnamed     KARTU_ISSUER does not say whose tokens are signed
   `- EnvironmentUnknown   KARTU_ENV is neither development, test nor production
"""

from hsm.errors.ceremony import (
    CeremonyRefused,
    CeremonyUnfinished,
    PlanRefused,
    ShareRefused,
    SharesTooFew,
)
from hsm.errors.custody import (
    BackupRefused,
    CaCertificateRefused,
    CustodyBusy,
    CustodyJournalDamaged,
    CustodyJournalUnusable,
    CustodyRefused,
    KeyExists,
    KeyPlanRefused,
    PublicationFailed,
    RecordRefused,
    RotationRefused,
    StatementRefused,
)
from hsm.errors.key_files import (
    KeyFileDamaged,
    KeyFileError,
    KeyFileExists,
    KeyFileMissing,
    KeyFileUnprotected,
    KeyFileUnwritable,
    WrongPassphrase,
)
from hsm.errors.places import (
    BackEndAbsent,
    KeyMisplaced,
    KeyPlacesRefused,
    KeyUriRefused,
    PassphraseUnusable,
)
from hsm.errors.requests import (
    AnomalyRefused,
    CallerRefused,
    CardRevoked,
    CountersFull,
    DocumentRefused,
    FrameTooLarge,
    GrantRefused,
    GrantSpent,
    KeyNotActive,
    KeyNotFound,
    KeyProcessDown,
    MalformedFrame,
    MalformedRequest,
    NotRecorded,
    OperationFailed,
    RateExceeded,
    RequestRefused,
    UnknownOperation,
    UnsealRefused,
    WrapRefused,
)
from hsm.errors.root import (
    HsmError,
)
from hsm.errors.start import (
    CoreDumpsOn,
    EnvironmentUnknown,
    IssuerUnnamed,
    KeysChanged,
    KeysIncomplete,
    OfficerRefused,
    OpenTokenFolder,
    RefusedInProduction,
    ReplaceablePath,
    SocketUnusable,
    SoftwareKeys,
    StartRefused,
    StateUnusable,
    TransportMaster,
    UnvalidatedToken,
    WellKnownKey,
    WorkerFailed,
    WorkersFailing,
)
from hsm.errors.tokens import (
    KeyAttributeWrong,
    KeyObjectWrong,
    ModuleUnusable,
    TokenFault,
    TokenLoginRefused,
    TokenLost,
    TokenNotFound,
    TokenRecordDamaged,
    TokenUnfit,
    TokenUnusable,
)
from hsm.errors.wire import error_from_wire, errors_by_code

__all__ = [
    "AnomalyRefused",
    "BackEndAbsent",
    "BackupRefused",
    "CaCertificateRefused",
    "CallerRefused",
    "CardRevoked",
    "CeremonyRefused",
    "CeremonyUnfinished",
    "CoreDumpsOn",
    "CountersFull",
    "CustodyBusy",
    "CustodyJournalDamaged",
    "CustodyJournalUnusable",
    "CustodyRefused",
    "DocumentRefused",
    "EnvironmentUnknown",
    "FrameTooLarge",
    "GrantRefused",
    "GrantSpent",
    "HsmError",
    "IssuerUnnamed",
    "KeyAttributeWrong",
    "KeyExists",
    "KeyFileDamaged",
    "KeyFileError",
    "KeyFileExists",
    "KeyFileMissing",
    "KeyFileUnprotected",
    "KeyFileUnwritable",
    "KeyMisplaced",
    "KeyNotActive",
    "KeyNotFound",
    "KeyObjectWrong",
    "KeyPlacesRefused",
    "KeyPlanRefused",
    "KeyProcessDown",
    "KeyUriRefused",
    "KeysChanged",
    "KeysIncomplete",
    "MalformedFrame",
    "MalformedRequest",
    "ModuleUnusable",
    "NotRecorded",
    "OfficerRefused",
    "OpenTokenFolder",
    "OperationFailed",
    "PassphraseUnusable",
    "PlanRefused",
    "PublicationFailed",
    "RateExceeded",
    "RecordRefused",
    "RefusedInProduction",
    "ReplaceablePath",
    "RequestRefused",
    "RotationRefused",
    "ShareRefused",
    "SharesTooFew",
    "SocketUnusable",
    "SoftwareKeys",
    "StartRefused",
    "StateUnusable",
    "StatementRefused",
    "TokenFault",
    "TokenLoginRefused",
    "TokenLost",
    "TokenNotFound",
    "TokenRecordDamaged",
    "TokenUnfit",
    "TokenUnusable",
    "TransportMaster",
    "UnknownOperation",
    "UnsealRefused",
    "UnvalidatedToken",
    "WellKnownKey",
    "WorkerFailed",
    "WorkersFailing",
    "WrapRefused",
    "WrongPassphrase",
    "error_from_wire",
    "errors_by_code",
]
