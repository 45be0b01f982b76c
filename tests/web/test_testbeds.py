import html
import re

import pytest
from werkzeug.datastructures import MultiDict

from matcher.hub import clock, closures, pairings, testbeds
from tests.factories import NOW, create_organisation, create_person, create_testbed
from tests.hub.cases import Case
from tests.hub.test_feeds import ASKED, booking

FORM = {
    "name": "Vinterbanan",
    "description": "En kilometer gångväg.",
    "conditions": "Egen försäkring.",
    "contact_name": "Lars Nutti",
    "contact_email": "lars@example.org",
    "places": "2",
    "answer_days": "5",
    "municipality_code": "1280",
    "themes__shown": "1",
    "themes": ["safety"],
}


@pytest.fixture
def organisation(store):
    return create_organisation(store, "host", name="Vinterlabbet", county_code="25")


@pytest.fixture
def host(store, organisation):
    return create_person(store, "host", organisation)


def test_a_visitor_browses_the_catalogue(store, client, text):
    create_testbed(store, name="Vinterbanan", published=True, answer_days=1)
    create_testbed(store, name="Utkast")
    page = text(client.get("/testbeds", headers={"Accept-Language": "en"}))
    assert "Vinterbanan" in page
    assert "answers within 1 day" in page
    assert "Utkast" not in page


def test_the_catalogue_says_when_nothing_fits_and_when_there_is_nothing(store, client, text):
    english = {"Accept-Language": "en"}
    assert "No testbeds yet" in text(client.get("/testbeds", headers=english))
    create_testbed(store, name="Bana", published=True, county_code="12")
    assert "No testbed fits these choices" in text(client.get("/testbeds?county=25", headers=english))
    assert "Bana" in text(client.get("/testbeds?county=12&theme=elderly_care&q=ban", headers=english))


def test_filters_that_are_not_on_a_list_are_left_out(store, client):
    create_testbed(store, name="Bana", published=True)
    page = client.get("/testbeds?county=' or 1=1&theme=<x>&page=-1").get_data(as_text=True)
    assert "Bana" in page
    assert "<x>" not in page


def test_a_visitor_sees_terms_and_closed_periods_and_no_names(store, client, text):
    row = create_testbed(store, published=True, conditions="Samtycke krävs.")
    closures.close_period(store, None, row["id"], "2029-06-01", "2029-08-31", "Sommar", NOW)
    page = text(client.get(f"/testbeds/{row['id']}", headers={"Accept-Language": "en"}))
    assert "Samtycke krävs." in page
    assert "Sommar" in page
    assert "within 10 days" in page
    for name in ("contact_name", "contact_email", "backup_name", "backup_email"):
        assert row[name] not in page


def test_whoever_is_logged_in_sees_whom_to_write_to(store, client, login, text):
    row = create_testbed(store, published=True)
    page = text(login(client, create_person(store, "startup")).get(f"/testbeds/{row['id']}"))
    assert "vera@example.org" in page
    assert "rut@example.org" in page
    assert f"/testbeds/{row['id']}/edit" not in page


def test_a_draft_is_found_by_its_host_only(store, client, login, host, organisation):
    row = create_testbed(store, organisation)
    assert client.get(f"/testbeds/{row['id']}").status_code == 404
    assert login(client, create_person(store, "host")).get(f"/testbeds/{row['id']}").status_code == 404
    assert login(client, host).get(f"/testbeds/{row['id']}").status_code == 200


def test_a_host_writes_a_testbed_and_publishes_it_in_one_go(store, client, login, host, text):
    login(client, host)
    page = client.get("/testbeds/new").get_data(as_text=True)
    assert host.email in page
    answer = client.post("/testbeds/new", data={**FORM, "then": "publish"})
    assert answer.status_code == 303
    row = store.query("select * from testbed")[0]
    assert (row["name"], row["county_code"], row["places"], row["themes"]) == ("Vinterbanan", "12", 2, '["safety"]')
    assert row["published_at"]
    assert "is in the catalogue" in text(client.get(answer.location))


def test_what_is_missing_for_the_catalogue_is_said_and_the_draft_is_kept(store, client, login, host, text):
    answer = login(client, host).post("/testbeds/new", data={**FORM, "conditions": "", "then": "publish"})
    assert answer.status_code == 422
    page = text(answer)
    assert "The draft is saved, but it cannot be published yet." in page
    assert 'href="#conditions"' in page
    assert store.query("select published_at from testbed") == [{"published_at": None}]


def test_a_form_with_faults_keeps_every_text(store, client, login, host, text):
    answer = login(client, host).post("/testbeds/new", data={**FORM, "places": "många", "contact_email": "lars"})
    assert answer.status_code == 422
    page = text(answer)
    for kept in ("En kilometer gångväg.", 'value="många"', 'value="lars"', 'value="safety" checked'):
        assert kept in page
    assert store.query("select id from testbed") == []


