"""Every page, as every role, in both languages, wide and narrow, light and dark: nothing for axe to find."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from matcher.hub import clock, ids

from .conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.model]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],  # what it finds in order is not described, which takes long on a large page
}

PUBLIC = [
    "/", "/login", "/password", "/needs", "/needs/need-fall-night", "/needs/need-fall-night/versions", "/testbeds",
    "/testbeds/tb-vinterbana", "/results", "/search", "/search?q=snö", "/about/accessibility", "/about/privacy",
    "/about/ranking", "/no-such-page",
]  # fmt: skip
PAGES = {
    None: PUBLIC,
    "broker": [
        "/desk/", "/desk/needs/need-fall-night", "/desk/needs/need-fall-night?stopped=yes",
        "/desk/needs/need-fall-night/compare?startup=su-nattvakt&startup=su-balansera", "/needs", "/startups",
        "/startups/su-nattvakt", "/startups/su-nattvakt/edit", "/testbeds", "/pairings", "/imports", "/search?q=snow",
        "/account", "/account/second-factor", "/account/kept", "/account/erase", "/needs/new", "/startups/duplicates",
        "/interests", "/map",
    ],
    "owner": ["/mine", "/needs/new", "/needs/need-fall-night", "/needs/need-fall-night/edit?step=effect",
              "/needs/need-fall-night/edit?step=check", "/needs/need-fall-night/candidates", "/pairings"],
    "startup": ["/mine", "/startups/su-nattvakt", "/startups/su-nattvakt/edit", "/startups/su-nattvakt/needs",
                "/needs/need-snow-walkways/interest", "/pairings", "/interests"],
    "host": ["/mine", "/testbeds/tb-vinterbana", "/testbeds/tb-vinterbana/edit", "/testbeds/new", "/pairings"],
    "administrator": ["/mine", "/account/erase", "/admin/people", "/admin/organisations", "/admin/outbox",
                      "/admin/record", "/admin/record/check", "/admin/incidents", "/admin/incidents/new"],
}  # fmt: skip


# The pages of cases, spread, aid and the year, in one language each: axe takes its second a page. In braces stands a
# case of the demo by its need, a booking by its title, or the token of a link.
CASES = {
    None: [
        "/cases", "/cases/{need-h-ensam-larm}", "/feedback/{feedback}", "/outcome/{outcome}",
        "/places", "/places?{days}", "/testbeds/tb-vinterbana/calendar",
    ],
    "broker": [
        "/pairings/board", "/pairings/{need-wounds}", "/pairings/{need-wounds}/tasks",
        "/pairings/{need-wounds}/handover", "/pairings/{need-wounds}/log", "/pairings/{need-wounds}/pilot",
        "/pairings/{need-preschool-plastic}/agreement", "/needs/need-wounds/questions", "/spread",
        "/spread/su-tystlarm", "/spread/su-tystlarm/almsund", "/drawer", "/aid", "/aid/co-nattvakt",
        "/pairings/{need-h-nattfall-korttid}/release", "/year", "/year/summary", "/year/reports", "/year/lovhamn",
        "/year/lovhamn/list?figure=in_use", "/bookings", "/pairings/{need-rural-bus}",
        "/testbeds/tb-forskola/book?pairing_id={need-preschool-plastic}", "/bookings/{Tolk på skärm vid lånedisken}",
    ],
    "owner": [
        "/pairings/{need-h-nattfall-korttid}/spread", "/pairings/{need-h-ensam-larm}/copy",
        "/needs/need-fall-night/lessons", "/places?{days}&need=need-fall-night", "/bookings",
        "/testbeds/tb-vinterbana/book", "/bookings/{Lugnare lunch med ljuddämpande bordsskivor}",
    ],
    "startup": [
        "/places?{days}", "/feeds", "/testbeds/tb-simulering/book?{days}",
        "/bookings/{Öva uppresning med simulerad patient}",
        "/bookings/{Tyst larm på natten i sex lägenheter}",
    ],
    "host": [
        "/testbeds/tb-vinterbana/calendar", "/feeds", "/bookings", "/bookings/{Vinterdäck på kommunens elcyklar}",
        "/bookings/{Hållplatsen som säger till när den är plogad}", "/bookings/{Sensorer under snön i tre ytskikt}",
    ],
    "administrator": ["/admin/people/{person}", "/admin/people/{person}/kept", "/admin/people/{person}/erase"],
}  # fmt: skip


@pytest.mark.parametrize("locale", ["sv", "en"])
@pytest.mark.parametrize("role", PAGES)
def test_axe_finds_nothing(visit: Callable[..., Page], role: str | None, locale: str) -> None:
    page = visit(role, locale, scheme="dark" if locale == "en" else "light")
    assert _faults(page, locale, PAGES[role]) == {}


@pytest.mark.parametrize(
    ("role", "locale"), [(None, "en"), ("broker", "sv"), ("owner", "en"), ("startup", "sv"), ("host", "en"),
     ("administrator", "sv")],
)  # fmt: skip
def test_axe_finds_nothing_on_the_pages_of_cases(
    visit: Callable[..., Page], site: Site, named: dict[str, str], role: str | None, locale: str
) -> None:
    page = visit(role, locale, scheme="dark" if locale == "en" else "light")
    assert _faults(page, locale, [path.format_map(named) for path in CASES[role]]) == {}


@pytest.fixture
def named(site: Site) -> dict[str, str]:
    """The ids of the demo's cases by their need (the first of each), and two links with tokens that are known."""
    rows = site.store.query("select need_id, id from pairing order by proposed_at desc")
    found = {row["need_id"]: row["id"] for row in rows}
    found |= {row["title"]: row["id"] for row in site.store.query("select title, id from booking")}
    found["person"] = site.store.query("select id from person order by email")[0]["id"]
    token, asked = ids.new_token(), ids.new_token()
    site.store.execute(
        """update feedback_round set token_hash = :hash, closed_at = null, closed_by = null, closes_on = '2199-01-01'
           where id in (select r.id from feedback_round r join pilot p on p.id = r.pilot_id
                        where p.pairing_id = :case order by r.number limit 1)""",
        {"hash": ids.token_hash(token), "case": found["need-wounds"]},
    )
    due = site.store.query(
        "select pairing_id, month from outcome_link where side = 'owner' order by sent_at desc limit 1"
    )
    row = {**due[0], "side": "owner", "token_hash": ids.token_hash(asked), "sent_at": clock.now()}
    site.store.insert("outcome_link", row)
    soon = [clock.day(clock.later(clock.now(), days=days)) for days in (30, 60)]
    days = f"starts_on={soon[0]}&ends_on={soon[1]}"
    return {**found, "feedback": token, "outcome": asked, "days": days}


