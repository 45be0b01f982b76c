"""The waiting list and the reminders of bookings, on both engines: who is first in line, and who is told what once."""

from __future__ import annotations

import pytest

from matcher.hub import (
    booking_answers,
    booking_mails,
    booking_requests,
    bookings,
    pairings,
    reminders,
    staff_load,
    waiting_list,
)
from matcher.hub.clock import later
from matcher.hub.errors import Conflict
from matcher.store import Store
from tests.factories import NOW, create_testbed

from .booked import FIRST, LAST, Booked
from .cases import mails


@pytest.fixture
def scene(store: Store) -> Booked:
    return Booked(store)


def wait(scene: Booked, booking: str, days: int = 0) -> str:
    booking_answers.wait(scene.store, scene.host, booking, "", later(NOW, days=days))
    return booking


def cancel(scene: Booked, booking: str) -> None:
    booking_answers.cancel(scene.store, scene.host, booking, "staff", "", NOW)


def about(store: Store, template: str) -> list[str]:
    return [row["recipient"] for row in mails(store, template)]


def test_who_waits_is_told_and_holds_nothing(store: Store, scene: Booked) -> None:
    booking = wait(scene, scene.ask())
    row = scene.row(booking)
    assert (scene.status(booking), row["answered_at"]) == ("waiting", NOW)
    assert bookings.next_step(row, NOW) == {"code": "wait", "who": [], "by": None}
    assert about(store, "booking_waiting") == [scene.founder.email]
    with pytest.raises(Conflict, match="booking_waiting"):
        wait(scene, booking)
    scene.approve(scene.ask(who=scene.owner))


def test_how_one_stands_in_line_follows_what_is_free_now(store: Store, scene: Booked) -> None:
    holder = scene.approve(scene.ask())
    first, second = wait(scene, scene.ask(last="2026-12-10")), wait(scene, scene.ask(last="2026-12-09"), days=1)
    new = scene.ask(first="2026-12-02", last="2026-12-03")
    now = later(NOW, days=2)

    def stand(booking: str) -> tuple[int, str]:
        row = scene.row(booking)
        return waiting_list.standing(store, row, waiting_list.before(store, row, now))

    assert [stand(one) for one in (first, second, new)] == [(0, "wait")] * 3
    cancel(scene, holder)
    assert [stand(one) for one in (first, second, new)] == [(1, "room"), (1, "line"), (1, "line")]
    row = scene.row(second)
    assert bookings.next_step(row, now, [], "line") == {"code": "line", "who": [], "by": None}
    assert bookings.next_step(scene.row(first), now, [], "room")["who"] == ["host"]
    booking_answers.decline(store, scene.host, first, "no_fit", "", now)
    assert [stand(one) for one in (second, new)] == [(1, "room"), (1, "line")]


def test_at_a_withdrawn_testbed_nobody_waits_and_nothing_is_promised(store: Store, scene: Booked) -> None:
    scene.approve(scene.ask())
    asked, waits = scene.ask(last="2026-12-10"), wait(scene, scene.ask(last="2026-12-11"))
    store.execute("update testbed set withdrawn_at = :now where id = :id", {"now": NOW, "id": scene.testbed["id"]})
    for booking in (asked, waits):
        step = bookings.next_step(scene.row(booking), NOW)
        assert step == {"code": "no_testbed", "who": ["asker", "host"], "by": scene.row(booking)["ends_on"]}
    for step in (wait, scene.approve):
        with pytest.raises(Conflict, match="testbed_withdrawn"):
            step(*(scene, asked) if step is wait else (asked,))
    booking_answers.decline(store, scene.host, asked, "no_place", "", NOW)


def test_the_first_in_line_goes_first_and_one_place_is_not_offered_to_two(store: Store, scene: Booked) -> None:
    holder = scene.approve(scene.ask())
    second = wait(scene, scene.ask(last="2026-12-10"), days=1)
    first = wait(scene, scene.ask(first="2026-12-05", last="2026-12-12"))
    apart = wait(scene, scene.ask(first="2026-12-13", last="2026-12-14"), days=2)
    assert waiting_list.can_go(store, NOW) == []
    cancel(scene, holder)
    assert waiting_list.can_go(store, NOW) == [first, apart]
    booking_requests.withdraw(store, scene.founder, first, "", NOW)
    assert waiting_list.can_go(store, NOW) == [second, apart]


