# SPDX-License-Identifier: Apache-2.0
"""``kartu intermediary secret`` and ``revoke-secret``: the secret with which an intermediary calls the service."""

import secrets
from typing import Annotated

import typer

from cardservice import clock
from cardservice.partnership.intermediary_secret import SECRET_OCTETS, give_secret, revoke_secret
from reader_tools.cli.bureau import open_records
from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.person import Person
from reader_tools.cli.secret_file import SecretFile, secret_place
from reader_tools.cli.settings import Settings


def secret(
    code: Annotated[str, typer.Argument(help="The intermediary's code, such as BANK-A.")],
    by: Person,
    secret_file: SecretFile = None,
    as_json: AsJson = False,
) -> None:
    """Give an intermediary a secret for the service: shown this once, kept by nobody here. One that it had before ends.

    Example: kartu intermediary secret BANK-A --by ani --secret-file bank-a.secret
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, secret_place(secret_file) as place, database.begin() as connection:
        octets = secrets.token_bytes(SECRET_OCTETS)
        given = give_secret(connection, code, random_octets=octets, by=by, at=clock.now())
        place.keep(given)
    output.show({"code": code} | place.document(given), lambda console: place.tell(output, console, given))


def revoke(
    code: Annotated[str, typer.Argument(help="The intermediary's code, such as BANK-A.")],
    by: Person,
    as_json: AsJson = False,
) -> None:
    """Take an intermediary's secret back: from now on it is unknown.

    Example: kartu intermediary revoke-secret BANK-A --by ani
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    with open_records(settings) as database, database.begin() as connection:
        revoke_secret(connection, code, by=by, at=clock.now())
    said = output.say("Rahasia dicabut", "Secret revoked")
    output.show({"code": code, "revoked": True}, lambda console: console.print(f"{said}: {code}", markup=False))
