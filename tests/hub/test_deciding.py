"""Who is erased, closed or loses a role between the beginning of a request and its decision decides nothing more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from matcher.exchange import batches, imports, tables
from matcher.hub import (
    directory,
    erasure,
    need_review,
    outcome_links,
    outcomes,
    pairings,
    people,
    releases,
    startups,
    testbeds,
)
from matcher.hub.errors import Denied
from matcher.hub.people import SYSTEM, Viewer
from matcher.store import Store
from tests.factories import NOW, create_need, create_person, create_startup, create_testbed, grant

from .booked import Booked
from .cases import Case
from .test_agreements import Signing
from .test_outcome_links import token
from .test_outcomes import SIX, YES, completed
from .test_releases import written

Act = Callable[[], Any]
Scene = Callable[[Store], tuple[Viewer, Act]]


def _yes(store: Store) -> tuple[Viewer, Act]:
    case = Case(store)
    pairing = case.propose()
    return case.founder, lambda: pairings.accept(store, case.founder, pairing, "startup", NOW)


def _no(store: Store) -> tuple[Viewer, Act]:
    case = Case(store)
    pairing = case.propose()
    return case.owner, lambda: pairings.decline(store, case.owner, pairing, "owner", "budget", "", NOW)


def _proposal(store: Store) -> tuple[Viewer, Act]:
    case = Case(store)
    return case.broker, case.propose


def _more_days(store: Store) -> tuple[Viewer, Act]:
    case = Case(store)
    pairing = case.propose()
    return case.broker, lambda: pairings.extend(store, case.broker, pairing, 30, NOW)


def _confirmation(store: Store) -> tuple[Viewer, Act]:
    case = Case(store)
    pairing, testbed = case.accepted(), create_testbed(store, published=True)
    return case.broker, lambda: case.confirm(pairing, testbed)


def _end(store: Store) -> tuple[Viewer, Act]:
    case = Case(store)
    pairing = case.accepted()
    case.confirm(pairing, create_testbed(store, published=True))
    return case.owner, lambda: pairings.end(store, case.owner, pairing, "other", "Avbrutet.", NOW)


def _release(store: Store) -> tuple[Viewer, Act]:
    case = Case(store)
    pairing = completed(store, case)
    revision = written(store, case, pairing)
    return case.owner, lambda: releases.agree(store, case.owner, pairing, "owner", revision, SIX)


def _profile(store: Store) -> tuple[Viewer, Act]:
    founder = create_person(store, "startup")
    row = create_startup(store, founder.organisations("startup")[0])
    return founder, lambda: startups.publish(store, founder, row["id"], NOW)


def _testbed(store: Store) -> tuple[Viewer, Act]:
    host = create_person(store, "host")
    row = create_testbed(store, host.organisations("host")[0])
    return host, lambda: testbeds.publish(store, host, row["id"], NOW)


def _need(store: Store) -> tuple[Viewer, Act]:
    broker, owner = create_person(store, "broker"), create_person(store, "owner")
    row = create_need(store, owner.organisations("owner")[0])
    need_review.submit(store, owner, row["id"], NOW)
    return broker, lambda: need_review.publish(store, broker, row["id"], NOW)


def _signature(store: Store) -> tuple[Viewer, Act]:
    case = Signing(store)
    number = case.send()
    return case.founder, lambda: case.sign(number, "startup")


def _request(store: Store) -> tuple[Viewer, Act]:
    scene = Booked(store)
    return scene.founder, scene.ask


def _promise(store: Store) -> tuple[Viewer, Act]:
    scene = Booked(store)
    booking = scene.ask()
    return scene.host, lambda: scene.approve(booking)


def _own_name(store: Store) -> tuple[Viewer, Act]:
    who = create_person(store, "owner")
    return who, lambda: people.save_settings(store, who, "Ett Nytt Namn", "sv", True, NOW)


DECISIONS: dict[str, Scene] = {
    "yes": _yes, "no": _no, "proposal": _proposal, "more days": _more_days, "confirmation": _confirmation,
    "end": _end, "release": _release, "profile": _profile, "testbed": _testbed, "need": _need,
    "signature": _signature, "request": _request, "promise": _promise, "own name": _own_name,
}  # fmt: skip


def _take_back(store: Store, who: Viewer, *roles: str) -> None:
    administrator = create_person(store, "administrator").person_id or ""
    for held in people.roles(store, str(who.person_id)):
        if held["role"] in roles:
            people.revoke(store, held["id"], administrator, NOW)


def _revoke(store: Store, who: Viewer) -> None:
    _take_back(store, who, *people.ROLES)


def _close(store: Store, who: Viewer) -> None:
    directory.disable(store, str(who.person_id), create_person(store, "administrator").person_id or "", NOW)


def _erase(store: Store, who: Viewer) -> None:
    erasure.erase(store, str(who.person_id), None, NOW)


LOSSES = {"revoked": _revoke, "closed": _close, "erased": _erase}


def everything(store: Store) -> dict[str, str]:
    return {table.name: str(store.query(f'select * from "{table.name}"')) for table in store.tables()}


@pytest.mark.parametrize("decision", DECISIONS)
def test_who_still_may_decides(store: Store, decision: str) -> None:
    _who, act = DECISIONS[decision](store)
    act()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("decision", DECISIONS)
def test_who_lost_the_right_since_the_request_began_decides_nothing(store: Store, decision: str, loss: str) -> None:
    who, act = DECISIONS[decision](store)
    LOSSES[loss](store, who)
    before = everything(store)
    with pytest.raises(Denied) as denied:
        act()
    assert denied.value.code == "denied"
    assert everything(store) == before


def test_a_role_more_hinders_nobody_and_one_less_does(store: Store) -> None:
    case = Case(store)
    grant(store, case.broker, "host", create_testbed(store)["organisation_id"])
    pairing = case.propose()
    both = people.viewer(store, str(case.broker.person_id))
    assert both is not None
    assert both.roles > case.broker.roles
    _take_back(store, both, "host")
    with pytest.raises(Denied):
        pairings.extend(store, both, pairing, 30, NOW)
    assert pairings.extend(store, case.broker, pairing, 30, NOW)


def test_the_hub_itself_has_no_row_to_hold(store: Store) -> None:
    with SYSTEM.deciding(store):
        assert SYSTEM.still_acts(store)


def test_a_form_by_link_is_answered_without_the_name_of_who_lost_a_role_meanwhile(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    outcome_links.send(store, SIX)
    two_roles = grant(store, case.owner, "host", create_testbed(store)["organisation_id"])
    _take_back(store, two_roles, "host")
    outcome_links.answer(store, two_roles, token(store), YES, SIX)
    assert outcomes.standing_answers(store, pairing_id)[6]["person"] is None


def test_an_import_whose_broker_goes_half_way_is_finished_by_the_hub(store: Store, broker: Viewer) -> None:
    data = "".join(json.dumps({"id": f"b-{number}", "title": f"Behov {number}", "organisation": "Vårdköping"}) + "\n"
                   for number in range(3)).encode()  # fmt: skip
    table = tables.read(data, "behov.jsonl")
    batch_id = batches.create(store, broker, "needs", "behov.jsonl", data, table, NOW, wanted="import")
    LOSSES["closed"](store, broker)
    report = imports.carry_out(store, broker, batches.load(store, SYSTEM, batch_id), table)
    assert report["created"] == 3
    assert {row["person_id"] for row in store.query("select person_id from need")} == {None}
