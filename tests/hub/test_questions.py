"""Questions about a need, answered to all who have it open, and the ledger of who was told."""

from __future__ import annotations

import json

import pytest

from matcher.hub import inbox, interests, needs, pairings, pointless, questions, reminders, removals
from matcher.hub import mail as outbox
from matcher.hub.clock import day, later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from tests.factories import NOW, create_need, create_person, create_startup

from .cases import SEEN, Case, mails, recorded

ANSWER = {"question": "Hur många rum gäller det?", "answer": "Fyrtio, på två avdelningar."}


def company(store):
    """Return somebody at a startup with a published profile, and its id."""
    person = create_person(store, "startup")
    return person, create_startup(store, person.organisations("startup")[0], published=True)["id"]


def ask(store, viewer, case, text="Vi på Larm AB undrar hur många rum det gäller?"):
    return questions.ask(store, viewer, case.need["id"], text, NOW)


def answer(store, viewer, case, question_id, **given):
    return questions.answer(store, viewer, case.need["id"], question_id, {**ANSWER, **given}, later(NOW, days=1))


def need(store, viewer, case):
    return needs.load(store, viewer, case.need["id"])


def test_the_owner_and_the_brokers_are_asked(store, case):
    asker, _ = company(store)
    ask(store, asker, case)
    told = mails(store, "need_question")
    assert {mail["recipient"] for mail in told} == {case.owner.email, case.broker.email}
    assert json.loads(told[0]["params"])["answer_by"] == day(later(NOW, days=7))
    assert asker.name not in told[0]["params"]
    assert recorded(store, case.need["id"])[-1:] == ["need.question"]


def test_the_answer_goes_to_all_who_have_the_need_open_and_nobody_else(store, case):
    case.propose()
    (asker, _), (interested, other), (shown, third), (outside, _) = (company(store) for _ in range(4))
    interests.create(store, interested, case.need["id"], other, "Vi kan.", NOW)
    row = {"id": "share1", "need_id": case.need["id"], "startup_id": third, "person_id": case.broker.person_id}
    store.insert("share", {**row, "note": "", "seen": json.dumps(SEEN), "at": NOW})
    question_id = ask(store, asker, case)
    assert answer(store, case.owner, case, question_id) == 4
    told = {mail["recipient"] for mail in mails(store, "need_question_answered")}
    assert told == {asker.email, interested.email, shown.email, case.founder.email}
    assert outside.email not in told
    rows = questions.ledger(store, case.broker, need(store, case.broker, case))[question_id]
    assert {row["email"]: row["why"] for row in rows} == {
        asker.email: "asker", interested.email: "interest", shown.email: "share", case.founder.email: "case",
    }  # fmt: skip
    assert {row["at"] for row in rows} == {later(NOW, days=1)}


def test_who_asked_is_named_to_the_needs_side_alone(store, case):
    case.propose()
    asker, _ = company(store)
    question_id = ask(store, asker, case)
    answer(store, case.owner, case, question_id)
    for mail in mails(store, "need_question_answered"):
        assert asker.name not in mail["params"]
        assert "Larm AB" not in mail["params"]
    [row] = questions.of_need(store, case.founder, need(store, case.founder, case))
    assert (row["question"], row["asked"], row["asker"], row["asked_for"]) == (ANSWER["question"], None, None, None)
    assert questions.ledger(store, case.founder, need(store, case.founder, case)) == {}
    [row] = questions.of_need(store, case.owner, need(store, case.owner, case))
    assert row["asker"] == asker.name


def test_before_the_answer_only_the_asker_and_the_needs_side_read_it(store, case):
    asker, _ = company(store)
    ask(store, asker, case)
    counted = [len(questions.of_need(store, who, need(store, who, case))) for who in (asker, case.owner, case.founder)]
    assert counted == [1, 1, 0]


def test_who_has_closed_the_need_for_themselves_is_not_told(store, case):
    pairing_id = case.propose()
    pairings.decline(store, case.founder, pairing_id, "startup", "no_capacity", "", NOW)
    asker, _ = company(store)
    assert answer(store, case.broker, case, ask(store, asker, case)) == 1


