"""What the public reads of a case, the page where both sides say yes to it, and the list as data."""

from __future__ import annotations

import csv
import io
import json

import pytest

from matcher.hub import cases, outcomes, released
from matcher.hub.clock import later
from matcher.web import case_content

from .test_outcomes import NOW, Followed

OWNER = {"side": "owner", "title": "Färre fall på natten", "owner_text": "Vi provade en sensor.", "language": "sv"}
STARTUP = {"side": "startup", "startup_text": "Vi lärde oss om nattskiften."}
SECRET = "ENDAST-FÖR-DE-TVÅ"


@pytest.fixture
def case(store) -> Followed:
    return Followed(store)


def write(app, login, case, **overrides):
    """Let both sides write on the page; return a client for each."""
    clients = {}
    for who, given in ((case.owner, {**OWNER, "revision": "0"}), (case.founder, {**STARTUP, "revision": "1"})):
        side = given["side"]
        clients[side] = login(app.test_client(), who)
        sent = {name: overrides.get(name, value) for name, value in given.items()}
        assert clients[side].post(f"/pairings/{case.id}/release", data=sent).status_code == 303
    return clients


def release(app, login, case, **overrides):
    clients = write(app, login, case, **overrides)
    for side, client in clients.items():
        answer = client.post(f"/pairings/{case.id}/release/agree", data={"side": side, "revision": "2"})
        assert answer.status_code == 303
    return clients


def test_a_case_is_public_to_a_visitor_only_with_both_yes(app, client, login, text, case):
    clients = write(app, login, case)
    assert client.get(f"/cases/{case.id}").status_code == 404
    for side in ("owner", "startup"):
        page = text(clients[side].get(f"/pairings/{case.id}/release"))
        assert "Vi provade en sensor." in page
        assert "Vi lärde oss om nattskiften." in page
        clients[side].post(f"/pairings/{case.id}/release/agree", data={"side": side, "revision": "2"})
    page = text(client.get(f"/cases/{case.id}"))
    assert "Färre fall på natten" in page
    assert "Vi lärde oss om nattskiften." in page
    assert f"/cases/{case.id}" in text(client.get("/cases"))


def test_what_a_side_reads_before_its_yes_is_what_the_public_reads(app, client, login, text, case):
    outcomes.answer(case.store, case.owner, case.id, "owner", 6, {"in_use": "yes", "used_by": "431"}, "", NOW)
    clients = write(app, login, case)

    def shown(page):
        return page[page.index("Vi provade en sensor.") : page.index("means that it is not known yet")]

    english = {"Accept-Language": "en"}
    before = shown(text(clients["owner"].get(f"/pairings/{case.id}/release")))
    for side, one in clients.items():
        one.post(f"/pairings/{case.id}/release/agree", data={"side": side, "revision": "2"})
    assert shown(text(client.get(f"/cases/{case.id}", headers=english))).replace("h2>", "h3>") == before
    assert "431" in before


def test_taken_back_is_gone_for_everybody_at_once(app, client, login, case):
    clients = release(app, login, case)
    assert client.get(f"/cases/{case.id}").status_code == 200
    clients["startup"].post(f"/pairings/{case.id}/release/take-back", data={"side": "startup"})
    for one in (client, *clients.values()):
        assert one.get(f"/cases/{case.id}").status_code == 404
    assert client.get("/cases.json").json["rows"] == []


def test_a_yes_to_an_older_text_is_refused_with_a_word(app, login, text, case):
    clients = write(app, login, case)
    clients["startup"].post(f"/pairings/{case.id}/release", data={**STARTUP, "startup_text": "Nytt", "revision": "2"})
    answer = clients["owner"].post(f"/pairings/{case.id}/release/agree", data={"side": "owner", "revision": "2"})
    assert answer.status_code == 409
    assert "The text was changed since you read it" in text(answer)


def test_a_text_written_over_another_is_not_lost(app, login, text, case):
    clients = write(app, login, case)
    late = {**OWNER, "owner_text": "Det här skrev jag länge på.", "revision": "1"}
    answer = clients["owner"].post(f"/pairings/{case.id}/release", data=late)
    assert answer.status_code == 409
    assert "Det här skrev jag länge på." in text(answer)
    answer = clients["owner"].post(f"/pairings/{case.id}/release", data={**OWNER, "title": "", "revision": "2"})
    assert answer.status_code == 422
    assert "Vi provade en sensor." in text(answer)


def test_a_broker_asks_and_writes_nothing(app, login, text, case):
    broker = login(app.test_client(), case.broker)
    page = text(broker.get(f"/pairings/{case.id}/release"))
    assert "release/ask" in page
    assert 'name="owner_text"' not in page
    assert broker.post(f"/pairings/{case.id}/release/ask").status_code == 303
    assert broker.post(f"/pairings/{case.id}/release", data={**OWNER, "revision": "0"}).status_code == 403


def test_a_host_has_no_part_in_it(app, login, case):
    host = login(app.test_client(), case.host)
    assert host.get(f"/pairings/{case.id}").status_code == 200
    assert host.get(f"/pairings/{case.id}/release").status_code == 404


