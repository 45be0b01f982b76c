"""Who holds a case, and who steps in."""

from __future__ import annotations

import json

import pytest

from matcher.hub import cases, directory, holders, pairings, parties
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Denied, Invalid
from tests.factories import NOW, create_person

from .cases import mails, recorded

LATER = later(NOW, days=3)


@pytest.fixture
def pairing_id(case):
    return case.propose()


@pytest.fixture
def colleague(store):
    return create_person(store, "broker")


def hand(store, viewer, pairing_id, holder, substitute=None):
    given = {"holder_id": holder.person_id, "substitute_id": substitute.person_id if substitute else ""}
    return holders.hand(store, viewer, pairing_id, given, LATER)


def test_who_proposed_a_case_holds_it_at_first(store, case, pairing_id):
    held = holders.of_case(store, cases.fetch(store, pairing_id))
    assert (held["holder_id"], held["substitute_id"], held["since"]) == (case.broker.person_id, None, NOW)
    assert holders.history(store, pairing_id) == []


def test_a_case_is_handed_over_and_all_mail_names_the_new_holder(store, case, pairing_id, colleague):
    assert hand(store, case.broker, pairing_id, colleague, case.broker)
    fetched = cases.fetch(store, pairing_id)
    assert (fetched["broker"], fetched["proposer"]) == (colleague.name, case.broker.name)
    assert [person["id"] for person in parties.of_side(store, "broker", fetched)] == [colleague.person_id]
    held = holders.of_case(store, fetched)
    assert (held["holder"], held["substitute"], held["since"]) == (colleague.name, case.broker.name, LATER)
    [row] = cases.listing(store, case.broker, NOW)[0]
    assert row["broker"] == colleague.name


def test_who_gets_a_case_is_told_and_who_acts_is_not(store, case, pairing_id, colleague):
    hand(store, case.broker, pairing_id, colleague)
    [mail] = mails(store, "case_holder")
    assert mail["recipient"] == colleague.email
    assert json.loads(mail["params"])["holder"] == colleague.name
    assert recorded(store, pairing_id) == ["case.holder", "pairing.propose"]


def test_who_no_longer_holds_it_is_told_too(store, case, pairing_id, colleague):
    hand(store, colleague, pairing_id, colleague)
    assert [mail["recipient"] for mail in mails(store, "case_holder")] == [case.broker.email]


def test_the_same_again_changes_nothing(store, case, pairing_id, colleague):
    assert not hand(store, case.broker, pairing_id, case.broker)
    assert hand(store, case.broker, pairing_id, case.broker, colleague)
    assert not hand(store, case.broker, pairing_id, case.broker, colleague)
    assert len(holders.history(store, pairing_id)) == 1


def test_only_brokers_of_the_hub_hold_cases(store, case, pairing_id, colleague):
    for holder, substitute, wrong in (
        (case.owner, None, "holder_id"),
        (colleague, case.founder, "substitute_id"),
        (colleague, colleague, "substitute_id"),
    ):
        with pytest.raises(Invalid) as error:
            hand(store, case.broker, pairing_id, holder, substitute)
        assert set(error.value.errors) == {wrong}


def test_the_sides_do_not_choose_who_holds_it(store, case, pairing_id, colleague):
    for person in (case.owner, case.founder):
        with pytest.raises(Denied):
            hand(store, person, pairing_id, colleague)


def test_a_declined_case_is_not_handed_over(store, case, pairing_id, colleague):
    pairings.decline(store, case.owner, pairing_id, "owner", "no_fit", "", NOW)
    with pytest.raises(Conflict, match="pairing_declined"):
        hand(store, case.broker, pairing_id, colleague)


def test_when_the_holder_has_left_all_brokers_are_asked(store, case, pairing_id, colleague):
    hand(store, case.broker, pairing_id, colleague)
    administrator = create_person(store, "administrator")
    directory.disable(store, colleague.person_id, administrator.person_id, NOW)
    told = parties.of_side(store, "broker", cases.fetch(store, pairing_id))
    assert [person["id"] for person in told] == [case.broker.person_id]
