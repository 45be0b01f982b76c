"""Cases that stand still, and who is asked about them."""

from __future__ import annotations

import json

import pytest

from matcher.hub import case_log, cases, holders, pairings, reminders, still
from matcher.hub.clock import later
from tests.factories import NOW, create_person

from .cases import mails
from .pilots import BEGUN, Pilot


@pytest.fixture
def pairing_id(case):
    return case.accepted()


@pytest.fixture
def colleague(store):
    return create_person(store, "broker")


def after(days):
    return later(NOW, days=days)


def told(store):
    return sorted((json.loads(mail["params"])["level"], mail["recipient"]) for mail in mails(store, "case_still"))


def test_the_holder_is_asked_once_after_thirty_days(store, case, pairing_id, colleague):
    assert still.remind(store, after(30)) == 0
    assert reminders.send(store, after(30.5)) == 1
    assert still.remind(store, after(31)) == 0
    assert told(store) == [(1, case.broker.email)]
    [row] = still.asked(store, cases.fetch(store, pairing_id))
    assert (row["level"], row["at"]) == (1, after(30.5))


def test_then_the_substitute_and_then_all_brokers_a_week_apart(store, case, pairing_id, colleague):
    third = create_person(store, "broker")
    given = {"holder_id": case.broker.person_id, "substitute_id": colleague.person_id}
    holders.hand(store, case.broker, pairing_id, given, NOW)
    for days in (31, 34, 38, 40, 45, 46, 60, 90):
        still.remind(store, after(days))
    everybody = [(3, person.email) for person in (case.broker, colleague, third)]
    assert told(store) == sorted([(1, case.broker.email), (2, colleague.email), *everybody])
    assert [row["at"] for row in still.asked(store, cases.fetch(store, pairing_id))] == [
        after(31),
        after(38),
        after(45),
    ]


def test_without_a_substitute_all_are_asked_the_second_time(store, case, pairing_id, colleague):
    for days in (31, 38.5, 60):
        still.remind(store, after(days))
    assert told(store) == [(1, case.broker.email), *sorted([(3, case.broker.email), (3, colleague.email)])]


def test_one_who_was_away_for_long_does_not_send_all_at_once(store, case, pairing_id, colleague):
    given = {"holder_id": case.broker.person_id, "substitute_id": colleague.person_id}
    holders.hand(store, case.broker, pairing_id, given, NOW)
    still.remind(store, after(200))
    still.remind(store, after(201))
    assert told(store) == [(1, case.broker.email)]


def test_a_line_in_the_log_ends_the_stillness_and_the_next_one_begins_with_the_holder(store, case, pairing_id):
    still.remind(store, after(31))
    case_log.write(store, case.owner, pairing_id, {"text": "Vi väntar på budgeten."}, after(35))
    assert still.days(store, cases.fetch(store, pairing_id), after(40)) == 0
    assert still.asked(store, cases.fetch(store, pairing_id)) == []
    for days in (40, 60, 64):
        still.remind(store, after(days))
    assert still.remind(store, after(66)) == 1
    assert still.days(store, cases.fetch(store, pairing_id), after(66)) == 31
    assert {level for level, _ in told(store)} == {1}


def test_nobody_is_asked_about_what_is_over(store, case, pairing_id):
    pairings.decline(store, case.owner, pairing_id, "owner", "no_fit", "", NOW)
    assert still.remind(store, after(90)) == 0
    assert still.days(store, cases.fetch(store, pairing_id), after(90)) == 0


def test_a_reading_and_an_answer_of_the_staff_are_something_that_happens(store):
    pilot = Pilot(store)
    indicator = pilot.start()
    pilot.read(indicator, "4", now=later(BEGUN, days=20))
    assert still.remind(store, later(BEGUN, days=45)) == 0
    assert still.since(store, cases.fetch(store, pilot.id)) == later(BEGUN, days=20)
    store.execute("delete from reading")
    assert still.since(store, cases.fetch(store, pilot.id)) == BEGUN


def test_when_the_holder_has_left_the_substitute_is_asked_first(store, case, pairing_id, colleague):
    given = {"holder_id": colleague.person_id, "substitute_id": case.broker.person_id}
    holders.hand(store, case.broker, pairing_id, given, NOW)
    store.execute("update person set disabled_at = :now where id = :id", {"now": NOW, "id": colleague.person_id})
    still.remind(store, after(31))
    assert told(store) == [(2, case.broker.email)]
