"""The pages of bookings: asking, answering, what stands in the way, papers and ticks, and days inside a case."""

from __future__ import annotations

import html
from typing import Any

import pytest

from matcher.hub import booking_answers, bookings, clock, prerequisite_steps
from matcher.hub.clock import day, later
from tests.factories import create_need, create_organisation, create_person, create_startup, create_testbed
from tests.hub.booked import SCORES, TEXTS, Booked
from tests.hub.pilots import Pilot

ENGLISH = {"Accept-Language": "en"}


class Today(Booked):
    """Everybody around a testbed, with days that lie ahead of the clock of the application."""

    def __init__(self, store: Any, **testbed: Any) -> None:
        super().__init__(store, **testbed)
        self.now = clock.now()
        self.first, self.last = (day(later(self.now, days=days)) for days in (20, 33))

    def ask(self, **typed: Any) -> str:
        return super().ask(self.first, typed.pop("last", self.last), now=self.now, **typed)

    def approve(self, booking_id: str, **given: Any) -> str:
        return super().approve(booking_id, now=self.now, **given)


@pytest.fixture
def scene(store) -> Today:
    return Today(store)


def form(scene: Today, **typed: str) -> dict[str, str]:
    return {**TEXTS, "starts_on": scene.first, "ends_on": scene.last, **typed}


def test_a_startup_asks_and_reads_what_happens_next(store, client, login, text, scene):
    login(client, scene.founder)
    page = text(client.get(f"/testbeds/{scene.testbed['id']}"))
    assert "Ask for a place" in page
    address = f"/testbeds/{scene.testbed['id']}/book"
    page = text(client.get(f"{address}?starts_on={scene.first}&ends_on={scene.last}"))
    assert "1 place free now" in page
    sent = client.post(address, data=form(scene, whose=f"startup-{scene.startup['id']}", staff_hours="6"))
    assert sent.status_code == 303
    page = text(client.get(sent.location))
    assert "Sent. The host has promised to answer by" in page
    assert "Asked for, awaits the host" in page
    assert f"Who acts: {scene.testbed['name']}" in page
    assert "Say yes" not in page
    assert TEXTS["title"] in text(client.get("/bookings"))


def test_what_cannot_be_sent_stays_in_the_form(store, client, login, text, scene):
    login(client, scene.owner)
    address = f"/testbeds/{scene.testbed['id']}/book"
    answer = client.post(address, data=form(scene, whose="", benefit_users="Lugnare nätter"))
    assert answer.status_code == 422
    answer = client.post(address, data=form(scene, whose=f"need-{scene.need['id']}", title="", message="Hör av er"))
    page = text(answer)
    assert answer.status_code == 422
    assert "What is to be tried:" in page
    assert "Hör av er" in page
    closure = {"id": "c1", "testbed_id": scene.testbed["id"], "reason": "Jul", "created_at": scene.now}
    store.insert("testbed_closure", {**closure, "starts_on": scene.last, "ends_on": scene.last})
    answer = client.post(address, data=form(scene, whose=f"need-{scene.need['id']}"))
    assert answer.status_code == 409
    assert "is closed" in text(answer)
    assert TEXTS["benefit_users"] in text(answer)


def test_an_owner_asks_for_a_need_or_for_an_idea_of_its_staff(store, client, login, text, scene):
    home = scene.owner.organisations("owner")[0]
    create_need(store, home, title="Ett utkast")
    login(client, scene.owner)
    address = f"/testbeds/{scene.testbed['id']}/book"
    page = text(client.get(address))
    assert f"The need “{scene.need['title']}”" in page
    assert "An idea of our own staff" in page
    assert "Ett utkast" not in page
    sent = client.post(address, data=form(scene, whose=f"organisation-{home}"))
    assert "An idea of their own staff" in text(client.get(sent.location))


