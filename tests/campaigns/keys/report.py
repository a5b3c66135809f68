# SPDX-License-Identifier: Apache-2.0
"""What a campaign saw, for a person to read."""

from dataclasses import dataclass, field

from bench.figure import Figure
from tests.campaigns.keys.load import Seen


@dataclass
class Report:
    """Lines under a title, and at the end what went wrong; nothing there means that all went well."""

    title: str
    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def said(self, name: str, value: object) -> None:
        """One fact."""
        self.lines.append(f"  {name:<52} {value}")

    def figure(self, figure: Figure) -> None:
        """A measured value; a missed goal is shown and is no fault of the campaign's own."""
        met = {True: "met", False: "MISSED", None: "no goal"}[figure.met]
        self.said(figure.name, f"{figure.value:.2f} {figure.unit} ({figure.goal or '-'}: {met})")

    def load(self, seen: Seen) -> None:
        """What callers met."""
        self.said("answers", f"{seen.answers:,}")
        for code, times in sorted(seen.refusals.items()):
            self.said(f"refusals {code}", f"{times:,}")
        done = seen.done
        self.said("acknowledged revocations", f"{len(done.revoked):,}")
        self.said("acknowledged openings", f"{len(done.opened):,} of {len(done.tried):,} tried")
        self.said("acknowledged grants of two officers", f"{len(done.grants):,}")

    def __str__(self) -> str:
        ends = [f"  WRONG: {each}" for each in self.wrong] or ["  nothing lost, nothing doubled, nothing wrong"]
        return "\n".join([self.title, *self.lines, *ends, ""])
