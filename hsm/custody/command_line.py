# SPDX-License-Identifier: Apache-2.0
"""The command line of ``python -m hsm.custody``. Secrets come by file or descriptor, never as words of it."""

import argparse
from pathlib import Path

from hsm.custody import commands


def parser() -> argparse.ArgumentParser:
    """Every verb with its options; ``verb`` is the function that does it."""
    program = argparse.ArgumentParser(
        prog="python -m hsm.custody",
        description="Custody of keys: what people do with them, seldom and on record. `kartu keys` is its face.",
        epilog="example: python -m hsm.custody list --store keys.sealed --passphrase-file keys.pass",
    )
    verbs = program.add_subparsers(dest="name", required=True, metavar="VERB")

    listed = _verb(verbs, "list", commands.show_list, "every key, its state, and what is due")
    _store(listed)

    published = _verb(verbs, "publish", commands.write_publication, "public halves as files for web caches")
    _store(published)
    published.add_argument("--folder", type=Path, required=True, metavar="DIR", help="made if it is not there")

    attested = _verb(verbs, "attest", commands.attest, "a signed statement of every key, for an auditor")
    _store(attested)
    attested.add_argument("--file", type=Path, required=True, metavar="FILE", help="the new file")

    checked = _verb(verbs, "verify-statement", commands.verify_statement, "whether a statement holds")
    checked.add_argument("--file", type=Path, required=True, metavar="FILE", help="the statement")
    checked.add_argument(
        "--audit-key",
        action="append",
        metavar="FINGERPRINT",
        help="SHA-256 of a trusted audit key's point; without it, those of the store",
    )
    _store(checked, required=False)
    return program


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, verb: commands.Verb, about: str
) -> argparse.ArgumentParser:
    added = verbs.add_parser(name, help=about, description=about)
    added.set_defaults(verb=verb)
    return added


def _store(verb: argparse.ArgumentParser, *, required: bool = True) -> None:
    verb.add_argument("--store", type=Path, required=required, metavar="FILE", help="the sealed key file")
    verb.add_argument("--journal", type=Path, metavar="FILE", help="the custody journal; default: beside the store")
    source = verb.add_mutually_exclusive_group(required=required)
    source.add_argument("--passphrase-file", type=Path, metavar="FILE", help="mode 0600")
    source.add_argument("--passphrase-fd", type=int, metavar="N", help="an inherited descriptor to read it from")