def test_what_the_search_found_is_filled_in_and_a_broker_asks_from_there(store, client, login, text, scene):
    login(client, scene.broker)
    address = f"/testbeds/{scene.testbed['id']}/book"
    assert "Search with a startup or a need" in text(client.get(address))
    query = f"?startup_id={scene.startup['id']}&need_id={scene.need['id']}"
    page = text(client.get(address + query))
    assert f"Found for the need “{scene.need['title']}”." in page
    given = form(scene, whose=f"startup-{scene.startup['id']}", need_id=scene.need["id"])
    sent = client.post(address, data=given)
    [row] = store.query("select * from booking")
    assert (row["startup_id"], row["need_id"]) == (scene.startup["id"], scene.need["id"])
    assert scene.need["title"] in text(client.get(sent.location))


def test_nobody_asks_for_others_through_the_form(store, client, login, scene):
    login(client, scene.founder)
    address = f"/testbeds/{scene.testbed['id']}/book"
    other = create_startup(store, published=True)
    assert client.post(address, data=form(scene, whose=f"startup-{other['id']}")).status_code == 403
    assert client.post(address, data=form(scene, whose="person-1")).status_code == 422
    assert store.query("select id from booking") == []


def test_what_only_the_host_decides_is_not_set_by_the_form(store, client, login, scene):
    login(client, scene.founder)
    forged = {"approved_at": scene.now, "operation_score": "5", "users_score": "5", "answer_by": "2020-01-01",
              "organisation_id": scene.need["organisation_id"], "agreed_until": "2030-01-01"}  # fmt: skip
    given = {**form(scene, whose=f"startup-{scene.startup['id']}"), **forged}
    assert client.post(f"/testbeds/{scene.testbed['id']}/book", data=given).status_code == 303
    [row] = store.query("select * from booking")
    assert (row["approved_at"], row["scored_at"], row["agreed_until"]) == (None, None, None)
    assert row["organisation_id"] == scene.startup["organisation_id"]
    assert row["answer_by"] > day(scene.now)


def test_the_host_asks_back_and_the_answer_moves_the_day(store, client, login, text, scene):
    booking = scene.ask()
    login(client, scene.host)
    page = text(client.get(f"/bookings/{booking}"))
    assert "Say yes" in page
    assert "1 place free now" in page
    client.post(f"/bookings/{booking}/ask", data={"question": "Behövs ström i taket?"})
    login(client, scene.founder)
    page = text(client.get(f"/bookings/{booking}"))
    assert "Behövs ström i taket?" in page
    assert "Send the answer" in page
    assert client.post(f"/bookings/{booking}/reply", data={"reply": ""}).status_code == 422
    client.post(f"/bookings/{booking}/reply", data={"reply": "Bara ett uttag."})
    page = text(client.get(f"/bookings/{booking}"))
    assert "Bara ett uttag." in page
    assert "Kept" in page


def test_a_yes_takes_scores_and_what_is_red_is_named(store, client, login, text, scene):
    asked = scene.ask_for("Introduktion i brandskydd")
    booking = scene.ask()
    login(client, scene.host)
    assert "Not met</span> You can say yes when" in text(client.get(f"/bookings/{booking}"))
    answer = client.post(f"/bookings/{booking}/approve", data={"operation_score": "3", "note": "Välkomna"})
    assert answer.status_code == 422
    assert "Benefit to users or patients, 1 to 5:" in text(answer)
    assert "Välkomna" in text(answer)
    answer = client.post(f"/bookings/{booking}/approve", data=SCORES)
    assert answer.status_code == 409
    assert "it is not noted as met: Introduktion i brandskydd." in text(answer)
    client.post(f"/bookings/{booking}/checks", data={"prerequisite_id": asked, "step": "meet", "note": "Intyg"})
    client.post(f"/bookings/{booking}/score", data=SCORES)
    assert client.post(f"/bookings/{booking}/approve", data={}).status_code == 303
    page = text(client.get(f"/bookings/{booking}"))
    assert "Booked" in page
    assert "No signed agreement that covers these days is noted." in page
    wrong = client.post(f"/bookings/{booking}/agreement", data={"agreed_until": scene.first, "agreed_note": "Dnr 1"})
    assert wrong.status_code == 422
    client.post(f"/bookings/{booking}/agreement", data={"agreed_until": scene.last, "agreed_note": "Dnr 2026-114"})
    page = text(client.get(f"/bookings/{booking}"))
    assert "Dnr 2026-114" in page
    assert "No signed agreement" not in page
    client.post(f"/bookings/{booking}/checks", data={"prerequisite_id": asked, "step": "undo"})
    assert "Something that the testbed asks for is not met yet." in text(client.get(f"/bookings/{booking}"))


