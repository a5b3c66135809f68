# SPDX-License-Identifier: Apache-2.0
"""How the walk is told: numbered steps, each with what came of it and how long it took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.text import Text

from cardservice import clock
from reader_tools.cli.output import Output
from reader_tools.cli.step_list import StepList


@dataclass(slots=True)
class Told:
    """One step as it was told."""

    title: str
    seconds: float = 0.0
    facts: dict[str, object] = field(default_factory=dict)


class Teller:
    """Tells a person line by line, and keeps the story for ``--json``."""

    def __init__(self, output: Output) -> None:
        self.output = output
        self.story: list[Told] = []

    @contextmanager
    def step(self, indonesian: str, english: str) -> Iterator[Told]:
        """One step; its time is told when it is over."""
        told = Told(self.output.say(indonesian, english))
        self.story.append(told)
        self._print(Text(f"\n{len(self.story):2} ", style="bold cyan").append(told.title, style="bold"))
        begun = clock.monotonic()
        yield told
        told.seconds = clock.monotonic() - begun
        self._print(Text(f"   {told.seconds * 1000:,.0f} ms", style="dim"))

    def fact(self, told: Told, name: str, value: object, indonesian: str, english: str, *, style: str = "") -> None:
        """One thing that came of a step."""
        told.facts[name] = value
        self._print(Text("   ").append(self.output.say(indonesian, english), style=style))

    def good(self, told: Told, name: str, value: object, indonesian: str, english: str) -> None:
        """What a person hopes to see."""
        self.fact(told, name, value, f"✓ {indonesian}", f"✓ {english}", style="bold green")

    def refused(self, told: Told, name: str, value: object, indonesian: str, english: str) -> None:
        """A refusal: right, and in words."""
        self.fact(told, name, value, f"✗ {indonesian}", f"✗ {english}", style="bold yellow")

    def step_list(self) -> StepList:
        """The scripts of one dialogue, ticked one by one."""
        return StepList(self.output, self.output.console)

    def _print(self, line: Text) -> None:
        if not self.output.as_json:
            self.output.console.print(line)

    def document(self) -> list[dict[str, object]]:
        """The story as JSON."""
        return [{"step": told.title, "seconds": round(told.seconds, 4), **told.facts} for told in self.story]
