"""Spread: who uses a solution, copying a pilot, asking those who have done it, letters and the drawer."""

from __future__ import annotations

import json

import pytest

from matcher.hub import (
    adopters,
    askings,
    copies,
    drawer,
    needs,
    outcomes,
    pairings,
    pilot_lessons,
    radar,
    releases,
    startups,
)
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from tests import factories
from tests.factories import NOW

from .cases import Case, mails, recorded
from .pilots import OVER, Pilot


@pytest.fixture
def pilot(store):
    """A pilot that was adopted."""
    made = Pilot(store)
    made.start()
    made.decide()
    return made


def release(pilot, now: str = OVER) -> None:
    texts = {"title": "Larm", "owner_text": "Det gick bra.", "language": "sv"}
    releases.save(pilot.store, pilot.owner, pilot.id, "owner", texts, 0, now)
    releases.save(pilot.store, pilot.founder, pilot.id, "startup", {"startup_text": "Ja."}, 1, now)
    for side, who in (("owner", pilot.owner), ("startup", pilot.founder)):
        releases.agree(pilot.store, who, pilot.id, side, 2, now)


def home(store, role: str = "owner"):
    person = factories.create_person(store, role)
    return person, person.organisations(role)[0]


# --- who uses it ---


def test_a_decision_to_adopt_makes_an_adopter_and_a_no_later_unmakes_it(store, pilot):
    assert [row["in_use"] for row in adopters.of_startup(store, pilot.broker, pilot.startup["id"])] == ["yes"]
    later_on = later(OVER, days=200)
    outcomes.answer(store, pilot.owner, pilot.id, "owner", 6, {"in_use": "no", "why_not": "För dyrt."}, "", later_on)
    assert adopters.of_startup(store, pilot.broker, pilot.startup["id"]) == []
    assert adopters.solutions(store) == []


@pytest.mark.parametrize("decision", ["retest", "stop"])
def test_what_was_not_adopted_is_not_in_use(store, decision):
    made = Pilot(store)
    made.start()
    made.decide(decision=decision)
    assert adopters.of_startup(store, made.broker, made.startup["id"]) == []


def test_others_know_only_of_what_both_sides_have_released(store, pilot):
    stranger, _ = home(store)
    startup_id = pilot.startup["id"]
    for who, seen in ((stranger, 0), (None, 0), (pilot.owner, 1), (pilot.founder, 1), (pilot.host, 1)):
        assert len(adopters.of_startup(store, who, startup_id)) == seen
    release(pilot)
    assert len(adopters.of_startup(store, None, startup_id)) == 1
    releases.take_back(store, pilot.owner, pilot.id, "owner", OVER)
    assert adopters.of_startup(store, None, startup_id) == []


def test_the_answer_of_the_highest_month_counts_and_its_places_use_it_too(store, pilot):
    place = factories.create_organisation(store, name="Nyby kommun")
    given = {"in_use": "partly", "why_not": "En avdelning.", "spread": "Nyby kommun\nNågon annan"}
    outcomes.answer(store, pilot.owner, pilot.id, "owner", 6, given, "", later(OVER, days=200))
    assert adopters.of_startup(store, pilot.broker, pilot.startup["id"])[0]["in_use"] == "partly"
    assert adopters.organisations(store, pilot.startup["id"]) == {place["id"], pilot.need["organisation_id"]}


# --- copying ---


def test_a_copy_is_a_draft_of_the_own_organisation_that_names_its_origin(store, pilot):
    release(pilot)
    person, city = home(store)
    need_id = copies.copy(store, person, pilot.id, city, OVER)
    need = needs.load(store, person, need_id)
    assert (need["status"], need["organisation_id"], need["title"]) == ("draft", city, pilot.need["title"])
    assert (need["contact"], need["runner"], need["budget"], need["wanted_by"]) == ("", "", "unknown", None)
    origin = copies.of_need(store, person, need_id)
    assert (origin["pairing_id"], origin["released"], origin["in_case"]) == (pilot.id, 1, 0)
    assert origin["brought"]["lesson"] == pilot.row["lesson"]
    assert [row["need_id"] for row in copies.of_case(store, pilot.owner, pilot.id)] == [need_id]
    assert [mail["recipient"] for mail in mails(store, "pairing_copied")] == sorted(
        [pilot.owner.email, pilot.broker.email]
    )
    assert "spread.copy" in recorded(store, pilot.id)


