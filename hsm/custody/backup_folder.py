# SPDX-License-Identifier: Apache-2.0
"""The folder of wrapped keys: one file per key, written once at its birth, named after what it is."""

from pathlib import Path

from hsm.custody.empty_folder import make_private_folder
from hsm.errors import BackupRefused, KeyFileError, KeyFileExists
from hsm.keys.key_backup import KeyBackup
from hsm.keys.key_store import KeyDescription
from hsm.machine.protected_file import create_protected, read_protected

SUFFIX = ".backup"
MAX_LENGTH = 64 * 1024  # bytes of one wrapped key with its description


class BackupFolder:
    """Wrapped keys in one folder, mode 0700."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, backup: KeyBackup) -> Path:
        """Write one backup; the same one again is no fault. Raises BackupRefused if another has its name."""
        make_private_folder(self.path)
        path = self.path / file_name(backup.description)
        try:
            create_protected(path, backup.encode())
        except KeyFileExists:
            if read_protected(path, MAX_LENGTH) != backup.encode():
                raise BackupRefused(rule=f"{path.name} is another key's") from None
        return path

    def read(self, name: str) -> tuple[KeyBackup, bytes]:
        """One backup and the bytes of its file. Raises BackupRefused."""
        try:
            content = read_protected(self.path / name, MAX_LENGTH)
        except KeyFileError as error:
            raise BackupRefused(rule=f"{name}: {error.evidence.get('rule', 'is there')}") from None
        return KeyBackup.decode(content), content

    def has(self, key: KeyDescription) -> bool:
        """Whether the key can be restored from here."""
        return (self.path / file_name(key)).exists()


def file_name(key: KeyDescription) -> str:
    """Purpose, version and sector for people, the key's name so that no two keys share a file."""
    return f"{key.purpose}-{key.version:04x}-{key.sector:02x}-{key.kid}{SUFFIX}"
