# SPDX-License-Identifier: Apache-2.0
"""Part of a list that officers have granted, as the program sees it that works through the list: what it is about, when, and opening it once.

Nothing is believed here: the key process looks at the grant itself. What does not fit is told before a grant is used up for nothing.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from hsm.client.faces import AskedSealer
from hsm.errors import GrantRefused
from hsm.limits.grants import MAX_LIFE, Deed, Grant, Statement, digest_of


class GrantedPortion:
    """``contexts`` in the order that was granted. It opens from ``opens_at`` until ``ends_at``, aware moments, once."""

    def __init__(self, sealer: AskedSealer, grant: Grant, statement: Statement, contexts: Sequence[str]) -> None:
        self.contexts = tuple(contexts)
        self.reason = statement.reason
        self.officers = tuple(sorted(name for name, _ in grant.signatures))
        self.ends_at = datetime.fromtimestamp(statement.not_after, UTC)
        self.opens_at = self.ends_at - timedelta(seconds=MAX_LIFE)
        self._sealer = sealer
        self._grant = grant

    def unseal(self, sealed: Sequence[bytes]) -> list[bytes]:
        """Open the values, in the order of ``contexts``. Raises GrantSpent, GrantRefused, RateExceeded, AnomalyRefused, UnsealRefused."""
        values = list(zip(self.contexts, sealed, strict=True))
        return self._sealer.unseal_many(values, reason=self.reason, grant=self._grant)


def granted_portions(sealer: AskedSealer, grants: Sequence[Grant], contexts: Sequence[str]) -> Iterator[GrantedPortion]:
    """The portions of a list, in order. Raises GrantRefused where the grants are about another list."""
    begin = 0
    for grant in grants:
        statement = Statement.decode(grant.statement)
        own = contexts[begin : begin + statement.count]
        begin += statement.count
        if statement.deed is not Deed.UNSEAL_MANY or statement.digest != digest_of(own):
            raise GrantRefused(rule="the grant is for exactly these, in this order")
        yield GrantedPortion(sealer, grant, statement, own)
    if begin != len(contexts):
        raise GrantRefused(rule="the grant is for exactly these, in this order")
