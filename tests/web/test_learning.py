"""The page of what was learned, and the line about a match that the broker reads."""

from __future__ import annotations

import pytest

from matcher.hub import clock, decisions, learned
from matcher.ranking import indexing, lessons, scoring
from matcher.ranking.chance import Chance
from matcher.ranking.encoder import TinyEncoder
from tests import factories
from tests.factories import NOW
from tests.ranking import hub
from tests.ranking.test_gaming import NEED, OWN

WEIGHTS = {"semantic": 1.0, "lexical": 3.5, "sentence": 0.3}
EXPOSURE = {"needs": 12, "changed": 5, "shown": [40, 46], "gains": [["gone", 2, 9]], "losses": []}
MEASURES = {
    "decisions": 80, "needs": 12, "taken": 30, "brier": 0.15, "brier_of_the_mean": 0.234, "calibration_error": 0.06,
    "reliability": [{"chance": 0.3, "share": 0.25, "low": 0.1, "high": 0.4, "of": 40}],
    "nothing": {"said": 10, "right": 9, "looked": 12, "empty": 10}, "told": 1.0,
}  # fmt: skip


@pytest.fixture
def store(app):
    return app.extensions["store"]


@pytest.fixture
def administrator(client, login, store):
    return login(client, factories.create_person(store, "administrator"))


@pytest.fixture
def model(app) -> str:
    from matcher.web.ranking import ranker

    with app.app_context():
        return ranker().model


def candidate(store, model, *, better=True):
    content = {
        "weights": WEIGHTS, "trial": {"before": 0.6, "after": 0.7, "gain": 0.1, "error": 0.01, "better": better},
        "exposure": EXPOSURE, "taken": 30, "needs": 12, "decisions": 80,
    }  # fmt: skip
    number = learned.keep(store, "weights", scoring.SCORING_VERSION, model, 80, content, NOW)
    return learned.numbered(store, "weights", number)["id"]


def chance(store, model, *, below=None, offset=1.0, of=60, taken=42):
    """Keep a model that gives every match the same chance, with as many decisions like it."""
    counted, ups = [0] * 101, [0] * 101
    place = round(100 / (1 + 2.718281828**-offset))
    counted[place], ups[place] = of, taken
    nothing = {"below": below} if below else None
    zero = (0.0,) * 3
    made = Chance(
        ("lexical", "semantic", "sentence"), zero, (1.0,) * 3, zero, 0.0, {"slope": 1.0, "offset": offset},
        tuple(counted), tuple(ups), nothing,
    )  # fmt: skip
    content = {"chance": made.as_data(), "measures": MEASURES, "counted": 80}
    learned.keep(store, "chance", scoring.SCORING_VERSION, model, 80, content, NOW)


def roll_back(administrator, number):
    return administrator.post("/admin/learning/roll-back", data={"number": str(number)}, follow_redirects=True)


def test_before_anything_was_learned_the_page_says_how_much_is_missing(administrator, text):
    page = text(administrator.get("/admin/learning"))
    assert "Ranks only: 0 decisions" in page
    assert "needs 50, of both kinds" in page
    assert "There is no new version to adopt" in page


def test_a_startup_that_is_gone_is_not_named_by_its_id(administrator, text, store, model):
    candidate(store, model)
    page = text(administrator.get("/admin/learning"))
    assert "a startup that is gone" in page
    assert ">gone<" not in page


def test_a_candidate_is_shown_with_what_it_would_change_and_adopted(administrator, text, store, model):
    name = candidate(store, model)
    page = text(administrator.get("/admin/learning"))
    assert "puts 70% among the first eight" in page
    assert "5 of 12 open needs would get another first eight. 46 startups" in page
    administrator.post(f"/admin/learning/{name}/adopt")
    page = text(administrator.get("/admin/learning"))
    assert f"Lists carry the scoring version {scoring.SCORING_VERSION}+w1" in page
    page = text(roll_back(administrator, 1))
    assert "Rolled back: the built-in weights count." in page
    assert "The built-in weights count. Lists" in page


def test_rolling_back_says_when_the_weights_before_are_of_another_model(administrator, text, store, model):
    for _ in range(2):
        administrator.post(f"/admin/learning/{candidate(store, model)}/adopt")
    page = text(roll_back(administrator, 2))
    assert "Rolled back: the weights before count again." in page
    administrator.post(f"/admin/learning/{candidate(store, model)}/adopt")
    store.execute("update learned set model = 'another' where number = 1")
    page = text(roll_back(administrator, 3))
    assert "Version 1, which counted before, was learned for another scoring version or another model." in page
    assert learned.standing(store) == {}


def test_a_second_click_on_roll_back_takes_nothing_more_back(administrator, text, store, model):
    for _ in range(2):
        administrator.post(f"/admin/learning/{candidate(store, model)}/adopt")
    assert 'name="number" value="2"' in administrator.get("/admin/learning").text
    roll_back(administrator, 2)
    assert "Another version counts now: version 1. Nothing was rolled back." in text(roll_back(administrator, 2))
    assert learned.standing(store)["weights"]["number"] == 1


