# SPDX-License-Identifier: Apache-2.0
"""Keys come back: a quorum of shares opens the backup, the backup proves itself, and an empty back end takes every key again.

The manifest is believed because the audit key that signed it is found among the wrapped keys, and only the quorum's backup key opens that.
Wrapped keys stay as they were at birth; the manifest says what became of them since (an ended key comes back ended). What this machine's
own journal says stands above it: an old backup gives no ended key its power back, and brings no destroyed key.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hsm.algorithms.block_cipher import key_check_value
from hsm.custody.backup_folder import BackupFolder, file_name
from hsm.custody.backup_set import KIND, BackupSet, certificates_of, records_of, refuse_other_files, withdrawn_of
from hsm.custody.ca_certificates import note_ca_certificate
from hsm.custody.conversation import Conversation
from hsm.custody.handover_journal import officers_since
from hsm.custody.journal import CustodyJournal
from hsm.custody.key_ending import destroyed_keys, ended_keys
from hsm.custody.key_record import check_of, described, description_of, fingerprint
from hsm.custody.share_file import HeldShare, combined
from hsm.custody.statement import verified
from hsm.custody.withdrawal import note_withdrawals
from hsm.errors import BackupRefused
from hsm.keys.key_backup import KeyBackup, opened_in_software
from hsm.keys.key_custody import KeyCustody
from hsm.keys.key_store import KeyDescription, KeyStore
from hsm.limits.officers import PREFIX
from hsm.machine.wiping import wiped

BEGUN, RESTORED, COMPLETE = "restoring-begun", "restored", "restoring-complete"


@dataclass(frozen=True, slots=True)
class BelievedBackup:
    """A backup after all checks: each key as it is now, with its wrapped form, its check and its file's backup as it was born."""

    keys: Sequence[tuple[KeyBackup, str]]  # with the manifest's description
    born: Mapping[str, KeyBackup]  # by kid
    certificates: Sequence[bytes]
    records: Mapping[str, bytes]
    withdrawn: Sequence[Mapping[str, Any]]  # CA certificates that nobody is to believe
    at: datetime


def restore(
    believed: BelievedBackup,
    shares: Sequence[HeldShare],
    custody: KeyCustody,
    journal: CustodyJournal,
    backups: BackupFolder,
    clock: Callable[[], datetime],
    conversation: Conversation,
) -> dict[str, object]:
    """Bring every key back. Raises BackupRefused for a back end with other keys. Cut short, what came back stays, and the rest follows when asked again."""
    believed = _as_the_journal_has_it(believed, journal)
    with wiped(combined(shares)) as backup_key:
        # Earlier custodians, after a handover, with a backup that they kept: they could take the keys back over, and their officers with them.
        if custody.backup_key_check_value not in {None, shares[0].kcv}:
            raise BackupRefused(
                rule="is under the backup key in use: after a handover an earlier one is brought into an empty back end only"
            )
        missing = _missing(believed, custody.store)
        journal.append(BEGUN, clock(), keys=len(believed.keys), missing=len(missing), share_set=shares[0].share_set)
        conversation.step(1, 2, f"Memulihkan {len(missing)} kunci.", f"Restoring {len(missing)} keys.")
        for backup, check in missing:
            # Born first: a key that is there must be restorable from beside it, wherever this is cut short.
            backups.keep(believed.born[backup.description.kid])
            (key,) = custody.restore([backup], bytearray(backup_key))
            if check_of(custody.store, key) != check:
                raise BackupRefused(rule=f"{file_name(key)} gives the key that it names")
            journal.append(RESTORED, clock(), key=described(key), check=check)
        conversation.step(2, 2, "Sertifikat, catatan, kunci cadangan.", "Certificates, records, the backup key.")
        custody.set_backup_key(bytearray(backup_key))
        note_withdrawals(journal, believed.withdrawn, clock())
        in_use, *earlier = believed.certificates
        for certificate in [*reversed(earlier), in_use]:
            note_ca_certificate(journal, certificate, clock())
        custody.set_ca_certificate(in_use)
        for name, content in believed.records.items():
            custody.keep_record(name, content)
    journal.append(COMPLETE, clock(), keys=len(believed.keys))
    return {"keys": len(believed.keys), "restored": len(missing), "shares": [held.custodian for held in shares]}


def believe(found: BackupSet, shares: Sequence[HeldShare]) -> BelievedBackup:
    """The backup, if it holds together under the quorum's key. Raises SharesTooFew, ShareRefused, BackupRefused, StatementRefused."""
    with wiped(combined(shares)) as backup_key:
        return _believed(found, bytes(backup_key))


def _believed(found: BackupSet, backup_key: bytes) -> BelievedBackup:
    manifest = _signed_by_a_key_inside(found, backup_key)
    if manifest.get("kind") != KIND or manifest.get("backup_key_kcv") != key_check_value(backup_key).hex():
        raise BackupRefused(rule="the manifest is of a backup under these shares")
    refuse_other_files(found, manifest)
    born = {backup.description.kid: backup for backup in found.backups}
    try:
        keys = []
        for line in manifest["keys"]:
            description = description_of(line["key"])
            keys.append((replace(born[description.kid], description=description), str(line["check"])))
        at = datetime.fromisoformat(manifest["at"])
        return BelievedBackup(keys, born, certificates_of(manifest), records_of(manifest), withdrawn_of(manifest), at)
    except (KeyError, TypeError, ValueError):
        raise BackupRefused(rule="the manifest describes each key") from None


def _signed_by_a_key_inside(found: BackupSet, backup_key: bytes) -> Mapping[str, Any]:
    try:
        signer = fingerprint(bytes.fromhex(json.loads(found.manifest)["signed"]["point"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BackupRefused(rule="the manifest is a signed statement") from None
    inside = [backup for backup in found.backups if backup.check_value.hex() == signer]
    if not inside:
        raise BackupRefused(rule="the manifest is signed by an audit key of the backup")
    opened_in_software(inside[0], backup_key)  # compares the key that it finds with the check value
    return verified(found.manifest, {signer}).document


def _as_the_journal_has_it(believed: BelievedBackup, journal: CustodyJournal) -> BelievedBackup:
    """Without the keys that were destroyed here, with those ended that were ended here since, and with the officers of a later handover.

    Raises CustodyJournalDamaged.
    """
    destroyed, ends = {key.kid for key, _ in destroyed_keys(journal)}, ended_keys(journal)
    keys = []
    for backup, check in believed.keys:
        key = backup.description
        if key.kid not in destroyed:
            known = key.ended(ends[key.kid]) if key.kid in ends else key
            keys.append((replace(backup, description=known), check))
    officers = officers_since(journal, believed.at)
    if officers is None:
        return replace(believed, keys=keys)
    records = {name: content for name, content in believed.records.items() if not name.startswith(PREFIX)}
    return replace(believed, keys=keys, records={**records, **officers})


def _missing(believed: BelievedBackup, store: KeyStore) -> list[tuple[KeyBackup, str]]:
    """What the back end lacks. Raises BackupRefused if it has a key that the backup has not."""
    there = {_slot(key): check_of(store, key) for key in store.descriptions()}
    named = {_slot(backup.description): check for backup, check in believed.keys}
    for slot, check in there.items():
        if named.get(slot) != check:
            raise BackupRefused(rule=f"the back end has no other key: {slot[0]} {slot[1]} is not of this backup")
    return [(backup, check) for backup, check in believed.keys if _slot(backup.description) not in there]


def _slot(key: KeyDescription) -> tuple[str, int, int]:
    return str(key.purpose), key.version, key.sector
