"""Feedback rounds on both engines: who opens one, who answers by its link, when it takes no more, what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from matcher.hub import feedback, incidents, pairings
from matcher.hub.errors import Conflict, Denied, Full, Invalid, NotFound
from matcher.hub.ids import token_hash
from matcher.store import Store

from .cases import FIRST, mails
from .pilots import BEGUN, OVER, Pilot, days_on


@pytest.fixture
def pilot(store: Store) -> Pilot:
    found = Pilot(store)
    found.start()
    return found


def answers(pilot: Pilot) -> list[dict]:
    return pilot.store.query("select grade, text, on_day from feedback_answer order by grade")


def test_a_round_is_open_for_its_days_and_everybody_gets_the_link(pilot: Pilot) -> None:
    round_id, token = pilot.round()
    row = feedback.of_pilot(pilot.store, pilot.row["id"], BEGUN)[0]
    assert (row["id"], row["number"], row["status"], row["closes_on"]) == (round_id, 1, "open", "2026-12-08")
    told = mails(pilot.store, "pairing_feedback_opened")
    assert {mail["recipient"] for mail in told} == {pilot.owner.email, pilot.host.email, pilot.broker.email}
    assert json.loads(told[0]["params"])["token"] == token


def test_only_the_hash_of_a_link_is_kept(pilot: Pilot) -> None:
    _, token = pilot.round()
    assert pilot.store.query("select token_hash from feedback_round")[0]["token_hash"] == token_hash(token)


def test_several_answer_by_one_link_and_only_grade_words_and_day_are_kept(pilot: Pilot) -> None:
    _, token = pilot.round()
    feedback.answer(pilot.store, token, "4", "Det larmar.", BEGUN)
    feedback.answer(pilot.store, token, 2, "", days_on(BEGUN, 1))
    assert answers(pilot) == [
        {"grade": 2, "text": "", "on_day": "2026-12-02"},
        {"grade": 4, "text": "Det larmar.", "on_day": FIRST},
    ]
    row = feedback.of_pilot(pilot.store, pilot.row["id"], BEGUN)[0]
    assert (row["answers"], row["mean"], row["grades"]) == (2, 3.0, {1: 0, 2: 1, 3: 0, 4: 1, 5: 0})
    assert [one["text"] for one in feedback.answers(pilot.store, row["id"])] == ["Det larmar."]
    assert feedback.texts(pilot.store, row["id"]) == 1


def test_an_answer_leaves_no_row_in_the_record(pilot: Pilot) -> None:
    _, token = pilot.round()
    before = pilot.store.query("select count(*) as n from audit")[0]["n"]
    feedback.answer(pilot.store, token, "4", "", BEGUN)
    assert pilot.store.query("select count(*) as n from audit")[0]["n"] == before


@pytest.mark.parametrize("grade", ["", "0", "6", "-1", "2,5", None])
def test_a_grade_is_from_one_to_five(pilot: Pilot, grade: str | None) -> None:
    _, token = pilot.round()
    with pytest.raises(Invalid):
        feedback.answer(pilot.store, token, grade, "Ord", BEGUN)
    assert answers(pilot) == []


def test_words_have_a_length(pilot: Pilot) -> None:
    _, token = pilot.round()
    with pytest.raises(Invalid) as error:
        feedback.answer(pilot.store, token, "3", "å" * (feedback.TEXT_LIMIT + 1), BEGUN)
    assert error.value.errors["text"][0] == "too_long"


def test_a_closed_round_says_when_it_was_closed(pilot: Pilot) -> None:
    round_id, token = pilot.round()
    feedback.close(pilot.store, pilot.owner, pilot.id, round_id, BEGUN)
    for step in (
        lambda: feedback.answer(pilot.store, token, "3", "", BEGUN),
        lambda: feedback.close(pilot.store, pilot.owner, pilot.id, round_id, BEGUN),
        lambda: feedback.renew_link(pilot.store, pilot.owner, pilot.id, round_id, BEGUN),
    ):
        with pytest.raises(Conflict, match="feedback_closed") as error:
            step()
        assert error.value.params == {"at": BEGUN}


def _decided(pilot: Pilot) -> None:
    pilot.decide(BEGUN, early_reason="Klart.")


def _ended(pilot: Pilot) -> None:
    pairings.end(pilot.store, pilot.broker, pilot.id, "safety", "", BEGUN)


@pytest.mark.parametrize("how", [_decided, _ended])
def test_a_round_ends_with_its_pilot(pilot: Pilot, how: Callable[[Pilot], None]) -> None:
    _, token = pilot.round()
    how(pilot)
    assert feedback.by_token(pilot.store, token, BEGUN)["status"] == "over"
    with pytest.raises(Conflict, match="feedback_over"):
        feedback.answer(pilot.store, token, "3", "", BEGUN)


def test_a_link_a_year_later_says_that_its_day_has_passed(pilot: Pilot) -> None:
    _, token = pilot.round()
    with pytest.raises(Conflict, match="feedback_past") as error:
        feedback.answer(pilot.store, token, "3", "", days_on(BEGUN, 365))
    assert error.value.params == {"closes_on": "2026-12-08"}


def test_on_its_last_day_a_round_still_takes_answers(pilot: Pilot) -> None:
    _, token = pilot.round()
    feedback.answer(pilot.store, token, "3", "", "2026-12-08T22:59:00.000000Z")
    assert len(answers(pilot)) == 1


def test_a_new_link_ends_the_old_one(pilot: Pilot) -> None:
    round_id, old = pilot.round()
    new = feedback.renew_link(pilot.store, pilot.founder, pilot.id, round_id, BEGUN)
    with pytest.raises(NotFound, match="feedback_link"):
        feedback.answer(pilot.store, old, "3", "", BEGUN)
    feedback.answer(pilot.store, new, "3", "", BEGUN)
    assert len(answers(pilot)) == 1


def test_a_round_that_is_full_says_so(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "MOST_ANSWERS", 1)
    _, token = pilot.round()
    feedback.answer(pilot.store, token, "3", "", BEGUN)
    with pytest.raises(Full, match="feedback_full"):
        feedback.answer(pilot.store, token, "3", "", BEGUN)


def test_the_startup_says_what_it_changed_and_may_say_more_later(pilot: Pilot) -> None:
    round_id, _ = pilot.round()
    for moment, text in ((BEGUN, "Högre ljud."), (OVER, "Högre ljud och en lampa.")):
        feedback.say_changed(pilot.store, pilot.founder, pilot.id, round_id, text, moment)
    row = feedback.of_pilot(pilot.store, pilot.row["id"], BEGUN)[0]
    assert (row["changed"], row["changed_by_name"]) == ("Högre ljud och en lampa.", pilot.founder.name)
    said = pilot.store.query("select detail from audit where action = 'feedback.changed' order by at")
    assert [json.loads(one["detail"])["note"] for one in said] == ["Högre ljud.", "Högre ljud och en lampa."]
    assert len(mails(pilot.store, "pairing_feedback_changed")) == 6


@pytest.mark.parametrize("who", ["owner", "host", "broker"])
def test_only_the_startup_says_what_it_changed(pilot: Pilot, who: str) -> None:
    round_id, _ = pilot.round()
    with pytest.raises(Denied):
        feedback.say_changed(pilot.store, getattr(pilot, who), pilot.id, round_id, "Inget.", BEGUN)


def test_the_host_opens_no_round(pilot: Pilot) -> None:
    with pytest.raises(Denied):
        feedback.open_round(pilot.store, pilot.host, pilot.id, "Hur går det?", "7", BEGUN)


@pytest.mark.parametrize("given", [("", "7"), ("Hur?", "0"), ("Hur?", "61"), ("Hur?", "sju")])
def test_a_round_has_a_question_and_days(pilot: Pilot, given: tuple[str, str]) -> None:
    with pytest.raises(Invalid):
        feedback.open_round(pilot.store, pilot.owner, pilot.id, *given, BEGUN)


def test_no_round_before_the_start_after_the_end_or_while_it_is_stopped(store: Store) -> None:
    pilot = Pilot(store)
    pilot.prepare()
    with pytest.raises(Conflict, match="pilot_not_started"):
        pilot.round()
    pilot.store.execute("update pilot set started_at = :now", {"now": BEGUN})
    with pytest.raises(Conflict, match="pilot_over"):
        pilot.round(OVER)
    told = {"happened_on": FIRST, "what": "Rök.", "severity": "stops"}
    incident = incidents.report(store, pilot.host, pilot.id, told, BEGUN)
    with pytest.raises(Conflict, match="pilot_halted"):
        pilot.round()
    incidents.handle(store, pilot.owner, pilot.id, incident, "Bytt.", BEGUN)
    assert pilot.round()


def test_a_round_of_another_case_is_not_there(pilot: Pilot) -> None:
    other = Pilot(pilot.store)
    other.start()
    theirs, _ = other.round()
    with pytest.raises(NotFound):
        feedback.load(pilot.store, pilot.owner, pilot.id, theirs)
    with pytest.raises(NotFound):
        feedback.load(pilot.store, pilot.owner, other.id, theirs)
    with pytest.raises(NotFound):
        feedback.close(pilot.store, pilot.owner, pilot.id, theirs, BEGUN)


def test_rounds_are_numbered_and_have_a_limit(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "MOST_ROUNDS", 2)
    for _ in range(2):
        pilot.round()
    assert [row["number"] for row in feedback.of_pilot(pilot.store, pilot.row["id"], BEGUN)] == [2, 1]
    with pytest.raises(Conflict, match="rounds_full"):
        pilot.round()
