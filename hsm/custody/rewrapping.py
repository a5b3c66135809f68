# SPDX-License-Identifier: Apache-2.0
"""Every key wrapped anew, under another backup key: opened from its earlier backup in this process's memory, and never written but wrapped.

The new wrapped keys wait in a folder beside the earlier ones until the new backup key is in the back end; then each takes its place.
"""

import shutil
from collections.abc import Sequence

from hsm.custody.backup_folder import BackupFolder, file_name
from hsm.custody.key_record import check_of
from hsm.errors import BackupRefused
from hsm.keys.key_backup import KeyBackup, opened_in_software, wrapped_in_software
from hsm.keys.key_store import KeyStore
from hsm.machine.protected_file import replace_protected

WAITING = ".next"


def waiting_beside(backups: BackupFolder) -> BackupFolder:
    """Where the new wrapped keys wait."""
    return BackupFolder(backups.path.with_name(backups.path.name + WAITING))


def opened_by(store: KeyStore, backups: BackupFolder, backup_key: bytes) -> list[KeyBackup]:
    """The backup of every key of the store, each proven to open under this key, and to be of the key in the store. Raises BackupRefused."""
    found = []
    for key in store.descriptions():
        backup, _ = backups.read(file_name(key))
        opened_in_software(backup, backup_key)
        if backup.check_value.hex() != check_of(store, key):
            raise BackupRefused(rule=f"{file_name(key)} is of the key in the back end")
        found.append(backup)
    return found


def wrap_anew(backups: BackupFolder, held: Sequence[KeyBackup], earlier: bytes, new: bytes) -> list[KeyBackup]:
    """Wrap each key under the new backup key, into the waiting folder. What an interrupted run left there is removed first. Raises BackupRefused."""
    waiting = waiting_beside(backups)
    shutil.rmtree(waiting.path, ignore_errors=True)
    made = []
    for backup in held:
        anew = wrapped_in_software(backup.description, opened_in_software(backup, earlier), new)
        if anew.check_value != backup.check_value:
            raise BackupRefused(rule=f"{file_name(backup.description)} gives the key that it names")
        waiting.keep(anew)
        made.append(anew)
    return made


def opens_any(held: Sequence[KeyBackup], backup_key: bytes) -> int:
    """How many of these open under a key."""
    count = 0
    for backup in held:
        try:
            opened_in_software(backup, backup_key)
        except BackupRefused:
            continue
        count += 1
    return count


def put_in_place(store: KeyStore, backups: BackupFolder) -> int:
    """Each waiting file takes the place of the earlier one; how many. Safe to repeat. One of a key that is gone meanwhile takes none."""
    waiting = waiting_beside(backups)
    moved = 0
    for key in store.descriptions():
        if waiting.has(key):
            _, content = waiting.read(file_name(key))
            replace_protected(backups.path / file_name(key), content)
            moved += 1
    shutil.rmtree(waiting.path, ignore_errors=True)
    return moved
