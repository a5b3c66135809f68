# SPDX-License-Identifier: Apache-2.0
"""The verbs that look at keys, publish and attest them: each takes its options and returns the document that it ends with."""

import argparse
from pathlib import Path

from cardservice.keys import Purpose
from hsm.custody.attestation import KIND as ATTESTATION
from hsm.custody.attestation import attestation
from hsm.custody.ca_certificates import ca_certificates, listed_certificates
from hsm.custody.circumstances import Circumstances
from hsm.custody.key_ending import destroyed_keys
from hsm.custody.key_list import list_keys, warnings
from hsm.custody.key_record import fingerprint
from hsm.custody.opened import opened_store
from hsm.custody.possession import refuse_unproven
from hsm.custody.publication import publish
from hsm.custody.statement import MAX_LENGTH, signed, verified
from hsm.custody.transcript_files import PDF, STATEMENT, TEXT, verified_transcript
from hsm.custody.unfinished import refuse_unfinished, unfinished_ceremony
from hsm.custody.withdrawal_list import withdrawal_list
from hsm.errors import StatementRefused
from hsm.keys.key_store import KeyStore
from hsm.machine.protected_file import create_protected


def show_list(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """Every key and what is due."""
    now = here.clock()
    with opened_store(options, here.environment) as keys:
        listed = list_keys(keys.store, now, destroyed_keys(keys.journal))
        due = warnings(keys.store.descriptions(), now)
        left = unfinished_ceremony(keys.journal)
        return {
            "unfinished_ceremony_step": None if left is None else left.step,
            "backend": keys.store.backend,
            "keys": [key.document() for key in listed],
            "warnings": [one.document() for one in due],
            "ca_certificates": listed_certificates(keys.journal, keys.store.ca_certificate),
        }


def write_publication(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """Public halves as files."""
    now = here.clock()
    with opened_store(options, here.environment) as keys:
        refuse_unfinished(keys.journal)
        certificates = ca_certificates(keys.journal, keys.store.ca_certificate, now)
        withdrawn = withdrawal_list(keys.journal, keys.store, certificates, now)
        return publish(keys.store, certificates, withdrawn, options.folder, now)


def attest(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """A signed statement of every key, into a new file."""
    now = here.clock()
    with opened_store(options, here.environment) as keys:
        listed = list_keys(keys.store, now, destroyed_keys(keys.journal))
        refuse_unfinished(keys.journal)
        document = attestation(
            keys.store, keys.places, listed, keys.journal.head, now, str(here.environment), options.challenge
        )
        create_protected(options.file, signed(document, keys.store, now))
        return {"file": options.file, "keys": len(listed), "audit_keys": audit_fingerprints(keys.store)}


def verify_statement(options: argparse.Namespace, here: Circumstances) -> dict[str, object]:
    """Whether a statement, or a ceremony's transcript, holds."""
    trusted = trusted_audit_keys(options, here)
    is_transcript = options.file.is_dir() or options.file.name in {TEXT, PDF, STATEMENT}
    found = verified_transcript(options.file, trusted) if is_transcript else verified(_read(options.file), trusted)
    proven = 0
    if found.document.get("kind") == ATTESTATION:
        proven = refuse_unproven(found.document, options.challenge)
    elif options.challenge:
        raise StatementRefused(rule="is an attestation: nothing else answers a challenge")
    return {
        "holds": True,
        "signed_by": found.fingerprint,
        "kid": found.kid,
        "keys_proven": proven,
        "statement": dict(found.document),
    }


def trusted_audit_keys(options: argparse.Namespace, here: Circumstances) -> set[str]:
    """The fingerprints that were named, or else those of the store at hand."""
    named = set(options.audit_key or ())
    if named or (options.store is None and options.keys is None):
        return named
    with opened_store(options, here.environment) as keys:
        return set(audit_fingerprints(keys.store))


def audit_fingerprints(store: KeyStore) -> list[str]:
    """Of every audit key of a store: what statements are signed with."""
    return [fingerprint(store.verifying_point(key)) for key in store.descriptions() if key.purpose is Purpose.AUDIT]


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_LENGTH + 1)
    except OSError as failed:
        raise StatementRefused(rule=f"can be read ({failed.strerror})") from None
