"""A stored ranking, made again after the hub has moved on."""

from datetime import date

import pytest

from matcher.hub import clock, rankings, removals
from matcher.hub.errors import NotFound
from matcher.ranking import indexing, ranked, replay, scoring
from matcher.ranking.background import Background
from matcher.ranking.ranker import Ranker
from matcher.ranking.upkeep import Patience
from tests.ranking import hub

NOW = "2026-11-22T09:00:00.000000Z"
NEED = "Äldre faller om natten på boendet. Personalen märker det sent."
STARTUPS = {
    "bolag-a": "App för allt inom innovation. Den passar alla.",
    "bolag-b": "Sensor larmar när äldre faller om natten. Den märker det genast.",
    "bolag-c": "Plog för snöröjning av cykelvägar. Den går om natten.",
    "bolag-d": "Våg som mäter matsvinn i skolkök. Kocken märker det sent.",
    "bolag-e": "Handledning för personalen på boendet. Ny metod.",
}


@pytest.fixture
def encoder():
    return hub.CountingEncoder()


@pytest.fixture
def need(store):
    return hub.create_need(store, "Fall", id="behov-a", description=NEED)


@pytest.fixture
def ranker(store, encoder, need):
    for name, text in STARTUPS.items():
        hub.create_startup(store, text, id=name)
    hub.create_need(store, "snöröjning av cykelvägar", id="behov-b")
    hub.embed(store, encoder)
    return Ranker(store, encoder)


def by_words(store):
    """Read all by their words alone."""
    for kind in ("need", "startup"):
        for row in store.query(f"select * from {kind}"):
            indexing.keep_words(store, kind, row)


def rewrite(store, encoder, name, text):
    """Give a profile another text, as saving it does."""
    row = hub.change(store, "startup", {"id": name}, description=text)
    Ranker(store, encoder, identity=indexing.identity(hub.CountingEncoder())).refresh("startup", row)
    if not isinstance(encoder, hub.AwayEncoder):
        hub.embed(store, encoder)


def nothing_shipped(model, dimensions):
    return "background", Background.none(dimensions)


def ids(ranker, need):
    return [match.id for match in ranker.startups_for(need, date(2026, 11, 22)).matches]


def kept(store, ranker, need, background, now):
    return rankings.keep(store, replay.taken(store, ranker, need, background, now), now)


def again(store, run_id):
    return replay.replay(store, run_id, nothing_shipped)


def test_the_same_list_comes_again_at_once(store, ranker, need):
    found = again(store, kept(store, ranker, need, "background", NOW))
    assert found.same
    assert found.gone == []
    assert [row.id for row in found.shown] == ids(ranker, need)
    assert [row.score for row in found.again] == pytest.approx([row.score for row in found.shown], abs=1e-5)


def test_it_comes_again_after_texts_changed_came_and_went(store, ranker, encoder, need):
    run_id = kept(store, ranker, need, "background", NOW)
    for name, text in (
        ("bolag-b", "Helt annat nu. Vi säljer kaffe."),
        ("bolag-c", "Äldre faller om natten på boendet."),
    ):
        row = store.query("select * from startup where id = :id", {"id": name})[0]
        hub.change(store, "startup", row, description=text)
    hub.change(store, "need", store.query("select * from need where id = 'behov-a'")[0], description="Något annat.")
    store.execute("update startup set hidden_at = :at, seq = seq + 1000 where id = 'bolag-e'", {"at": NOW})
    hub.create_startup(store, "Äldre faller om natten på boendet.", id="bolag-f")
    hub.embed(store, encoder)
    assert ids(Ranker(store, encoder), need) != [row.id for row in again(store, run_id).shown]
    found = again(store, run_id)
    assert found.same
    assert found.gone == []
    assert [row.score for row in found.again] == pytest.approx([row.score for row in found.shown], abs=1e-5)


def test_it_comes_again_although_the_statistics_lagged_behind(store, encoder, need, ranker):
    patient = Ranker(store, encoder, patience=Patience(few=0, share=1.0, age=1e9))
    patient.warm()
    hub.create_startup(store, "Larm när någon faller. Den märker det sent.", id="bolag-f")
    hub.embed(store, encoder)
    found = again(store, kept(store, patient, need, "background", NOW))
    assert found.same
    assert "bolag-f" in [row.id for row in found.shown]
    assert [row.score for row in found.again] == pytest.approx([row.score for row in found.shown], abs=1e-5)


