from __future__ import annotations

import pytest

from matcher.hub import conflicts
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW, create_person

from .cases import Case, mails, recorded


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
