import re

import pytest

from matcher.hub import clock, needs, pairings
from tests import factories
from tests.factories import NOW
from tests.hub.cases import Case


@pytest.fixture
def organisation(owner):
    return owner.organisations("owner")[0]


def test_the_catalogue_lists_what_is_published(store, client, text):
    factories.create_need(store, published=True, title="Synligt behov")
    factories.create_need(store, title="Hemligt utkast")
    page = text(client.get("/needs"))
    assert "Synligt behov" in page
    assert "Hemligt utkast" not in page


def test_an_empty_catalogue_says_what_to_do_first(client, text):
    assert "/needs/new" in text(client.get("/needs"))


def test_filters_that_find_nothing_lead_back(store, client):
    factories.create_need(store, published=True)
    page = client.get("/needs?theme=school")
    assert b"Show all" in page.data or b"Visa alla" in page.data


@pytest.mark.parametrize(
    "query", ["theme=x", "county=99", "sort=drop", "page=abc", "page=-1", "page=999", "status=all"]
)
def test_what_is_not_on_a_list_counts_as_not_asked_for(store, client, query):
    factories.create_need(store, published=True, title="Behov")
    factories.create_need(store, title="Utkast")
    page = client.get(f"/needs?{query}")
    assert page.status_code == 200
    assert b"Behov" in page.data
    assert b"Utkast" not in page.data


def test_a_long_catalogue_comes_in_pages_that_keep_the_filters(store, client):
    organisation = factories.create_organisation(store)
    for _ in range(30):
        factories.create_need(store, organisation, published=True)
    page = client.get("/needs?theme=elderly_care&page=2").get_data(as_text=True)
    assert page.count("card is-link") == 6
    assert "theme=elderly_care&amp;page=1" in page


def test_the_number_of_queries_does_not_grow_with_the_rows(store, client, monkeypatch):
    organisation = factories.create_organisation(store)
    counted = []
    query = type(store).query
    monkeypatch.setattr(type(store), "query", lambda self, *args: counted.append(1) or query(self, *args))
    factories.create_need(store, organisation, published=True)
    counted.clear()
    client.get("/needs")
    few = len(counted)
    for _ in range(20):
        factories.create_need(store, organisation, published=True)
    counted.clear()
    client.get("/needs")
    assert len(counted) == few <= 3


def test_a_broker_filters_by_status(store, client, login, text):
    login(client, factories.create_person(store, "broker"))
    factories.create_need(store, submitted=True, title="Väntar")
    factories.create_need(store, published=True, title="Ute")
    page = text(client.get("/needs?status=submitted"))
    assert "Väntar" in page
    assert "Ute" not in page.split("</form>")[-1]


def test_an_owner_lists_the_own_ones_in_every_status(store, client, login, owner, organisation, text):
    login(client, owner)
    factories.create_need(store, organisation, title="Mitt utkast")
    factories.create_need(store, title="Andras")
    page = text(client.get("/needs?own=yes&status=all"))
    assert "Mitt utkast" in page
    assert "Andras" not in page


def test_a_visitor_reads_a_need_without_names(store, client, text):
    need = factories.create_need(store, published=True, runner="Rut Runnare")
    page = text(client.get(f"/needs/{need['id']}"))
    for name in ("people", "description", "effect", "measure", "tried", "keep"):
        assert need[name] in page
    assert "Kim Kontakt" not in page
    assert "Rut Runnare" not in page


def test_only_who_is_in_a_case_reads_who_owns_it(store, client, login, text):
    case = Case(store)
    need = case.need
    login(client, case.founder)
    page = text(client.get(f"/needs/{need['id']}"))
    assert "Kim Kontakt" not in page
    assert "Who owns the need" not in page
    case.propose()
    page = text(client.get(f"/needs/{need['id']}"))
    assert "Kim Kontakt" in page
    assert f"/needs/{need['id']}/edit" not in page


def test_somebody_elses_draft_is_not_there(store, client, login):
    need = factories.create_need(store)
    assert client.get(f"/needs/{need['id']}").status_code == 404
    login(client, factories.create_person(store, "owner"))
    for path in ("", "/edit", "/versions", "/close", "/review"):
        assert client.get(f"/needs/{need['id']}{path}").status_code == 404
    for path in ("/edit", "/submit", "/close", "/publish", "/return"):
        assert client.post(f"/needs/{need['id']}{path}").status_code == 404
    assert needs.load(store, factories.create_person(store, "broker"), need["id"])["revision"] == 1


