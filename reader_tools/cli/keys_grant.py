# SPDX-License-Identifier: Apache-2.0
"""``kartu keys grant``: officers allow once what nobody may do alone: open many sealed values, lift an anomaly limit."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from reader_tools.cli.custody_program import ask_custody
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.settings import Settings

PROGRAM = "hsm.granting"

GrantFile = Annotated[Path, typer.Argument(metavar="GRANT", help="The file that goes from one officer to the next.")]
Officer = Annotated[str, typer.Option(help="The officer's enrolled name.")]
Key = Annotated[Path, typer.Option(metavar="PEM", help="The officer's encrypted private key.")]
PassphraseFile = Annotated[Path, typer.Option(metavar="FILE", help="What opens the key; mode 0600.")]
Reason = Annotated[str, typer.Option(help="Why; recorded by the key process. No names or numbers of people.")]
Values = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Open these: JSON lines with context and sealed.", show_default=False),
]
Lift = Annotated[
    tuple[str, int] | None,
    typer.Option(metavar="OPERATION UID", help="Let this user ask this operation again.", show_default=False),
]
Withdraw = Annotated[
    str | None,
    typer.Option(
        metavar="SHA256", help="Withdraw this certificate of a card CA (kartu keys withdraw).", show_default=False
    ),
]

app = typer.Typer(no_args_is_help=True)


@app.callback()
def grant() -> None:
    """Grants: opening many sealed values, or withdrawing a CA certificate, needs two officers, lifting an anomaly limit one (docs/keys.md).

    Example: kartu keys grant sign sample.grant --officer ani --key ani.pem --passphrase-file ani.pass --values sample.jsonl --reason audit
    """


@app.command("officer-key")
def officer_key(officer: Officer, key: Key, passphrase_file: PassphraseFile, as_json: AsJson = False) -> None:
    """Make an officer's key, in a new encrypted file; the point that is shown goes into the plan of a ceremony or handover.

    Example: kartu keys grant officer-key --officer ani --key ani.pem --passphrase-file ani.pass
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    arguments = ("--officer", officer, "--key", key.absolute(), "--passphrase-file", passphrase_file.absolute())
    made = ask_custody(settings, output, "officer-key", *arguments, program=PROGRAM)
    said = output.say("Kunci publik petugas", "The officer's public key")
    output.show(made, lambda console: console.print(f"{said} {officer}: {made['point']}", markup=False, soft_wrap=True))


@app.command()
def sign(
    grant_file: GrantFile,
    officer: Officer,
    key: Key,
    passphrase_file: PassphraseFile,
    reason: Reason,
    values: Values = None,
    lift: Lift = None,
    withdraw: Withdraw = None,
    minutes: Annotated[int, typer.Option(min=1, max=60, help="How long a grant that begins here may be used.")] = 30,
    hours: Annotated[
        int, typer.Option(min=1, max=12, help="Spread a long list over so many hours: each portion has its own.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Begin a grant, or sign one that another officer began: each gives the list and the reason himself, and signs no other.

    Example: kartu keys grant sign sample.grant --officer ani --key ani.pem --passphrase-file ani.pass --values sample.jsonl --reason audit
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    signed = ask_custody(
        settings,
        output,
        "sign",
        *("--officer", officer, "--key", key.absolute(), "--passphrase-file", passphrase_file.absolute()),
        *_about(grant_file, reason, values, lift, withdraw),
        *("--life", str(60 * minutes), "--hours", str(hours)),
        program=PROGRAM,
    )
    output.show(signed, lambda console: _people(console, output, signed))


@app.command()
def use(
    grant_file: GrantFile,
    reason: Reason,
    values: Values = None,
    lift: Lift = None,
    output_file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="With --values: a new file for what they hold.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have the key process do what was granted. It works once.

    Example: kartu keys grant use sample.grant --values sample.jsonl --reason audit --output opened.jsonl
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    into = () if output_file is None else ("--output", output_file.absolute())
    whose = () if settings.keys_uid is None else ("--server-uid", str(settings.keys_uid))
    done = ask_custody(
        settings,
        output,
        "use",
        *("--socket", settings.socket.absolute(), *whose, *_about(grant_file, reason, values, lift), *into),
        program=PROGRAM,
    )
    said = output.say("Dilaksanakan", "Done")
    told = f"{done['values']} -> {done['output']}" if "values" in done else f"{done['operation']} uid {done['uid']}"
    output.show(done, lambda console: console.print(f"{said}: {done['deed']} {told}", markup=False))


def _about(
    grant_file: Path, reason: str, values: Path | None, lift: tuple[str, int] | None, withdraw: str | None = None
) -> tuple[str | Path, ...]:
    what = [
        *([("--values", values.absolute())] if values is not None else []),
        *([("--lift", lift[0], str(lift[1]))] if lift is not None else []),
        *([("--withdraw", withdraw)] if withdraw is not None else []),
    ]
    if len(what) != 1:
        raise typer.BadParameter("one of --values, --lift and --withdraw (to sign)")
    return ("--grant", grant_file.absolute(), "--reason", reason, *what[0])


def _people(console: Console, output: Output, signed: dict[str, Any]) -> None:
    missing = max(0, signed["needed"] - len(signed["officers"]))
    console.print(
        output.say(
            f"{signed['grant']}: {signed['deed']}, {signed['count']} hal, sampai {signed['until']}. "
            f"Ditandatangani {', '.join(signed['officers'])}; kurang {missing} petugas.",
            f"{signed['grant']}: {signed['deed']}, {signed['count']} things, until {signed['until']}. "
            f"Signed by {', '.join(signed['officers'])}; {missing} more officers needed.",
        ),
        markup=False,
        soft_wrap=True,
    )