def test_what_was_typed_stands_once_after_a_no(store, client, login, text, scene):
    scene.approve(scene.ask())
    waits = scene.ask(title="Väntar")
    asked = {"kind": "safety", "text": "Intyg uppvisat."}
    prerequisite_steps.add(store, scene.host, scene.testbed["id"], asked, scene.now)
    login(client, scene.host)
    typed = "Välkomna, <ta> med skor!"
    answer = client.post(f"/bookings/{waits}/approve", data={**SCORES, "note": typed})
    page = html.unescape(text(answer))
    assert answer.status_code == 409
    assert "not noted as met: Intyg uppvisat." in page
    assert "Intyg uppvisat.." not in page
    assert page.count(typed) == 1, "it stands in its field still"
    assert "It was not saved." not in page
    booking_answers.decline(store, scene.host, waits, "no_fit", "", scene.now)
    page = html.unescape(text(client.post(f"/bookings/{waits}/approve", data={**SCORES, "note": typed})))
    assert "It was not saved. Copy it from here" in page
    assert page.count(typed) == 1


def test_a_full_testbed_offers_the_waiting_list_and_who_waits_is_shown(store, client, login, text, scene):
    holder, waits = scene.approve(scene.ask()), scene.ask(title="Väntar länge")
    login(client, scene.host)
    answer = client.post(f"/bookings/{waits}/approve", data=SCORES)
    assert answer.status_code == 409
    assert "Put on the waiting list" in text(answer)
    client.post(f"/bookings/{waits}/wait", data={"note": "Hör av er i vår"})
    assert "On the waiting list" in text(client.get(f"/bookings/{waits}"))
    third = scene.ask(who=scene.owner)
    page = text(client.get(f"/bookings/{third}"))
    assert "1 has waited longer for days that overlap:" in page
    assert "Väntar länge" in page
    login(client, scene.owner)
    assert "Väntar länge" not in text(client.get(f"/bookings/{third}"))
    login(client, scene.founder)
    client.post(f"/bookings/{holder}/cancel", data={"reason": "not_now"})
    assert "Cancelled" in text(client.get(f"/bookings/{holder}"))
    assert client.post(f"/bookings/{holder}/cancel", data={"reason": "not_now"}).status_code == 409


def test_the_line_says_what_is_free_now_and_for_whom(store, client, login, text, scene):
    holder, first, second = scene.approve(scene.ask()), scene.ask(title="Först i kön"), scene.ask(title="Sedan")
    login(client, scene.host)
    for booking in (first, second):
        client.post(f"/bookings/{booking}/wait", data={"note": ""})
    booking_answers.cancel(store, scene.founder, holder, "not_now", "", scene.now)
    page = text(client.get(f"/bookings/{first}"))
    assert "1 place free now" in page
    assert "There is room on these days now." in page
    assert "Nothing is free on these days." not in page
    page = text(client.get(f"/bookings/{second}"))
    assert "is for those who stand before in the line" in page
    assert "Nothing is free on these days." not in page
    booking_answers.decline(store, scene.host, first, "no_fit", "", scene.now)
    booking_answers.decline(store, scene.host, second, "no_fit", "", scene.now)
    page = text(client.get(f"/bookings/{scene.ask(title='Ny')}"))
    assert "1 place free now" in page
    assert "Put on the waiting list" not in page


def test_a_request_at_a_withdrawn_testbed_says_so_and_links_to_nothing_that_is_gone(store, client, login, text, scene):
    booking = scene.ask()
    gone = "update testbed set withdrawn_at = :now where id = :id"
    store.execute(gone, {"now": scene.now, "id": scene.testbed["id"]})
    login(client, scene.founder)
    page = text(client.get(f"/bookings/{booking}"))
    assert "The testbed has been withdrawn" in page
    assert "the request lapses after" in page
    assert "The host answers" not in page
    assert f"/testbeds/{scene.testbed['id']}" not in page
    login(client, scene.host)
    page = text(client.get(f"/bookings/{booking}"))
    assert f"/testbeds/{scene.testbed['id']}" in page
    assert TEXTS["benefit_users"] in page
    assert "Put on the waiting list" not in page
    assert "Say yes" not in page
    answer = client.post(f"/bookings/{booking}/wait", data={"note": ""})
    assert answer.status_code == 409
    assert "no longer takes tests" in text(answer)
    assert "Say no" in text(answer)