def test_notes_and_company_figures_never_leave(app, client, login, case):
    given = {
        "in_use": "partly", "why_not": SECRET, "used_by_whom": SECRET, "economic": "some", "economic_note": SECRET,
        "work": SECRET, "spread": f"{SECRET}\nÅby",
    }  # fmt: skip
    outcomes.answer(case.store, case.owner, case.id, "owner", 6, given, "", NOW)
    figures = {"jobs": "7351", "customers": "7352"}
    outcomes.answer(case.store, case.founder, case.id, "startup", 6, figures, "", NOW)
    release(app, login, case)
    for path in (f"/cases/{case.id}", "/cases", "/cases.csv", "/cases.json", "/results"):
        body = client.get(path).get_data(as_text=True)
        for word in (SECRET, "7351", "7352", case.owner.name, case.owner.email, case.broker.name):
            assert word not in body, (path, word)


def test_the_list_is_the_same_in_csv_and_json_and_both_are_described(app, client, login, case):
    given = {"in_use": "yes", "used_by": "4", "spread": "Åby", "hours": "-2", "perspectives": ["climate", "business"]}
    outcomes.answer(case.store, case.owner, case.id, "owner", 6, given, "", NOW)
    release(app, login, case)
    [row] = client.get("/cases.json").json["rows"]
    answer = client.get("/cases.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    [line] = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";")
    described = client.get("/cases.schema.json").json
    assert set(line) == set(row) == set(described["properties"]) == set(described["required"])
    assert (row["in_use"], row["months"], row["used_by"], row["hours"], row["spread"]) == ("yes", 6, 4, -2, 1)
    assert (row["agreement"], row["stage"], row["id"]) == ("no", "in_use", case.id)
    as_text = {
        name: "" if value is None else "|".join(value) if isinstance(value, list) else str(value)
        for name, value in row.items()
    }
    assert line == as_text
    assert case_content.ReleasedCase(**row)
    for path in ("/cases.json", "/cases.csv"):
        assert "/cases.schema.json" in client.get(path).headers["Link"]
        assert client.get(path).headers["Access-Control-Allow-Origin"] == "*"
    assert "/cases.json" in client.get("/openapi.json").json["paths"]


def test_a_startup_that_renames_itself_changes_nothing_that_is_public(app, client, login, text, case):
    clients = write(app, login, case)
    found = cases.fetch(case.store, case.id)
    names = {"owner_name": found["owner_name"], "startup_name": found["startup_name"]}
    shown = text(clients["owner"].get(f"/pairings/{case.id}/release"))
    assert all(f'name="{field}" value="{name}"' in shown for field, name in names.items())
    rename = "update startup set name = :name where id = :id"
    case.store.execute(rename, {"name": "Mellannamn AB", "id": found["startup_id"]})
    given = {"side": "owner", "revision": "2", **names}
    answer = clients["owner"].post(f"/pairings/{case.id}/release/agree", data=given)
    assert (answer.status_code, "changed since you read it" in text(answer)) == (409, True)
    for side, agreeing in clients.items():
        agreeing.post(f"/pairings/{case.id}/release/agree", data={"side": side, "revision": "2"})
    case.store.execute(rename, {"name": "Kommunen erkänner bluff AB", "id": found["startup_id"]})
    for path in (f"/cases/{case.id}", "/cases", "/cases.csv", "/cases.json"):
        shown = client.get(path).get_data(as_text=True)
        assert ("Mellannamn AB" in shown, "bluff" in shown) == (True, False), path
    review = text(clients["startup"].get(f"/pairings/{case.id}/release"))
    assert "The names are those of the first yes." in review
    assert "Mellannamn AB" in review


def test_a_text_that_a_spreadsheet_would_run_is_only_text(app, client, login, case):
    release(app, login, case, title="=cmd|' /C calc'!A0", owner_text="@SUM(1+1)", startup_text='-1";x\n=2')
    [line] = csv.DictReader(io.StringIO(client.get("/cases.csv").data.decode("utf-8-sig")), delimiter=";")
    assert (line["title"], line["owner_text"]) == ("'=cmd|' /C calc'!A0", "'@SUM(1+1)")
    assert line["startup_text"] == "'-1\";x\n=2"
    assert client.get("/cases.json").json["rows"][0]["title"] == "=cmd|' /C calc'!A0"


@pytest.mark.parametrize("query", ["page=0", "page=x", "per_page=101", "unknown=1"])
def test_an_odd_question_is_told_what_is_wrong(client, query):
    assert client.get(f"/cases.json?{query}").status_code == 422


def test_an_empty_list_says_when_a_case_becomes_public(client, text):
    page = text(client.get("/cases", headers={"Accept-Language": "en"}))
    assert "No case is released yet" in page
    assert client.get("/cases?page=9").status_code == 200
    assert client.get("/cases.json").json == {"total": 0, "page": 1, "pages": 1, "rows": []}


def test_in_use_is_the_headline_of_the_results(app, client, login, text, case):
    outcomes.answer(case.store, case.owner, case.id, "owner", 6, {"in_use": "yes"}, "", NOW)
    page = text(client.get("/results", headers={"Accept-Language": "en"}))
    assert "1 solution is in use" in page
    assert "/cases" in page
    later_one = Followed(case.store)
    given = {"in_use": "partly", "why_not": "Bara natt"}
    outcomes.answer(case.store, later_one.owner, later_one.id, "owner", 6, given, "", NOW)
    page = text(client.get("/results", headers={"Accept-Language": "en"}))
    assert "2 solutions are in use" in page
    assert released.listing(case.store, later(NOW, days=1))["total"] == 0
    assert json.dumps(outcomes.use(case.store, NOW)) == '{"yes": 1, "partly": 1, "no": 0}'
