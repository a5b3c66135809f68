# SPDX-License-Identifier: Apache-2.0
"""Where the population registry is and how it knows us: KARTU_REGISTRY_URL, KARTU_REGISTRY_USER, KARTU_REGISTRY_PASSWORD_FILE."""

import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

from cardservice.clock import monotonic
from cardservice.enrolment.element_check import RegistryCredentials
from cardservice.enrolment.registry_client import RegistryClient
from reader_tools.errors import SettingsInvalid

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LONGEST = 1024


def registry_client() -> RegistryClient:
    """The client that the environment asks for. The password is in a file, closed to others. Raises SettingsInvalid."""
    url = os.environ.get("KARTU_REGISTRY_URL", "")
    user = os.environ.get("KARTU_REGISTRY_USER", "")
    parts = urlsplit(url)
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not (parts.scheme == "https" or (parts.scheme == "http" and local)) or not parts.hostname:
        raise SettingsInvalid(setting="KARTU_REGISTRY_URL", rule="https://host/path (http for this machine only)")
    if not user:
        raise SettingsInvalid(setting="KARTU_REGISTRY_USER", rule="the name that the registry gave us")
    return RegistryClient(url, RegistryCredentials(user, read_password()), monotonic)


def read_password() -> str:
    """What is in KARTU_REGISTRY_PASSWORD_FILE. Raises SettingsInvalid."""
    path = Path(os.environ.get("KARTU_REGISTRY_PASSWORD_FILE", ""))
    try:
        if path.stat().st_mode & _OTHERS:
            raise SettingsInvalid(setting="KARTU_REGISTRY_PASSWORD_FILE", rule="closed to others: chmod 600")
        password = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise SettingsInvalid(setting="KARTU_REGISTRY_PASSWORD_FILE", rule="a file with the password") from None
    if not 0 < len(password) <= _LONGEST:
        raise SettingsInvalid(setting="KARTU_REGISTRY_PASSWORD_FILE", rule="a file with the password")
    return password
