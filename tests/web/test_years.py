"""The pages of the year: every figure opens its own list, papers say the same, and nobody reads another's report."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import docx
import pypdf
import pytest
from flask import Flask

from matcher.hub import clock, outcomes, releases, year_targets, years
from matcher.hub.year_facts import Scope
from matcher.store import open_store
from matcher.store.schema import migrate
from matcher.web import evaluator_content
from tests import factories
from tests.hub.year_hub import NOW, YearHub

LINK = re.compile(r'href="(/year/(\w+)/list\?[^"]+)">([^<]*)<')


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, YearHub]:
    """A hub of three years, made once and copied for each test."""
    file = tmp_path_factory.mktemp("years") / "hub.db"
    store = open_store(f"sqlite:///{file}")
    migrate(store)
    hub = YearHub(store)
    hub.admin = factories.create_person(store, "administrator")
    store.close()
    return file, hub


@pytest.fixture
def hub(template: tuple[Path, YearHub], app: Flask, hub_file: Path, monkeypatch: Any) -> Iterator[YearHub]:
    """The hub of three years behind the running application, at its own moment."""
    file, made = template
    app.extensions["store"].close()
    for rest in hub_file.parent.glob(f"{hub_file.name}*"):
        rest.unlink()
    shutil.copyfile(file, hub_file)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    made.store = app.extensions["store"]
    return made


def counted(page: str) -> list[tuple[str, str]]:
    """Return (address, figure) of every figure on a page that opens its list."""
    return [(unescape(address), unescape(text)) for address, _whose, text in LINK.findall(page)]


def rows_of(client: Any, address: str) -> int:
    """Return how many rows the list behind a figure has, on all its pages."""
    page = client.get(address).get_data(as_text=True)
    return page.count('<tr><th scope="row">')


def number(text: str) -> int:
    return int(re.sub(r"\D", "", text))


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_figure_on_the_report_opens_a_list_as_long_as_it(client, login, hub, year):
    login(client, hub.broker)
    found = years.figures(hub.store, Scope(), year, NOW)
    links = counted(client.get(f"/year/hub?year={year}").get_data(as_text=True))
    assert len(links) > 30
    for address, said in links:
        code = re.search(r"figure=(\w+)", address)[1]
        if code in years.PROTECTED:
            assert said == ("fewer than 5" if years.told(found, code) is None else str(found[code].number))
        elif code in years.SUMS:
            assert f"Together: {number(said):,}." in client.get(address).get_data(as_text=True)
        else:
            assert rows_of(client, address) == number(said), address


@pytest.mark.parametrize("query", ["", "&county=01", "&organisation={town}", "&organisation={unit}&county=12"])
def test_every_figure_on_the_dashboard_opens_a_list_as_long_as_it(client, login, hub, query):
    login(client, hub.broker)
    address = f"/year?year=2025{query.format(town=hub.town['id'], unit=hub.unit['id'])}"
    links = counted(client.get(address).get_data(as_text=True))
    assert len(links) > 25
    for address, said in links:
        if not any(code in address for code in years.PROTECTED):
            assert rows_of(client, address) == number(said), address


def test_a_unit_and_the_organisation_alone_open_their_own_lists(client, login, hub):
    login(client, hub.owners[0])
    page = client.get(f"/year/{hub.town['id']}?year=2025").get_data(as_text=True)
    links = [link for link in counted(page) if "alone=yes" in link[0] or f"/year/{hub.unit['id']}/" in link[0]]
    assert len(links) == 2 * len(years.FUNNEL)
    for address, said in links:
        assert rows_of(client, address) == number(said), address


def test_the_headline_is_what_is_in_use(client, login, text, hub):
    page = text(login(client, hub.broker).get("/year?year=2026"))
    assert page.index("In use</h2>") < page.index("From need to use")
    assert outcomes.in_use(hub.store, NOW) == number(counted(page)[0][1])


def test_an_owner_reads_their_own_report_and_that_of_their_unit_only(client, login, text, hub):
    login(client, hub.owners[0])
    assert "Åby kommun" in text(client.get(f"/year/{hub.town['id']}"))
    assert client.get(f"/year/{hub.unit['id']}").status_code == 200
    assert client.get(f"/year/{hub.other['id']}").status_code == 404
    assert client.get("/year/hub").status_code == 404
    assert client.get("/year").status_code == 404
    login(client, hub.owners[1])
    assert client.get(f"/year/{hub.town['id']}").status_code == 404
    assert client.get("/year/reports").location.endswith(f"/year/{hub.unit['id']}")


def test_a_name_that_is_not_the_readers_stays_out_of_the_list(client, login, text, hub):
    address = f"/year/{hub.town['id']}/list?figure=confirmed&year=2025"
    whole = text(login(client, hub.broker).get(address))
    assert "not yours to open" not in whole
    page = text(login(client, hub.owners[0]).get(address))
    assert page.count('<tr><th scope="row">') == whole.count('<tr><th scope="row">')
    own = hub.store.query(
        "select p.id from pairing p join need n on n.id = p.need_id where n.organisation_id = :id",
        {"id": hub.town["id"]},
    )
    # Of the unit's cases only the need can be read, which is public: not which company it was.
    opened = set(re.findall(r'href="/pairings/(\w+)"', page))
    assert opened
    assert opened < set(re.findall(r'href="/pairings/(\w+)"', whole))
    assert opened <= {row["id"] for row in own}


def test_a_need_that_is_closed_to_the_reader_has_no_name_in_the_list(client, login, text, hub):
    hub.store.execute("update need set closed_at = published_at, close_reason = 'met', title = 'Hemlig rubrik'")
    address = f"/year/{hub.unit['id']}/list?figure=published&year=2025"
    page = text(login(client, hub.owners[0]).get(address))
    assert "not yours to open" in page
    assert "Hemlig rubrik" not in page


def test_the_people_behind_a_protected_figure_are_not_listed(client, login, text, hub):
    login(client, hub.broker)
    names = {row["name"] for row in hub.store.query("select name from person")}
    for code in years.PROTECTED:
        page = text(client.get(f"/year/hub/list?figure={code}&year=2025")).split("<main")[1]
        assert "Protected" in page
        assert not any(f">{name}<" in page for name in names)


def test_the_papers_say_what_the_page_says(client, login, hub):
    login(client, hub.broker)
    page = client.get("/year/hub?year=2025").get_data(as_text=True)
    said = {re.search(r"figure=(\w+)", address)[1]: text for address, text in counted(page)}
    word = docx.Document(io.BytesIO(client.get("/year/hub/paper?kind=docx&year=2025").data))
    assert word.paragraphs[0].style.name == "Heading 1"
    assert word.core_properties.language == "en"
    cells = [[cell.text for cell in row.cells] for table in word.tables for row in table.rows]
    assert ["In use at the end of the year", said["in_use"]] in cells
    assert ["Tests begun", said["begun"]] in cells
    assert all("w:tblHeader" in table.rows[0]._tr.xml for table in word.tables)
    data = client.get("/year/hub/paper?kind=csv&year=2025").data.decode("utf-8-sig")
    rows = {row["code"]: row for row in csv.DictReader(io.StringIO(data), delimiter=";") if not row["unit"]}
    assert set(rows) == set(years.CODES)
    for code in ("published", "confirmed", "in_use"):
        assert rows[code]["value"] == rows[code]["n"] == said[code]
    assert rows["known_no"]["protected"] == "fewer than 5"
    assert rows["known_no"]["value"] == rows["known_no"]["n"] == ""


@pytest.mark.parametrize(("locale", "title"), [("en", "Innovation report 2025"), ("sv", "Innovationsbokslut 2025")])
def test_the_pdf_carries_tags_language_and_title(client, login, hub, locale, title):
    hub.store.execute("update person set locale = :locale", {"locale": locale})
    answer = login(client, hub.broker).get("/year/hub/paper?kind=pdf&year=2025")
    assert answer.mimetype == "application/pdf"
    document = pypdf.PdfReader(io.BytesIO(answer.data))
    assert document.root_object["/Lang"] == locale
    assert document.root_object["/MarkInfo"]["/Marked"]
    assert document.metadata.title.startswith(title)
    kinds = tags(document.root_object["/StructTreeRoot"])
    assert {"/H1", "/H2", "/Table", "/TH", "/TD"} <= kinds


def tags(node: Any) -> set[str]:
    """Return the kinds of tags below a node of a PDF's structure."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        return set().union(*map(tags, node), set())
    if not isinstance(node, dict):
        return set()
    found = {str(node["/S"])} if "/S" in node else set()
    return found | (tags(node["/K"]) if "/K" in node else set())


