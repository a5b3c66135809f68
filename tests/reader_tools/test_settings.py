# SPDX-License-Identifier: Apache-2.0
"""Settings: what an environment means, and what is refused with the setting's name."""

from pathlib import Path

import pytest

from cardservice.texts.catalogue import Language
from reader_tools.cli.settings import Settings
from reader_tools.errors import SettingsInvalid


def test_an_empty_environment_is_a_whole_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.load({"KARTU_LANGUAGE": ""})
    assert settings.language is Language.INDONESIAN
    assert settings.reader == "virtual"
    assert settings.socket.is_relative_to(settings.data_dir)
    assert settings.data_dir.name == "kartu"
    assert settings.database == f"sqlite:///{settings.data_dir}/kartu.db"


def test_a_checkout_that_has_run_keeps_its_data_in_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "var").mkdir()
    monkeypatch.chdir(tmp_path)
    assert Settings.load({}).data_dir == tmp_path / "var"


def test_what_is_given_is_used(tmp_path: Path) -> None:
    given = {
        "KARTU_DATA_DIR": str(tmp_path),
        "KARTU_API_URL": "https://kartu.example/",
        "KARTU_HSM_SOCKET": "/run/keys.sock",
        "KARTU_DATABASE_URL": "postgresql://u:secret@h/d",
        "KARTU_LANGUAGE": "en",
        "KARTU_READER": "pcsc",
    }
    settings = Settings.load(given)
    assert settings.api_url == "https://kartu.example"
    assert settings.socket == Path("/run/keys.sock")
    assert settings.database == "postgresql://u:secret@h/d"
    assert settings.language is Language.ENGLISH
    assert settings.reader == "pcsc"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KARTU_LANGUAGE", "fr"),
        ("KARTU_KEYS_UID", "kartu"),
        ("KARTU_KEYS_UID", "-1"),
        ("KARTU_KEYS_UID", "4294967295"),
        ("KARTU_API_URL", "kartu.example"),
        ("KARTU_API_URL", "ftp://kartu.example"),
        ("KARTU_API_URL", "http://"),
        ("KARTU_API_URL", "http://h:port"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid) as raised:
        Settings.load({name: value})
    assert raised.value.evidence["setting"] == name
