# SPDX-License-Identifier: Apache-2.0
"""Optional parts of the machine: a test that needs one is skipped with the reason, or fails where KARTU_REQUIRE demands the part."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

POSTGRESQL = Path("/usr/lib/postgresql")
VPCD = Path("/usr/lib/pcsc/drivers/serial")

# part -> (is it here, what would bring it)
PARTS: dict[str, tuple[Callable[[], bool], str]] = {
    "pcscd": (lambda: shutil.which("pcscd") is not None and VPCD.is_dir(), "apt-get install pcscd vsmartcard-vpcd"),
    "pyscard": (
        lambda: importlib.util.find_spec("smartcard") is not None,
        "./check installs it (needs libpcsclite-dev)",
    ),
    "opensc": (lambda: shutil.which("opensc-tool") is not None, "apt-get install opensc"),
    "yubico-piv-tool": (lambda: shutil.which("yubico-piv-tool") is not None, "apt-get install yubico-piv-tool"),
    "yubikit": (lambda: importlib.util.find_spec("yubikit") is not None, "./check installs it"),
    "softhsm2": (lambda: shutil.which("softhsm2-util") is not None, "apt-get install softhsm2"),
    "postgresql": (lambda: any(POSTGRESQL.glob("*/bin/postgres")), "apt-get install postgresql"),
    "chromium": (lambda: shutil.which("chromium") is not None, "apt-get install chromium"),
}


def required(part: str, setting: str) -> bool:
    """Whether KARTU_REQUIRE ("all", or names with commas) demands the part."""
    return setting == "all" or part in {name.strip() for name in setting.split(",")}


def missing(parts: tuple[str, ...]) -> list[str]:
    """What each absent part would need, one sentence each. Raises KeyError for a name that is no part."""
    return [
        f"{part} is not here: {remedy}"
        for part, (here, remedy) in ((name, PARTS[name]) for name in parts)
        if not here()
    ]


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        unknown = set(mark.args) - set(PARTS)
        if unknown or not mark.args:
            pytest.fail(f"needs() names no known part: {sorted(unknown)}", pytrace=False)
        absent = missing(mark.args)
        if absent and any(required(part, os.environ.get("KARTU_REQUIRE", "")) for part in mark.args):
            pytest.fail("required by KARTU_REQUIRE, but " + "; ".join(absent), pytrace=False)
        if absent:
            pytest.skip("; ".join(absent))
