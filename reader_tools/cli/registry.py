# SPDX-License-Identifier: Apache-2.0
"""``kartu registry``: a simulated population registry, for tests and demonstrations."""

from pathlib import Path
from typing import Annotated

import typer

from reader_tools.cli.output import AsJson, Output
from reader_tools.cli.registry_settings import read_password
from reader_tools.cli.settings import Settings
from reader_tools.registry.people import Behaviour, read_people
from reader_tools.registry.simulator import RegistrySimulator

app = typer.Typer(no_args_is_help=True)


@app.callback()
def registry() -> None:
    """The population registry, simulated.

    Example: kartu registry simulate --people examples/members.csv
    """


@app.command()
def simulate(
    people: Annotated[Path, typer.Option(help="Whom it knows: CSV with nik, name, birth_date; a member list will do.")],
    behaviour: Annotated[
        Behaviour, typer.Option(case_sensitive=False, help="How it answers where the list does not say.")
    ] = Behaviour.ANSWER,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0 takes any.")] = 0,
    slow_seconds: Annotated[float, typer.Option(min=0.0, max=600.0, help="How long slow takes.")] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Serve a registry on this machine until interrupted. It prints its address; the password is in KARTU_REGISTRY_PASSWORD_FILE.

    A column named behaviour says per person: answer, mismatch, wrong-person, not-found, slow, down, error, refuses-us, garbage, endless.

    Example: kartu registry simulate --people examples/members.csv --port 8090
    """
    settings = Settings.load()
    output = Output.of(settings, as_json=as_json)
    known = read_people(people, behaviour)
    with RegistrySimulator(known, password=read_password(), port=port, slow_seconds=slow_seconds) as simulator:
        said = output.say("Data kependudukan TIRUAN", "SIMULATED population registry")
        output.event({"url": simulator.url, "people": len(known)}, f"{said}: KARTU_REGISTRY_URL={simulator.url}")
        simulator.serve_forever()
