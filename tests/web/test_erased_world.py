"""A hub in every state, of which most people are erased: every page still opens, and nobody is named on any."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from matcher.hub import disclosure, erasure
from matcher.hub.personal import ERASED_NAME, HOLDINGS

from .test_canaries import _pages
from .walking import Hub, open_hub, readable
from .world import VISITORS

GONE = ("owner", "startup", "host", "other_owner", "other_host")


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened


def test_the_world_is_erased_and_every_page_opens_without_a_name(hub):
    world = hub.world
    pages = _pages(hub)
    names = [part.lower() for one in GONE for part in (world.people[one].name, world.people[one].email)]
    assert len(_told(hub, "broker", pages, names)[0]) > 20, "the walk does not look where the names are"
    for visitor in GONE:
        erasure.erase(hub.store, world.people[visitor].person_id, None, world.now)
    rooms = [path for path in pages if path.startswith(("/admin", "/year", "/account"))]
    for visitor, walk in (("broker", pages), ("administrator", rooms)):  # who sees most of others
        named, seen = _told(hub, visitor, walk, names)
        assert named == {}, visitor
        assert sum("erased person" in page for page in seen) > 5, visitor
        assert not any(ERASED_NAME.lower() in page for page in seen if "<html" in page)
    for visitor in GONE:
        assert hub.send(visitor, "GET", "/account").location.startswith("/login")


def _told(hub: Hub, visitor: str, pages: list[str], names: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the pages that name one of `names`, with whom, and what all say; every page must open."""
    found, said = {}, []
    for path in pages:
        answer = hub.send(visitor, "GET", path)
        assert answer.status_code < 500, (visitor, path)
        text = readable(answer).lower()
        said.append(text)
        if who := [name for name in names if name in text]:
            found[path] = who
    return found, said


@pytest.mark.parametrize("visitor", sorted(set(VISITORS) - {"none", "revoked"}))
def test_what_the_real_forms_kept_of_each_is_given_out_without_the_names_of_others(hub, visitor):
    hub.reset()
    who = hub.world.people[visitor]
    told = json.dumps(disclosure.about(hub.store, who.person_id, hub.world.now), ensure_ascii=False).lower()
    assert who.email in told
    for other in hub.store.query("select name, email from person where id <> :id", {"id": who.person_id}):
        assert other["email"] not in told
    for table in ("session", "link", "feed", "feedback_round"):
        for name in HOLDINGS[table].names("hashes"):
            for row in hub.store.query(f"select {name} as hash from {table}"):
                assert row["hash"] not in told