def test_a_copy_holds_no_person_no_amount_and_no_day(store, pilot):
    need_id = copies.copy(store, pilot.broker, pilot.id, pilot.need["organisation_id"], OVER)
    kept = store.query("select brought from copied_need where need_id = :id", {"id": need_id})[0]["brought"]
    for text in ("Rut Ström", "Sara Ek", "Enhetschefen", pilot.first, pilot.last, '"amount"', '"starts_on"'):
        assert text not in kept
    assert json.loads(kept)["indicators"][0]["target"] == 3


@pytest.mark.parametrize("who", ["stranger", "founder", "host"])
def test_a_pilot_that_is_not_released_is_copied_by_its_own_organisation_and_brokers_only(store, pilot, who):
    person = home(store)[0] if who == "stranger" else getattr(pilot, who)
    with pytest.raises(NotFound):
        copies.source(store, person, pilot.id)
    assert copies.source(store, pilot.owner, pilot.id)["id"] == pilot.id
    assert copies.source(store, pilot.broker, pilot.id)["id"] == pilot.id


def test_who_owns_no_needs_copies_nothing_even_when_it_is_released(store, pilot):
    release(pilot)
    with pytest.raises(Denied):
        copies.copy(store, pilot.founder, pilot.id, pilot.founder.organisations("startup")[0], OVER)


def test_nobody_makes_a_draft_for_somebody_elses_organisation(store, pilot):
    release(pilot)
    person, _ = home(store)
    for target in (pilot.need["organisation_id"], "nobody", pilot.startup["organisation_id"]):
        with pytest.raises(Invalid):
            copies.copy(store, person, pilot.id, target, OVER)
    with pytest.raises(Invalid):
        copies.copy(store, pilot.broker, pilot.id, pilot.startup["organisation_id"], OVER)


def test_a_second_copy_waits_until_the_first_is_closed(store, pilot):
    release(pilot)
    person, city = home(store)
    first = copies.copy(store, person, pilot.id, city, OVER)
    with pytest.raises(Conflict, match="copied_before"):
        copies.copy(store, person, pilot.id, city, OVER)
    needs.close(store, person, first, "no_longer_needed", "", OVER)
    assert copies.copy(store, person, pilot.id, city, OVER) != first


def test_an_undecided_pilot_cannot_be_copied(store):
    made = Pilot(store)
    made.start()
    with pytest.raises(NotFound):
        copies.source(store, made.broker, made.id)


def test_a_yes_that_is_taken_back_ends_the_copying_but_not_the_copies(store, pilot):
    release(pilot)
    person, city = home(store)
    need_id = copies.copy(store, person, pilot.id, city, OVER)
    releases.take_back(store, pilot.founder, pilot.id, "startup", OVER)
    with pytest.raises(NotFound):
        copies.source(store, home(store)[0], pilot.id)
    origin = copies.of_need(store, person, need_id)
    assert (origin["released"], origin["brought"]["lesson"]) == (0, pilot.row["lesson"])


# --- asking ---


def test_a_question_reaches_the_owner_and_stays_with_the_case(store, pilot):
    release(pilot)
    askings.opened(store, pilot.owner, pilot.id, OVER)
    person, _ = home(store)
    askings.ask(store, person, pilot.id, "Vad tog tid?", OVER)
    sent = mails(store, "spread_question")
    assert [mail["recipient"] for mail in sent] == [pilot.owner.email]
    assert json.loads(sent[0]["params"])["asker_email"] == person.email
    assert [row["person"] for row in askings.questions(store, pilot.id)] == [person.name]
    assert [row["text"] for row in askings.asked_by(store, person, pilot.id)] == ["Vad tog tid?"]
    assert "spread.ask" in recorded(store, pilot.id)


