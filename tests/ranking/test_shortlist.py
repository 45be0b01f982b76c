"""The pages' ranking where the database finds what is near: the same lists, nothing lost, nothing that is gone."""

from __future__ import annotations

import time
from datetime import date

import pytest

from matcher.hub import removals
from matcher.ranking import indexing, pgvector, pgvector_build, shortlist
from matcher.ranking.pgvector_build import Builder
from matcher.ranking.ranker import Ranker
from matcher.store import Store
from tests import factories
from tests.conftest import Databases
from tests.ranking import hub

TODAY = date(2026, 11, 22)
MANY = 120
FEW, SOME = 24, 40
TOPICS = [
    "snöröjning av gångvägar",
    "sensorer i vattenledningar",
    "digital hemtjänst",
    "energi i skolor",
    "bussar på landsbygden",
]


@pytest.fixture
def store(databases: Databases) -> Store:
    store = databases.open("postgresql", migrated=True)
    for number in range(MANY):
        text = f"{TOPICS[number % len(TOPICS)]} med metod{number} och verktyg{number // 7}"
        hub.create_startup(store, text, id=f"s{number:03d}", readiness=1 + number % 9)
    for number, topic in enumerate(TOPICS):
        hub.create_need(store, f"Hjälp med {topic}", id=f"n{number}")
    hub.embed(store, encoder := hub.CountingEncoder())
    build(store, encoder)
    return store


