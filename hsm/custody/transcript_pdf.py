# SPDX-License-Identifier: Apache-2.0
"""The transcript as PDF to be signed on paper: A4, a few steps to a page, page x of y, initials on each, signatures on the last."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from textwrap import wrap

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from hsm.custody.transcript import DECLARATION, SIGNATURE, Transcript, TranscriptStep, moment

STEPS_ON_A_PAGE = 4
_WIDTH, _HEIGHT = A4
_LEFT, _TOP, _BOTTOM = 50.0, _HEIGHT - 60.0, 70.0  # points
_ROMAN, _BOLD, _FIXED = "Helvetica", "Helvetica-Bold", "Courier"  # among the 14 that every reader of PDF has
_FIXED_COLUMNS, _ROMAN_COLUMNS = 94, 98
_SIGNATURE_HEIGHT = 42.0
_INITIALS = ("Paraf", "Initials")


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    font: str = _ROMAN
    size: float = 9.0

    @property
    def height(self) -> float:
        return self.size * 1.35


def transcript_pdf(transcript: Transcript) -> bytes:
    """The document's bytes; the same transcript gives the same bytes."""
    pages = list(_pages(transcript))
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=True)
    canvas.setTitle(transcript.title[0])
    canvas.setAuthor("kartu")
    for number, page in enumerate(pages, 1):
        _draw(canvas, page)
        _foot(canvas, number, len(pages))
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _pages(transcript: Transcript) -> Iterator[list[_Line]]:
    """Lines, cut into pages: a new one after some steps, or when one is full."""
    first = [_Line(transcript.title[0], _BOLD, 14.0), _Line(transcript.title[1], _ROMAN, 11.0), _Line("")]
    for words, value in transcript.about:
        first += _wrapped(f"{words[0]} / {words[1]}: {value}", _ROMAN, _ROMAN_COLUMNS)
    yield from _fitted(first)
    for begin in range(0, len(transcript.steps), STEPS_ON_A_PAGE):
        steps = transcript.steps[begin : begin + STEPS_ON_A_PAGE]
        yield from _fitted([line for step in steps for line in _step(step)])
    last = [_Line(text) for text in DECLARATION]
    for role, name in transcript.signers:
        last += [
            _Line(""),
            *_wrapped(f"{role[0]} / {role[1]}: {name}", _BOLD, _ROMAN_COLUMNS),
            _Line("", size=_SIGNATURE_HEIGHT / 1.35),
            _Line(f"{SIGNATURE[0]} / {SIGNATURE[1]}: " + "_" * 40),
        ]
    yield from _fitted(last)


def _step(step: TranscriptStep) -> Iterator[_Line]:
    yield from _wrapped(f"{step.number}. {step.words[0]}", _BOLD, _ROMAN_COLUMNS)
    yield from _wrapped(step.words[1], _ROMAN, _ROMAN_COLUMNS)
    yield _Line(f"{moment(step.began)} - {moment(step.ended) if step.ended else '?'}", _FIXED, 8.0)
    for fact in step.facts:
        yield from _wrapped(fact, _FIXED, _FIXED_COLUMNS, 8.0)
    yield _Line("")


def _wrapped(text: str, font: str, columns: int, size: float = 9.0) -> list[_Line]:
    return [_Line(part, font, size) for part in wrap(text, columns, subsequent_indent="    ")] or [_Line("")]


def _fitted(lines: list[_Line]) -> Iterator[list[_Line]]:
    page: list[_Line] = []
    room = _TOP - _BOTTOM
    for line in lines:
        if page and room < line.height:
            yield page
            page, room = [], _TOP - _BOTTOM
        page.append(line)
        room -= line.height
    yield page


def _draw(canvas: Canvas, page: list[_Line]) -> None:
    place = _TOP
    for line in page:
        place -= line.height
        canvas.setFont(line.font, line.size)
        canvas.drawString(_LEFT, place, line.text)


def _foot(canvas: Canvas, number: int, of: int) -> None:
    canvas.setFont(_ROMAN, 8.0)
    canvas.line(_LEFT, _BOTTOM - 12, _WIDTH - _LEFT, _BOTTOM - 12)
    canvas.drawString(_LEFT, _BOTTOM - 28, f"{_INITIALS[0]} / {_INITIALS[1]}: " + "_" * 30)
    canvas.drawRightString(_WIDTH - _LEFT, _BOTTOM - 28, f"Halaman {number} dari {of} / Page {number} of {of}")
