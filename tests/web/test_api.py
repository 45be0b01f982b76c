from __future__ import annotations

import pytest

from matcher.hub import need_content, testbeds
from matcher.web import api_content
from tests.factories import NOW, create_need, create_organisation, create_person, create_testbed

LISTS = ("/api/v1/needs", "/api/v1/testbeds")


def test_needs_come_with_exactly_the_public_fields(store, client):
    town = create_organisation(store, name="Lövhamns kommun")
    need = create_need(store, town, published=True, title="Färre fall", goals=["3"])
    found = client.get("/api/v1/needs").get_json()
    assert (found["total"], found["page"], found["pages"]) == (1, 1, 1)
    (row,) = found["rows"]
    assert set(row) == set(need_content.PUBLIC_FIELDS)
    assert (row["title"], row["organisation"], row["goals"]) == ("Färre fall", "Lövhamns kommun", ["3"])
    assert client.get(f"/api/v1/needs/{need['id']}").get_json() == row
    assert "Kim Kontakt" not in client.get("/api/v1/needs").get_data(as_text=True)


def test_testbeds_come_with_exactly_the_public_fields(store, client):
    testbed = create_testbed(store, published=True, name="Vinterlabbet")
    (row,) = client.get("/api/v1/testbeds").get_json()["rows"]
    assert set(row) == set(testbeds.PUBLIC_FIELDS)
    assert client.get(f"/api/v1/testbeds/{testbed['id']}").get_json() == row
    assert "vera@example.org" not in client.get("/api/v1/testbeds").get_data(as_text=True)


def test_the_described_fields_are_the_public_ones():
    assert tuple(api_content.Need.model_fields) == need_content.PUBLIC_FIELDS
    assert tuple(api_content.Testbed.model_fields) == testbeds.PUBLIC_FIELDS


