from datetime import date

import pytest

from matcher.hub import conflicts, startups
from matcher.ranking import indexing, matches, upkeep
from matcher.ranking.matches import Match
from matcher.ranking.ranker import Ranker
from matcher.ranking.upkeep import Patience
from tests import factories
from tests.ranking import hub

TODAY = date(2026, 11, 22)
NEED = "äldre faller om natten på boendet"
ALIKE = f"{NEED} hos oss"  # a title by itself would be taken for a copy
STARTUPS = {
    "bolag-a": "app för allt inom innovation",
    "bolag-b": "sensor larmar när äldre faller om natten på boendet",
    "bolag-c": "plog för snöröjning av cykelvägar",
    "bolag-d": "våg som mäter matsvinn i skolkök",
}


@pytest.fixture
def encoder():
    return hub.CountingEncoder()


@pytest.fixture
def need(store):
    return hub.create_need(store, NEED, id="behov-a")


@pytest.fixture
def ranker(store, encoder, need):
    for name, text in STARTUPS.items():
        hub.create_startup(store, text, id=name)
    hub.create_need(store, "snöröjning av cykelvägar", id="behov-b")
    hub.create_need(store, "matsvinn i skolkök", id="behov-c")
    hub.embed(store, encoder)
    return Ranker(store, encoder)


def ids(ranking):
    return [match.id for match in ranking.matches]


def test_startups_stand_in_the_order_of_their_scores(ranker, need):
    found = ranker.startups_for(need, TODAY)
    assert ids(found)[0] == "bolag-b"
    scores = [match.score for match in found.matches]
    assert scores == sorted(scores, reverse=True)
    assert [match.rank for match in found.matches] == [1, 2, 3, 4]
    assert (found.total, found.best) == (4, pytest.approx(scores[0]))


def test_the_parts_add_up_to_the_score(ranker, need):
    for match in ranker.startups_for(need, TODAY).matches:
        assert set(match.parts) == {"semantic", "lexical", "sentence"}
        assert sum(match.parts.values()) == pytest.approx(match.score, abs=1e-5)


def test_pages_continue_each_other(ranker, need):
    everyone = ids(ranker.startups_for(need, TODAY))
    pages = [ids(ranker.startups_for(need, TODAY, top=2, skip=skip)) for skip in (0, 2, 4)]
    assert pages == [everyone[:2], everyone[2:], []]


def test_a_filter_leaves_the_ranks_what_they_are(ranker, need):
    everyone = ranker.startups_for(need, TODAY)
    kept = ranker.startups_for(need, TODAY, keep=lambda match: match.id != "bolag-b")
    assert [(match.id, match.rank) for match in kept.matches] == [(m.id, m.rank) for m in everyone.matches[1:]]


def test_chosen_ones_come_with_their_ranks_and_without_looking_at_the_rest(ranker, need):
    rank = {match.id: match.rank for match in ranker.startups_for(need, TODAY).matches}
    looked_at = []

    def keep(match: Match) -> bool:
        looked_at.append(match.id)
        return True

    found = ranker.startups_for(need, TODAY, among=["bolag-d", "bolag-b", "nobody"], keep=keep)
    assert [(match.id, match.rank) for match in found.matches] == [
        (name, rank[name]) for name in sorted(["bolag-b", "bolag-d"], key=rank.get)
    ]
    assert len(looked_at) == 2


def test_gates_say_what_stops_a_match_and_do_not_move_it(store, encoder, ranker):
    strict = hub.create_need(store, NEED, min_readiness=9, languages=["fi"])
    found = ranker.startups_for(strict, TODAY, top=1)
    assert found.matches[0].id == "bolag-b"
    assert found.matches[0].stopped
    assert {gate.code for gate in found.matches[0].gates} == {"readiness", "language"}


def test_a_declared_conflict_of_interest_is_a_gate_on_both_sides(store, ranker, need):
    broker = factories.create_person(store, "broker")
    conflicts.declare(store, broker, need["id"], "bolag-b", "Samma ägare.", factories.NOW)
    stopped = [m.id for m in ranker.startups_for(need, TODAY).matches if any(g.code == "conflict" for g in m.gates)]
    assert stopped == ["bolag-b"]
    startup = startups.decode(store.query("select * from startup where id = 'bolag-b'")[0])
    stopped = [m.id for m in ranker.needs_for(startup, TODAY).matches if any(g.code == "conflict" for g in m.gates)]
    assert stopped == [need["id"]]


