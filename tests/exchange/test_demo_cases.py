"""The demo's cases: each stands where its row says, by what is derived, and the past waits for nobody."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

from matcher.exchange import agreement_papers, demo
from matcher.hub import (
    access,
    agreements,
    cases,
    clock,
    feedback,
    incidents,
    mail,
    need_review,
    outcome_links,
    outcomes,
    pilots,
    record,
    released,
    releases,
    signatures,
)
from matcher.store import Store, open_store
from matcher.store.schema import migrate

NOW = "2026-11-22T00:20:00.000000Z"  # a quarter past midnight: no step of today may lie ahead
STAGES = {
    "proposed", "expired", "declined", "accepted", "booked", "partly_signed", "prerequisite_red", "prepared", "running",
    "halted", "over_undecided", "overdue", "retest", "stopped", "ended_early_safety", "ended_no_agreement",
    "ended_owner_unable", "in_use", "partly_in_use", "not_in_use", "outcome_due",
}  # fmt: skip
STATUS = {
    "proposed": "proposed", "expired": "expired", "declined": "declined", "accepted": "accepted",
    "booked": "confirmed", "partly_signed": "confirmed", "prerequisite_red": "confirmed", "prepared": "confirmed",
    "running": "confirmed", "halted": "confirmed", "ended_early_safety": "ended", "ended_no_agreement": "ended",
    "ended_owner_unable": "ended",
}  # fmt: skip


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demo, loaded once: the tests of this module only look at it."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'hub.db'}")
    migrate(store)
    assert demo.load(store, NOW)["cases"] == len(list(demo.read("cases")))
    yield store
    store.close()


@pytest.fixture(scope="module")
def found(hub: Store) -> dict[str, list[dict[str, Any]]]:
    """Stage → its cases, each with `status`, `pilot` and the agreement."""
    stages = {(row["startup_id"], row["message"]): row["stage"] for row in demo.read("cases")}
    grouped: dict[str, list[dict[str, Any]]] = {}
    for one in hub.query("select id from pairing order by proposed_at"):
        case = cases.fetch(hub, one["id"])
        case |= {"status": cases.status(case, NOW), "pilot": pilots.of_case(hub, case["id"])}
        case["agreement"] = next(iter(agreements.of_case(hub, case["id"])), None)
        grouped.setdefault(stages[case["startup_id"], case["message"]], []).append(case)
    return grouped


def test_every_stage_is_there(found: dict[str, list[dict[str, Any]]]) -> None:
    assert set(found) == STAGES
    assert sum(map(len, found.values())) >= 24


def test_the_status_of_each_case_is_derived(found: dict[str, list[dict[str, Any]]]) -> None:
    stands = {stage: {case["status"] for case in rows} for stage, rows in found.items()}
    assert stands == {stage: {STATUS.get(stage, "finished")} for stage in STAGES}


@pytest.mark.parametrize(
    ("stage", "status"),
    [("prepared", "prepared"), ("running", "running"), ("halted", "running"), ("over_undecided", "over"),
     ("overdue", "over"), ("retest", "decided"), ("stopped", "decided"), ("ended_early_safety", "decided")],
)  # fmt: skip
def test_pilots_stand_where_they_should(found: dict[str, list[dict[str, Any]]], stage: str, status: str) -> None:
    assert {pilots.status(case["pilot"], NOW) for case in found[stage]} == {status}


def test_only_one_stage_is_red_for_its_decision(found: dict[str, list[dict[str, Any]]]) -> None:
    red = {
        stage for stage, rows in found.items() for case in rows if case["pilot"] and pilots.overdue(case["pilot"], NOW)
    }
    assert red == {"overdue"}


def test_all_four_decisions_are_there_each_with_a_lesson(found: dict[str, list[dict[str, Any]]]) -> None:
    decided = [case["pilot"] for rows in found.values() for case in rows if case["pilot"] and case["pilot"]["decision"]]
    assert {row["decision"] for row in decided} == {"adopt", "adapt", "retest", "stop"}
    assert all(row["evidence"] and row["lesson"] for row in decided)


def test_agreements_stand_where_they_should(hub: Store, found: dict[str, list[dict[str, Any]]]) -> None:
    def of(stage: str) -> dict[str, Any]:
        return found[stage][0]

    stands = {stage: agreements.status(of(stage)["agreement"], NOW)
              for stage in ("booked", "partly_signed", "prerequisite_red", "running", "in_use",
                            "ended_no_agreement")}  # fmt: skip
    assert stands == {
        "booked": "drafted", "partly_signed": "sent", "prerequisite_red": "in_force", "running": "in_force",
        "in_use": "over", "ended_no_agreement": "withdrawn",
    }  # fmt: skip
    assert signatures.missing(hub, of("partly_signed"), of("partly_signed")["agreement"]["id"]) == ["owner"]
    assert access.missing(hub, of("prerequisite_red"), NOW) == ["prerequisite", "not_begun"]
    assert not access.missing(hub, of("running"), NOW)


def test_a_paper_that_was_sent_is_whole(hub: Store, found: dict[str, list[dict[str, Any]]]) -> None:
    case = found["in_use"][0]
    text = agreement_papers.html(agreements.paper(hub, case["agreement"]["id"]))
    assert case["startup_name"] in text
    assert case["agreement"]["terms"]["purpose"] in text
    assert "[[" not in text


def test_feedback_is_open_somewhere_and_one_pilot_is_halted(hub: Store, found: dict[str, list[dict[str, Any]]]) -> None:
    rounds = [one for case in found["running"] for one in feedback.of_pilot(hub, case["pilot"]["id"], NOW)]
    assert {one["status"] for one in rounds} == {"open", "past"}
    assert all(one["answers"] for one in rounds)
    assert any(one["changed"] for one in rounds)
    assert incidents.halting(hub, found["halted"][0]["pilot"]["id"])
    assert not incidents.halting(hub, found["ended_early_safety"][0]["pilot"]["id"])


def test_what_came_of_them(hub: Store, found: dict[str, list[dict[str, Any]]]) -> None:
    latest = outcomes.latest(hub, NOW)
    assert {latest[case["id"]]["in_use"] for case in found["in_use"]} == {"yes"}
    assert {latest[case["id"]]["in_use"] for case in found["partly_in_use"]} == {"partly"}
    assert [bool(latest[case["id"]]["why_not"]) for case in found["not_in_use"]] == [True]
    assert any(row["spread"] for row in latest.values())
    assert {row["month"] for row in latest.values()} == {6, 12, 24}
    due = found["outcome_due"][0]
    assert outcomes.current(outcomes.begun(hub, due), NOW) == 6
    assert outcome_links.sent(hub, due["id"], "owner", 6)
    assert not outcomes.standing_answers(hub, due["id"])


def test_some_are_public_and_one_waits_for_the_other_side(hub: Store, found: dict[str, list[dict[str, Any]]]) -> None:
    public = released.every(hub, NOW)
    assert len(public) >= 4
    assert "stop" in {row["decision"] for row in public}
    written = [releases.of_case(hub, case) for rows in found.values() for case in rows if case["confirmed_at"]]
    assert sum(bool(row["owner_released_at"]) != bool(row["startup_released_at"]) for row in written) == 1


def test_everybody_who_logs_in_finds_a_finished_case_and_the_sides_have_something_to_do(
    found: dict[str, list[dict[str, Any]]],
) -> None:
    done = {"owner": "lovhamn", "startup": "co-nattvakt", "host": "vinterlabbet"}
    for side, organisation in done.items():
        own = [case for rows in found.values() for case in rows if case[f"{side}_organisation"] == organisation]
        assert any(case["pilot"] and case["pilot"]["decided_at"] and case["status"] == "finished" for case in own), side
    waiting = {case["owner_organisation"] for case in found["proposed"] if not case["owner_accepted_at"]}
    assert "lovhamn" in waiting
    assert "co-nattvakt" in {case["startup_organisation"] for case in found["proposed"] if case["owner_accepted_at"]}


def test_the_places_that_the_journey_takes_are_free(hub: Store) -> None:
    taken = hub.query("select ends_on from access where testbed_id = 'tb-vinterbana'")
    assert [row["ends_on"] < clock.day(NOW) for row in taken] == [True]


def test_nothing_lies_ahead_and_the_record_keeps_its_order(hub: Store, found: dict[str, list[dict[str, Any]]]) -> None:
    assert hub.query("select max(at) as at from audit")[0]["at"] < NOW
    for case in found["in_use"]:
        history = [row["action"] for row in record.history(hub, "pairing", case["id"])]
        steps = [
            "pairing.propose",
            "pairing.confirm",
            "agreement.send",
            "agreement.in_force",
            "pilot.start",
            "pilot.decide",
        ]
        assert [action for action in history if action in steps] == steps


def test_startups_and_needs_are_older_than_their_cases(hub: Store) -> None:
    assert not hub.query(
        """select p.id from pairing p join startup s on s.id = p.startup_id join need n on n.id = p.need_id
           where p.proposed_at < s.published_at or p.proposed_at < n.published_at"""
    )


def test_nothing_of_the_past_waits_to_be_mailed(hub: Store) -> None:
    assert mail.waiting(hub) == {"waiting": 0, "given_up": 0}


def test_the_closed_needs_leave_the_desk_alone(hub: Store) -> None:
    past = hub.query("select closed_at from need where id like 'need-h-%'")
    assert [row["closed_at"] is None for row in past].count(True) == 1


def test_it_is_loaded_once(hub: Store) -> None:
    before = hub.query("select count(*) as n from audit")
    with pytest.raises(ValueError, match="empty hub"):
        demo.load(hub, NOW)
    assert hub.query("select count(*) as n from audit") == before


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cases only: what the others do on either engine is tested where it belongs."""
    read = demo.read
    monkeypatch.setattr(demo, "read", lambda name: islice(read(name), 3 if name == "cases" else None))


def test_of_a_loading_that_fails_nothing_stays_and_the_next_one_works(
    few: None, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broke:
        broke.setattr(need_review, "submit", broken)
        with pytest.raises(RuntimeError):
            demo.load(store, clock.now())
    assert demo.is_empty(store)
    assert demo.load(store, clock.now())["cases"] == 3