@pytest.fixture
def encoder() -> hub.CountingEncoder:
    return hub.CountingEncoder()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hub be far larger than what is fetched of it."""
    for name, value in {"BY_MEANING": FEW, "BY_WORDS": FEW, "SAMPLE": SOME, "NEW": 5}.items():
        monkeypatch.setattr(shortlist, name, value)


def build(store: Store, encoder: hub.CountingEncoder) -> None:
    builder = Builder(store, indexing.identity(encoder))
    while builder.step():
        pass


def need(store: Store, number: int = 0) -> dict[str, object]:
    return hub.need_content.decode(store.query("select * from need where id = :id", {"id": f"n{number}"})[0])


def startup(store: Store, name: str) -> dict[str, object]:
    return hub.startups.decode(store.query("select * from startup where id = :id", {"id": name})[0])


def lists(store: Store, ranker: Ranker) -> list[object]:
    rankings = [
        ranker.search("sensorer för vatten", "startup"),
        ranker.search("snö", "need"),
        ranker.search("hemtjänst", "testbed"),
        ranker.startups_for(need(store), TODAY, top=40),
        ranker.startups_for(need(store, 1), TODAY, top=20, skip=110),
        ranker.startups_for(need(store), TODAY, among=["s007", "s110"]),
        ranker.needs_for(startup(store, "s003"), TODAY),
        ranker.similar_needs(need(store, 2)),
    ]
    return [
        ([(match.id, match.rank, round(match.score, 5)) for match in one.matches], one.total, one.without_vector)
        for one in rankings
    ]


def test_a_hub_that_is_smaller_than_the_shortlist_gets_the_very_same_lists(store: Store, encoder) -> None:
    assert lists(store, Ranker(store, encoder, indexed=True)) == lists(store, Ranker(store, encoder))


def test_of_a_larger_one_the_first_are_the_same(store: Store, encoder, small: None) -> None:
    near, every = Ranker(store, encoder, indexed=True), Ranker(store, encoder)
    for number in range(len(TOPICS)):
        found = near.startups_for(need(store, number), TODAY, top=10)
        right = every.startups_for(need(store, number), TODAY, top=10)
        assert len({match.id for match in found.matches} & {match.id for match in right.matches}) >= 8
        assert found.total == right.total == MANY
        assert found.matches[0].reasons is not None
    found, right = (one.search(f"{TOPICS[1]} metod31", "startup", 5) for one in (near, every))
    assert found.matches[0].id == right.matches[0].id == "s031"
    assert len(near._holding._mirrors["startup"].shelf(0).rows) == 0, "the whole hub was never read"


def test_what_the_meaning_does_not_find_the_words_do(store: Store, encoder, small: None, monkeypatch) -> None:
    row = hub.create_startup(store, "Kvistgården bygger drönare", id="rare")
    hub.embed(store, encoder)
    build(store, encoder)
    monkeypatch.setattr(shortlist, "NEW", 0)
    monkeypatch.setattr(pgvector.PgvectorIndex, "candidates", lambda *_: [])
    found = Ranker(store, encoder, indexed=True).search("kvistgården", "startup")
    assert found.matches[0].id == row["id"]


def test_a_filter_that_keeps_little_loses_nothing(store: Store, encoder, small: None) -> None:
    def last(match) -> bool:
        return match.row["readiness"] == 9

    near, every = Ranker(store, encoder, indexed=True), Ranker(store, encoder)
    found = near.startups_for(need(store), TODAY, top=100, keep=last)
    right = every.startups_for(need(store), TODAY, top=100, keep=last)
    assert {match.id for match in found.matches} == {match.id for match in right.matches}
    assert len(found.matches) == MANY // 9
    everything = near.startups_for(need(store), TODAY)
    assert len({match.id for match in everything.matches}) == MANY


def test_those_asked_for_by_id_are_in_the_list(store: Store, encoder, small: None) -> None:
    near = Ranker(store, encoder, indexed=True)
    far = Ranker(store, encoder).startups_for(need(store), TODAY).matches[-1].id
    assert [match.id for match in near.startups_for(need(store), TODAY, among=[far]).matches] == [far]
    run, _ = near.run_for(need(store), TODAY, [far])
    assert far in run.shelf.place


def test_changes_count_before_the_index_has_seen_them(store: Store, encoder, small: None) -> None:
    near = Ranker(store, encoder, indexed=True)
    text = "snöröjning av gångvägar metod5"
    first = near.search(text, "startup").matches[0].id
    row = hub.create_startup(store, text, id="new")
    near.refresh("startup", row)
    assert near.search(text, "startup").matches[0].id == "new"
    hub.change(store, "startup", row, hidden_at=factories.NOW)
    assert near.search(text, "startup").matches[0].id == first
    with store.atomic():
        removals.remove(store, "startup", first)
    assert first not in {match.id for match in near.search(text, "startup", 300).matches}
    assert store.query("select 1 as one from public_nearest.startup where id = :id", {"id": first}) == []


def test_without_the_index_everything_is_read_as_usual(store: Store, encoder, small: None) -> None:
    pgvector_build.drop(store)
    assert lists(store, Ranker(store, encoder, indexed=True)) == lists(store, Ranker(store, encoder))


def test_an_index_of_another_model_is_not_asked(store: Store, small: None) -> None:
    other = hub.CountingEncoder()
    other.fingerprint = "other"
    hub.embed(store, other)
    assert lists(store, Ranker(store, other, indexed=True)) == lists(store, Ranker(store, other))


def test_a_plan_leaves_nobody_out(store: Store, encoder, small: None) -> None:
    near = Ranker(store, encoder, indexed=True)
    assert len(near.whole().run_for(need(store), TODAY)[0].shelf.rows) == MANY
    assert len(near.sides()[1].rows) == MANY


DROPS = {
    "the extension": "drop extension vector cascade",
    "the schema": "drop schema public_nearest cascade",
    "a table": "drop table public_nearest.startup",
    "the words": "alter table public_nearest.startup drop column features",
    "the mark": "drop table public_nearest.mark",
}


@pytest.mark.parametrize("drop", DROPS.values(), ids=DROPS)
def test_an_index_that_is_dropped_under_the_hub_leaves_the_exact_lists(
    store: Store, encoder, small: None, drop: str, caplog: pytest.LogCaptureFixture
) -> None:
    near = Ranker(store, encoder, indexed=True)
    lists(store, near)
    store.execute(drop)
    assert lists(store, near) == lists(store, Ranker(store, encoder))
    assert "everything is read into memory" in caplog.text
    build(store, encoder)
    assert near._holding._short.marks(), "made anew, it answers again"
    assert len(near.startups_for(need(store), TODAY, top=10).matches) == 10


@pytest.mark.parametrize("what", [what for what in DROPS if what != "the mark"])
def test_an_index_that_is_dropped_under_a_question_leaves_the_exact_list(
    store: Store, encoder, small: None, what: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    near, every = Ranker(store, encoder, indexed=True), Ranker(store, encoder)
    right = [match.id for match in every.startups_for(need(store), TODAY, top=40).matches]
    ask = shortlist.Shortlist.near

    def late(self: shortlist.Shortlist, *given: object) -> shortlist.Near:
        monkeypatch.setattr(shortlist.Shortlist, "near", ask)
        store.execute(DROPS[what])
        return ask(self, *given)

    monkeypatch.setattr(shortlist.Shortlist, "near", late)
    with store.atomic():  # what the page does beside it is kept
        store.execute("update need set title = 'kept' where id = 'n4'")
        found = [match.id for match in near.startups_for(need(store), TODAY, top=40).matches]
    assert found == right
    assert "does not answer" in caplog.text
    assert need(store, 4)["title"] == "kept"


def test_an_index_that_fails_rests_and_is_asked_again_later(
    store: Store, encoder, small: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    near = Ranker(store, encoder, indexed=True)
    with hub.out_of_the_way(store):
        assert lists(store, near) == lists(store, Ranker(store, encoder))
    assert caplog.text.count("does not answer") == 1
    assert near._holding._short.marks() is None
    monkeypatch.setattr(shortlist, "monotonic", lambda: time.monotonic() + shortlist.REST)
    assert near._holding._short.marks()
