from __future__ import annotations

import pytest

from matcher.hub import decisions, dismissals, pairings
from tests import factories
from tests.factories import NOW

from .cases import Case

SEEN = {"rank": 3, "parts": {"semantic": 0.4, "lexical": 0.2}, "scoring": "1", "model": "tiny", "texts": {"need": "a"}}


def dismiss(case: Case, reason: str = "no_fit", seen: dict | None = SEEN) -> str:
    ids = (case.need["id"], case.startup["id"])
    return dismissals.dismiss(case.store, case.broker, *ids, reason, "", NOW, seen)


def test_a_confirmed_pairing_was_taken_up(store, case):
    testbed = factories.create_testbed(store, published=True)
    pairing_id = case.accept(case.propose(seen=SEEN))
    assert decisions.taken(store) == []
    case.confirm(pairing_id, testbed)
    (found,) = decisions.taken(store)
    assert (found.taken, found.rank, found.parts) == (True, 3, SEEN["parts"])
    assert (found.scoring, found.model, found.texts) == ("1", "tiny", {"need": "a"})


def test_a_declined_pairing_and_a_dismissal_were_not(store, case):
    pairings.decline(store, case.owner, case.propose(seen=SEEN), "owner", "no_fit", "", NOW)
    assert [found.taken for found in decisions.taken(store)] == [False]
    other = Case(store, case.broker)
    dismiss(other)
    assert [found.taken for found in decisions.taken(store)] == [False, False]
    assert decisions.count(store) == 2


@pytest.mark.parametrize("reason", ["gate", "known", "conflict"])
def test_a_no_that_says_nothing_about_the_fit_is_no_decision(store, case, reason):
    dismiss(case, reason)
    assert decisions.taken(store) == []


def test_a_dismissal_that_was_undone_is_no_decision(store, case):
    dismissals.undo(store, case.broker, dismiss(case), NOW)
    assert decisions.taken(store) == []


def test_of_a_pair_decided_twice_the_last_counts(store, case):
    testbed = factories.create_testbed(store, published=True)
    pairings.decline(store, case.owner, case.propose(seen=SEEN), "owner", "not_now", "", NOW)
    later = "2026-11-21T09:00:00.000000Z"
    pairing_id = case.accept(case.propose(now=later, seen={**SEEN, "rank": 1}), now=later)
    pairings.confirm(store, case.broker, pairing_id, testbed["id"], "2026-12-01", "2027-01-31", later)
    assert [(found.taken, found.rank) for found in decisions.taken(store)] == [(True, 1)]


@pytest.mark.parametrize("seen", [None, {**SEEN, "lexical_only": True}, {**SEEN, "rank": None, "parts": {}}])
def test_a_decision_without_figures_of_the_model_teaches_nothing(store, case, seen):
    dismiss(case, seen=seen)
    assert decisions.taken(store) == []