TYPED = {"booking": ("title", "message"), "testbed": ("name", "description"), "need": ("title",), "person": ("name",)}


@pytest.fixture
def long_words(site: Site) -> Iterator[None]:
    """A word of 120 letters, as in a pasted link, at the end of what people of the demo wrote."""
    before = {table: site.store.query(f"select id, {', '.join(names)} from {table}") for table, names in TYPED.items()}
    for table, names in TYPED.items():
        longer = ", ".join(f"{name} = substr({name}, 1, 70) || ' ' || :word" for name in names)
        site.store.execute(f"update {table} set {longer}", {"word": "https" + "x" * 115})
    yield
    for table, names in TYPED.items():
        same = ", ".join(f"{name} = :{name}" for name in names)
        for row in before[table]:
            site.store.execute(f"update {table} set {same} where id = :id", row)


LINES = """() => [...document.querySelectorAll('main .figure')].map(one => {
    const range = document.createRange(); range.selectNodeContents(one);
    return new Set([...range.getClientRects()].map(part => Math.round(part.top))).size })"""


CUT = """() => [...document.querySelectorAll('.filters select')].filter((one) => {
    const drawn = document.createElement('canvas').getContext('2d'), style = getComputedStyle(one);
    drawn.font = style.font;
    const room = one.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return drawn.measureText(one.selectedOptions[0].text).width > room + 1 }).map((one) => one.id)"""


