# SPDX-License-Identifier: Apache-2.0
"""``kartu collection``: the table of its commands, each a file of its own with an ``app``."""

import typer

from reader_tools.cli.lazy_group import Entry, LazyGroup


class CollectionGroup(LazyGroup):
    """What is done about contributions coming in."""

    entries = {  # noqa: RUF012 - ClassVar in LazyGroup
        "bank": Entry("reader_tools.cli.collection_bank", "Banks that collect over SNAP: add, list, revoke."),
        "aggregator": Entry("reader_tools.cli.collection_aggregator", "PPOB aggregators: add, list, revoke."),
        "reconcile": Entry("reader_tools.cli.collection_reconcile", "Hold a partner's statement against our payments."),
        "difference": Entry("reader_tools.cli.collection_difference", "Differences with partners: list, resolve."),
        "reverse": Entry("reader_tools.cli.collection_reverse", "Take a payment back that was credited wrongly."),
        "number": Entry("reader_tools.cli.collection_number", "Payment numbers: assign, show, end."),
    }


app = typer.Typer(cls=CollectionGroup, no_args_is_help=True)


@app.callback()
def collection() -> None:
    """Contributions coming in: who may collect, and which number a member pays to.

    Example: kartu collection bank list
    """
