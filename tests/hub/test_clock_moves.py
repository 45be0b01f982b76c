"""The clock goes wrong and is set right: by an hour, by a year, over a change to summer time, on 29 February.

What gives access for a time gives it in that time and never after; no mail is lost, and none goes twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from matcher.hub import (
    access,
    agreements,
    bookings,
    cases,
    digest,
    limits,
    links,
    login_steps,
    mail,
    outcomes,
    pairings,
    reminders,
    retention,
    sessions,
)
from matcher.hub.clock import later
from matcher.hub.errors import HubError, NotFound
from matcher.store import Store
from tests.factories import NOW, create_organisation, create_person, create_testbed

from .booked import Booked
from .cases import Case

HOUR, YEAR = 60, 365 * 24 * 60
# Moments at which time itself is odd: summer time begins and ends in Sweden, a leap day, the end of a year.
ODD = (
    "2027-03-28T00:59:00.000000Z", "2027-10-31T00:59:00.000000Z", "2028-02-28T23:59:00.000000Z",
    "2028-02-29T23:59:00.000000Z", "2026-12-31T23:59:00.000000Z", NOW,
)  # fmt: skip


def shifted(moment: str, minutes: float) -> str:
    return later(moment, minutes=minutes)


def _session(store: Store, now: str) -> Callable[[str], bool]:
    token = sessions.start(store, create_person(store, "owner").person_id, now)
    return lambda at: sessions.viewer(store, token, at) is not None


def _used_session(store: Store, now: str) -> Callable[[str], bool]:
    """A session of long ago that is used at the wrong moment."""
    token = sessions.start(store, create_person(store, "owner").person_id, shifted(now, -HOUR))
    sessions.touch(store, token, now)
    return lambda at: sessions.viewer(store, token, at) is not None


def _reset(store: Store, now: str) -> Callable[[str], bool]:
    links.request_reset(store, create_person(store, "owner").email, now)
    row = store.query("select token_hash from link where purpose = 'reset' order by created_at desc limit 1")[0]
    return lambda at: _works(lambda: links.by_hash(store, row["token_hash"], at))


def _invitation(store: Store, now: str) -> Callable[[str], bool]:
    town = create_organisation(store, "public")
    token = links.invite(store, None, "ny@example.org", town["id"], "owner", now)
    return lambda at: _works(lambda: links.get(store, token, at))


def _log_in_step(store: Store, now: str) -> Callable[[str], bool]:
    token = login_steps.begin(store, "code", now, create_person(store, "owner").person_id)
    return lambda at: login_steps.get(store, "code", token, at) is not None


def _works(step: Callable[[], Any]) -> bool:
    try:
        step()
    except NotFound:
        return False
    return True


# What opens a door, and for how many minutes at most.
DOORS = {
    _session: 8 * 60,
    _used_session: 8 * 60,
    _reset: 120,
    _invitation: 14 * 24 * 60,
    _log_in_step: 5,
}


@pytest.mark.parametrize("moment", ODD)
@pytest.mark.parametrize("door", DOORS)
def test_a_door_is_open_for_its_time_and_no_longer(store: Store, door: Any, moment: str) -> None:
    is_open = door(store, moment)
    assert is_open(moment)
    assert is_open(shifted(moment, DOORS[door] - 1))
    assert not is_open(shifted(moment, DOORS[door] + 1))


@pytest.mark.parametrize("wrong", [HOUR, YEAR])
@pytest.mark.parametrize("door", DOORS)
def test_a_door_that_was_opened_by_a_clock_ahead_of_time_is_shut_when_it_is_set_right(
    store: Store, door: Any, wrong: int
) -> None:
    """Else it would stand open until the wrong moment comes: for a year."""
    is_open = door(store, shifted(NOW, wrong))
    for minutes in (0, 1, wrong - 10):
        assert not is_open(shifted(NOW, minutes))


@pytest.mark.parametrize("wrong", [HOUR, YEAR])
@pytest.mark.parametrize("door", DOORS)
def test_a_door_that_was_opened_by_a_clock_behind_is_shut_when_its_time_is_over(
    store: Store, door: Any, wrong: int
) -> None:
    is_open = door(store, shifted(NOW, -wrong))
    assert is_open(NOW) is (DOORS[door] > wrong)
    assert not is_open(shifted(NOW, DOORS[door]))


@pytest.mark.parametrize("door", DOORS)
def test_two_hosts_whose_clocks_differ_by_minutes_agree(store: Store, door: Any) -> None:
    assert door(store, NOW)(shifted(NOW, -4))


def test_a_log_in_step_of_time_to_come_is_not_finished(store: Store) -> None:
    token = login_steps.begin(store, "code", shifted(NOW, YEAR), create_person(store, "owner").person_id)
    assert login_steps.end(store, "code", token, NOW) is None


@pytest.mark.parametrize("minutes", [-YEAR, -HOUR, HOUR, YEAR])
def test_tries_are_counted_whatever_the_clock_did_before(store: Store, minutes: int) -> None:
    limits.count(store, "somebody", 1, shifted(NOW, minutes))
    limits.count(store, "somebody", 1, NOW)
    with pytest.raises(HubError):
        limits.count(store, "somebody", 1, NOW)


def test_a_place_is_open_on_its_days_and_on_no_other_whatever_the_clock_said_meanwhile(store: Store) -> None:
    """Nothing is kept of what the clock said: it may go there and back."""
    case, testbed = Case(store), create_testbed(store, published=True)
    pairing_id = case.accepted()
    pairings.confirm(store, case.broker, pairing_id, testbed["id"], "2028-02-29", "2028-03-26", NOW)
    row = cases.fetch(store, pairing_id)
    inside = ("2028-02-29T00:00:00.000000Z", "2028-03-26T00:59:59.000000Z", "2028-03-26T23:59:59.999999Z")
    outside = ("2028-02-28T23:59:59.999999Z", "2028-03-27T00:00:00.000000Z", NOW, shifted(inside[0], YEAR))
    for _ in range(2):
        for at in inside:
            assert access.missing(store, row, at) == ["agreement"]  # nobody signed: the days alone are asked about
        for at in outside:
            assert set(access.missing(store, row, at)) & {"not_begun", "over"}
    reminders.send(store, shifted(NOW, YEAR * 3))
    retention.apply(store, shifted(NOW, YEAR))
    assert access.missing(store, cases.fetch(store, pairing_id), inside[1]) == ["agreement"]


def test_a_booking_is_what_its_days_say_whatever_the_clock_said_meanwhile(store: Store) -> None:
    scene = Booked(store)
    booking = scene.approve(scene.ask("2028-02-28", "2028-02-29"))
    reminders.send(store, shifted(NOW, 2 * YEAR))
    row = scene.row(booking)
    assert bookings.status(row, "2028-02-29T23:59:00.000000Z") == "approved"
    assert set(bookings.missing(store, row, "2028-02-27T23:59:00.000000Z")) & {"not_begun"}
    assert "not_begun" not in bookings.missing(store, row, "2028-02-28T00:00:00.000000Z")
    assert set(bookings.missing(store, row, "2028-03-01T00:00:00.000000Z")) & {"over"}


def test_an_agreement_is_in_force_on_its_days_alone(store: Store) -> None:
    assert agreements.signed(store, "nothing", NOW) is None
    for begun, months, day in (
        ("2028-02-29", 12, "2029-02-28"), ("2028-02-29", 48, "2032-02-29"), ("2027-08-31", 6, "2028-02-29"),
        ("2026-08-31", 6, "2027-02-28"), ("2027-12-31", 2, "2028-02-29"),
    ):  # fmt: skip
        assert outcomes.months_after(begun, months) == day


# Mail


def queued(store: Store, now: str, event: str = "news") -> None:
    mail.queue(store, event, [{"email": "kim@example.org", "locale": "sv"}], "invite", now, token="t")


@pytest.mark.parametrize("wrong", [HOUR, -HOUR, YEAR, -YEAR])
@pytest.mark.parametrize("failures", [0, 1, 7])
def test_a_mail_of_a_wrong_clock_goes_once_when_it_is_set_right(store: Store, wrong: int, failures: int) -> None:
    at = shifted(NOW, wrong)
    queued(store, at)
    for _ in range(failures):
        [row] = mail.claim(store, at)
        mail.failed(store, row, "away", at)
        at = store.query("select next_try_at as at from outbox")[0]["at"]
    # After a year's error at once; after an hour's when its next try is due by the right clock, at most an hour late.
    right = NOW if abs(wrong) == YEAR else max(at, NOW)
    [row] = mail.claim(store, right)
    assert mail.claim(store, right) == []
    mail.sent(store, [row["id"]], right)
    for later_on in (right, at, shifted(right, YEAR), shifted(right, -YEAR)):
        assert mail.claim(store, later_on) == []


@pytest.mark.parametrize("wrong", [HOUR, -HOUR, YEAR, -YEAR])
def test_an_event_that_is_told_again_by_another_clock_is_told_once(store: Store, wrong: int) -> None:
    queued(store, NOW)
    queued(store, shifted(NOW, wrong))
    assert len(store.query("select id from outbox")) == 1


@pytest.mark.parametrize("wrong", [YEAR, -YEAR, HOUR])
def test_reminders_of_a_wrong_clock_do_not_come_again_when_it_is_right(store: Store, wrong: int) -> None:
    case = Case(store)
    case.propose(answer_days=14)
    days = (11 * 24 * 60, 12 * 24 * 60)
    for minutes in (*days, days[0] + wrong, *days):
        reminders.send(store, shifted(NOW, minutes))
    told = store.query(
        "select recipient, count(*) as n from outbox where template = 'pairing_reminder' group by recipient"
    )
    assert {row["recipient"]: row["n"] for row in told} == {case.owner.email: 1, case.founder.email: 1}


@pytest.mark.parametrize(
    ("before", "moment"),
    [
        ("2027-03-28T00:30:00.000000Z", "2027-03-28T04:00:00.000000Z"),  # the night of 23 hours
        ("2027-03-27T12:00:00.000000Z", "2027-03-28T04:00:00.000000Z"),
        ("2027-10-30T12:00:00.000000Z", "2027-10-31T05:00:00.000000Z"),  # the night of 25 hours
        ("2027-10-31T00:30:00.000000Z", "2027-10-31T05:00:00.000000Z"),
        ("2028-02-28T12:00:00.000000Z", "2028-02-29T05:00:00.000000Z"),
        ("2028-02-29T12:00:00.000000Z", "2028-03-01T05:00:00.000000Z"),
        ("2026-12-31T12:00:00.000000Z", "2027-01-01T05:00:00.000000Z"),
    ],
)
def test_the_daily_mail_comes_at_six_in_sweden_on_every_day(before: str, moment: str) -> None:
    assert digest.next_moment(before) == moment


def test_what_is_kept_for_a_time_is_there_after_an_hour_s_error(store: Store) -> None:
    for name in (_session, _reset, _invitation):
        assert name(store, NOW)(NOW)
    queued(store, NOW)
    retention.apply(store, shifted(NOW, HOUR))
    for table, number in (("session", 1), ("link", 2), ("outbox", 3)):
        assert len(store.query(f"select * from {table}")) >= number


def test_a_year_s_error_loses_no_mail_that_waits(store: Store) -> None:
    queued(store, NOW)
    retention.apply(store, shifted(NOW, YEAR))
    [row] = mail.claim(store, NOW)
    assert row["params"] == {"token": "t"}