def test_a_match_and_its_ranking_are_made_at_once(store, ranker, need, monkeypatch):
    counted, score = [], ranked.score
    monkeypatch.setattr(
        "matcher.ranking.ranker.score", lambda *given, **named: counted.append(1) or score(*given, **named)
    )
    found, run = replay.seen(store, ranker, need, "bolag-d", "background", NOW)
    assert len(counted) == 1
    (match,) = found.matches
    assert match == ranker.startups_for(need, date(2026, 11, 22), among=["bolag-d"]).matches[0]
    assert match.reasons
    assert run.facts["list"][match.rank - 1]["id"] == "bolag-d"
    assert run == replay.taken(store, ranker, need, "background", NOW)
    none, _ = replay.seen(store, ranker, need, "no-such", "background", NOW)
    assert none.matches == []


def test_what_is_gone_is_named(store, ranker, need):
    run_id = kept(store, ranker, need, "background", NOW)
    with store.atomic():
        removals.remove(store, "startup", "bolag-b")
    found = again(store, run_id)
    assert found.gone == ["the text of startup bolag-b"]
    assert not found.same
    assert "not in it now" in found.as_text()


def test_another_scoring_version_is_not_compared(store, ranker, need, monkeypatch):
    run_id = kept(store, ranker, need, "background", NOW)
    monkeypatch.setattr(scoring, "SCORING_VERSION", "2")
    found = again(store, run_id)
    assert found.again == []
    assert found.gone == ["scoring version 1: this program has 2"]


def test_a_ranking_by_words_comes_again_after_the_vectors_did(store, encoder, need):
    for name, text in STARTUPS.items():
        hub.create_startup(store, text, id=name)
    by_words(store)
    away = Ranker(store, hub.AwayEncoder(), identity=indexing.identity(encoder))
    run_id = kept(store, away, need, "background", NOW)
    hub.embed(store, encoder)
    found = again(store, run_id)
    assert found.same
    assert [row.score for row in found.again] == pytest.approx([row.score for row in found.shown], abs=1e-5)


def test_words_that_a_decision_rested_on_outlive_the_vector_and_the_next_text(store, encoder, need):
    for name, text in STARTUPS.items():
        hub.create_startup(store, text, id=name)
    by_words(store)
    away = Ranker(store, hub.AwayEncoder(), identity=indexing.identity(encoder))
    run_id = kept(store, away, need, "background", NOW)
    hub.embed(store, encoder)
    row = store.query("select * from startup where id = 'bolag-b'")[0]
    hub.change(store, "startup", row, description="Helt annat nu. Vi säljer kaffe.")
    hub.embed(store, encoder)
    found = again(store, run_id)
    assert found.gone == []
    assert found.same


def test_it_comes_again_although_the_statistics_were_made_of_texts_that_had_changed(store, encoder, need, ranker):
    patient = Ranker(store, encoder, patience=Patience(few=0, share=1.0, age=1e9))
    patient.warm()
    rewrite(store, encoder, "bolag-b", "Larm när någon faller. Den märker det sent.")
    found = again(store, kept(store, patient, need, "background", NOW))
    assert found.gone == []
    assert found.same
    assert [row.score for row in found.again] == pytest.approx([row.score for row in found.shown], abs=1e-5)


def test_a_vector_is_found_whether_it_is_there_now_or_was_then(store, encoder, need):
    for name, text in STARTUPS.items():
        hub.create_startup(store, text, id=name)
    by_words(store)
    away = Ranker(store, hub.AwayEncoder(), identity=indexing.identity(encoder))
    words = kept(store, away, need, "background", NOW)
    rewrite(store, encoder, "bolag-b", "Helt annat nu. Vi säljer kaffe.")
    rewrite(store, encoder, "bolag-b", STARTUPS["bolag-b"])
    vectors = kept(store, Ranker(store, encoder), need, "background", NOW)
    scores = pytest.approx([row.score for row in again(store, vectors).shown], abs=1e-5)
    found = again(store, vectors)  # the vector is there now, the words were then
    assert found.same
    assert [row.score for row in found.again] == scores
    rewrite(store, encoder, "bolag-b", "Helt annat igen. Vi säljer te.")
    rewrite(store, hub.AwayEncoder(), "bolag-b", STARTUPS["bolag-b"])
    found = again(store, vectors)  # and the other way round
    assert found.same
    assert [row.score for row in found.again] == scores
    assert again(store, words).same


