"""One mail a day: what waits, until when, and what goes with it."""

from __future__ import annotations

from itertools import pairwise
from threading import Barrier, Thread

import pytest

from matcher.hub import booking_answers, digest, mail, needs, pairings, people, pointless, reminders, still
from matcher.hub.clock import later, parse
from tests.factories import NOW, create_need, create_person
from tests.hub.booked import Booked
from tests.hub.cases import Case
from tests.hub.pilots import Pilot

SIX = "2026-11-21T05:00:00.000000Z"  # six in the morning, winter time


@pytest.fixture
def kim(store):
    person = create_person(store, "broker", email="kim@example.org")
    people.save_settings(store, person, "Kim", "sv", False, NOW, digest=True)
    return people.viewer(store, person.person_id)


def tell(store, event="n1", template="need_published", now=NOW, email="kim@example.org", **params):
    mail.queue(store, event, [{"email": email, "locale": "sv"}], template, now, **params)


def due(store, now):
    return [row["event"].partition(":")[0] for row in mail.claim(store, now)]


@pytest.mark.parametrize(
    ("now", "next_one"),
    [
        ("2026-11-20T04:59:59.999999Z", "2026-11-20T05:00:00.000000Z"),
        ("2026-11-20T05:00:00.000000Z", "2026-11-21T05:00:00.000000Z"),
        ("2026-11-20T23:30:00.000000Z", "2026-11-21T05:00:00.000000Z"),  # half past midnight in Sweden
        ("2026-07-01T03:59:00.000000Z", "2026-07-01T04:00:00.000000Z"),
        ("2026-03-28T12:00:00.000000Z", "2026-03-29T04:00:00.000000Z"),  # the clock goes forward that night
        ("2026-03-29T00:30:00.000000Z", "2026-03-29T04:00:00.000000Z"),
        ("2026-10-24T12:00:00.000000Z", "2026-10-25T05:00:00.000000Z"),  # and back that night
        ("2026-10-25T04:30:00.000000Z", "2026-10-25T05:00:00.000000Z"),
        ("2026-12-31T12:00:00.000000Z", "2027-01-01T05:00:00.000000Z"),
    ],
)
def test_six_in_the_morning_comes_once_a_day_in_summer_time_too(now, next_one):
    assert digest.next_moment(now) == next_one


def test_a_day_is_never_left_out_nor_doubled_when_the_clock_changes():
    for start in ("2026-03-27T05:00:00.000000Z", "2026-10-23T04:00:00.000000Z"):
        moments = [start]
        for _ in range(4):
            moments.append(digest.next_moment(moments[-1]))
        between = [parse(after) - parse(before) for before, after in pairwise(moments)]
        assert [gap.total_seconds() / 3600 for gap in between].count(24) == 3
        assert {gap.total_seconds() / 3600 for gap in between} in ({23, 24}, {24, 25})


def test_who_wants_one_mail_a_day_gets_the_days_mails_together(store, kim):
    tell(store, "n2", now=later(NOW, minutes=5))
    tell(store, "n1")
    tell(store, "n3", now=later(NOW, minutes=9))
    assert due(store, later(SIX, minutes=-1)) == []
    assert due(store, SIX) == ["n1", "n2", "n3"]
    assert due(store, SIX) == []


def test_a_day_without_news_has_no_mail(store, kim):
    assert mail.claim(store, SIX) == []


def test_what_comes_after_six_waits_for_the_next_morning(store, kim):
    tell(store, "n1")
    assert due(store, SIX) == ["n1"]
    tell(store, "n2", now=later(SIX, minutes=1))
    assert due(store, later(SIX, minutes=9)) == []
    assert due(store, later(SIX, days=1)) == ["n1", "n2"], "what was never said to be sent goes along"


def test_others_get_each_mail_at_once(store, kim):
    tell(store, "n1", email="lee@example.org")
    tell(store, "n2", email="lee@example.org")
    assert sorted(due(store, NOW) for _ in range(3)) == [[], ["n1"], ["n2"]]


