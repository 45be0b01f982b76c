"""A pilot's pages, from the red list to the decision, as the people whose steps they are."""

from __future__ import annotations

import json
import re

import pytest

from matcher.hub import agreements, clock, feedback, incidents, pairings, pilot_ends, pilots
from tests.hub.pilots import DECISION, INDICATOR, Pilot

CHECKS = {"personal_data": "no", "patients": "no", "research": "no", "security": "yes"}


@pytest.fixture
def pilot(store) -> Pilot:
    """A case whose place is booked from yesterday, with an agreement in force."""
    return Pilot(store, now=clock.now(), ahead=-1)


def address(pilot: Pilot, *more: str) -> str:
    return "/".join((f"/pairings/{pilot.id}/pilot", *more))


def test_from_the_red_list_to_a_decision(pilot, open_as, text):
    owner, founder, staff = (
        open_as(pilot.owner),
        open_as(pilot.founder),
        open_as(pilot.founder).application.test_client(),
    )
    page = text(owner.get(address(pilot)))
    assert "name the person and the role that will run it" in page
    assert "Start the pilot" not in page
    assert owner.post(address(pilot, "facts"), data={**pilot.facts(), "revision": "0"}).status_code == 303
    revision = pilot.row["revision"]
    assert owner.post(address(pilot, "checks"), data={**CHECKS, "revision": revision}).status_code == 303
    assert owner.post(address(pilot, "indicator"), data=INDICATOR).status_code == 303
    assert "All is settled." in text(owner.get(address(pilot)))
    assert owner.post(address(pilot, "start")).status_code == 303

    indicator = pilot.store.query("select id from indicator")[0]["id"]
    given = {"indicator": indicator, "on_day": clock.day(clock.now()), "value": "4,25"}
    assert founder.post(address(pilot, "reading"), data=given).status_code == 303
    page = text(founder.get(address(pilot)))
    assert "Latest: 4.25 fall" in page
    assert '<svg class="chart"' in page

    answer = founder.post(address(pilot, "feedback"), data={"question": "Hörs larmet?", "days": "7"})
    assert answer.status_code == 303
    page = text(founder.get(answer.location))
    link = re.search(r"http://localhost(/feedback/[\w-]+)", page)[1]
    assert link not in text(founder.get(answer.location)), "the link is shown once"
    assert "Hörs larmet?" in text(staff.get(link))
    assert staff.post(link, data={"grade": "4", "text": "Det hörs inte i köket."}).status_code == 303
    assert "Thank you" in text(staff.get(f"{link}/thanks", headers={"Accept-Language": "en"}))
    page = text(open_as(pilot.host).get(answer.location))
    assert "Det hörs inte i köket." in page
    assert founder.post(f"{answer.location}/changed", data={"changed": "En högtalare i köket."}).status_code == 303
    assert "En högtalare i köket." in text(owner.get(answer.location))

    assert owner.post(address(pilot, "decision"), data=DECISION).status_code == 422
    said = {**DECISION, "decision": "stop", "early_reason": "Vi vet nog."}
    assert owner.post(address(pilot, "decision"), data=said).status_code == 303
    page = text(owner.get(address(pilot)))
    assert "Stopped, learned" in page
    assert DECISION["lesson"] in page
    assert "The pilot was decided" in text(owner.get(f"/pairings/{pilot.id}"))


def test_a_pilot_that_an_incident_stopped_does_not_look_as_if_it_ran(pilot, open_as, text):
    pilot.start()
    owner = open_as(pilot.owner)
    told = {"happened_on": pilot.first, "what": "Rök i köket.", "severity": "stops"}
    assert owner.post(address(pilot, "incident"), data=told).status_code == 303
    page = text(owner.get(address(pilot)))
    assert "Stopped for now" in page
    assert "Nothing is tried until it is said what was done" in page
    assert "The pilot runs until" not in page
    assert "Stopped since" in text(owner.get(f"/pairings/{pilot.id}"))
    assert "The pilot is stopped. The owner of the need or a broker says what was done" in text(
        owner.get(f"/needs/{pilot.need['id']}")
    )


def test_the_page_of_the_need_says_of_a_pilot_what_the_case_says(pilot, open_as, text):
    owner, page = open_as(pilot.owner), f"/needs/{pilot.need['id']}"
    assert "The facts of the pilot are written" in text(owner.get(page))
    pilot.start()
    assert "The test is going on" in text(owner.get(page))
    pilot.decide(pilot.now, early_reason="Vi vet nog.")
    after = text(owner.get(page))
    assert "The decision is taken" in after
    assert "The test is going on" not in after


