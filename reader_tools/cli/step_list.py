# SPDX-License-Identifier: Apache-2.0
"""The live list of what a card is being told: each round trip with its commands and bytes, ticked when the card has answered."""

import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text

from cardservice.card_edge.script import Script
from cardservice.clock import monotonic
from reader_tools.cli.output import Output

# The dialogues speak English; these are their titles as a person at an Indonesian counter reads them.
INDONESIAN = {
    "look at the chip": "lihat cip kartu",
    "ask for the issuer's keys": "tanya kunci penerbit",
    "see what is on the card": "lihat isi kartu",
    "see what else is on the card": "lihat sisa isi kartu",
    "see which sectors have keys": "lihat sektor mana yang berkunci",
    "learn the sectors' sequence counters": "baca penghitung tiap sektor",
    "keys and applications": "kunci dan aplikasi",
    "write, read back, prove, secure": "tulis, baca ulang, buktikan, amankan",
    "read back one by one": "baca ulang satu per satu",
    "see the cover proofs": "lihat bukti kepesertaan",
    "write cover proofs, read back": "tulis bukti kepesertaan, baca ulang",
    "prove presence": "buktikan kartu ada di sini",
    "prove the card's key": "buktikan kunci kartu",
    "read the card": "baca kartu",
}
WIDEST = max(map(len, (*INDONESIAN, *INDONESIAN.values())))


@dataclass(frozen=True, slots=True)
class Answered:
    """One script that was sent, and how it ended."""

    script: Script
    seconds: float
    done: bool

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "title": self.script.title,
            "apdus": self.script.apdus,
            "bytes": self.script.bytes_sent,
            "ms": round(self.seconds * 1000, 1),
            "done": self.done,
        }


class StepList:
    """``sending`` each script before it goes out, ``done`` after the last answer: as ``on_script`` of dialogue.run, or as a ``with`` block.

    A person sees it on standard error, or on ``console``; with ``--json`` nobody does, and ``documents`` goes into the result.
    """

    def __init__(self, output: Output, console: Console | None = None) -> None:
        self._output = output
        self._console = console or Console(file=sys.stderr, highlight=False)
        self._open: tuple[Script, float] | None = None
        self.answered: list[Answered] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.done()
        else:
            self.failed()

    def sending(self, script: Script) -> None:
        """Tick the script before, show this one."""
        self._close(done=True)
        self._open = script, monotonic()
        if self._console.is_terminal:
            self._print(self._line(script, ".", "dim"), end="\r")

    def done(self) -> None:
        """The last script was answered: tick it, and say what all of them took."""
        self._close(done=True)
        if self.answered:
            self._print(Text(f"    {self._total()}", style="dim"))

    def failed(self) -> None:
        """The script under way did not come to its end."""
        self._close(done=False)

    @property
    def seconds(self) -> float:
        """All scripts together, with what was computed between them."""
        return sum(answered.seconds for answered in self.answered)

    @property
    def documents(self) -> list[dict[str, object]]:
        """Every script as JSON."""
        return [answered.document() for answered in self.answered]

    def _close(self, *, done: bool) -> None:
        if self._open is None:
            return
        (script, begun), self._open = self._open, None
        answered = Answered(script, monotonic() - begun, done)
        self.answered.append(answered)
        sign, style = self._sign(done=done)
        self._print(self._line(script, sign, style).append(f" {answered.seconds * 1000:8.1f} ms"))

    def _sign(self, *, done: bool) -> tuple[str, str]:
        ascii_only = self._console.options.ascii_only
        if done:
            return "ok" if ascii_only else "✓", "green"
        return "x" if ascii_only else "✗", "bold red"

    def _line(self, script: Script, sign: str, style: str) -> Text:
        number = len(self.answered) + (self._open is not None)
        title = self._output.say(INDONESIAN.get(script.title, script.title), script.title)
        line = Text("  ").append(f"{sign:2}", style=style)
        return line.append(f" {number} {title:{WIDEST}} {script.apdus:4} APDU {script.bytes_sent:6} B")

    def _total(self) -> str:
        scripts = [answered.script for answered in self.answered]
        apdus, octets = sum(script.apdus for script in scripts), sum(script.bytes_sent for script in scripts)
        trips = self._output.say("kali bolak-balik", "round trips" if len(scripts) > 1 else "round trip")
        return f"{len(scripts)} {trips}, {apdus} APDU, {octets} B, {self.seconds * 1000:.0f} ms"

    def _print(self, line: Text, *, end: str = "\n") -> None:
        if not self._output.as_json:
            self._console.print(line, end=end, soft_wrap=True)
