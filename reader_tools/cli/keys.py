# SPDX-License-Identifier: Apache-2.0
"""``kartu keys``: the table of its commands, each a file of its own with an ``app``."""

import typer

from reader_tools.cli.lazy_group import Entry, LazyGroup


class KeysGroup(LazyGroup):
    """What people do with the keys themselves."""

    entries = {  # noqa: RUF012 - ClassVar in LazyGroup
        "ceremony": Entry("reader_tools.cli.keys_ceremony", "Make a whole key set from one reviewed plan."),
        "handover": Entry("reader_tools.cli.keys_handover", "Other custodians, officers in or out, by a quorum."),
        "list": Entry("reader_tools.cli.keys_list", "Every key, its state, and what is due."),
        "rotate": Entry("reader_tools.cli.keys_rotate", "The next key of a purpose; old ones stay readable."),
        "destroy": Entry("reader_tools.cli.keys_destroy", "Destroy a key that has ended."),
        "withdraw": Entry("reader_tools.cli.keys_withdraw", "Believe a card CA's certificate no more."),
        "backup": Entry("reader_tools.cli.keys_backup", "Wrapped keys and a signed manifest, to be carried away."),
        "restore": Entry("reader_tools.cli.keys_restore", "Bring keys back with a quorum of shares."),
        "attest": Entry("reader_tools.cli.keys_attest", "A signed statement of every key, for an auditor."),
        "grant": Entry("reader_tools.cli.keys_grant", "What one or two officers allow once: sign it, use it."),
        "publish": Entry("reader_tools.cli.keys_publish", "Public keys and CA certificates as files for web caches."),
    }


app = typer.Typer(cls=KeysGroup, no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Custody of the keys: what people do with them, seldom and on record (docs/operations/keys.md).

    Example: kartu keys list
    """
