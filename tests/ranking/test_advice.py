"""Each change that a startup is told of does what is said when it is really made."""

from datetime import date

import pytest

from matcher.hub import startups
from matcher.hub.clock import now as clock_now
from matcher.ranking import advice, reading
from matcher.ranking.explaining import Explain
from matcher.ranking.matches import Meeting, Reasons
from matcher.ranking.ranker import Ranker
from matcher.ranking.upkeep import Patience
from tests import factories
from tests.ranking import hub

TODAY = date(2026, 11, 22)
PHRASES = advice.Phrases(
    lambda theme: f"Ett test inom {theme} visar äldre faller om natten.", lambda said: f"Vi gör: {said}."
)
NEED = "Äldre faller om natten på boendet och personalen hinner aldrig fram innan hjälp behövs av någon."

OFFERS = [
    "sensor larmar när äldre faller om natten på boendet",
    "personalen hinner fram när hjälp behövs",
    "matta som känner fall vid sängen",
    "kamera ser när någon faller på golvet om natten",
    "träning för äldre så att ingen faller",
    "larm till personalen innan olyckan",
]


@pytest.fixture
def encoder():
    return hub.CountingEncoder()


@pytest.fixture
def need(store):
    return hub.create_need(
        store,
        "Fall om natten",
        description=NEED,
        id="behov",
        themes=["elderly_care"],
        min_readiness=7,
        languages=["en"],
    )


@pytest.fixture
def founder(store):
    return factories.create_person(store, "startup")


@pytest.fixture
def startup(store, encoder, need, founder):
    for text in OFFERS:
        hub.create_startup(store, text)
    own = founder.organisations("startup")[0]
    text = "app som bokar tvättstugor åt fastighetsägare i hela staden"
    row = hub.create_startup(
        store,
        text,
        id="bolag",
        name="Appen",
        organisation=own,
        problem="Tid",
        readiness=5,
        languages=["sv"],
        capacity=3,
    )
    hub.embed(store, encoder)
    return startups.load(store, founder, row["id"])


@pytest.fixture(params=[Patience(), Patience(few=0)], ids=["statistics made anew", "statistics kept"])
def ranker(store, encoder, request):
    return Ranker(store, encoder, patience=request.param)


def told(ranker, need, startup, monkeypatch):
    """Return what is told; the tiny encoder knows no meaning, so something is said to meet."""
    found = Reasons([Meeting(NEED, startup["description"], 0.5)], [NEED])
    monkeypatch.setattr(Explain, "each", lambda _, heard: [found] * len(heard))
    return advice.standing(ranker, need, startup, TODAY, PHRASES)


def made(store, ranker, founder, need, startup, columns):
    """Save a change as the company would, and return its match afterwards."""
    row = startups.save(store, founder, startup["id"], columns, startup["revision"], clock_now())
    ranker.refresh("startup", row)
    return ranker.startups_for(need, TODAY, among=["bolag"]).matches[0]


@pytest.mark.parametrize("number", range(advice.TOLD))
def test_every_change_told_is_true_when_made(store, ranker, founder, need, startup, monkeypatch, number):
    changes = told(ranker, need, startup, monkeypatch).changes
    assert len(changes) == advice.TOLD
    change = changes[number]
    after = made(store, ranker, founder, need, startup, change.columns)
    assert (after.rank, not after.stopped) == (change.rank, change.free)


def test_the_conditions_stand_first_and_say_whether_others_stop(ranker, need, startup, monkeypatch):
    changes = told(ranker, need, startup, monkeypatch).changes
    assert [(change.code, change.about, change.free) for change in changes[:2]] == [
        ("readiness", "7", False),
        ("language", "en", False),
    ]


def test_a_text_that_is_told_lifts(store, ranker, founder, need, startup, monkeypatch):
    free = startups.save(
        store, founder, "bolag", {"readiness": 8, "languages": ["en"]}, startup["revision"], clock_now()
    )
    ranker.refresh("startup", free)
    found = told(ranker, need, free, monkeypatch)
    assert {change.code for change in found.changes} <= {"test", "answer"}
    assert found.changes
    assert all(change.rank < found.match.rank and change.sentence for change in found.changes)
    after = made(store, ranker, founder, need, free, found.changes[0].columns)
    assert after.rank == found.changes[0].rank


def test_trying_changes_nothing(store, ranker, need, startup, monkeypatch):
    def stored():
        tables = ("startup", "embedding", "sentence", "doubt")
        return [store.query(f"select * from {table} order by 1, 2, 3") for table in tables]

    before = stored()
    first = told(ranker, need, startup, monkeypatch)
    assert stored() == before
    assert told(ranker, need, startup, monkeypatch) == first


def test_what_is_published_is_read_once_for_all_that_is_tried(ranker, need, startup, monkeypatch):
    made, read = [], reading.Published
    monkeypatch.setattr(reading, "Published", lambda store: made.append(store) or read(store))
    monkeypatch.setattr(reading, "_alike", lambda *_: pytest.fail("a trial changes nothing about its likes"))
    assert told(ranker, need, startup, monkeypatch).changes
    assert len(made) == 1


def test_no_text_is_tried_for_a_profile_that_is_about_other_things(ranker, need, startup, monkeypatch):
    found = Reasons([Meeting(NEED, "", 0.1)], [NEED])
    monkeypatch.setattr(Explain, "each", lambda _, heard: [found] * len(heard))
    changes = advice.standing(ranker, need, startup, TODAY, PHRASES).changes
    assert {change.code for change in changes} == {"readiness", "language"}


def test_a_profile_that_is_not_published_has_no_place(store, ranker, need, startup):
    store.execute("update startup set published_at = null, seq = seq + 1000 where id = 'bolag'")
    store.execute("update counter set value = value + 1000 where name = 'seq'")
    assert advice.standing(ranker, need, startup, TODAY, PHRASES) is None


def test_while_the_model_is_away_conditions_are_told_and_no_text_is_tried(store, encoder, need, startup, monkeypatch):
    ranker = Ranker(store, hub.AwayEncoder(), identity=(f"{encoder.name}@{encoder.fingerprint}", encoder.dimensions))
    found = told(ranker, need, startup, monkeypatch)
    assert found.away
    assert [change.code for change in found.changes] == ["readiness", "language"]
