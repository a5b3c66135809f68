# SPDX-License-Identifier: Apache-2.0
"""How ``kartu`` says that something failed: code, cause and remedy, never a stack trace."""

import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from rich.console import Console

from cardservice.errors import KartuError
from cardservice.texts.catalogue import Language, text
from reader_tools.cli.output import print_json
from reader_tools.errors import Internal


def words(code: str, evidence: Mapping[str, object], language: Language) -> tuple[str, str]:
    """Cause and remedy of a code, in one language, with the evidence filled in."""
    entry = text(code)
    return entry.cause(language, evidence), entry.remedy(language, evidence)


def show(error: KartuError, language: Language, *, as_json: bool) -> None:
    """Code, cause and remedy: on standard error for a person, as ``{"error": ...}`` on standard output with ``--json``."""
    cause, remedy = words(error.code, error.evidence, language)
    if as_json:
        evidence = {name: value if isinstance(value, int) else str(value) for name, value in error.evidence.items()}
        print_json({"error": {"code": error.code, "cause": cause, "remedy": remedy, "evidence": evidence}})
        return
    console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
    console.print(f"[bold red]{error.code}[/]", end=" ")
    console.print(cause, markup=False)
    console.print("[bold]->[/]", end=" ")
    console.print(remedy, markup=False)
    if isinstance(error, Internal):
        console.print(f"   {error.evidence['log']}", markup=False)


def write_trace(error: BaseException, log_file: Path, at: datetime) -> None:
    """Where in the code it happened, for those who mend it. Values stay out: a message may quote a PIN, a NIK or an SQL parameter."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log_file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(log_file, encoding="utf-8")
    try:
        record = logging.LogRecord("kartu", logging.ERROR, __file__, 0, "%s %s\n%s", (), None)
        record.args = (at.isoformat(timespec="seconds"), type(error).__qualname__, frames)
        handler.emit(record)
    finally:
        handler.close()
