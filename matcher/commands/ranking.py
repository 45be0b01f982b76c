"""What ranks: rank, plan, replay, evaluate."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from .. import config as configuration
from ..hub import clock, need_content
from ..hub.errors import HubError, NotFound
from .opening import fail, opened, sentences


@click.command("rank")
@click.argument("need_id")
@click.option("--top", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rank(need_id: str, top: int, as_json: bool) -> None:
    """Rank the startups for one need, as the broker's page does."""
    from datetime import date

    from ..ranking import shipped
    from ..ranking.encoder import load_encoder
    from ..ranking.indexing import identity
    from ..ranking.matches import as_data
    from ..ranking.ranker import Ranker

    config, store = opened()
    row = store.query("select * from need where id = :id", {"id": need_id})
    if not row:
        fail(f"there is no need {need_id!r}. Its id stands at the end of its page's address.")
    encoder = load_encoder(config.model, config.instance)
    background = shipped.load(config.instance, identity(encoder))
    ranker = Ranker(store, encoder, lambda: background)
    ranking = ranker.startups_for(need_content.decode(row[0]), date.fromisoformat(clock.day(clock.now())), top=top)
    if as_json:
        click.echo(json.dumps(as_data(ranking), ensure_ascii=False, indent=1))
        return
    for match in ranking.matches:
        stopped = f"  [{', '.join(gate.code for gate in match.gates)}]" if match.gates else ""
        click.echo(f"{match.rank:>3}  {match.score:+.3f}  {match.row['name']}{stopped}")
        for meeting in (match.reasons.meetings if match.reasons else [])[:1]:
            click.echo(f"              {meeting.need}\n            → {meeting.profile}")
    click.echo(f"{ranking.total} startups, model {ranking.model}, scoring {ranking.scoring}")


@click.command("plan")
@click.option("--round", "round_id", metavar="ID", help="Plan a kept round, with its locks; the terms are its own.")
@click.option("--save", metavar="NAME", help="Keep the round under this name, for the brokers' page.")
@click.option("--starts-on", metavar="DAY", help="A day in the first quarter; else the next quarter.")
@click.option("--quarters", type=click.IntRange(1, 8), default=4, show_default=True)
@click.option("--days", type=click.IntRange(1, 90), default=56, show_default=True, help="Shortest test.")
@click.option("--demand", type=click.IntRange(1, 10), default=1, show_default=True, help="Startups for each need.")
@click.option("--most", type=click.IntRange(1, 100), help="Needs for each startup; else as many as it says.")
@click.option("--least", type=click.FloatRange(0, 3), default=0.1, show_default=True, help="Lowest score worth a test.")
@click.option("--places/--no-places", default=None, help="Whether pairs need a testbed; else if the hub has any.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(round_id: str | None, save: str | None, as_json: bool, **terms: Any) -> None:
    """Plan a whole round: which startup for which open need, at which testbed and when. Decides nothing."""
    from . import planning

    config, store = opened()
    try:
        row = planning.kept(store, round_id) if round_id else planning.new(config, store, save, terms)
    except NotFound:
        fail(f"there is no round {round_id!r}. Its id stands at the end of its page's address.")
    except planning.NothingToPlan:
        fail("there is nothing to plan: it takes an open need and a published startup.")
    except HubError as error:
        fail(sentences(error))
    found = planning.plan(store, row)
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else planning.text(found))
    if row["id"] and not as_json:
        click.echo(f"Kept: {config.base_url}/plans/{row['id']}")


@click.command("replay")
@click.argument("pairing_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay_ranking(pairing_id: str, as_json: bool) -> None:
    """Make the ranking that led to a pairing again; leave with status 1 if it is not the same."""
    from ..ranking import replay, shipped

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


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(folder: Path, as_json: bool) -> None:
    """Measure the ranking on a folder in BEIR layout."""
    from ..progress import stages
    from ..ranking import evaluation, judged, shipped
    from ..ranking.encoder import load_encoder
    from ..ranking.weights import ModelDamaged

    try:
        config = configuration.read()
        encoder = load_encoder(config.model, config.instance)
        background = shipped.load_background(config.instance, encoder)
        with stages() as progress:
            found = evaluation.evaluate(folder, encoder, config.instance / "evaluation", background, progress)
    except (configuration.ConfigurationError, judged.BadFolder, ModelDamaged, OSError) as error:
        fail(str(error))
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else _table(found))


def _table(found: dict[str, Any]) -> str:
    metrics = list(next(iter(found["methods"].values())))
    lines = [f"{found['queries']} queries, {found['documents']} documents, {found['model']}", ""]
    lines.append(f"{'per cent':<10}" + "".join(f"{name:>12}" for name in metrics))
    for method, values in found["methods"].items():
        lines.append(f"{method:<10}" + "".join(f"{100 * values[name]:>12.1f}" for name in metrics))
    return "\n".join([*lines, "", f"The service ranks by: {found['product']}"])
