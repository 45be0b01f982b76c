from __future__ import annotations

import pytest

from matcher.hub import dismissals
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW

from .cases import Case, recorded


def dismiss(case: Case, reason: str = "too_generic", note: str = "") -> str:
    return dismissals.dismiss(case.store, case.broker, case.need["id"], case.startup["id"], reason, note, NOW)


def test_a_dismissal_keeps_who_and_why(store: Store, case: Case) -> None:
    dismissal_id = dismiss(case, note="Samma text till alla.")
    row = dismissals.for_need(store, case.need["id"])[case.startup["id"]]
    assert (row["id"], row["reason"], row["dismissed_by_name"]) == (dismissal_id, "too_generic", case.broker.name)
    assert recorded(store, dismissal_id) == ["dismissal.create"]


def test_a_dismissal_can_be_undone_and_made_again(store: Store, case: Case) -> None:
    dismissal_id = dismiss(case)
    dismissals.undo(store, case.broker, dismissal_id, NOW)
    assert dismissals.for_need(store, case.need["id"]) == {}
    with pytest.raises(Conflict, match="dismissal_undone"):
        dismissals.undo(store, case.broker, dismissal_id, NOW)
    assert dismiss(case) != dismissal_id


def test_the_second_broker_learns_of_the_first(case: Case) -> None:
    dismiss(case)
    with pytest.raises(Conflict) as error:
        dismiss(case)
    assert error.value.params == {"person": case.broker.name, "at": NOW}


@pytest.mark.parametrize(("reason", "field"), [("", "reason"), ("budget", "reason"), ("other", "note")])
def test_a_dismissal_needs_a_reason(case: Case, reason: str, field: str) -> None:
    with pytest.raises(Invalid) as error:
        dismiss(case, reason)
    assert list(error.value.errors) == [field]


def test_who_is_being_paired_is_not_dismissed(case: Case) -> None:
    case.propose()
    with pytest.raises(Conflict, match="pairing_exists"):
        dismiss(case)


def test_a_proposal_takes_a_dismissal_back(store: Store, case: Case) -> None:
    dismiss(case)
    case.propose()
    assert dismissals.for_need(store, case.need["id"]) == {}


def test_only_brokers_dismiss(store: Store, case: Case) -> None:
    dismissal_id = dismiss(case)
    with pytest.raises(NotFound):
        dismissals.undo(store, case.owner, dismissal_id, NOW)
    dismissals.undo(store, case.broker, dismissal_id, NOW)
    case.broker = case.owner
    with pytest.raises(Denied):
        dismiss(case)
