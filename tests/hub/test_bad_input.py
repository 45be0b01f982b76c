"""What goes wrong in the middle of a case, and that nothing is lost by it, where no other file has it.

Elsewhere: a signature for another paper (test_agreements), a decision taken twice (test_pilot_ends), an indicator
without a unit (test_pilot_measures), links used twice or a year later (test_links, test_outcome_links,
test_feedback), a period that ends before it begins (test_agreements, test_pairings, test_pilots).
"""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter, ValidationError

from matcher.hub import (
    access,
    agreements,
    board,
    cases,
    documents,
    duplicates,
    fields,
    links,
    merging,
    moderation,
    organisations,
    outcome_links,
    pairings,
    parties,
    pilot_ends,
    pilots,
    record,
    startups,
)  # fmt: skip
from matcher.hub.clock import day, later
from matcher.hub.errors import Conflict, Invalid, NotFound
from matcher.hub.people import SYSTEM
from tests.factories import NOW, create_organisation, create_person, create_startup, create_testbed

from .cases import Case, mails
from .pilots import BEGUN, OVER, TERMS, Pilot


@pytest.fixture
def pilot(store):
    """A case in the middle: place, agreement in force, pilot started."""
    made = Pilot(store)
    made.start()
    return made


def told(store):
    return {row["recipient"]: json.loads(row["params"])["what"] for row in mails(store, "pairing_company")}


def happened(store, pilot):
    return [row["action"] for row in record.history(store, "pairing", pilot.id) if ".company_" in row["action"]]


def state(store, pilot, now=BEGUN):
    """Return what a case holds, as its people see it."""
    case = cases.fetch(store, pilot.id)
    papers = [(row["kind"], row["at"]) for row in documents.of_case(store, pilot.broker, case)]
    return (cases.status(case, now), access.missing(store, case, now), papers, pilots.status(pilot.row, now))


# A company renamed


def test_a_company_renamed_in_the_middle_keeps_its_case_and_what_was_signed(store, pilot):
    before, old = state(store, pilot), pilot.startup["name"]
    (signed,) = agreements.of_case(store, pilot.id)
    startups.save(store, pilot.founder, pilot.startup["id"], {"name": "Nytt Namn AB"}, 1, BEGUN)
    assert cases.load(store, pilot.owner, pilot.id)["startup_name"] == "Nytt Namn AB"
    assert state(store, pilot) == before
    assert agreements.of_case(store, pilot.id) == [signed]
    assert told(store) == {pilot.broker.email: "renamed"}
    assert json.loads(mails(store, "pairing_company")[0]["params"])["before"] == old
    assert happened(store, pilot) == ["pairing.company_renamed"]


def test_a_first_organisation_number_tells_nobody_and_another_one_the_broker(store, pilot):
    def number(orgnr, revision):
        startups.save(store, pilot.founder, pilot.startup["id"], {"orgnr": orgnr}, revision, BEGUN)

    store.execute("update organisation set orgnr = null where id = :id", {"id": pilot.startup["organisation_id"]})
    number("556753-4010", 1)
    assert told(store) == {}
    before = state(store, pilot)
    number("212000-1892", 2)
    number("212000-1892", 3)
    assert state(store, pilot) == before
    assert told(store) == {pilot.broker.email: "renumbered"}
    assert json.loads(mails(store, "pairing_company")[0]["params"])["before"] == "556753-4010"
    assert happened(store, pilot) == ["pairing.company_renumbered"]


def test_a_second_profile_is_no_way_round_it(store, pilot):
    company = pilot.startup["organisation_id"]
    store.execute("update organisation set orgnr = '5567534010' where id = :id", {"id": company})
    startups.create(store, pilot.founder, company, {"name": "Ett till", "orgnr": "212000-1892"}, BEGUN)
    assert told(store) == {pilot.broker.email: "renumbered"}
    assert happened(store, pilot) == ["pairing.company_renumbered"]


