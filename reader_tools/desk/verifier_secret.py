# SPDX-License-Identifier: Apache-2.0
"""The verifier's secret on this desk: a file that only its owner may read."""

import stat
from pathlib import Path

from reader_tools.desk.errors import SecretUnreadable

MAX_LENGTH = 256


def read_secret(file: Path) -> str:
    """The secret. Raises SecretUnreadable where the file is lacking, open to others or no secret."""
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                raise SecretUnreadable(file=str(file), rule="mode 0600")
            content = opened.read(MAX_LENGTH + 1)
        secret = content.decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as failed:
        raise SecretUnreadable(file=str(file), rule=type(failed).__name__) from None
    if not 0 < len(secret) <= MAX_LENGTH:
        raise SecretUnreadable(file=str(file), rule="one line")
    return secret