def test_a_published_need_of_others_can_be_read_but_not_changed(store, client, login):
    need = factories.create_need(store, published=True)
    login(client, factories.create_person(store, "owner"))
    assert client.get(f"/needs/{need['id']}").status_code == 200
    for path in ("/edit", "/submit", "/close", "/publish", "/return"):
        assert client.post(f"/needs/{need['id']}{path}").status_code == 403


def test_a_need_whose_last_day_has_passed_says_so(store, client, text):
    need = factories.create_need(store, published=True, valid_until="2024-01-31")
    page = client.get(f"/needs/{need['id']}")
    assert re.search(r"data-color=.warning.", page.get_data(as_text=True))


def test_the_owner_sees_what_happens_next_by_when_and_who_to_ask(store, client, login, owner, organisation, text):
    broker = factories.create_person(store, "broker")
    need = factories.create_need(store, organisation, submitted=True)
    login(client, owner)
    page = text(client.get(f"/needs/{need['id']}"))
    assert "27 November 2026" in page
    assert broker.email in page


def test_the_owner_reads_what_the_broker_asks_for(store, client, login, owner, organisation, text):
    need = factories.create_need(store, organisation, returned_at=NOW, return_comment="Hur många är de?")
    login(client, owner)
    assert "Hur många är de?" in text(client.get(f"/needs/{need['id']}"))


def test_versions_show_what_came_and_what_went(store, client, owner, organisation, text):
    need = factories.create_need(store, organisation, published=True, effect="Färre fall på natten")
    needs.save(store, owner, need["id"], {"effect": "Inga fall på natten", "themes": ["health_care"]}, 1, NOW)
    page = text(client.get(f"/needs/{need['id']}/versions"))
    assert re.search(r"<del><span[^>]*>[^<]+</span>Färre </del><ins><span[^>]*>[^<]+</span>Inga </ins>fall", page)
    assert owner.name not in page
    assert f"/needs/{need['id']}/versions" in text(client.get(f"/needs/{need['id']}"))


def test_what_somebody_wrote_is_text_and_never_markup(store, client):
    need = factories.create_need(store, published=True, title="<b>X</b>", effect="<script>alert(1)</script>")
    page = client.get(f"/needs/{need['id']}").get_data(as_text=True)
    assert "<b>X" not in page
    assert "<script>alert" not in page


def test_an_owner_closes_a_need_with_a_reason(store, client, login, owner, organisation, text):
    need = factories.create_need(store, organisation, published=True)
    login(client, owner)
    assert client.get(f"/needs/{need['id']}/close").status_code == 200
    answer = client.post(f"/needs/{need['id']}/close", data={"reason": "met", "note": "Vi har löst det."})
    assert answer.status_code == 303
    assert "Vi har löst det." in text(client.get(f"/needs/{need['id']}"))


def test_closing_without_a_reason_keeps_the_note(store, client, login, owner, organisation, text):
    need = factories.create_need(store, organisation, published=True)
    login(client, owner)
    answer = client.post(f"/needs/{need['id']}/close", data={"note": "Vi har löst det."})
    assert answer.status_code == 422
    assert "Vi har löst det." in text(answer)


def test_a_closed_need_is_closed_once(store, client, login, owner, organisation):
    need = factories.create_need(store, organisation, published=True, closed_at=NOW, close_reason="met")
    login(client, owner)
    assert client.post(f"/needs/{need['id']}/close", data={"reason": "met"}).status_code == 409
    assert client.get(f"/needs/{need['id']}/close").status_code == 409
    assert client.get(f"/needs/{need['id']}/edit").status_code == 409


def test_a_startup_is_led_to_show_interest_while_it_can(store, client, login, text):
    open_need = factories.create_need(store, published=True)
    late = factories.create_need(store, published=True, valid_until="2024-01-31")
    assert "/interest" not in text(client.get(f"/needs/{open_need['id']}"))
    login(client, factories.create_person(store, "startup"))
    assert f"/needs/{open_need['id']}/interest" in text(client.get(f"/needs/{open_need['id']}"))
    assert "/interest" not in text(client.get(f"/needs/{late['id']}"))


def test_a_company_does_not_answer_its_own_need(store, client, login, text):
    person = factories.create_person(store, "startup")
    need = factories.create_need(store, person.organisations("startup")[0], published=True)
    page = text(login(client, person).get(f"/needs/{need['id']}"))
    assert "/interest" not in page
    assert f"/needs/{need['id']}/candidates" in page


