"""What a file holds is what the list on the screen holds, for the same person, in its order, over all of its pages."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from docx import Document

from matcher.hub import clock, feeds, year_reports
from matcher.hub.ids import new_id
from tests import factories

from .walking import Hub, open_hub, readable
from .world import VISITORS

WITH_A_ROLE = [visitor for visitor in VISITORS if visitor not in ("none", "revoked", "roleless")]
MORE = 27  # of each kind, so that every list has several pages


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    """The world, with more needs, testbeds and released cases than a page holds."""
    with open_hub() as opened:
        _more(opened)
        yield opened


def _more(hub: Hub) -> None:
    store, world = hub.store, hub.world
    at = [clock.later(world.now, minutes=-number) for number in range(MORE)]
    for moment in at:
        changed = {"published_at": moment, "updated_at": moment}
        factories.create_need(store, world.home("owner"), published=True, **{**changed, "valid_until": world.day(30)})
        factories.create_testbed(store, world.home("host"), published=True, name=f"Bädd {moment}", **changed)
    case = store.query("select * from pairing where id = :id", {"id": world.things["pairing_id"]["released"]})[0]
    access = store.query("select * from access where pairing_id = :id", {"id": case["id"]})[0]
    told = store.query("select * from release where pairing_id = :id", {"id": case["id"]})[0]
    for moment in at:
        store.insert("pairing", {**case, "id": (name := new_id())})
        store.insert("access", {**access, "id": new_id(), "pairing_id": name})
        store.insert("release", {**told, "pairing_id": name, "owner_released_at": moment})


def _shown(hub: Hub, visitor: str, path: str, link: str) -> list[str]:
    """Return the ids that a list links to, in its order, over all of its pages."""
    found: list[str] = []
    for page in range(1, 50):
        answer = hub.send(visitor, "GET", f"{path}{'&' if '?' in path else '?'}page={page}")
        assert answer.status_code == 200, (visitor, path, page)
        main = answer.get_data(as_text=True).partition("<main")[2].partition("</main>")[0]
        new = [
            name for name in dict.fromkeys(re.findall(rf'href="{link}/([a-z0-9]{{16}})"', main)) if name not in found
        ]
        if not new:
            return found
        found += new
    raise AssertionError(f"{path} has no end")


def _told(hub: Hub, visitor: str, path: str, size: int) -> list[dict[str, Any]]:
    """Return the rows of a JSON list over all of its pages of a size."""
    rows: list[dict[str, Any]] = []
    for page in range(1, 100):
        answer = hub.send(visitor, "GET", f"{path}{'&' if '?' in path else '?'}page={page}&per_page={size}").get_json()
        if not answer["rows"]:
            assert answer["total"] == len(rows)
            return rows
        rows += answer["rows"]
    raise AssertionError(f"{path} has no end")


def _csv(hub: Hub, visitor: str, path: str) -> list[dict[str, str]]:
    answer = hub.send(visitor, "GET", path)
    assert answer.status_code == 200, (visitor, path)
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.mark.parametrize("visitor", [name for name in VISITORS if name != "revoked"])
def test_the_released_cases_stand_in_the_same_order_on_the_page_in_the_csv_and_in_the_json(hub, visitor):
    shown = _shown(hub, visitor, "/cases", "/cases")
    assert len(shown) == MORE + 2
    assert [row["id"] for row in _csv(hub, visitor, "/cases.csv")] == shown
    for size in (7, 100):
        assert [row["id"] for row in _told(hub, visitor, "/cases.json", size)] == shown


@pytest.mark.parametrize("visitor", [name for name in VISITORS if name != "revoked"])
@pytest.mark.parametrize("narrowed", ["", "theme=elderly_care", "county=12", "county=01"])
def test_the_open_data_holds_the_needs_and_testbeds_of_the_lists(hub, visitor, narrowed):
    """The open data stands last changed first, as it says of itself; the pages have orders of their own."""
    for kind, late in (("needs", ""), ("needs", "late"), ("testbeds", "")):
        query = "&".join(filter(None, (narrowed, late and "late=yes")))
        shown = _shown(hub, visitor, f"/{kind}?{query}", f"/{kind}")
        if kind == "testbeds":  # the host's own drafts and the brokers' are no open data
            hidden = "published_at is null or withdrawn_at is not null"
            drafts = {row["id"] for row in hub.store.query(f"select id from testbed where {hidden}")}
            shown = [name for name in shown if name not in drafts]
        told = _told(hub, visitor, f"/api/v1/{kind}?{query.replace('yes', 'true')}", 9)
        assert sorted(row["id"] for row in told) == sorted(shown)
        assert len(shown) > (MORE if narrowed != "county=01" else -1)
        assert told == _told(hub, visitor, f"/api/v1/{kind}?{query.replace('yes', 'true')}", 100)
        changed = {row["id"]: row["updated_at"] for row in hub.store.query(f"select id, updated_at from {kind[:-1]}")}
        moments = [changed[row["id"]] for row in told]
        assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize("visitor", WITH_A_ROLE)
@pytest.mark.parametrize("whose", [year_reports.WHOLE, "own"])
def test_a_year_in_csv_and_docx_says_what_the_report_and_the_lists_behind_it_say(hub, visitor, whose):
    whose = hub.world.home(visitor) if whose == "own" else whose
    page = hub.send(visitor, "GET", f"/year/{whose}")
    made = hub.send(visitor, "GET", f"/year/{whose}/paper?kind=csv")
    assert made.status_code == page.status_code
    if page.status_code != 200:
        return
    paper = hub.send(visitor, "GET", f"/year/{whose}/paper?kind=docx")
    laid = [
        [cell.text for cell in row.cells] for table in Document(io.BytesIO(paper.data)).tables for row in table.rows
    ]
    assert laid == _table_rows(page.get_data(as_text=True))
    figures = _csv(hub, visitor, f"/year/{whose}/paper?kind=csv")
    assert len(figures) > 20
    for row in figures:
        if row["n"] and not row["unit"]:
            listed = 0
            for number in range(1, 50):
                text = hub.send(visitor, "GET", f"/year/{whose}/list?figure={row['code']}&page={number}")
                rows = text.get_data(as_text=True).count('<tr><th scope="row">')
                listed += rows
                if not rows or listed >= int(row["n"]):
                    break
            assert listed == int(row["n"]), row["code"]


def _table_rows(page: str) -> list[list[str]]:
    """Return the texts of all table rows of a page."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [
        [html.unescape(re.sub(r'<span class="ds-sr-only">[^<]*</span>|<[^>]+>', "", cell)).strip() for cell in row]
        for row in cells
    ]