def test_nobody_asks_unless_the_owner_has_said_so_and_the_case_is_released(store, pilot):
    person, _ = home(store)
    with pytest.raises(NotFound):
        askings.load(store, person, pilot.id)
    askings.opened(store, pilot.owner, pilot.id, OVER)
    with pytest.raises(NotFound):
        askings.load(store, person, pilot.id)
    assert askings.load(store, pilot.broker, pilot.id)["id"] == pilot.id
    release(pilot)
    assert askings.load(store, person, pilot.id)["id"] == pilot.id
    with pytest.raises(NotFound):
        askings.load(store, pilot.owner, pilot.id)
    askings.closed(store, pilot.owner, pilot.id, OVER)
    with pytest.raises(NotFound):
        askings.load(store, person, pilot.id)


def test_only_the_owners_side_opens_a_case_and_only_once(store, pilot):
    for who in (pilot.founder, pilot.host, pilot.broker):
        with pytest.raises(Denied):
            askings.opened(store, who, pilot.id, OVER)
    askings.opened(store, pilot.owner, pilot.id, OVER)
    with pytest.raises(Conflict, match="asking_open"):
        askings.opened(store, pilot.owner, pilot.id, OVER)
    askings.closed(store, pilot.owner, pilot.id, OVER)
    with pytest.raises(Conflict, match="asking_closed"):
        askings.closed(store, pilot.owner, pilot.id, OVER)
    askings.opened(store, pilot.owner, pilot.id, later(OVER, days=1))


def test_a_case_without_a_place_is_not_opened_for_questions(store):
    case = Case(store)
    with pytest.raises(Conflict, match="asking_early"):
        askings.opened(store, case.owner, case.propose(), NOW)


def test_a_person_asks_five_times_a_day_and_no_more(store, pilot):
    release(pilot)
    askings.opened(store, pilot.owner, pilot.id, OVER)
    person, _ = home(store)
    for number in range(askings.A_DAY):
        askings.ask(store, person, pilot.id, f"Fråga {number}", OVER)
    with pytest.raises(Conflict, match="asking_often"):
        askings.ask(store, person, pilot.id, "En till", OVER)
    askings.ask(store, person, pilot.id, "I morgon", later(OVER, days=1, minutes=1))


@pytest.mark.parametrize("text", ["", "   ", "å" * (askings.LIMIT + 1)])
def test_an_empty_or_long_question_is_not_sent(store, pilot, text):
    release(pilot)
    askings.opened(store, pilot.owner, pilot.id, OVER)
    with pytest.raises(Invalid):
        askings.ask(store, home(store)[0], pilot.id, text, OVER)


# --- lessons ---


def test_lessons_are_read_by_brokers_by_ones_own_and_when_released_by_all(store, pilot):
    stranger, _ = home(store)
    people = {"broker": pilot.broker, "owner": pilot.owner, "stranger": stranger, "founder": pilot.founder}
    read = {name: len(pilot_lessons.known(store, who)) for name, who in people.items()}
    assert read == {"broker": 1, "owner": 1, "stranger": 0, "founder": 0}
    release(pilot)
    assert pilot_lessons.known(store, stranger)[0]["lesson"] == pilot.row["lesson"]
    assert pilot_lessons.known(store, stranger, pilot.need["id"]) == []


# --- letters ---

LETTER = {"subject": "Larm", "text": "Hej, det här används."}