def test_a_start_that_is_refused_lists_what_is_missing(pilot, open_as, text):
    pilot.save(pilot.now, **pilot.facts(route=""))
    answer = open_as(pilot.owner).post(address(pilot, "start"))
    assert answer.status_code == 409
    assert "write how it can be bought or taken into use" in text(answer)


def test_a_form_that_is_wrong_keeps_what_was_typed(pilot, open_as, text):
    owner = open_as(pilot.owner)
    wrong = {**INDICATOR, "unit": "", "target": "tre", "name": "Fall på natten"}
    answer = owner.post(address(pilot, "indicator"), data=wrong)
    assert answer.status_code == 422
    page = text(answer)
    assert "Fall på natten" in page
    assert "“tre” is not a number." in page
    assert "Unit: " in page
    answer = owner.post(
        address(pilot, "facts"), data={"ends_on": "2020-01-01", "question": "Min fråga", "revision": "0"}
    )
    assert answer.status_code == 422
    assert "Min fråga" in text(answer)


def test_only_what_a_pilot_may_start_without_is_called_optional(pilot, open_as, text):
    page = text(open_as(pilot.owner).get(address(pilot, "facts")))
    assert "Everything must be there before the pilot can start." in page
    labels = re.findall(r'<label class="ds-label" for="(\w+)">(.*?)</label>', page)
    assert [name for name, label in labels if "(optional)" in label] == ["route_code"]


def test_two_who_write_the_facts_see_both_texts(pilot, open_as, text):
    pilot.save(pilot.now, question="Den första frågan")
    answer = open_as(pilot.broker).post(address(pilot, "facts"), data={"question": "Den andra frågan", "revision": "0"})
    assert answer.status_code == 409
    page = text(answer)
    assert "Den första frågan" in page
    assert "Den andra frågan" in page


def test_a_reading_is_corrected_and_the_old_one_stays(pilot, open_as, text):
    indicator = pilot.start()
    reading = pilot.read(indicator, "41", pilot.first, pilot.now)
    founder = open_as(pilot.founder)
    page = text(founder.get(address(pilot, f"reading?reading={reading}")))
    assert 'value="41"' in page
    given = {"reading": reading, "on_day": pilot.first, "value": "4,1", "reason": "Kommat föll bort."}
    assert founder.post(address(pilot, "reading"), data={**given, "reason": ""}).status_code == 422
    assert founder.post(address(pilot, "reading"), data=given).status_code == 303
    page = text(founder.get(address(pilot)))
    assert "<s>41</s>" in page
    assert "Kommat föll bort." in page
    assert "Latest: 4.1 fall" in page


def test_an_incident_that_stops_is_red_until_it_is_handled(pilot, open_as, text):
    pilot.start()
    host, owner = open_as(pilot.host), open_as(pilot.owner)
    told = {"happened_on": pilot.first, "what": "Sensorn blev het.", "severity": "stops"}
    assert host.post(address(pilot, "incident"), data=told).status_code == 303
    assert "The pilot is stopped" in text(owner.get(address(pilot)))
    assert owner.post(address(pilot, "feedback"), data={"question": "?", "days": "7"}).status_code == 409
    which = pilot.store.query("select id from incident")[0]["id"]
    assert owner.post(address(pilot, "incident", "handled"), data={"incident": which, "done": ""}).status_code == 422
    done = {"incident": which, "done": "Alla sensorer är bytta."}
    assert owner.post(address(pilot, "incident", "handled"), data=done).status_code == 303
    page = text(owner.get(address(pilot)))
    assert "The pilot is stopped" not in page
    assert "Alla sensorer är bytta." in page


def test_more_time_is_given_with_a_reason(pilot, open_as, text):
    pilot.start()
    owner = open_as(pilot.owner)
    answer = owner.post(address(pilot, "extend"), data={"ends_on": pilot.last, "reason": ""})
    assert answer.status_code == 422
    assert pilot.last in text(answer)
    assert owner.post(address(pilot, "extend"), data={"ends_on": pilot.last, "reason": "Semester"}).status_code == 303
    assert pilot.row["ends_on"] == pilot.last


def test_a_second_decision_learns_who_decided(pilot, open_as, text):
    pilot.start()
    pilot.decide(pilot.now, early_reason="Klart.")
    answer = open_as(pilot.broker).post(
        address(pilot, "decision"), data={**DECISION, "lesson": "Min egen text om detta."}
    )
    assert answer.status_code == 409
    page = text(answer)
    assert f"{pilot.owner.name} decided this pilot" in page
    assert "Min egen text om detta." in page


