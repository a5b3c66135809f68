# SPDX-License-Identifier: Apache-2.0
"""What README.md tells a reader to type, and where it points."""

import re
from dataclasses import dataclass

from tests.house.checkout import ROOT

README = ROOT / "README.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced ``sh`` block: the commands of one sitting, in order."""

    commands: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.commands)


def blocks(markdown: str) -> list[Block]:
    """Every ``sh`` block, without blank lines and comments."""
    found = ([line.strip() for line in block.splitlines()] for block in BLOCK.findall(markdown))
    return [Block(tuple(line for line in lines if line and not line.startswith("#"))) for lines in found]


def links(markdown: str) -> list[str]:
    """Where a page points within the checkout, without the fragment."""
    return [link.partition("#")[0] for link in LINK.findall(markdown) if "://" not in link and not link.startswith("#")]
