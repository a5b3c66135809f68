# SPDX-License-Identifier: Apache-2.0
"""``kartu card``: the table of its commands, each a file of its own with an ``app``."""

import typer

from reader_tools.cli.lazy_group import Entry, LazyGroup


class CardGroup(LazyGroup):
    """What can be done with a card."""

    entries = {  # noqa: RUF012 - ClassVar in LazyGroup
        "info": Entry("reader_tools.cli.card_info", "Say what the card in the reader is."),
        "personalize": Entry("reader_tools.cli.card_personalize", "Make a blank card a member's card."),
        "resume": Entry("reader_tools.cli.card_resume", "Go on with a personalization that was cut short."),
        "refresh": Entry("reader_tools.cli.card_refresh", "Bring the card's cover proofs up to what was paid."),
        "verify": Entry("reader_tools.cli.card_verify", "Ask whether the card's holder is covered."),
        "certificate": Entry("reader_tools.cli.card_certificate", "Does the card's own certificate hold, off line."),
        "under-ca": Entry("reader_tools.cli.card_under_ca", "The live cards under a withdrawn card CA."),
        "void": Entry("reader_tools.cli.card_void", "Take a card out of use."),
        "tell-revoked": Entry("reader_tools.cli.card_tell_revoked", "Tell the key process of every revoked card."),
        "virtual": Entry("reader_tools.cli.virtual", "The virtual card: insert, remove, tear."),
    }


app = typer.Typer(cls=CardGroup, no_args_is_help=True)


@app.callback()
def card() -> None:
    """Cards: what the one in the reader is, and what can be done with it.

    Example: kartu card virtual insert
    """
