# SPDX-License-Identifier: Apache-2.0
"""``kartu intermediary``: who enrols members and collects contributions on the scheme's behalf, for whom, where and until when."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import typer
from rich.console import Console

from cardservice import clock
from cardservice.coverage.standing import WorkSector
from cardservice.enrolment.intermediary import (
    NewIntermediary,
    add_intermediary,
    reinstate_intermediary,
    suspend_intermediary,
)
from cardservice.enrolment.region import WHOLE_COUNTRY
from cardservice.enrolment.scope import Deed, Outside, Scope, decide, effective
from cardservice.records import intermediaries
from cardservice.records.intermediaries import SCHEME_CODE, Intermediary, IntermediaryKind
from cardservice.verification.civil_day import civil_day
from reader_tools.cli.bureau import open_records
from reader_tools.cli.intermediary_secret import revoke, secret
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.settings import Settings

app = typer.Typer(no_args_is_help=True)


class Kind(StrEnum):
    """Kinds of intermediary as a person types them."""

    LOCAL_GOVERNMENT = "local-government"
    COOPERATIVE = "cooperative"
    BANK = "bank"
    RETAIL_AGENT = "retail-agent"
    FIELD_AGENT = "field-agent"


Code: TypeAlias = Annotated[str, typer.Argument(help="The intermediary's code, such as KOP-MELATI.")]
Reason: TypeAlias = Annotated[str, typer.Option(help="Why; kept in the books.")]
Day: TypeAlias = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], show_default=False)]


@app.callback()
def intermediary() -> None:
    """Intermediaries: local governments, cooperatives, banks and agents, in a tree under the scheme (PUSAT).

    Example: kartu intermediary list
    """


app.command("secret")(secret)
app.command("revoke-secret")(revoke)


@app.command()
def add(
    code: Code,
    name: Annotated[str, typer.Option(help="Its name.")],
    kind: Annotated[Kind, typer.Option(case_sensitive=False, help="What it is.")],
    by: Person,
    under: Annotated[str, typer.Option(help="The code of the one above it.")] = SCHEME_CODE,
    region: Annotated[
        list[str] | None,
        typer.Option(
            help="Where it may act: a province (2 digits), district (4) or sub-district (6); again for more. Default: everywhere.",
            show_default=False,
        ),
    ] = None,
    work_sector: Annotated[
        list[WorkSector] | None,
        typer.Option(help="For members of which work sector; again for more. Default: all.", show_default=False),
    ] = None,
    enrol: Annotated[bool, typer.Option("--enrol/--no-enrol", help="May enrol members.")] = True,
    collect: Annotated[bool, typer.Option("--collect/--no-collect", help="May collect contributions.")] = False,
    valid_from: Day = None,
    valid_until: Day = None,
    as_json: AsJson = False,
) -> None:
    """Take an intermediary in. It may never do more than those above it.

    Example: kartu intermediary add KOP-MELATI --name "Koperasi Melati" --kind cooperative --region 3273 --collect --by ani
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    at = clock.now()
    deeds = {Deed.ENROL: enrol, Deed.COLLECT: collect}
    told = NewIntermediary(
        code=code,
        name=name,
        kind=IntermediaryKind[kind.name],
        under=under,
        scope=Scope(
            frozenset(deed for deed, may in deeds.items() if may),
            frozenset(work_sector or WorkSector),
            frozenset(region) if region else WHOLE_COUNTRY,
            valid_from.date() if valid_from else civil_day(at),
            valid_until.date() if valid_until else None,
        ),
    )
    with open_records(settings) as database, database.begin() as connection:
        added = add_intermediary(connection, told, new_id=lambda: secrets.token_hex(16), by=by, at=at)
        line = intermediaries.line_of(connection, added.code)
    _show(output, line, civil_day(at))


