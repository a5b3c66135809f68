# SPDX-License-Identifier: Apache-2.0
"""Whoever can put something else in the place of a token's module, settings or PIN has the keys: each way to do so is found and named."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hsm.errors import ReplaceablePath
from hsm.machine import trusted_path
from hsm.machine.trusted_path import refuse_replaceable


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file two folders down, all of it ours alone."""
    folder = tmp_path / "above" / "beside"
    folder.mkdir(parents=True)
    (folder / "conf").write_text("directories.tokendir = /nowhere\n")
    for path in (folder.parent, folder, folder / "conf"):
        path.chmod(0o700)
    return folder / "conf"


def test_what_is_ours_alone_is_trusted_and_so_is_what_lies_below_a_sticky_folder(file: Path) -> None:
    refuse_replaceable(file)
    file.parent.parent.chmod(0o1777)
    refuse_replaceable(file)


def test_what_is_not_there_is_left_to_whoever_opens_it(file: Path) -> None:
    refuse_replaceable(file.with_name("missing"))
    refuse_replaceable(file / "below a file")


def group_writes_the_file(file: Path) -> Path:
    file.chmod(0o660)
    return file


def world_writes_its_folder(file: Path) -> Path:
    file.parent.chmod(0o707)
    return file.parent


def group_writes_the_folder_above(file: Path) -> Path:
    file.parent.parent.chmod(0o770)
    return file.parent.parent


def the_end_itself_is_a_sticky_folder(file: Path) -> Path:
    file.unlink()
    file.mkdir()
    file.chmod(0o1777)
    return file


def a_link_leads_out_of_the_closed_folder(file: Path) -> Path:
    outside = file.parents[2] / "outside"
    outside.mkdir()
    file.rename(outside / "conf")
    file.symlink_to(os.path.relpath(outside / "conf", file.parent))
    outside.chmod(0o777)
    return outside


WAYS: list[Callable[[Path], Path]] = [
    group_writes_the_file,
    world_writes_its_folder,
    group_writes_the_folder_above,
    the_end_itself_is_a_sticky_folder,
    a_link_leads_out_of_the_closed_folder,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_each_way_in_is_named(file: Path, way: Callable[[Path], Path]) -> None:
    open_place = way(file)
    with pytest.raises(ReplaceablePath) as refused:
        refuse_replaceable(file)
    assert refused.value.evidence["path"] == str(open_place)


def test_another_users_file_is_refused(file: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(file, 65534, -1)
    with pytest.raises(ReplaceablePath, match="owned by root"):
        refuse_replaceable(file)


def test_links_in_a_circle_end(file: Path) -> None:
    file.unlink()
    file.symlink_to("conf")
    with pytest.raises(ReplaceablePath, match="too many symbolic links"):
        refuse_replaceable(file)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_sabotage_without_the_look_at_modes_every_way_is_open(
    file: Path, way: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trusted_path, "_OTHERS_WRITE", 0)
    way(file)
    refuse_replaceable(file)
