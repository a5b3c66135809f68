# SPDX-License-Identifier: Apache-2.0
"""Files and folders that keys are trusted on account of: nobody but root and whoever runs the key process may put others in their place.

A file that only its owner can write is replaced all the same by whoever can write a folder above it, so the whole way is walked, symbolic
links and their own ways included. In a folder with the sticky bit (/tmp) others can't touch what is ours. Whom an access control list names may
write nowhere on the way, and has nothing to do with its end.
"""

import os
import stat
from pathlib import Path
from typing import Final

from hsm.errors import ReplaceablePath
from hsm.machine.access_list import WRITE, Named, named_in_lists

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_MOST_LINKS: Final = 40  # as the kernel has it (path_resolution(7))


def refuse_replaceable(path: Path) -> None:
    """Raise ReplaceablePath, naming the place on the way that others could change. What is not there is told by whoever opens it."""
    here, ahead, links = Path("/"), list(reversed(path.absolute().parts[1:])), 0
    _refuse_writable(here, here.lstat(), is_end=False)
    while ahead:
        name = ahead.pop()
        if name == "..":
            here = here.parent
            continue
        step = here / name
        try:
            found = step.lstat()
            target = step.readlink() if stat.S_ISLNK(found.st_mode) else None
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise ReplaceablePath(path=str(step), rule=error.strerror or "can't be looked at") from None
        if target is None:
            _refuse_writable(step, found, is_end=not ahead)
            here = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise ReplaceablePath(path=str(path), rule="too many symbolic links")
        _refuse_others(step, found)
        if target.is_absolute():
            here = Path("/")
        ahead.extend(reversed(target.parts[target.is_absolute() :]))


def _refuse_writable(step: Path, found: os.stat_result, *, is_end: bool) -> None:
    _refuse_others(step, found)
    is_kept_apart = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX and not is_end
    if found.st_mode & _OTHERS_WRITE and not is_kept_apart:
        raise ReplaceablePath(path=str(step), rule="not writable by group or world")
    if not is_kept_apart:
        _refuse_listed(step, is_end=is_end)


def _refuse_listed(step: Path, *, is_end: bool) -> None:
    try:
        listed = list(named_in_lists(step))
    except OSError as error:
        raise ReplaceablePath(path=str(step), rule=error.strerror or "its access control list can't be read") from None
    for named in listed:
        if not _is_ours(named) and (is_end or named.permissions & WRITE):
            raise ReplaceablePath(path=str(step), rule=f"no access control list for others; it names {named} (getfacl)")


def _is_ours(named: Named) -> bool:
    return named.kind == "user" and named.number in {0, os.geteuid()}


def _refuse_others(step: Path, found: os.stat_result) -> None:
    if found.st_uid not in {0, os.geteuid()}:
        raise ReplaceablePath(path=str(step), rule="owned by root or by the user who runs the key process")
