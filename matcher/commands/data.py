"""What brings rows in and out: import, copy-database, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .. import config as configuration
from ..exchange import databases, imports
from ..hub import clock
from ..store import StoreError, UniqueViolation, open_store
from .opening import fail, opened, store_of


@click.command("import")
@click.argument("kind", type=click.Choice(["needs", "startups", "testbeds"]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--map", "mapping", multiple=True, metavar="FIELD=HEADING", help="Where a field stands; again and again.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--publish", is_flag=True, help="Publish what is created at once.")
@click.option("--source", default="", help="Name of the source; with an id it makes a row known again.")
@click.option(
    "--refused", type=click.Path(path_type=Path), help="Write the rows not taken, with the reason, to this CSV."
)
@click.option("--quiet", is_flag=True, help="No bar and no row reports; the last line only.")
def import_file(kind: str, file: Path, mapping: tuple[str, ...], **options: Any) -> None:
    """Import needs, startups or testbeds from CSV, XLSX, JSON or JSONL."""
    from ..exchange.command import run_import

    _, store = opened()
    try:
        raise SystemExit(run_import(store, kind, file, mapping, **options))
    except imports.ImportRefused as error:
        fail(str(error))


@click.command("copy-database")
@click.argument("source")
@click.argument("target")
def copy_database(source: str, target: str) -> None:
    """Copy a whole hub from one database to another, empty one; run again, a broken copy goes on where it stopped."""
    from ..progress import rows

    try:
        with rows() as report:
            counts = databases.copy_database(
                databases.existing(source), open_store(target), report, say=lambda text: click.echo(text, err=True)
            )
    except UniqueViolation as error:
        why = str(error).partition("\n")[0]
        fail(f"{why}. Does another copy write into this database? Let it come to its end, then run this again")
    except (StoreError, ValueError) as error:
        fail(str(error))
    for table, count in counts.items():
        click.echo(f"{count:>9}  {table}")
    click.echo(f"All {sum(counts.values())} rows are there, in each table as many. Now set DATABASE_URL to the target.")


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
def backup(folder: Path | None) -> None:
    """Write a backup of the hub into a folder (MATCHER_BACKUPS) while it runs, and check it."""
    from ..exchange import backups
    from ..progress import rows

    config, store = opened()
    target = folder or config.backups
    if target is None:
        fail("name a folder, or set MATCHER_BACKUPS")
    try:
        with rows() as report:
            made = backups.make(store, target, clock.now(), report)
    except (StoreError, OSError) as error:
        fail(str(error))
    click.echo(f"{made.path}: {made.path.stat().st_size / 1e6:.1f} MB, {sum(made.counts.values())} rows, checked.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Only check that the backup is whole.")
def restore(file: Path, check: bool) -> None:
    """Bring a backup back into the hub's database, which must be empty."""
    from ..exchange import backups, erased
    from ..progress import rows

    again: list[str] = []
    try:
        config = configuration.read()
        folders = (file.absolute().parent, config.backups, config.instance)
        if check:
            counts = backups.check(file)
        else:
            store = store_of(config)
            with rows() as report:
                counts = backups.restore(file, store, report)
            again = erased.again(store, folders, clock.now())
            erased.note(store, folders)
    except databases.TargetNotEmpty:
        fail("the hub's database holds rows, and nothing is written over: stop the hub, move its database aside "
             "(or set DATABASE_URL to an empty one), and run this again")  # fmt: skip
    except (configuration.ConfigurationError, StoreError, ValueError, OSError) as error:
        fail(str(error))
    click.echo(f"{file}: {sum(counts.values())} rows, {'whole' if check else 'all brought back'}.")
    if again:
        click.echo(f"Erased again, as it was after this backup: {len(again)} ({', '.join(again)}).")