def test_neither_is_an_administrator(store, pilot):
    company, administrator = pilot.startup["organisation_id"], create_person(store, "administrator")
    store.execute("update organisation set orgnr = '5567534010' where id = :id", {"id": company})
    organisations.save(store, administrator, company, {"orgnr": "5567534010", "website": "https://a.example"}, BEGUN)
    assert told(store) == {}
    organisations.save(store, administrator, company, {"orgnr": "212000-1892"}, BEGUN)
    assert told(store) == {pilot.broker.email: "renumbered"}
    assert happened(store, pilot) == ["pairing.company_renumbered"]


def test_another_change_of_the_profile_tells_nobody(store, pilot):
    startups.save(store, pilot.founder, pilot.startup["id"], {"evidence": "Fler avdelningar."}, 1, BEGUN)
    assert told(store) == {}


# A company merged


@pytest.fixture
def merged(store, pilot):
    """The case's company merged into another profile of the same name, whose people are others."""
    other = create_person(store, "startup")
    twin = create_startup(store, other.organisations("startup")[0], published=True, name=pilot.startup["name"])
    duplicates.find(store, NOW)
    (offer,) = store.query("select id from merge_offer")
    merging.merge(store, pilot.broker, offer["id"], twin["id"], BEGUN)
    return twin, other, offer["id"]


def test_a_company_merged_in_the_middle_takes_its_case_along(store, pilot, merged):
    twin, other, _ = merged
    case = cases.load(store, other, pilot.id)
    assert (case["startup_id"], cases.status(case, BEGUN)) == (twin["id"], "confirmed")
    assert access.missing(store, case, BEGUN) == []
    assert len(documents.of_case(store, other, case)) == 4, "the agreement and its three signatures"
    assert {person["email"] for person in parties.of_side(store, "startup", case)} == {other.email}
    pilot_ends.decide(store, pilot.owner, pilot.id, {**_decision()}, OVER)
    assert pilots.status(pilot.row, OVER) == "decided"


def test_the_host_and_the_owner_are_told_of_a_merge(store, pilot, merged):
    assert {pilot.owner.email, pilot.host.email} <= set(told(store))
    assert happened(store, pilot) == ["pairing.company_merged"]


def test_a_merge_that_is_taken_back_gives_the_case_back_whole(store, pilot, merged):
    _, other, offer_id = merged
    merging.undo(store, pilot.broker, offer_id, later(BEGUN, days=1))
    assert cases.load(store, pilot.founder, pilot.id)["startup_id"] == pilot.startup["id"]
    with pytest.raises(NotFound):
        cases.load(store, other, pilot.id)
    assert access.missing(store, cases.fetch(store, pilot.id), later(BEGUN, days=1)) == []
    assert happened(store, pilot) == ["pairing.company_merged", "pairing.company_parted"]


# A company bankrupt: the broker hides its profile, and ends the case with a reason


def test_a_company_that_is_gone_leaves_its_case_readable_and_its_people_are_told(store, pilot):
    before = state(store, pilot)
    moderation.hide(store, pilot.broker, pilot.startup["id"], "I konkurs sedan i går.", BEGUN)
    assert state(store, pilot) == before
    for who in (pilot.owner, pilot.host, pilot.broker, pilot.founder):
        assert cases.load(store, who, pilot.id)["startup_hidden_at"] == BEGUN
    assert told(store) == {pilot.owner.email: "hidden", pilot.host.email: "hidden"}
    assert not any("konkurs" in row["params"] for row in mails(store, "pairing_company")), "why is not theirs to read"
    assert happened(store, pilot) == ["pairing.company_hidden"]


def test_the_case_of_a_company_that_is_gone_is_ended_and_still_decided(store, pilot):
    moderation.hide(store, pilot.broker, pilot.startup["id"], "I konkurs.", BEGUN)
    pairings.end(store, pilot.broker, pilot.id, "startup_unable", "Bolaget finns inte längre.", BEGUN)
    assert access.missing(store, cases.fetch(store, pilot.id), BEGUN)[:1] == ["ended"]
    after = later(BEGUN, days=1)
    pilot_ends.decide(store, pilot.owner, pilot.id, _decision(decision="stop", early_reason="Konkurs."), after)
    assert pilots.status(pilot.row, after) == "decided"
    (column,) = [one for one in board.columns(store, SYSTEM, after) if one["stage"] == "ended"]
    assert [card["id"] for card in column["cards"]] == [pilot.id]


