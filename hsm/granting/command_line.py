# SPDX-License-Identifier: Apache-2.0
"""The command line of ``python -m hsm.granting``. Passphrases come by file or descriptor, never as words of it."""

import argparse
from pathlib import Path

from hsm.granting import verbs
from hsm.limits.grants import MAX_LIFE


def parser() -> argparse.ArgumentParser:
    """Every verb with its options; ``verb`` is the function that does it."""
    program = argparse.ArgumentParser(
        prog="python -m hsm.granting",
        description="Grants of officers: what one or two of them allow once. `kartu keys grant` is its face.",
        epilog="example: python -m hsm.granting officer-key --officer ani --key ani.pem --passphrase-file ani.pass",
    )
    known = program.add_subparsers(dest="name", required=True, metavar="VERB")

    made = known.add_parser("officer-key", help="make an officer's key; prints the point to be enrolled")
    made.set_defaults(verb=verbs.officer_key)
    _officer(made)

    signed = known.add_parser("sign", help="begin a grant, or sign one that another officer began")
    signed.set_defaults(verb=verbs.sign)
    _officer(signed)
    _things(signed)
    signed.add_argument("--life", type=int, default=MAX_LIFE // 2, metavar="SECONDS", help="of a grant that begins")
    signed.add_argument(
        "--hours",
        type=int,
        default=1,
        metavar="N",
        help="spread a long list over so many hours; each portion has its own",
    )

    used = known.add_parser("use", help="have the key process do what was granted")
    used.set_defaults(verb=verbs.use)
    _things(used)
    used.add_argument("--socket", type=Path, required=True, metavar="PATH", help="of the key process")
    used.add_argument("--server-uid", type=int, metavar="UID", help="who runs the key process; default: we ourselves")
    used.add_argument("--output", type=Path, metavar="FILE", help="with --values: a new file for the opened values")
    return program


def _officer(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--officer", required=True, metavar="NAME")
    verb.add_argument("--key", type=Path, required=True, metavar="PEM", help="the officer's encrypted private key")
    source = verb.add_mutually_exclusive_group(required=True)
    source.add_argument("--passphrase-file", type=Path, metavar="FILE", help="mode 0600")
    source.add_argument("--passphrase-fd", type=int, metavar="N", help="an inherited descriptor to read it from")


def _things(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--grant", type=Path, required=True, metavar="FILE")
    verb.add_argument("--reason", required=True, help="printable ASCII, recorded")
    what = verb.add_mutually_exclusive_group(required=True)
    what.add_argument("--values", type=Path, metavar="FILE", help="unseal many: JSON lines with context and sealed")
    what.add_argument("--lift", nargs=2, metavar=("OPERATION", "UID"), help="lift an anomaly limit")
    what.add_argument("--withdraw", metavar="SHA256", help="withdraw this certificate of a card CA")
