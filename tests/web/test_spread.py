"""Spread on its pages: who uses a solution, a pilot copied into a draft, a question, lessons beside a need."""

from __future__ import annotations

import json

import pytest

from matcher.hub import adopters, askings, clock, copies, need_review, pairings, radar, releases
from matcher.ranking import indexing
from matcher.ranking.encoder import TinyEncoder
from matcher.web import letters
from tests import factories
from tests.hub.cases import Case, mails
from tests.hub.pilots import Pilot, days_on

# A ranking reads sentences in up to three queries, however many there are (see test_query_counts).
SENTENCES = "from sentence where"


@pytest.fixture
def pilot(store):
    """A decided pilot of today's hub, adopted."""
    now = clock.now()
    made = Pilot(store, now=days_on(now, -40), ahead=1)
    made.start(days_on(now, -38))
    made.decide(days_on(now, 0), early_reason="Vi vet nog.")
    return made


def release(pilot) -> None:
    now, texts = clock.now(), {"title": "Larm som hörs", "owner_text": "Det gick bra.", "language": "sv"}
    releases.save(pilot.store, pilot.owner, pilot.id, "owner", texts, 0, now)
    releases.save(pilot.store, pilot.founder, pilot.id, "startup", {"startup_text": "Vi lärde oss."}, 1, now)
    for side, who in (("owner", pilot.owner), ("startup", pilot.founder)):
        releases.agree(pilot.store, who, pilot.id, side, 2, now)


def test_a_profile_tells_who_uses_the_solution_as_far_as_one_may_know(client, login, store, text, pilot):
    stranger = factories.create_person(store, "owner")
    name = store.query("select name from organisation where id = :id", {"id": pilot.need["organisation_id"]})[0]["name"]
    page = f"/startups/{pilot.startup['id']}"
    assert name not in text(login(client, stranger).get(page))
    assert name in text(login(client, pilot.broker).get(page))
    release(pilot)
    shown = text(login(client, stranger).get(page))
    assert name in shown
    assert "Copy this pilot" in shown


def test_the_public_page_names_who_uses_it_and_offers_a_visitor_nothing(client, text, pilot):
    release(pilot)
    shown = text(client.get(f"/cases/{pilot.id}"))
    assert 'id="use-title"' in shown
    assert f"/pairings/{pilot.id}" not in shown


def test_an_owner_elsewhere_copies_a_released_pilot_into_a_draft(client, login, store, text, pilot):
    release(pilot)
    stranger = factories.create_person(store, "owner")
    home = stranger.organisations("owner")[0]
    login(client, stranger)
    assert "Larmet måste höras" in text(client.get(f"/pairings/{pilot.id}/copy"))
    answer = client.post(f"/pairings/{pilot.id}/copy", data={"organisation_id": home})
    need_id = answer.location.split("/")[2]
    shown = text(client.get(f"/needs/{need_id}"))
    assert "Copied from a pilot" in shown
    assert "Fall per 1 000 vårddygn" in shown
    assert client.post(f"/pairings/{pilot.id}/copy", data={"organisation_id": home}).status_code == 409
    assert client.post(f"/pairings/{pilot.id}/copy", data={"organisation_id": "nobody"}).status_code == 422
    seen = text(login(client, pilot.owner).get(f"/pairings/{pilot.id}/spread"))
    assert "Copies of the pilot" in seen
    assert "Nobody has copied it yet" not in seen


def test_a_pilot_that_is_not_released_is_not_there_for_others(client, login, store, pilot):
    login(client, factories.create_person(store, "owner"))
    assert client.get(f"/pairings/{pilot.id}/copy").status_code == 404
    assert client.get(f"/pairings/{pilot.id}/ask").status_code == 404


def test_a_question_goes_as_mail_and_the_asker_sees_that_it_was_sent(client, login, store, text, pilot):
    release(pilot)
    askings.opened(store, pilot.owner, pilot.id, clock.now())
    login(client, factories.create_person(store, "owner", name="Frida Fråga"))
    assert pilot.owner.email not in text(client.get(f"/pairings/{pilot.id}/ask"))
    assert client.post(f"/pairings/{pilot.id}/ask", data={"text": " "}).status_code == 422
    assert client.post(f"/pairings/{pilot.id}/ask", data={"text": "Vad tog tid?"}).status_code == 303
    assert "Vad tog tid?" in text(client.get(f"/pairings/{pilot.id}/ask"))
    assert len(mails(store, "spread_question")) == 1
    owner = text(login(client, pilot.owner).get(f"/pairings/{pilot.id}/spread"))
    assert "Vad tog tid?" in owner
    assert "Frida Fråga" in owner
    assert "Vad tog tid?" not in text(login(client, pilot.founder).get(f"/pairings/{pilot.id}/spread"))


