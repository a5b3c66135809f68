# SPDX-License-Identifier: Apache-2.0
"""A loaded PKCS#11 module, once per process: initialised, restarted when its tokens went away, and used by one thread only.

python-pkcs11 initialises a module without asking it to lock (``C_Initialize(NULL)``), yet lets other Python threads run during its calls. Two threads
in SoftHSM end the interpreter, so a second thread is refused here before it reaches the module.
"""

import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import pkcs11
from pkcs11.exceptions import PKCS11Error, TokenNotPresent, TokenNotRecognised

from hsm.errors import ModuleUnusable, TokenFault

OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_modules: dict[Path, "TokenModule"] = {}


class TokenModule:
    """One shared library. ``generation`` grows with every restart: handles of an earlier one are worth nothing."""

    def __init__(self, path: Path) -> None:
        refuse_replaceable_module(path)
        self.path = path
        self.generation = 0
        self.is_up = False
        self._thread = threading.get_ident()
        try:
            self._library = pkcs11.lib(str(path))
        except PKCS11Error as error:
            raise ModuleUnusable(path=str(path), rule=name_of(error)) from None
        self.is_up = True

    def tokens(self) -> Iterator[pkcs11.Token]:
        """Every token that is there."""
        for slot in self._library.get_slots(token_present=True):
            with suppress(TokenNotPresent, TokenNotRecognised):
                yield slot.get_token()

    def restart(self) -> None:
        """Finalize and initialise again: modules list their slots once. Raises PKCS11Error if the module can't start now."""
        self.generation += 1
        self.is_up = False
        with suppress(PKCS11Error):  # it may be down from the last try
            self._library.finalize()
        self._library.initialize()
        self.is_up = True

    def refuse_other_thread(self) -> None:
        """Raise TokenFault for a thread that isn't the first."""
        if threading.get_ident() != self._thread:
            raise TokenFault(token=self.path.name, rule="used by a second thread")


def module_at(path: Path) -> TokenModule:
    """The module, loaded if it is not. Raises ModuleUnusable."""
    if path not in _modules:
        _modules[path] = TokenModule(path)
    return _modules[path]


def refuse_replaceable_module(path: Path) -> None:
    """Raise ModuleUnusable unless the library is a file that only its owner may change: whoever changes it has every key."""
    try:
        found = path.stat()
    except OSError as error:
        raise ModuleUnusable(path=str(path), rule=error.strerror or "not readable") from None
    if not stat.S_ISREG(found.st_mode) or found.st_mode & OTHERS_MAY_WRITE:
        raise ModuleUnusable(path=str(path), rule="a file that group and world can't write")


def name_of(error: PKCS11Error) -> str:
    """The module's answer by its name. Texts of the library are not shown: they may quote what was asked."""
    return type(error).__name__
