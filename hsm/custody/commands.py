# SPDX-License-Identifier: Apache-2.0
"""The verbs of ``python -m hsm.custody``: each takes its options and returns the document that it ends with."""

import argparse
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from cardservice.keys import Purpose
from hsm.custody.attestation import attestation
from hsm.custody.conversation import Conversation
from hsm.custody.key_list import list_keys, warnings
from hsm.custody.key_record import fingerprint
from hsm.custody.opened import opened
from hsm.custody.publication import publish
from hsm.custody.statement import MAX_LENGTH, signed, verified
from hsm.errors import StatementRefused
from hsm.key_store import KeyStore
from hsm.production import Environment
from hsm.protected_file import create_protected

Verb = Callable[[argparse.Namespace, Environment, datetime, Conversation], Mapping[str, object]]


def show_list(
    options: argparse.Namespace, environment: Environment, now: datetime, _: Conversation
) -> dict[str, object]:
    """Every key and what is due."""
    with opened(options, environment, now) as custody:
        listed = list_keys(custody.store, now, custody.destroyed())
        due = warnings(custody.store.descriptions(), now)
        return {
            "backend": custody.store.backend,
            "keys": [key.document() for key in listed],
            "warnings": [one.document() for one in due],
        }


def write_publication(
    options: argparse.Namespace, environment: Environment, now: datetime, _: Conversation
) -> dict[str, object]:
    """Public halves as files."""
    with opened(options, environment, now) as custody:
        return publish(custody.store, options.folder, now)


def attest(options: argparse.Namespace, environment: Environment, now: datetime, _: Conversation) -> dict[str, object]:
    """A signed statement of every key, into a new file."""
    with opened(options, environment, now) as custody:
        listed = list_keys(custody.store, now, custody.destroyed())
        document = attestation(custody.store, listed, custody.journal.head, now, str(environment))
        create_protected(options.file, signed(document, custody.store, now))
        return {"file": options.file, "keys": len(listed), "audit_keys": audit_fingerprints(custody.store)}


def verify_statement(
    options: argparse.Namespace, environment: Environment, now: datetime, _: Conversation
) -> dict[str, object]:
    """Whether a statement holds. The trusted audit keys are named, or are those of the store at hand."""
    trusted = set(options.audit_key or ())
    if not trusted:
        with opened(options, environment, now) as custody:
            trusted = set(audit_fingerprints(custody.store))
    found = verified(_read(options.file), trusted)
    return {"holds": True, "signed_by": found.fingerprint, "kid": found.kid, "statement": dict(found.document)}


def audit_fingerprints(store: KeyStore) -> list[str]:
    """Of every audit key of a store: what statements are signed with."""
    return [fingerprint(store.verifying_point(key)) for key in store.descriptions() if key.purpose is Purpose.AUDIT]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_LENGTH + 1)
    except OSError as failed:
        raise StatementRefused(rule=f"can be read ({failed.strerror})") from None