def test_an_undecided_pilot_is_red_on_the_desk_and_its_own_page(pilot, open_as, text):
    pilot.start()
    past = clock.day(clock.later(pilot.now, days=-31))
    pilot.store.execute("update pilot set starts_on = :first, ends_on = :last", {"first": "2020-01-01", "last": past})
    broker = open_as(pilot.broker)
    assert "Pilots to be decided" in text(broker.get("/desk/"))
    assert "Late" in text(broker.get(address(pilot)))


# --- the link without an account ---


def token(pilot: Pilot, days: str = "7") -> str:
    pilot.start()
    return pilot.round(pilot.now, days=days)[1]


@pytest.mark.parametrize("how", ["closed", "past", "decided", "ended"])
def test_a_link_that_takes_no_more_says_so_and_whom_to_ask(pilot, client, text, how):
    secret = token(pilot)
    which = pilot.store.query("select id from feedback_round")[0]["id"]
    if how == "closed":
        feedback.close(pilot.store, pilot.owner, pilot.id, which, pilot.now)
    elif how == "past":
        pilot.store.execute("update feedback_round set closes_on = '2020-01-01'")
    elif how == "decided":
        pilot.decide(pilot.now, early_reason="Klart.")
    else:
        pairings.end(pilot.store, pilot.broker, pilot.id, "safety", "", pilot.now)
    english = {"Accept-Language": "en"}
    page = text(client.get(f"/feedback/{secret}", headers=english))
    assert "This round takes no more answers" in page
    assert pilot.broker.email in page
    answer = client.post(f"/feedback/{secret}", data={"grade": "5", "text": "Mina ord."}, headers=english)
    assert answer.status_code == 409
    assert "Mina ord." in text(answer)
    assert pilot.store.query("select id from feedback_answer") == []


def test_a_link_that_never_was_or_was_replaced_is_not_found_with_a_word(pilot, client, text):
    secret = token(pilot)
    which = pilot.store.query("select id from feedback_round")[0]["id"]
    feedback.renew_link(pilot.store, pilot.owner, pilot.id, which, pilot.now)
    for path in (secret, "nothing"):
        answer = client.get(f"/feedback/{path}", headers={"Accept-Language": "en"})
        assert answer.status_code == 404
        assert "Ask whoever gave it to you" in text(answer)


def test_nothing_is_kept_of_who_answered(pilot, client):
    secret = token(pilot)
    for grade in ("1", "5"):
        assert client.post(f"/feedback/{secret}", data={"grade": grade, "text": ""}).status_code == 303
    rows = pilot.store.query("select * from feedback_answer")
    assert {tuple(sorted(row)) for row in rows} == {("grade", "id", "on_day", "round_id", "text")}
    assert {row["on_day"] for row in rows} == {clock.day(clock.now())}


@pytest.mark.parametrize("grade", ["", "0", "6", "fem", "5.0"])
def test_a_grade_is_one_of_five_and_the_words_stay(pilot, client, text, grade):
    secret = token(pilot)
    answer = client.post(f"/feedback/{secret}", data={"grade": grade, "text": "Mina ord."})
    assert answer.status_code == 422
    assert "Mina ord." in text(answer)


def test_a_flood_is_stopped(pilot, client, monkeypatch):
    monkeypatch.setattr("matcher.web.feedback.ANSWERS_FROM_ONE", 3)
    secret = token(pilot)
    codes = [client.post(f"/feedback/{secret}", data={"grade": "3"}).status_code for _ in range(5)]
    assert codes == [303, 303, 303, 429, 429]


def test_the_answers_of_a_round_come_in_pages(pilot, open_as, text, monkeypatch):
    monkeypatch.setattr(feedback, "PAGE", 2)
    secret = token(pilot)
    for number in range(3):
        feedback.answer(pilot.store, secret, "3", f"Svar {number}", pilot.now)
    which = pilot.store.query("select id from feedback_round")[0]["id"]
    page = text(open_as(pilot.owner).get(address(pilot, "feedback", which)))
    assert "Next" in page
    assert sum(f"Svar {number}" in page for number in range(3)) == 2


def test_before_a_start_there_are_no_pages_of_a_running_pilot(pilot, open_as):
    owner = open_as(pilot.owner)
    for page in ("reading", "incident", "decision", "feedback"):
        assert owner.get(address(pilot, page)).status_code == 404


