"""What came of a case: when it is asked, what is kept, how it is corrected, and what counts as in use."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.hub import outcomes, pairings
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW, create_organisation, create_person, create_testbed

from .cases import Case, mails, recorded

YES = {"in_use": "yes"}
ENDED = later(NOW, days=80)  # 2027-02-08
SIX = "2027-08-08T08:00:00.000000Z"
TWELVE = "2028-02-08T08:00:00.000000Z"


def completed(store: Store, case: Case, reason: str = "completed", ended: str = ENDED) -> str:
    pairing_id = case.accepted()
    case.confirm(pairing_id, create_testbed(store, published=True))
    pairings.end(store, case.broker, pairing_id, reason, "Klart.", ended)
    return pairing_id


def decide(store: Store, pairing_id: str, decision: str, at: str) -> None:
    """Put in a pilot that is decided, as `pilots` would."""
    texts = ("question", "runner_name", "runner_role", "signer_name", "signer_role", "route", "evidence", "lesson")
    checks = {"personal_data": "no", "patients": "no", "research": "no", "security": "yes"}
    row = {"id": f"pilot{pairing_id[:8]}", "pairing_id": pairing_id, "starts_on": "2026-12-01", "ends_on": "2027-01-31"}
    times = {"created_at": NOW, "updated_at": NOW, "started_at": NOW, "decided_at": at, "decided_side": "owner"}
    store.insert("pilot", {**row, **dict.fromkeys(texts, "x"), **checks, **times, "decision": decision})


def answer(store: Store, case: Case, pairing_id: str, now: str = SIX, month: int = 6, seen: str = "", **given: Any):
    outcomes.answer(store, case.owner, pairing_id, "owner", month, {**YES, **given}, seen, now)
    return outcomes.standing_answers(store, pairing_id)[month]


@pytest.mark.parametrize(
    ("begun", "months", "expected"),
    [("2026-08-31", 6, "2027-02-28"), ("2027-08-31", 6, "2028-02-29"), ("2026-12-01", 24, "2028-12-01")],
)
def test_months_are_those_of_the_calendar(begun: str, months: int, expected: str) -> None:
    assert outcomes.months_after(begun, months) == expected


@pytest.mark.parametrize(
    ("on", "month"),
    [("2027-08-07", None), ("2027-08-08", 6), ("2028-02-07", 6), ("2028-02-08", 12), ("2029-02-08", 24)],
)
def test_a_form_is_due_until_the_next_one_is(on: str, month: int | None) -> None:
    assert outcomes.current("2027-02-08", f"{on}T08:00:00.000000Z") == month


def test_the_months_count_from_the_end_of_a_completed_case_without_a_pilot(store: Store, case: Case) -> None:
    assert outcomes.begun(store, {"id": completed(store, case)}) == "2027-02-08"


def test_the_months_count_from_the_pilots_decision(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    decide(store, pairing_id, "adapt", "2027-03-03T08:00:00.000000Z")
    assert outcomes.begun(store, {"id": pairing_id}) == "2027-03-03"


def test_a_case_that_was_stopped_is_not_asked(store: Store, case: Case) -> None:
    stopped = completed(store, case)
    decide(store, stopped, "stop", ENDED)
    broken = completed(store, Case(store), "no_effect", later(NOW, days=20))
    for pairing_id in (stopped, broken):
        assert outcomes.begun(store, {"id": pairing_id}) is None


def test_an_answer_is_kept_recorded_and_told_to_the_others(store: Store, case: Case) -> None:
    town = create_organisation(store, name="Åby kommun")
    pairing_id = completed(store, case)
    given = {
        "used_by": "40", "used_by_whom": "undersköterskor", "spread": "åby kommun\n  Byn  AB \nÅby kommun\n\n",
        "economic": "some", "economic_note": "Färre vak", "perspectives": ["workplace"], "hours": "-3",
    }  # fmt: skip
    found = answer(store, case, pairing_id, **given)
    assert (found["in_use"], found["used_by"], found["hours"], found["perspectives"]) == ("yes", 40, -3, ["workplace"])
    assert [(place["name"], place["organisation_id"]) for place in found["spread"]] == [
        ("åby kommun", town["id"]), ("Byn AB", None), ("Åby kommun", town["id"]),
    ]  # fmt: skip
    assert (found["person"], found["social"]) == (case.owner.name, None)
    told = {mail["recipient"] for mail in mails(store, "pairing_outcome_answered")}
    assert {case.founder.email, case.broker.email} <= told
    assert case.owner.email not in told
    assert "outcome.answer" in recorded(store, pairing_id)


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"in_use": ""}, "in_use", "required_choice"),
        ({"in_use": "maybe"}, "in_use", "unknown_choice"),
        ({"in_use": "no"}, "why_not", "required_why_not"),
        ({"in_use": "partly"}, "why_not", "required_why_not"),
        ({"in_use": "no", "why_not": "Dyrt", "used_by": "4"}, "used_by", "used_by_nobody"),
        ({"used_by": "0"}, "used_by", "number_range"),
        ({"economic": "huge"}, "economic", "unknown_choice"),
        ({"perspectives": ["space"]}, "perspectives", "unknown_choice"),
        ({"spread": "\n".join(f"Ort {number}" for number in range(41))}, "spread", "too_many_names"),
        ({"spread": "x" * 301}, "spread", "name_long"),
        ({"hours": "many"}, "hours", "number_range"),
    ],
)
def test_what_cannot_be_right_is_told_at_its_field(
    store: Store, case: Case, given: dict[str, Any], field: str, code: str
) -> None:
    pairing_id = completed(store, case)
    with pytest.raises(Invalid) as error:
        answer(store, case, pairing_id, **given)
    assert error.value.errors[field][0] == code
    assert outcomes.standing_answers(store, pairing_id) == {}


def test_a_correction_keeps_the_answer_before(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    first = answer(store, case, pairing_id, used_by="40", spread="Åby")
    second = answer(store, case, pairing_id, later(SIX, days=9), seen=first["id"], used_by="50", spread="Åby")
    assert second["used_by"] == 50
    old = store.query("select * from outcome where replaced_at is not null")
    assert [(row["id"], row["used_by"]) for row in old] == [(first["id"], 40)]
    rows = store.query("select detail from audit where action = 'outcome.correct'")
    assert '"changed": ["used_by"]' in rows[0]["detail"]
    told = [mail["recipient"] for mail in mails(store, "pairing_outcome_answered")]
    assert told.count(case.founder.email) == told.count(case.broker.email) == 2


def test_a_correction_that_changes_nothing_leaves_no_trace(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    first = answer(store, case, pairing_id, spread="Åby")
    assert answer(store, case, pairing_id, later(SIX, days=9), seen=first["id"], spread="Åby")["id"] == first["id"]
    assert "outcome.correct" not in recorded(store, pairing_id)


def test_two_who_answer_at_once_do_not_write_over_each_other(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    first = answer(store, case, pairing_id)
    with pytest.raises(Conflict, match="outcome_answered") as error:
        answer(store, case, pairing_id, later(SIX, days=1), in_use="no", why_not="Dyrt")
    assert error.value.params == {"person": case.owner.name, "at": SIX}
    answer(store, case, pairing_id, later(SIX, days=2), seen=first["id"], used_by="3")
    with pytest.raises(Conflict, match="outcome_answered"):
        answer(store, case, pairing_id, later(SIX, days=3), seen=first["id"], used_by="4")


@pytest.mark.parametrize(("now", "month"), [(later(ENDED, days=9), 6), (SIX, 12), (TWELVE, 6)])
def test_only_the_form_that_is_due_is_answered(store: Store, case: Case, now: str, month: int) -> None:
    pairing_id = completed(store, case)
    with pytest.raises(Conflict, match="outcome_not_due"):
        answer(store, case, pairing_id, now, month)


def test_an_old_answer_may_be_corrected_when_the_next_is_due(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    first = answer(store, case, pairing_id)
    assert answer(store, case, pairing_id, TWELVE, 6, first["id"], used_by="9")["used_by"] == 9


def test_a_month_that_is_never_asked_is_not_found(store: Store, case: Case) -> None:
    with pytest.raises(NotFound):
        outcomes.answer(store, case.owner, completed(store, case), "owner", 7, YES, "", SIX)


def test_each_side_answers_for_itself_and_a_broker_for_both(store: Store, case: Case) -> None:
    pairing_id, numbers = completed(store, case), {"jobs": "12", "customers": "0"}
    for who, side, given in ((case.founder, "owner", YES), (case.owner, "startup", numbers)):
        with pytest.raises(Denied):
            outcomes.answer(store, who, pairing_id, side, 6, given, "", SIX)
    with pytest.raises(Denied):
        outcomes.answer(store, create_person(store, "owner"), pairing_id, "owner", 6, YES, "", SIX)
    outcomes.answer(store, case.broker, pairing_id, "owner", 6, YES, "", SIX)
    outcomes.answer(store, case.founder, pairing_id, "startup", 6, numbers, "", SIX)
    found = outcomes.standing_answers(store, pairing_id, "startup")[6]
    assert (found["jobs"], found["customers"]) == (12, 0)


def test_the_figures_of_a_company_are_told_to_its_own_people_and_the_broker(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    outcomes.answer(store, case.founder, pairing_id, "startup", 6, {"jobs": "3", "customers": "1"}, "", SIX)
    assert [mail["recipient"] for mail in mails(store, "pairing_outcome_company")] == [case.broker.email]


def test_both_numbers_are_asked_for(store: Store, case: Case) -> None:
    with pytest.raises(Invalid) as error:
        outcomes.answer(store, case.founder, completed(store, case), "startup", 6, {"jobs": ""}, "", SIX)
    assert set(error.value.errors) == {"jobs", "customers"}


def test_in_use_counts_each_case_once_by_its_latest_answer(store: Store) -> None:
    first, second, third = (Case(store) for _ in range(3))
    ids = [completed(store, one) for one in (first, second, third)]
    kept = answer(store, first, ids[0])
    answer(store, second, ids[1], in_use="partly", why_not="Bara ett boende")
    answer(store, third, ids[2], in_use="no", why_not="Slut på pengar")
    assert outcomes.in_use(store, SIX) == 2
    assert outcomes.in_use(store, later(SIX, days=-1)) == 0
    answer(store, first, ids[0], TWELVE, 12, in_use="no", why_not="Bytte system")
    assert outcomes.in_use(store, SIX) == 2
    assert outcomes.use(store, TWELVE) == {"yes": 0, "partly": 1, "no": 2}
    # A correction of an old answer changes neither what counts today nor what was counted then.
    answer(store, first, ids[0], later(TWELVE, days=5), 6, kept["id"], in_use="partly", why_not="Bara natt")
    assert outcomes.in_use(store, later(TWELVE, days=6)) == 1
    assert outcomes.latest(store, SIX)[ids[0]]["in_use"] == "yes"
    assert outcomes.latest(store, later(TWELVE, days=6), [ids[0]])[ids[0]]["month"] == 12
    assert outcomes.latest(store, TWELVE, []) == {}
