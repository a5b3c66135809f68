# SPDX-License-Identifier: Apache-2.0
"""AwaitedSigner of ``cardservice/keys.py``, spoken as typed requests: for tasks of an event loop, which may not block."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from cardservice.keys import Purpose, VerifyingKey
from hsm.client.faces import VERIFYING_KEY_LIFE
from hsm.errors import RequestRefused
from hsm.wire.document_requests import SIGNING_REQUESTS
from hsm.wire.requests import ListVerifyingKeys, Request

# Asks requests in one trip; the answers come in order, and the first refusal among them is raised.
AskSoon = Callable[[Sequence[Request]], Awaitable[list[Any]]]


class AskedSoonSigner:
    """One purpose's current key. Knows its public half for a while, and looks again after any refusal, as ``AskedSigner`` does."""

    def __init__(self, ask: AskSoon, purpose: Purpose, monotonic: Callable[[], float]) -> None:
        self._ask = ask
        self._kind = SIGNING_REQUESTS[purpose]
        self._monotonic = monotonic
        self._known: tuple[VerifyingKey, float] | None = None

    async def verifying_key(self) -> VerifyingKey:
        """The public half of the key that signs now."""
        known = self._known
        if known and self._monotonic() - known[1] < VERIFYING_KEY_LIFE:
            return known[0]
        ((current, *_),) = await self._ask([ListVerifyingKeys(self._kind.purpose)])
        key = VerifyingKey(*current)
        self._known = (key, self._monotonic())
        return key

    async def sign(self, document: bytes) -> bytes:
        """ES256 over the document; raw r|s, 64 bytes."""
        try:
            signature: bytes = (await self._ask([self._kind(document)]))[0]
        except RequestRefused:
            # The key may have changed under us; whoever builds the document again sees the new one.
            self._known = None
            raise
        return signature
