# SPDX-License-Identifier: Apache-2.0
"""A far end in the test's own event loop: it holds every frame until the test says how its trip ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cbor2

from hsm.errors import MalformedFrame
from hsm.wire.protocol import answer_to_wire, frame
from tests.hsm.running import short_folder


@dataclass(eq=False)
class HeldFrame:
    """One trip under way: what was asked, and the line on which the answer goes."""

    requests: list[Any]
    line: asyncio.StreamWriter
    is_over: bool = False

    @property
    def names(self) -> list[str]:
        """What was asked, by name."""
        return [name for name, *_ in self.requests]

    def ends(self, outcome: str) -> None:
        """Let it come home with each request as its own answer, or be lost, or refused as a whole; or with bytes of the test's own."""
        self.is_over = True
        match outcome:
            case "answers":
                self.line.write(frame([[0, request] for request in self.requests]))
            case "refused whole":
                self.line.write(frame([answer_to_wire(MalformedFrame(rule="as the test wants"))]))
            case "lost":
                self.line.transport.abort()
            case _:
                raise AssertionError(outcome)


class HeldFarEnd:
    """Frames in the order in which they came."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames: list[HeldFrame] = []
        self.lines: list[asyncio.StreamWriter] = []

    @property
    def under_way(self) -> list[HeldFrame]:
        return [each for each in self.frames if not each.is_over]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the loop turn until it is so. No figure: a machine may be slow."""
        async with asyncio.timeout(30):
            while not holds():  # noqa: ASYNC110 - what is waited for is the product's doing
                await asyncio.sleep(0.001)

    async def until_frames(self, count: int) -> None:
        await self.until(lambda: len(self.frames) >= count)

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(writer)
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(4))
                self.frames.append(HeldFrame(cbor2.loads(await reader.readexactly(length)), writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            for each in self.frames:
                each.is_over = each.is_over or each.line is writer
        finally:
            writer.close()


@asynccontextmanager
async def held_far_end() -> AsyncIterator[HeldFarEnd]:
    """It listens until the test is over."""
    with short_folder() as folder:
        far_end = HeldFarEnd(folder / "s")
        server = await asyncio.start_unix_server(far_end.hear, far_end.path)
        try:
            yield far_end
        finally:
            server.close()
            for line in far_end.lines:
                line.transport.abort()
            await asyncio.sleep(0)