def test_more_work_than_the_staff_manages_is_shown_and_ticked(store, client, login, text):
    scene = Today(store, staff_hours=10)
    booking = scene.ask(staff_hours="12")
    login(client, scene.host)
    page = text(client.get(f"/bookings/{booking}"))
    assert "would take 12 hours of the staff. The testbed manages 10." in page
    assert client.post(f"/bookings/{booking}/approve", data=SCORES).status_code == 409
    assert client.post(f"/bookings/{booking}/approve", data={**SCORES, "manage": "yes"}).status_code == 303
    assert "More than the staff manages" in text(client.get(f"/bookings/{booking}"))
    login(client, scene.founder)
    assert "More than the staff manages" not in text(client.get(f"/bookings/{booking}"))


def test_a_no_and_a_request_taken_back(store, client, login, text, scene):
    declined, withdrawn = scene.ask(), scene.ask(last=day(later(scene.now, days=40)))
    login(client, scene.host)
    assert client.post(f"/bookings/{declined}/decline", data={"reason": "other"}).status_code == 422
    client.post(f"/bookings/{declined}/decline", data={"reason": "staff", "note": "Vi bygger om."})
    login(client, scene.founder)
    page = text(client.get(f"/bookings/{declined}"))
    assert "There are not enough staff" in page
    assert "Vi bygger om." in page
    client.post(f"/bookings/{withdrawn}/withdraw", data={"note": ""})
    assert "Taken back" in text(client.get(f"/bookings/{withdrawn}"))
    assert client.post(f"/bookings/{withdrawn}/withdraw").status_code == 409


def test_the_list_has_what_waits_for_me_on_top_with_the_days_left(store, client, login, text, scene):
    scene.approve(scene.ask(title="Den bokade"))
    scene.ask(title="Den nya", last=day(later(scene.now, days=40)))
    login(client, scene.host)
    page = text(client.get("/bookings"))
    assert "1 booking waits for you, shown first." in page
    assert page.index("Den nya") < page.index("Den bokade")
    assert "10 days left to answer" in page
    page = text(client.get("/bookings?stage=approved"))
    assert "Den nya" not in page
    assert "1 booking waits for your answer" in text(client.get("/mine"))
    login(client, create_person(store, "host"))
    assert "No bookings yet" in text(client.get("/bookings"))


def test_what_no_host_answered_in_time_stands_on_the_desk(store, client, login, text, scene):
    booking = scene.ask(title="Utan svar")
    login(client, scene.broker)
    assert "Utan svar" not in text(client.get("/desk/"))
    store.execute("update booking set answer_by = :day", {"day": day(later(scene.now, days=-2))})
    page = text(client.get("/desk/"))
    assert "Bookings that no host has answered in time" in page
    assert f"/bookings/{booking}" in client.get("/desk/").get_data(as_text=True)
    assert "2 days late" in text(client.get(f"/bookings/{booking}"))
    store.execute("update booking set requested_at = :then", {"then": later(scene.now, days=-12)})
    page = text(client.get("/desk/"))
    assert "2 days late" in page, "late counts from the day that was promised, as in the list of bookings"
    assert '<span class="age' not in page


def test_a_confirmation_offers_the_promised_place(store, client, login, text, scene):
    both = {"startup_id": scene.startup["id"], "need_id": scene.need["id"]}
    booking = scene.approve(scene.ask(**both))
    case = scene.accept(scene.propose(scene.now), scene.now)
    login(client, scene.broker)
    page = text(client.get(f"/pairings/{case}/confirm"))
    assert "has promised the two a place" in page
    given = {"testbed_id": scene.testbed["id"], "starts_on": scene.first, "ends_on": scene.last}
    assert client.post(f"/pairings/{case}/confirm", data=given).status_code == 409
    others = {**given, "ends_on": day(later(scene.now, days=34)), "booking_id": booking}
    assert "takes over these days" in text(client.post(f"/pairings/{case}/confirm", data=others))
    assert client.post(f"/pairings/{case}/confirm", data={**given, "booking_id": booking}).status_code == 303
    page = text(client.get(f"/bookings/{booking}"))
    assert "Became the place of a case" in page
    assert "The agreement of the case counts." in page


