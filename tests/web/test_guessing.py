"""Nothing can be guessed of what one may not see: everything hidden is changed, and every answer stays as it was.

Each list, with every sort, filter and word that it takes, the searches, the map and the open data are read by those
who may see nothing of it, before and after. An order, a count, a suggestion or a page more would tell of it.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import product

import pytest

from matcher.hub import catalogue, clock, need_catalogue, record, reference
from matcher.ranking import indexing
from matcher.ranking.encoder import TinyEncoder
from matcher.ranking.ranker import Ranker
from matcher.ranking.survey import Survey
from matcher.web import atlas

from .walking import Hub, open_hub, readable

WORDS = ("zebra", "canary", "faller", "sensor")  # of the hidden texts afterwards, before, and of published ones
THEMES, COUNTIES = ("elderly_care", "energy_buildings"), ("12", "01")  # of the published and hidden before, and after
# What changes from one answer to the next whatever the hub holds.
PASSING = re.compile(r'name="csrf_token" value="[^"]+"|hx-headers=\S+|nonce="[^"]+"|[\w.-]{60,}')
TOKENS = re.compile(r'"(?:made_at|generated_at)": *"[^"]+"')
WITHOUT, OTHERS = ("none", "roleless", "administrator"), ("other_owner", "other_startup", "other_host")
HIDDEN = {
    "need": "published_at is null or closed_at is not null",
    "startup": "published_at is null or hidden_at is not null or merged_into is not null",
    "testbed": "published_at is null or withdrawn_at is not null",
}
TEXTS = {
    "need": ("title", "people", "description", "effect", "measure", "tried", "keep"),
    "startup": ("name", "problem", "audience", "description", "novelty", "evidence"),
    "testbed": ("name", "description", "users", "methods", "equipment", "conditions"),
}
ELSEWHERE = "themes = '[\"energy_buildings\"]', county_code = '01', municipality_code = null"
CODES = {
    "need": f"{ELSEWHERE}, beneficiaries = '[\"visitor\"]', valid_until = '2026-12-01', wanted_by = '2026-12-02', "
    "budget = 'unknown', language = 'en', languages = '[\"en\"]'",
    "startup": "themes = '[\"energy_buildings\"]', regions = '[\"01\"]', readiness = 1, capacity = 1, "
    "website = 'https://zebra.example', languages = '[\"en\"]', seeks = '[]'",
    "testbed": f"{ELSEWHERE}, places = 1, answer_days = 1",
}


@pytest.fixture(scope="module")
def hub():
    """The world, at one moment: pages tell the minute at which the map was drawn."""
    with open_hub() as opened, pytest.MonkeyPatch.context() as patch:
        moment = clock.now()
        patch.setattr(clock, "now", lambda: moment)
        yield opened


def _addresses(hub: Hub) -> list[str]:
    """Return the address of every list, with every order and filter, alone and the narrower ones together."""
    found = ["/", "/about/privacy", "/results", "/cases", "/cases.csv", "/cases.json", "/map", "/mine"]
    found += [f"/needs?sort={sort}&status={status}&late=yes" for sort, status in product(
        (*need_catalogue.SORTS, "title"), (*need_catalogue.STATUS_SQL, "all"))]  # fmt: skip
    found += [f"/startups?sort={sort}&state={state}" for sort, state in product(
        (*catalogue.SORTS, "problem"), ("", *catalogue.STATES))]  # fmt: skip
    found += [f"/startups?complete={part}" for part in catalogue.COMPLETE]
    found += [f"/map?sort={sort}&direction={way}" for sort, way in product(atlas.SORTS, ("asc", "desc"))]
    found += [f"/{kind}?q={word}" for kind, word in product(("startups", "testbeds"), WORDS)]
    found += [f"/search?q={word}{kind}" for kind, word in product(
        ("", *(f"&kind={kind}" for kind in HIDDEN)), WORDS)]  # fmt: skip
    world = hub.world
    free = f"/places?starts_on={world.day(150)}&ends_on={world.day(160)}"
    need, startup = world.things["need_id"]["others"], world.things["startup_id"]["others"]
    found += [f"{free}&need={need}", f"{free}&startup={startup}", f"/needs/{need}", f"/needs/{need}/similar"]
    found += [f"/startups/{startup}", f"/startups/{startup}/needs", f"/startups/{startup}/needs/{need}"]
    found += [f"/needs/{need}/lessons", f"/testbeds/{world.things['testbed_id']['others']}/calendar"]
    lists = ("/needs?", "/startups?", "/testbeds?", f"{free}&", "/map?", "/api/v1/needs?", "/api/v1/testbeds?")
    found += [f"{path}theme={theme}" for path, theme in product(lists, THEMES)]
    found += [f"{path}county={county}" for path, county in product(lists, COUNTIES)]
    found += [f"/needs?beneficiary={code}" for code in reference.BENEFICIARIES]
    found += ["/api/v1/needs?late=true", "/api/v1/needs?per_page=1", "/api/v1/testbeds?per_page=1"]
    return found


def _crawl(hub: Hub, visitor: str) -> dict[str, tuple[int, str]]:
    """Return what every list answers, without the tokens in it; no limit counts."""
    found = {}
    for path in _addresses(hub):
        hub.store.execute("delete from attempt")
        answer = hub.send(visitor, "GET", path)
        found[path] = (answer.status_code, TOKENS.sub("", PASSING.sub("", readable(answer))))
    return found


def _read_again(hub: Hub) -> None:
    """Let everything that is remembered be made anew: vectors, rankings, the map, and what pages keep for a while."""
    record.write(hub.store, None, "need.save", "need", "x", clock.now())
    while indexing.catch_up(hub.store, TinyEncoder()):
        pass
    hub.app.extensions["rankers"].clear()
    for table in ("map_point", "map_region", "map_drawn"):  # a map begins from where things stood on the last one
        hub.store.execute(f"delete from {table}")
    Survey(hub.store, lambda: Ranker(hub.store, TinyEncoder())).step()


def _change(hub: Hub, spared: tuple[str, ...]) -> Counter[str]:
    """Change every text, code, moment and number of what is hidden, but in the organisations of `spared`."""
    changed: Counter[str] = Counter()
    kept = [hub.world.home(visitor) for visitor in spared] or [""]
    for kind, hidden in HIDDEN.items():
        texts = ", ".join(f"{name} = 'Aaa zebra ' || {name} || ' sensor faller'" for name in TEXTS[kind])
        rows = hub.store.query(
            f"""update {kind} set {texts}, {CODES[kind]}, updated_at = '2027-01-01T00:00:00.000000Z', seq = seq + 9000
                where ({hidden}) and organisation_id not in :kept returning id""",
            {"kept": kept},
        )
        changed[kind] = len(rows)
    return changed


@pytest.mark.parametrize(("visitors", "spared"), [(WITHOUT, ()), (OTHERS, OTHERS)], ids=["public", "others"])
def test_no_answer_changes_when_everything_that_is_hidden_changes(hub, visitors, spared):
    _read_again(hub)
    before = {visitor: _crawl(hub, visitor) for visitor in visitors}
    assert {answer[0] for one in before.values() for answer in one.values()} <= {200, 302, 403, 404}
    changed = _change(hub, spared)
    assert changed["need"] > 2
    assert (changed["startup"], changed["testbed"]) > (2, 1)
    _read_again(hub)
    for visitor in visitors:
        after = _crawl(hub, visitor)
        assert [path for path, answer in after.items() if answer != before[visitor][path]] == [], visitor
    hub.reset()


def test_the_same_walk_notices_what_a_broker_may_see(hub):
    """Were nothing changed, or nothing remembered made anew, the walk above would see nothing either."""
    _read_again(hub)
    before = _crawl(hub, "broker")
    _change(hub, ())
    _read_again(hub)
    after = _crawl(hub, "broker")
    differing = {path.partition("?")[0] for path, answer in after.items() if answer != before[path]}
    assert {"/needs", "/startups", "/testbeds"} <= differing
    hub.reset()


def test_the_same_walk_notices_a_change_of_what_is_published(hub):
    _read_again(hub)
    before = _crawl(hub, "none")
    hub.store.execute("update need set title = 'Aaa zebra', seq = seq + 9000 where published_at is not null")
    hub.store.execute("update testbed set name = 'Aaa zebra', seq = seq + 9000 where published_at is not null")
    _read_again(hub)
    after = _crawl(hub, "none")
    differing = {path.partition("?")[0] for path, answer in after.items() if answer != before[path]}
    assert {"/needs", "/testbeds", "/search", "/places", "/api/v1/needs", "/api/v1/testbeds"} <= differing
    hub.reset()