def test_a_company_that_is_gone_is_not_confirmed_and_the_broker_learns_why(store):
    case = Case(store)
    pairing_id = case.accepted()
    moderation.hide(store, case.broker, case.startup["id"], "I konkurs.", NOW)
    with pytest.raises(Conflict) as error:
        case.confirm(pairing_id, create_testbed(store, published=True, places=1))
    assert error.value.code == "startup_not_live"
    assert cases.status(cases.fetch(store, pairing_id), NOW) == "accepted"


def _decision(**changes):
    return {"decision": "adopt", "evidence": "Siffrorna.", "lesson": "Fråga natten först, sedan dagen.", **changes}


# A period over a clock change


@pytest.mark.parametrize(("first", "last", "days"), [("2027-03-27", "2027-03-29", 3), ("2027-10-30", "2027-11-01", 3)])
def test_a_period_over_a_clock_change_has_all_its_days(store, first, last, days):
    case = Case(store)
    testbed = create_testbed(store, published=True, places=1)
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed, first, last)
    found = cases.fetch(store, pairing_id)
    assert (found["starts_on"], found["ends_on"]) == (first, last)
    opened = [
        "not_begun" not in access.missing(store, found, moment) and "over" not in access.missing(store, found, moment)
        for moment in (later(f"{first}T12:00:00.000000Z", days=number) for number in range(-1, days + 1))
    ]
    assert opened == [False, True, True, True, False]
    other = Case(store)
    with pytest.raises(Conflict):
        other.confirm(other.accepted(), testbed, day(f"{last}T00:00:00Z"), day(later(f"{last}T00:00:00Z", days=2)))
    day_after = day(later(f"{last}T00:00:00Z", days=1))
    third = Case(store)
    assert third.confirm(third.accepted(), testbed, day_after, day_after)


# A link a year later


def test_an_invitation_a_year_later_is_not_found_and_can_be_sent_anew(store):
    town = create_organisation(store)
    token = links.invite(store, None, "ny@example.org", town["id"], "owner", NOW)
    year_later = later(NOW, days=365)
    with pytest.raises(NotFound):
        links.use(store, token, "tre korta ord", year_later, name="Ny")
    again = links.invite(store, None, "ny@example.org", town["id"], "owner", year_later)
    assert links.use(store, again, "tre korta ord", year_later, name="Ny")


def test_a_made_up_or_empty_link_to_a_form_is_not_found(store):
    for token in ("", "x" * 500, "../../etc"):
        with pytest.raises(NotFound):
            outcome_links.load(store, token)


# An agreement whose days are the wrong way round says which field


def test_an_agreement_that_ends_before_it_begins_is_told_at_its_field_and_the_draft_stays(store):
    pilot = Pilot(store, agreed=False)
    terms = {**TERMS, "starts_on": pilot.first, "ends_on": pilot.last}
    number = agreements.draft(store, pilot.broker, pilot.id, terms, NOW)
    with pytest.raises(Invalid) as error:
        agreements.change(store, pilot.broker, pilot.id, number, {**terms, "ends_on": "2020-01-01"}, 1, NOW)
    assert set(error.value.errors) == {"ends_on"}
    assert agreements.load(store, pilot.id, number)["ends_on"] == pilot.last


@pytest.mark.parametrize("typed", ["100000", "100 000", "100\u00a0000", "100\u202f000", " 100 000 "])
def test_a_number_is_taken_as_the_hub_itself_writes_it(typed: str) -> None:
    assert TypeAdapter(fields.number(0, 500_000_000)).validate_python(typed) == 100_000


@pytest.mark.parametrize("typed", ["10 00", "1 0000", "100 000 kr", "1,5", "100  000"])
def test_what_could_be_another_number_is_not_guessed_at(typed: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(fields.number(0, 500_000_000)).validate_python(typed)
    assert error.value.errors()[0]["ctx"]["value"] == typed  # what was typed, to the letter
