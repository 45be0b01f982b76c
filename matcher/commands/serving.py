"""What starts the hub and what it is made of: migrate, demo, run, work, model, create-administrator."""

from __future__ import annotations

import os

import click

from .. import config as configuration
from ..exchange import demo
from ..hub import clock, organisations, passwords, people
from ..hub.errors import HubError
from ..serving import PortTaken, serve_all
from .opening import fail, opened, sentences


@click.command()
def migrate() -> None:
    """Bring the database to this version of the code."""
    _, store = opened()
    click.echo(f"The database is up to date ({store.describe()['engine']}).")


@click.command("demo")
def load_demo() -> None:
    """Load the fictional demo hub into an empty database."""
    _, store = opened()
    if not demo.is_empty(store):
        fail("this hub has data; the demo is only loaded into an empty one. Choose another MATCHER_INSTANCE.")
    counts = demo.load(store, clock.now())
    click.echo(", ".join(f"{count} {noun}" for noun, count in counts.items()) + " loaded.")


@click.command()
@click.option("--demo", "with_demo", is_flag=True, help="Load the fictional demo hub if the database is empty.")
def run(with_demo: bool) -> None:
    """Serve the pages and do the background work, until Ctrl-C."""
    config, store = opened(patient=True)
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


@click.command()
def work() -> None:
    """Do the background work: the model, imports, mail. `run` starts it beside the pages."""
    from .. import work as background
    from ..ranking.embedder import EmbedderTaken
    from ..ranking.weights import ModelDamaged

    config, store = opened(patient=True)
    store.close()
    try:
        background.run(config)
    except (EmbedderTaken, ModelDamaged, OSError) as error:
        fail(str(error))


@click.command()
def model() -> None:
    """Unpack the default model and check its sums, so that the first start need not."""
    from ..ranking import weights

    try:
        config = configuration.read()
        if config.model != weights.DEFAULT_MODEL:
            click.echo(f"MATCHER_MODEL names {config.model}: there is nothing to unpack.")
            return
        folder = weights.ensure_model(config.instance / "models")
        click.echo(f"{folder.name} {weights.check_model(folder)}")
    except (configuration.ConfigurationError, weights.ModelDamaged, OSError) as error:
        fail(str(error))


@click.command("create-administrator")
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
        fail(sentences(error))
    name = organisations.get(store, home)["name"]
    click.echo(f"{email} is administrator and broker of {name}. Log in at {config.base_url}/login")
