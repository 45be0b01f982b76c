"""The secret links to the outcome form: who is asked when, reminded once, and left in peace when it is answered."""

from __future__ import annotations

import json

import pytest

from matcher.hub import directory, erasure, inbox, outcome_links, outcomes, people, reminders
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Invalid, NotFound
from matcher.store import Store
from tests.factories import create_person

from .cases import Case, mails
from .test_outcomes import ENDED, SIX, TWELVE, YES, answer, completed, decide

DUE, COMPANY = "pairing_outcome_due", "pairing_outcome_company_due"
LAST = "2029-02-08T08:00:00.000000Z"


def token(store: Store, template: str = DUE, place: int = -1) -> str:
    """Return the token of the newest mail (or another by its place)."""
    rows = store.query("select params from outbox where template = :t order by created_at, id", {"t": template})
    return json.loads(rows[place]["params"])["token"]


def test_both_sides_are_asked_when_a_form_is_due_each_by_its_own_link(store: Store, case: Case) -> None:
    completed(store, case)
    assert outcome_links.send(store, later(SIX, days=-1)) == 0
    assert reminders.send(store, SIX) == 2
    assert [mail["recipient"] for mail in mails(store, DUE)] == [case.owner.email]
    assert [mail["recipient"] for mail in mails(store, COMPANY)] == [case.founder.email]
    params = json.loads(mails(store, DUE)[0]["params"])
    assert (params["month"], params["again"], params["closes_on"]) == (6, False, "2028-02-08")
    assert outcome_links.load(store, token(store))["side"] == "owner"
    assert outcome_links.load(store, token(store, COMPANY))["side"] == "startup"


def test_only_the_hash_of_a_link_is_kept(store: Store, case: Case) -> None:
    completed(store, case)
    outcome_links.send(store, SIX)
    assert token(store) not in str(store.query("select * from outcome_link"))


def test_who_has_not_answered_is_reminded_once_after_two_weeks(store: Store, case: Case) -> None:
    completed(store, case)
    outcome_links.send(store, SIX)
    assert outcome_links.send(store, later(SIX, days=13)) == 0
    assert outcome_links.send(store, later(SIX, days=14)) == 2
    assert json.loads(mails(store, DUE)[-1]["params"])["again"]
    assert sum(outcome_links.send(store, later(SIX, days=days)) for days in (15, 28, 60, 150)) == 0


