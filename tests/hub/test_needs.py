import json

import pytest

from matcher.hub import clock, mail, need_content, need_review, needs, pairings, people, pointless, record
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound, Stale
from matcher.store import Store
from tests import factories
from tests.factories import NOW, create_need, create_organisation, create_person
from tests.hub.cases import Case

LATER = "2026-11-21T09:00:00.000000Z"


def owner_of(store, need):
    return factories.create_person(store, "owner", need["organisation_id"])


def answered(store, need, **columns):
    """A startup that expressed interest in a need; returns its person and the interest's id."""
    startup = factories.create_startup(store, published=True)
    row = {"id": f"in-{startup['id']}", "need_id": need["id"], "startup_id": startup["id"], "message": "Vi kan."}
    times = {"need_version": 1, "created_at": NOW, "answer_by": "2026-12-01"}
    store.insert("interest", {**row, **times, **columns})
    return factories.create_person(store, "startup", startup["organisation_id"]), row["id"]


def mails(store):
    rows = store.query("select template, recipient from outbox order by created_at, id")
    return [(row["template"], row["recipient"]) for row in rows]


def test_a_draft_is_created_for_ones_own_organisation(store):
    owner = factories.create_person(store, "owner")
    organisation = owner.organisations("owner")[0]
    need_id = needs.create(store, owner, organisation, {"title": "  Färre   fall "}, NOW)
    need = needs.load(store, owner, need_id)
    assert (need["title"], need["status"], need["languages"]) == ("Färre fall", "draft", ["sv"])
    assert [row["action"] for row in record.history(store, "need", need_id)] == ["need.create"]


def test_a_company_may_post_a_need(store):
    startup = factories.create_person(store, "startup")
    assert needs.create(store, startup, startup.organisations("startup")[0], {"title": "Testmiljö"}, NOW)


def test_nobody_creates_for_somebody_elses_organisation(store):
    owner = factories.create_person(store, "owner")
    with pytest.raises(Denied):
        needs.create(store, owner, factories.create_organisation(store)["id"], {"title": "X"}, NOW)


def test_a_broker_creates_for_any_organisation_that_there_is(store):
    broker = factories.create_person(store, "broker")
    assert needs.create(store, broker, factories.create_organisation(store)["id"], {"title": "X"}, NOW)
    with pytest.raises(NotFound):
        needs.create(store, broker, "nowhere", {"title": "X"}, NOW)


@pytest.mark.parametrize(
    ("typed", "field", "code"),
    [
        ({"title": " "}, "title", "required"),
        ({"description": "a" * 40_000}, "description", "too_long"),
        ({"wanted_by": "1899-01-01"}, "wanted_by", "date_range"),
        ({"valid_until": "31 mars"}, "valid_until", "not_a_date"),
        ({"language": "tlh"}, "language", "unknown_choice"),
        ({"themes": ["magic"]}, "themes", "unknown_choice"),
        ({"min_readiness": "11"}, "min_readiness", "number_range"),
        ({"testbed_id": "nowhere"}, "testbed_id", "unknown_choice"),
        ({"county_code": "01", "municipality_code": "1280"}, "municipality_code", "other_county"),
        ({"local": "yes"}, "county_code", "local_where"),
    ],
)
def test_what_cannot_be_used_is_named_by_its_field(store, typed, field, code):
    broker = factories.create_person(store, "broker")
    with pytest.raises(Invalid) as raised:
        needs.create(store, broker, broker.organisations("broker")[0], {"title": "T", **typed}, NOW)
    assert raised.value.errors[field][0] == code


def test_how_far_ahead_a_day_may_lie_is_counted_from_the_hub_s_own_day(store, monkeypatch):
    broker = factories.create_person(store, "broker")
    monkeypatch.setattr(clock, "now", lambda: "2060-01-01T00:00:00.000000Z")
    needs.create(store, broker, broker.organisations("broker")[0], {"title": "T", "wanted_by": "2089-01-01"}, NOW)
    with pytest.raises(Invalid):
        needs.create(store, broker, broker.organisations("broker")[0], {"title": "T", "wanted_by": "2091-01-01"}, NOW)