def test_an_answer_stands(store, case):
    asker, _ = company(store)
    question_id = ask(store, asker, case)
    answer(store, case.owner, case, question_id)
    with pytest.raises(Conflict) as error:
        answer(store, case.broker, case, question_id)
    assert (error.value.code, error.value.params["person"]) == ("question_answered", case.owner.name)


def test_only_the_needs_side_answers_and_only_startups_and_hosts_ask(store, case):
    asker, _ = company(store)
    question_id = ask(store, asker, case)
    for person in (asker, case.founder, create_person(store, "owner")):
        with pytest.raises(Denied):
            answer(store, person, case, question_id)
    with pytest.raises(Denied):
        ask(store, case.owner, case)


def test_what_is_empty_or_about_another_need_is_refused(store, case):
    asker, _ = company(store)
    with pytest.raises(Invalid):
        ask(store, asker, case, " ")
    question_id = ask(store, asker, case)
    for missing in ANSWER:
        with pytest.raises(Invalid) as error:
            answer(store, case.owner, case, question_id, **{missing: ""})
        assert set(error.value.errors) == {missing}
    with pytest.raises(NotFound):
        answer(store, case.broker, Case(store, case.broker), question_id)


def test_nobody_asks_about_a_draft_or_a_closed_need(store, case):
    asker, _ = company(store)
    draft = create_need(store, case.owner.organisations("owner")[0])
    with pytest.raises(NotFound):
        questions.ask(store, asker, draft["id"], "Hur?", NOW)
    store.execute("update need set closed_at = :now, close_reason = 'met'", {"now": NOW})
    with pytest.raises((Conflict, NotFound)):
        ask(store, asker, case)


def test_one_asks_so_many_at_once(store, case, monkeypatch):
    monkeypatch.setattr(questions, "MOST_WAITING", 1)
    asker, _ = company(store)
    question_id = ask(store, asker, case)
    with pytest.raises(Conflict, match="questions_full"):
        ask(store, asker, case)
    answer(store, case.owner, case, question_id)
    ask(store, asker, case)


def test_a_need_that_was_asked_about_stays(store, case):
    asker, _ = company(store)
    ask(store, asker, case)
    assert removals.in_use(store, "need", case.need["id"])


def test_the_owner_is_reminded_once_after_three_days(store, case):
    asker, _ = company(store)
    ask(store, asker, case)
    assert questions.remind(store, later(NOW, days=2.9)) == 0
    assert reminders.send(store, later(NOW, days=3)) == 1
    assert questions.remind(store, later(NOW, days=30)) == 0
    [mail] = mails(store, "need_question_reminder")
    assert mail["recipient"] == case.owner.email
    assert asker.name not in mail["params"]


def test_a_reminder_stops_when_the_question_is_answered_or_the_need_is_closed(store, case):
    (asker, _), other = company(store), Case(store)
    question_id = ask(store, asker, case)
    answer(store, case.broker, case, question_id)
    ask(store, asker, other)
    needs.close(store, other.owner, other.need["id"], "paused", "", later(NOW, days=1))
    assert questions.remind(store, later(NOW, days=4)) == 0


def test_a_reminder_that_waits_for_a_daily_mail_is_pointless_when_the_question_is_answered(store, case):
    asker, _ = company(store)
    question_id = ask(store, asker, case)
    questions.remind(store, later(NOW, days=3))
    (row,) = [one for one in outbox.listing(store)["rows"] if one["template"] == "need_question_reminder"]
    assert not pointless.is_pointless(store, row)
    answer(store, case.owner, case, question_id)
    assert pointless.is_pointless(store, row)


def test_after_a_week_a_question_stands_on_the_desk_one_row_a_need(store, case):
    asker, _ = company(store)
    first, second = (ask(store, asker, case, text) for text in ("Ett?", "Två?"))

    def waiting(days):
        return [(row["id"], row["age"], row["late"]) for row in inbox.rows(store, "questions_unanswered", days)]

    assert waiting(later(NOW, days=6.9)) == []
    assert waiting(later(NOW, days=8)) == [(case.need["id"], 8, True)]
    answer(store, case.owner, case, first)
    assert len(waiting(later(NOW, days=8))) == 1
    answer(store, case.owner, case, second)
    assert waiting(later(NOW, days=8)) == []
