# SPDX-License-Identifier: Apache-2.0
"""The mark that a ceremony leaves beside its keys until it has come to its end: keys that were not checked to the end serve nobody.

It is a record of key custody, so the back end vouches for it, and it goes where the keys go; the custody journal, which tells the step, may
lie on another machine.
"""

from collections.abc import Mapping

from hsm.errors import CeremonyUnfinished
from hsm.keys.key_custody import KeyCustody

MARK = "ceremony/unfinished"


def mark(custody: KeyCustody, ceremony: str) -> None:
    """Set before the first key is made; ``ceremony`` is its name."""
    custody.keep_record(MARK, ceremony.encode())


def unmark(custody: KeyCustody) -> None:
    """Taken away once every check was passed."""
    custody.drop_record(MARK)


def refuse_marked(records: Mapping[str, bytes]) -> None:
    """Raise CeremonyUnfinished where the mark is there."""
    if MARK in records:
        raise CeremonyUnfinished(step="?")
