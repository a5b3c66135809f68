# SPDX-License-Identifier: Apache-2.0
"""Access control lists in the places that keys are trusted on account of: whoever a list names is found, also behind a mode that shows nothing."""

import errno
import os
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hsm.errors import ReplaceablePath
from hsm.machine import trusted_path
from hsm.machine.access_list import Named, named_in_lists
from hsm.machine.trusted_path import refuse_replaceable

STRANGER = 61234
ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
NOBODY = 0xFFFFFFFF  # the id of entries that name nobody
OWNER, USER, OWNING_GROUP, GROUP, MASK, WORLD = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20


def written(*named: tuple[int, int, int], mask: int) -> bytes:
    """A list as the kernel takes it: the owner may all, the owning group and the world nothing, and these are named (tag, permissions, id)."""
    entries = [(OWNER, 7, NOBODY), *named, (OWNING_GROUP, 0, NOBODY), (MASK, mask, NOBODY), (WORLD, 0, NOBODY)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in sorted(entries))


def takes_lists(folder: Path) -> bool:
    """Whether the file system under it does: most do."""
    try:
        os.setxattr(folder, ACCESS, written((USER, 0, STRANGER), mask=0))
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        return False
    os.removexattr(folder, ACCESS)
    return True


@pytest.fixture
def place() -> Iterator[Path]:
    """A file in a folder, both ours alone."""
    for parent in filter(os.path.isdir, ("/tmp", "/dev/shm", os.curdir)):  # noqa: S108 - a private folder in it
        with tempfile.TemporaryDirectory(prefix="acl", dir=parent) as name:
            folder = Path(name).absolute()
            if takes_lists(folder):
                (folder / "pin").touch(0o600)
                yield folder / "pin"
                return
    pytest.skip("no file system here takes access control lists")


def told_about(path: Path) -> tuple[str, str]:
    """Where it is refused, and by which words."""
    with pytest.raises(ReplaceablePath) as refused:
        refuse_replaceable(path)
    return str(refused.value.evidence["path"]), str(refused.value.evidence["rule"])


def test_without_a_list_it_is_trusted_and_so_it_is_where_only_we_and_root_are_named(place: Path) -> None:
    refuse_replaceable(place)
    os.setxattr(place, ACCESS, written(*((USER, 7, number) for number in {0, os.geteuid()}), mask=0))
    refuse_replaceable(place)


def test_a_list_behind_a_closed_mode_is_refused_with_whom_it_names(place: Path) -> None:
    os.setxattr(place, ACCESS, written((USER, 6, STRANGER), mask=0))
    assert place.stat().st_mode & 0o077 == 0
    assert told_about(place) == (str(place), f"no access control list for others; it names user {STRANGER} (getfacl)")


def test_who_may_read_the_pin_is_refused_and_so_is_a_group(place: Path) -> None:
    os.setxattr(place, ACCESS, written((GROUP, 4, STRANGER), mask=4))
    assert f"group {STRANGER}" in told_about(place)[1]


def test_on_the_way_who_may_look_is_let_be_and_who_may_write_is_not(place: Path) -> None:
    os.setxattr(place.parent, ACCESS, written((USER, 5, STRANGER), mask=5))
    refuse_replaceable(place)
    os.setxattr(place.parent, ACCESS, written((USER, 3, STRANGER), mask=1))
    assert told_about(place)[0] == str(place.parent)


def test_what_is_made_in_a_folder_gets_its_default_list_which_is_refused_too(place: Path) -> None:
    os.setxattr(place.parent, DEFAULT, written((USER, 7, STRANGER), mask=0))
    assert told_about(place.parent) == (
        str(place.parent),
        f"no access control list for others; it names user {STRANGER} (getfacl)",
    )


def test_a_list_that_can_not_be_understood_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getxattr", lambda *_, **__: struct.pack("<I", 3))
    assert told_about(place) == ("/", "an access control list of another form")


def test_sabotage_where_only_the_mode_is_looked_at_the_list_is_not_seen(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.setxattr(place, ACCESS, written((USER, 6, STRANGER), mask=0))
    assert list(named_in_lists(place)) == [Named("user", STRANGER, 6)]
    monkeypatch.setattr(trusted_path, "named_in_lists", lambda _: ())
    refuse_replaceable(place)
