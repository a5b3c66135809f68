# SPDX-License-Identifier: Apache-2.0
"""The command line of ``python -m hsm``. A passphrase never stands on it."""

import argparse
import os
from pathlib import Path

MAX_WORKERS = 64


def parser() -> argparse.ArgumentParser:
    """All options, with their help."""
    options = argparse.ArgumentParser(
        prog="python -m hsm",
        description="The key process of kartu: typed operations on a UNIX socket.",
        epilog="example: python -m hsm --init --store keys.sealed --passphrase-file keys.pass",
    )
    options.add_argument("--store", type=Path, required=True, metavar="FILE", help="the sealed key file")
    source = options.add_mutually_exclusive_group(required=True)
    source.add_argument("--passphrase-file", type=Path, metavar="FILE", help="mode 0600; --init makes it if missing")
    source.add_argument("--passphrase-fd", type=int, metavar="N", help="an inherited descriptor to read it from")
    what = options.add_mutually_exclusive_group(required=True)
    what.add_argument("--socket", type=Path, metavar="PATH", help="serve here; its folder is mode 0700")
    what.add_argument("--init", action="store_true", help="make a new store with development keys, then end")
    options.add_argument(
        "--workers", type=_workers, default=_cores(), metavar="N", help="processes that answer; default: one per core"
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


def _workers(written: str) -> int:
    count = int(written)
    if not 1 <= count <= MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"1 to {MAX_WORKERS}")
    return count


def _cores() -> int:
    return min(MAX_WORKERS, len(os.sched_getaffinity(0)))
