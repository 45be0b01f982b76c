from __future__ import annotations

from typing import Any

import pytest

from matcher.hub import agreements, inbox, interests, pairings
from matcher.hub.clock import later
from matcher.store import Store
from tests.factories import NOW, create_need, create_startup, create_testbed

from .cases import FIRST, Case
from .pilots import BEGUN, OVER, Pilot
from .test_agreements import Signing

LATE = later(NOW, days=20)


def rows(store: Store, name: str, now: str = LATE) -> list[dict[str, Any]]:
    return inbox.desk(store, now, review_days=7)[name]


def test_an_empty_hub_has_an_empty_desk(store: Store) -> None:
    assert inbox.desk(store, NOW) == {name: [] for name in inbox.LISTS}
    assert inbox.total([]) == 0


def test_needs_to_review_are_the_oldest_first_and_late_after_the_promise(store: Store) -> None:
    young = create_need(store, submitted_at=later(NOW, days=15))
    old = create_need(store, submitted_at=NOW)
    create_need(store)
    create_need(store, published=True)
    found = rows(store, "needs_to_review")
    assert [(row["id"], row["age"], row["late"]) for row in found] == [(old["id"], 20, True), (young["id"], 5, False)]
    assert [row["overdue"] for row in found] == [13, 0]
    assert found[0]["due"] == "2026-11-27"


def test_interests_wait_until_they_are_answered(store: Store) -> None:
    waiting, answered, withdrawn = Case(store), Case(store), Case(store)
    made = [
        interests.create(store, case.founder, case.need["id"], case.startup["id"], "Vi kan.", NOW, 7)
        for case in (waiting, answered, withdrawn)
    ]
    interests.decline(store, answered.broker, made[1], "no_fit", "", NOW)
    interests.withdraw(store, withdrawn.founder, made[2], "terms", "", NOW)
    [row] = rows(store, "interests")
    assert (row["id"], row["title"], row["other"]) == (made[0], waiting.need["title"], waiting.startup["name"])
    assert row["late"]
    assert not rows(store, "interests", NOW)[0]["late"]


def test_proposals_come_up_when_their_day_has_passed(store: Store) -> None:
    pairing_id = Case(store).propose()
    accepted = Case(store)
    accepted.accepted()
    assert rows(store, "proposals_unanswered", NOW) == []
    assert [row["id"] for row in rows(store, "proposals_unanswered")] == [pairing_id]


def test_pairings_to_confirm_count_from_the_second_yes(store: Store) -> None:
    case = Case(store)
    pairing_id = case.propose()
    pairings.accept(store, case.founder, pairing_id, "startup", NOW)
    assert rows(store, "pairings_to_confirm") == []
    pairings.accept(store, case.owner, pairing_id, "owner", later(NOW, days=3))
    [row] = rows(store, "pairings_to_confirm")
    assert (row["id"], row["age"], row["due"], row["late"]) == (pairing_id, 17, "2026-11-30", True)


def test_what_ends_soon_comes_first_by_its_last_day(store: Store) -> None:
    testbed = create_testbed(store, published=True, places=5)
    made = {}
    for last in ("2027-01-05", "2026-12-20", "2027-06-30"):
        case = Case(store)
        made[last] = case.accepted()
        case.confirm(made[last], testbed, last=last)
    found = rows(store, "accesses_ending")
    assert [row["id"] for row in found] == [made["2026-12-20"], made["2027-01-05"]]


def test_needs_that_expire_within_thirty_days(store: Store) -> None:
    soon = create_need(store, published=True, valid_until="2026-12-31")
    gone = create_need(store, published=True, valid_until="2026-12-01")
    create_need(store, published=True, valid_until="2027-06-30")
    create_need(store, published=True, valid_until=None)
    create_need(store, published=True, valid_until="2026-12-31", closed_at=NOW, close_reason="met")
    assert [row["id"] for row in rows(store, "needs_expiring")] == [soon["id"]]
    [row] = rows(store, "needs_expired")
    assert (row["id"], row["due"], row["age"], row["late"]) == (gone["id"], "2026-12-01", 9, False)


def test_flags_and_merge_offers_wait_for_a_broker(store: Store) -> None:
    flagged = create_startup(store, published=True, flagged_at=NOW, flag_reason="Fel nummer")
    create_startup(store, published=True, flagged_at=NOW, hidden_at=NOW)
    other = create_startup(store, published=True)
    offer = {"id": "m1", "keep_id": flagged["id"], "drop_id": other["id"], "reason": "name", "found_at": NOW}
    store.insert("merge_offer", offer)
    assert [row["id"] for row in rows(store, "startups_flagged")] == [flagged["id"]]
    assert [(row["id"], row["title"], row["other"]) for row in rows(store, "merge_offers")] == [
        ("m1", flagged["name"], other["name"])
    ]


def test_the_total_counts_beyond_what_is_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "SHOWN", 2)
    for _ in range(3):
        create_need(store, submitted_at=NOW)
    found = rows(store, "needs_to_review")
    assert (len(found), inbox.total(found)) == (2, 3)


def test_the_desk_asks_once_for_all_its_lists(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    query = type(store).query
    monkeypatch.setattr(type(store), "query", lambda self, *args: asked.append(args[0]) or query(self, *args))
    inbox.desk(store, NOW)
    assert len(asked) == 1


def test_an_agreement_waits_to_be_written_from_the_confirmation_until_it_is_sent(store: Store) -> None:
    case = Signing(store)
    [row] = rows(store, "agreements_to_write", NOW)
    assert (row["id"], row["title"], row["due"], row["late"]) == (case.id, case.need["title"], FIRST, False)
    number = case.draft()
    assert rows(store, "agreements_to_write", NOW)
    agreements.withdraw(store, case.broker, case.id, number, "Fel.", NOW)
    number = case.send()
    assert rows(store, "agreements_to_write", NOW) == []
    agreements.withdraw(store, case.broker, case.id, number, "Fel.", NOW)
    assert rows(store, "agreements_to_write", NOW)
    pairings.end(store, case.broker, case.id, "safety", "", NOW)
    assert rows(store, "agreements_to_write", NOW) == []


def test_a_pilot_that_waits_for_its_decision_is_not_told_of_twice(store: Store) -> None:
    pilot = Pilot(store)
    pilot.start()
    assert [row["id"] for row in rows(store, "accesses_ending", BEGUN)] == []
    assert [row["id"] for row in rows(store, "pilots_undecided", OVER)] == [pilot.id]
    assert rows(store, "accesses_ending", OVER) == []