def test_days_inside_a_case_are_asked_for_from_its_page_once_it_is_green(store, client, login, text):
    case = Pilot(store, agreed=False, now=clock.now())
    asked = prerequisite_steps.add(store, case.host, case.testbed["id"], {"kind": "safety", "text": "Brand"}, case.now)
    login(client, case.founder)
    address = f"/testbeds/{case.testbed['id']}/book?pairing_id={case.id}"
    page = text(client.get(address))
    assert "Booking opens when this is green" in page
    assert "No signed agreement that covers these days is noted." in page
    assert "Book days with the testbed's staff" not in text(client.get(f"/pairings/{case.id}"))
    case.agree()
    prerequisite_steps.meet(store, case.host, case.id, asked, "", case.now)
    assert "Book days with the testbed's staff" in text(client.get(f"/pairings/{case.id}"))
    given = {**TEXTS, "starts_on": case.first, "ends_on": case.first, "staff_hours": "4", "pairing_id": case.id}
    sent = client.post(f"/testbeds/{case.testbed['id']}/book", data=given)
    assert sent.status_code == 303
    assert TEXTS["title"] in text(client.get(f"/pairings/{case.id}"))
    other = create_testbed(store, published=True)
    assert client.get(f"/testbeds/{other['id']}/book?pairing_id={case.id}").status_code == 404
    login(client, create_person(store, "startup"))
    assert client.get(address).status_code == 404


def test_a_closed_day_stands_on_the_booking_and_the_case_and_today_is_no_yes(store, client, login, text):
    case = Pilot(store, now=clock.now(), ahead=0)
    scene = Today(store, places=2)
    scene.first = case.first
    booking = scene.approve(scene.ask())
    scene.agree(booking, until=scene.last)
    closed = {"starts_on": case.first, "ends_on": case.first, "created_at": case.now}
    for number, testbed in enumerate((case.testbed, scene.testbed)):
        row = {"id": f"c{number}", "testbed_id": testbed["id"], "reason": "Vattenläcka i taket"}
        store.insert("testbed_closure", {**row, **closed})
    for who, path in (
        (scene.founder, f"/bookings/{booking}"),
        (case.founder, f"/pairings/{case.id}"),
        (case.founder, f"/pairings/{case.id}/agreement"),
    ):
        login(client, who)
        page = text(client.get(path))
        assert "The testbed is closed today." in page
        assert "Vattenläcka i taket" in page
        assert "Everything is in place." not in page
        assert "Open: the place may be used." not in page
        assert "what the testbed asks for is met." not in page


def test_papers_within_one_organisation_are_not_asked_for(store, client, login, text, scene):
    home = create_organisation(store, "public")
    scene.testbed = create_testbed(store, home, published=True)
    owner = create_person(store, "owner", home)
    booking = scene.ask(who=owner, organisation_id=home["id"])
    login(client, owner)
    assert "None is needed: whoever asks and the host are one organisation." in text(client.get(f"/bookings/{booking}"))


def test_a_link_to_somebody_elses_booking_is_not_found(store, client, login, scene):
    booking = scene.ask()
    login(client, scene.owner)
    for path in ("", "/withdraw", "/approve"):
        method = client.post if path else client.get
        assert method(f"/bookings/{booking}{path}").status_code == 404
    login(client, scene.founder)
    assert client.post(f"/bookings/{booking}/approve", data=SCORES).status_code == 403
    assert bookings.status(bookings.fetch(store, booking), scene.now) == "requested"
    booking_answers.decline(store, scene.host, booking, "no_fit", "", scene.now)
    assert client.post(f"/bookings/{booking}/withdraw").status_code == 409
