"""Learning again from a hub's own decisions, from the first one to weights that count."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from matcher.hub import clock, decisions, learned, need_content
from matcher.ranking import indexing, learning, lessons, scoring, weighing
from matcher.ranking.chance import Chance
from matcher.ranking.ranker import Ranker
from tests import factories
from tests.factories import NOW
from tests.ranking import hub

TODAY = date(2026, 11, 20)
THINGS = ["fall", "snö", "mat", "vatten", "ljus", "buss", "skola", "sår", "träd", "damm", "is", "brand"]
DOES = ["sensor", "larm", "karta", "app", "robot", "kamera"]


@pytest.fixture
def encoder():
    return hub.CountingEncoder()


@pytest.fixture
def ranker(store, encoder):
    """Twelve needs and 72 startups; each need is answered by the startups that name its thing."""
    for thing in THINGS:
        hub.create_need(store, f"problem med {thing} i kommunen", id=f"need-{thing}")
        for does in DOES:
            hub.create_startup(store, f"{does} mot {thing} för {does} i drift", id=f"startup-{thing}-{does}")
    hub.embed(store, encoder)
    return Ranker(store, encoder)


def decide(store, ranker, most: int = 8) -> int:
    """Take up the startups that name the thing, dismiss the others among the first, as rows with what was seen."""
    broker, count = factories.create_person(store, "broker"), 0
    for thing in THINGS:
        need = _need(store, f"need-{thing}")
        for match in ranker.startups_for(need, TODAY, top=most).matches:
            texts = {"need": _hash(store, need["id"]), "startup": _hash(store, match.id)}
            ranking = ranker.weighing().version
            seen = {"rank": match.rank, "parts": match.parts, "scoring": ranking, "model": ranker.model, "texts": texts}
            pair = {"need_id": need["id"], "startup_id": match.id, "seen": json.dumps(seen)}
            if thing in match.id and not match.id.endswith("kamera"):
                taken = dict.fromkeys(("owner_accepted_at", "startup_accepted_at", "confirmed_at", "proposed_at"), NOW)
                store.insert("pairing", {"id": f"p{count}", "need_version": 1, "answer_by": NOW[:10], **pair, **taken})
            else:
                by = {"person_id": broker.person_id, "reason": "no_fit", "at": NOW}
                store.insert("dismissal", {"id": f"d{count}", **pair, **by})
            count += 1
    return count


def _need(store, need_id):
    return need_content.decode(store.query("select * from need where id = :id", {"id": need_id})[0])


def _hash(store, subject_id):
    return store.query("select text_hash from embedding where subject_id = :id", {"id": subject_id})[0]["text_hash"]


def adopt(store, ranker, weights):
    """Let weights count, as an administrator would."""
    viewer = factories.create_person(store, "administrator")
    content = {"weights": weights, "trial": {"better": True}}
    number = learned.keep(store, "weights", scoring.SCORING_VERSION, ranker.model, 60, content, NOW)
    name = learned.numbered(store, "weights", number)["id"]
    learned.adopt(store, viewer, name, scoring.SCORING_VERSION, ranker.model, NOW)
    return viewer


def test_nothing_is_due_before_anything_was_decided(store, ranker):
    assert not lessons.is_due(store, ranker.model, NOW)


def test_under_fifty_decisions_there_is_a_count_and_no_chance(store, ranker):
    decide(store, ranker, most=2)
    assert lessons.is_due(store, ranker.model, NOW)
    assert lessons.learn(store, ranker, NOW) == 1
    found = learned.latest(store, "chance", scoring.SCORING_VERSION, ranker.model)
    assert (found["decisions"], found["content"]["chance"]) == (24, None)
    assert learned.listing(store, "weights") == []


def test_ten_new_decisions_or_a_night_with_one_make_it_due_again(store, ranker):
    count = decide(store, ranker, most=2)
    learned.keep(store, "chance", scoring.SCORING_VERSION, ranker.model, count, {"counted": count}, NOW)
    assert not lessons.is_due(store, ranker.model, clock.later(NOW, days=9))
    store.execute("update learned set content = :content", {"content": json.dumps({"counted": count - 9})})
    assert not lessons.is_due(store, ranker.model, clock.later(NOW, minutes=30))
    assert lessons.is_due(store, ranker.model, clock.later(NOW, days=1))
    store.execute("update learned set content = :content", {"content": json.dumps({"counted": count - 10})})
    assert lessons.is_due(store, ranker.model, clock.later(NOW, minutes=30))


def test_a_chance_is_learned_and_tells_the_answers_from_the_others(store, ranker):
    count = decide(store, ranker)
    lessons.learn(store, ranker, NOW)
    found = learned.latest(store, "chance", scoring.SCORING_VERSION, ranker.model)
    model = Chance.from_data(found["content"]["chance"])
    assert found["decisions"] == count == 96
    assert found["content"]["measures"]["brier"] < found["content"]["measures"]["brier_of_the_mean"]
    matches = ranker.startups_for(_need(store, "need-fall"), TODAY).matches
    good = [model.chance(match.parts) for match in matches if "fall" in match.id]
    other = [model.chance(match.parts) for match in matches if "fall" not in match.id]
    assert np.mean(good) > np.mean(other) + 0.3


def test_adopted_weights_order_the_next_list_under_a_version_of_their_own(store, ranker, encoder):
    need = _need(store, "need-fall")
    before = ranker.startups_for(need, TODAY)
    viewer = adopt(store, ranker, {"semantic": 1.0, "lexical": 5.0, "sentence": 0.3})
    after = ranker.startups_for(need, TODAY)
    assert list(ranker.weighing().weights) == list(scoring.WEIGHTS)  # the store keeps them by the alphabet
    assert (before.scoring, after.scoring) == (scoring.SCORING_VERSION, f"{scoring.SCORING_VERSION}+w1")
    first = {match.id: match.parts["lexical"] for match in before.matches}
    assert all(match.parts["lexical"] == pytest.approx(2 * first[match.id], abs=1e-5) for match in after.matches)
    assert Ranker(store, encoder).startups_for(need, TODAY).scoring == "1+w1"
    learned.roll_back(store, viewer, 1, scoring.SCORING_VERSION, ranker.model, NOW)
    again = ranker.startups_for(need, TODAY)
    assert [(match.id, match.score) for match in again.matches] == [(match.id, match.score) for match in before.matches]


def test_what_is_learned_does_not_depend_on_the_weights_that_count(store, ranker, monkeypatch):
    decide(store, ranker)
    monkeypatch.setattr(lessons, "_is_news", lambda *_: True)
    lessons.learn(store, ranker, NOW)
    adopt(store, ranker, {"sentence": 0.3, "lexical": 2.4, "semantic": 1.0})
    lessons.learn(store, ranker, NOW)
    then, _, now = sorted(learned.listing(store, "weights"), key=lambda row: row["number"])[-3:]
    before, after = then["content"], now["content"]
    assert after["weights"] == pytest.approx(before["weights"], rel=0.05)
    assert after["trial"]["before"] == pytest.approx(before["trial"]["before"], abs=0.05)
    assert after["current"]["version"] == ranker.weighing().version


def test_switched_off_the_built_in_weights_count_and_none_are_learned(store, ranker):
    viewer = adopt(store, ranker, {"semantic": 1.0, "lexical": 5.0, "sentence": 0.3})
    learned.switch(store, viewer, False, NOW)
    assert ranker.weighing() == weighing.built_in()
    decide(store, ranker)
    lessons.learn(store, ranker, NOW)
    assert len(learned.listing(store, "weights")) == 1


@pytest.mark.parametrize("other", [{"scoring": "0"}, {"model": "another"}])
def test_weights_of_another_scoring_or_model_do_not_count(store, ranker, other):
    adopt(store, ranker, {"semantic": 1.0, "lexical": 5.0, "sentence": 0.3})
    column, value = next(iter(other.items()))
    store.execute(f"update learned set {column} = :value where kind = 'weights'", {"value": value})
    assert Ranker(store, ranker.encoder).weighing() == weighing.built_in()


def test_a_new_scoring_version_begins_its_chance_anew(store, ranker):
    decide(store, ranker)
    lessons.learn(store, ranker, NOW)
    adopt(store, ranker, {"semantic": 1.0, "lexical": 5.0, "sentence": 0.3})
    assert lessons.is_due(store, ranker.model, NOW)
    lessons.learn(store, ranker, NOW)
    found = learned.latest(store, "chance", ranker.weighing().version, ranker.model)
    assert (found["decisions"], found["content"]["chance"]) == (0, None)


def test_a_candidate_comes_with_its_trial_and_what_it_would_change_and_changes_nothing(store, ranker, monkeypatch):
    decide(store, ranker)
    monkeypatch.setattr(learning, "fit", lambda *_: {"semantic": 1.0, "lexical": 0.9, "sentence": 0.3})
    assert lessons.learn(store, ranker, NOW) == 2
    (candidate,) = learned.listing(store, "weights")
    content = candidate["content"]
    assert content["needs"] == 12
    assert content["exposure"]["needs"] == 12
    assert set(content["trial"]) == {"before", "after", "gain", "error", "better"}
    assert ranker.weighing() == weighing.built_in()
    assert lessons.learn(store, ranker, NOW) == 1  # the same weights again are no news


def test_decisions_about_texts_that_have_changed_teach_no_weights(store, ranker, encoder):
    decide(store, ranker)
    for thing in THINGS:
        hub.change(store, "need", {"id": f"need-{thing}"}, title=f"helt annat om {thing}")
    hub.embed(store, encoder)
    assert lessons.learn(store, ranker, NOW) == 1
    assert decisions.count(store) == 96


def test_a_step_stops_when_the_process_does(store, ranker):
    decide(store, ranker)
    with pytest.raises(lessons.Abandoned):
        lessons.learn(store, ranker, NOW, stopped=lambda: True)
    assert learned.listing(store, "chance") == []


def test_the_step_looks_only_now_and_then(store, ranker):
    decide(store, ranker, most=2)
    made = []
    step = lessons.Lessons(store, lambda: indexing.model_name(ranker.encoder), lambda: made.append(1) or ranker)
    assert (step.step(), step.step(), made) == (1, 0, [1])