def test_two_readers_never_share_a_mail(store, kim):
    lee = create_person(store, "broker", email="lee@example.org")
    people.save_settings(store, lee, "Lee", "en", False, NOW, digest=True)
    for number in range(3):
        tell(store, f"n{number}")
        tell(store, f"n{number}", email="lee@example.org")
    letters = [mail.claim(store, SIX) for _ in range(3)]
    assert [len(rows) for rows in letters] == [3, 3, 0]
    assert [len({row["recipient"] for row in rows}) for rows in letters] == [1, 1, 0]


@pytest.mark.parametrize(
    ("template", "params"),
    [
        ("reset", {"token": "t", "hours": 2}),
        ("invite", {"token": "t", "days": 14}),
        ("reset_elsewhere", {}),
        ("pairing_outcome_due", {"token": "t", "closes_on": "2030-01-01"}),
        ("pairing_feedback_opened", {"token": "t"}),
        ("pairing_incident", {}),
        ("pairing_ended", {}),  # stop now
        ("pairing_agreement_ended", {}),
        ("pairing_testbed_closed", {"closed_on": "2026-11-21", "starts_on": "2026-01-01"}),
        ("pairing_testbed_withdrawn", {"starts_on": "2026-11-01"}),
        ("pairing_unmet", {"starts_on": "2026-11-01"}),
        ("booking_unmet", {"starts_on": "2026-11-21"}),
        ("booking_testbed_closed", {"closed_on": "2026-11-20", "starts_on": "2026-12-24"}),
        ("pairing_proposed", {"answer_by": "2026-11-20"}),  # today
        ("pairing_reminder", {"answer_by": "2026-11-21"}),  # the day on which the daily mail would come
        ("pilot_overdue", {"decide_by": "2026-10-01"}),
        ("need_expiring", {"valid_until": "2026-11-21"}),
    ],
)
def test_what_lets_one_in_or_must_be_done_by_then_goes_at_once(store, kim, template, params):
    tell(store, template=template, **params)
    assert len(mail.claim(store, NOW)) == 1


@pytest.mark.parametrize(
    ("template", "params"),
    [
        ("pairing_proposed", {"answer_by": "2026-11-22"}),
        ("pairing_pilot_decided", {"answer_by": "2025-01-01"}),  # an answer long given: nothing to be done by then
        ("need_published", {}),
    ],
)
def test_what_has_time_waits(store, kim, template, params):
    tell(store, template=template, **params)
    assert mail.claim(store, NOW) == []


def test_a_letter_that_nobody_said_was_sent_comes_once_more_whole_after_its_lease(store, kim):
    tell(store, "n1")
    tell(store, "n2")
    first = {row["id"] for row in mail.claim(store, SIX)}
    assert mail.claim(store, later(SIX, minutes=9)) == []
    again = mail.claim(store, later(SIX, minutes=10))
    assert {row["id"] for row in again} == first
    mail.sent(store, [row["id"] for row in again], later(SIX, minutes=10))
    assert mail.claim(store, later(SIX, days=30)) == []


def test_workers_that_claim_at_once_never_take_the_same(store, kim):
    for number in range(10):
        tell(store, f"n{number}")
    start, letters = Barrier(4), []

    def work():
        start.wait()
        for _ in range(5):
            letters.append(mail.claim(store, SIX))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(rows) for rows in letters if rows) == [10]


def test_who_goes_back_to_each_at_once_gets_what_waited(store, kim):
    tell(store, "n1")
    tell(store, "n2")
    people.save_settings(store, kim, "Kim", "sv", False, later(NOW, minutes=1), digest=False)
    assert sorted(due(store, later(NOW, minutes=1)) for _ in range(3)) == [[], ["n1"], ["n2"]]


def test_other_settings_leave_the_choice_alone(store, kim):
    people.save_settings(store, kim, "Kim Ny", "en", True, NOW)
    tell(store)
    assert people.viewer(store, kim.person_id).digest
    assert mail.claim(store, NOW) == []


def test_a_closed_account_has_no_daily_mail(store, kim):
    store.execute("update person set disabled_at = :now where id = :id", {"now": NOW, "id": kim.person_id})
    tell(store)
    assert len(mail.claim(store, NOW)) == 1


