# SPDX-License-Identifier: Apache-2.0
"""``python -m hsm``: make a development key store, or run the key process over one."""

import argparse
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager

from cardservice.clock import monotonic
from hsm.errors import HsmError, TokenLoginRefused
from hsm.keys.key_places import KeyPlaces
from hsm.keys.key_store import SEALED_FILE, KeyStore
from hsm.keys.key_uri import FileUri
from hsm.keys.passphrase import create_passphrase_file, passphrase_from_descriptor, passphrase_from_file
from hsm.keys.pin_source import with_lasting_secrets
from hsm.machine.state_folder import open_state_folder
from hsm.process.banner import DEVELOPMENT_KEYS, UNVALIDATED
from hsm.process.command_line import file_of, places_of, read, state_of
from hsm.process.known_keys import KnownKeys
from hsm.process.listening_socket import listening_at
from hsm.process.process_hardening import harden_process
from hsm.process.production import (
    Environment,
    environment_named,
    refuse_replaceable_places,
    refuse_software_keys,
    refuse_unfit_store,
    refuse_unnamed_issuer,
)
from hsm.process.supervisor import Supervisor
from hsm.process.worker import SharedParts, serve
from hsm.stores.open_keys import open_store
from hsm.stores.refused_login import RefusedLogin

EXIT_REFUSED = 1  # argparse leaves with 2 on a wrong command line
EXIT_LOGIN_REFUSED = 77  # EX_NOPERM (sysexits.h): tokens count tries, so nobody starts again before a person has looked

log = logging.getLogger("hsm")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: stopped by a signal, or made the store. 1: a typed refusal, told on standard error (told_refusal.py); 77: by a token, of the PIN."""
    options = read(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        harden_process()
        environment = environment_named(os.environ.get("KARTU_ENV", ""))
        places = places_of(options)
        if any(isinstance(uri, FileUri) for uri in places.all()):
            refuse_software_keys(environment)
            sys.stderr.write(DEVELOPMENT_KEYS + "\n")
        if options.init:
            _make_store(options)
        else:
            _supervise(options, places, environment)
    except HsmError as error:
        from hsm.process.told_refusal import told  # noqa: PLC0415 - the words are read by who is refused only

        sys.stderr.write(told(error))
        return EXIT_LOGIN_REFUSED if isinstance(error, TokenLoginRefused) else EXIT_REFUSED
    return 0


def _make_store(options: argparse.Namespace) -> None:
    # Who only serves does not load what makes keys: a start after a kill is a matter of tenths of a second.
    from hsm.process.store_making import make_store  # noqa: PLC0415 - see above

    if options.passphrase_file and not options.passphrase_file.exists():
        create_passphrase_file(options.passphrase_file, os.urandom)
    with _passphrase(options) as passphrase:
        make_store(options.store, passphrase)


def _passphrase(options: argparse.Namespace) -> AbstractContextManager[bytearray]:
    if options.passphrase_fd is not None:
        return passphrase_from_descriptor(options.passphrase_fd)
    return passphrase_from_file(options.passphrase_file)


def _supervise(options: argparse.Namespace, places: KeyPlaces, environment: Environment) -> None:
    """This process opens no key: each worker does, when it starts and when it is started again."""
    issuer = os.environ.get("KARTU_ISSUER", "").rstrip("/")  # as the service reads it (api/settings.py)
    refuse_unnamed_issuer(environment, issuer)
    state = open_state_folder(state_of(options))
    named = [state, *(filter(None, [file_of(options)]))]
    refuse_replaceable_places(environment, places.all(), named)
    lasting, known, refused_login = with_lasting_secrets(places), KnownKeys(), RefusedLogin()

    def open_keys() -> KeyStore:
        with refused_login.tried_once():
            store = open_store(lasting)
        known.refuse_others(store)
        refuse_unfit_store(environment, store, accepts_unvalidated=options.accept_unvalidated_token)
        for unvalidated in store.unvalidated():
            if unvalidated.product != SEALED_FILE:
                sys.stderr.write(UNVALIDATED.format(product=unvalidated.product) + "\n")
        return store

    def changed() -> None:
        known.forget()
        refused_login.forget()

    # From when it can be found on, it can be told: until the supervisor asks for it (supervisor.py) a hang-up waits, instead of ending the program.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    with listening_at(options.socket, group=options.serve_group) as listening:
        refuse_replaceable_places(environment, [], [options.socket.parent])
        shared = SharedParts.around(listening, options.serve_uid or [os.geteuid()], state, issuer)
        gc.freeze()  # what is here now is shared with every worker, and never collected
        supervisor = Supervisor(
            lambda seat: serve(open_keys, shared, seat), options.workers, monotonic=monotonic, changed=changed
        )
        supervisor.run(_say_ready)
    log.info("stopped")


def _say_ready() -> None:
    log.info("ready")
    sys.stdout.write("ready\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
