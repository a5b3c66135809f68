# SPDX-License-Identifier: Apache-2.0
"""Settings of the service, from KARTU_ environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from api.errors import ServiceSettingWrong

DEFAULT_LISTEN = "127.0.0.1:8080"
DEFAULT_HOSTS = "127.0.0.1,localhost,[::1],testserver"
MAX_AT_ONCE = 64
BODY_SECONDS = 10
ENVIRONMENTS = ("development", "test", "production")
UID_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """One worker of the service. The database's address may carry a password, so it shows in no repr."""

    database_url: str = field(repr=False)  # KARTU_DATABASE_URL
    keys_socket: Path  # KARTU_KEYS_SOCKET, or the desk's name for it, KARTU_HSM_SOCKET
    keys_uid: int | None = None  # KARTU_KEYS_UID: the user that runs the key process, where it is not our own
    host: str = "127.0.0.1"  # KARTU_LISTEN, before the last colon
    port: int = 8080  # KARTU_LISTEN, after it; 0 takes any free port
    environment: str = "development"  # KARTU_ENV
    issuer: str = f"http://{DEFAULT_LISTEN}"  # KARTU_ISSUER: iss of tokens
    allowed_hosts: frozenset[str] = frozenset(DEFAULT_HOSTS.split(","))  # KARTU_ALLOWED_HOSTS, with commas; * for any
    at_once: int = MAX_AT_ONCE  # KARTU_AT_ONCE: requests served at the same time; more are told to come back
    rule_packs: Path | None = (
        None  # KARTU_RULE_PACKS: the folder of signed rule packs; None: those that come with the code
    )
    rule_pack_key: Path | None = (
        None  # KARTU_RULE_PACK_KEY: the public key that signed them; None: the one beside those
    )
    published: Path | None = None  # KARTU_PUBLISHED: the folder that kartu keys publish writes; None: no CA files here
    body_seconds: float = BODY_SECONDS  # how long a body may take to arrive

    @classmethod
    def load(cls, environment: Mapping[str, str]) -> Self:
        """Read the environment; an empty variable is an unset one. ServiceSettingWrong names a setting that can't be meant."""
        given = {name: value.strip() for name, value in environment.items() if value.strip()}
        host, port = _address(given.get("KARTU_LISTEN", DEFAULT_LISTEN))
        socket = given.get("KARTU_KEYS_SOCKET") or given.get("KARTU_HSM_SOCKET")
        if socket is None:
            raise ServiceSettingWrong(setting="KARTU_KEYS_SOCKET", rule="the path of the key process's socket")
        if "KARTU_DATABASE_URL" not in given:
            raise ServiceSettingWrong(setting="KARTU_DATABASE_URL", rule="sqlite:///path | postgresql://...")
        name = given.get("KARTU_ENV", ENVIRONMENTS[0]).lower()
        if name not in ENVIRONMENTS:
            raise ServiceSettingWrong(setting="KARTU_ENV", rule=" | ".join(ENVIRONMENTS))
        return cls(
            database_url=given["KARTU_DATABASE_URL"],
            keys_socket=Path(socket),
            keys_uid=_uid(given.get("KARTU_KEYS_UID")),
            host=host,
            port=port,
            environment=name,
            issuer=_issuer(given.get("KARTU_ISSUER"), f"http://{_bracketed(host)}:{port}", name),
            allowed_hosts=_hosts(given.get("KARTU_ALLOWED_HOSTS"), host),
            rule_packs=_path(given.get("KARTU_RULE_PACKS")),
            rule_pack_key=_path(given.get("KARTU_RULE_PACK_KEY")),
            published=_folder("KARTU_PUBLISHED", given.get("KARTU_PUBLISHED")),
            at_once=_count(given.get("KARTU_AT_ONCE", str(MAX_AT_ONCE))),
        )

    def at_port(self, port: int) -> Self:
        """These settings once the port is known that 0 asked for; the issuer follows where it was not named."""
        unnamed = self.issuer == f"http://{_bracketed(self.host)}:{self.port}"
        issuer = f"http://{_bracketed(self.host)}:{port}" if unnamed else self.issuer
        return replace(self, port=port, issuer=issuer)

    @property
    def is_production(self) -> bool:
        """Whether real people depend on it."""
        return self.environment == "production"


def _address(value: str) -> tuple[str, int]:
    host, colon, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdigit() and int(port) <= 0xFFFF):
        raise ServiceSettingWrong(setting="KARTU_LISTEN", rule="host:port")
    return host, int(port)


def _path(value: str | None) -> Path | None:
    return None if value is None else Path(value)


def _folder(setting: str, value: str | None) -> Path | None:
    """A folder that is there: one that is named and is not would be told to verifiers only, as files that were never published."""
    if value is not None and not Path(value).is_dir():
        raise ServiceSettingWrong(setting=setting, rule="a folder that is there (kartu keys publish makes it)")
    return _path(value)


def _uid(value: str | None) -> int | None:
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or len(value) > UID_DIGITS:
        raise ServiceSettingWrong(setting="KARTU_KEYS_UID", rule="a user id, as a number")
    return int(value)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _issuer(value: str | None, default: str, environment: str) -> str:
    """The issuer outlives any listening address: production must name it, and as https."""
    if value is None and environment != "production":
        return default
    parts = urlsplit(value or "")
    schemes = {"https"} if environment == "production" else {"https", "http"}
    if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment:
        raise ServiceSettingWrong(setting="KARTU_ISSUER", rule=f"an address with {' or '.join(sorted(schemes))}://")
    return (value or "").rstrip("/")


def _hosts(value: str | None, host: str) -> frozenset[str]:
    if value is None:
        return frozenset({*DEFAULT_HOSTS.split(","), _bracketed(host).lower()})
    return frozenset(name.strip().lower() for name in value.split(",") if name.strip())


def _count(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 10_000):
        raise ServiceSettingWrong(setting="KARTU_AT_ONCE", rule="1 to 10000")
    return int(value)