def test_reminders_stop_when_it_is_answered(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    outcome_links.send(store, SIX)
    outcome_links.answer(store, None, token(store), YES, later(SIX, days=2))
    assert outcome_links.send(store, later(SIX, days=14)) == 1  # the startup only
    assert list(outcomes.standing_answers(store, pairing_id)) == [6]


def test_the_same_is_asked_again_at_twelve_and_twenty_four_months(store: Store, case: Case) -> None:
    completed(store, case)
    months = []
    for now in (SIX, TWELVE, LAST):
        outcome_links.send(store, now)
        months.append(outcome_links.load(store, token(store))["asked"])
    assert months == [6, 12, 24]


def test_a_case_of_long_ago_is_asked_for_the_form_that_is_due_only(store: Store, case: Case) -> None:
    completed(store, case)
    assert outcome_links.send(store, later(TWELVE, days=30)) == 2
    assert [json.loads(mail["params"])["month"] for mail in mails(store, DUE)] == [12]


def test_nobody_is_asked_a_year_after_the_last_form(store: Store, case: Case) -> None:
    completed(store, case)
    assert outcome_links.send(store, later(LAST, days=366)) == 0


def test_a_case_that_was_stopped_asks_nobody(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    decide(store, pairing_id, "stop", ENDED)
    assert outcome_links.send(store, SIX) == 0


def test_a_side_without_people_is_asked_when_somebody_comes(store: Store, case: Case) -> None:
    completed(store, case)
    store.execute("update person set disabled_at = :now where id = :id", {"now": SIX, "id": case.founder.person_id})
    assert outcome_links.send(store, SIX) == 1
    store.execute("update person set disabled_at = null")
    assert outcome_links.send(store, later(SIX, days=1)) == 1


def test_an_answer_by_link_names_nobody_and_tells_the_owners_too(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    outcome_links.send(store, SIX)
    assert outcome_links.answer(store, None, token(store), {**YES, "used_by": "4"}, SIX) == 6
    assert outcomes.standing_answers(store, pairing_id)[6]["person"] is None
    told = {mail["recipient"] for mail in mails(store, "pairing_outcome_answered")}
    assert {case.owner.email, case.founder.email, case.broker.email} <= told


def test_who_is_logged_in_for_the_side_is_named_and_nobody_else(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    outcome_links.send(store, SIX)
    outcome_links.answer(store, case.founder, token(store), YES, SIX)
    outcome_links.answer(store, case.founder, token(store, COMPANY), {"jobs": "1", "customers": "2"}, SIX)
    assert outcomes.standing_answers(store, pairing_id)[6]["person"] is None
    assert outcomes.standing_answers(store, pairing_id, "startup")[6]["person"] == case.founder.name


def test_a_link_answers_once_whoever_answered(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    outcome_links.send(store, SIX)
    first = token(store)
    outcome_links.send(store, later(SIX, days=14))
    second = token(store)
    outcome_links.answer(store, None, second, YES, later(SIX, days=15))
    for link in (first, second):
        with pytest.raises(Conflict, match="outcome_answered"):
            outcome_links.answer(store, None, link, {"in_use": "no", "why_not": "Nej"}, later(SIX, days=16))
    assert outcomes.standing_answers(store, pairing_id)[6]["in_use"] == "yes"


def test_what_somebody_answered_on_the_case_is_not_written_over_by_link(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    outcome_links.send(store, SIX)
    answer(store, case, pairing_id)
    with pytest.raises(Conflict, match="outcome_answered"):
        outcome_links.answer(store, None, token(store), YES, SIX)


def test_a_link_of_last_year_opens_the_form_of_this_year(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    outcome_links.send(store, SIX)
    old, now = token(store), later(TWELVE, days=3)
    link = outcome_links.load(store, old)
    assert (link["asked"], outcome_links.month(store, link, now)) == (6, 12)
    assert outcome_links.answer(store, None, old, YES, now) == 12
    assert list(outcomes.standing_answers(store, pairing_id)) == [12]


def test_the_last_form_closes_after_a_year(store: Store, case: Case) -> None:
    completed(store, case)
    outcome_links.send(store, LAST)
    late = later(LAST, days=366)
    assert not outcome_links.is_open(store, outcome_links.load(store, token(store)), late)
    with pytest.raises(Conflict, match="outcome_closed"):
        outcome_links.answer(store, None, token(store), YES, late)


def test_a_link_of_a_case_that_was_stopped_since_answers_nothing(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    outcome_links.send(store, SIX)
    decide(store, pairing_id, "stop", SIX)
    with pytest.raises(Conflict):
        outcome_links.answer(store, None, token(store), YES, SIX)


def test_an_answer_that_is_wrong_leaves_the_link_as_it_was(store: Store, case: Case) -> None:
    completed(store, case)
    outcome_links.send(store, SIX)
    with pytest.raises(Invalid):
        outcome_links.answer(store, None, token(store), {"in_use": "no"}, SIX)
    assert outcome_links.answer(store, None, token(store), YES, SIX) == 6


@pytest.mark.parametrize("made_up", ["", "x", "a" * 43, "\ud800"])
def test_a_made_up_link_is_not_found(store: Store, made_up: str) -> None:
    with pytest.raises(NotFound):
        outcome_links.load(store, made_up)


def test_a_form_waits_on_the_own_page_until_it_is_answered_or_closed(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    assert outcome_links.waiting(store, case.owner, later(SIX, days=-1)) == []
    [form] = outcome_links.waiting(store, case.owner, SIX)
    assert (form["side"], form["month"], form["closes_on"]) == ("owner", 6, "2028-02-08")
    assert [one["side"] for one in outcome_links.waiting(store, case.founder, SIX)] == ["startup"]
    assert outcome_links.waiting(store, case.broker, SIX) == []
    answer(store, case, pairing_id)
    assert outcome_links.waiting(store, case.owner, SIX) == []
    assert [one["month"] for one in outcome_links.waiting(store, case.owner, TWELVE)] == [12]
    assert outcome_links.waiting(store, case.owner, later(LAST, days=370)) == []


def test_what_nobody_answers_after_the_reminder_is_on_the_desk(store: Store, case: Case) -> None:
    def waiting(now: str) -> list[str]:
        return [row["id"] for row in inbox.rows(store, "outcomes_unanswered", now)]

    pairing_id = completed(store, case)
    outcome_links.send(store, SIX)
    assert waiting(later(SIX, days=13)) == []
    outcome_links.send(store, later(SIX, days=14))
    assert waiting(later(SIX, days=14)) == [pairing_id]
    outcome_links.send(store, TWELVE)
    assert waiting(TWELVE) == []
    outcome_links.send(store, later(TWELVE, days=14))
    assert waiting(later(TWELVE, days=20)) == [pairing_id]
    answer(store, case, pairing_id, later(TWELVE, days=21), 12)
    assert waiting(later(TWELVE, days=21)) == []


@pytest.mark.parametrize("how", ["revoked", "closed", "erased"])
def test_a_link_ends_for_who_lost_the_role_and_who_is_there_gets_a_new_one(store: Store, case: Case, how: str) -> None:
    completed(store, case)
    stays = create_person(store, "startup", case.startup["organisation_id"])
    outcome_links.send(store, SIX)
    old, owners = token(store, COMPANY), token(store)
    administrator = create_person(store, "administrator")
    if how == "revoked":
        [held] = people.roles(store, case.founder.person_id)
        people.revoke(store, held["id"], administrator.person_id, SIX)
    elif how == "closed":
        directory.disable(store, case.founder.person_id, administrator.person_id, SIX)
    else:
        erasure.erase(store, case.founder.person_id, administrator.person_id, SIX)
    with pytest.raises(NotFound):
        outcome_links.load(store, old)
    assert outcome_links.load(store, owners)["side"] == "owner"
    assert outcome_links.send(store, later(SIX, minutes=5)) == 1
    [new] = store.query("select recipient from outbox where created_at > :six", {"six": SIX})
    assert new["recipient"] == stays.email
    assert outcome_links.load(store, token(store, COMPANY))["side"] == "startup"
