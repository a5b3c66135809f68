# SPDX-License-Identifier: Apache-2.0
"""A session with the one token that a URI names: opened, logged in, and opened again after a loss."""

from contextlib import suppress
from typing import Any

import pkcs11
from pkcs11.exceptions import (
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
    UserPinNotInitialized,
)

from hsm.errors import PassphraseUnusable, TokenLoginRefused, TokenLost, TokenNotFound, TokenUnfit
from hsm.keys.key_uri import TokenUri
from hsm.keys.pin_source import secret_of
from hsm.pkcs11.fitness import refuse_unfit
from hsm.pkcs11.module import TokenModule, module_at, name_of

_REFUSED_PINS = (PinIncorrect, PinInvalid, PinLenRange, PinLocked, UserPinNotInitialized)


class TokenSession:
    """One session, logged in as the token's user. ``writable`` for custody; work needs a read-only one."""

    def __init__(self, uri: TokenUri, *, writable: bool = False) -> None:
        self.uri = uri
        self.module: TokenModule = module_at(uri.module_path)
        self._writable = writable
        self._login_refused = False
        self.current: pkcs11.Session
        self.generation = self._tried = -1
        self._open()

    @property
    def name(self) -> str:
        """The token as errors name it."""
        return self.uri.token_name

    def reopen(self) -> None:
        """Find the token again and log in. Raises TokenLost; a PIN that was refused once is never tried again, for tries are counted."""
        if self._login_refused:
            raise TokenLost(token=self.name, rule="the PIN was refused; not tried again")
        try:
            if self._tried == self.module.generation or not self.module.is_up:
                self.module.restart()
            self._open()
        except PKCS11Error as error:
            raise TokenLost(token=self.name, rule=name_of(error)) from None
        except (TokenNotFound, TokenUnfit, TokenLoginRefused, PassphraseUnusable) as error:
            raise TokenLost(token=self.name, rule=str(error.evidence["rule"])) from None

    def close(self) -> None:
        """Log out and close; a token that is gone needs neither."""
        with suppress(PKCS11Error):
            self.current.close()

    def _open(self) -> None:
        """Raises TokenNotFound, TokenUnfit, TokenLoginRefused or PKCS11Error."""
        self.module.refuse_other_thread()
        self._tried = self.module.generation  # its list of slots is as old as this
        self.token = self._find()
        with secret_of(self.uri.pin_source) as pin:
            try:
                self.current = self.token.open(rw=self._writable, user_pin=_WipedPin(pin))
            except UserAlreadyLoggedIn:  # another session of this process did
                self.current = self.token.open(rw=self._writable)
            except _REFUSED_PINS as error:
                self._login_refused = True
                raise TokenLoginRefused(token=self.name, rule=name_of(error)) from None
        self.generation = self.module.generation

    def _find(self) -> pkcs11.Token:
        found = [token for token in self.module.tokens() if self._is_meant(token)]
        if len(found) != 1:
            raise TokenNotFound(token=self.name, rule=f"{len(found)} tokens of that name")
        refuse_unfit(found[0])
        return found[0]

    def _is_meant(self, token: pkcs11.Token) -> bool:
        own = {
            "token": token.label,
            "serial": token.serial.decode(errors="replace").strip(),
            "manufacturer": token.manufacturer_id,
            "model": token.model,
        }
        return all(own[name] == value for name, value in self.uri.attributes.items())


class _WipedPin:
    """What the library takes for a text. It asks for the encoded form once, and hands the bytes of the bytearray itself to C_Login: no copy stays."""

    def __init__(self, pin: bytearray) -> None:
        self._pin = pin

    def encode(self, _: str) -> Any:
        return self._pin
