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
