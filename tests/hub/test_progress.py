"""What happens next in a case with a booked place, step by step."""

from __future__ import annotations

from matcher.hub import agreements, cases, pairings, prerequisite_steps, progress
from matcher.store import Store
from tests.factories import NOW

from .test_agreements import BEGUN, Signing


def step(case: Signing, now: str = NOW) -> tuple[str, list[str]]:
    found = progress.next_step(case.store, cases.fetch(case.store, case.id), now)
    return found["code"], found["who"]


def test_the_agreement_comes_first_then_what_the_testbed_asks_for_then_the_pilot(store: Store) -> None:
    case = Signing(store)
    asked = prerequisite_steps.add(
        store, case.host, case.testbed["id"], {"kind": "safety", "text": "Rundvandring"}, NOW
    )
    assert step(case) == ("agree", ["broker"])
    number = case.draft()
    assert step(case) == ("agree", ["broker"])
    agreements.withdraw(store, case.broker, case.id, number, "Fel.", NOW)
    number = case.send()
    assert step(case) == ("sign", ["owner", "startup", "host"])
    case.sign(number, "owner")
    assert step(case) == ("sign", ["startup", "host"])
    case.sign(number, "startup")
    case.sign(number, "host")
    assert step(case) == ("prerequisites", ["host", "startup"])
    prerequisite_steps.meet(store, case.host, case.id, asked, "", NOW)
    assert step(case) == ("pilot", ["owner", "startup"])


def test_an_ended_case_has_no_next_step(store: Store) -> None:
    case = Signing(store)
    pairings.end(store, case.broker, case.id, "safety", "", BEGUN)
    assert step(case, BEGUN) == ("over", [])


def test_before_a_place_is_booked_the_usual_steps_are_told(store: Store) -> None:
    case = Signing(store)
    other = {**cases.fetch(store, case.id), "confirmed_at": None}
    assert progress.next_step(store, other, NOW)["code"] == "confirm"