@pytest.mark.parametrize("visitor", ["broker", "administrator", "owner"])
def test_the_cases_for_an_evaluator_are_those_of_the_brokers_list(hub, visitor):
    if hub.send(visitor, "GET", "/year/cases.csv").status_code != 200:
        return
    shown = _shown(hub, "broker", "/pairings", "/pairings")
    days = hub.store.query("select id, proposed_at from pairing where id in :ids", {"ids": shown})
    rows = _csv(hub, visitor, "/year/cases.csv")
    assert len({row["case"] for row in rows}) == len(rows) == len(shown)
    assert sorted(row["proposed_on"] for row in rows) == sorted(clock.day(row["proposed_at"]) for row in days)


@pytest.mark.parametrize("visitor", WITH_A_ROLE)
def test_a_calendar_holds_the_bookings_of_the_list_and_cases_that_the_person_opens(hub, visitor):
    _, token = feeds.make(hub.store, hub.world.people[visitor], None, hub.world.now)
    links = re.findall(r"URL:\S+?/(bookings|pairings|testbeds)/([a-z0-9]{16})", _unfolded(hub, token))
    listed = _shown(hub, visitor, "/bookings", "/bookings")
    told = [name for kind, name in links if kind == "bookings"]
    in_a_case = {row["id"] for row in hub.store.query("select id from booking where pairing_id is not null")}
    if visitor != "broker":  # a broker's calendar holds what the broker asked for, the list all
        assert {*told} | {name for name in listed if name in in_a_case} == {*listed}
    assert {*told} <= {*listed}
    cases = _shown(hub, visitor, "/pairings", "/pairings") if visitor not in ("host", "other_host") else []
    for kind, name in links:
        assert hub.send(visitor, "GET", f"/{kind}/{name}").status_code == 200, (kind, name)
        assert kind != "pairings" or not cases or name in cases


def _unfolded(hub: Hub, token: str) -> str:
    return readable(hub.send("none", "GET", f"/feeds/{token}")).replace("\r\n ", "")