def test_needs_stand_in_order_for_a_startup(store, ranker):
    startup = startups.decode(store.query("select * from startup where id = 'bolag-c'")[0])
    found = ranker.needs_for(startup, TODAY)
    assert ids(found)[0] == "behov-b"
    assert found.total == 3


def test_a_draft_is_ranked_before_it_is_published(store, encoder, ranker):
    draft = hub.create_need(store, "snöröjning av cykelvägar i ytterområden", published=False)
    assert ids(ranker.startups_for(draft, TODAY))[0] == "bolag-c"


def test_what_is_asked_need_not_be_embedded_again(ranker, encoder, need):
    asked = len(encoder.texts)
    ranker.startups_for(need, TODAY)
    assert len(encoder.texts) == asked


def test_the_reasons_are_sentences_of_both_sides(store, encoder, ranker, need):
    best = ranker.startups_for(need, TODAY).matches[0]
    assert best.reasons.meetings[0].need == NEED
    assert "äldre faller om natten" in best.reasons.meetings[0].profile
    marked = [NEED[start:end] for start, end in best.reasons.meetings[0].need_marks]
    assert "faller" in marked
    assert "natten" in marked
    startup = startups.decode(store.query("select * from startup where id = 'bolag-b'")[0])
    seen_from_there = ranker.needs_for(startup, TODAY).matches[0]
    assert seen_from_there.reasons.meetings[0].need == NEED


def test_an_empty_hub_gives_an_empty_ranking(store, encoder, need):
    ranker = Ranker(store, encoder)
    assert (ranker.startups_for(need, TODAY).matches, ranker.startups_for(need, TODAY).total) == ([], 0)
    assert ranker.search("snö", "testbed").matches == []
    assert ranker.similar_needs(need).matches == []


def test_equal_scores_stand_in_the_order_of_ids(store, encoder, need):
    for name in ("c", "a", "b"):
        hub.create_startup(store, "samma text om samma sak", id=name, name="Bolag")
    hub.embed(store, encoder)
    assert ids(Ranker(store, encoder).startups_for(need, TODAY)) == ["a", "b", "c"]


# Two processes over one store


def test_what_one_process_saves_the_other_ranks_at_once(store, encoder, ranker, need):
    other = Ranker(store, encoder)
    other.startups_for(need, TODAY)
    row = hub.create_startup(store, ALIKE, id="bolag-ny")
    ranker.refresh("startup", row)
    for process in (ranker, other):
        assert ids(process.startups_for(need, TODAY))[0] == "bolag-ny"
    changed = hub.change(store, "startup", row, description="trumpeter till salu", name="Trumpet")
    other.refresh("startup", changed)
    for process in (ranker, other):
        assert ids(process.startups_for(need, TODAY))[0] == "bolag-b"


def test_without_making_anything_anew_a_change_is_ranked_at_once(store, encoder, need, ranker):
    patient = Ranker(store, encoder, patience=Patience(few=0, share=9.0, age=1e9))
    patient.startups_for(need, TODAY)
    row = hub.create_startup(store, ALIKE, id="bolag-ny")
    patient.refresh("startup", row)
    found = patient.startups_for(need, TODAY)
    assert ids(found)[0] == "bolag-ny"
    assert found.matches[0].reasons
    assert sum(found.matches[0].parts.values()) == pytest.approx(found.matches[0].score, abs=1e-5)


def test_processes_that_are_up_to_date_give_the_same_scores(store, encoder, ranker, need):
    ranker.startups_for(need, TODAY)
    ranker.refresh("startup", hub.create_startup(store, "larm för äldre som faller", id="bolag-ny"))
    ours, theirs = (process.startups_for(need, TODAY) for process in (ranker, Ranker(store, encoder)))
    assert [(m.id, m.score) for m in ours.matches] == [(m.id, m.score) for m in theirs.matches]


def test_what_is_hidden_or_closed_is_gone_at_once(store, ranker, need):
    assert "bolag-b" in ids(ranker.startups_for(need, TODAY))
    hub.change(store, "startup", {"id": "bolag-b"}, hidden_at=hub.LATER, hidden_reason="spam")
    assert "bolag-b" not in ids(ranker.startups_for(need, TODAY))


# While the model is away


def test_without_the_model_words_rank_a_new_text_and_the_ranking_says_so(store, encoder, ranker):
    away = Ranker(store, hub.AwayEncoder(), identity=indexing.stored_identity(store))
    row = hub.create_need(store, "snöröjning av gator och cykelvägar")
    away.refresh("need", row)
    found = away.startups_for(row, TODAY)
    assert found.lexical_only
    assert ids(found)[0] == "bolag-c"
    assert all(match.parts["semantic"] == 0 for match in found.matches)
    hub.embed(store, encoder)
    assert not away.startups_for(row, TODAY).lexical_only