def test_a_letter_goes_to_the_owners_of_needs_of_an_organisation(store, pilot):
    person, city = home(store)
    need = factories.create_need(store, city, published=True)
    assert radar.send(store, pilot.broker, pilot.startup["id"], city, LETTER, OVER, need_id=need["id"]) == 1
    assert [mail["recipient"] for mail in mails(store, "spread_letter")] == [person.email]
    kept = radar.sent(store, pilot.startup["id"])[0]
    assert (kept["guess"], kept["subject"], kept["person"]) == ("yes", "Larm", pilot.broker.name)
    assert "spread.letter" in recorded(store, pilot.startup["id"])


def test_nobody_is_written_to_twice_in_ninety_days_without_the_brokers_knowing(store, pilot):
    _, city = home(store)
    other = Pilot(store, now=later(NOW, days=300))
    other.start()
    other.decide(now=later(NOW, days=360))
    startup_id, moment = pilot.startup["id"], later(NOW, days=400)
    radar.send(store, pilot.broker, startup_id, city, LETTER, moment)
    for subject in (startup_id, other.startup["id"]):
        with pytest.raises(Conflict, match="letter_recent"):
            radar.send(store, other.broker, subject, city, LETTER, later(moment, days=89))
    assert len(mails(store, "spread_letter")) == 1
    radar.send(store, pilot.broker, startup_id, city, LETTER, later(moment, days=89), again=True)
    radar.send(store, pilot.broker, startup_id, city, LETTER, later(moment, days=181))


def test_a_letter_needs_words_a_reader_and_a_solution_in_use(store, pilot):
    _, city = home(store)
    startup_id, empty = pilot.startup["id"], factories.create_organisation(store)["id"]
    for given in ({"subject": "", "text": "a"}, {"subject": "a", "text": ""}, {"subject": "a", "text": "å" * 5_000}):
        with pytest.raises(Invalid):
            radar.send(store, pilot.broker, startup_id, city, given, OVER)
    with pytest.raises(Conflict, match="letter_nobody"):
        radar.send(store, pilot.broker, startup_id, empty, LETTER, OVER)
    with pytest.raises(Conflict, match="letter_uses"):
        radar.send(store, pilot.broker, startup_id, pilot.need["organisation_id"], LETTER, OVER)
    with pytest.raises(Denied):
        radar.send(store, pilot.owner, startup_id, city, LETTER, OVER)
    unused = factories.create_startup(store, published=True)["id"]
    with pytest.raises(NotFound):
        radar.send(store, pilot.broker, unused, city, LETTER, OVER)
    assert mails(store, "spread_letter") == []


def test_a_letter_about_somebody_elses_need_forgets_the_need(store, pilot):
    _, city = home(store)
    radar.send(store, pilot.broker, pilot.startup["id"], city, LETTER, OVER, need_id=pilot.need["id"])
    assert store.query("select need_id from spread_letter") == [{"need_id": None}]


def test_the_radar_looks_at_open_needs_and_those_closed_within_three_years(store):
    _, city = home(store)
    now, kept = NOW, []
    for days, reason, stays in ((10, "paused", True), (10, "met", False), (10, "procured", False),
                                (365 * 3 + 5, "paused", False)):  # fmt: skip
        row = factories.create_need(
            store, city, published=True, closed_at=later(now, days=-days), close_reason=reason, valid_until=None
        )
        kept += [row["id"]] if stays else []
    kept.append(factories.create_need(store, city, published=True)["id"])
    factories.create_need(store, city)
    assert {row["id"]: row["open"] for row in radar.needs(store, now)} == {kept[0]: 0, kept[1]: 1}


def test_what_an_organisation_has_said_itself_is_no_guess(store, pilot):
    release(pilot)
    person, city = home(store)
    copied = copies.copy(store, person, pilot.id, city, OVER)
    assert radar.said(store, pilot.startup["id"]) == {copied: "copied", pilot.need["id"]: "met"}


# --- the drawer ---