def next_of(client, text, case):
    """Return the timeline on the need's page as (state, words) pairs."""
    page = text(client.get(f"/needs/{case.need['id']}"))
    page = page[page.index("What happens next") :]
    return re.findall(r'<li class="timeline-(\w+)".*?>(?:<p|\s)(.*?)</li>', page)


def now_of(client, text, case):
    """Return what a need's page says happens now, tags taken out."""
    return [re.sub(r"<[^>]+>", "", words) for state, words in next_of(client, text, case) if state == "now"]


def test_what_happens_next_follows_the_cases_of_a_need(store, client, login, text):
    today = clock.now()
    case = Case(store)
    login(client, case.owner)
    [ranked] = now_of(client, text, case)
    assert "Startups are ranked" in ranked
    pairing_id = case.propose(now=today)
    [asked] = now_of(client, text, case)
    assert f"{case.startup['name']}: The owner of the need and the startup both answer" in asked
    assert f"/pairings/{pairing_id}" in text(client.get(f"/needs/{case.need['id']}"))
    case.accept(pairing_id, today)
    [booking] = now_of(client, text, case)
    assert "confirms the place" in booking
    assert case.broker.name in booking
    testbed = factories.create_testbed(store, published=True)
    first, last = (clock.later(today, days=days)[:10] for days in (-3, 20))
    pairings.confirm(store, case.broker, pairing_id, testbed["id"], first, last, today)
    [signing] = now_of(client, text, case)
    assert "The broker writes the agreement" in signing  # as the case itself says: nothing is tried before it is signed
    pairings.end(store, case.owner, pairing_id, "no_effect", "", today)
    [again] = now_of(client, text, case)
    assert "When the need is met, close it." in again
    stopped = [words for state, words in next_of(client, text, case) if state == "stopped"]
    assert "Ended early" in stopped[0]
    assert "It did not have the effect that was wanted" in stopped[0]


def test_what_happens_next_says_you_to_who_reads_it(store, client, login, text):
    case = Case(store)
    page = text(login(client, case.owner).get(f"/needs/{case.need['id']}"))
    assert "the broker shows you those worth a call" in page
    assert "You and a startup say yes; the broker confirms" in page
    assert "Ask the hub:" in page
    page = text(login(client, case.broker).get(f"/needs/{case.need['id']}"))
    assert "you show the owner of the need those worth a call" in page
    assert "The owner and a startup say yes; you confirm" in page
    assert "Ask the hub:" not in page
    waiting = factories.create_need(store, submitted_at=clock.now())
    page = text(client.get(f"/needs/{waiting['id']}"))
    assert "The owner of the need writes and sends it" in page
    assert "you or another broker" in page
    assert "You write and send it" not in page


def test_what_is_to_be_done_later_stands_after_what_happens_now(store, client, login, text):
    case = Case(store)
    login(client, case.owner)
    states = [state for state, _words in next_of(client, text, case)]
    assert states == sorted(states, key=("done", "now", "next").index)


def test_two_cases_of_a_need_both_stand_under_now(store, client, login, text):
    today = clock.now()
    case = Case(store)
    case.accept(case.propose(now=today), today)
    other = factories.create_startup(store, published=True)
    pairings.propose(store, case.broker, case.need["id"], other["id"], "", {}, today)
    login(client, case.owner)
    assert len(now_of(client, text, case)) == 2
    assert [words for state, words in next_of(client, text, case) if state == "next"] != []


def test_an_expired_need_says_that_it_waits_for_a_new_day_and_its_case_goes_on(store, client, login, text):
    today = clock.now()
    case = Case(store)
    case.propose(now=today)
    store.execute("update need set valid_until = '2024-01-31'")
    login(client, case.owner)
    expired, asked = now_of(client, text, case)
    assert "Its last day has passed" in expired
    assert "31 Jan 2024" in expired
    assert "both answer" in asked


def test_a_closed_need_shows_the_case_that_goes_on(store, client, login, text):
    today = clock.now()
    case = Case(store)
    testbed = factories.create_testbed(store, published=True)
    pairing_id = case.accept(case.propose(now=today), today)
    days = (clock.later(today, days=5)[:10], clock.later(today, days=20)[:10])
    pairings.confirm(store, case.broker, pairing_id, testbed["id"], *days, today)
    needs.close(store, case.owner, case.need["id"], "met", "", today)
    login(client, case.owner)
    [booked] = now_of(client, text, case)
    assert "The place is booked" in booked
    assert "The need is closed" in text(client.get(f"/needs/{case.need['id']}"))
