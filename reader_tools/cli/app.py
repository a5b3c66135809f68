# SPDX-License-Identifier: Apache-2.0
"""How ``kartu`` is put together: one table of command groups, each a file with an ``app``."""

import typer

from reader_tools.cli.exit_code import EXPLAINED
from reader_tools.cli.lazy_group import Entry, LazyGroup


class KartuGroup(LazyGroup):
    """The root. A new group is one file and one line here."""

    entries = {  # noqa: RUF012 - ClassVar in LazyGroup
        "doctor": Entry("reader_tools.cli.doctor", "Look at this machine and say what is wrong, with the remedy."),
        "reader": Entry("reader_tools.cli.reader", "Card readers: list, watch, test."),
        "card": Entry("reader_tools.cli.card", "Cards: info, personalize, resume, verify, void, virtual."),
        "member": Entry("reader_tools.cli.member", "Members: import a list, ask the population registry."),
        "registry": Entry("reader_tools.cli.registry", "The population registry, simulated."),
        "intermediary": Entry("reader_tools.cli.intermediary", "Intermediaries: who may enrol and collect, and where."),
        "order": Entry("reader_tools.cli.order", "Card orders: place, approve, list."),
        "desk": Entry("reader_tools.cli.desk", "What this desk holds for when the line is down: refresh, show."),
        "stock": Entry("reader_tools.cli.stock", "Stock of blank cards: receive and count."),
        "verifier": Entry("reader_tools.cli.verifier", "Verifiers: who may ask, and with which key."),
        "collection": Entry(
            "reader_tools.cli.collection", "Contributions coming in: banks, aggregators, payment numbers."
        ),
        "mockbank": Entry("reader_tools.cli.mockbank", "A bank of our own that tries the service's SNAP routes."),
        "coverage": Entry(
            "reader_tools.cli.coverage", "Cover: rule packs, checked, signed and compared over the base."
        ),
        "group": Entry("reader_tools.cli.group", "Group payers: one sum for a list of members; months that move."),
        "agent": Entry("reader_tools.cli.agent", "Agents' cash: receipts, remittance, ageing, stops."),
        "report": Entry("reader_tools.cli.report", "Reports about contributions: figures, no small groups."),
        "demo": Entry("reader_tools.cli.demo", "The whole walk, from a blank card to a verified patient."),
        "serve": Entry("reader_tools.cli.serve", "Start the service."),
        "database": Entry("reader_tools.cli.database", "The database: make it, bring it up to date."),
        "hsm": Entry("reader_tools.cli.hsm", "The key process: start it, create keys, look at them."),
        "keys": Entry(
            "reader_tools.cli.keys", "Custody of the keys: ceremony, list, rotate, backup, restore, attest, publish."
        ),
    }


app = typer.Typer(cls=KartuGroup, no_args_is_help=True, add_completion=False)


@app.callback(epilog=EXPLAINED)
def kartu() -> None:
    """Issues Indonesia's social security card and answers whether its holder is covered.

    Every command takes --json (one JSON document on standard output) and --help. Settings are environment variables: KARTU_DATA_DIR,
    KARTU_API_URL, KARTU_HSM_SOCKET, KARTU_KEYS, KARTU_DATABASE_URL, KARTU_LANGUAGE (id or en), KARTU_READER.

    Example: kartu doctor
    """