def test_a_municipality_brings_its_county(store):
    need = factories.create_need(store, county_code=None, municipality_code=None)
    saved = needs.save(store, owner_of(store, need), need["id"], {"municipality_code": "1280"}, 1, LATER)
    assert saved["county_code"] == "12"


def test_saving_some_fields_leaves_the_others(store):
    need = factories.create_need(store)
    saved = needs.save(store, owner_of(store, need), need["id"], {"effect": "Ny effekt"}, 1, LATER)
    assert (saved["effect"], saved["people"], saved["revision"]) == ("Ny effekt", need["people"], 2)


def test_saving_the_same_changes_nothing(store):
    need = factories.create_need(store)
    saved = needs.save(store, owner_of(store, need), need["id"], {"effect": need["effect"]}, 1, LATER)
    assert (saved["revision"], saved["seq"]) == (1, need["seq"])


def test_two_who_edit_the_same_draft_do_not_write_over_each_other(store):
    need = factories.create_need(store)
    owner = owner_of(store, need)
    needs.save(store, owner, need["id"], {"effect": "Först"}, 1, LATER)
    with pytest.raises(Stale) as raised:
        needs.save(store, owner, need["id"], {"effect": "Sedan"}, 1, LATER)
    assert raised.value.params["current"]["effect"] == "Först"


def test_a_change_of_a_published_need_is_a_version_that_those_who_answered_hear_of(store):
    need = factories.create_need(store, published=True)
    person, _ = answered(store, need)
    saved = needs.save(store, owner_of(store, need), need["id"], {"effect": "Ny"}, 1, LATER)
    assert saved["version"] == 2
    numbers = store.query("select number, content from need_version order by number")
    assert [json.loads(row["content"])["effect"] for row in numbers] == [need["effect"], "Ny"]
    assert mails(store) == [("need_changed", person.email)]


def test_who_answered_a_need_that_is_mended_field_by_field_gets_one_mail_about_it(store):
    need = factories.create_need(store, published=True)
    answered(store, need)
    owner = owner_of(store, need)
    for revision, effect in enumerate(("Ny", "Nyare", "Nyast"), 1):
        at = clock.later(LATER, minutes=5 * revision)
        needs.save(store, owner, need["id"], {"effect": effect}, revision, at)
    assert mail.claim(store, clock.later(LATER, minutes=24)) == []
    taken = [mail.claim(store, clock.later(LATER, minutes=40))[0] for _ in range(3)]
    told = {row["params"]["version"]: not pointless.is_pointless(store, row) for row in taken}
    assert told == {2: False, 3: False, 4: True}
    needs.close(store, owner, need["id"], "met", "Klart.", clock.later(LATER, minutes=41))
    assert all(pointless.is_pointless(store, row) for row in taken)  # the mail about its end says what counts


def test_what_a_published_need_relies_on_cannot_be_emptied(store):
    need = factories.create_need(store, published=True)
    with pytest.raises(Invalid):
        needs.save(store, owner_of(store, need), need["id"], {"effect": ""}, 1, LATER)
    assert needs.load(store, None, need["id"])["version"] == 1


def test_a_closed_need_is_not_edited(store):
    need = factories.create_need(store, published=True, closed_at=NOW, close_reason="met")
    with pytest.raises(Conflict, match="need_closed"):
        needs.save(store, owner_of(store, need), need["id"], {"effect": "Ny"}, 1, LATER)


def test_a_submitted_need_reaches_the_brokers_once(store):
    broker = factories.create_person(store, "broker")
    need = factories.create_need(store)
    owner = owner_of(store, need)
    need_review.submit(store, owner, need["id"], LATER)
    with pytest.raises(Conflict, match="need_already_submitted"):
        need_review.submit(store, owner, need["id"], LATER)
    assert mails(store) == [("need_submitted", broker.email)]
    assert needs.load(store, owner, need["id"])["status"] == "submitted"


