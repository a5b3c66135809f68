# SPDX-License-Identifier: Apache-2.0
"""Every error of kartu begins here.

KartuError
|- card_edge/errors.py    what a card said, or failed to say
|- coverage/errors.py     a question about cover that can't be decided
|- credentials/errors.py  a token, proof or certificate that is refused
|- records/errors.py      a write that the constraints refuse
|- enrolment/errors.py    a member list or member that is refused
|- collection/errors.py   a payment that is refused, or a question about one
|- issuance/errors.py     an order or card that may not go on
|- verification/errors.py a challenge or presence proof that is refused
|- partnership/errors.py  a caller we do not know
|- audit/errors.py        a trail that does not hold
|- hsm/errors/            the key process, seen from its callers
|- api/errors.py          a request that is not well formed
`- reader_tools/errors.py reader, card and machine at the desk

Each class that a user can meet has a code. The words for a code, cause and remedy, in Indonesian and English, are data:
``cardservice/texts/*.toml``. A test asks that every code has them.
"""

from collections.abc import Mapping
from typing import ClassVar


class KartuError(Exception):
    """Something refused or failed, with a code that names it and the evidence that shows it.

    Evidence is for people and logs: numbers, names of fields, status words. Never a PIN, key, NIK or name.
    """

    code: ClassVar[str] = "kartu-error"

    def __init__(self, **evidence: object) -> None:
        super().__init__(self.code, evidence)
        self.evidence: Mapping[str, object] = evidence

    def __str__(self) -> str:
        """The code and the evidence, on one line."""
        facts = ", ".join(f"{name}={_shown(value)}" for name, value in self.evidence.items())
        return f"{self.code} ({facts})" if facts else self.code

    def __reduce__(self) -> tuple[object, tuple[type["KartuError"], dict[str, object]]]:
        """Errors cross process borders whole."""
        return (_revive, (type(self), dict(self.evidence)))


def _revive(kind: type[KartuError], evidence: dict[str, object]) -> KartuError:
    return kind(**evidence)


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex().upper()
    return str(value)
