# SPDX-License-Identifier: Apache-2.0
"""What nobody foresaw: one line of apology to the caller, and the place in our code to the log; no value leaves either way (decision 0063)."""

import logging
import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.gate.headers import language_of
from api.problems import internal_response

log = logging.getLogger("kartu.api")


class Unforeseen:
    """Turns any exception into the kartu-internal problem."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass; answer 500 if it breaks before an answer began."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watching(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watching)
        except Exception as error:  # noqa: BLE001 - this is the place where everything ends
            note_unforeseen(error)
            if not begun:
                await internal_response(language_of(scope))(scope, receive, send)


def note_unforeseen(error: BaseException) -> None:
    """Log the class and the frames of an exception; its message may quote a secret, so it stays out."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("unforeseen %s\n%s", type(error).__qualname__, frames)
