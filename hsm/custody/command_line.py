# SPDX-License-Identifier: Apache-2.0
"""The command line of ``python -m hsm.custody``. Secrets come by file, descriptor or terminal, never as words of it."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from cardservice.keys import Purpose
from hsm.custody.circumstances import Circumstances

Verb = Callable[[argparse.Namespace, Circumstances], Mapping[str, object]]

LOOKING, CEREMONY, KEEPING = "hsm.custody.commands", "hsm.custody.ceremony_commands", "hsm.custody.keeping_commands"
HANDOVER = "hsm.custody.handover_commands"
NOW = "now"
CHALLENGE_LENGTHS = range(16, 65)  # bytes


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line that makes sense. Leaves the program with 2 where it makes none."""
    program = parser()
    options = program.parse_args(arguments)
    if "store" in options:
        told = options.passphrase_file is not None or options.passphrase_fd is not None
        if told is (options.store is None):
            program.error("--store needs --passphrase-file or --passphrase-fd; a URI says itself where its secret is")
        if options.keys is not None and options.journal is None:
            program.error("--keys needs --journal")
    return options


def parser() -> argparse.ArgumentParser:
    """Every verb with its options; ``verb`` says where the function is that does it."""
    program = argparse.ArgumentParser(
        prog="python -m hsm.custody",
        description="Custody of keys: what people do with them, seldom and on record. `kartu keys` is its face.",
        epilog="example: python -m hsm.custody list --store keys.sealed --passphrase-file keys.pass",
    )
    verbs = program.add_subparsers(dest="name", required=True, metavar="VERB")
    _looking(verbs)
    _ceremony(verbs)
    _handover(verbs)
    _keeping(verbs)
    return program


def verb(place: tuple[str, str]) -> Verb:
    """The function of a verb, imported now: to list keys takes no PDF library."""
    module, name = place
    found: Verb = getattr(import_module(module), name)
    return found


