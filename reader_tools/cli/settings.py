# SPDX-License-Identifier: Apache-2.0
"""Settings of one desk, from KARTU_ environment variables."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from reader_tools.errors import SettingsInvalid

DEFAULT_API_URL = "http://127.0.0.1:8080"
PREFIX = "KARTU_"


class Language(StrEnum):
    """The languages kartu speaks."""

    INDONESIAN = "id"
    ENGLISH = "en"


def default_data_dir() -> Path:
    """``./var`` where it exists (a checkout that has run), else the user's own data folder (XDG)."""
    here = Path("var")
    return here.absolute() if here.is_dir() else Path.home() / ".local" / "share" / "kartu"


class Settings(BaseSettings):
    """One desk: where its data is, whom it asks, and in which language it speaks."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data_dir: Path = Field(default_factory=default_data_dir, description="where state is kept")
    api_url: str = Field(default=DEFAULT_API_URL, description="the kartu service", pattern=r"^https?://[^\s/]+")
    hsm_socket: Path | None = Field(default=None, description="the key process's socket; default: hsm.sock in data_dir")
    database_url: str | None = Field(default=None, description="the database; default: kartu.db (SQLite) in data_dir")
    language: Language = Field(default=Language.INDONESIAN, description="language of messages: id or en")
    reader: str = Field(default="virtual", description="the reader to use where none is named")

    @classmethod
    def load(cls) -> Self:
        """Read the environment; SettingsInvalid names the first setting that can't be meant."""
        try:
            return cls()
        except ValidationError as refused:
            first = refused.errors(include_url=False, include_input=False)[0]
            name = str(first["loc"][0]) if first["loc"] else "?"
            raise SettingsInvalid(setting=PREFIX + name.upper(), rule=first["msg"]) from None

    @property
    def socket(self) -> Path:
        """The key process's UNIX socket."""
        return self.hsm_socket or self.data_dir / "hsm.sock"

    @property
    def database(self) -> str:
        """The database's SQLAlchemy address."""
        return self.database_url or f"sqlite:///{self.data_dir / 'kartu.db'}"

    @property
    def log_file(self) -> Path:
        """Where the traces of unforeseen errors go."""
        return self.data_dir / "log" / "kartu.log"
