# SPDX-License-Identifier: Apache-2.0
"""The transcript as PDF to be signed on paper: A4, a few steps to a page, every page named and numbered, initials on each, signatures on the last.

Nothing runs off the paper, however long a name or URI; a heading stays with what it heads, and a name with its line for the signature.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from hsm.custody.transcript import DECLARATION, SIGNATURE, Transcript, TranscriptStep, Words, moment

STEPS_ON_A_PAGE = 4
_WIDTH, _HEIGHT = A4
_LEFT, _RIGHT, _TOP, _BOTTOM = 50.0, _WIDTH - 50.0, _HEIGHT - 70.0, 70.0  # points
_ROMAN, _BOLD, _FIXED = "Helvetica", "Helvetica-Bold", "Courier"  # among the 14 that every reader of PDF has
_HANGING = 16.0  # a line that goes on is set in
_HEADED = 3  # lines that stay with their heading
_ABOVE_SIGNATURE, _BELOW_SIGNATURE = 26.0, 14.0
_INITIALS = ("Paraf", "Initials")
_CONTINUED = ("lanjutan langkah", "continued from step")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    font: str = _ROMAN
    size: float = 9.0
    indent: float = 0.0

    @property
    def height(self) -> float:
        return self.size * 1.35


_Block = list[_Line]  # never divided between pages


def transcript_pdf(transcript: Transcript) -> bytes:
    """The document's bytes; the same transcript gives the same bytes."""
    pages = [*_pages_of_steps(transcript), *_filled(_signatures(transcript))]
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=True)
    canvas.setTitle(transcript.title[0])
    canvas.setAuthor("kartu")
    for number, page in enumerate(pages, 1):
        if number > 1:
            _head(canvas, transcript)
        _draw(canvas, page)
        _foot(canvas, number, len(pages))
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _pages_of_steps(transcript: Transcript) -> Iterator[_Block]:
    """What the transcript is about, then its steps."""
    page: _Block = [_Line(transcript.title[0], _BOLD, 14.0), _Line(transcript.title[1], _ROMAN, 11.0), _Line("")]
    for words, value in transcript.about:
        page += _wrapped(f"{words[0]} / {words[1]}: {value}")
    page.append(_Line(""))
    steps_here = 0
    for step in transcript.steps:
        first, *rest = _blocks(step)
        if steps_here == STEPS_ON_A_PAGE or not _fits(page, first):
            yield page
            page, steps_here = [], 0
        page += first
        steps_here += 1
        for block in rest:
            if not _fits(page, block):
                yield page
                page, steps_here = [_Line(_both(_CONTINUED, f" {step.number}")), _Line("")], 0
            page += block
    yield page


def _blocks(step: TranscriptStep) -> list[_Block]:
    """The heading with the first lines under it, then line by line."""
    head = [
        *_wrapped(f"{step.number}. {step.words[0]}", _BOLD),
        *_wrapped(step.words[1]),
        _Line(f"{moment(step.began)} - {moment(step.ended) if step.ended else '?'}", _FIXED, 8.0),
    ]
    facts = [line for fact in step.facts for line in _wrapped(fact, _FIXED, 8.0)]
    return [head + facts[:_HEADED], *([line] for line in facts[_HEADED:]), [_Line("")]]


def _signatures(transcript: Transcript) -> Iterator[_Block]:
    yield [*(_Line(text) for text in DECLARATION), _Line("", size=_BELOW_SIGNATURE)]
    for role, name in transcript.signers:
        yield [
            *_wrapped(f"{_both(role)}: {name}", _BOLD),
            _Line("", size=_ABOVE_SIGNATURE),
            _Line(f"{_both(SIGNATURE)}: " + "_" * 40),
            _Line("", size=_BELOW_SIGNATURE),
        ]


def _filled(blocks: Iterator[_Block]) -> Iterator[_Block]:
    page: _Block = []
    for block in blocks:
        if page and not _fits(page, block):
            yield page
            page = []
        page += block
    yield page


def _fits(page: Sequence[_Line], block: Sequence[_Line]) -> bool:
    return sum(line.height for line in [*page, *block]) <= _TOP - _BOTTOM


def _wrapped(text: str, font: str = _ROMAN, size: float = 9.0) -> list[_Line]:
    """Lines that fit the paper, broken between words, and within one only where it alone is too long."""
    bare = text.lstrip(" ")
    indent = stringWidth(" " * (len(text) - len(bare)), font, size)
    lines: list[_Line] = []
    line = ""
    for word in bare.split(" "):
        joined = f"{line} {word}" if line else word
        if indent + stringWidth(joined, font, size) <= _RIGHT - _LEFT:
            line = joined
            continue
        if line:
            lines.append(_Line(line, font, size, indent))
            indent += _HANGING if len(lines) == 1 else 0.0
        line = word
        while indent + stringWidth(line, font, size) > _RIGHT - _LEFT:
            cut = _longest(line, font, size, _RIGHT - _LEFT - indent)
            lines.append(_Line(line[:cut], font, size, indent))
            line = line[cut:]
            indent += _HANGING if len(lines) == 1 else 0.0
    return [*lines, _Line(line, font, size, indent)]


def _longest(word: str, font: str, size: float, room: float) -> int:
    return max(
        1, next(cut for cut in range(len(word), 0, -1) if cut == 1 or stringWidth(word[:cut], font, size) <= room)
    )


def _both(words: Words, more: str = "") -> str:
    return f"{words[0]}{more} / {words[1]}{more}"


def _draw(canvas: Canvas, page: Sequence[_Line]) -> None:
    place = _TOP
    for line in page:
        place -= line.height
        canvas.setFont(line.font, line.size)
        canvas.drawString(_LEFT + line.indent, place, line.text)


def _head(canvas: Canvas, transcript: Transcript) -> None:
    """Which transcript a loose sheet belongs to."""
    words, name = transcript.named
    canvas.setFont(_ROMAN, 8.0)
    canvas.drawString(_LEFT, _HEIGHT - 45, transcript.title[0])
    canvas.drawRightString(_RIGHT, _HEIGHT - 45, f"{_both(words)}: {name}")
    canvas.line(_LEFT, _HEIGHT - 52, _RIGHT, _HEIGHT - 52)


def _foot(canvas: Canvas, number: int, of: int) -> None:
    canvas.setFont(_ROMAN, 8.0)
    canvas.line(_LEFT, _BOTTOM - 12, _RIGHT, _BOTTOM - 12)
    canvas.drawString(_LEFT, _BOTTOM - 28, f"{_both(_INITIALS)}: " + "_" * 30)
    canvas.drawRightString(_RIGHT, _BOTTOM - 28, f"Halaman {number} dari {of} / Page {number} of {of}")
