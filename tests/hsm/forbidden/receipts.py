# SPDX-License-Identifier: Apache-2.0
"""Input of a receipt's signature: right ones, and right ones with one thing wrong."""

from collections.abc import Iterator
from typing import Any

from tests.hsm.documents import MISSING, NOW, receipt_input, token_input
from tests.hsm.forbidden.keys import RECEIPT_KID, TOKEN_KID

RIGHT: list[tuple[str, bytes]] = [
    ("of now", receipt_input(RECEIPT_KID)),
    ("of a month ago", receipt_input(RECEIPT_KID, taken_at=int(NOW.timestamp()) - 31 * 86_400)),
    ("void", receipt_input(RECEIPT_KID, kind="void", taken_at=1_700_000_000, voided_at=int(NOW.timestamp()))),
]


def forbidden() -> Iterator[tuple[str, bytes]]:
    seconds, day = int(NOW.timestamp()), 86_400

    def made(**changed: Any) -> bytes:
        return receipt_input(RECEIPT_KID, **changed)

    yield "a raw hash", bytes(range(32))
    yield "an eligibility token", token_input(RECEIPT_KID)
    yield "another type", made(header={"typ": "JWT"})
    yield "another algorithm", made(header={"alg": "none"})
    yield "another key", receipt_input(TOKEN_KID)
    yield "a key by reference", made(header={"jku": "https://evil.example"})
    yield "a name", made(name="Sari Rahayu")
    yield "an end", made(exp=seconds + 300)
    yield "no agent", made(agent=MISSING)
    yield "no number", made(number=0)
    yield "half a rupiah", made(rupiah=0.5)
    yield "no money", made(rupiah=0)
    yield "money to be given back", made(rupiah=-8_400)
    yield "true rupiah", made(rupiah=True)
    yield "another kind", made(kind="refund")
    yield "a void notice without its moment", made(kind="void")
    yield "a receipt with the moment of a void notice", made(voided_at=seconds)
    yield "void before it was taken", made(kind="void", voided_at=seconds - 10)
    yield "void tomorrow", made(kind="void", voided_at=seconds + day)
    yield "cash of tomorrow", made(taken_at=seconds + day)
    yield "cash of last year", made(taken_at=seconds - 366 * day)
    yield "signed long ago", made(iat=seconds - 61, taken_at=seconds - 61)
    yield "signed tomorrow", made(iat=seconds + day)
    yield "nothing behind the point", made().partition(b".")[0] + b"."
    yield "three parts", made() + b".AAAA"
    yield "2 kB and more", made(agent="A" * 3_000)
