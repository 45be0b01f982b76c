from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from matcher.hub import conflicts, drawer, interests, locks, merging, pairings, round_facts, shares, startups
from matcher.hub.clock import day
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.hub.people import Viewer
from matcher.ranking import between
from matcher.store import Store
from tests.factories import NOW, create_person, create_startup

from .cases import SEEN, Case, mails, recorded


def declare(case: Case, who: str = "owner", note: str = "Min bror äger bolaget.") -> str:
    return conflicts.declare(case.store, getattr(case, who), case.need["id"], case.startup["id"], note, NOW)


@pytest.mark.parametrize("who", ["owner", "founder", "broker"])
def test_either_side_or_a_broker_declares_and_the_brokers_are_told(store: Store, case: Case, who: str) -> None:
    conflict_id = declare(case, who)
    assert conflicts.stands(store, case.need["id"], case.startup["id"])
    told = [mail["recipient"] for mail in mails(store, "conflict_declared")]
    assert told == ([] if who == "broker" else [case.broker.email])
    assert recorded(store, conflict_id) == ["conflict.declare"]


def test_strangers_do_not_meet_the_pair(store: Store, case: Case) -> None:
    for role in ("owner", "startup", "host"):
        with pytest.raises(NotFound):
            conflicts.declare(
                store, create_person(store, role), case.need["id"], case.startup["id"], "Jag vet något.", NOW
            )
    with pytest.raises(NotFound):
        conflicts.pair(store, None, case.need["id"], case.startup["id"])
    with pytest.raises(NotFound):
        conflicts.pair(store, case.broker, case.need["id"], "nothing")


def test_an_owner_does_not_meet_a_profile_that_is_not_published(store: Store, case: Case) -> None:
    store.execute("update startup set published_at = null")
    with pytest.raises(NotFound):
        conflicts.pair(store, case.owner, case.need["id"], case.startup["id"])
    assert conflicts.pair(store, case.broker, case.need["id"], case.startup["id"])


def test_only_a_broker_lifts_it_and_the_declaration_is_kept(store: Store, case: Case) -> None:
    conflict_id = declare(case)
    for person in (case.owner, case.founder):
        with pytest.raises(Denied):
            conflicts.lift(store, person, conflict_id, NOW)
    conflicts.lift(store, case.broker, conflict_id, NOW)
    assert not conflicts.stands(store, case.need["id"], case.startup["id"])
    [row] = conflicts.history(store, case.need["id"], case.startup["id"])
    assert (row["note"], row["lifted_by_name"]) == ("Min bror äger bolaget.", case.broker.name)
    assert [mail["recipient"] for mail in mails(store, "conflict_lifted")] == [case.owner.email]
    with pytest.raises(Conflict, match="conflict_lifted"):
        conflicts.lift(store, case.broker, conflict_id, NOW)


def test_it_stands_once_and_may_come_back(store: Store, case: Case) -> None:
    conflict_id = declare(case)
    with pytest.raises(Conflict, match="conflict_declared"):
        declare(case, "founder")
    conflicts.lift(store, case.broker, conflict_id, NOW)
    assert declare(case, "founder") != conflict_id


@pytest.mark.parametrize("note", ["", "  ", "x" * 8_001])
def test_it_says_what_the_tie_is(case: Case, note: str) -> None:
    with pytest.raises(Invalid) as error:
        declare(case, note=note)
    assert list(error.value.errors) == ["note"]


def test_the_gates_ask_by_need_or_by_startup(store: Store, case: Case) -> None:
    other = Case(store)
    declare(case)
    declare(other)
    key, foreign = (case.need["id"], case.startup["id"]), (other.need["id"], other.startup["id"])
    assert set(conflicts.standing(store, need_id=case.need["id"])) == {key}
    both = conflicts.standing(store, startup_ids=[case.startup["id"], other.startup["id"]])
    assert set(both) == {key, foreign}


def twin(case: Case) -> dict[str, Any]:
    """Return a second profile of the case's company."""
    return create_startup(case.store, case.startup["organisation_id"], published=True)


def test_a_second_profile_of_the_company_evades_none(store: Store, case: Case) -> None:
    """The tie is to the company: with a profile written afterwards it was proposed as if nothing had been said."""
    conflict_id, second = declare(case), twin(case)
    need_id = case.need["id"]
    with pytest.raises(Conflict, match="conflict_declared"):
        pairings.propose(store, case.broker, need_id, second["id"], "", SEEN, NOW)
    with pytest.raises(Conflict, match="conflict_declared"):
        shares.share(store, case.broker, need_id, second["id"], "", SEEN, NOW)
    with pytest.raises(Conflict, match="conflict_declared"):
        conflicts.declare(store, case.founder, need_id, second["id"], "Samma sak.", NOW)
    conflicts.lift(store, case.broker, conflict_id, NOW)
    assert pairings.propose(store, case.broker, need_id, second["id"], "", SEEN, NOW)


def test_a_case_of_the_companys_other_profile_is_not_confirmed(
    store: Store, case: Case, testbed: dict[str, Any]
) -> None:
    pairing_id, first = case.accepted(), case.startup
    case.startup = twin(case)
    declare(case)
    case.startup = first
    with pytest.raises(Conflict, match="conflict_declared"):
        case.confirm(pairing_id, testbed)


