# SPDX-License-Identifier: Apache-2.0
"""Proof that keys are at hand and not only described: each signs what an auditor chose, with its own name and the time of the statement.

``KJS-ATTEST-1 | SHA-256 of the canonical {at, challenge, kid}``. A key that has ended signs nothing, this neither.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hsm.custody.canonical_json import canonical
from hsm.custody.key_list import KeyState, ListedKey
from hsm.custody.key_record import fingerprint
from hsm.custody.statement import signature_holds
from hsm.errors import StatementRefused
from hsm.keys.key_store import KeyKind, KeyStore

LABEL = b"KJS-ATTEST-1"  # no document that any purpose signs begins so
_ABLE = (str(KeyState.NEXT), str(KeyState.ACTIVE))


def possession(
    store: KeyStore, listed: Sequence[ListedKey], challenge: str, now: datetime
) -> Sequence[Mapping[str, str]]:
    """Each signing key that is not ended signs the challenge, with its name and the time: it is here, and not only described."""
    able = [key.description for key in listed if key.description.kind is KeyKind.P256 and str(key.state) in _ABLE]
    return [
        {
            "kid": key.kid,
            "point": store.verifying_point(key).hex(),
            "es256": store.sign_es256(key, _possessed(challenge, key.kid, now.astimezone(UTC).isoformat())).hex(),
        }
        for key in able
    ]


def refuse_unproven(document: Mapping[str, Any], challenge: str) -> int:
    """How many keys proved that they were at hand when the auditor's challenge was known. Raises StatementRefused if one that should has not.

    An empty ``challenge`` asks for no proof; a proof that is there must hold all the same.
    """
    try:
        proofs = {str(proof["kid"]): proof for proof in document.get("possession", [])}
        answered = str(document.get("challenge", ""))
        owed = {
            str(key["kid"]): str(key["check"])
            for key in document["keys"]
            if key["kind"] == KeyKind.P256 and key["state"] in _ABLE
        }
        holds = all(
            fingerprint(bytes.fromhex(proof["point"])) == owed.get(kid)
            and signature_holds(
                bytes.fromhex(proof["point"]), _possessed(answered, kid, document["at"]), bytes.fromhex(proof["es256"])
            )
            for kid, proof in proofs.items()
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise StatementRefused(rule="proves possession as we write it") from None
    if challenge and answered != challenge.lower():
        raise StatementRefused(rule="answers this challenge")
    if not holds or (answered and proofs.keys() != owed.keys()):
        raise StatementRefused(rule="has a proof of each key that signs or will")
    return len(proofs)


def _possessed(challenge: str, kid: str, at: str) -> bytes:
    return LABEL + hashlib.sha256(canonical({"challenge": challenge, "kid": kid, "at": at})).digest()
