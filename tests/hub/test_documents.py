"""The papers of a case: every one of them, with its day and who, and for each reader what is theirs."""

from __future__ import annotations

import pytest

from matcher.hub import agreements, cases, documents, prerequisite_steps, state_aid
from matcher.hub.clock import later
from tests.factories import NOW

from .test_agreements import Signing

PDF = b"%PDF-1.7 signed"


@pytest.fixture
def case(store):
    return Signing(store)


def papers(store, viewer, case):
    return documents.of_case(store, viewer, cases.fetch(store, case.id))


def test_a_case_without_papers_has_none(store, case):
    assert papers(store, case.broker, case) == []


def test_a_draft_is_the_brokers_until_it_is_sent(store, case):
    case.draft()
    assert [(row["kind"], row["who"], row["sent_at"]) for row in papers(store, case.broker, case)] == [
        ("agreement", case.broker.name, None)
    ]
    assert papers(store, case.owner, case) == []


def test_agreements_signatures_and_what_the_testbed_asked_for_stand_with_day_and_who(store, case):
    number = case.send()
    case.sign(number, "owner", now=later(NOW, days=1))
    case.sign(number, "startup", case.broker, now=later(NOW, days=2), upload=("Påskrivet.pdf", PDF))
    asked = prerequisite_steps.add(
        store, case.host, case.testbed["id"], {"kind": "insurance", "text": "Försäkring."}, NOW
    )
    prerequisite_steps.meet(store, case.host, case.id, asked, "Brev av den 3 maj.", later(NOW, days=3))
    found = papers(store, case.founder, case)
    assert [(row["kind"], row["at"], row["who"]) for row in found] == [
        ("prerequisite", later(NOW, days=3), case.host.name),
        ("signature", later(NOW, days=2), case.broker.name),
        ("signature", later(NOW, days=1), case.owner.name),
        ("agreement", NOW, case.broker.name),
    ]
    assert [row["file_name"] for row in found[1:3]] == ["Påskrivet.pdf", None]
    assert (found[0]["what"], found[0]["note"]) == ("Försäkring.", "Brev av den 3 maj.")


def test_one_that_was_taken_back_stays_on_the_list(store, case):
    number = case.send()
    agreements.withdraw(store, case.broker, case.id, number, "Fel part.", NOW)
    (row,) = papers(store, case.owner, case)
    assert agreements.status(row, NOW) == "withdrawn"


def test_aid_is_for_the_brokers_and_the_company_itself(store, case):
    given = {"amount": "40000", "given_on": "2026-11-19", "kind": "testbed"}
    state_aid.enter(store, case.broker, case.startup["organisation_id"], given, NOW, case.id)
    for who, seen in ((case.broker, 1), (case.founder, 1), (case.owner, 0), (case.host, 0)):
        assert len(papers(store, who, case)) == seen
