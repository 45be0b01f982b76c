"""How long a host takes to answer, measured on what was really asked."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.hub import answer_times
from matcher.store import Store
from tests.factories import NOW, create_organisation, create_testbed

from .test_feeds import ASKED, booking

PROMISED = "2026-11-15"


def asked(on: str, answered: str | None = None, **columns: Any) -> dict[str, Any]:
    stamp = {"requested_at": f"{on}T10:00:00.000000Z", "promised_by": PROMISED, "answer_by": PROMISED}
    given = {"answered_at": f"{answered}T09:00:00.000000Z"} if answered else {}
    return {**ASKED, **stamp, **given, **columns}


@pytest.fixture
def testbed(store: Store) -> dict[str, Any]:
    return create_testbed(store, published=True)


@pytest.fixture
def ask(store: Store, testbed):
    own = create_organisation(store, "company")["id"]
    return lambda *args, where=testbed, **columns: booking(store, where, own, **asked(*args, **columns))


@pytest.fixture
def measure(store: Store, testbed):
    return lambda now=NOW: answer_times.of_hosts(store, [testbed["organisation_id"]], now)[testbed["organisation_id"]]


def test_the_median_and_the_share_within_the_promise(ask, measure) -> None:
    for answered in ("2026-11-02", "2026-11-06", "2026-11-15", "2026-11-19"):
        ask("2026-11-01", answered)
    assert measure() == answer_times.Measured(4, 9.5, 0.75)


def test_two_requests_say_nothing(ask, measure) -> None:
    ask("2026-11-01", "2026-11-02")
    ask("2026-11-01", "2026-11-02")
    assert measure() == answer_times.Measured(2, None, None)


def test_a_question_is_an_answer_too(ask, measure) -> None:
    for _ in range(3):
        ask("2026-11-01", "2026-11-04")
    assert measure().days == 3.0


def test_silence_past_the_promise_counts_and_silence_within_it_does_not(ask, measure) -> None:
    for _ in range(3):
        ask("2026-11-01", "2026-11-02")
    ask("2026-11-01")
    assert measure("2026-11-15T23:00:00.000000Z").kept == 1.0
    assert measure("2026-11-16T00:00:00.000000Z") == answer_times.Measured(4, 1.0, 0.75)


def test_who_took_it_back_in_time_is_not_counted_and_who_tired_of_waiting_is(ask, measure) -> None:
    for _ in range(3):
        ask("2026-11-01", "2026-11-02")
    ask("2026-11-01", withdrawn_at="2026-11-10T09:00:00.000000Z")
    assert measure().count == 3
    ask("2026-11-01", withdrawn_at="2026-11-18T09:00:00.000000Z")
    assert (measure().count, measure().kept) == (4, 0.75)


def test_three_silences_have_a_share_and_no_days(ask, measure) -> None:
    for _ in range(3):
        ask("2026-11-01")
    assert measure() == answer_times.Measured(3, None, 0.0)


def test_what_is_older_than_a_year_is_forgotten(ask, measure) -> None:
    for _ in range(3):
        ask("2025-11-01", "2025-11-02")
    assert measure().count == 0


def test_a_host_is_measured_over_all_its_testbeds_and_no_others(store, testbed, ask, measure) -> None:
    second = create_testbed(store, testbed["organisation_id"], published=True)
    stranger = create_testbed(store, published=True)
    for where in (testbed, second, second, stranger):
        ask("2026-11-01", "2026-11-02", where=where)
    assert measure().count == 3