def test_the_buffer_closures_and_withdrawn_testbeds_count_in_the_line(store: Store) -> None:
    scene = Booked(store, buffer_days=2)
    booking = wait(scene, scene.ask(first="2026-12-16", last="2026-12-20"))
    assert waiting_list.can_go(store, NOW) == [booking]
    holder = scene.approve(scene.ask())
    assert waiting_list.can_go(store, NOW) == []
    cancel(scene, holder)
    closure = {"id": "c1", "testbed_id": scene.testbed["id"], "reason": "Jul", "created_at": NOW}
    store.insert("testbed_closure", {**closure, "starts_on": "2026-12-20", "ends_on": "2026-12-24"})
    assert waiting_list.can_go(store, NOW) == []
    store.execute("delete from testbed_closure")
    store.execute("update testbed set withdrawn_at = :now", {"now": NOW})
    assert waiting_list.can_go(store, NOW) == []


def test_no_more_is_asked_of_the_store_when_more_wait(
    store: Store, scene: Booked, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    query = type(store).query
    for number in range(3):
        scene.testbed, scene.host = create_testbed(store, published=True), scene.broker
        wait(scene, scene.ask(last=f"2026-12-1{number}"))
    monkeypatch.setattr(type(store), "query", lambda self, sql, *more: asked.append(sql) or query(self, sql, *more))
    assert len(waiting_list.can_go(store, NOW)) == 3
    assert len(asked) == 3


def test_both_are_told_once_for_each_time_there_is_room(store: Store, scene: Booked) -> None:
    holder = scene.approve(scene.ask())
    booking = wait(scene, scene.ask(last="2026-12-10"))
    assert reminders.send(store, NOW) == 0
    cancel(scene, holder)
    assert (reminders.send(store, NOW), reminders.send(store, later(NOW, minutes=60))) == (2, 0)
    assert set(about(store, "booking_room")) == {scene.founder.email, scene.host.email}
    assert bookings.next_step(scene.row(booking), NOW)["code"] == "room"
    assert bookings.is_turn(scene.host, scene.row(booking), NOW)
    other = scene.approve(scene.ask(who=scene.owner))
    assert reminders.send(store, later(NOW, minutes=120)) == 0
    assert scene.row(booking)["room_at"] is None
    cancel(scene, other)
    assert reminders.send(store, later(NOW, minutes=180)) == 2
    scene.approve(booking)
    assert reminders.send(store, later(NOW, minutes=240)) == 0


def test_who_is_passed_over_is_shown_before_and_kept(store: Store, scene: Booked) -> None:
    longer = wait(scene, scene.ask(last="2026-12-10"))
    wait(scene, scene.ask(first="2027-02-01", last="2027-02-10"))
    new = scene.ask(first="2026-12-09", last="2026-12-20", who=scene.owner)
    assert [row["id"] for row in waiting_list.before(store, scene.row(new), NOW)] == [longer]
    scene.approve(new)
    [kept] = store.query("select detail from audit where action = 'booking.approve'")
    assert '"passed": 1' in kept["detail"]
    cancel(scene, new)
    scene.approve(longer)
    assert all('"passed": 1' not in row["detail"] for row in store.query(
        "select detail from audit where action = 'booking.approve' and subject_id = :id", {"id": longer}
    ))  # fmt: skip


def test_the_host_is_reminded_three_days_before_and_the_asker_told_the_day_after(store: Store, scene: Booked) -> None:
    booking = scene.ask()
    assert booking_mails.remind(store, later(NOW, days=6)) == 0
    assert [booking_mails.remind(store, later(NOW, days=days)) for days in (7, 8, 10)] == [1, 0, 0]
    assert about(store, "booking_reminder") == [scene.host.email]
    assert [booking_mails.remind(store, later(NOW, days=days)) for days in (11, 12)] == [1, 0]
    assert about(store, "booking_late") == [scene.founder.email]
    scene.approve(booking, later(NOW, days=13))
    assert booking_mails.remind(store, later(NOW, days=14)) == 0


def test_at_short_notice_the_first_day_is_the_day_to_answer_by(store: Store, scene: Booked) -> None:
    """The promise comes too late for it: host, asker and brokers hear by the first day, and at last that it is over."""
    booking = scene.ask(first="2026-11-23", last="2026-11-24")
    row = scene.row(booking)
    assert (row["answer_by"], row["promised_by"]) == ("2026-11-23", "2026-11-30")
    told = {2: "booking_reminder", 4: "booking_late", 5: "booking_lapsed"}
    for days in range(1, 9):
        assert booking_mails.remind(store, later(NOW, days=days)) == (days in told), days
    assert about(store, "booking_reminder") == [scene.host.email]
    assert about(store, "booking_late") == about(store, "booking_lapsed") == [scene.founder.email]
    assert booking_mails.remind(store, later(NOW, days=60)) == 0


def test_what_is_asked_for_today_is_to_be_answered_today(store: Store, scene: Booked) -> None:
    booking = scene.ask(first="2026-11-20", last="2026-11-20")
    assert scene.row(booking)["answer_by"] == "2026-11-20"
    assert [booking_mails.remind(store, later(NOW, days=days, minutes=1)) for days in (0, 1, 2)] == [0, 1, 0]
    assert about(store, "booking_lapsed") == [scene.founder.email]


def test_a_reply_does_not_move_the_day_beyond_the_first_one(store: Store, scene: Booked) -> None:
    booking = scene.ask(first="2026-12-02")
    booking_answers.ask(store, scene.host, booking, {"question": "Behövs ström?"}, NOW)
    replied = booking_requests.reply(store, scene.founder, booking, {"reply": "Nej."}, later(NOW, days=5))
    assert replied == "2026-12-02"


def test_nobody_is_reminded_while_the_asker_owes_a_reply(store: Store, scene: Booked) -> None:
    booking = scene.ask()
    booking_answers.ask(store, scene.host, booking, {"question": "Behövs ström?"}, NOW)
    assert booking_mails.remind(store, later(NOW, days=12)) == 0


def test_a_host_that_asked_yesterday_is_not_reminded_the_same_day(store: Store) -> None:
    scene = Booked(store, answer_days=1)
    scene.ask()
    assert booking_mails.remind(store, later(NOW, minutes=60)) == 0
    assert booking_mails.remind(store, later(NOW, days=1, minutes=60)) == 1


def test_the_load_of_a_week_is_what_touches_it(store: Store) -> None:
    scene = Booked(store, places=9)
    scene.approve(scene.ask(first="2026-12-02", last="2026-12-08", staff_hours="3"))
    scene.approve(scene.ask(first="2026-12-07", last="2026-12-07", staff_hours="4"))
    scene.approve(scene.ask(first="2026-12-07", last="2026-12-09"))
    scene.ask(first="2026-12-08", last="2026-12-09", staff_hours="8")
    gone = scene.approve(scene.ask(first="2026-12-08", last="2026-12-10", staff_hours="8"))
    cancel(scene, gone)
    assert staff_load.mondays("2026-12-06", "2026-12-07") == ["2026-11-30", "2026-12-07"]
    assert staff_load.weeks(store, scene.testbed["id"], FIRST, LAST) == {"2026-11-30": 3, "2026-12-07": 7}


def test_what_a_case_took_over_or_booked_weighs_until_the_case_ends(store: Store) -> None:
    scene = Booked(store)
    both = {"startup_id": scene.startup["id"], "need_id": scene.need["id"]}
    booking = scene.approve(scene.ask(**both, staff_hours="5"))
    case = scene.accepted()
    scene.confirm(case, scene.testbed, FIRST, LAST, booking_id=booking)
    assert staff_load.weeks(store, scene.testbed["id"], FIRST, "2026-12-06") == {"2026-11-30": 5}
    pairings.end(store, scene.broker, case, "other", "Slut.", NOW)
    assert staff_load.weeks(store, scene.testbed["id"], FIRST, LAST) == {}
