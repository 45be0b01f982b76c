"""The year's figures come to a plain recount of the record, and each is the list that it opens; on both engines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from matcher.hub import clock, outcomes, year_facts, year_reports, year_span, years
from matcher.hub.year_facts import Scope
from matcher.store import Store
from tests.conftest import ENGINES, Databases

from .year_hub import NOW, YEARS, YearHub

REVIEW_DAYS = 7


@pytest.fixture(scope="module", params=ENGINES)
def hub(request: Any, tmp_path_factory: Any, migrated_file: Any) -> Iterator[YearHub]:
    """One hub an engine for all tests here: they read only, and it takes seconds to make."""
    folder = tmp_path_factory.mktemp("years")
    databases = Databases(folder, migrated_file, lambda: request.getfixturevalue("postgres"))
    yield YearHub(databases.open(request.param, migrated=True))
    databases.clear()


@pytest.fixture
def made(hub: YearHub) -> Store:
    return hub.store


def swedish_year(moment: str) -> int:
    """Tell the year by the tables of time zones, not by the rule under test."""
    return clock.parse(moment).astimezone(year_span.ZONE).year


def recount(store: Store, year: int, action: str, **detail: Any) -> set[str]:
    """Return the cases or needs for which the record first tells of an action in a year."""
    found: dict[str, str] = {}
    for row in store.query("select * from audit where action = :action order by at, id", {"action": action}):
        if all(f'"{name}": "{value}"' in row["detail"] for name, value in detail.items()):
            found.setdefault(row["subject_id"], row["at"])
    return {one for one, at in found.items() if swedish_year(at) == year}


RECORDED = {
    "published": "need.publish", "proposed": "pairing.propose", "declined": "pairing.decline",
    "confirmed": "pairing.confirm", "agreed": "agreement.in_force", "begun": "pilot.start", "decided": "pilot.decide",
}  # fmt: skip


def in_use_by_record(store: Store, moment: str) -> set[str]:
    """Return the cases whose last told answer, of the latest month, says in use: from the record alone."""
    latest: dict[str, tuple[int, str]] = {}
    rows = store.query(
        "select * from audit where action in ('outcome.answer', 'outcome.correct') and at <= :at order by at, id",
        {"at": moment},
    )
    for row in rows:
        month = int(row["detail"].split('"month": ')[1].split(",")[0].split("}")[0])
        use = row["detail"].split('"in_use": "')[1].split('"')[0]
        if month >= latest.get(row["subject_id"], (0, ""))[0]:
            latest[row["subject_id"]] = (month, use)
    return {one for one, (_month, use) in latest.items() if use in ("yes", "partly")}


def test_the_report_comes_to_a_plain_recount_of_the_record(made: Store, hub: YearHub) -> None:
    assert len(hub.cases) >= 30
    told: Counter[str] = Counter()
    for year in YEARS:
        found = years.figures(made, Scope(), year, NOW, REVIEW_DAYS)
        for code, action in RECORDED.items():
            assert {item.id for item in found[code].items} == recount(made, year, action), (year, code)
            told[code] += found[code].number
        for decision in ("adopt", "adapt", "retest", "stop"):
            listed = {item.id for item in found[f"decided_{decision}"].items}
            assert listed == recount(made, year, "pilot.decide", decision=decision)
        end = year_span.last_moment(year, NOW)
        assert {item.id for item in found["in_use"].items} == in_use_by_record(made, end)
        assert found["in_use"].number == outcomes.in_use(made, end)
    assert told == Counter({code: _ever(made, action) for code, action in RECORDED.items()})
    assert all(told[code] for code in ("confirmed", "agreed", "begun", "decided")), "the hub came nowhere"


def _ever(store: Store, action: str) -> int:
    rows = store.query("select count(distinct subject_id) as n from audit where action = :a", {"a": action})
    return int(rows[0]["n"])


def test_what_came_into_use_and_what_went_out_explain_the_change(made: Store, hub: YearHub) -> None:
    before: set[str] = set()
    for year in YEARS:
        found = years.figures(made, Scope(), year, NOW)
        now_in, new, gone = (
            {item.id for item in found[code].items} for code in ("in_use", "newly_in_use", "no_longer")
        )
        assert (before | new) - gone == now_in
        before = now_in
    assert before


def test_some_steps_lie_in_the_hour_that_is_another_year_in_sweden(made: Store, hub: YearHub) -> None:
    rows = made.query("select at from audit where kind in ('pairing', 'need')")
    assert any(swedish_year(row["at"]) != int(row["at"][:4]) for row in rows)


def test_the_units_add_up_to_their_organisation_and_owners_to_the_hub(made: Store, hub: YearHub) -> None:
    for year in YEARS:
        whole = years.figures(made, Scope(), year, NOW)
        row = year_reports.load(made, hub.broker, hub.town["id"])
        town = year_facts.Facts(made, year_reports.scope(row), year, NOW, REVIEW_DAYS)
        parts = [years.drawn(town, ids) for _unit, ids in year_reports.parts(row)]
        other = years.figures(made, Scope((hub.other["id"],)), year, NOW)
        assert len(parts) == 2
        for code in set(years.CODES) - {"companies", "people"}:
            own = years.drawn(town)[code].number
            assert sum(part[code].number for part in parts) == own, code
            assert own + other[code].number == whole[code].number, code


def test_a_part_read_with_the_whole_is_the_same_as_read_alone(made: Store, hub: YearHub) -> None:
    for year in YEARS:
        whole = year_facts.Facts(made, Scope(), year, NOW, REVIEW_DAYS)
        assert years.drawn(whole, [hub.unit["id"]]) == years.figures(made, Scope((hub.unit["id"],)), year, NOW)


def test_counties_part_the_hub(made: Store, hub: YearHub) -> None:
    for year in YEARS:
        whole, one, two = (years.figures(made, Scope(None, county), year, NOW) for county in ("", "01", "12"))
        for code in set(years.CODES) - {"companies", "people"}:
            assert whole[code].number == one[code].number + two[code].number, code


def test_every_figure_is_as_long_as_the_pages_of_its_list(made: Store, hub: YearHub, monkeypatch: Any) -> None:
    monkeypatch.setattr(year_reports, "PAGE", 5)
    for year in YEARS:
        for code, figure in years.figures(made, Scope(), year, NOW).items():
            pages = range(1, year_reports.pages(figure) + 1)
            rows = [row for page in pages for row in year_reports.listed(made, hub.broker, figure, page)]
            if code in years.PROTECTED:
                assert all(row["kind"] == "case" for row in rows)
            elif code in years.SUMS:
                assert sum(row["value"] for row in rows) == figure.number
            else:
                assert len(rows) == figure.number, code


def test_days_are_counted_from_the_rows(made: Store, hub: YearHub) -> None:
    for year in YEARS:
        found = years.figures(made, Scope(), year, NOW)
        assert [item.id for item in found["match_to_test"].items] == [item.id for item in found["begun"].items]
        for item in found["match_to_test"].items:
            row = made.query(
                """select p.confirmed_at, t.started_at from pairing p join pilot t on t.pairing_id = p.id
                   where p.id = :id""",
                {"id": item.id},
            )[0]
            assert item.value == clock.days_between(row["confirmed_at"], row["started_at"])


def test_what_has_not_happened_yet_is_not_counted(made: Store, hub: YearHub) -> None:
    early = "2025-03-01T00:00:00.000000Z"
    found, whole = (years.figures(made, Scope(), 2025, now) for now in (early, NOW))
    for code in ("published", "proposed", "confirmed", "agreed", "begun", "decided"):
        assert {item.id for item in found[code].items} == {item.id for item in whole[code].items if item.at <= early}
    assert years.figures(made, Scope(), 2027, NOW)["published"].number == 0


def test_answers_are_within_promise_until_the_day_is_over(made: Store, hub: YearHub) -> None:
    for year in YEARS:
        found = years.figures(made, Scope(), year, NOW, REVIEW_DAYS)
        for promise in years.PROMISES:
            due, kept = found[f"{promise}_due"], found[f"{promise}_kept"]
            assert not Counter(kept.items) - Counter(due.items)
            assert all(item.at.startswith(str(year)) for item in due.items)
    reviews = sum(years.figures(made, Scope(), year, NOW)["reviews_due"].number for year in (2023, *YEARS))
    late = made.query("select count(*) as n from audit where action = 'need.submit' and at <= :now", {"now": NOW})
    assert reviews <= late[0]["n"]
    assert reviews > 30


def test_a_company_is_a_first_time_supplier_once_to_each_owner(made: Store, hub: YearHub) -> None:
    first = sum(years.figures(made, Scope(), year, NOW)["first_time"].number for year in YEARS)
    pairs = made.query(
        """select distinct s.organisation_id as supplier, n.organisation_id as owner from pairing p
           join need n on n.id = p.need_id join startup s on s.id = p.startup_id where p.confirmed_at is not null"""
    )
    assert first == len(pairs)


@pytest.mark.parametrize(
    ("moment", "year"),
    [
        ("2026-12-31T22:59:59.999999Z", 2026),
        ("2026-12-31T23:00:00.000000Z", 2027),
        ("2027-12-31T22:59:59.999999Z", 2027),
        ("2027-06-30T22:30:00.000000Z", 2027),
    ],
)
def test_a_year_begins_at_midnight_in_sweden(moment: str, year: int) -> None:
    first, following = year_span.bounds(year)
    assert first <= moment < following
    assert (year_span.year_of(moment), swedish_year(moment)) == (year, year)
    assert year_span.before(year) < first
    assert clock.parse(first) - clock.parse(year_span.before(year)) == timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("days", "expected"),
    [([4], (4, 4, 4)), ([1, 3], (1.5, 2, 2.5)), ([10, 20, 30, 40, 50], (20, 30, 40)), ([7, 7, 7], (7, 7, 7))],
)
def test_the_middle_half_lies_between_the_quartiles(days: list[int], expected: tuple[float, ...]) -> None:
    items = tuple(years.Item("case", str(place), NOW, value) for place, value in enumerate(days))
    spread = years.Figure("need_to_match", items).spread
    assert spread is not None
    assert (spread.lower, spread.median, spread.upper, spread.n) == (*expected, len(days))
    assert years.Figure("need_to_match").spread is None


@pytest.mark.parametrize(
    ("yes", "no", "told"),
    [(0, 0, (0, 0)), (4, 20, (None, None)), (20, 0, (None, None)), (5, 5, (5, 5)), (9, 4, (None, None))],
)
def test_small_numbers_of_people_are_not_told_nor_what_gives_them_away(yes: int, no: int, told: Any) -> None:
    found = {
        code: years.Figure(code, tuple(years.Item("share", f"{code}{place}", NOW) for place in range(number)))
        for code, number in (("known_yes", yes), ("known_no", no), ("people", yes), ("confirmed", yes))
    }
    assert (years.told(found, "known_yes"), years.told(found, "known_no")) == told
    assert years.told(found, "people") == (None if 0 < yes < years.FEW else yes)
    assert years.told(found, "confirmed") == yes


def test_only_years_in_which_something_happened_can_be_chosen(store: Store) -> None:
    assert years.known(store, NOW) == [2026]


def test_the_years_reach_back_to_the_first_step(made: Store, hub: YearHub) -> None:
    assert years.known(made, NOW)[0] == 2026
    assert years.known(made, NOW)[-1] in (2023, 2024)
