from __future__ import annotations

from typing import Any

import pytest

from matcher.hub import cases, pairings
from matcher.hub.clock import later
from matcher.hub.errors import NotFound
from matcher.store import Store
from tests.factories import NOW, create_person, create_testbed

from .cases import SEEN, Case

AFTER = "2027-02-05T09:00:00.000000Z"


@pytest.fixture
def stages(store: Store) -> dict[str, str]:
    """A pairing at each stage, seen from AFTER, by the stage's name."""
    broker = create_person(store, "broker")
    testbed = create_testbed(store, published=True, places=9)
    made: dict[str, str] = {}
    for stage in cases.STAGES:
        case = Case(store, broker)
        made[stage] = case.propose(now=AFTER if stage == "proposed" else NOW)
        if stage in ("accepted", "confirmed", "finished", "ended"):
            case.accept(made[stage])
        if stage in ("confirmed", "finished", "ended"):
            case.confirm(made[stage], testbed, last="2027-02-04" if stage == "finished" else "2027-03-31")
        if stage == "ended":
            pairings.end(store, case.owner, made[stage], "agreement", "", NOW)
        if stage == "declined":
            pairings.decline(store, case.owner, made[stage], "owner", "no_fit", "", NOW)
    return made


def test_the_stage_of_a_list_and_of_a_row_are_one_thing(store: Store, stages: dict[str, str]) -> None:
    broker = create_person(store, "broker")
    for stage, pairing_id in stages.items():
        found, total = cases.listing(store, broker, AFTER, stage=stage)
        assert [(row["id"], row["status"]) for row in found] == [(pairing_id, stage)]
        assert total == 1
        assert cases.status(cases.fetch(store, pairing_id), AFTER) == stage
    assert cases.counts(store, broker, AFTER) == dict.fromkeys(cases.STAGES, 1)


def test_everybody_sees_their_own_cases_only(store: Store) -> None:
    mine, other = Case(store), Case(store)
    pairing_id, foreign = mine.propose(), other.propose()
    for person in (mine.owner, mine.founder):
        assert [row["id"] for row in cases.listing(store, person, NOW)[0]] == [pairing_id]
        assert cases.load(store, person, pairing_id)["id"] == pairing_id
        with pytest.raises(NotFound):
            cases.load(store, person, foreign)
    with pytest.raises(NotFound):
        cases.load(store, None, pairing_id)


def test_a_host_sees_a_case_from_the_day_it_takes_a_place(store: Store) -> None:
    case = Case(store)
    testbed = create_testbed(store, published=True)
    host = create_person(store, "host", testbed["organisation_id"])
    pairing_id = case.propose(testbed_id=testbed["id"])
    with pytest.raises(NotFound):
        cases.load(store, host, pairing_id)
    case.accept(pairing_id)
    case.confirm(pairing_id, testbed)
    assert cases.load(store, host, pairing_id)["testbed_name"] == testbed["name"]


def test_the_sides_see_the_evidence_and_only_brokers_the_ranking(store: Store) -> None:
    case = Case(store)
    pairing_id = case.propose()
    assert cases.load(store, case.broker, pairing_id)["seen"] == SEEN
    for person in (case.owner, case.founder):
        assert cases.load(store, person, pairing_id)["seen"] == {"evidence": SEEN["evidence"]}


def test_mine_keeps_what_the_broker_proposed(store: Store) -> None:
    first, second = Case(store), Case(store)
    pairing_id, _ = first.propose(), second.propose()
    assert [row["id"] for row in cases.listing(store, first.broker, NOW, mine=True)[0]] == [pairing_id]


def test_a_page_holds_fifty_and_the_total_is_known(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "PAGE", 2)
    broker = create_person(store, "broker")
    made = [Case(store, broker).propose(now=later(NOW, minutes=number)) for number in range(3)]
    assert [row["id"] for row in cases.listing(store, broker, NOW)[0]] == [made[2], made[1]]
    last, total = cases.listing(store, broker, NOW, page=2)
    assert ([row["id"] for row in last], total) == ([made[0]], 3)


def step(store: Store, pairing_id: str, now: str = NOW) -> dict[str, Any]:
    return cases.next_step(cases.fetch(store, pairing_id), now, review_days=5)


def test_the_next_step_names_who_acts_and_by_when(store: Store) -> None:
    case = Case(store)
    testbed = create_testbed(store, published=True)
    pairing_id = case.propose()
    assert step(store, pairing_id) == {"code": "answer", "who": ["owner", "startup"], "by": "2026-12-04"}
    late = {"code": "extend_or_close", "who": ["broker"], "by": "2026-12-09"}
    assert step(store, pairing_id, later(NOW, days=15)) == late
    pairings.accept(store, case.founder, pairing_id, "startup", NOW)
    assert step(store, pairing_id) == {"code": "answer_owner", "who": ["owner"], "by": "2026-12-04"}
    pairings.accept(store, case.owner, pairing_id, "owner", NOW)
    assert step(store, pairing_id) == {"code": "confirm", "who": ["broker"], "by": "2026-11-25"}
    case.confirm(pairing_id, testbed)
    everybody = ["startup", "owner", "host"]
    assert step(store, pairing_id) == {"code": "start", "who": everybody, "by": "2026-12-01"}
    running = {"code": "finish", "who": everybody, "by": "2027-01-31"}
    assert step(store, pairing_id, "2026-12-01T09:00:00.000000Z") == running
    assert step(store, pairing_id, AFTER) == {"code": "close_case", "who": ["broker"], "by": "2027-02-05"}
    pairings.end(store, case.broker, pairing_id, "completed", "", AFTER)
    assert step(store, pairing_id, AFTER) == {"code": "over", "who": [], "by": None}


def test_a_company_that_owns_a_need_sees_its_cases(store: Store) -> None:
    case, company = Case(store), create_person(store, "startup")
    store.execute("update need set organisation_id = :id", {"id": company.organisations("startup")[0]})
    pairing_id = case.propose()
    assert [row["id"] for row in cases.listing(store, company, NOW)[0]] == [pairing_id]
    assert cases.sides(company, cases.fetch(store, pairing_id)) == ["owner"]


def test_the_cases_of_a_need_are_those_that_one_may_see_newest_first(store: Store) -> None:
    case, other = Case(store), Case(store)
    first = case.propose()
    pairings.decline(store, case.founder, first, "startup", "no_fit", "", NOW)
    second = case.propose(now=later(NOW, days=1))
    other.propose()
    for person in (case.owner, case.founder, case.broker):
        rows = cases.of_need(store, person, case.need["id"], later(NOW, days=1))
        assert [(row["id"], row["status"]) for row in rows] == [(second, "proposed"), (first, "declined")]
    for person in (other.owner, other.founder, None):
        assert cases.of_need(store, person, case.need["id"], NOW) == []