def test_who_asked_stands_in_the_history_for_the_owners_side_and_the_brokers_alone(client, login, store, text, pilot):
    release(pilot)
    askings.opened(store, pilot.owner, pilot.id, clock.now())
    asker = factories.create_person(store, "owner", name="Frida Fråga")
    [home] = store.query("select name from organisation where id = :id", {"id": asker.organisations("owner")[0]})
    askings.ask(store, asker, pilot.id, "Vad tog tid?", clock.now())
    for who, told in ((pilot.owner, True), (pilot.broker, True), (pilot.founder, False), (pilot.host, False)):
        shown = text(login(client, who).get(f"/pairings/{pilot.id}"))
        assert [word in shown for word in ("Frida Fråga", home["name"], "asked by somebody elsewhere")] == [told] * 3


def test_the_owner_opens_a_case_for_questions_and_closes_it(client, login, store, text, pilot):
    login(client, pilot.owner)
    assert client.post(f"/pairings/{pilot.id}/spread/open").status_code == 303
    assert client.post(f"/pairings/{pilot.id}/spread/open").status_code == 409
    assert "Others may ask" in text(client.get(f"/pairings/{pilot.id}/spread"))
    assert client.post(f"/pairings/{pilot.id}/spread/close").status_code == 303
    assert askings.consent(store, pilot.id) is None
    assert login(client, pilot.founder).post(f"/pairings/{pilot.id}/spread/open").status_code == 403


def test_lessons_of_pilots_like_it_stand_beside_a_need_that_is_written(client, login, store, text, pilot):
    stranger = factories.create_person(store, "owner")
    draft = factories.create_need(store, stranger.organisations("owner")[0])
    for title in ("Snö på gångbanor", "Potthål i asfalten", "Kö till bygglov", "Fulla papperskorgar"):
        texts = dict.fromkeys(("people", "description", "effect", "measure", "tried", "keep"), title)
        factories.create_need(store, published=True, title=title, **texts)
    login(client, stranger)
    assert f"/needs/{draft['id']}/lessons" in text(client.get(f"/needs/{draft['id']}/edit?step=people"))
    assert f"/needs/{draft['id']}/lessons" in text(client.get(f"/needs/{draft['id']}/route"))
    while indexing.catch_up(store, TinyEncoder()):
        pass
    assert "Larmet måste höras" not in text(client.get(f"/needs/{draft['id']}/lessons"))
    release(pilot)
    assert "Larmet måste höras" in text(client.get(f"/needs/{draft['id']}/lessons"))
    part = client.get(f"/needs/{draft['id']}/lessons", headers={"HX-Request": "true"})
    assert "<html" not in part.get_data(as_text=True)


def test_what_a_copy_brought_stands_as_it_was(store, pilot):
    need_id = copies.copy(store, pilot.broker, pilot.id, pilot.need["organisation_id"], clock.now())
    assert copies.indicators_for(store, need_id)[0]["name"] == "Fall per 1 000 vårddygn"
    assert copies.terms_for(store, need_id)["purpose"] == "Pröva larm."
    assert adopters.solutions(store)[0]["startup_id"] == pilot.startup["id"]


def test_a_copied_need_offers_its_indicators_and_terms_when_it_becomes_a_case(client, login, store, text, pilot):
    now = clock.now()
    need_id = copies.copy(store, pilot.broker, pilot.id, pilot.need["organisation_id"], now)
    need_review.submit(store, pilot.owner, need_id, now)
    need_review.publish(store, pilot.broker, need_id, now)
    other = factories.create_startup(store, published=True)
    given = {"message": "", "seen": {"evidence": [], "gates": []}, "answer_days": 14}
    case = pairings.propose(store, pilot.broker, need_id, other["id"], now=now, **given)
    founder = factories.create_person(store, "startup", other["organisation_id"])
    pairings.accept(store, pilot.owner, case, "owner", now)
    pairings.accept(store, founder, case, "startup", now)
    bed = factories.create_testbed(store, published=True)
    first, last = clock.day(clock.later(now, days=5)), clock.day(clock.later(now, days=70))
    pairings.confirm(store, pilot.broker, case, bed["id"], first, last, now)
    login(client, pilot.broker)
    assert "Fall per 1 000 vårddygn" in text(client.get(f"/pairings/{case}/pilot"))
    form = text(client.get(f"/pairings/{case}/pilot/indicator?brought=1"))
    assert 'value="Fall per 1 000 vårddygn"' in form
    assert "5,1" not in form  # the baseline is measured anew
    assert client.get(f"/pairings/{case}/pilot/indicator?brought=9").status_code == 200
    assert "Pröva larm." in text(client.get(f"/pairings/{case}/agreement/edit"))


