# SPDX-License-Identifier: Apache-2.0
"""Run in a process of its own, which it is meant to end: threads work with python-pkcs11 in one SoftHSM token, as nobody must."""

import sys
import threading
from contextlib import suppress
from typing import Any

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PKCS11Error

from cardservice.clock import monotonic

TEMPLATE = {
    Attribute.CLASS: ObjectClass.SECRET_KEY,
    Attribute.KEY_TYPE: KeyType.AES,
    Attribute.TOKEN: False,
    Attribute.SIGN: True,
    Attribute.VALUE: bytes(32),
}


def work(session: Any, until: float) -> None:
    """Make a key, use it, destroy it, again and again; an error is a symptom here and no reason to stop."""
    while monotonic() < until:
        with suppress(PKCS11Error):
            key = session.create_object(TEMPLATE)
            for _ in range(5):
                key.sign(bytes(64), mechanism=Mechanism.AES_CMAC)
            key.destroy()


def main(module: str, label: str, pin: str, threads: int, seconds: float) -> None:
    token = pkcs11.lib(module).get_token(token_label=label)
    sessions = [token.open(user_pin=pin), *(token.open() for _ in range(threads - 1))]
    until = monotonic() + seconds
    workers = [threading.Thread(target=work, args=(session, until)) for session in sessions]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print("survived")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
