"""Ten thousand walks, or as many as there is time for: `WALKS=10000 SEED=1 pytest tests/hub/test_walks.py -s`.

Each walk is a case's people taking steps in any order while the clock moves (`walks/machine.py`); nothing may ever
hold that the rules of `walks/model.py` forbid. Every run of the tests takes some hundred walks, each time the same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from matcher.hub import (
    access,
    agreements,
    booking_answers,
    bookings,
    capacity,
    pilot_facts,
    prerequisites,
    waiting_list,
)
from matcher.store import Store
from tests.conftest import ENGINES, Databases

from .walks.ground import Hub
from .walks.machine import Walk
from .walks.pages import Pages

FEW = {"sqlite": 120, "postgresql": 15}
STEPS = 25
BATCH = 250  # what one search remembers of the ways it has tried grows with it


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    """Give the web that explains what the walks lead to."""
    made = Pages(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_no_walk_leads_where_the_rules_forbid(engine: str, databases: Databases, pages: Pages) -> None:
    walks, number = int(os.environ.get("WALKS", FEW[engine])), int(os.environ.get("SEED", "1"))
    hub, begun = Hub(lambda: databases.url(engine, migrated=True), pages), time.monotonic()
    try:
        while hub.tally["walks"] < walks:
            walk(hub, number, min(BATCH, walks - hub.tally["walks"]))
            number += 1
            print(f"{engine}: {hub.tally['walks']} walks, {time.monotonic() - begun:.0f} s", flush=True)
    finally:
        hub.close()
        print(*(f"{count:>9}  {name}" for name, count in sorted(hub.tally.items())), sep="\n")
    assert hub.tally["cases with an outcome"], "no walk came to the end of the way"
    assert hub.tally["place open"], "no place was ever open"
    assert hub.tally["done confirm with a booking"], "no case took a promised place over"


def _whoever_waits(store: Store, now: str) -> list[str]:
    """Return the ids of all on a waiting list, also of those for whom there is no room."""
    return [row["id"] for row in store.query("select id from booking where waiting_at is not null")]


SABOTAGE: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "access without an agreement": (access, "_agreed", lambda *_: True),
    "what the testbed asks for is not asked": (prerequisites, "of_case", lambda *_: []),
    "the owner alone signs": (agreements, "sides", lambda case: ["owner"]),
    "no pilot may start": (pilot_facts, "INDICATORS_MOST", 0),
    "the host's yes holds no place": (capacity, "HELD", capacity.HELD.replace("b.approved_at is not null", "1 = 0")),
    "no days are kept for resetting": (capacity, "kept", lambda row, _: capacity.held(row)),
    "the host says yes to what is red": (booking_answers, "_refuse_red", lambda *_: None),
    "a booking needs no papers": (bookings, "needs_agreement", lambda _: False),
    "one place is offered to all who wait": (waiting_list, "can_go", _whoever_waits),
}


@pytest.mark.parametrize("broken", SABOTAGE)
def test_walks_find_a_rule_that_is_broken(
    broken: str, databases: Databases, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*SABOTAGE[broken])
    hub = Hub(lambda: databases.url("sqlite", migrated=True), pages)
    with pytest.raises(AssertionError):
        walk(hub, 1, 200, Phase.generate)
    hub.close()


def walk(hub: Hub, number: int, walks: int, *phases: Phase) -> None:
    """Take so many walks, chosen by a number, without a memory of earlier runs or a limit for a slow machine."""
    chosen = settings(
        max_examples=walks, stateful_step_count=STEPS, deadline=None, database=None, print_blob=True,
        phases=phases or (Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )  # fmt: skip
    run_state_machine_as_test(seed(number)(type("Walk", (Walk,), {"hub": hub})), settings=chosen)
