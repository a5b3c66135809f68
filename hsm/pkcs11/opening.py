# SPDX-License-Identifier: Apache-2.0
"""Opening one token: for work, or for an administrator who is alone."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from pkcs11.exceptions import PKCS11Error

from hsm.errors import TokenLost
from hsm.keys.key_uri import TokenUri
from hsm.keys.randomness import Randomness
from hsm.machine.protected_file import locked
from hsm.pkcs11.module import name_of
from hsm.pkcs11.session import TokenSession
from hsm.pkcs11.token_custody import TokenCustody
from hsm.pkcs11.token_store import TokenStore
from hsm.pkcs11.trials import FOR_CUSTODY, FOR_WORK, refuse_incapable


def open_token_store(uri: TokenUri, *, randomness: Randomness, monotonic: Callable[[], float]) -> TokenStore:
    """The token's keys at work, audited and recognised, and the token tried. Raises TokenUnusable, PassphraseUnusable or TokenLost."""
    try:
        session = TokenSession(uri)
        refuse_incapable(session.current, session.name, FOR_WORK)
        return TokenStore(session, randomness=randomness, monotonic=monotonic)
    except PKCS11Error as error:
        raise TokenLost(token=uri.token_name, rule=name_of(error)) from None


@contextmanager
def open_token_custody(
    uri: TokenUri, *, randomness: Randomness, monotonic: Callable[[], float]
) -> Iterator[TokenCustody]:
    """The token's keys open for change. Raises as ``open_token_store``, and CustodyBusy: the lock lies beside the file of the PIN.

    A PIN from a descriptor leaves no place for a lock; then it is the ceremony that sees to it that one administrator works at a time.
    """
    with ExitStack() as stack:
        try:
            session = TokenSession(uri, writable=True)
        except PKCS11Error as error:
            raise TokenLost(token=uri.token_name, rule=name_of(error)) from None
        stack.callback(session.close)
        refuse_incapable(session.current, session.name, FOR_CUSTODY)
        if uri.pin_source.path is not None:
            # By the token's own number: however its URI is written, and whatever other token shares the file.
            number = hashlib.sha256(session.token.serial).hexdigest()[:16]
            stack.enter_context(locked(uri.pin_source.path.with_name(f"{uri.pin_source.path.name}.{number}")))
        yield TokenCustody(session, randomness=randomness, monotonic=monotonic)