def test_an_unfinished_draft_is_not_submitted(store):
    need = factories.create_need(store, effect="", measure="", valid_until="2026-01-01")
    with pytest.raises(Invalid) as raised:
        need_review.submit(store, owner_of(store, need), need["id"], LATER)
    assert {name: code for name, (code, _) in raised.value.errors.items()} == {
        "effect": "required",
        "measure": "required",
        "valid_until": "past",
    }


def test_publishing_tells_the_owner_and_keeps_version_one(store):
    need = factories.create_need(store, submitted=True)
    owner = owner_of(store, need)
    need_review.publish(store, factories.create_person(store, "broker"), need["id"], LATER, revision=1)
    assert needs.load(store, None, need["id"])["version"] == 1
    assert mails(store) == [("need_published", owner.email)]


def test_a_need_is_published_once(store):
    need = factories.create_need(store, published=True)
    with pytest.raises(Conflict, match="need_already_decided"):
        need_review.publish(store, factories.create_person(store, "broker"), need["id"], LATER, revision=1)


def test_a_broker_publishes_only_the_text_that_was_read(store):
    need = factories.create_need(store, submitted=True)
    needs.save(store, owner_of(store, need), need["id"], {"effect": "Ny"}, 1, LATER)
    with pytest.raises(Stale):
        need_review.publish(store, factories.create_person(store, "broker"), need["id"], LATER, revision=1)


def test_a_draft_is_not_published_by_review(store):
    need = factories.create_need(store)
    with pytest.raises(Conflict):
        need_review.publish(store, factories.create_person(store, "broker"), need["id"], LATER, revision=1)


def test_a_need_goes_back_with_a_reason_and_can_be_sent_again(store):
    need = factories.create_need(store, submitted=True)
    owner, broker = owner_of(store, need), factories.create_person(store, "broker")
    need_review.send_back(store, broker, need["id"], "measure", "Hur märks det?", LATER)
    returned = needs.load(store, owner, need["id"])
    assert (returned["status"], returned["return_comment"]) == ("returned", "Hur märks det?")
    need_review.submit(store, owner, need["id"], LATER)
    assert needs.load(store, owner, need["id"])["status"] == "submitted"


@pytest.mark.parametrize(("reason", "comment"), [("measure", " "), ("because", "Text"), ("measure", "a" * 9_000)])
def test_a_need_never_goes_back_without_words(store, reason, comment):
    need = factories.create_need(store, submitted=True)
    with pytest.raises(Invalid):
        need_review.send_back(store, factories.create_person(store, "broker"), need["id"], reason, comment, LATER)


def test_a_published_need_does_not_go_back(store):
    need = factories.create_need(store, published=True)
    with pytest.raises(Conflict):
        need_review.send_back(store, factories.create_person(store, "broker"), need["id"], "measure", "Text", LATER)


def test_closing_answers_every_open_interest_and_proposal(store):
    need = factories.create_need(store, published=True)
    person, interest = answered(store, need)
    startup = store.query("select startup_id from interest")[0]["startup_id"]
    proposal = {"id": "pa", "need_id": need["id"], "startup_id": startup, "need_version": 1, "seen": "{}"}
    store.insert("pairing", {**proposal, "proposed_at": NOW, "answer_by": "2026-12-01"})
    needs.close(store, owner_of(store, need), need["id"], "procured", "Annonseras i mars.", LATER)
    kept = store.query("select answer, reason, note from interest where id = :id", {"id": interest})[0]
    assert kept == {"answer": "declined", "reason": "need_closed", "note": "Annonseras i mars."}
    declined = store.query("select declined_side, reason from pairing")[0]
    assert declined == {"declined_side": "owner", "reason": "need_closed"}
    assert mails(store) == [("need_closed", person.email)]


