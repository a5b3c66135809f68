# SPDX-License-Identifier: Apache-2.0
"""What ``kartu keys publish`` wrote, handed on as it is: the key process is not asked, and no key is here that could sign another."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from api.errors import NotPublished, PublicationUnreadable

MAX_LENGTH = 256 * 1024  # what a verifier reads at most


class PublishedFile(StrEnum):
    """The files that are served, by name; no other is ever opened."""

    CA_CERTIFICATES = "card-ca.pem"
    CA_WITHDRAWALS = "card-ca-withdrawn.json"
    AUDIT_KEYS = "audit-keys.json"


@dataclass(frozen=True, slots=True)
class PublishedFiles:
    """The folder, read at each request: it is replaced file by file while the service runs. None: this service publishes none."""

    folder: Path | None

    async def read(self, name: PublishedFile) -> bytes:
        """A file's octets. Raises NotPublished, PublicationUnreadable."""
        if self.folder is None:
            raise NotPublished(file=str(name))
        return await run_in_threadpool(_read, self.folder / name)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_LENGTH + 1)
    except FileNotFoundError:
        raise NotPublished(file=path.name) from None
    except OSError:
        raise PublicationUnreadable(file=path.name) from None
    if not 0 < len(content) <= MAX_LENGTH:
        raise PublicationUnreadable(file=path.name)
    return content
