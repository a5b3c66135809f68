# SPDX-License-Identifier: Apache-2.0
"""A card at this desk: whatever it came for, its cover proofs are brought up to the books before it is let go (decision 0096)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from cardservice.card_edge.dialogue import Card, run
from cardservice.errors import KartuError
from cardservice.issuance.refresh import Refresh, Stale
from cardservice.records.errors import DatabaseBehind
from reader_tools.cli.bureau import open_bureau, require_database
from reader_tools.cli.output import Output
from reader_tools.cli.settings import Settings
from reader_tools.desk.http_client import Service
from reader_tools.desk.relayed_renewal import Relayed, relay_renewal
from reader_tools.reader import OpenCard, open_card

KEY_PATIENCE = 0.5  # seconds for one question to the keys: the card came for something else
SERVICE_PATIENCE = 3.0  # seconds for one of three requests; by then the person has the answer

Renew: TypeAlias = Annotated[
    bool,
    typer.Option("--renew/--no-renew", help="Write cover proofs anew that are older than the books, if this desk may."),
]

_WHY = {
    Stale.PAID_THROUGH: ("pembayaran berubah", "payments changed"),
    Stale.ENDS_SOON: ("segera berakhir", "ends soon"),
    Stale.RULES: ("aturan baru", "new rules"),
    Stale.NOT_OURS: ("tidak terbaca", "not ours"),
}


class Renewal(StrEnum):
    """What became of the cover proofs in one contact."""

    GOOD = "good"  # looked at; none is older than the books
    RENEWED = "renewed"
    LEFT = "left"  # not written, or not all: the old ones still hold, and the next contact tries again
    NO_CARD = "no-card"  # no live card of ours
    NO_BOOKS = "no-books"  # a desk that only asks writes nothing
    NOT_WANTED = "not-wanted"


@dataclass(frozen=True, slots=True)
class Renewed:
    """How it went: why each sector's proof was written anew, or the error that kept this desk from it."""

    renewal: Renewal
    written: Mapping[int, Stale | None] = field(default_factory=dict)  # None: the service does not tell why
    trouble: str | None = None

    @property
    def document(self) -> dict[str, object]:
        """As JSON."""
        return {"renewal": self.renewal, "written": written_document(self.written), "trouble": self.trouble}

    def tell(self, output: Output, console: Console) -> None:
        """One line per sector written, one where it could not be done; nothing where there was nothing to do."""
        tell_written(output, console, self.written)
        if self.renewal is Renewal.LEFT:
            said = output.say(
                "Bukti kepesertaan di kartu belum diperbarui; dicoba lagi pada kontak berikutnya",
                "The cover proofs on the card were not renewed; the next contact tries again",
            )
            console.print(f"{said} ({self.trouble})", style="yellow", markup=False)


@dataclass(frozen=True, slots=True)
class Relay:
    """Through whom a desk without books renews: the service, by the receipt of the verification, in the verifier's own sector."""

    service: Service
    receipt_id: str
    sector: int


@dataclass(frozen=True, slots=True)
class Contact:
    """The card, ours until the ``with`` block ends."""

    card: OpenCard
    settings: Settings
    wanted: bool

    def renew(self, relay: Relay | None = None) -> Renewed:
        """Last in every contact, after the person has the answer: nothing that goes wrong here makes the contact fail.

        A desk without books can relay, where the service has said that there is something to renew.
        """
        if not self.wanted:
            return Renewed(Renewal.NOT_WANTED)
        renewed = renew_proofs(self.card, self.settings)
        return relay_proof(self.card, relay) if renewed.renewal is Renewal.NO_BOOKS and relay is not None else renewed

    def finish(
        self,
        output: Output,
        document: Mapping[str, object],
        people: Callable[[Console], None],
        relay: Relay | None = None,
    ) -> None:
        """A person reads the answer before the card's proofs are looked at; a program gets one document with both."""
        if not output.as_json:
            output.show(document, people)
        renewed = self.renew(relay)
        output.show({**document, "cover_proofs": renewed.document}, lambda console: renewed.tell(output, console))


@contextmanager
def contact(settings: Settings, reader: str | None, *, renew: bool) -> Iterator[Contact]:
    """The card in ``reader``, or in that of the settings."""
    with open_card(reader or settings.reader, settings.data_dir) as card:
        yield Contact(card, settings, renew)


def renew_proofs(card: Card, settings: Settings) -> Renewed:
    """Hold the card's proofs against the books of this desk, and write anew those that are older. Raises nothing of ours.

    A key process that is down says so at once, one that hangs within KEY_PATIENCE, and both before the card is asked anything.
    """
    try:
        require_database(settings)
    except DatabaseBehind:
        return Renewed(Renewal.NO_BOOKS)
    except KartuError as trouble:
        return Renewed(Renewal.LEFT, trouble=trouble.code)
    try:
        with open_bureau(settings, patience=KEY_PATIENCE) as bureau:
            done = run(Refresh(bureau).dialogue(), card)
    except KartuError as trouble:
        return Renewed(Renewal.LEFT, trouble=trouble.code)
    return Renewed(Renewal.RENEWED if done.written else Renewal.GOOD, done.written)


def relay_proof(card: Card, relay: Relay) -> Renewed:
    """Have the service renew the proof of one sector. Raises nothing of ours; a service that hangs is waited for SERVICE_PATIENCE at a time."""
    try:
        ended = relay_renewal(card, replace(relay.service, patience=SERVICE_PATIENCE), relay.receipt_id)
    except KartuError as trouble:
        return Renewed(Renewal.LEFT, trouble=str(trouble.evidence.get("problem", trouble.code)))
    return Renewed(Renewal.RENEWED, {relay.sector: None}) if ended is Relayed.RENEWED else Renewed(Renewal.GOOD)


def written_document(written: Mapping[int, Stale | None]) -> dict[str, object]:
    """Why each sector's proof was written anew, as JSON."""
    return {f"{sector:02X}": why for sector, why in written.items()}


def tell_written(output: Output, console: Console, written: Mapping[int, Stale | None]) -> None:
    """One line per sector, for a person."""
    for sector, why in written.items():
        said = output.say("Bukti kepesertaan baru, sektor", "New cover proof, sector")
        console.print(f"{said} {sector:02X}" + (f": {output.say(*_WHY[why])}" if why else ""), markup=False)