def stopped(store, reason: str, side: str = "startup", days: int = 400, **startup):
    """Decline a case so many days ago and return everybody."""
    case = Case(store, **startup)
    pairing_id = case.propose()
    who = {"startup": case.founder, "owner": case.owner, "broker": case.broker}[side]
    pairings.decline(store, who, pairing_id, side, reason, "Skäl", NOW)
    store.execute("update pairing set declined_at = :at", {"at": later(NOW, days=-days)})
    return case, pairing_id


@pytest.mark.parametrize(
    ("reason", "side", "days", "expected"),
    [
        ("no_capacity", "startup", 1, "room"),
        ("not_now", "owner", 181, "time"),
        ("not_now", "owner", 100, ""),
        ("budget", "owner", 400, "new_year"),
        ("budget", "owner", 2, ""),
        ("no_answer", "broker", 181, "silence"),
        ("no_place", "broker", 91, "place"),
        ("no_place", "broker", 30, ""),
        ("no_fit", "owner", 900, ""),
        ("readiness", "startup", 400, ""),
    ],
)
def test_a_reason_lapses_when_time_or_facts_have_changed(store, reason, side, days, expected):
    stopped(store, reason, side, days)
    assert [row["lapsed"] for row in drawer.again(store, NOW)] == [expected]


def test_a_readiness_that_was_raised_and_a_budget_that_was_set_lapse_a_reason(store):
    case, _ = stopped(store, "readiness", readiness=3)
    startups.save(store, case.founder, case.startup["id"], {"readiness": "7"}, 1, NOW)
    assert drawer.again(store, NOW)[0]["lapsed"] == "readiness"
    other, pairing_id = stopped(store, "budget", "owner", 5)
    needs.save(store, other.owner, other.need["id"], {"budget": "over_2m"}, other.need["revision"], NOW)
    assert {row["pairing_id"]: row["lapsed"] for row in drawer.again(store, NOW)}[pairing_id] == "budget"


def test_a_full_startup_stays_in_the_drawer(store):
    pilot = Pilot(store)
    store.execute("update startup set capacity = 1 where id = :id", {"id": pilot.startup["id"]})
    need = factories.create_need(store, published=True)
    again = pairings.propose(store, pilot.broker, need["id"], pilot.startup["id"], "", {"evidence": []}, NOW)
    pairings.decline(store, pilot.founder, again, "startup", "no_capacity", "", NOW)
    inside = f"{pilot.first}T08:00:00.000000Z"
    assert [row["lapsed"] for row in drawer.again(store, inside)] == [""]
    assert [row["lapsed"] for row in drawer.again(store, later(inside, days=90))] == ["room"]


def test_a_closed_need_or_a_hidden_profile_lapses_nothing(store):
    case, _ = stopped(store, "not_now", "owner")
    store.execute("update need set closed_at = :now, close_reason = 'paused'", {"now": NOW})
    assert [row["lapsed"] for row in drawer.again(store, NOW)] == [""]
    store.execute("update startup set hidden_at = :now where id = :id", {"now": NOW, "id": case.startup["id"]})
    assert drawer.again(store, NOW) == []


def test_a_case_that_began_anew_or_was_completed_is_not_in_the_drawer(store):
    case, _ = stopped(store, "not_now", "owner")
    case.propose()
    assert drawer.again(store, NOW) == []
    done = Pilot(store)
    pairings.end(store, done.broker, done.id, "completed", "", NOW)
    assert drawer.again(store, NOW) == []


def test_a_pilot_that_was_stopped_lies_in_the_drawer_with_its_lesson(store):
    made = Pilot(store)
    made.start()
    made.decide(decision="stop")
    assert [(row["how"], row["lesson"]) for row in drawer.again(store, OVER)] == [("stopped", made.row["lesson"])]


def test_a_new_need_knows_whom_it_has_met(store):
    case, _ = stopped(store, "no_fit", "owner")
    fresh = {row["id"]: row["met"] for row in drawer.fresh(store, NOW)}
    assert fresh == {case.need["id"]: {case.startup["id"]}}
