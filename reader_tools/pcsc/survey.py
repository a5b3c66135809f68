# SPDX-License-Identifier: Apache-2.0
"""The list of readers, asked for in a process that can be killed: ``python -m reader_tools.pcsc.survey``.

A reader service that accepts and never answers would otherwise hang whoever asks.
"""

import json
import os
import subprocess
import sys

from cardservice.errors import KartuError
from reader_tools.errors import ReaderLibraryMissing, ReaderServiceDown
from reader_tools.pcsc.driver import PROJECT
from reader_tools.pcsc.readers import CardPresence, Reader, list_readers
from reader_tools.pcsc.return_code import error_for

SURVEY_SECONDS = 10.0


def survey(seconds: float = SURVEY_SECONDS) -> list[Reader]:
    """All readers as they are now. Raises ReaderLibraryMissing, ReaderServiceDown (also if it does not answer), ReaderAccessDenied."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "reader_tools.pcsc.survey"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            env=os.environ | {"PYTHONPATH": PROJECT},
        )
    except subprocess.TimeoutExpired:
        raise ReaderServiceDown(pcsc=f"no answer in {seconds:g} s") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        # libpcsclite of another make may take the process down with it: that is a library that does not work.
        raise ReaderLibraryMissing(library=f"libpcsclite (exit status {done.returncode})") from None
    if "library" in answer:
        raise ReaderLibraryMissing(library=answer["library"])
    if "pcsc" in answer:
        raise error_for(int(answer["pcsc"], 16))
    return [Reader(row["name"], CardPresence(row["card"]), bytes.fromhex(row["atr"])) for row in answer["readers"]]


def _answer() -> dict[str, object]:
    try:
        readers = list_readers()
    except KartuError as error:
        return {name: str(value) for name, value in error.evidence.items()}
    return {"readers": [{"name": row.name, "card": row.card.value, "atr": row.atr.hex()} for row in readers]}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_answer()))
