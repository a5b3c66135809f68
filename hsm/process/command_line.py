# SPDX-License-Identifier: Apache-2.0
"""The command line of ``python -m hsm``. A passphrase never stands on it."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from hsm.keys.key_places import KeyPlaces, is_uri, key_places
from hsm.keys.key_uri import FileUri, PinSource

MAX_WORKERS = 64


def parser() -> argparse.ArgumentParser:
    """All options, with their help."""
    options = argparse.ArgumentParser(
        prog="python -m hsm",
        description="The key process of kartu: typed operations on a UNIX socket.",
        epilog="KARTU_ENV is development, test or production; KARTU_ISSUER is the only iss of eligibility tokens that are signed (production must "
        "name it). Example: python -m hsm --init --store keys.sealed --passphrase-file keys.pass",
    )
    where = options.add_mutually_exclusive_group(required=True)
    where.add_argument("--store", type=Path, metavar="FILE", help="the sealed key file")
    where.add_argument("--keys", metavar="URI", help="where the keys lie, or a file that says so (docs/key-places.md)")
    source = options.add_mutually_exclusive_group()
    source.add_argument("--passphrase-file", type=Path, metavar="FILE", help="mode 0600; --init makes it if missing")
    source.add_argument("--passphrase-fd", type=int, metavar="N", help="an inherited descriptor to read it from")
    what = options.add_mutually_exclusive_group(required=True)
    what.add_argument("--socket", type=Path, metavar="PATH", help="serve here; its folder is mode 0700")
    what.add_argument("--init", action="store_true", help="make a new store with development keys, then end")
    options.add_argument(
        "--state",
        type=Path,
        metavar="FOLDER",
        help="what must be remembered beside the keys: revoked cards, used grants, counters; with --store: FILE.state",
    )
    options.add_argument(
        "--workers", type=_workers, default=_cores(), metavar="N", help="processes that answer; default: one per core"
    )
    options.add_argument(
        "--accept-unvalidated-token",
        action="store_true",
        help="in production, serve from a token in software (SoftHSM), which nobody validated",
    )
    options.add_argument(
        "--serve-uid",
        type=int,
        action="append",
        metavar="UID",
        help="a user id that may ask, again for each; default: the one that runs the key process, and nobody else",
    )
    options.add_argument(
        "--serve-group", type=int, metavar="GID", help="a group that may reach the socket (folder 0710, socket 0660)"
    )
    return options


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line that makes sense. Leaves the program with 2 where it makes none."""
    options = parser().parse_args(arguments)
    is_told = options.passphrase_file is not None or options.passphrase_fd is not None
    if is_told is (options.store is None):
        parser().error("--store needs --passphrase-file or --passphrase-fd; a URI says itself where its secret is")
    if options.keys is not None and (options.init or options.state is None):
        parser().error("--keys needs --state and --socket")
    return options


def places_of(options: argparse.Namespace) -> KeyPlaces:
    """Where the keys lie. Raises KeyUriRefused or KeyPlacesRefused."""
    if options.keys is not None:
        return key_places(options.keys)
    return KeyPlaces(FileUri(options.store, PinSource(options.passphrase_file, options.passphrase_fd)))


def file_of(options: argparse.Namespace) -> Path | None:
    """The file that says where the keys lie, where a file does."""
    return Path(options.keys) if options.keys is not None and not is_uri(options.keys) else None


def state_of(options: argparse.Namespace) -> Path:
    """The state folder: by default beside the sealed file."""
    state: Path = options.state or options.store.with_name(f"{options.store.name}.state")
    return state


def _workers(written: str) -> int:
    count = int(written)
    if not 1 <= count <= MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"1 to {MAX_WORKERS}")
    return count


def _cores() -> int:
    return min(MAX_WORKERS, len(os.sched_getaffinity(0)))
