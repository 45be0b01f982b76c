"""The `matcher` command: one thin function per verb."""

from __future__ import annotations

import json
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from . import config as configuration
from . import doctor as doctor_module
from .exchange import databases, demo, imports
from .hub import clock, needs, organisations, passwords, people
from .hub.errors import HubError, Invalid, NotFound
from .serving import PortTaken, serve_all
from .store import Store, StoreError, open_store
from .store.schema import migrate as migrate_store


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="matcher")
def main() -> None:
    """Matcher: needs, startups, testbeds, pairings. Settings come from the environment (see matcher/config.py)."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def fail(message: str) -> NoReturn:
    """Say what is wrong on stderr and leave with status 1."""
    click.echo(f"matcher: {message}", err=True)
    raise SystemExit(1)


def opened() -> tuple[configuration.Config, Store]:
    """Return the settings and the migrated store, or leave with a clear word."""
    try:
        config = configuration.read()
        store = open_store(config.database_url)
        migrate_store(store)
    except (configuration.ConfigurationError, StoreError, ValueError) as error:
        fail(str(error))
    return config, store


@main.command()
def migrate() -> None:
    """Bring the database to this version of the code."""
    _, store = opened()
    click.echo(f"The database is up to date ({store.describe()['engine']}).")


@main.command("demo")
def load_demo() -> None:
    """Load the fictional demo hub into an empty database."""
    _, store = opened()
    if not demo.is_empty(store):
        fail("this hub has data; the demo is only loaded into an empty one. Choose another MATCHER_INSTANCE.")
    counts = demo.load(store, clock.now())
    click.echo(", ".join(f"{count} {noun}" for noun, count in counts.items()) + " loaded.")


@main.command()
@click.option("--demo", "with_demo", is_flag=True, help="Load the fictional demo hub if the database is empty.")
def run(with_demo: bool) -> None:
    """Serve the pages and do the background work, until Ctrl-C."""
    config, store = opened()
    if with_demo and demo.is_empty(store):
        click.echo("Loading the demo hub …")
        demo.load(store, clock.now())
    if with_demo and demo.is_loaded(store):
        # The processes below read it too. Never for a hub with data of its own: a demo shows everybody's mail.
        os.environ["MATCHER_DEMO"] = os.environ.get("MATCHER_DEMO") or "1"
        config = configuration.read()
    elif with_demo:
        click.echo("This hub has data of its own: the demo is left out.")
    accounts = demo.ACCOUNTS if config.demo and demo.is_loaded(store) else ()
    store.close()
    try:
        raise SystemExit(serve_all(config, accounts))
    except PortTaken as error:
        fail(str(error))


@main.command()
def work() -> None:
    """Do the background work: the model, imports, mail. `run` starts it beside the pages."""
    from . import work as background
    from .ranking.embedder import EmbedderTaken
    from .ranking.weights import ModelDamaged

    config, store = opened()
    store.close()
    try:
        background.run(config)
    except (EmbedderTaken, ModelDamaged, OSError) as error:
        fail(str(error))


@main.command()
def model() -> None:
    """Unpack the default model and check its sums, so that the first start need not."""
    from .ranking import weights

    try:
        config = configuration.read()
        if config.model != weights.DEFAULT_MODEL:
            click.echo(f"MATCHER_MODEL names {config.model}: there is nothing to unpack.")
            return
        folder = weights.ensure_model(config.instance / "models")
        click.echo(f"{folder.name} {weights.check_model(folder)}")
    except (configuration.ConfigurationError, weights.ModelDamaged, OSError) as error:
        fail(str(error))


@main.command("create-administrator")
@click.argument("email")
@click.option("--name", prompt="Your name")
@click.option("--hub", prompt="The hub's name")
@click.password_option()
def create_administrator(email: str, name: str, hub: str, password: str) -> None:
    """Create the first administrator (who is also broker) and the hub's own organisation."""
    config, store = opened()
    now = clock.now()
    try:
        hashed = passwords.hashed(password, (email, name))
        with store.atomic():
            hubs = organisations.hub(store)
            home = hubs["id"] if hubs else organisations.create(store, None, {"name": hub, "kind": "hub"}, now)
            person = people.create(store, email, name, now, password_hash=hashed)
            for role in ("administrator", "broker"):
                people.grant(store, person, home, role, None, now)
    except HubError as error:
        fail(_sentences(error))
    name = organisations.get(store, home)["name"]
    click.echo(f"{email} is administrator and broker of {name}. Log in at {config.base_url}/login")


