# SPDX-License-Identifier: Apache-2.0
"""Parts that an installation may lack: tokens need python-pkcs11 (the extra ``hsm``), which is loaded when a URI asks for a token, not before."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from hsm.errors import BackEndAbsent
from hsm.keys.key_custody import KeyCustody
from hsm.keys.key_store import KeyStore
from hsm.keys.key_uri import TokenUri
from hsm.keys.randomness import Randomness


class TokenBackEnd(Protocol):
    """What opens tokens: ``hsm/pkcs11/opening.py``."""

    def open_token_store(self, uri: TokenUri, *, randomness: Randomness, monotonic: Callable[[], float]) -> KeyStore:
        """The token's keys at work."""
        ...

    def open_token_custody(
        self, uri: TokenUri, *, randomness: Randomness, monotonic: Callable[[], float]
    ) -> AbstractContextManager[KeyCustody]:
        """The token's keys open for change."""
        ...


def token_back_end() -> TokenBackEnd:
    """The opener of tokens. Raises BackEndAbsent."""
    try:
        from hsm.pkcs11 import opening  # noqa: PLC0415 - an optional part, see above
    except ModuleNotFoundError as lacking:
        raise BackEndAbsent(part=lacking.name) from None
    return opening