def test_the_radar_ranks_others_and_a_person_sends_the_letter(client, login, store, text, pilot):
    reader = factories.create_person(store, "owner", name="Lena Läsare")
    city = reader.organisations("owner")[0]
    need = factories.create_need(store, city, published=True)
    release(pilot)
    for title in ("Snö på gångbanor", "Potthål i asfalten", "Kö till bygglov", "Fulla papperskorgar"):
        texts = dict.fromkeys(("people", "description", "effect", "measure", "tried", "keep"), title)
        factories.create_need(store, published=True, title=title, **texts)
    while indexing.catch_up(store, TinyEncoder()):
        pass
    login(client, pilot.broker)
    assert pilot.startup["name"] in text(client.get("/spread"))
    page = text(client.get(f"/spread/{pilot.startup['id']}"))
    assert "A guess" in page
    address = f"/spread/{pilot.startup['id']}/{city}"
    assert address in page
    draft = text(client.get(f"{address}?need={need['id']}"))
    assert f"/cases/{pilot.id}" in draft
    assert "This is a guess" in draft
    assert mails(store, "spread_letter") == []
    given = {"subject": "Larm", "text": "Hej!", "need_id": need["id"]}
    assert client.post(address, data={**given, "text": ""}).status_code == 422
    assert client.post(address, data=given).status_code == 303
    refused = client.post(address, data=given)
    assert refused.status_code == 409
    assert 'name="again"' in text(refused)
    assert len(mails(store, "spread_letter")) == 1
    assert client.post(address, data={**given, "again": "yes"}).status_code == 303
    assert len(mails(store, "spread_letter")) == 2


def test_a_letter_does_not_name_an_owner_who_has_not_released_the_case(client, login, store, text, pilot):
    reader = factories.create_person(store, "owner")
    name = store.query("select name from organisation where id = :id", {"id": pilot.need["organisation_id"]})[0]["name"]
    login(client, pilot.broker)
    draft = text(client.get(f"/spread/{pilot.startup['id']}/{reader.organisations('owner')[0]}"))
    assert name not in draft.partition("<textarea")[2].partition("</textarea>")[0]


@pytest.mark.parametrize("path", ["/spread", "/drawer", "/spread/{startup}", "/spread/{startup}/{city}"])
def test_the_radar_and_the_drawer_are_the_brokers_own(client, login, pilot, path):
    address = path.format(startup=pilot.startup["id"], city=pilot.need["organisation_id"])
    assert login(client, pilot.owner).get(address).status_code in (403, 404)
    assert login(client, pilot.broker).get(address).status_code == 200


def test_a_startup_that_is_in_use_nowhere_has_an_empty_radar(client, login, store, text):
    broker, startup = factories.create_person(store, "broker"), factories.create_startup(store, published=True)
    assert "not in use anywhere" in text(login(client, broker).get(f"/spread/{startup['id']}"))
    assert "Nothing is in use yet" in text(client.get("/spread"))


def test_the_drawer_tells_why_a_stopped_case_stands_there_again(client, login, store, text):
    now = clock.now()
    case = Case(store)
    pairing_id = case.propose(clock.later(now, days=-300))
    pairings.decline(store, case.owner, pairing_id, "owner", "not_now", "Efter sommaren.", clock.later(now, days=-299))
    login(client, case.broker)
    shown = text(client.get("/drawer"))
    assert "more than six months ago" in shown
    assert "Efter sommaren." in shown
    case.propose(now)
    assert "The drawer is empty" in text(client.get("/drawer"))


def test_every_mail_of_spread_can_be_written_in_both_languages(app, store, pilot):
    release(pilot)
    now, stranger = clock.now(), factories.create_person(store, "owner", locale="sv")
    askings.opened(store, pilot.owner, pilot.id, now)
    askings.ask(store, stranger, pilot.id, "Vad tog tid?", now)
    copies.copy(store, stranger, pilot.id, stranger.organisations("owner")[0], now)
    other = factories.create_person(store, "owner")
    radar.send(
        store, pilot.broker, pilot.startup["id"], other.organisations("owner")[0],
        {"subject": "Larm", "text": "Hej!"}, now,
    )  # fmt: skip
    with app.app_context():
        for template in ("spread_question", "pairing_copied", "spread_letter"):
            for row in mails(store, template):
                for locale in ("sv", "en"):
                    subject, body = letters.write({**row, "params": json.loads(row["params"]), "locale": locale})
                    assert subject
                    assert "http://localhost/" in body


@pytest.mark.parametrize("path", ["/spread/{startup}", "/drawer", "/needs/{need}/lessons", "/pairings/{case}/spread"])
def test_a_page_asks_the_store_as_often_for_many_as_for_few(app, client, login, store, monkeypatch, pilot, path):
    now, need = clock.now(), factories.create_need(store, published=True)
    address = path.format(startup=pilot.startup["id"], need=need["id"], case=pilot.id)
    login(client, pilot.broker)
    ask, counted = store.query, []

    def more(number: int) -> None:
        for _ in range(number):
            case = Case(store, broker=pilot.broker)
            stopped = case.propose(clock.later(now, days=-300))
            pairings.decline(store, case.owner, stopped, "owner", "not_now", "", clock.later(now, days=-299))
            home = factories.create_organisation(store)["id"]
            copies.copy(store, pilot.broker, pilot.id, home, now)
        while indexing.catch_up(store, TinyEncoder()):
            pass

    def counting(*given):
        counted[-1] += SENTENCES not in " ".join(given[0].split())
        return ask(*given)

    for number in (1, 4):
        more(number)
        client.get(address)  # what is held in memory is brought up to date first
        counted.append(0)
        monkeypatch.setattr(store, "query", counting)
        assert client.get(address).status_code == 200
        monkeypatch.setattr(store, "query", ask)
    assert counted[0] == counted[1]
