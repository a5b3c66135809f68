# SPDX-License-Identifier: Apache-2.0
"""Optional parts of the machine: a test that needs one is skipped with the remedy, or fails where KARTU_REQUIRE demands the part.

``KARTU_REQUIRE=all`` also refuses every other skip, however a test came by it: a green run has left nothing out. Vectors beside the
checkout (../shared/vectors) are the one exception, since a clone elsewhere does not have them.
"""

import importlib.util
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A machine that does other things is no fault of the code: laws are judged by their examples, never by a clock.
settings.register_profile("kartu", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kartu")

ALL = "all"
NOT_OURS = "shared/vectors"


@dataclass(frozen=True, slots=True)
class Part:
    """One optional part: how to see that it is here, and what would bring it."""

    here: Callable[[], bool]
    remedy: str


def _program(name: str, package: str | None = None) -> Part:
    # Debian keeps daemons where the path of an ordinary user does not lead.
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    return Part(lambda: shutil.which(name, path=path) is not None, f"apt-get install {package or name}")


def _file(root: str, pattern: str, package: str) -> Part:
    return Part(lambda: any(Path(root).glob(pattern)), f"apt-get install {package}")


def _module(name: str, remedy: str) -> Part:
    return Part(lambda: importlib.util.find_spec(name) is not None, remedy)


PARTS = {
    "pcscd": _program("pcscd"),
    "vpcd": _file("/usr/lib/pcsc/drivers/serial", "libifdvpcd.so", "vsmartcard-vpcd"),
    "opensc": _program("opensc-tool", "opensc"),
    "yubico-piv-tool": _program("yubico-piv-tool"),
    "softhsm2": _program("softhsm2-util", "softhsm2"),
    "libfaketime": _file("/usr/lib", "*/faketime/libfaketime.so.1", "libfaketime"),
    "openssl": _program("openssl"),
    "postgresql": _file("/usr/lib/postgresql", "*/bin/initdb", "postgresql"),
    "chromium": _program("chromium"),
    "pyscard": _module("smartcard", "apt-get install gcc libpcsclite-dev python3-dev, then ./check"),
    "yubikit": _module("yubikit", "./check installs it"),
}


def required() -> frozenset[str]:
    """What KARTU_REQUIRE demands: "all", or names of parts with commas between them. An unknown name is an error."""
    named = {name.strip() for name in os.environ.get("KARTU_REQUIRE", "").split(",")} - {""}
    if unknown := named - set(PARTS) - {ALL}:
        raise pytest.UsageError(
            f"KARTU_REQUIRE: no part is called {', '.join(sorted(unknown))}; all, or of {', '.join(PARTS)}"
        )
    return frozenset(PARTS) | {ALL} if ALL in named else frozenset(named)


def pytest_configure() -> None:
    required()  # a wrong name is told before any test runs


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        unknown = set(mark.args) - set(PARTS)
        if unknown or not mark.args:
            pytest.fail(f"needs() names no known part: {sorted(unknown)}; there are {', '.join(PARTS)}", pytrace=False)
        absent = [part for part in mark.args if not PARTS[part].here()]
        told = "; ".join(f"{part} is not here: {PARTS[part].remedy}" for part in absent)
        if required() & set(absent):
            pytest.fail(f"required by KARTU_REQUIRE, but {told}", pytrace=False)
        if absent:
            pytest.skip(told)


def _reasons(config: pytest.Config) -> dict[str, int]:
    """Why tests were skipped, each reason with its count."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    counted: dict[str, int] = {}
    for report in reporter.stats.get("skipped", []) if reporter else []:
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        reason = reason.removeprefix("Skipped: ")
        counted[reason] = counted.get(reason, 0) + 1
    return counted


def _refused(config: pytest.Config) -> list[str]:
    return [reason for reason in _reasons(config) if NOT_OURS not in reason] if ALL in required() else []


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus == pytest.ExitCode.OK and _refused(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    reasons, refused = _reasons(config), _refused(config)
    if reasons:
        terminalreporter.section("left out")
    for reason, count in sorted(reasons.items()):
        verdict = "REFUSED, everything is required: " if reason in refused else ""
        terminalreporter.write_line(f"{verdict}{count} x {reason}")