def test_what_is_not_public_is_not_found(store, client):
    hidden = [
        f"/api/v1/needs/{create_need(store)['id']}",
        f"/api/v1/needs/{create_need(store, submitted=True)['id']}",
        f"/api/v1/needs/{create_need(store, published=True, closed_at=NOW, close_reason='met')['id']}",
        f"/api/v1/testbeds/{create_testbed(store)['id']}",
        f"/api/v1/testbeds/{create_testbed(store, published=True, withdrawn_at=NOW)['id']}",
    ]
    for path in (*hidden, "/api/v1/needs/nothing"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/json")
        assert answer.get_json()["status"] == 404
    assert [client.get(path).get_json()["total"] for path in LISTS] == [0, 0]


def test_a_cookie_does_not_open_more(store, client, login):
    draft = create_need(store)
    published = create_need(store, published=True)
    login(client, create_person(store, "broker"))
    assert client.get(f"/api/v1/needs/{draft['id']}").status_code == 404
    assert set(client.get(f"/api/v1/needs/{published['id']}").get_json()) == set(need_content.PUBLIC_FIELDS)


def test_needs_are_narrowed(store, client):
    create_need(store, published=True, title="A", themes=["elderly_care"], beneficiaries=["staff"])
    create_need(store, published=True, title="B", county_code="24", municipality_code="2480", beneficiaries=["patient"])
    create_need(store, published=True, title="C", valid_until="2020-01-01", updated_at="2026-11-25T10:00:00.000000Z")

    def titles(query):
        return sorted(row["title"] for row in client.get(f"/api/v1/needs?{query}").get_json()["rows"])

    assert titles("") == ["A", "B"]
    assert titles("beneficiary=staff") == ["A"]
    assert titles("county=24") == titles("municipality=2480") == ["B"]
    assert titles("late=true&updated_since=2026-11-25") == ["C"]
    assert titles("late=true&updated_since=2026-11-25T12:00:00%2B02:00") == ["C"]
    assert titles("late=true&updated_since=2026-11-25T10:00:01Z") == []


def test_testbeds_are_narrowed(store, client):
    create_testbed(store, published=True, name="A", county_code="24")
    create_testbed(store, published=True, name="B")
    assert [row["name"] for row in client.get("/api/v1/testbeds?county=24").get_json()["rows"]] == ["A"]


def test_lists_come_in_pages_of_at_most_a_hundred(store, client):
    town = create_organisation(store)
    for number in range(7):
        create_need(store, town, published=True, title=f"N{number}")
    pages = [client.get(f"/api/v1/needs?per_page=3&page={page}").get_json() for page in (1, 2, 3, 4)]
    assert [len(page["rows"]) for page in pages] == [3, 3, 1, 0]
    assert {page["pages"] for page in pages} == {3}
    assert len({row["id"] for page in pages for row in page["rows"]}) == 7
    assert client.get("/api/v1/needs?per_page=101").status_code == 422


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    ["page=0", "page=x", "page=-1", "page=99999999999999999999", "per_page=0", "theme=nothing", "county=99",
     "municipality=12", "updated_since=yesterday", "updated_since=2026", "updated_since=-12", "contact=Kim",
     "sort=contact", "page=1;drop table need"],
)  # fmt: skip
def test_a_parameter_that_does_not_fit_is_named(client, path, query):
    answer = client.get(f"{path}?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "application/json")
    assert answer.get_json()["detail"].startswith(query.partition("=")[0])


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("moment", ["9999-12-31T23:00:00-01:00", "0001-01-01T00:00:00%2B01:00"])
def test_a_moment_that_lies_outside_the_calendar_in_utc_is_named(client, path, moment):
    answer = client.get(f"{path}?updated_since={moment}")
    assert (answer.status_code, answer.mimetype) == (422, "application/json")
    assert answer.get_json()["detail"].startswith("updated_since: ")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("moment", ["9999-12-31T23:00:00%2B01:00", "0001-01-01T00:00:00-01:00", "0999-05-05"])
def test_the_calendars_first_and_last_moments_are_read(store, client, path, moment):
    create_need(store, published=True)
    create_testbed(store, published=True)
    answer = client.get(f"{path}?updated_since={moment}")
    assert (answer.status_code, answer.get_json()["total"]) == (200, 0 if moment.startswith("9999") else 1)


def test_the_number_of_queries_does_not_grow(store, client, monkeypatch):
    for _ in range(20):
        create_need(store, published=True)
    asked = []
    query = store.query
    monkeypatch.setattr(store, "query", lambda sql, params=None: asked.append(sql) or query(sql, params))
    client.get("/api/v1/needs")
    assert len(asked) == 2


def test_who_asks_again_for_the_same_gets_no_body(store, client):
    create_need(store, published=True)
    tag = client.get("/api/v1/needs").headers["ETag"]
    assert client.get("/api/v1/needs", headers={"If-None-Match": tag}).status_code == 304


def test_other_sites_may_read_but_nobody_may_write(client):
    answer = client.get("/api/v1/needs")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert client.post("/api/v1/needs", json={}).status_code == 405
    for path in ("/", "/needs", "/testbeds", "/cases", "/login", "/account", "/search?q=a", "/healthz", "/nowhere"):
        assert "Access-Control-Allow-Origin" not in client.get(path).headers, path


def test_the_description_names_every_path_and_every_public_field(client):
    spec = client.get("/openapi.json").get_json()
    assert spec["openapi"].startswith("3.1")
    assert set(spec["paths"]) == {
        "/api/v1/needs", "/api/v1/needs/{need_id}", "/api/v1/testbeds", "/api/v1/testbeds/{testbed_id}",
        "/cases.json",
    }  # fmt: skip
    assert set(spec["components"]["schemas"]) == {
        "CaseList", "CaseQuery", "Need", "NeedList", "NeedQuery", "Problem", "ReleasedCase", "Testbed", "TestbedList",
        "TestbedQuery",
    }  # fmt: skip
    assert set(spec["components"]["schemas"]["Need"]["properties"]) == set(need_content.PUBLIC_FIELDS)
    assert set(spec["components"]["schemas"]["Testbed"]["properties"]) == set(testbeds.PUBLIC_FIELDS)
    assert spec["servers"] == [{"url": "http://localhost"}]


def test_every_reference_in_the_description_leads_somewhere(client):
    spec = client.get("/openapi.json").get_json()

    def references(node):
        if isinstance(node, dict):
            yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    found = set(references(spec))
    assert found
    assert {one.rpartition("/")[2] for one in found} <= set(spec["components"]["schemas"])


def test_answers_keep_to_the_description(store, client):
    create_need(store, published=True, county_code=None, municipality_code=None, valid_until=None, wanted_by=None)
    api_content.NeedList.model_validate(client.get("/api/v1/needs").get_json())


@pytest.mark.parametrize("locale", ["sv", "en"])
def test_people_read_the_same_description(client, text, locale):
    shown = text(client.get("/api", headers={"Accept-Language": locale}))
    assert "/api/v1/needs/{need_id}" in shown
    assert "What must not change" in shown
    assert "updated_since" in shown
