# SPDX-License-Identifier: Apache-2.0
"""``kartu member show``, ``recheck`` and ``accept``: what the population registry says of members."""

from typing import Annotated

import typer
from rich.console import Console

from cardservice import clock
from cardservice.enrolment.population_question import accept_difference, identity, recheck
from cardservice.enrolment.population_state import Entitlement, IdentityStanding
from cardservice.records import enrolments, members, population_checks
from cardservice.records.connection import Connection
from cardservice.records.errors import RecordNotFound
from cardservice.records.population_acceptances import SeenDocument
from reader_tools.cli.bureau import open_records
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.settings import Settings

STANDINGS = {
    IdentityStanding.UNANSWERED: (
        "sementara, menunggu data kependudukan",
        "provisional, the registry has not answered",
    ),
    IdentityStanding.VERIFIED: ("cocok dengan data kependudukan", "verified by the registry"),
    IdentityStanding.DIFFERS: ("tidak cocok dengan data kependudukan", "differs from the registry"),
    IdentityStanding.ACCEPTED: (
        "tidak cocok dengan data kependudukan, diterima oleh petugas",
        "differs from the registry, accepted by a person",
    ),
    IdentityStanding.ASKED_AGAIN: (
        "tadinya tidak cocok dengan data kependudukan, ditanyakan lagi",
        "differed from the registry, is asked about again",
    ),
}


def show(
    member_ref: Annotated[str, typer.Argument(help="The member's reference, such as P-0001.")], as_json: AsJson = False
) -> None:
    """Show who enrolled a member and what the population registry says; no name, no NIK.

    Example: kartu member show P-0001
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.read() as connection:
        document = _document(connection, member_ref)
    _show(output, document)


def ask_again(
    member_ref: Annotated[str, typer.Argument(help="The member's reference, such as P-0001.")],
    by: Person,
    as_json: AsJson = False,
) -> None:
    """Ask the registry about a member again, such as one whose entry was corrected there.

    Example: kartu member recheck P-0001 --by ani
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database:
        with database.begin() as connection:
            recheck(connection, member_ref, by=by, at=clock.now())
        with database.read() as connection:
            document = _document(connection, member_ref)
    _show(output, document)


def accept(
    member_ref: Annotated[str, typer.Argument(help="The member's reference, such as P-0001.")],
    seen: Annotated[SeenDocument, typer.Option(help="The document that was seen.")],
    by: Person,
    as_json: AsJson = False,
) -> None:
    """Answer for a member whom the registry knows otherwise, having seen a document: not for a card that the same person ordered.

    It holds for this answer only. New data, or asking again, end it.

    Example: kartu member accept P-0001 --seen identity-card --by citra
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database:
        with database.begin() as connection:
            accept_difference(connection, member_ref, by=by, seen=seen, at=clock.now())
        with database.read() as connection:
            document = _document(connection, member_ref)
    _show(output, document)


def _document(connection: Connection, member_ref: str) -> dict[str, object]:
    member = members.find_by_ref(connection, member_ref)
    if member is None:
        raise RecordNotFound(record="member")
    found = identity(connection, member.member_id)
    answers = population_checks.answers(connection, member.member_id)
    whose = enrolments.of_members(connection, [member.member_id]).get(member.member_id)
    return {
        "ref": member.external_ref,
        "enrolled_through": whose.code if whose else None,
        "region": whose.region if whose else None,
        "population": found.state,
        "standing": found.standing,
        "accepted_by": found.accepted.accepted_by if found.accepted else None,
        "seen": found.accepted.seen if found.accepted else None,
        "verdicts": dict(answers[-1].verdicts) if answers else None,
        "answered_at": answers[-1].at if answers else None,
        "entitled": {each.value.lower(): bool(found.entitled(each)) for each in Entitlement},
    }


def _show(output: Output, document: dict[str, object]) -> None:
    standing = IdentityStanding(str(document["standing"]))
    has_card = dict(document["entitled"])["card"]  # type: ignore[call-overload]  # of _document()

    def people(console: Console) -> None:
        console.print(f"{document['ref']}: {output.say(*STANDINGS[standing])}", markup=False)
        console.print(
            f"  {output.say('didaftarkan lewat', 'enrolled through')}: {document['enrolled_through']}", markup=False
        )
        if not has_card:
            console.print(
                f"  {output.say('kartu baru tidak dapat dipesan', 'no new card can be ordered')}", markup=False
            )

    output.show(document, people)
