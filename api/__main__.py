# SPDX-License-Identifier: Apache-2.0
"""``python -m api``: one worker of the service, set by KARTU_ environment variables (``docs/http.md``)."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.app import create_app
from api.errors import ServiceSettingWrong
from api.forgetting import forget_for_ever
from api.settings import Settings
from api.store import RecordsStore
from api.unreadable import Protocol
from cardservice.clock import now
from cardservice.collection.packs_taken_in import take_in
from cardservice.coverage.packs_in_force import PacksInForce
from cardservice.errors import KartuError
from cardservice.records.database import open_database
from cardservice.records.errors import DatabaseBehind
from cardservice.records.hot_path.opening import open_payment_store, open_verification_store
from cardservice.rule_folder import load_rule_packs
from cardservice.texts.catalogue import Language, text
from hsm.client.key_process import KeyProcess

EXIT_REFUSED = 1
BACKLOG = 512
GRACE_S = 10  # for requests under way when told to stop


def main() -> int:
    """Exit code 0: stopped by a signal. 1: a setting or part that keeps it from starting, named on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        settings = Settings.load(os.environ)
        packs = load_rule_packs(settings.rule_packs, settings.rule_pack_key)
        listening = _listen(settings)
        settings = settings.at_port(listening.getsockname()[1])
        with listening, asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(settings, packs, listening))
    except KartuError as refused:
        words = text(refused.code)
        cause = words.cause(Language.ENGLISH, refused.evidence)
        sys.stderr.write(f"{refused.code}: {cause} {words.remedy(Language.ENGLISH, refused.evidence)}\n")
        return EXIT_REFUSED
    return 0


async def _serve(settings: Settings, packs: PacksInForce, listening: socket.socket) -> None:
    url = settings.database_url
    store = RecordsStore(open_database(url), await open_verification_store(url), await open_payment_store(url))
    try:
        packs = _known_here(store, packs)
        key_users = None if settings.keys_uid is None else [settings.keys_uid]
        with KeyProcess(settings.keys_socket, server_uids=key_users) as keys:
            app = create_app(settings, keys=keys, store=store, packs=packs, clock=now)
            server = _Server(
                uvicorn.Config(
                    app,
                    http=Protocol,
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    proxy_headers=False,
                    lifespan="off",
                    timeout_graceful_shutdown=GRACE_S,
                )
            )
            host, port = listening.getsockname()[:2]
            sys.stdout.write(f"listening http://{f'[{host}]' if ':' in host else host}:{port}\n")
            sys.stdout.flush()
            forgetting = asyncio.create_task(forget_for_ever(store, now))
            await server.serve([listening])
            forgetting.cancel()
    finally:
        await store.close()


def _known_here(store: RecordsStore, packs: PacksInForce) -> PacksInForce:
    """The packs with the moments since when they are known. A database that is behind answers no question yet, and /readyz says so."""
    try:
        return take_in(store.database, packs, now())
    except DatabaseBehind:
        return packs


class _Server(uvicorn.Server):
    """Ends in order on SIGTERM and SIGINT, and does not raise the signal again, so that what is open is closed after it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask for the end; a second signal ends at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def _listen(settings: Settings) -> socket.socket:
    """Bind before anything else: a port that is taken is a setting to be named, not a stack trace."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(BACKLOG)
    except OSError as failed:
        listening.close()
        raise ServiceSettingWrong(setting="KARTU_LISTEN", rule=failed.strerror or "unusable") from None
    return listening


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    """The loop of uvloop where it is there (not on Windows)."""
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return uvloop.Loop


if __name__ == "__main__":
    sys.exit(main())
