# SPDX-License-Identifier: Apache-2.0
"""``signed_event``: one event of the trail as a document that anybody can check with the published audit keys, without our database.

It carries the event, its path to the root of the batch that has it (RFC 9162, 2.1.3), and the signature over that root.
"""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cardservice.audit.audit_root import PREFIX
from cardservice.audit.errors import NothingToSeal
from cardservice.audit.merkle_tree import root_from_proof
from cardservice.audit.prove_event import prove_event
from cardservice.audit.seal_batch import seal_batch
from cardservice.credentials import p256
from cardservice.keys import Signer, VerifyingKey
from cardservice.records.audit_events import LEAF_PREFIX, KeptEvent
from cardservice.records.canonical_json import Json, canonical_json
from cardservice.records.columns import microseconds
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound


class Doubt(StrEnum):
    """Why a signed event is not believed."""

    MALFORMED = "malformed"
    KEY_UNKNOWN = "key-unknown"
    SIGNATURE_WRONG = "signature-wrong"
    NOT_IN_BATCH = "not-in-batch"  # the path does not lead from this event to the root that was signed


@dataclass(frozen=True, slots=True)
class Genuine:
    """The event is as it was written down: its kind and content."""

    kind: str
    content: dict[str, Json]

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class NotGenuine:
    """No, and why."""

    doubt: Doubt

    def __bool__(self) -> bool:
        return False


def signed_event(connection: Connection, signer: Signer, kept: KeptEvent, at: datetime) -> dict[str, Json]:
    """The document. Seals a batch first where none has the event yet. Raises what seal_batch() raises."""
    proof = prove_event(connection, kept.position)
    if proof is None:
        with suppress(NothingToSeal):  # somebody else has just sealed it
            seal_batch(connection, signer, at)
        proof = prove_event(connection, kept.position)
    if proof is None:
        raise RecordNotFound(record="audit-batch")
    event = kept.event
    return {
        "event": {
            "at": microseconds(event.at),
            "card_id": event.card_id,
            "detail": dict(event.detail),
            "kind": event.kind,
            "member_id": event.member_id,
        },
        "index": proof.index,
        "path": [node.hex() for node in proof.path],
        "document": proof.batch.document.hex(),
        "signature": proof.batch.signature.hex(),
        "kid": proof.batch.kid,
    }


def check_signed_event(octets: bytes, keys: Iterable[VerifyingKey]) -> Genuine | NotGenuine:
    """Check a document against audit keys from a place that is trusted. Untrusted octets: any of them get an answer."""
    # 1. It has the shape of one.
    try:
        told = json.loads(octets)
        event, index, kid = dict(told["event"]), int(told["index"]), str(told["kid"])
        path = [bytes.fromhex(node) for node in told["path"]]
        document, signature = bytes.fromhex(told["document"]), bytes.fromhex(told["signature"])
        leaf = hashlib.sha256(LEAF_PREFIX + canonical_json(event)).digest()
        kind = str(event["kind"])
    except Exception:  # noqa: BLE001 - whatever is wrong with it: it is no document of ours
        return NotGenuine(Doubt.MALFORMED)
    if len(document) != len(PREFIX) + 48 or not document.startswith(PREFIX):
        return NotGenuine(Doubt.MALFORMED)
    # 2. One of the keys signed the root.
    points = {key.kid: key.point for key in keys}
    if kid not in points:
        return NotGenuine(Doubt.KEY_UNKNOWN)
    if len(signature) != 64 or not p256.verifies(points[kid], document, signature):
        return NotGenuine(Doubt.SIGNATURE_WRONG)
    # 3. The event is under that root.
    tree_size, root = int.from_bytes(document[16:24]), document[32:64]
    if root_from_proof(leaf, index, tree_size, path) != root:
        return NotGenuine(Doubt.NOT_IN_BATCH)
    return Genuine(kind, event)
