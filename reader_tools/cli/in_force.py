# SPDX-License-Identifier: Apache-2.0
"""Whether a partner is served, as a cell of a list."""

from datetime import datetime

from reader_tools.cli.output import Output


def in_force(output: Output, revoked_at: datetime | None) -> str:
    """Yes, or revoked and since when."""
    if revoked_at is None:
        return output.say("ya", "yes")
    return f"{output.say('dicabut', 'revoked')} {revoked_at:%Y-%m-%d}"
