# SPDX-License-Identifier: Apache-2.0
"""A backup to be carried away: wrapped keys, and a manifest that the audit key signed: what they are, their hashes, certificates, officers.

Nothing in it is secret without the backup key. The manifest is trusted because the audit key that signed it is in the backup itself, and
only the custodians' quorum can open that (hsm/custody/restoring.py).
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hsm.custody.backup_folder import BackupFolder, file_name
from hsm.custody.empty_folder import make_empty_folder
from hsm.custody.key_record import check_of, described
from hsm.custody.statement import MAX_LENGTH, signed
from hsm.errors import BackupRefused, KeyFileError
from hsm.keys.key_backup import KeyBackup
from hsm.keys.key_custody import KeyCustody
from hsm.machine.protected_file import create_protected, read_protected
from hsm.stores.ceremony_mark import MARK

KIND = "kartu-key-backup/1"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class BackupSet:
    """What a folder holds, as it was read: not yet believed."""

    manifest: bytes
    backups: Sequence[KeyBackup]
    digests: Mapping[str, str]  # file name to SHA-256


def write_backup(
    folder: Path,
    custody: KeyCustody,
    backups: BackupFolder,
    ca_certificates: Sequence[bytes],
    withdrawn: Sequence[Mapping[str, object]],
    now: datetime,
) -> dict[str, object]:
    """Copy every key's backup into a folder that is new or empty, and sign for it. ``withdrawn`` are CA certificates that nobody is to believe (withdrawal.py).

    Raises BackupRefused for a key that can't be restored, KeyFileExists.
    """
    store = custody.store
    backup_key = custody.backup_key_check_value
    if backup_key is None:
        raise BackupRefused(rule="the back end has a backup key")
    make_empty_folder(folder)
    lines = []
    for key in store.descriptions():
        backup, content = backups.read(file_name(key))
        check = check_of(store, key)
        if backup.check_value.hex() != check:
            raise BackupRefused(rule=f"{file_name(key)} is of the key that is at work")
        if backup.backup_key_check_value != backup_key:
            raise BackupRefused(rule=f"{file_name(key)} is wrapped under the backup key in use")
        create_protected(folder / file_name(key), content)
        digest = hashlib.sha256(content).hexdigest()
        lines.append({"key": described(key), "check": check, "file": file_name(key), "sha256": digest})
    manifest = {
        "kind": KIND,
        "at": now,
        "backup_key_kcv": backup_key.hex(),
        "ca_certificates": [b64encode(certificate).decode() for certificate in ca_certificates],
        "withdrawn_ca_certificates": [dict(one) for one in withdrawn],
        # A ceremony writes its backup before it takes its mark away: restored keys would serve nobody.
        "records": {name: b64encode(content).decode() for name, content in custody.records().items() if name != MARK},
        "keys": lines,
    }
    file = signed(manifest, store, now)
    create_protected(folder / MANIFEST, file)
    return {"folder": folder, "keys": len(lines), "manifest_sha256": hashlib.sha256(file).hexdigest()}


def read_backup(folder: Path) -> BackupSet:
    """The files of a backup. Raises BackupRefused for what can't be read."""
    try:
        manifest = read_protected(folder / MANIFEST, MAX_LENGTH)
    except KeyFileError as error:
        raise BackupRefused(rule=f"{MANIFEST}: {error.evidence.get('rule', 'is there')}") from None
    files = BackupFolder(folder)
    backups, digests = [], {}
    for path in sorted(folder.glob("*.backup")):
        backup, content = files.read(path.name)
        backups.append(backup)
        digests[path.name] = hashlib.sha256(content).hexdigest()
    return BackupSet(manifest, backups, digests)


def refuse_other_files(found: BackupSet, manifest: Mapping[str, Any]) -> None:
    """Raise BackupRefused unless the files are exactly those that the (believed) manifest names, unchanged."""
    try:
        named = {str(line["file"]): str(line["sha256"]) for line in manifest["keys"]}
    except (KeyError, TypeError):
        raise BackupRefused(rule="the manifest names keys and files") from None
    missing, foreign = sorted(set(named) - set(found.digests)), sorted(set(found.digests) - set(named))
    changed = sorted(name for name, digest in found.digests.items() if named.get(name, digest) != digest)
    for names, rule in ((missing, "is there"), (foreign, "is in the manifest"), (changed, "is as it was written")):
        if names:
            raise BackupRefused(rule=f"{names[0]} {rule}")


def certificates_of(manifest: Mapping[str, Any]) -> list[bytes]:
    """The CA's certificates, the one in use first."""
    return [b64decode(certificate) for certificate in manifest["ca_certificates"]]


def withdrawn_of(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The CA certificates that were withdrawn by then; backups of before there were withdrawals name none."""
    return [dict(one) for one in manifest.get("withdrawn_ca_certificates", [])]


def records_of(manifest: Mapping[str, Any]) -> dict[str, bytes]:
    """The public records: officers, for one."""
    return {name: b64decode(content) for name, content in manifest["records"].items()}