def test_a_need_is_closed_once_and_with_a_reason(store):
    need = factories.create_need(store, published=True)
    owner = owner_of(store, need)
    with pytest.raises(Invalid):
        needs.close(store, owner, need["id"], "", "", LATER)
    needs.close(store, owner, need["id"], "met", "", LATER)
    with pytest.raises(Conflict, match="need_closed"):
        needs.close(store, owner, need["id"], "met", "", LATER)


def test_a_visitor_reads_the_public_fields_and_nothing_else(store):
    need = factories.create_need(store, published=True)
    seen = needs.load(store, None, need["id"])
    assert set(seen) == set(need_content.PUBLIC_FIELDS)
    assert "Kim Kontakt" not in str(seen)


def test_a_stranger_who_is_logged_in_does_not_read_the_talk_with_the_broker(store):
    need = factories.create_need(store, published=True, return_comment="Mellan oss")
    seen = needs.load(store, factories.create_person(store, "startup"), need["id"])
    assert not {"return_comment", "contact", "runner"} & set(seen)


def test_who_is_in_a_case_reads_whom_the_need_belongs_to(store):
    case = Case(store)
    testbed = factories.create_testbed(store, published=True)
    host = factories.create_person(store, "host", testbed["organisation_id"])
    other_host = factories.create_person(store, "host")

    def reads(person):
        return "contact" in needs.load(store, person, case.need["id"])

    assert (reads(case.owner), reads(case.broker), reads(case.founder)) == (True, True, False)
    declined = case.propose(testbed_id=testbed["id"])
    assert (reads(case.founder), reads(host)) == (True, False)
    pairings.decline(store, case.owner, declined, "owner", "budget", "", NOW)
    assert not reads(case.founder)
    case.confirm(case.accepted(), testbed)
    assert (reads(case.founder), reads(host), reads(other_host)) == (True, True, False)
    assert "return_comment" not in needs.load(store, case.founder, case.need["id"])


def test_a_draft_is_seen_by_its_own_side_and_the_broker_only(store):
    need = factories.create_need(store)
    assert needs.load(store, owner_of(store, need), need["id"])
    assert needs.load(store, factories.create_person(store, "broker"), need["id"])
    for stranger in (None, factories.create_person(store, "owner"), factories.create_person(store, "host")):
        with pytest.raises(NotFound):
            needs.load(store, stranger, need["id"])


def test_a_closed_need_is_still_seen_by_those_who_answered(store):
    need = factories.create_need(store, published=True, closed_at=NOW, close_reason="met")
    person, _ = answered(store, need)
    assert needs.load(store, person, need["id"])["status"] == "closed"
    with pytest.raises(NotFound):
        needs.load(store, factories.create_person(store, "startup"), need["id"])


def test_a_need_holds_through_its_last_day(store):
    need = factories.create_need(store, valid_until="2026-11-20")
    assert not need_content.expired(need, NOW)
    assert need_content.expired(need, LATER)


def test_who_wrote_a_need_and_has_left_its_organisation_is_told_no_more(store: Store) -> None:
    town = create_organisation(store, "public")
    gone, there = create_person(store, "owner", town), create_person(store, "owner", town)
    need = create_need(store, town, person_id=gone.person_id, published=True)
    assert [row["email"] for row in needs.owners(store, need)] == [gone.email]
    [held] = people.roles(store, gone.person_id)
    people.revoke(store, held["id"], there.person_id, NOW)
    assert [row["email"] for row in needs.owners(store, need)] == [there.email]
    broker = create_person(store, "broker")
    by_broker = create_need(store, town, person_id=broker.person_id, published=True)
    assert [row["email"] for row in needs.owners(store, by_broker)] == [broker.email]


def test_half_a_character_in_a_note_is_kept_as_a_mark(store: Store) -> None:
    need = create_need(store, published=True)
    needs.close(store, owner_of(store, need), need["id"], "paused", "Vi väntar \ud83d", LATER)
    kept = store.query("select close_note from need where id = :id", {"id": need["id"]})
    assert kept == [{"close_note": "Vi väntar \ufffd"}]
