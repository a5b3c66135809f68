# SPDX-License-Identifier: Apache-2.0
"""The newest list of withdrawals that this desk has seen of one scheme, and whose signature it takes for the next (decision 0180).

One file per scheme: the list as it came, the audit keys that it names, and what earlier lists withdrew. It is the desk's memory: an older list is
refused, a key that no list named signs nothing, and with the line down this is what counts.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cardservice.credentials import ca_withdrawals, jwks
from cardservice.credentials.ca_withdrawals import CaWithdrawals
from cardservice.credentials.errors import KeyRefused, WithdrawalsRefused
from cardservice.credentials.strict_json import NotStrictJson, decode_object, encode_object
from cardservice.keys import VerifyingKey
from reader_tools.desk.errors import DeskMemoryDamaged, WithdrawalsNotSeen
from reader_tools.desk.kept_file import PRIVATE, keep
from reader_tools.errors import DataFolderUnusable

MAX_LENGTH = 4 * ca_withdrawals.MAX_LENGTH
KIND = "kartu-withdrawals-seen/1"


@dataclass(frozen=True, slots=True)
class Taken:
    """A list that was taken, with all that was withdrawn before. ``first``: nothing was remembered, so nobody can say whether it is an old one."""

    withdrawals: CaWithdrawals
    first: bool


@dataclass(frozen=True, slots=True)
class _Memory:
    withdrawals: CaWithdrawals
    keys: Sequence[VerifyingKey]


@dataclass(frozen=True, slots=True)
class WithdrawalsSeen:
    """The memory of one scheme, named by the ``iss`` of its tokens, in ``folder``."""

    folder: Path
    scheme: str

    @property
    def path(self) -> Path:
        """The file: of a name that any ``iss`` has."""
        return self.folder / f"withdrawals-{sha256(self.scheme.encode()).hexdigest()[:16]}.json"

    def take(
        self, document: bytes, offered: Sequence[VerifyingKey], *, now: datetime, anchor: str | None = None
    ) -> Taken:
        """Believe a list and remember it. ``offered`` are the audit keys that came with it.

        1 whose signature: keys that the list before named; the first time any that is offered; with ``anchor`` (SHA-256 of the point, hexadecimal) that one.
        2 signature, form, age. 3 not older than what was seen. 4 it is remembered, and only then used.
        Raises WithdrawalsRefused, WithdrawalsOlder, DeskMemoryDamaged, DataFolderUnusable.
        """
        with self._alone():
            memory = self._recalled(damaged_is_none=anchor is not None)
            trusted = _trusted(memory, offered, anchor)
            found = ca_withdrawals.read(document, audit_keys=trusted, now=now)
            if memory is not None:
                found = found.after(memory.withdrawals)
            named = {
                key.kid: key for key in (*trusted, *offered) if ca_withdrawals.fingerprint(key) in found.audit_keys
            }
            signer = {key.kid: key for key in trusted}  # so that the list can be read again
            keep(self.path, _encoded(self.scheme, document, found, list({**signer, **named}.values())))
        return Taken(found, memory is None)

    def recall(self) -> CaWithdrawals | None:
        """What was seen last, however old; None where nothing was. Raises DeskMemoryDamaged."""
        memory = self._recalled()
        return None if memory is None else memory.withdrawals

    def fresh(self, now: datetime) -> CaWithdrawals:
        """What was seen last, if it is of the last 35 days. Raises WithdrawalsNotSeen, WithdrawalsRefused, DeskMemoryDamaged."""
        found = self.recall()
        if found is None:
            raise WithdrawalsNotSeen(folder=str(self.folder))
        ca_withdrawals.require_fresh(found, now)
        return found

    def is_due(self, now: datetime, every: timedelta) -> bool:
        """Whether the last list was taken longer ago than that, or never."""
        try:
            taken_at = datetime.fromtimestamp(self.path.stat().st_mtime, UTC)
        except OSError:
            return True
        return not timedelta(0) <= now - taken_at < every

    def _recalled(self, *, damaged_is_none: bool = False) -> _Memory | None:
        try:
            with self.path.open("rb") as file:
                content = file.read(MAX_LENGTH + 1)
        except FileNotFoundError:
            return None
        except OSError as failed:
            raise DataFolderUnusable(path=str(self.path), rule=failed.strerror or "can't be read") from None
        try:
            return _decoded(content, self.scheme)
        except (NotStrictJson, KeyRefused, WithdrawalsRefused, KeyError, TypeError, ValueError, AttributeError):
            if damaged_is_none:
                return None
            raise DeskMemoryDamaged(file=str(self.path)) from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two commands at once must not overwrite the newer list with the older one."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
            lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as failed:
            raise DataFolderUnusable(path=str(self.folder), rule=failed.strerror or "can't be written") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _trusted(memory: _Memory | None, offered: Sequence[VerifyingKey], anchor: str | None) -> list[VerifyingKey]:
    if anchor is not None:
        return [key for key in offered if ca_withdrawals.fingerprint(key).hex() == anchor.lower()]
    if memory is None:
        return list(offered)
    named = memory.withdrawals.audit_keys
    return [key for key in (*memory.keys, *offered) if ca_withdrawals.fingerprint(key) in named]


def _encoded(scheme: str, document: bytes, found: CaWithdrawals, keys: Sequence[VerifyingKey]) -> bytes:
    return encode_object(
        {
            "kind": KIND,
            "scheme": scheme,
            "list": document.decode("ascii"),
            "audit_keys": dict(jwks.key_set(keys)),
            "withdrawn": ca_withdrawals.to_members(found),
        }
    )


def _decoded(content: bytes, scheme: str) -> _Memory:
    if len(content) > MAX_LENGTH:
        raise ValueError
    members: dict[str, Any] = decode_object(content)
    if (members["kind"], members["scheme"]) != (KIND, scheme):
        raise ValueError
    keys = jwks.decode(encode_object(members["audit_keys"]))
    found = ca_withdrawals.read_signed(members["list"].encode("ascii"), audit_keys=keys)
    return _Memory(ca_withdrawals.with_members(found, members["withdrawn"]), keys)
