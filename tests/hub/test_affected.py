"""A testbed that is closed or withdrawn with bookings in it: the host is asked once more, and both sides are told."""

from __future__ import annotations

import json

import pytest

from matcher.hub import affected, bookings, closures, pairings, testbeds
from matcher.hub.errors import Conflict
from tests.factories import NOW, create_person, create_testbed

from .cases import mails
from .test_feeds import ASKED, booking

CLOSED = ("2027-03-10", "2027-03-12", "Ombyggnad.")


@pytest.fixture
def testbed(store, host):
    return create_testbed(store, host.organisations("host")[0], published=True, places=5)


@pytest.fixture
def book(store, case, testbed):
    own = case.founder.organisations("startup")[0]
    asker = {"startup_id": case.startup["id"], "requested_by": case.founder.person_id}
    return lambda **columns: booking(store, testbed, own, **{**asker, **columns})


def close(store, host, testbed, seen=""):
    return closures.close_period(store, host, testbed["id"], *CLOSED, NOW, seen)


def refused(step):
    with pytest.raises(Conflict) as caught:
        step()
    assert caught.value.code == "testbed_affected"
    return caught.value.params


def recipients(store, template):
    return [row["recipient"] for row in mails(store, template)]


def test_an_empty_testbed_is_closed_at_once(store, host, testbed, book):
    book(starts_on="2027-03-01", ends_on="2027-03-09")
    book(starts_on="2027-03-13", ends_on="2027-03-19")
    book(cancelled_at=NOW, cancelled_side="host", reason="other")
    close(store, host, testbed)
    assert len(closures.of(store, testbed["id"])) == 1
    assert mails(store, "booking_testbed_closed") == []


def test_the_host_is_asked_once_more_and_nothing_has_happened_before(store, host, testbed, case, book):
    pairing_id, booked, asked = case.accepted(), book(), book(**ASKED)
    case.confirm(pairing_id, testbed, "2027-03-01", "2027-03-31")
    found = refused(lambda: close(store, host, testbed))
    assert {(row["pairing_id"] or row["booking_id"], row["asked"]) for row in found["rows"]} == {
        (pairing_id, False),
        (booked, False),
        (asked, True),
    }
    assert closures.of(store, testbed["id"]) == []
    assert mails(store, "booking_testbed_closed") == []
    close(store, host, testbed, found["seen"])
    assert [row["reason"] for row in closures.of(store, testbed["id"])] == ["Ombyggnad."]


def test_both_sides_are_told_and_the_one_who_closes_is_not(store, host, testbed, case, book):
    colleague = create_person(store, "host", testbed["organisation_id"])
    case.confirm(case.accepted(), testbed, "2027-03-01", "2027-03-31")
    book()
    close(store, host, testbed, refused(lambda: close(store, host, testbed))["seen"])
    sides = (case.owner, case.founder, case.broker, colleague)
    assert recipients(store, "pairing_testbed_closed") == sorted(person.email for person in sides)
    assert recipients(store, "booking_testbed_closed") == sorted([case.founder.email, colleague.email])
    told = json.loads(mails(store, "booking_testbed_closed")[0]["params"])
    assert (told["closed_on"], told["opens_after_on"], f"{told['why']}.") == CLOSED, "the letter has its own full stop"
    [row] = store.query("select detail from audit where action = 'testbed.close_period'")
    assert json.loads(row["detail"])["told"] == 6


def test_the_same_period_sent_twice_closes_and_tells_once(store, host, testbed, book):
    book()
    seen = refused(lambda: close(store, host, testbed))["seen"]
    close(store, host, testbed, seen)
    told = recipients(store, "booking_testbed_closed")
    for again in (seen, ""):
        with pytest.raises(Conflict, match="testbed_closed_already"):
            close(store, host, testbed, again)
    assert len(closures.of(store, testbed["id"])) == 1
    assert recipients(store, "booking_testbed_closed") == told
    closures.close_period(store, None, testbed["id"], *CLOSED[:2], "Även inventering", NOW)
    assert len(closures.of(store, testbed["id"])) == 2


def test_what_is_booked_stands(store, host, testbed, book):
    booked = book()
    close(store, host, testbed, refused(lambda: close(store, host, testbed))["seen"])
    assert bookings.status(bookings.fetch(store, booked), NOW) == "approved"


def test_who_came_in_between_is_asked_about_again(store, host, testbed, book):
    book()
    seen = refused(lambda: close(store, host, testbed))["seen"]
    book()
    again = refused(lambda: close(store, host, testbed, seen))
    assert len(again["rows"]) == 2
    close(store, host, testbed, again["seen"])


def test_who_is_gone_again_need_not_be_asked_about(store, host, testbed, book):
    booked = book()
    seen = refused(lambda: close(store, host, testbed))["seen"]
    gone = "update booking set cancelled_at = :now, cancelled_side = 'host', reason = 'other' where id = :id"
    store.execute(gone, {"now": NOW, "id": booked})
    close(store, host, testbed, seen)
    assert mails(store, "booking_testbed_closed") == []


