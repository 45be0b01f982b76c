"""The hub on one host, served by gunicorn as it is served everywhere, for tests that meet it while it runs."""

from __future__ import annotations

from pathlib import Path

from matcher.hub import passwords
from matcher.hub.people import Viewer
from matcher.store import Store, open_store
from tests.settings import SECRET, settings

from .network import Host
from .servers import environment, serve, until
from .visitors import Entrance, Lost, Visitor

PASSWORD = "gränslös tystnad 41"


def opened(url: str) -> Store:
    """Open the store as the hub on the host will, with its key."""
    return open_store(url, keys=settings(Path(), database_url=url).record_keys)


def running(host: Host, url: str) -> Visitor:
    """Serve the pages and return a visitor once they answer."""
    serve(host, environment(host, url, SECRET))
    visitor = Visitor(Entrance([host.address]))

    def answers() -> bool:
        try:
            return visitor.get("/readyz").status == 200
        except Lost:
            return False

    until(answers, "the pages answer")
    return visitor


def log_in(store: Store, visitor: Visitor, person: Viewer) -> None:
    """Log a person of the factories in, with a password of their own."""
    given = {"hash": passwords.hashed(PASSWORD), "id": person.person_id}
    store.execute("update person set password_hash = :hash where id = :id", given)
    assert visitor.log_in(person.email, PASSWORD).status == 303
