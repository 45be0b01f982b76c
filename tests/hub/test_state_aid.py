"""The register of small aid on both engines: rolling years, groups, the limit, and what is struck out."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.hub import merging, organisations, startups, state_aid
from matcher.hub.clock import day, later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.hub.people import Viewer
from matcher.store import Store
from tests.factories import NOW, create_organisation, create_person, create_startup

TODAY = day(NOW)


def company(store: Store, **columns: Any) -> str:
    return create_organisation(store, "company", **columns)["id"]


def enter(store: Store, broker: Viewer, organisation_id: str, amount: int, on: str = TODAY, **typed: Any) -> str:
    given = {"amount": str(amount), "given_on": on, "kind": "testbed", **typed}
    return state_aid.enter(store, broker, organisation_id, given, NOW)


def test_what_was_given_counts_for_three_years_and_not_a_day_longer(store: Store, broker: Viewer) -> None:
    one = company(store)
    enter(store, broker, one, 100_000, "2023-11-20")
    enter(store, broker, one, 50_000, "2023-11-21")
    assert TODAY == "2026-11-20"
    assert state_aid.given(store, one, TODAY) == 50_000
    assert state_aid.given(store, one, "2026-11-19") == 150_000


def test_a_group_counts_as_one(store: Store, broker: Viewer) -> None:
    parent = company(store)
    one, other, stranger = company(store, parent_id=parent), company(store, parent_id=parent), company(store)
    enter(store, broker, one, 200_000)
    enter(store, broker, parent, 1_000)
    assert state_aid.given(store, other, TODAY) == 201_000
    assert state_aid.given(store, stranger, TODAY) == 0
    assert {row["id"]: row["sum"] for row in state_aid.companies(store, NOW)} == {one: 201_000, parent: 201_000}


def merged(store: Store, broker: Viewer, keep: str, drop: str) -> str:
    """Merge a profile of one company into one of the other's; return the offer's id."""
    kept, dropped = create_startup(store, keep), create_startup(store, drop)
    row = {"id": f"{keep}-{drop}", "keep_id": kept["id"], "drop_id": dropped["id"], "reason": "name", "found_at": NOW}
    store.insert("merge_offer", row)
    merging.merge(store, broker, row["id"], kept["id"], NOW)
    return row["id"]


def test_what_a_merged_company_was_given_is_not_forgotten(store: Store, broker: Viewer) -> None:
    """One company in two organisations was given the whole limit twice: the merge told the register nothing."""
    kept, dropped, stranger = company(store), company(store), company(store)
    limit = state_aid.limit().kronor
    enter(store, broker, dropped, limit)
    offer = merged(store, broker, kept, dropped)
    assert state_aid.given(store, kept, TODAY) == state_aid.given(store, dropped, TODAY) == limit
    assert state_aid.given(store, stranger, TODAY) == 0
    with pytest.raises(Invalid) as error:
        enter(store, broker, kept, 1)
    assert error.value.errors["amount"] == ("aid_limit", {"total": limit + 1, "limit": limit})
    merging.undo(store, broker, offer, NOW)
    assert state_aid.given(store, kept, TODAY) == 0
    enter(store, broker, kept, 1)


def test_organisations_with_one_number_are_one_company(store: Store, broker: Viewer) -> None:
    """A merge that is taken back does not part them: the number says that they are one."""
    one, other = company(store, orgnr="5560360793"), company(store, orgnr="5560360793")
    nobody, numberless = company(store), company(store)
    enter(store, broker, one, 70_000)
    merging.undo(store, broker, merged(store, broker, one, other), NOW)
    assert state_aid.group(store, other) == sorted([one, other])
    assert state_aid.given(store, other, TODAY) == 70_000
    assert (state_aid.group(store, nobody), state_aid.given(store, numberless, TODAY)) == ([nobody], 0)


def test_who_types_a_rivals_number_neither_reads_nor_spends_what_the_rival_was_given(store: Store, broker: Viewer):
    rival, founder = company(store, orgnr="5560360793"), create_person(store, "startup")
    own = founder.organisations("startup")[0]
    enter(store, broker, rival, 70_000)
    startups.create(store, founder, own, {"name": "Nytt AB", "orgnr": "556036-0793"}, NOW)
    assert state_aid.group(store, own) == [own]
    assert state_aid.given(store, own, TODAY) == 0
    organisations.save(store, create_person(store, "administrator"), own, {"orgnr": "556036-0793"}, NOW)
    assert state_aid.group(store, own) == sorted([own, rival]), "once an administrator has looked it up"


def test_what_makes_one_of_two_companies_is_followed_to_its_end(store: Store, broker: Viewer) -> None:
    parent = company(store)
    child = company(store, parent_id=parent, orgnr="5560360793")
    same = company(store, orgnr="5560360793")
    first, last, stranger = company(store), company(store), company(store)
    merged(store, broker, same, first)
    merged(store, broker, last, first)
    enter(store, broker, last, 5_000)
    enter(store, broker, parent, 300)
    enter(store, broker, stranger, 7)
    for one in (parent, child, same, first, last):
        assert state_aid.group(store, one) == sorted([parent, child, same, first, last])
        assert state_aid.given(store, one, TODAY) == 5_300
    sums = {row["id"]: row["sum"] for row in state_aid.companies(store, NOW)}
    assert sums == {parent: 5_300, last: 5_300, stranger: 7}


def test_more_than_the_limit_needs_a_ground_of_its_own(store: Store, broker: Viewer) -> None:
    one, limit = company(store), state_aid.limit().kronor
    enter(store, broker, one, limit - 1)
    with pytest.raises(Invalid) as error:
        enter(store, broker, one, 2)
    assert error.value.errors["amount"] == ("aid_limit", {"total": limit + 1, "limit": limit})
    enter(store, broker, one, 1)
    enter(store, broker, one, 2, beyond="GBER artikel 28")


def test_a_row_that_is_entered_late_counts_with_what_came_after_it(store: Store, broker: Viewer) -> None:
    one, limit = company(store), state_aid.limit().kronor
    enter(store, broker, one, limit - 10, TODAY)
    with pytest.raises(Invalid):
        enter(store, broker, one, 20, "2024-01-01")
    enter(store, broker, one, 20, "2023-11-20")  # never in the same three years


def test_what_is_struck_out_no_longer_counts_and_stays_readable(store: Store, broker: Viewer) -> None:
    one = company(store)
    row = enter(store, broker, one, 70_000)
    state_aid.cancel(store, broker, one, row, NOW)
    assert state_aid.given(store, one, TODAY) == 0
    assert state_aid.of_organisation(store, one)[0]["cancelled_at"] == NOW
    with pytest.raises(Conflict):
        state_aid.cancel(store, broker, one, row, NOW)


@pytest.mark.parametrize(("typed", "field"), [
    ({"amount": ""}, "amount"), ({"amount": "-5"}, "amount"), ({"kind": ""}, "kind"), ({"given_on": ""}, "given_on"),
    ({"given_on": day(later(NOW, days=1))}, "given_on"),
])  # fmt: skip
def test_what_cannot_be_right_is_refused(store: Store, broker: Viewer, typed: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as error:
        state_aid.enter(
            store, broker, company(store), {"amount": "5", "kind": "grant", "given_on": TODAY, **typed}, NOW
        )
    assert field in error.value.errors


def test_only_brokers_write_and_only_the_company_itself_reads_beside_them(store: Store, broker: Viewer) -> None:
    founder, other = create_person(store, "startup"), create_person(store, "startup")
    own = founder.organisations("startup")[0]
    create_startup(store, own, published=True)
    with pytest.raises(Denied):
        enter(store, founder, own, 5)
    assert state_aid.load(store, founder, own)["id"] == own
    for who in (other, None):
        with pytest.raises(NotFound):
            state_aid.load(store, who, own)


def test_on_a_leap_day_the_three_years_begin_on_the_28th() -> None:
    assert state_aid.begins("2028-02-29") == "2025-02-28"
