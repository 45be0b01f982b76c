"""What answers for the hub: export-person, erase-person, verify, doctor."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from .. import config as configuration
from .. import doctor as doctor_module
from ..hub.errors import HubError, NotFound
from ..store import StoreError
from .opening import fail, opened, sentences


@click.command("export-person")
@click.argument("email")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_person(email: str, file: Path) -> None:
    """Write all that is kept about a person to a new JSON file, for that person."""
    from . import personal

    _, store = opened()
    try:
        rows = personal.export(store, personal.find(store, email), file)
    except NotFound:
        fail("nobody has an account with that address.")
    except FileExistsError:
        fail(f"{file} is there already, and nothing is written over.")
    except OSError as error:
        fail(f"{file.absolute()} cannot be written: {error.strerror}. Name a folder that the hub's user may write to.")
    click.echo(f"{file}: {rows} rows.")


@click.command("erase-person")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_person(email: str, yes: bool) -> None:
    """Erase a person for good: the account, their words, and their name and address wherever they stand."""
    from . import personal

    config, store = opened()
    try:
        person_id = personal.find(store, email)
        for line in personal.hanging(store, person_id):
            click.echo(line)
        if not yes:
            click.confirm("This cannot be undone. Erase?", abort=True)
        personal.erase(config, store, person_id)
    except NotFound:
        fail("nobody has an account with that address.")
    except HubError as error:
        fail(sentences(error))
    click.echo(f"Erased: {person_id}. Backups from before hold the person until they are let go.")


@click.command()
@click.option(
    "--against", type=click.Path(dir_okay=False, path_type=Path), help="A backup whose rows must all be there still."
)
def verify(against: Path | None) -> None:
    """Read the whole record and say whether any row was changed, removed, moved or added past the hub."""
    from . import verifying

    _, store = opened()
    try:
        found = verifying.verify(store, against)
    except (StoreError, OSError) as error:
        fail(str(error))
    for line in verifying.lines(found):
        click.echo(line)
    sys.exit(1 if found.faults else 0)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Say what runs here and what is wrong; leave with status 1 if something is."""
    try:
        config = configuration.read()
    except configuration.ConfigurationError as error:
        fail(str(error))
    findings = doctor_module.examine(config)
    if as_json:
        click.echo(json.dumps([vars(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            click.echo(f"{finding.mark} {finding.name:<14} {finding.text}")
    sys.exit(1 if any(finding.level == "wrong" for finding in findings) else 0)
