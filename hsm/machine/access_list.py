# SPDX-License-Identifier: Apache-2.0
"""Access control lists of files and folders (acl(5)): whom a list names beside owner, group and world.

The mode of a file with a list shows the most that all who are named have together, and not who they are; cleared by ``chmod 600``, the names stay and
come back with the next ``chmod``. So the list itself is read, as Linux keeps it: a version, then tag, permissions and id of each entry.
"""

import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WRITE: Final = 2
_LISTS: Final = ("system.posix_acl_access", "system.posix_acl_default")  # its own, and what is made in a folder gets
_VERSION: Final = struct.pack("<I", 2)
_ENTRY: Final = struct.Struct("<HHI")
_KINDS: Final = {0x02: "user", 0x08: "group"}  # that are named; the others are in the mode
_NONE: Final = {errno.ENODATA, errno.EOPNOTSUPP}


@dataclass(frozen=True, slots=True)
class Named:
    """One entry; ``permissions`` are bits as in a mode's last digit."""

    kind: str
    number: int
    permissions: int

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


def named_in_lists(path: Path) -> Iterator[Named]:
    """Everybody whom the lists of a file or folder name; a symbolic link has none. Raises OSError where they can't be read or understood."""
    for name in _LISTS:
        try:
            encoded = os.getxattr(path, name, follow_symlinks=False)
        except OSError as error:
            if error.errno in _NONE:
                continue
            raise
        entries = encoded.removeprefix(_VERSION)
        if entries == encoded or len(entries) % _ENTRY.size:
            raise OSError(errno.EINVAL, "an access control list of another form", str(path))
        for tag, permissions, number in _ENTRY.iter_unpack(entries):
            if tag in _KINDS:
                yield Named(_KINDS[tag], number, permissions)