def test_days_of_a_period_that_are_over_affect_nobody(store, host, testbed, book):
    book(starts_on="2026-11-01", ends_on="2026-11-10")
    closures.close_period(store, host, testbed["id"], "2026-11-01", NOW[:10], "Stängt sedan länge", NOW)


def test_a_case_that_was_ended_is_not_affected(store, host, testbed, case):
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed, "2027-03-01", "2027-03-31")
    pairings.end(store, case.broker, pairing_id, "completed", "", NOW)
    close(store, host, testbed)


def test_withdrawing_asks_and_tells_in_the_same_way(store, host, testbed, case, book):
    case.confirm(case.accepted(), testbed, "2027-03-01", "2027-03-31")
    book()
    book(starts_on="2026-10-01", ends_on="2026-10-10")
    book(**ASKED)
    found = refused(lambda: testbeds.withdraw(store, host, testbed["id"], NOW))
    assert len(found["rows"]) == 3
    assert testbeds.load(store, host, testbed["id"])["status"] == "published"
    testbeds.withdraw(store, host, testbed["id"], NOW, found["seen"])
    assert testbeds.load(store, host, testbed["id"])["status"] == "withdrawn"
    assert len(recipients(store, "pairing_testbed_withdrawn")) == 3
    told = mails(store, "booking_testbed_withdrawn")
    assert sorted(json.loads(row["params"])["asked"] for row in told) == [False, True]


def test_opening_again_tells_those_who_were_told(store, host, testbed, case, book):
    case.confirm(case.accepted(), testbed, "2027-03-01", "2027-03-31")
    book()
    book(**ASKED)
    closure = close(store, host, testbed, refused(lambda: close(store, host, testbed))["seen"])
    closures.open_period(store, host, testbed["id"], closure, NOW)
    for kind in ("pairing", "booking"):
        assert recipients(store, f"{kind}_testbed_opened") == recipients(store, f"{kind}_testbed_closed")


def test_who_has_less_room_is_shown_before_places_are_taken_away(store, host, testbed, book):
    first, second = (
        book(starts_on="2027-03-01", ends_on="2027-03-10"),
        book(starts_on="2027-03-10", ends_on="2027-03-20"),
    )
    book(starts_on="2027-05-01", ends_on="2027-05-20")
    testbeds.save(store, host, testbed["id"], {"places": "2"}, 1, NOW, seen="")
    found = []
    for seen in ("", "others"):
        with pytest.raises(Conflict, match="testbed_affected") as caught:
            testbeds.save(store, host, testbed["id"], {"places": "1"}, 2, NOW, seen=seen)
        found = caught.value.params
        assert [row["booking_id"] for row in found["rows"]] == [first, second]
    assert testbeds.load(store, host, testbed["id"])["places"] == 2
    testbeds.save(store, host, testbed["id"], {"places": "1"}, 2, NOW, seen=found["seen"])
    assert testbeds.load(store, host, testbed["id"])["places"] == 1
    testbeds.save(store, host, testbed["id"], {"users": "Andra"}, 3, NOW, seen="")


def test_who_has_less_room_is_shown_before_more_days_are_kept_free(store, host, book, testbed):
    testbeds.save(store, host, testbed["id"], {"places": "1"}, 1, NOW)
    book(starts_on="2026-11-01", ends_on="2026-11-18")
    here, after = (
        book(starts_on=f"2026-11-{first}", ends_on=f"2026-11-{last}") for first, last in ((22, 25), (29, 30))
    )
    with pytest.raises(Conflict, match="testbed_affected") as caught:
        testbeds.save(store, host, testbed["id"], {"buffer_days": "4"}, 2, NOW, seen="")
    assert [row["booking_id"] for row in caught.value.params["rows"]] == [here, after]
    assert testbeds.save(store, host, testbed["id"], {"buffer_days": "3"}, 2, NOW, seen="")["buffer_days"] == 3


def test_an_import_asks_nobody_when_places_are_taken_away(store, host, testbed, book):
    book()
    assert testbeds.save(store, host, testbed["id"], {"places": "0"}, 1, NOW)["places"] == 0


def test_nobody_is_told_that_it_is_open_where_another_closure_stands(store, host, testbed, book):
    book()
    closure = close(store, host, testbed, refused(lambda: close(store, host, testbed))["seen"])
    closures.close_period(store, None, testbed["id"], "2027-03-12", "2027-03-20", "El", NOW)
    closures.open_period(store, host, testbed["id"], closure, NOW)
    assert mails(store, "booking_testbed_opened") == []


def test_an_import_asks_nobody_and_still_tells(store, testbed, case, book):
    book()
    closures.close_period(store, None, testbed["id"], *CLOSED, NOW)
    assert case.founder.email in recipients(store, "booking_testbed_closed")


def test_the_mark_is_of_who_and_which_days():
    row = {"pairing_id": None, "booking_id": "b", "starts_on": "2027-01-01", "ends_on": "2027-01-02"}
    moved = {**row, "ends_on": "2027-01-03"}
    assert affected.mark([row, moved]) == affected.mark([moved, row])
    assert len({affected.mark(rows) for rows in ([row], [moved], [row, moved], [])}) == 4