def test_only_hosts_add_testbeds(store, client, login):
    assert client.get("/testbeds/new").status_code == 302
    assert login(client, create_person(store, "startup")).get("/testbeds/new").status_code == 404


def test_another_organisation_in_the_form_is_not_taken(store, client, login, host, organisation):
    other = create_organisation(store, "host")
    login(client, host).post("/testbeds/new", data={**FORM, "organisation_id": other["id"]})
    assert store.query("select organisation_id from testbed")[0]["organisation_id"] == organisation["id"]


def test_a_change_is_saved_and_the_rest_stays(store, client, login, host, organisation):
    row = create_testbed(store, organisation, published=True)
    login(client, host)
    assert client.get(f"/testbeds/{row['id']}/edit").status_code == 200
    answer = client.post(f"/testbeds/{row['id']}/edit", data={"revision": "1", "users": "Tre bussförare"})
    assert answer.status_code == 303
    saved = store.query("select users, methods, revision from testbed")[0]
    assert saved == {"users": "Tre bussförare", "methods": row["methods"], "revision": 2}


def test_the_second_tab_sees_both_texts_and_can_save_its_own(store, client, login, host, organisation, text):
    row = create_testbed(store, organisation)
    login(client, host)
    testbeds.save(store, host, row["id"], {"users": "Sparat först"}, 1, NOW)
    answer = client.post(f"/testbeds/{row['id']}/edit", data={"revision": "1", "users": "Skrivet sedan"})
    assert answer.status_code == 409
    page = text(answer)
    assert "Sparat först" in page
    assert "Skrivet sedan" in page
    assert 'name="revision" value="2"' in page
    client.post(f"/testbeds/{row['id']}/edit", data={"revision": "2", "users": "Skrivet sedan"})
    assert store.query("select users from testbed")[0]["users"] == "Skrivet sedan"


def test_a_stranger_may_not_change_what_everybody_sees(store, client, login):
    row = create_testbed(store, published=True)
    login(client, create_person(store, "host"))
    for path in ("edit", "publish", "withdraw", "closures"):
        assert client.post(f"/testbeds/{row['id']}/{path}", data={"name": "Kapad"}).status_code == 403
    assert store.query("select name, withdrawn_at from testbed") == [{"name": row["name"], "withdrawn_at": None}]


def test_a_testbed_is_published_and_withdrawn_once_each(store, client, login, host, organisation, text):
    row = create_testbed(store, organisation)
    login(client, host)
    for path, status in (("publish", 303), ("publish", 409), ("withdraw", 303), ("withdraw", 409)):
        answer = client.post(f"/testbeds/{row['id']}/{path}")
        assert answer.status_code == status
    assert "not in the catalogue, so there is nothing to withdraw" in text(answer)


def test_publishing_an_unfinished_draft_shows_the_form_with_what_is_missing(store, client, login, host, organisation):
    row = create_testbed(store, organisation, contact_email="")
    answer = login(client, host).post(f"/testbeds/{row['id']}/publish")
    assert answer.status_code == 422
    assert 'href="#contact_email"' in answer.get_data(as_text=True)


def test_a_period_is_closed_and_opened_again(store, client, login, host, organisation, text):
    row = create_testbed(store, organisation, published=True)
    login(client, host)
    typed = {"starts_on": "2029-06-01", "ends_on": "2029-08-31", "reason": "Sommarbemanning"}
    answer = client.post(f"/testbeds/{row['id']}/closures", data=typed)
    assert answer.status_code == 303
    assert "Sommarbemanning" in text(client.get(answer.location))
    closure = store.query("select id from testbed_closure")[0]["id"]
    assert client.post(f"/testbeds/{row['id']}/closures/{closure}/remove").status_code == 303
    assert client.post(f"/testbeds/{row['id']}/closures/{closure}/remove").status_code == 404
    assert store.query("select id from testbed_closure") == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"starts_on": "2029-08-31", "ends_on": "2029-06-01", "reason": "Sommar"}, "lies before the first"),
        ({"starts_on": "1899-01-01", "ends_on": "2029-06-01", "reason": "Sommar"}, "1899-01-01 cannot be right"),
        ({"starts_on": "i juni", "ends_on": "", "reason": "Sommar"}, "is not a date"),
    ],
)
def test_a_period_that_cannot_be_comes_back_as_typed(store, client, login, host, organisation, text, typed, said):
    row = create_testbed(store, organisation, published=True)
    answer = login(client, host).post(f"/testbeds/{row['id']}/closures", data=typed)
    assert answer.status_code == 422
    page = text(answer)
    assert said in page
    assert 'value="Sommar"' in page
    assert f'value="{typed["starts_on"]}"' in page


@pytest.fixture
def booked(store, organisation):
    """A testbed with a test in June 2029."""
    case = Case(store, capacity=9)
    row = create_testbed(store, organisation, published=True)
    pairings.confirm(store, case.broker, case.accepted(), row["id"], "2029-06-01", "2029-06-30", clock.now())
    return {**row, "case": case}


