# SPDX-License-Identifier: Apache-2.0
"""Where SoftHSM's tokens lie is read from its settings as SoftHSM itself reads them; what can't be known refuses production."""

import os
import subprocess
from pathlib import Path

import pytest

from hsm.errors import OpenTokenFolder
from hsm.keys.key_store import KeyStore, Unvalidated
from hsm.pkcs11.softhsm_settings import token_folder
from hsm.process.production import refuse_unvalidated

FORMS = [
    "directories.tokendir = {a}",
    "directories.tokendir = {a} # remark",
    "directories.tokendir = {a}#{b}",
    "directories.tokendir = {a}\ndirectories.tokendir = {b}",
    "directories.tokendir = {a}=x",
    "==directories.tokendir=={a}",
    "#directories.tokendir = {a}\ndirectories.tokendir={b}",
    "  directories.tokendir\t= {a}\t \r",
    "directories.tokendir = a",
    "directories.tokendirs = {b}\ndirectories.tokendir = {a}",
]


@pytest.mark.needs("softhsm2")
@pytest.mark.parametrize("form", FORMS)
def test_the_folder_is_the_one_that_softhsm_makes_its_token_in(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    settings = tmp_path / "softhsm2.conf"
    settings.write_text(form.format(a=folders[0], b=folders[1]) + "\nlog.level = ERROR\n")
    monkeypatch.chdir(tmp_path)
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "t", "--pin", "8391-2074", "--so-pin", "8391-2074"],
        env=os.environ | {"SOFTHSM2_CONF": str(settings)},
        check=True,
        capture_output=True,
    )
    assert [token_folder(settings)] == [folder for folder in folders if any(folder.iterdir())]


class _Token:
    """A store in a token that keeps files somewhere."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def unvalidated(self) -> list[Unvalidated]:
        return [Unvalidated("SoftHSM v2", self._folder, keeps_files=True)]


@pytest.mark.parametrize("named", [None, Path("/nowhere/tokens")], ids=str)
def test_a_folder_that_can_not_be_looked_at_refuses_production(named: Path | None) -> None:
    store: KeyStore = _Token(named)  # type: ignore[assignment]  # all that is asked of it
    with pytest.raises(OpenTokenFolder):
        refuse_unvalidated(store, accepted=True)


@pytest.mark.parametrize("content", ["log.level = ERROR\n", "directories.tokendir =\n", ""])
def test_settings_that_name_no_folder(content: str, tmp_path: Path) -> None:
    settings = tmp_path / "softhsm2.conf"
    settings.write_text(content)
    assert token_folder(settings) is None
    assert token_folder(None) is None
