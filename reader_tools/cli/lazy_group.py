# SPDX-License-Identifier: Apache-2.0
"""A command group whose commands stand in a table and are imported when asked for."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

COMPLETION = frozenset({"install_completion", "show_completion"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One command or group: the module that holds its ``app: typer.Typer``, and the line that ``--help`` shows for it."""

    module: str
    help: str

    @property
    def installed(self) -> bool:
        """Whether this installation has the module: a desk may be installed without the bureau's commands."""
        return find_spec(self.module) is not None


class LazyGroup(TyperGroup):
    """A group that imports a command when it is asked for: ``kartu reader list`` loads no database."""

    entries: ClassVar[dict[str, Entry]]

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """The names in the order of the table."""
        return [name for name, entry in self.entries.items() if entry.installed]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """The command of that name, imported now; None if there is none."""
        entry = self.entries.get(cmd_name)
        if entry is None or not entry.installed:
            return None
        command = typer.main.get_command(import_module(entry.module).app)
        command.name = cmd_name
        command.help = command.help or entry.help
        command.short_help = entry.help
        # typer offers shell completion on every app unless each says no; here it belongs to none.
        command.params = [option for option in command.params if option.name not in COMPLETION]
        return command