def _hidden(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def test_who_closes_a_testbed_with_a_test_in_it_sees_whom_it_affects_first(store, client, login, host, booked, text):
    login(client, host)
    typed = {"starts_on": "2029-06-10", "ends_on": "2029-06-12", "reason": "Ombyggnad"}
    answer = client.post(f"/testbeds/{booked['id']}/closures", data=typed)
    page = text(answer)
    assert answer.status_code == 409
    assert booked["case"].need["title"] in page
    assert booked["case"].startup["name"] in page
    assert store.query("select id from testbed_closure") == []
    again = {**{name: _hidden(page, name) for name in typed}, "seen": _hidden(page, "seen")}
    done = text(client.post(f"/testbeds/{booked['id']}/closures", data=again, follow_redirects=True))
    assert "those whom it affects have been told" in done
    assert "Ombyggnad" in done
    assert "moves" not in page, "nothing moves a booking"
    assert "asks for them first, and cancels these" in page
    twice = text(client.post(f"/testbeds/{booked['id']}/closures", data=again, follow_redirects=True))
    assert "for this reason already" in twice
    assert len(store.query("select id from testbed_closure")) == 1


def test_who_has_changed_meanwhile_is_said(client, login, host, booked, text):
    typed = {"starts_on": "2029-06-10", "ends_on": "2029-06-12", "reason": "Ombyggnad", "seen": "others"}
    page = text(login(client, host).post(f"/testbeds/{booked['id']}/closures", data=typed))
    assert "It has changed since you looked" in page


def test_who_withdraws_a_testbed_with_a_test_in_it_sees_whom_it_affects_first(client, login, host, booked, text):
    login(client, host)
    answer = client.post(f"/testbeds/{booked['id']}/withdraw")
    assert answer.status_code == 409
    assert booked["case"].startup["name"] in text(answer)
    done = client.post(
        f"/testbeds/{booked['id']}/withdraw", data={"seen": _hidden(text(answer), "seen")}, follow_redirects=True
    )
    assert "those whom it affects have been told" in text(done)
    assert client.post(f"/testbeds/{booked['id']}/withdraw").status_code == 409, "withdrawn already"


def test_who_takes_places_away_sees_whom_it_affects_and_nothing_typed_is_lost(store, client, login, host, booked, text):
    login(client, host)
    before = testbeds.load(store, host, booked["id"])
    typed = {name: before[name] or "" for name in testbeds.TestbedContent.model_fields if name not in testbeds.LISTS}
    typed |= {
        "places": "0",
        "equipment": "Ett nytt “nätverk” & mer",
        "themes": ["health_care", "water"],
        "themes__shown": "1",
    }
    answer = client.post(f"/testbeds/{booked['id']}/edit", data={**typed, "revision": "1"})
    page = text(answer)
    assert answer.status_code == 409
    assert "Have less room all the same?" in page
    assert "These are more than fit with 0 places" in page
    assert booked["case"].startup["name"] in page
    sent = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    again = MultiDict((name, html.unescape(value)) for name, value in sent)
    done = client.post(f"/testbeds/{booked['id']}/edit", data=again, follow_redirects=True)
    assert "The testbed is saved." in text(done)
    after = testbeds.load(store, host, booked["id"])
    assert (after["places"], after["equipment"], after["themes"]) == (0, typed["equipment"], ["health_care", "water"])


def test_how_a_host_answers_is_told_beside_what_it_promises(store, client, text, organisation):
    row = create_testbed(store, organisation, published=True)
    page = f"/testbeds/{row['id']}"
    assert "too few requests to say" in text(client.get(page, headers={"Accept-Language": "en"}))
    asked = {"requested_at": clock.later(clock.now(), days=-20), "answered_at": clock.later(clock.now(), days=-17)}
    for promised in ("2030-01-01", "2030-01-01", "2030-01-01", "2020-01-01"):
        own = create_organisation(store, "company")["id"]
        booking(store, row, own, **{**ASKED, **asked, "promised_by": promised})
    said = text(client.get(page, headers={"Accept-Language": "en"}))
    assert "75% within the promise, half of them within 3 days (4 requests in a year)" in said


def test_a_broker_may_change_any_testbed(store, client, login):
    row = create_testbed(store, published=True)
    login(client, create_person(store, "broker"))
    assert client.post(f"/testbeds/{row['id']}/edit", data={"revision": "1", "places": "9"}).status_code == 303
    assert store.query("select places from testbed")[0]["places"] == 9


def test_the_list_asks_the_store_as_often_for_forty_as_for_two(store, client, monkeypatch):
    def asked():
        count = 0
        query = type(store).query

        def counted(self, *args, **kwargs):
            nonlocal count
            count += 1
            return query(self, *args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(type(store), "query", counted)
            client.get("/testbeds")
        return count

    for _ in range(2):
        create_testbed(store, published=True)
    few = asked()
    for _ in range(38):
        create_testbed(store, published=True)
    assert asked() == few
