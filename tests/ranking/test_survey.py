from __future__ import annotations

import weakref
from datetime import date

import pytest

from matcher.hub import atlas as kept
from matcher.hub import clock
from matcher.ranking import indexing, scoring, survey
from matcher.ranking.prioritised import Abandoned
from matcher.ranking.ranker import Ranker
from tests.ranking.hub import CountingEncoder, change, create_need, create_startup, embed

NEEDS = ["snöröjning av gator", "skolmat som kastas", "äldre som faller", "vatten läcker", "tolkar saknas"]
OFFERS = ["plog för snöröjning", "app för skolmat", "sensor mot fall bland äldre", "givare för läckande vatten"]


@pytest.fixture
def moment(monkeypatch) -> list[str]:
    """The clock: one item, the moment that it shows."""
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    return now


@pytest.fixture
def encoder() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def hub(store, encoder):
    """Four of each, read."""
    for need in NEEDS[:4]:
        create_need(store, need)
    for offer in OFFERS:
        create_startup(store, offer)
    embed(store, encoder)
    return store


def again(store, encoder, **given) -> survey.Survey:
    """A survey that has seen nothing yet, as after a start of the process."""
    return survey.Survey(store, lambda: Ranker(store, encoder), **given)


def where(store) -> dict[str, tuple[float, float]]:
    return {row["subject_id"]: (row["x"], row["y"]) for row in kept.points(store)}


def test_the_first_map_holds_everything_that_is_published(hub, encoder, moment):
    create_need(hub, "utkast", published=False)
    embed(hub, encoder)
    assert again(hub, encoder).step() == 8
    drawn = kept.drawn(hub)
    assert (drawn["at"], drawn["figures"]["needs"], drawn["figures"]["startups"]) == (moment[0], 4, 4)
    assert len(kept.shown(hub)) == 8
    assert kept.regions(hub)
    assert all(row["best"] is not None for row in kept.points(hub) if row["kind"] == "need")


def test_nothing_is_drawn_while_texts_are_still_being_read(hub, encoder, moment):
    create_need(hub, NEEDS[4])
    assert again(hub, encoder).step() == 0
    assert kept.drawn(hub) is None


def test_every_startup_is_counted_in_every_short_list(hub, encoder, moment):
    again(hub, encoder).step()
    ids = [row["id"] for row in hub.query("select id from startup")]
    assert kept.lists_of(hub, ids) == dict.fromkeys(ids, 4)  # four needs, and lists of ten hold all four startups


def test_the_counts_are_those_of_the_lists_that_pages_show(store, encoder, moment):
    needs = [create_need(store, text) for text in NEEDS]
    for number in range(14):
        create_startup(store, f"{OFFERS[number % 4]} nummer {number}")
    embed(store, encoder)
    again(store, encoder).step()
    ranker = Ranker(store, encoder)
    lists = [ranker.startups_for(need, date(2026, 11, 22), top=10) for need in needs]
    ids = [row["id"] for row in store.query("select id from startup")]
    expected = {name: sum(name in {match.id for match in one.matches} for one in lists) for name in ids}
    assert kept.lists_of(store, ids) == expected
    assert sum(expected.values()) == 50


def test_what_is_new_takes_its_place_and_the_rest_stays(hub, encoder, moment):
    again(hub, encoder).step()
    before = where(hub)
    need = create_need(hub, NEEDS[0] + " och torg")
    embed(hub, encoder)
    assert again(hub, encoder).step() == 1
    after = where(hub)
    assert {name: after[name] for name in before} == before
    assert need["id"] in after
    assert kept.drawn(hub)["figures"]["changed"] == 1


def test_the_first_of_a_kind_stands_beside_the_other(store, encoder, moment):
    for text in NEEDS:
        create_need(store, text)
    embed(store, encoder)
    again(store, encoder).step()
    startup = create_startup(store, OFFERS[0])
    embed(store, encoder)
    assert again(store, encoder).step() == 1
    assert startup["id"] in where(store)