def test_a_figure_never_breaks_in_the_middle(visit: Callable[..., Page]) -> None:
    page = visit("broker", "en")
    page.goto("/desk/needs/need-fall-night")
    for width in (360, 768, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert set(page.evaluate(LINES)) == {1}, width


def test_a_long_word_makes_no_page_wider_than_the_window(
    visit: Callable[..., Page], named: dict[str, str], long_words: None
) -> None:
    page = visit("broker", "sv")
    wide = []
    for path in (
        "/bookings", "/bookings/{Tolk på skärm vid lånedisken}", "/pairings/{need-wounds}", "/pairings/board",
        "/testbeds", "/testbeds/tb-vinterbana", "/needs/need-fall-night", "/places?{days}", "/spread", "/desk/",
        "/account/kept", "/account/erase",
    ):  # fmt: skip
        page.goto(path.format_map(named))
        for width in (360, 768, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append((path, width))
    assert wide == []


def test_the_button_of_a_filter_stands_in_its_row(visit: Callable[..., Page]) -> None:
    page = visit("broker", "sv")
    for path in ("/desk/needs/need-fall-night", "/startups"):
        page.goto(path)
        bottoms = page.evaluate(
            """() => ["select", "button"].map((one) =>
                   document.querySelector(`.filters ${one}`).getBoundingClientRect().bottom)"""
        )
        assert abs(bottoms[0] - bottoms[1]) < 3, path


def test_no_choice_of_a_filter_is_cut_off(visit: Callable[..., Page]) -> None:
    page = visit("broker", "sv")
    for path in ("/startups", "/needs", "/map", "/desk/needs/need-fall-night"):
        page.goto(path)
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(CUT) == [], (path, width)


def test_what_belongs_together_on_a_card_stands_in_one_row(visit: Callable[..., Page]) -> None:
    page = visit("broker", "sv")
    page.goto("/desk/needs/need-fall-night")
    tops = page.evaluate(
        """() => [...document.querySelectorAll('.match-actions')].map((one) => new Set([...one.querySelectorAll(
               'summary')].map((part) => Math.round(part.getBoundingClientRect().top))).size)"""
    )
    assert len(tops) > 4
    assert set(tops) == {1}
    page = visit("startup", "sv", width=360)
    page.goto("/startups/su-nattvakt/needs")
    lines = page.evaluate(LINES.replace("main .figure", ".match-rank").replace("(one)", "(one.lastChild)"))
    assert len(lines) == 10
    assert set(lines) == {1}


def test_the_board_has_room_for_its_columns_however_wide_the_window(visit: Callable[..., Page]) -> None:
    page = visit("broker", "sv")
    page.goto("/pairings/board")
    for width, least in ((1280, 4), (1024, 3), (768, 2), (360, 1)):
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate(
            """() => { const board = document.querySelector(".board");
                       const left = [...board.children].map((one) => Math.round(one.getBoundingClientRect().left));
                       return [new Set(left).size, board.scrollWidth > board.clientWidth]; }"""
        )
        assert found == [least, False]


def _faults(page: Page, locale: str, paths: list[str]) -> dict[str, list[object]]:
    """Return what axe finds on each page at 1280 pixels, and whether it is wider than a phone."""
    found = {}
    for path in paths:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == locale
        assert path == "/login" or "/login" not in page.url, f"{path} asks who it is"
        problems = Axe().run(page, options=RULES).response["violations"]
        page.set_viewport_size({"width": 360, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        if problems or wide:
            found[path] = [(problem["id"], problem["nodes"][0]["html"][:160]) for problem in problems] + [wide]
    return found


EMPTY = """() => { const cell = document.createElement('table');
    cell.innerHTML = '<tr><td class="number" data-label="In lists"></td><td data-label="Name"></td></tr>';
    cell.className = 'table'; document.querySelector('main').append(cell);
    return [...cell.querySelectorAll('td')].map((one) => one.getClientRects().length) }"""
PIECES = """(cell) => { const range = document.createRange(); range.selectNodeContents(cell.firstChild);
    return [range.toString().trim(), range.getClientRects().length] }"""


def test_on_a_phone_no_row_shows_the_name_of_what_it_has_not(visit: Callable[..., Page]) -> None:
    page = visit("broker", width=360)
    page.goto("/startups")
    assert page.evaluate(EMPTY) == [0, 0]


def test_the_first_column_of_a_comparison_holds_its_longest_word(visit: Callable[..., Page], site: Site) -> None:
    found = {"keep_id": "su-nattvakt", "drop_id": "su-fallfri-natt", "reason": "orgnr", "found_at": clock.now()}
    offer = ids.new_id()
    site.store.insert("merge_offer", {"id": offer, **found})
    page = visit("broker")
    page.goto(f"/startups/duplicates/{offer}")
    heading = page.locator("th[scope=row]", has_text="Organisationsnummer")
    assert heading.evaluate(PIECES) == ["Organisationsnummer", 1], "in one piece"
    site.store.execute("delete from merge_offer where id = :id", {"id": offer})
