# SPDX-License-Identifier: Apache-2.0
"""Settings of the service: what is read, what is refused, what is never shown."""

from pathlib import Path

import pytest

from api.errors import ServiceSettingWrong
from api.settings import Settings

LEAST = {"KARTU_DATABASE_URL": "postgresql://kartu:geheim@db/kartu", "KARTU_KEYS_SOCKET": "/run/kartu/keys.sock"}


def test_the_least_that_is_needed() -> None:
    settings = Settings.load(LEAST)
    assert (settings.host, settings.port, settings.issuer) == ("127.0.0.1", 8080, "http://127.0.0.1:8080")
    assert settings.keys_socket == Path("/run/kartu/keys.sock")
    assert "testserver" in settings.allowed_hosts
    assert not settings.is_production


def test_the_password_is_in_no_repr() -> None:
    assert "geheim" not in repr(Settings.load(LEAST))


def test_the_desks_name_for_the_socket_serves_too_and_empty_is_unset() -> None:
    settings = Settings.load(LEAST | {"KARTU_KEYS_SOCKET": "", "KARTU_HSM_SOCKET": "/x/s", "KARTU_ENV": " "})
    assert settings.keys_socket == Path("/x/s")
    assert settings.environment == "development"


def test_everything_set() -> None:
    settings = Settings.load(
        LEAST
        | {
            "KARTU_LISTEN": "[::1]:0",
            "KARTU_ENV": "Production",
            "KARTU_ISSUER": "https://kartu.example/",
            "KARTU_ALLOWED_HOSTS": "Kartu.example, ",
            "KARTU_AT_ONCE": "8",
        }
    )
    assert (settings.host, settings.port) == ("::1", 0)
    assert (settings.issuer, settings.allowed_hosts) == ("https://kartu.example", frozenset({"kartu.example"}))
    assert settings.is_production
    assert settings.at_once == 8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KARTU_DATABASE_URL", ""),
        ("KARTU_KEYS_SOCKET", ""),
        ("KARTU_LISTEN", "8080"),
        ("KARTU_LISTEN", ":8080"),
        ("KARTU_LISTEN", "localhost:http"),
        ("KARTU_LISTEN", "localhost:65536"),
        ("KARTU_LISTEN", "localhost:-1"),
        ("KARTU_ENV", "prod"),
        ("KARTU_ISSUER", "kartu.example"),
        ("KARTU_ISSUER", "https://"),
        ("KARTU_ISSUER", "https://kartu.example/?x"),
        ("KARTU_PUBLISHED", "/nonexistent/web"),
        ("KARTU_PUBLISHED", __file__),
        ("KARTU_AT_ONCE", "0"),
        ("KARTU_AT_ONCE", "10001"),
        ("KARTU_AT_ONCE", "many"),
        ("KARTU_KEYS_UID", "kartu"),
        ("KARTU_KEYS_UID", "-1"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named(name: str, value: str) -> None:
    with pytest.raises(ServiceSettingWrong) as caught:
        Settings.load(LEAST | {name: value})
    assert caught.value.evidence["setting"] == name


def test_the_issuer_follows_the_port_that_was_taken_unless_it_is_named() -> None:
    free = Settings.load(LEAST | {"KARTU_LISTEN": "[::1]:0"}).at_port(4711)
    assert (free.port, free.issuer) == (4711, "http://[::1]:4711")
    named = Settings.load(LEAST | {"KARTU_LISTEN": "[::1]:0", "KARTU_ISSUER": "https://kartu.example"}).at_port(4711)
    assert named.issuer == "https://kartu.example"


def test_the_key_process_may_run_as_another_user() -> None:
    assert Settings.load(LEAST).keys_uid is None
    assert Settings.load(LEAST | {"KARTU_KEYS_UID": "991"}).keys_uid == 991


def test_the_published_folder_is_one_that_is_there(tmp_path: Path) -> None:
    assert Settings.load(LEAST).published is None
    assert Settings.load(LEAST | {"KARTU_PUBLISHED": str(tmp_path)}).published == tmp_path


@pytest.mark.parametrize("issuer", ["", "http://kartu.example"])
def test_production_names_its_issuer_as_https(issuer: str) -> None:
    with pytest.raises(ServiceSettingWrong) as caught:
        Settings.load(LEAST | {"KARTU_ENV": "production", "KARTU_ISSUER": issuer})
    assert caught.value.evidence["setting"] == "KARTU_ISSUER"
