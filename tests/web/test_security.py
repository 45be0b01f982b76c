from __future__ import annotations

import json
from html import unescape

import pytest

from matcher.hub import people, security_incidents
from matcher.web import security_words
from tests.factories import NOW, create_person

GIVEN = {"title": "Någon läste fel rader", "noticed_on": "2026-11-20", "noticed_time": "09:30", "people": "12",
         "malicious": "no", "effects": "confidentiality", "effects__shown": "1"}  # fmt: skip


@pytest.fixture
def administrator(store):
    found = create_person(store, "administrator", name="Astrid")
    people.set_locale(store, found.person_id, "en")
    return found


@pytest.fixture
def admin(client, login, administrator):
    return login(client, administrator)


def text(answer):
    return unescape(answer.get_data(as_text=True))


def test_an_incident_goes_from_noticed_to_reported(store, admin, administrator):
    assert "No incident is logged" in text(admin.get("/admin/incidents"))
    address = admin.post("/admin/incidents/new", data=GIVEN).location
    shown = text(admin.get(address))
    assert "Early warning, within 24 hours" in shown
    assert "Late since 21 Nov 2026, 09:30" in shown
    report = admin.get(f"{address}/file?report=privacy")
    assert report.headers["Content-Disposition"].startswith("attachment")
    assert "About how many people\n12\n" in report.get_data(as_text=True)
    assert "What was hit\nSomebody could read what they should not" in report.get_data(as_text=True)
    admin.post(f"{address}/sent", data={"report": "early"})
    assert "Late since 21 Nov" not in text(admin.get(address))
    [row] = security_incidents.listing(store, administrator)
    assert json.loads(admin.get(f"{address}/file").data)["due"]["early"]["sent"] == row["early_at"]


def test_what_was_typed_comes_back_with_its_error(admin):
    answer = admin.post("/admin/incidents/new", data={**GIVEN, "people": "många", "what": "Så här gick det till."})
    assert answer.status_code == 422
    assert "Så här gick det till." in text(answer)
    assert "Write a whole number" in text(answer)


def test_who_saves_second_sees_both_texts(store, admin, administrator):
    incident = security_incidents.create(store, administrator, {"title": "Första", "noticed_on": "2026-11-20"}, NOW)
    admin.post(f"/admin/incidents/{incident}", data={**GIVEN, "title": "Andra", "revision": "1"})
    answer = admin.post(f"/admin/incidents/{incident}", data={**GIVEN, "title": "Tredje", "revision": "1"})
    assert (answer.status_code, "Andra" in text(answer), 'value="Tredje"' in text(answer)) == (409, True, True)


def test_every_report_asks_for_what_there_is():
    known = {*security_incidents.FIELDS, "noticed"}
    assert set(security_words.ASKED) == set(security_incidents.REPORTS)
    assert all(set(asked) <= known for asked in security_words.ASKED.values())


def test_the_form_to_close_sent_twice_closes_it_once(store, admin, administrator):
    incident = security_incidents.create(store, administrator, {"title": "Första", "noticed_on": "2026-11-20"}, NOW)
    address = f"/admin/incidents/{incident}"
    for wish in ("yes", "no"):
        assert f'name="closed" value="{wish}"' in text(admin.get(address))
        for _ in range(2):
            admin.post(f"{address}/close", data={"closed": wish})
            assert bool(security_incidents.load(store, administrator, incident)["closed_at"]) == (wish == "yes")


def test_who_moved_the_moment_of_noticing_stands_on_the_page_with_what_was_before(store, admin, administrator):
    given = {"title": "Första", "noticed_on": "2026-11-20", "noticed_time": "09:30", "what": "Så var det."}
    incident = security_incidents.create(store, administrator, given, NOW)
    assert "What stood before" not in text(admin.get(f"/admin/incidents/{incident}"))
    moved = {"noticed_on": "2026-11-21", "effects": "integrity", "what": "Ingenting.", "title": "Andra"}
    admin.post(f"/admin/incidents/{incident}", data={**GIVEN, **moved, "revision": "1"})
    page = text(admin.get(f"/admin/incidents/{incident}"))
    assert "by Astrid. Before it was 20 Nov 2026, 09:30." in page
    assert "What stood before" in page
    assert "Så var det." in page
    [change] = json.loads(admin.get(f"/admin/incidents/{incident}/file").data)["changes"]
    assert (change["before"]["title"], change["person"]) == ("Första", "Astrid")


def test_a_closed_incident_is_read_and_not_written(store, admin, administrator):
    incident = security_incidents.create(store, administrator, {"title": "Första", "noticed_on": "2026-11-20"}, NOW)
    address = f"/admin/incidents/{incident}"
    security_incidents.close(store, administrator, incident, NOW)
    shown = text(admin.get(address))
    assert "takes no change. Open it again first." in shown
    assert 'name="title"' not in shown
    assert "I have sent it" not in shown
    answer = admin.post(address, data={**GIVEN, "title": "Andra", "revision": "1"})
    assert (answer.status_code, 'value="Andra"' in text(answer)) == (409, True)
    assert "takes no change. Open it again first." in text(answer)
    assert admin.post(f"{address}/sent", data={"report": "early"}).status_code == 409
    assert security_incidents.load(store, administrator, incident)["title"] == "Första"