def test_the_readers_language_is_todays(store, kim):
    tell(store)
    people.set_locale(store, kim.person_id, "en")
    assert mail.locale(store, {"recipient": "kim@example.org", "locale": "sv"}) == "en"
    assert mail.locale(store, {"recipient": "nobody@example.org", "locale": "sv"}) == "sv"


# Reminders that became pointless while they waited


def queued(store, template):
    return [row for row in mail.listing(store)["rows"] if row["template"] == template]


def test_a_reminder_is_pointless_when_its_reader_has_answered_and_not_when_the_other_has(store):
    case = Case(store)
    pairing_id = case.propose(answer_days=14)
    reminders.send(store, later(NOW, days=12))
    pairings.accept(store, case.owner, pairing_id, "owner", later(NOW, days=12))
    found = {row["recipient"]: pointless.is_pointless(store, row) for row in queued(store, "pairing_reminder")}
    assert found == {case.owner.email: True, case.founder.email: False}


def test_a_reminder_of_a_request_for_a_place_is_pointless_when_the_host_has_answered(store):
    scene = Booked(store)
    booking_id = scene.ask()
    reminders.send(store, later(NOW, days=8))
    (row,) = queued(store, "booking_reminder")
    assert not pointless.is_pointless(store, row)
    scene.approve(booking_id, later(NOW, days=8))
    assert pointless.is_pointless(store, row)


def test_what_was_true_of_a_booking_is_not_sent_when_it_is_so_no_longer(store):
    scene = Booked(store)
    late, waits = scene.ask(), scene.ask(first="2026-12-20", last="2026-12-24")
    booking_answers.wait(store, scene.host, waits, "", NOW)
    reminders.send(store, later(NOW, days=11))
    [no_answer], [room, *_] = queued(store, "booking_late"), queued(store, "booking_room")
    assert not any(pointless.is_pointless(store, row) for row in (no_answer, room))
    scene.approve(late, later(NOW, days=11))
    scene.approve(waits, later(NOW, days=11))
    assert all(pointless.is_pointless(store, row) for row in (no_answer, room))


@pytest.mark.parametrize("template", ["pilot_due", "pilot_overdue"])
def test_a_reminder_to_decide_is_pointless_when_it_is_decided(store, template):
    pilot = Pilot(store)
    pilot.start()
    tell(store, template=template, pairing_id=pilot.id, last=pilot.ends, decide_by="2030-01-01")
    (row,) = queued(store, template)
    assert not pointless.is_pointless(store, row)
    pilot.decide()
    assert pointless.is_pointless(store, row)


def test_a_case_that_moved_is_not_asked_why_it_stands_still(store):
    case = Case(store)
    pairing_id = case.propose(answer_days=60)
    still.remind(store, later(NOW, days=31))
    (row, *_) = queued(store, "case_still")
    assert not pointless.is_pointless(store, row)
    pairings.accept(store, case.owner, pairing_id, "owner", later(NOW, days=31))
    assert pointless.is_pointless(store, row)


def test_a_reminder_of_a_needs_last_day_is_pointless_when_it_is_closed(store):
    owner = create_person(store, "owner")
    need = create_need(store, owner.organisations("owner")[0], published=True, valid_until="2026-11-30")
    reminders.send(store, NOW)
    (row,) = queued(store, "need_expiring")
    assert not pointless.is_pointless(store, row)
    needs.close(store, owner, need["id"], "met", "", NOW)
    assert pointless.is_pointless(store, row)


def test_news_are_never_pointless(store, kim):
    tell(store, need_id="gone")
    assert not pointless.is_pointless(store, mail.listing(store)["rows"][0])


def test_a_mail_that_is_dropped_is_neither_sent_nor_waiting_nor_kept(store):
    tell(store)
    (row,) = mail.claim(store, NOW)
    mail.drop(store, row["id"], NOW)
    assert mail.claim(store, later(NOW, days=9)) == []
    (row,) = mail.listing(store, "dropped")["rows"]
    assert (row["state"], row["params"]) == ("dropped", {})
    assert mail.listing(store, "waiting")["rows"] == []
    assert mail.waiting(store) == {"waiting": 0, "given_up": 0}