def test_the_gates_the_round_and_the_drawer_know_it_for_every_profile(store: Store, case: Case) -> None:
    declare(case)
    second, stranger = twin(case), create_startup(store, published=True)
    need_id, keys = case.need["id"], {(case.need["id"], one["id"]) for one in (case.startup, second)}
    assert set(conflicts.standing(store, need_id=need_id)) == keys
    assert set(conflicts.standing(store, startup_ids=[second["id"], stranger["id"]])) == {(need_id, second["id"])}
    assert round_facts.refused(store) == dict.fromkeys(keys, "conflict")
    [fresh] = drawer.fresh(store, NOW)
    assert fresh["met"] == {case.startup["id"], second["id"]}
    stops = between.for_need(store, case.need, date.fromisoformat(day(NOW))).stops
    shown = {
        one["id"]: [gate.params for gate in stops(startups.decode(one)) if gate.code == "conflict"]
        for one in store.query("select * from startup")
    }
    assert shown[case.startup["id"]] == shown[second["id"]] != shown[stranger["id"]]


def test_a_stopped_case_stays_in_the_drawer_of_none_while_it_stands_for_the_company(store: Store, case: Case) -> None:
    pairings.decline(store, case.owner, case.propose(), "owner", "no_fit", "", NOW)
    assert len(drawer.stopped(store, NOW)) == 1
    case.startup = twin(case)
    declare(case)
    assert drawer.stopped(store, NOW) == []


def test_of_two_that_stand_the_profiles_own_is_told(store: Store, case: Case) -> None:
    """From before a declaration counted for the company: each is lifted for itself."""
    own, second = declare(case), twin(case)
    row = {"id": "zz", "need_id": case.need["id"], "startup_id": second["id"], "note": "Annan", "declared_at": NOW}
    store.insert("conflict", {**row, "person_id": case.owner.person_id})
    standing = conflicts.standing(store, need_id=case.need["id"])
    assert {key[1]: row["id"] for key, row in standing.items()} == {case.startup["id"]: own, second["id"]: "zz"}
    conflicts.lift(store, case.broker, own, NOW)
    assert conflicts.stands(store, case.need["id"], case.startup["id"])


def test_ties_that_stand_already_are_not_declared_again_with_an_interest(store: Store, case: Case) -> None:
    declare(case)
    second = twin(case)
    assert interests.create(store, case.founder, case.need["id"], second["id"], "Vi gör det.", NOW, ties="Min bror.")
    assert len(store.query("select id from conflict")) == 1


def test_a_declaration_waits_for_whoever_decides_about_another_profile(store: Store, case: Case) -> None:
    """Both lock the need: otherwise a proposal could be kept that did not see a declaration of the same moment."""
    second = twin(case)
    with ThreadPoolExecutor(1) as pool:
        with store.atomic():
            locks.pair(store, case.startup["id"], case.need["id"])
            given = (store, case.owner, case.need["id"], second["id"], "Min bror äger bolaget.", NOW)
            declared = pool.submit(conflicts.declare, *given)
            with pytest.raises(TimeoutError):
                declared.result(0.3)
        assert declared.result(20)


def merged(store: Store, broker: Viewer, keep: dict[str, Any], drop: dict[str, Any]) -> str:
    """Merge two profiles that were offered, and return the offer's id."""
    row = {"id": f"o-{drop['id']}", "keep_id": keep["id"], "drop_id": drop["id"], "reason": "name", "found_at": NOW}
    store.insert("merge_offer", row)
    merging.merge(store, broker, row["id"], keep["id"], NOW)
    return row["id"]


@pytest.mark.parametrize("declared_on", ["dropped", "kept"])
def test_after_a_merge_it_stands_for_both_companies_and_all_their_profiles(
    store: Store, case: Case, declared_on: str
) -> None:
    """It went along to the other company, and a third profile of the first could then be proposed."""
    first, third = case.startup, twin(case)
    kept = create_startup(store, published=True)
    beside = create_startup(store, kept["organisation_id"], published=True)
    stranger, need_id = create_startup(store, published=True), case.need["id"]
    case.startup = first if declared_on == "dropped" else kept
    conflict_id = conflicts.declare(store, case.broker, need_id, case.startup["id"], "Min bror äger bolaget.", NOW)
    own = {first["id"], third["id"]} if declared_on == "dropped" else {kept["id"], beside["id"]}
    assert {startup_id for _, startup_id in conflicts.standing(store, need_id=need_id)} == own

    offer = merged(store, case.broker, kept, first)
    every = {one["id"] for one in (first, third, kept, beside)}
    assert {startup_id for _, startup_id in conflicts.standing(store, need_id=need_id)} == every
    assert set(conflicts.standing(store, startup_ids=[third["id"], stranger["id"]])) == {(need_id, third["id"])}
    assert set(round_facts.refused(store)) == {(need_id, one) for one in every}
    assert drawer.fresh(store, NOW)[0]["met"] == every
    for one in (third, kept, beside):
        with pytest.raises(Conflict, match="conflict_declared"):
            pairings.propose(store, case.broker, need_id, one["id"], "", SEEN, NOW)

    merging.undo(store, case.broker, offer, NOW)
    assert {startup_id for _, startup_id in conflicts.standing(store, need_id=need_id)} == own
    merging.merge(store, case.broker, offer, kept["id"], NOW)
    conflicts.lift(store, case.broker, conflict_id, NOW)
    assert not conflicts.standing(store, need_id=need_id)


def test_it_follows_a_company_through_two_merges_and_is_told_once(store: Store, case: Case) -> None:
    declare(case)
    third, (middle, last) = twin(case), [create_startup(store, published=True) for _ in range(2)]
    merged(store, case.broker, middle, case.startup)
    merged(store, case.broker, last, middle)
    for one in (third, last):
        assert len(conflicts.history(store, case.need["id"], one["id"])) == 1