def test_without_the_model_what_has_a_vector_is_ranked_as_ever(store, encoder, ranker, need):
    away = Ranker(store, hub.AwayEncoder(), identity=indexing.stored_identity(store))
    there, gone = ranker.startups_for(need, TODAY), away.startups_for(need, TODAY)
    assert not gone.lexical_only
    assert [(m.id, m.score) for m in there.matches] == [(m.id, m.score) for m in gone.matches]


def test_a_profile_without_a_vector_is_ranked_by_its_words_and_counted(store, ranker, need):
    row = hub.create_startup(store, ALIKE, id="bolag-ny")
    indexing.keep_words(store, "startup", row)
    found = ranker.startups_for(need, TODAY)
    assert "bolag-ny" in ids(found)
    assert found.without_vector == 1


def test_without_the_model_search_goes_by_words(store, ranker):
    away = Ranker(store, hub.AwayEncoder(), identity=indexing.stored_identity(store))
    found = away.search("snöröjning", "startup")
    assert found.lexical_only
    assert ids(found) == ["bolag-c"]


# Search and similar needs


def test_search_finds_what_is_near_and_leaves_out_the_rest(ranker):
    assert ids(ranker.search("snöröjning av cykelvägar", "startup"))[:1] == ["bolag-c"]
    assert len(ranker.search("snöröjning av cykelvägar", "startup").matches) < len(STARTUPS)
    assert ids(ranker.search("snöröjning av cykelvägar", "need"))[0] == "behov-b"


def test_a_search_text_is_embedded_once_for_all_kinds(ranker, encoder):
    asked = len(encoder.texts)
    for kind in ("need", "startup", "testbed"):
        ranker.search("snöröjning av cykelvägar", kind)
    assert len(encoder.texts) == asked + 1


def test_search_finds_testbeds(store, encoder, ranker):
    factories.create_testbed(store, published=True, id="gata", description="En gata för snöröjning av cykelvägar")
    factories.create_testbed(store, published=True, id="kök", description="Ett kök i drift")
    hub.embed(store, encoder)
    assert ids(ranker.search("snöröjning av cykelvägar", "testbed")) == ["gata"]


def test_similar_needs_are_those_of_others(store, encoder, ranker, need):
    hub.create_need(store, f"{NEED} hos oss", id="behov-likt")
    hub.embed(store, encoder)
    assert ids(ranker.similar_needs(need)) == ["behov-likt"]


# What it costs and what is kept of it


@pytest.mark.parametrize("size", [3, 60])
def test_a_ranking_asks_the_store_as_often_for_few_as_for_many(store, encoder, need, size):
    for number in range(size):
        hub.create_startup(store, f"nummer {number} hjälper äldre som faller")
    hub.embed(store, encoder)
    counting = hub.CountingStore(store)
    ranker = Ranker(counting, encoder)
    ranker.startups_for(need, TODAY, top=9)
    asked = counting.asked
    ranker.startups_for(need, TODAY, top=9)
    assert counting.asked - asked == 5, "capacity, conflicts, the counter, sentences, what these carry"


def test_the_closer_look_is_the_same_on_every_page(store, encoder, need):
    for number in range(30):
        hub.create_startup(store, f"nummer {number} hjälper äldre. Andra meningen handlar om {number} katter.")
    hub.embed(store, encoder)
    ranker = Ranker(store, encoder)
    everyone = ranker.startups_for(need, TODAY)
    last = ranker.startups_for(need, TODAY, top=5, skip=25)
    assert ids(last) == ids(everyone)[25:]
    assert all(match.reasons for match in last.matches)


def test_a_snapshot_holds_all_that_was_seen(ranker, need):
    found = ranker.startups_for(need, TODAY)
    seen = matches.snapshot(found, found.matches[0], need)
    assert set(seen) == {
        "rank", "score", "parts", "gates", "wishes", "reasons", "of", "model", "scoring", "lexical_only", "need_version"
    }  # fmt: skip
    assert (seen["rank"], seen["of"], seen["need_version"]) == (1, 4, need["version"])
    assert seen["reasons"]["meetings"][0]["need"] == NEED


def test_warming_makes_what_the_first_request_would_wait_for(ranker, need, monkeypatch):
    ranker.warm()
    monkeypatch.setattr(upkeep, "Made", None)
    assert ranker.startups_for(need, TODAY).matches
    assert ranker.search("snöröjning", "need").matches
