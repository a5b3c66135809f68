# SPDX-License-Identifier: Apache-2.0
"""The key process as the commands of a desk ask it: on its socket, and only if it is run by the user that the settings name."""

from hsm.client.key_process import DEADLINE, KeyProcess
from reader_tools.cli.settings import Settings


def key_process(settings: Settings, *, patience: float = DEADLINE) -> KeyProcess:
    """The caller's side. A socket that another user listens on is refused (hsm-caller-refused) before anything is asked of it.

    ``patience`` is how long one question may take, in seconds.
    """
    uids = None if settings.keys_uid is None else [settings.keys_uid]
    return KeyProcess(settings.socket, deadline=patience, server_uids=uids)
