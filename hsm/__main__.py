# SPDX-License-Identifier: Apache-2.0
"""``python -m hsm``: make a development key store, or run the key process over one."""

import argparse
import hashlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from cardservice.clock import monotonic, now
from hsm.banner import DEVELOPMENT_KEYS
from hsm.errors import HsmError
from hsm.key_bundle import KeyBundle
from hsm.key_generation import development_keys
from hsm.listening_socket import listen
from hsm.operations import KeyOperations
from hsm.passphrase import create_passphrase_file, passphrase_from_descriptor, passphrase_from_file
from hsm.process_hardening import harden_process
from hsm.production import environment_named, refuse_software_keys, refuse_well_known_keys
from hsm.rate_limit import DEFAULT_RATES, RateLimit
from hsm.sealed_file import create_sealed, open_sealed
from hsm.server import KeyServer
from hsm.software_store import SoftwareStore

EXIT_REFUSED = 1  # argparse leaves with 2 on a wrong command line

log = logging.getLogger("hsm")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: stopped by a signal, or made the store. 1: a typed refusal, named on standard error."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        harden_process()
        environment = environment_named(os.environ.get("KARTU_ENV", ""))
        refuse_software_keys(environment)
        sys.stderr.write(DEVELOPMENT_KEYS + "\n")
        if options.init:
            _make_store(options)
            return 0
        with _passphrase(options) as passphrase:
            bundle = KeyBundle.decode(open_sealed(options.store, passphrase))
        store = SoftwareStore(bundle, os.urandom)
        refuse_well_known_keys(environment, store)
        _serve(store, options.socket)
    except HsmError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    return 0


def _make_store(options: argparse.Namespace) -> None:
    if options.passphrase_file and not options.passphrase_file.exists():
        create_passphrase_file(options.passphrase_file, os.urandom)
    bundle = development_keys(now(), os.urandom)
    with _passphrase(options) as passphrase:
        create_sealed(options.store, bundle.encode(), passphrase, os.urandom)
    for key in bundle.keys:
        about = key.description
        if about.kind == "p-256":
            sys.stdout.write(f"{about.purpose} {about.version} kid {about.kid} until {about.expires:%Y-%m-%d}\n")
    sys.stdout.write(f"card-ca certificate SHA-256 {hashlib.sha256(bundle.ca_certificate).hexdigest()}\n")


def _serve(store: SoftwareStore, socket_path: Path) -> None:
    operations = KeyOperations(
        store,
        clock=now,
        rate_limit=RateLimit(DEFAULT_RATES, monotonic),
        record=lambda context, reason: log.info("unseal context=%s reason=%s", context, reason),
    )
    server = KeyServer(listen(socket_path), operations, monotonic=monotonic, served_uid=os.geteuid())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    log.info("ready backend=%s keys=%d", store.backend, len(store.descriptions()))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve()
    log.info("stopped")


def _passphrase(options: argparse.Namespace) -> AbstractContextManager[bytearray]:
    if options.passphrase_fd is not None:
        return passphrase_from_descriptor(options.passphrase_fd)
    return passphrase_from_file(options.passphrase_file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hsm",
        description="The key process of kartu: typed operations on a UNIX socket.",
        epilog="example: python -m hsm --init --store keys.sealed --passphrase-file keys.pass",
    )
    parser.add_argument("--store", type=Path, required=True, metavar="FILE", help="the sealed key file")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--passphrase-file", type=Path, metavar="FILE", help="mode 0600; --init makes it if missing")
    source.add_argument("--passphrase-fd", type=int, metavar="N", help="an inherited descriptor to read it from")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--socket", type=Path, metavar="PATH", help="serve here; its folder is mode 0700")
    what.add_argument("--init", action="store_true", help="make a new store with development keys, then end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