def test_one_that_is_no_better_cannot_be_adopted(administrator, text, store, model):
    name = candidate(store, model, better=False)
    page = administrator.get("/admin/learning")
    assert "not clearly better, so it cannot be adopted" in text(page)
    assert f"/admin/learning/{name}/adopt" not in page.text
    answer = administrator.post(f"/admin/learning/{name}/adopt", follow_redirects=True)
    assert "was no better where it was tried" in text(answer)
    assert learned.standing(store) == {}


def test_learning_is_switched_off_and_on(administrator, text, store, model):
    viewer = factories.create_person(store, "administrator")
    learned.adopt(store, viewer, candidate(store, model), scoring.SCORING_VERSION, model, NOW)
    page = text(administrator.post("/admin/learning/switch", data={"learning": "off"}, follow_redirects=True))
    assert "Learning is switched off since" in page
    page = text(administrator.post("/admin/learning/switch", data={"learning": "on"}, follow_redirects=True))
    assert "counts, adopted" in page


def test_the_measures_stand_beside_the_chance(administrator, text, store, model):
    chance(store, model, below=0.2)
    page = text(administrator.get("/admin/learning"))
    assert "80 decisions about 12 needs, 30 taken up" in page
    assert "0.150; saying the mean every time gives 0.234" in page
    assert "said of 10 needs of 12, right for 9" in page


@pytest.fixture
def broker(client, login, store):
    hub.create_need(store, "Äldre faller om natten på boendet", id="behov")
    for number, offer in enumerate(("Sensor som larmar när äldre faller", "Plog för snö", "Våg för matsvinn")):
        hub.create_startup(store, offer, id=f"bolag-{number}", name=f"Bolag {number}")
    hub.embed(store, TinyEncoder())
    return login(client, factories.create_person(store, "broker"))


def test_without_a_chance_the_list_says_that_it_has_ranks_only(broker, text):
    page = text(broker.get("/desk/needs/behov"))
    assert "Ranks only: a chance is told from 50 decisions with this scoring on; so far there are 0." in page
    assert "of 10 like this" not in page


def test_each_match_has_its_chance_with_the_interval_and_what_it_rests_on(broker, text, store, model):
    chance(store, model)
    page = text(broker.get("/desk/needs/behov"))
    assert page.count("About 7 of 10 like this were taken up") == 3
    assert "Between 6 and 9 of 10; of the 60 decisions most like it 42." in page
    assert "Ranks only" not in page
    assert "Probably nothing" not in page


def test_a_match_unlike_all_that_was_decided_has_a_rank_only(broker, text, store, model):
    chance(store, model, of=5, taken=2)
    assert text(broker.get("/desk/needs/behov")).count("Too few matches like this were decided.") == 3


def test_a_chance_of_other_weights_is_not_shown(broker, text, store, model):
    chance(store, model)
    administrator = factories.create_person(store, "administrator")
    learned.adopt(store, administrator, candidate(store, model), scoring.SCORING_VERSION, model, NOW)
    assert "of 10 like this" not in text(broker.get("/desk/needs/behov"))


def test_probably_nothing_leads_to_other_routes_but_not_where_somebody_is_at_hand(broker, text, store, model):
    chance(store, model, below=0.8)
    page = text(broker.get("/desk/needs/behov"))
    assert "Probably nothing on the market yet" in page
    assert "market dialogue" in page
    assert "Probably nothing" not in text(broker.get("/desk/needs/behov?seeks=test"))
    row = {"id": "i", "need_id": "behov", "startup_id": "bolag-0", "message": "Hej", "need_version": 1}
    store.insert("interest", {**row, "created_at": NOW, "answer_by": NOW[:10]})
    assert "Probably nothing" not in text(broker.get("/desk/needs/behov"))


def test_a_dismissal_keeps_what_was_seen_and_is_a_decision(broker, store, model):
    broker.post("/needs/behov/startups/bolag-1/dismiss", data={"reason": "no_fit"})
    (found,) = decisions.taken(store)
    assert (found.taken, found.scoring, found.model) == (False, scoring.SCORING_VERSION, model)
    assert set(found.parts) == set(scoring.WEIGHTS)


def test_a_decision_about_a_profile_with_a_passage_left_out_teaches_too(broker, store, model):
    title, _, rest = NEED.partition("\n")
    hub.create_need(store, title, description=rest)
    hub.embed(store, TinyEncoder())
    row = hub.create_startup(store, f"{OWN}\n{NEED}", id="bolag-4", name="Bolag 4", updated_at=clock.now())
    hub.embed(store, TinyEncoder())
    [read] = store.query("select text_hash from embedding where subject_id = 'bolag-4'")
    assert read["text_hash"] != indexing.texts("startup", row).hash
    broker.post("/needs/behov/startups/bolag-4/dismiss", data={"reason": "no_fit"})
    assert lessons._unchanged(store, decisions.taken(store), model) == decisions.taken(store) != []