def test_a_report_is_the_same_in_swedish(client, login, text, hub):
    hub.store.execute("update person set locale = 'sv'")
    page = text(login(client, hub.broker).get("/year/hub?year=2025"))
    assert "Innovationsbokslut 2025" in page
    assert "färre än 5" in page


def test_an_administrator_sets_targets_that_stand_beside_what_came(client, login, text, hub):
    login(client, hub.admin)
    assert client.post("/year/targets", data={"year": "2025", "confirmed": "10", "begun": "99", "kept": "80",
                                              "need_to_test": "400"}).status_code == 303  # fmt: skip
    page = text(client.get("/year?year=2025"))
    assert "Reached" in page
    assert "Not reached" in page
    wrong = client.post("/year/targets", data={"year": "2025", "confirmed": "många", "kept": "101"})
    assert wrong.status_code == 422
    assert 'value="många"' in text(wrong)
    assert year_targets.of_year(hub.store, 2025)["confirmed"] == 10
    assert (
        "Pairings confirmed" in text(client.get("/admin/record?kind=year"))
        or client.get("/admin/record").status_code == 200
    )
    client.post("/year/targets", data={"year": "2025", "confirmed": ""})
    assert "confirmed" not in year_targets.of_year(hub.store, 2025)


def test_a_visitor_reads_three_figures_and_two_stories(client, text, hub):
    for place, case in enumerate(hub.cases):
        row = hub.store.query("select * from pairing where id = :id", {"id": case})[0]
        if row["confirmed_at"] and place > 3:
            story(hub, case)
    page = text(client.get("/year/summary?year=2026"))
    assert page.count('class="year-headline"') == 3
    assert page.count("Så gick det.") == 2
    assert "/list?" not in page