def test_a_vector_that_is_gone_is_not_made_up_for_by_words(store, ranker, need):
    run_id = kept(store, ranker, need, "background", NOW)
    store.execute("update embedding set model = '', vector = :none where subject_id = 'bolag-b'", {"none": b""})
    assert again(store, run_id).gone == ["the text of startup bolag-b"]


def test_a_ranking_by_words_comes_again_whichever_model_has_read_them_since(store, encoder, need):
    for name, text in STARTUPS.items():
        hub.create_startup(store, text, id=name)
    by_words(store)
    away = Ranker(store, hub.AwayEncoder(), identity=indexing.identity(encoder))
    run_id = kept(store, away, need, "background", NOW)
    other = hub.CountingEncoder()
    other.fingerprint = "tiny-2"
    hub.embed(store, other)
    found = again(store, run_id)
    assert found.gone == []
    assert found.same


def test_a_ranking_by_vectors_comes_again_after_another_model_has_read_every_text(store, ranker, need):
    run_id = kept(store, ranker, need, "background", NOW)
    other = hub.CountingEncoder()
    other.fingerprint, other.dimensions = "tiny-2", 48
    hub.embed(store, other)
    models = {row["model"] for row in store.query("select distinct model from embedding")}
    assert models == {indexing.model_name(other)}
    found = again(store, run_id)
    assert found.gone == []
    assert found.same
    assert [row.score for row in found.again] == pytest.approx([row.score for row in found.shown], abs=1e-5)


def test_texts_that_no_decision_came_to_rest_on_are_forgotten_after_some_weeks(store, ranker, encoder, need):
    def past():
        rows = store.query("select subject_id, text_hash from past_text order by subject_id")
        return [row["subject_id"] for row in rows]

    run_id = kept(store, ranker, need, "background", NOW)
    first = again(store, run_id).shown
    rewrite(store, encoder, "bolag-b", "Nytt. Ingen har beslutat om det.")
    rewrite(store, encoder, "bolag-b", "Helt annat nu. Vi säljer kaffe.")
    hub.change(store, "need", {"id": "behov-a"}, description="Något annat.")
    hub.embed(store, encoder)
    assert rankings.forget(store, clock.now()) == 0
    assert past() == ["behov-a", "bolag-b", "bolag-b"]
    late = clock.later(clock.now(), days=rankings.KEPT_DAYS + 1)
    assert rankings.forget(store, late) == 1
    assert rankings.forget(store, late) == 0
    assert past() == ["behov-a", "bolag-b"]
    found = again(store, run_id)
    assert found.same
    assert found.shown == first


def test_a_text_put_aside_again_keeps_its_sentences(store, ranker, encoder, need):
    run_id = kept(store, ranker, need, "background", NOW)
    rewrite(store, encoder, "bolag-b", "Helt annat nu. Vi säljer kaffe.")
    row = hub.change(store, "startup", {"id": "bolag-b"}, description=STARTUPS["bolag-b"])
    indexing.embed(store, encoder, "startup", [row], spoken=False)
    rewrite(store, encoder, "bolag-b", "Helt annat igen. Vi säljer te.")
    found = again(store, run_id)
    assert found.same
    assert [row.score for row in found.again] == pytest.approx([row.score for row in found.shown], abs=1e-5)


def test_decisions_that_differ_in_little_share_what_they_rest_on(store, ranker, encoder, need):
    for number in range(20):
        hub.create_startup(store, f"Bolag nummer {number} gör något.", id=f"mer-{number:02}")
    hub.embed(store, encoder)
    first, second = (kept(store, ranker, need, "background", NOW) for _ in range(2))
    hub.create_startup(store, "Ett bolag till.", id="mer-20")
    hub.embed(store, encoder)
    third = kept(store, ranker, need, "background", "2026-11-23T09:00:00.000000Z")
    rosters = store.query("select depth from roster where kind = 'startup' order by made_at, depth")
    assert [row["depth"] for row in rosters] == [0, 1]
    assert all(again(store, run_id).same for run_id in (first, second, third))


def test_a_run_that_was_never_stored_is_not_found(store):
    with pytest.raises(NotFound):
        again(store, "nothing")