def test_mails_of_a_pilot_can_be_written_in_both_languages(app, pilot):
    from matcher.web import letters

    pilot.start()
    pilot.round(pilot.now)
    which = pilot.store.query("select id from feedback_round")[0]["id"]
    feedback.say_changed(pilot.store, pilot.founder, pilot.id, which, "En högtalare.", pilot.now)
    told = {"happened_on": pilot.first, "what": "Het.", "severity": "stops", "done": ""}
    incident = incidents.report(pilot.store, pilot.host, pilot.id, told, pilot.now)
    incidents.handle(pilot.store, pilot.owner, pilot.id, incident, "Bytt.", pilot.now)
    pilot_ends.extend(pilot.store, pilot.owner, pilot.id, pilot.last, "Semester.", pilot.now)
    assert pilot_ends.remind(pilot.store, f"{pilot.last}T08:00:00.000000Z") == 2
    assert pilot_ends.remind(pilot.store, clock.later(f"{pilot.last}T08:00:00.000000Z", days=31)) == 2
    pilot.decide(pilot.now, early_reason="Klart.")
    rows = pilot.store.query(
        "select distinct template, params from outbox where template like '%pilot%' "
        "or template like '%feedback%' or template like '%incident%'"
    )
    assert {row["template"] for row in rows} == {
        "pairing_pilot_started", "pairing_pilot_extended", "pairing_pilot_decided", "pairing_incident",
        "pairing_incident_handled", "pairing_feedback_opened", "pairing_feedback_changed", "pilot_due", "pilot_overdue",
    }  # fmt: skip
    with app.app_context():
        for row in rows:
            for locale in ("sv", "en"):
                subject, body = letters.write({**row, "params": json.loads(row["params"]), "locale": locale})
                assert subject
                assert (
                    pilot.need["title"] in subject + body
                    or "feedback" in row["template"]
                    or "handled" in row["template"]
                )
                assert f"/pairings/{pilot.id}/pilot" in body
                assert "{" not in body
    assert pilots.of_case(pilot.store, pilot.id)["decision"] == "adopt"


def test_a_place_that_may_not_be_used_any_more_is_told_on_the_page(pilot, open_as, text):
    pilot.start()
    agreements.end(pilot.store, pilot.broker, pilot.id, 1, "Slut.", pilot.now)
    assert "The place may not be used now" in text(open_as(pilot.owner).get(address(pilot)))


def test_the_owner_finds_what_awaits_a_decision_on_the_own_page(pilot, open_as, text):
    pilot.start()
    decide = "Decide what becomes of the pilot"
    assert decide not in text(open_as(pilot.owner).get("/mine"))
    past = clock.day(clock.later(pilot.now, days=-31))
    pilot.store.execute("update pilot set starts_on = '2020-01-01', ends_on = :last", {"last": past})
    page = text(open_as(pilot.owner).get("/mine"))
    waits = page[page.index("Waits for you") : page.index("My cases")]
    assert decide in waits
    assert address(pilot) in waits
    assert "Waits for you" not in text(open_as(pilot.founder).get("/mine"))


def test_the_way_to_buy_is_one_that_the_hub_knows(pilot, open_as, text):
    owner = open_as(pilot.owner)
    owner.post(address(pilot, "facts"), data={"route_code": "paid_test", "revision": "0"})
    assert pilot.row["route_code"] == "paid_test"
    assert "Paid test" in text(owner.get(address(pilot)))
    owner.post(address(pilot, "facts"), data={"route_code": "forged", "revision": pilot.row["revision"]})
    assert pilot.row["route_code"] == ""


def test_the_check_says_where_its_questions_come_from(pilot, open_as, text):
    page = text(open_as(pilot.owner).get(address(pilot, "checks")))
    assert "eur-lex.europa.eu/eli/reg/2016/679/oj" in page
    assert "not legal advice" in page


def test_a_pilots_page_asks_the_store_as_often_for_many_readings_as_for_few(pilot, open_as, monkeypatch):
    made: list[str] = []
    real = type(pilot.store).query
    monkeypatch.setattr(type(pilot.store), "query", lambda self, said, *a: made.append(said) or real(self, said, *a))
    first = pilot.prepare()
    second = pilot.indicator(pilot.now, name="Tid", unit="minuter")
    pilots.start(pilot.store, pilot.owner, pilot.id, pilot.now)
    owner, asked = open_as(pilot.owner), []
    for number in range(1, 9):
        pilot.read(first, str(number), pilot.first, pilot.now)
        pilot.read(second, str(number), pilot.first, pilot.now)
        _, secret = pilot.round(pilot.now)
        feedback.answer(pilot.store, secret, "3", "Ord.", pilot.now)
        told = {"happened_on": pilot.first, "what": "Het.", "severity": "low"}
        incidents.report(pilot.store, pilot.host, pilot.id, told, pilot.now)
        made.clear()
        assert owner.get(address(pilot)).status_code == 200
        asked.append(len(made))
    assert len(set(asked)) == 1
    assert asked[0] <= 18