def story(hub: YearHub, case: str) -> None:
    row = hub.store.query(
        """select n.organisation_id as owner, s.organisation_id as startup from pairing p
           join need n on n.id = p.need_id join startup s on s.id = p.startup_id where p.id = :id""",
        {"id": case},
    )[0]
    owner = next(one for one in hub.owners if one.acts_for(row["owner"], "owner"))
    founder = next(one for one, _startup in hub.companies if one.acts_for(row["startup"], "startup"))
    given = {"title": "En berättelse", "owner_text": "Så gick det.", "language": "sv"}
    releases.save(hub.store, owner, case, "owner", given, 0, NOW)
    releases.save(hub.store, founder, case, "startup", {"startup_text": "Vi lärde oss."}, 1, NOW)
    releases.agree(hub.store, owner, case, "owner", 2, NOW)
    releases.agree(hub.store, founder, case, "startup", 2, NOW)


def test_the_evaluators_rows_follow_their_schema_and_name_nobody(client, login, hub):
    login(client, hub.broker)
    found = client.get("/year/cases.json").json
    schema = client.get("/year/cases.schema.json").json
    assert found["total"] == len(found["rows"]) == len(hub.cases)
    for row in found["rows"]:
        evaluator_content.EvaluatedCase(**row)
        assert set(row) == set(schema["properties"])
    said = json.dumps(found)
    for table, column in (("person", "name"), ("person", "email"), ("organisation", "name"), ("startup", "name"),
                          ("need", "title"), ("pairing", "id"), ("need", "id"), ("organisation", "id")):  # fmt: skip
        for row in hub.store.query(f"select {column} as word from {table}"):
            assert row["word"] not in said, (table, column)
    assert len({row["owner"] for row in found["rows"]}) == 3
    data = client.get("/year/cases.csv").data.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data), delimiter=";"))
    assert [row["case"] for row in rows] == [row["case"] for row in found["rows"]]


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_an_evaluators_own_recount_comes_to_the_report(client, login, hub, year):
    rows = login(client, hub.broker).get("/year/cases.json").json["rows"]
    found = years.figures(hub.store, Scope(), year, NOW)
    dates = {"proposed": "proposed_on", "confirmed": "confirmed_on", "agreed": "agreement_on",
             "begun": "pilot_started_on", "decided": "decided_on", "declined": "declined_on"}  # fmt: skip
    for code, column in dates.items():
        assert sum((row[column] or "").startswith(str(year)) for row in rows) == found[code].number, code
    first = [row for row in rows if (row["confirmed_on"] or "").startswith(str(year)) and row["first_time"] == "yes"]
    assert len(first) == found["first_time"].number
    asked = client.get(f"/year/cases.json?year={year}").json["rows"]
    assert {row["case"] for row in asked} <= {row["case"] for row in rows}
    assert len(asked) < len(rows)


def test_the_year_asks_the_store_as_often_for_many_cases_as_for_few(client, login, hub, monkeypatch):
    login(client, hub.broker)
    asked = {}
    for year in (2022, 2025):
        calls, query = [], type(hub.store).query
        with monkeypatch.context() as patch:
            patch.setattr(
                type(hub.store), "query", lambda self, *given, q=query, c=calls: c.append(1) or q(self, *given)
            )
            client.get(f"/year?year={year}")
        asked[year] = len(calls)
    assert asked[2025] == asked[2022]
    assert asked[2025] <= 18


@pytest.mark.parametrize(
    "query",
    ["year=0", "year=9999", "year=²", "figure=", "figure=confirmed&organisation_id=1", "figure=confirmed&page=99",
     "figure=confirmed&county=zz", "figure=people&page=7"],
)  # fmt: skip
def test_odd_addresses_get_a_page_or_a_404(client, login, hub, query):
    login(client, hub.broker)
    for path in ("/year", "/year/hub", "/year/hub/list", "/year/summary", "/year/reports"):
        assert client.get(f"{path}?{query}").status_code in (200, 404)
