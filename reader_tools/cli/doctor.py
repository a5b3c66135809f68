# SPDX-License-Identifier: Apache-2.0
"""``kartu doctor``: looks at every part of this machine that kartu needs, and gives the remedy for what is wrong."""

from collections import Counter

import typer
from rich.console import Console

from reader_tools.cli.exit_code import ExitCode
from reader_tools.cli.failure import words
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings
from reader_tools.probes.examination import Machine, examine
from reader_tools.probes.finding import Finding, Level, Part

app = typer.Typer()

READER_PARTS = frozenset({Part.LIBRARY, Part.SERVICE, Part.READER, Part.CARD})
SIGN = {Level.OK: "[green]ok  [/]", Level.WARN: "[yellow]warn[/]", Level.FAIL: "[bold red]fail[/]"}


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at this machine: reader library, reader service, reader, card, key process, database, rule packs, list of withdrawals, service, clock.

    A "warn" is worth knowing; a "fail" keeps this desk from working. The reader that KARTU_READER names decides which is which.
    Exit codes: 0 nothing fails; 3 reader or card fails; 4 keys, database, rule packs, list of withdrawals or clock fail.

    Example: kartu doctor --json
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    machine = Machine(
        settings.data_dir,
        settings.reader,
        settings.socket,
        settings.database,
        settings.api_url,
        settings.keys_uid,
        settings.rule_packs,
        settings.rule_pack_key,
        settings.issuer,
    )
    findings = list(examine(machine))
    counted = Counter(finding.level.value for finding in findings)
    documents = [_document(finding, output) for finding in findings]

    def people(console: Console) -> None:
        for finding, document in zip(findings, documents, strict=True):
            console.print(f"{SIGN[finding.level]} [bold]{finding.code}[/]", end="  ")
            console.print(document["cause"], markup=False)
            if finding.level is not Level.OK:
                console.print(f"       -> {document['remedy']}", markup=False)

    output.show({"ok": not counted[Level.FAIL], "counted": dict(counted), "findings": documents}, people)
    raise typer.Exit(ended(findings))


def ended(findings: list[Finding]) -> ExitCode:
    """The exit code of an examination: that of the first part that fails."""
    failing = next((finding for finding in findings if finding.level is Level.FAIL), None)
    if failing is None:
        return ExitCode.OK
    return ExitCode.READER if failing.part in READER_PARTS else ExitCode.SERVICE


def _document(finding: Finding, output: Output) -> dict[str, object]:
    cause, remedy = words(finding.code, finding.evidence, output.language)
    return {
        "part": finding.part,
        "level": finding.level,
        "code": finding.code,
        "cause": cause,
        "remedy": remedy,
        "evidence": dict(finding.evidence),
    }
