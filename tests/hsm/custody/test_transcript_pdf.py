# SPDX-License-Identifier: Apache-2.0
"""The transcript on paper: looked at as whoever signs it would, for a small plan and for one with too long names of everything."""

import base64
import re
import zlib
from datetime import timedelta

import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import stringWidth

from hsm.custody import transcript_pdf as pdf_module
from hsm.custody.transcript import CEREMONY, CUSTODIAN, LEADER, WITNESS, Transcript, TranscriptStep
from hsm.custody.transcript_pdf import transcript_pdf
from tests.hsm.documents import NOW

FONTS = {"F1": "Helvetica", "F2": "Helvetica-Bold", "F3": "Courier"}
SIGN_HERE = "Tanda tangan dan tanggal"


def transcript(steps: int, facts: int, signers: int, width: int) -> Transcript:
    """Names, URIs and lines of that many characters; the widest letter there is, and no place to break."""
    wide = "W" * width
    made = Transcript(
        [(("Skema", "Scheme"), wide), (CEREMONY, "00112233")],
        [
            (LEADER, "_" * 30),
            *((CUSTODIAN, f"{number} {wide[:60]}") for number in range(signers)),
            (WITNESS, wide[:60]),
        ],
    )
    for number in range(1, steps + 1):
        step = TranscriptStep(number, ("Langkah " + wide, "Step " + wide), NOW, NOW + timedelta(seconds=1))
        step.note(*(f"  {fact} ({wide}, {wide}): 14" for fact in range(facts)))
        made.steps.append(step)
    return made


def pages_of(pdf: bytes) -> list[list[tuple[str, float, str, float]]]:
    """The lines of each page: text, font size, font, and where the line begins."""
    streams = re.findall(rb"/ASCII85Decode /FlateDecode \] /Length \d+\n>>\nstream\n(.*?)endstream", pdf, re.DOTALL)
    pages = []
    for stream in streams:
        content = zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True)).decode("latin-1")
        lines, font, size = [], "", 0.0
        for new_font, new_size, x, text in re.findall(
            r"/(F\d) ([\d.]+) Tf|BT 1 0 0 1 ([\d.]+) [\d.]+ Tm \((.*?)\) Tj", content
        ):
            if new_font:
                font, size = new_font, float(new_size)
            else:
                lines.append((text.replace("\\", ""), size, font, float(x)))
        pages.append(lines)
    return pages


def seen(page: list[tuple[str, float, str, float]]) -> list[str]:
    return [text for text, *_ in page]


PLANS = {
    "one step": (1, 1, 1, 10),
    "two pages": (5, 4, 5, 12),
    "very long": (10, 12, 30, 200),
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_what_whoever_signs_it_sees(plan: tuple[int, int, int, int]) -> None:
    made = transcript(*plan)
    pages = pages_of(transcript_pdf(made))
    for number, page in enumerate(pages, 1):
        text = " ".join(seen(page))
        assert f"Page {number} of {len(pages)}" in text
        assert "Paraf / Initials" in text
        assert "00112233" in text  # a loose sheet tells where it belongs
        # Whose name stands here signs here.
        assert sum(line.startswith(("Pemimpin", "Pemegang", "Saksi")) for line in seen(page)) == text.count(SIGN_HERE)
        # Nothing runs off the paper.
        for line, size, font, x in page:
            assert x + stringWidth(line, FONTS[font], size) <= A4[0] - 49
    assert sum(" ".join(seen(page)).count(SIGN_HERE) for page in pages) == len(made.signers)
    heads = [line for page in pages for line in seen(page) if re.match(r"\d+\. Langkah", line)]
    assert len(heads) == len(made.steps)
    assert len(pages) == 2 if plan[0] == 1 else len(pages) > 2


def test_no_heading_stands_alone_at_the_foot_of_a_page() -> None:
    for facts in range(20, 45):
        for page in pages_of(transcript_pdf(transcript(3, facts, 2, 10))):
            body = [line for line in seen(page) if "Page" not in line and "Paraf" not in line]
            assert not re.match(r"\d+\. |Step ", body[-1])


def test_sabotage_lines_that_are_not_broken_run_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_module, "_RIGHT", 10_000.0)
    with pytest.raises(AssertionError):
        test_what_whoever_signs_it_sees(PLANS["very long"])
