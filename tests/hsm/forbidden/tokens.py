# SPDX-License-Identifier: Apache-2.0
"""Input of an eligibility token's signature: right ones, and right ones with one thing wrong."""

import json
from collections.abc import Iterator
from datetime import timedelta

from tests.hsm.documents import (
    MISSING,
    NOW,
    audit_root,
    base64url,
    proof_input,
    token_claims,
    token_input,
    with_changes,
)
from tests.hsm.forbidden.keys import ISSUED, NEXT_TOKEN_KID, PROOF_KID, TOKEN_KID

RIGHT: list[tuple[str, bytes]] = [
    ("least", token_input(TOKEN_KID)),
    ("covered", token_input(TOKEN_KID, covered=True, until="2027-02-28", sector=1, facility="RS Harapan")),
    ("not covered", token_input(TOKEN_KID, covered=False, reason="in-arrears", assurance="card-present")),
    ("a minute late", token_input(TOKEN_KID, now=NOW - timedelta(seconds=60))),
]


def raw_token(header: bytes, claims: bytes) -> bytes:
    return base64url(header) + b"." + base64url(claims)


def good_parts() -> tuple[bytes, bytes]:
    header = json.dumps({"alg": "ES256", "typ": "kartu-eligibility+jwt", "kid": TOKEN_KID}).encode()
    return header, json.dumps(token_claims()).encode()


def forbidden() -> Iterator[tuple[str, bytes]]:
    header, claims = good_parts()
    yield "a raw hash", bytes(range(32))
    yield "nothing readable", b"."
    yield "three parts", token_input(TOKEN_KID) + b".AAAA"
    yield "claims only", base64url(claims)
    yield "padded base64", raw_token(header, claims + b" ").replace(b".", b"=.")
    yield "claims twice encoded", base64url(header) + b"." + base64url(base64url(claims))
    yield "a member twice", raw_token(header, claims[:-1] + b', "sub": "someone else"}')
    yield "alg twice in the header", raw_token(header[:-1] + b', "alg": "ES256"}', claims)
    yield "NaN", raw_token(header, claims.replace(b": 2,", b": NaN,"))
    yield "a fraction of a second", token_input(TOKEN_KID, iat=ISSUED + 0.5)
    yield "a list", raw_token(header, b"[1]")
    yield "nested without end", raw_token(header, b"[" * 5000)
    yield "not UTF-8", raw_token(header, claims.replace(b"JKK", b"\xff\xfe"))
    yield "alg none", token_input(TOKEN_KID, header={"alg": "none"})
    yield "alg HS256", token_input(TOKEN_KID, header={"alg": "HS256"})
    yield "another typ", token_input(TOKEN_KID, header={"typ": "at+jwt"})
    yield "no typ", token_input(TOKEN_KID, header={"typ": MISSING})
    yield "crit", token_input(TOKEN_KID, header={"crit": ["exp"]})
    yield "jku", token_input(TOKEN_KID, header={"jku": "https://evil.example"})
    yield "jwk", token_input(TOKEN_KID, header={"jwk": {}})
    yield "the next key's kid", token_input(NEXT_TOKEN_KID)
    yield "the proof key's kid", token_input(PROOF_KID)
    yield "kid a number", token_input(TOKEN_KID, header={"kid": 1})
    yield "ten minutes", token_input(TOKEN_KID, exp=ISSUED + 600)
    yield "301 seconds", token_input(TOKEN_KID, exp=ISSUED + 301)
    yield "no life", token_input(TOKEN_KID, exp=ISSUED)
    yield "from the past", token_input(TOKEN_KID, now=NOW - timedelta(seconds=61))
    yield "from the future", token_input(TOKEN_KID, now=NOW + timedelta(seconds=61))
    yield "iat true", token_input(TOKEN_KID, iat=True)
    yield "iat text", token_input(TOKEN_KID, iat=str(ISSUED))
    yield "huge exp", token_input(TOKEN_KID, exp=10**40)
    for name in token_claims():
        yield f"without {name}", raw_token(header, json.dumps(with_changes(token_claims(), {name: MISSING})).encode())
    yield "two audiences", token_input(TOKEN_KID, aud=["a", "b"])
    yield "an unknown claim", token_input(TOKEN_KID, nik="3171")
    yield "cnf with a key in it", token_input(TOKEN_KID, cnf={"jkt": "A" * 43, "jwk": {}})
    yield "cnf short", token_input(TOKEN_KID, cnf={"jkt": "A" * 42})
    yield "no such day", token_input(TOKEN_KID, as_of="2026-02-30")
    yield "week date", token_input(TOKEN_KID, as_of="2026-W01-1")
    yield "covered 1", token_input(TOKEN_KID, covered=1)
    yield "reason a sentence", token_input(TOKEN_KID, reason="owes Rp 10.000")
    yield "sector 256", token_input(TOKEN_KID, sector=256)
    yield "line break in sub", token_input(TOKEN_KID, sub="a\nb")
    yield "a cover proof", proof_input(TOKEN_KID)
    yield "an audit root", audit_root()