def test_what_is_closed_leaves_the_map(hub, encoder, moment):
    again(hub, encoder).step()
    (need, *_) = hub.query("select * from need order by id")
    change(hub, "need", need, closed_at=moment[0])
    assert len(kept.shown(hub)) == 7  # at once, on the page
    embed(hub, encoder)
    assert again(hub, encoder).step() == 1
    assert need["id"] not in where(hub)


def test_it_is_drawn_anew_when_enough_has_changed_but_not_within_the_hour(hub, encoder, moment):
    again(hub, encoder).step()
    create_need(hub, NEEDS[4])  # one of nine is more than a few in a hundred
    embed(hub, encoder)
    first = moment[0]
    moment[0] = clock.later(first, minutes=59)
    assert again(hub, encoder).step() == 1
    assert kept.drawn(hub)["at"] == first
    moment[0] = clock.later(first, minutes=61)
    assert again(hub, encoder).step() == 9
    assert kept.drawn(hub)["at"] == moment[0]
    assert kept.drawn(hub)["figures"]["changed"] == 0


def test_a_small_change_waits_a_day_and_none_waits_for_ever(monkeypatch, hub, encoder, moment):
    monkeypatch.setattr(survey, "SHARE", 0.5)
    again(hub, encoder).step()
    first = moment[0]
    moment[0] = clock.later(first, days=3)
    assert again(hub, encoder).step() == 0  # nothing has changed
    create_need(hub, NEEDS[4])
    embed(hub, encoder)
    moment[0] = clock.later(first, days=0.9)
    assert again(hub, encoder).step() == 1
    moment[0] = clock.later(first, days=1.1)
    assert again(hub, encoder).step() == 9


def test_another_scoring_counts_anew(monkeypatch, hub, encoder, moment):
    again(hub, encoder).step()
    monkeypatch.setattr(scoring, "SCORING_VERSION", "another")
    moment[0] = clock.later(moment[0], minutes=61)
    assert again(hub, encoder).step() == 8
    assert kept.drawn(hub)["scoring"] == "another"


def test_a_look_at_a_hub_that_has_not_changed_costs_one_question(hub, encoder, moment):
    worker = again(hub, encoder)
    worker.step()
    worker._next = 0.0
    asked = []
    worker._store = type("Watched", (), {"query": lambda self, *given: asked.append(given) or hub.query(*given)})()
    assert worker.step() == 0
    assert len(asked) == 1


def test_the_texts_in_memory_are_let_go_when_nothing_was_drawn_for_long(hub, encoder, moment, monkeypatch):
    seconds, made = [1000.0], []
    monkeypatch.setattr(survey.time, "monotonic", lambda: seconds[0])
    worker = survey.Survey(hub, lambda: made.append(Ranker(hub, encoder)) or made[-1])
    worker.step()
    while seconds[0] < 1000.0 + survey.IDLE_SECONDS:  # a look each minute finds nothing to do
        seconds[0] += survey.LOOK_SECONDS
        assert worker.step() == 0
    assert len(made) == 1
    seconds[0] += 1.0
    held, made[0] = weakref.ref(made[0]), None
    worker.step()
    assert worker._ranker is None
    assert held() is None
    seconds[0] += survey.LOOK_SECONDS
    worker.step()
    assert len(made) == 2
    assert made[1]._holding._mirrors["startup"]._held == {}  # made for the look, with nothing read into it


def test_a_process_that_ends_leaves_the_map_as_it_was(hub, encoder, moment):
    with pytest.raises(Abandoned):
        again(hub, encoder, stopped=lambda: True).step()
    assert kept.drawn(hub) is None
    assert kept.points(hub) == []


def test_an_empty_hub_has_no_map(store, encoder, moment):
    assert again(store, encoder).step() == 0
    assert kept.drawn(store) is None
    assert indexing.behind(store, "any") == {"need": 0, "startup": 0, "testbed": 0}
