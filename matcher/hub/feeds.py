"""Calendar feeds by secret link: a calendar program reads what concerns a person, or what happens at a testbed.

The link is the person's: it shows what that person may see at the moment of reading, and nothing when the account is
closed or the right is gone. Only the link's hash is kept. A new link for the same calendar ends the old one.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import people, record, testbeds
from .clock import day
from .errors import NotFound
from .ids import new_id, new_token, token_hash
from .people import Viewer
from .permissions import can

Row = dict[str, Any]


def of_person(store: Store, viewer: Viewer) -> list[Row]:
    """Return a person's links that work, their own calendar first; each with `testbed` (a name) and `read_on`."""
    return store.query(
        """select f.id, f.testbed_id, f.made_at, r.read_on, t.name as testbed from feed f
           left join feed_read r on r.feed_id = f.id left join testbed t on t.id = f.testbed_id
           where f.person_id = :person and f.revoked_at is null
           order by case when f.testbed_id is null then 0 else 1 end, f.made_at, f.id""",
        {"person": viewer.person_id},
    )


def load(store: Store, viewer: Viewer | None, feed_id: str) -> Row:
    """Return one of a person's own links that work; raise NotFound."""
    found = [row for row in of_person(store, viewer) if row["id"] == feed_id] if viewer else []
    if not found:
        raise NotFound("feed")
    return found[0]


def make(store: Store, viewer: Viewer, testbed_id: str | None, now: str) -> tuple[str, str]:
    """Make a link to the person's own calendar, or to that of a testbed they host; return its id and its token.

    The token is shown once: only its hash is kept. An earlier link to the same calendar ends.
    """
    token = new_token()
    with viewer.deciding(store):  # one link at a time
        about = {"testbed": _kept(store, viewer, testbed_id)["name"]} if testbed_id else {}
        for row in of_person(store, viewer):
            if row["testbed_id"] == testbed_id:
                _end(store, row["id"], now)
        row = {"id": new_id(), "token_hash": token_hash(token), "person_id": viewer.person_id, "made_at": now}
        store.insert("feed", {**row, "testbed_id": testbed_id})
        record.write(store, viewer.person_id, "feed.make", "feed", row["id"], now, **about)
    return row["id"], token


def revoke(store: Store, viewer: Viewer, feed_id: str, now: str) -> None:
    """End one of the person's own links; raise NotFound when it has ended already."""
    with viewer.deciding(store):
        load(store, viewer, feed_id)
        if not _end(store, feed_id, now):
            raise NotFound("feed")
        record.write(store, viewer.person_id, "feed.revoke", "feed", feed_id, now)


def _end(store: Store, feed_id: str, now: str) -> int:
    return store.execute(
        "update feed set revoked_at = :now where id = :id and revoked_at is null", {"id": feed_id, "now": now}
    )


def by_token(store: Store, token: str) -> Row:
    """Return the link that a token opens, with `viewer` (whose it is, as they are now) and `testbed` (a row or None).

    Raise NotFound when it was revoked, the account is closed, or its testbed is no longer theirs to keep.
    """
    rows = store.query(
        "select * from feed where token_hash = :hash and revoked_at is null", {"hash": token_hash(token)}
    )
    viewer = people.viewer(store, rows[0]["person_id"]) if rows else None
    if viewer is None or not viewer.roles:
        raise NotFound("feed")
    row: Row = {**rows[0], "viewer": viewer, "testbed": None}
    if row["testbed_id"]:
        row["testbed"] = _kept(store, viewer, row["testbed_id"])
    return row


def _kept(store: Store, viewer: Viewer, testbed_id: str) -> Row:
    """Return a testbed that the person keeps; raise NotFound."""
    testbed = testbeds.load(store, viewer, testbed_id)
    if not can(viewer, "testbed.edit", testbed):
        raise NotFound("testbed")
    return testbed


def was_read(store: Store, feed_id: str, now: str) -> None:
    """Note that a link was read today; programs read every hour, so once a day is enough."""
    store.execute(
        """insert into feed_read (feed_id, read_on) values (:id, :today)
           on conflict (feed_id) do update set read_on = excluded.read_on
           where feed_read.read_on <> excluded.read_on""",
        {"id": feed_id, "today": day(now)},
    )