def _sentences(error: HubError) -> str:
    """Return what went wrong in the words of the pages, in English; a field that is wrong by its name."""
    from .web import words

    if isinstance(error, Invalid):
        return " ".join(f"{name}: {words.field_error(code, params)}" for name, (code, params) in error.errors.items())
    return words.sentence(error) or error.code


@main.command("rank")
@click.argument("need_id")
@click.option("--top", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rank(need_id: str, top: int, as_json: bool) -> None:
    """Rank the startups for one need, as the broker's page does."""
    from datetime import date

    from .ranking import shipped
    from .ranking.encoder import load_encoder
    from .ranking.indexing import identity
    from .ranking.matches import as_data
    from .ranking.ranker import Ranker

    config, store = opened()
    row = store.query("select * from need where id = :id", {"id": need_id})
    if not row:
        fail(f"there is no need {need_id!r}. Its id stands at the end of its page's address.")
    encoder = load_encoder(config.model, config.instance)
    background = shipped.load(config.instance, identity(encoder))
    ranker = Ranker(store, encoder, lambda: background)
    ranking = ranker.startups_for(needs.decode(row[0]), date.today(), top=top)
    if as_json:
        click.echo(json.dumps(as_data(ranking), ensure_ascii=False, indent=1))
        return
    for match in ranking.matches:
        stopped = f"  [{', '.join(gate.code for gate in match.gates)}]" if match.gates else ""
        click.echo(f"{match.rank:>3}  {match.score:+.3f}  {match.row['name']}{stopped}")
        for meeting in (match.reasons.meetings if match.reasons else [])[:1]:
            click.echo(f"              {meeting.need}\n            → {meeting.profile}")
    click.echo(f"{ranking.total} startups, model {ranking.model}, scoring {ranking.scoring}")


@main.command("plan")
@click.option("--round", "round_id", metavar="ID", help="Plan a kept round, with its locks; the terms are its own.")
@click.option("--save", metavar="NAME", help="Keep the round under this name, for the brokers' page.")
@click.option("--starts-on", metavar="DAY", help="A day in the first quarter; else the next quarter.")
@click.option("--quarters", type=click.IntRange(1, 8), default=4, show_default=True)
@click.option("--days", type=click.IntRange(1, 90), default=56, show_default=True, help="Shortest test.")
@click.option("--demand", type=click.IntRange(1, 10), default=1, show_default=True, help="Startups for each need.")
@click.option("--most", type=click.IntRange(1, 100), help="Needs for each startup; else as many as it says.")
@click.option("--least", type=click.IntRange(0, 300), default=10, show_default=True, help="Lowest score, hundredths.")
@click.option("--places/--no-places", default=None, help="Whether pairs need a testbed; else if the hub has any.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(round_id: str | None, save: str | None, as_json: bool, **terms: Any) -> None:
    """Plan a whole round: which startup for which open need, at which testbed and when. Decides nothing."""
    from . import plan_command

    config, store = opened()
    try:
        row = plan_command.kept(store, round_id) if round_id else plan_command.new(config, store, save, terms)
    except NotFound:
        fail(f"there is no round {round_id!r}. Its id stands at the end of its page's address.")
    except plan_command.NothingToPlan:
        fail("there is nothing to plan: it takes an open need and a published startup.")
    except HubError as error:
        fail(_sentences(error))
    found = plan_command.plan(store, row)
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else plan_command.text(found))
    if row["id"] and not as_json:
        click.echo(f"Kept: {config.base_url}/plans/{row['id']}")


@main.command("replay")
@click.argument("pairing_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay_ranking(pairing_id: str, as_json: bool) -> None:
    """Make the ranking that led to a pairing again; leave with status 1 if it is not the same."""
    from .ranking import replay, shipped

    config, store = opened()
    rows = store.query("select seen from pairing where id = :id", {"id": pairing_id})
    if not rows:
        fail(f"there is no pairing {pairing_id!r}. Its id stands at the end of its page's address.")
    run_id = json.loads(rows[0]["seen"]).get("run")
    if not run_id:
        fail("no ranking was stored with this pairing: it was made before rankings were, or outside the service.")
    found = replay.replay(store, run_id, partial(shipped.named, config.instance))
    click.echo(json.dumps(found.as_data(), ensure_ascii=False, indent=1) if as_json else found.as_text())
    sys.exit(0 if found.same else 1)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(folder: Path, as_json: bool) -> None:
    """Measure the ranking on a folder in BEIR layout."""
    from .progress import stages
    from .ranking import evaluation, judged, shipped
    from .ranking.encoder import load_encoder

    config = configuration.read()
    encoder = load_encoder(config.model, config.instance)
    background = shipped.load_background(config.instance, encoder)
    try:
        with stages() as progress:
            found = evaluation.evaluate(folder, encoder, config.instance / "evaluation", background, progress)
    except judged.BadFolder as error:
        fail(str(error))
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else _table(found))


def _table(found: dict[str, Any]) -> str:
    metrics = list(next(iter(found["methods"].values())))
    lines = [f"{found['queries']} queries, {found['documents']} documents, {found['model']}", ""]
    lines.append(f"{'per cent':<10}" + "".join(f"{name:>12}" for name in metrics))
    for method, values in found["methods"].items():
        lines.append(f"{method:<10}" + "".join(f"{100 * values[name]:>12.1f}" for name in metrics))
    return "\n".join([*lines, "", f"The service ranks by: {found['product']}"])


@main.command("import")
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
    from .exchange.command import run_import

    _, store = opened()
    try:
        raise SystemExit(run_import(store, kind, file, mapping, **options))
    except imports.ImportRefused as error:
        fail(str(error))


@main.command("copy-database")
@click.argument("source")
@click.argument("target")
def copy_database(source: str, target: str) -> None:
    """Copy a whole hub from one database to another, empty one; counts are compared."""
    from .progress import rows

    try:
        with rows() as report:
            counts = databases.copy_database(open_store(source), open_store(target), report)
    except (StoreError, ValueError) as error:
        fail(str(error))
    for table, count in counts.items():
        click.echo(f"{count:>9}  {table}")


@main.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
def backup(folder: Path | None) -> None:
    """Write a backup of the hub into a folder (MATCHER_BACKUPS) while it runs, and check it."""
    from .exchange import backups
    from .progress import rows

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


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Only check that the backup is whole.")
def restore(file: Path, check: bool) -> None:
    """Bring a backup back into the hub's database, which must be empty."""
    from .exchange import backups
    from .progress import rows

    config = configuration.read()
    try:
        if check:
            counts = backups.check(file)
        else:
            with rows() as report:
                counts = backups.restore(file, open_store(config.database_url), report)
    except databases.TargetNotEmpty:
        fail("the hub's database holds rows, and nothing is written over: stop the hub, move its database aside "
             "(or set DATABASE_URL to an empty one), and run this again")  # fmt: skip
    except (StoreError, OSError) as error:
        fail(str(error))
    click.echo(f"{file}: {sum(counts.values())} rows, {'whole' if check else 'all brought back'}.")


@main.command()
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


if __name__ == "__main__":
    main()