@app.command("list")
def list_intermediaries(as_json: AsJson = False) -> None:
    """List every intermediary, each below the one it belongs to.

    Example: kartu intermediary list
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    today = civil_day(clock.now())
    with open_records(settings) as database, database.read() as connection:
        found = intermediaries.every(connection)
    by_id = {each.intermediary_id: each for each in found}
    lines = [tuple(by_id[part] for part in each.lineage.split("/")) for each in found]

    def people(console: Console) -> None:
        heads = (
            output.say("Kode", "Code"),
            output.say("Nama", "Name"),
            output.say("Jenis", "Kind"),
            output.say("Wilayah", "Regions"),
            output.say("Boleh mendaftarkan", "May enrol"),
            output.say("Boleh menagih", "May collect"),
        )
        rows = [
            (
                "  " * (len(line) - 1) + line[-1].code,
                line[-1].name,
                line[-1].kind.value.lower().replace("_", "-"),
                _regions(line[-1], output),
                *(_may(line, deed, today, output) for deed in (Deed.ENROL, Deed.COLLECT)),
            )
            for line in lines
        ]
        console.print(output.table(heads, rows), markup=False)

    output.show({"intermediaries": [_document(line, today) for line in lines]}, people)


@app.command()
def show(code: Code, as_json: AsJson = False) -> None:
    """Show one intermediary: its own scope, what is left of it under those above, and whether it may act today.

    Example: kartu intermediary show KOP-MELATI
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.read() as connection:
        line = intermediaries.line_of(connection, code)
    _show(output, line, civil_day(clock.now()))


@app.command()
def suspend(code: Code, by: Person, reason: Reason, as_json: AsJson = False) -> None:
    """Stop an intermediary, and everyone below it, at once. Members it enrolled keep their cover.

    Example: kartu intermediary suspend KOP-MELATI --by ani --reason "contributions not remitted"
    """
    settings = Settings.load()
    at = clock.now()
    with open_records(settings) as database, database.begin() as connection:
        suspend_intermediary(connection, code, by=by, reason=reason, at=at)
        line = intermediaries.line_of(connection, code)
    _show(Output.of(settings, as_json=as_json), line, civil_day(at))


@app.command()
def reinstate(code: Code, by: Person, reason: Reason, as_json: AsJson = False) -> None:
    """Let a suspended intermediary work again.

    Example: kartu intermediary reinstate KOP-MELATI --by ani --reason "remitted in full"
    """
    settings = Settings.load()
    at = clock.now()
    with open_records(settings) as database, database.begin() as connection:
        reinstate_intermediary(connection, code, by=by, reason=reason, at=at)
        line = intermediaries.line_of(connection, code)
    _show(Output.of(settings, as_json=as_json), line, civil_day(at))


def _show(output: Output, line: Sequence[Intermediary], today: date) -> None:
    own = line[-1]

    def people(console: Console) -> None:
        console.print(f"{own.code}: {own.name}", markup=False)
        console.print("  " + " > ".join(each.code for each in line), markup=False)
        console.print(f"  {output.say('wilayah', 'regions')}: {_regions(own, output)}", markup=False)
        for deed, said in (
            (Deed.ENROL, output.say("mendaftarkan", "enrol")),
            (Deed.COLLECT, output.say("menagih", "collect")),
        ):
            console.print(f"  {said}: {_may(line, deed, today, output)}", markup=False)

    output.show(_document(line, today), people)


def _document(line: Sequence[Intermediary], today: date) -> dict[str, object]:
    own = line[-1]
    return {
        "code": own.code,
        "name": own.name,
        "kind": own.kind,
        "line": [each.code for each in line],
        "scope": _scope(Scope.of(own)),
        "effective_scope": _scope(effective(line)),
        "suspended_at": own.suspended_at,
        "today": {deed.value.lower(): _decision(line, deed, today) for deed in Deed},
    }


def _scope(scope: Scope) -> dict[str, object]:
    return {
        "deeds": sorted(scope.deeds),
        "work_sectors": sorted(scope.work_sectors),
        "regions": sorted(each or "*" for each in scope.regions),
        "valid_from": scope.valid_from,
        "valid_until": scope.valid_until,
    }


def _decision(line: Sequence[Intermediary], deed: Deed, today: date) -> dict[str, object]:
    decision = decide(line, deed, today)
    if isinstance(decision, Outside):
        return {"allowed": False, "ground": decision.ground, "at": decision.at, **decision.evidence}
    return {"allowed": True}


def _regions(own: Intermediary, output: Output) -> str:
    return ", ".join(sorted(each or output.say("seluruh Indonesia", "everywhere") for each in own.regions))


def _may(line: Sequence[Intermediary], deed: Deed, today: date, output: Output) -> str:
    decision = decide(line, deed, today)
    if isinstance(decision, Outside):
        return f"{output.say('tidak', 'no')} ({decision.ground.value}, {decision.at})"
    return output.say("ya", "yes")
