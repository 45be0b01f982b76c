"""How a verb begins and how it fails: the settings, the store, and a clear word on stderr."""

from __future__ import annotations

import time
from typing import NoReturn

import click

from .. import config as configuration
from ..hub.errors import HubError, Invalid
from ..store import CopyUnfinished, Store, StoreError, StoreUnavailable, open_store
from ..store.schema import migrate as migrate_store
from ..store.schema import refuse

RETRY_SECONDS = 1.0


def fail(message: str) -> NoReturn:
    """Say what is wrong on stderr and leave with status 1."""
    click.echo(f"matcher: {message}", err=True)
    raise SystemExit(1)


def opened(patient: bool = False) -> tuple[configuration.Config, Store]:
    """Return the settings and the migrated store, or leave with a clear word.

    `patient` is for what serves: it waits for a server that is away, and comes up by itself when that is back.
    """
    try:
        config = configuration.read()
        store = store_of(config)
        if patient and store.engine == "postgresql":
            _wait_for(store)
        migrate_store(store)
    except (configuration.ConfigurationError, StoreError, ValueError) as error:
        fail(str(error))
    return config, store


def store_of(config: configuration.Config) -> Store:
    """Return the hub's own store: what is written through it is signed with the hub's key."""
    return open_store(config.database_url, keys=config.record_keys)


def check(store: Store) -> None:
    """Leave with a clear word where the database is another version's: no page of this one can be served from it.

    One that is away may come back, and a copy into it may be ended: until then the pages say so.
    """
    try:
        refuse(store)
    except (CopyUnfinished, StoreUnavailable):
        return
    except StoreError as error:
        fail(str(error))
    finally:
        store.close()  # what this process opened is not for those that it starts


def _wait_for(store: Store) -> None:
    """Return as soon as the server answers; say once that it does not, and that it does."""
    told = False
    while True:
        try:
            store.query("select 1 as one")
        except StoreUnavailable as error:
            if not told:
                click.echo(f"matcher: {error}. Waiting for it; Ctrl-C ends this.", err=True)
            told = True
            time.sleep(RETRY_SECONDS)
        else:
            if told:
                click.echo("matcher: the database answers.", err=True)
            return


def sentences(error: HubError) -> str:
    """Return what went wrong in the words of the pages, in English; a field that is wrong by its name."""
    from ..web import words

    if isinstance(error, Invalid):
        return " ".join(f"{name}: {words.field_error(code, params)}" for name, (code, params) in error.errors.items())
    return words.sentence(error) or error.code
