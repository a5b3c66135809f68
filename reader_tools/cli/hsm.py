# SPDX-License-Identifier: Apache-2.0
"""``kartu hsm``: make development keys, start the key process, ask whether it answers."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import typer
from rich.console import Console

from hsm.errors import HsmError, KeyFileMissing, SocketUnusable, StartRefused, errors_by_code
from reader_tools.cli.key_caller import key_process
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.own_program import become, command, environment
from reader_tools.cli.settings import Settings

PRIVATE = 0o700

app = typer.Typer(no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """Where the keys of this machine lie: at a URI, or else in a sealed file of the data folder."""

    folder: Path
    uri: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those of the data folder."""
        return cls(settings.data_dir / "hsm", settings.keys)

    @property
    def store(self) -> Path:
        """The sealed key file."""
        return self.folder / "keys.sealed"

    @property
    def passphrase(self) -> Path:
        """What opens it."""
        return self.folder / "passphrase"

    @property
    def arguments(self) -> tuple[str | Path, ...]:
        """As the key process wants to hear of them."""
        if self.uri:
            return "--keys", self.uri, "--state", self.folder / "state"
        return "--store", self.store, "--passphrase-file", self.passphrase

    @property
    def custody_arguments(self) -> tuple[str | Path, ...]:
        """As the custody program wants to hear of them; its journal is kept in the data folder."""
        if self.uri:
            return "--keys", self.uri, "--journal", self.folder / "custody.journal"
        return self.arguments

    def refuse_missing(self) -> None:
        """Raise KeyFileMissing where there is no sealed file. A token tells itself."""
        if not self.uri and not self.store.exists():
            raise KeyFileMissing(path=str(self.store))


@app.callback()
def hsm() -> None:
    """The key process: it alone holds keys, and answers typed questions on a socket (KARTU_HSM_SOCKET).

    Example: kartu hsm init && kartu hsm start
    """


@app.command()
def init(as_json: AsJson = False) -> None:
    """Make development keys, sealed under a new passphrase, unless there are keys: nothing is ever overwritten.

    Refused where KARTU_ENV=production: real keys are made in a hardware security module.

    Example: kartu hsm init
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    files = KeyFiles.of(settings)
    made = not files.store.exists()
    if made:
        _make(files)
    said = (
        output.say("Kunci baru ada di", "New keys are in")
        if made
        else output.say("Kunci sudah ada di", "There are keys in")
    )
    output.show(
        {"made": made, "store": files.store, "passphrase_file": files.passphrase},
        lambda console: console.print(f"{said} {files.store}", markup=False),
    )


@app.command()
def start(
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, max=64, help="Processes that answer. Without it: one per core."),
    ] = None,
    uids: Annotated[
        list[int] | None,
        typer.Option("--serve-uid", min=0, help="A user id that may ask, again for each. Without it: your own only."),
    ] = None,
    group: Annotated[
        int | None,
        typer.Option("--serve-group", min=0, help="A group id that may reach the socket (folder 0710, socket 0660)."),
    ] = None,
    accept_unvalidated: Annotated[
        bool,
        typer.Option(
            "--accept-unvalidated-token",
            help="In production, serve from a token in software (SoftHSM), which nobody validated.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the key process in the foreground until Ctrl-C; it says "ready" when it answers.

    What refuses the start is told with its cause and remedy. Under systemd: docs/operations/kartu-hsm.service.

    Example: kartu hsm start --workers 4 --serve-uid 990 --serve-group 990
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    files = KeyFiles.of(settings)
    files.refuse_missing()
    options = [
        *(("--workers", str(workers)) if workers is not None else ()),
        *(word for uid in uids or () for word in ("--serve-uid", str(uid))),
        *(("--serve-group", str(group)) if group is not None else ()),
        *(("--accept-unvalidated-token",) if accept_unvalidated else ()),
    ]
    become(
        command("hsm", *files.arguments, "--socket", settings.socket, *options),
        environment(),
        output,
        {"socket": settings.socket, "store": files.uri or files.store},
    )


@app.command()
def status(as_json: AsJson = False) -> None:
    """Ask the key process whether it answers, and which kind of store it has. Exit code 4 where it does not.

    Example: kartu hsm status
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with key_process(settings) as keys:
        backend = keys.ping()

    def people(console: Console) -> None:
        said = output.say("Proses kunci menjawab", "The key process answers")
        console.print(f"{said}: {settings.socket} ({backend})", markup=False)

    output.show({"socket": settings.socket, "backend": backend}, people)


def _make(files: KeyFiles) -> None:
    try:
        files.folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    except OSError as failed:
        raise SocketUnusable(path=str(files.folder), rule=failed.strerror or "can't be made") from None
    done = subprocess.run(  # noqa: S603 - our own program, and no shell
        command("hsm", "--init", *KeyFiles(files.folder).arguments),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        sys.stderr.write(done.stderr)  # the banner, whoever looks
        return
    # The words under the refusal are ours to say again, in the language of this desk.
    *loud, last = [line for line in done.stderr.splitlines() if not line.startswith(" ")] or [""]
    sys.stderr.write("".join(f"{line}\n" for line in loud))
    raise _refusal(last)


def _refusal(line: str) -> HsmError:
    """The error that the key process named as it ended: ``code (name=value, ...)``, as KartuError writes itself."""
    code, _, facts = line.partition(" ")
    kind = errors_by_code().get(code)
    if kind is None:
        return StartRefused()
    pairs = (fact.partition("=") for fact in facts.strip("()").split(", ") if "=" in fact)
    return kind(**{name: value for name, _, value in pairs})
