# SPDX-License-Identifier: Apache-2.0
"""The command ``kartu``: runs one command and turns every way it can end into words and an exit code."""

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from cardservice import clock
from cardservice.errors import KartuError
from cardservice.texts.catalogue import Language
from reader_tools.cli import failure
from reader_tools.cli.app import app
from reader_tools.cli.exit_code import ExitCode, exit_code_for
from reader_tools.cli.output import print_json
from reader_tools.cli.settings import Settings
from reader_tools.errors import DataFolderUnusable, Internal, SettingsInvalid


def main() -> None:
    """The entry point named in pyproject.toml."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line (without the program's name) and return its exit code. Raises nothing."""
    as_json = "--json" in arguments
    try:
        ended = typer.main.get_command(app).main(list(arguments), prog_name="kartu", standalone_mode=False)
        return ended if isinstance(ended, int) else ExitCode.OK
    except typer.TyperException as refused:
        return _usage(refused, as_json=as_json)
    except KartuError as error:
        return _told(error, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        return ExitCode.INTERRUPTED
    except SystemExit:
        # typer leaves so in one case only: the reader of our output has gone (kartu ... | head), and nobody is left to tell.
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - the last line of defence: no stack trace reaches a user
        return _told(_of_data_folder(error) or _unforeseen(error), as_json=as_json)


def _usage(refused: typer.TyperException, *, as_json: bool) -> int:
    message = refused.format_message()
    if not message:
        return ExitCode.USAGE  # a bare group: its help has been shown
    if as_json:
        print_json({"error": {"code": "kartu-usage", "cause": message, "remedy": "kartu --help", "evidence": {}}})
    else:
        context = getattr(refused, "ctx", None)
        sys.stderr.write(f"{context.get_usage()}\n{message}\n" if context else f"{message}\n")
    return ExitCode.USAGE


def _told(error: KartuError, *, as_json: bool) -> int:
    failure.show(error, _language(), as_json=as_json)
    return exit_code_for(error)


def _of_data_folder(error: Exception) -> DataFolderUnusable | None:
    """What the operating system refused in the data folder, or on the way to it: any command may be the first that needs it."""
    if not isinstance(error, OSError) or not isinstance(error.filename, str):
        return None
    try:
        folder = Settings.load().data_dir
    except SettingsInvalid:
        return None
    path = Path(error.filename)
    if path != folder and folder not in path.parents and path not in folder.parents:
        return None
    return DataFolderUnusable(path=str(path), rule=error.strerror or "unusable")


def _unforeseen(error: Exception) -> Internal:
    try:
        log_file = Settings.load().log_file
        failure.write_trace(error, log_file, clock.now())
        where = str(log_file)
    except (OSError, SettingsInvalid) as unwritable:
        where = f"- ({unwritable})"
    return Internal(log=where, kind=type(error).__name__)


def _language() -> Language:
    try:
        return Settings.load().language
    except SettingsInvalid:
        return Language.INDONESIAN


if __name__ == "__main__":
    main()