def _looking(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    _store(_verb(verbs, "list", (LOOKING, "show_list"), "every key, its state, and what is due"))

    published = _verb(verbs, "publish", (LOOKING, "write_publication"), "public halves as files for web caches")
    _store(published)
    published.add_argument("--folder", type=Path, required=True, metavar="DIR", help="made if it is not there")

    attested = _verb(verbs, "attest", (LOOKING, "attest"), "a signed statement of every key, for an auditor")
    _store(attested)
    attested.add_argument("--file", type=Path, required=True, metavar="FILE", help="the new file")
    _challenge(attested, "that an auditor chose: each signing key signs it")

    checked = _verb(verbs, "verify-statement", (LOOKING, "verify_statement"), "whether a statement or transcript holds")
    checked.add_argument(
        "--file", type=Path, required=True, metavar="FILE", help="the statement, or a transcript's folder"
    )
    checked.add_argument(
        "--audit-key",
        action="append",
        metavar="FINGERPRINT",
        help="SHA-256 of a trusted audit key's point; without it, those of the store",
    )
    _challenge(checked, "that the attestation must answer")
    _store(checked, required=False)


def _ceremony(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    shown = _verb(verbs, "show-plan", (CEREMONY, "show_plan"), "what a ceremony's plan says, and its hash")
    shown.add_argument("plan", type=Path, metavar="PLAN")

    held = _verb(verbs, "ceremony", (CEREMONY, "hold_ceremony"), "make a whole key set from a plan")
    held.add_argument("plan", type=Path, metavar="PLAN")
    held.add_argument("--plan-hash", required=True, metavar="SHA256", help="of the plan that was reviewed")
    held.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="shares, backup and transcript; a new folder"
    )
    held.add_argument("--again", action="store_true", help="destroy what an unfinished ceremony made, and begin again")
    held.add_argument(
        "--custodian", action="append", type=named_file, metavar="NAME=FILE", help="passphrase; else it is asked for"
    )
    held.add_argument(
        "--component",
        action="append",
        type=component_file,
        metavar="VERSION:NUMBER=FILE",
        help="of a transport key, in hexadecimal digits; else it is asked for",
    )
    _store(held)


def _handover(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    shown = _verb(verbs, "show-handover", (HANDOVER, "show_handover"), "what a handover's plan says, and its hash")
    shown.add_argument("plan", type=Path, metavar="PLAN")

    held = _verb(verbs, "handover", (HANDOVER, "hold_handover"), "new custodians, officers in or out, by a quorum")
    held.add_argument("plan", type=Path, metavar="PLAN")
    held.add_argument("--plan-hash", required=True, metavar="SHA256", help="of the plan that was reviewed")
    held.add_argument("--out", type=Path, required=True, metavar="DIR", help="shares, backup, transcript; a new folder")
    held.add_argument("--share", type=Path, action="append", metavar="FILE", help="of those present, once for each")
    held.add_argument(
        "--share-passphrase", action="append", type=named_file, metavar="SHARE=FILE", help="by the share's file name"
    )
    held.add_argument(
        "--custodian", action="append", type=named_file, metavar="NAME=FILE", help="a new one's passphrase"
    )
    _store(held)


def _keeping(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    rotated = _verb(verbs, "rotate", (KEEPING, "rotate_key"), "make the next key of a purpose")
    rotated.add_argument("purpose", choices=[str(purpose) for purpose in Purpose])
    rotated.add_argument("--id", required=True, help="the rotation's name: asked again, it is not done again")
    rotated.add_argument("--sector", type=lambda word: int(word, 16), metavar="XX", help="two hexadecimal digits")
    rotated.add_argument("--at", type=moment, metavar="TIME", help="now, or when it takes over; default: ahead of time")
    _store(rotated)

    destroyed = _verb(verbs, "destroy", (KEEPING, "destroy_ended_key"), "destroy a key that has ended")
    destroyed.add_argument("kid")
    _store(destroyed)

    withdrawn = _verb(verbs, "withdraw", (KEEPING, "withdraw_certificate"), "believe a card CA's certificate no more")
    withdrawn.add_argument("sha256", metavar="SHA256", help="of the certificate, as list names it")
    withdrawn.add_argument("--reason", required=True, help="as the officers signed it; verifiers are told")
    withdrawn.add_argument("--grant", type=Path, required=True, metavar="FILE", help="signed by two officers")
    _store(withdrawn)

    saved = _verb(verbs, "backup", (KEEPING, "back_up"), "wrapped keys and a signed manifest, to be carried away")
    saved.add_argument("folder", type=Path, metavar="DIR", help="a new folder")
    _store(saved)

    restored = _verb(verbs, "restore", (KEEPING, "restore_keys"), "keys of a backup, with a quorum of shares")
    restored.add_argument("folder", type=Path, metavar="DIR", help="the backup")
    restored.add_argument("--share", type=Path, action="append", required=True, metavar="FILE", help="once for each")
    restored.add_argument(
        "--share-passphrase", action="append", type=named_file, metavar="SHARE=FILE", help="by the share's file name"
    )
    _store(restored)


def moment(word: str) -> datetime | str:
    """``now``, or a date or time; without a zone it is UTC."""
    if word == NOW:
        return word
    at = datetime.fromisoformat(word)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def challenge(word: str) -> str:
    """16 to 64 bytes in hexadecimal digits; nothing where there is no challenge."""
    try:
        octets = bytes.fromhex(word)
    except ValueError:
        octets = b""
    if word and len(octets) not in CHALLENGE_LENGTHS:
        raise argparse.ArgumentTypeError("16 to 64 bytes in hexadecimal digits")
    return octets.hex()


def named_file(word: str) -> tuple[str, Path]:
    """NAME=FILE."""
    name, equals, file = word.partition("=")
    if not name or not equals or not file:
        raise argparse.ArgumentTypeError("NAME=FILE")
    return name, Path(file)


def component_file(word: str) -> tuple[tuple[int, int], Path]:
    """VERSION:NUMBER=FILE, the version in hexadecimal digits as on cards."""
    name, file = named_file(word)
    version, _, number = name.partition(":")
    return (int(version, 16), int(number)), file


def _verb(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, place: tuple[str, str], about: str
) -> argparse.ArgumentParser:
    added = verbs.add_parser(name, help=about, description=about)
    added.set_defaults(verb=place)
    return added


def _challenge(verb: argparse.ArgumentParser, about: str) -> None:
    verb.add_argument("--challenge", type=challenge, default="", metavar="HEX", help=about)


def _store(verb: argparse.ArgumentParser, *, required: bool = True) -> None:
    where = verb.add_mutually_exclusive_group(required=required)
    where.add_argument("--store", type=Path, metavar="FILE", help="the sealed key file")
    where.add_argument("--keys", metavar="URI", help="where the keys lie, or a file that says so (docs/key-places.md)")
    source = verb.add_mutually_exclusive_group()
    source.add_argument("--passphrase-file", type=Path, metavar="FILE", help="of the sealed file; mode 0600")
    source.add_argument("--passphrase-fd", type=int, metavar="N", help="an inherited descriptor to read it from")
    verb.add_argument(
        "--accept-unvalidated-token",
        action="store_true",
        help="in production: work on a token in software, which nobody validated",
    )
    verb.add_argument("--journal", type=Path, metavar="FILE", help="the custody journal; with --store: beside it")
