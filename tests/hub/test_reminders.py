"""Mails before a day passes."""

from matcher.hub import pairings, reminders
from matcher.hub.clock import day, later
from tests import factories
from tests.factories import NOW
from tests.hub.cases import Case, mails

SOON = later(NOW, days=12)


def recipients(store, template):
    return [row["recipient"] for row in mails(store, template)]


def test_both_sides_are_reminded_once_shortly_before_the_day(store, case):
    case.propose(answer_days=14)
    assert reminders.send(store, later(NOW, days=10)) == 0
    assert reminders.send(store, SOON) == 2
    assert recipients(store, "pairing_reminder") == sorted([case.owner.email, case.founder.email])
    assert reminders.send(store, later(SOON, days=1)) == 0
    assert len(mails(store, "pairing_reminder")) == 2


def test_who_has_answered_is_left_in_peace(store, case):
    pairings.accept(store, case.owner, case.propose(answer_days=14), "owner", NOW)
    reminders.send(store, SOON)
    assert recipients(store, "pairing_reminder") == [case.founder.email]


def test_nobody_is_reminded_of_what_is_decided_or_past(store, case):
    case.propose(answer_days=14)
    assert reminders.send(store, later(NOW, days=20)) == 0
    other = Case(store)
    other.accepted()
    assert reminders.send(store, SOON) == 2  # both sides of the first case only


def test_a_day_that_is_moved_is_told_of_again(store, case):
    pairing_id = case.propose(answer_days=14)
    reminders.send(store, SOON)
    store.execute(
        "update pairing set answer_by = :day where id = :id", {"day": day(later(NOW, days=30)), "id": pairing_id}
    )
    assert reminders.send(store, later(NOW, days=28)) == 2


def test_who_was_asked_today_is_not_reminded_today(store, case):
    case.propose(answer_days=2)
    assert reminders.send(store, later(NOW, minutes=30)) == 0


def test_owners_are_told_that_their_need_ends_once(store):
    owner = factories.create_person(store, "owner")
    organisation = owner.organisations("owner")[0]
    until = day(later(NOW, days=10))
    factories.create_need(store, organisation, published=True, valid_until=until)
    factories.create_need(store, organisation, published=True, valid_until=day(later(NOW, days=40)))
    factories.create_need(store, organisation, valid_until=until)
    assert reminders.send(store, NOW) == 1
    assert recipients(store, "need_expiring") == [owner.email]
    assert reminders.send(store, later(NOW, days=1)) == 0


def test_needs_that_nobody_owns_do_not_stand_in_the_way_of_others(store):
    until = day(later(NOW, days=3))
    for _ in range(60):
        factories.create_need(store, factories.create_organisation(store)["id"], published=True, valid_until=until)
    owner = factories.create_person(store, "owner")
    own = owner.organisations("owner")[0]
    factories.create_need(store, own, published=True, valid_until=day(later(NOW, days=10)))
    assert reminders.send(store, NOW) == 1
