"""The reference lists are complete, agree with each other and, where at hand, with the published lists."""

import csv
import math
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT.parent / "shared" / "data" / "reference"
KM_PER_DEGREE = 111.2


def rows(path: Path) -> list[dict[str, str]]:
    """All rows of a CSV file (UTF-8, with or without BOM) as dicts."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def published(name: str) -> list[dict[str, str]]:
    """Rows of a published list beside the repository; skips the test where it is absent."""
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(f"../shared/data/reference/{name} is not on this machine")
    return rows(path)


@pytest.fixture(scope="module")
def municipalities() -> list[dict[str, str]]:
    return rows(ROOT / "data" / "municipalities.csv")


@pytest.fixture(scope="module")
def counties() -> list[dict[str, str]]:
    return rows(ROOT / "data" / "counties.csv")


def test_there_are_290_municipalities_with_unique_codes_and_names(municipalities):
    assert len(municipalities) == 290
    assert len({row["code"] for row in municipalities}) == 290
    assert len({row["name"] for row in municipalities}) == 290


def test_a_municipality_code_starts_with_its_county_code(municipalities, counties):
    codes = {row["code"] for row in counties}
    for row in municipalities:
        assert row["code"][:2] == row["county_code"]
        assert row["county_code"] in codes


def test_every_county_has_a_municipality_and_a_region(municipalities, counties):
    assert len(counties) == 21
    assert {row["code"] for row in counties} == {row["county_code"] for row in municipalities}
    assert len({row["region"] for row in counties}) == 21
    assert all("egion" in row["region"] for row in counties)


def test_every_place_lies_in_sweden_to_two_decimals(municipalities, counties):
    for row in municipalities + counties:
        assert 55.3 < float(row["lat"]) < 69.1, row
        assert 10.9 < float(row["lon"]) < 24.2, row
        assert {len(row[axis].split(".")[1]) for axis in ("lat", "lon")} == {2}, row


def test_the_17_goals_are_numbered_in_order():
    goals = rows(ROOT / "data" / "goals.csv")
    assert [int(row["number"]) for row in goals] == list(range(1, 18))
    assert all(row["sv"] and row["en"] for row in goals)


def test_themes_have_stable_codes_and_both_languages():
    themes = rows(ROOT / "data" / "themes.csv")
    assert len({row["code"] for row in themes}) == len(themes) >= 16
    assert all(row["code"].replace("_", "").isalpha() and row["code"].islower() for row in themes)
    assert all(row["sv"] and row["en"] for row in themes)


def test_perspectives_have_stable_codes_and_both_languages():
    perspectives = rows(ROOT / "data" / "perspectives.csv")
    assert len({row["code"] for row in perspectives}) == len(perspectives) == 4
    assert all(row["code"].isalpha() and row["code"].islower() and row["sv"] and row["en"] for row in perspectives)


def test_municipalities_agree_with_the_published_list(municipalities):
    theirs = {row["municipality_code"]: row for row in published("se_municipalities.csv")}
    assert {row["code"] for row in municipalities} == set(theirs)
    for row in municipalities:
        other = theirs[row["code"]]
        assert (row["name"], row["county_code"]) == (other["municipality_name_short"], other["county_code"])


def kilometres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance in km between two (lat, lon) in degrees, on a flat map: good enough for tens of km."""
    north = (a[0] - b[0]) * KM_PER_DEGREE
    east = (a[1] - b[1]) * KM_PER_DEGREE * math.cos(math.radians(a[0]))
    return math.hypot(north, east)


def test_places_lie_near_the_published_coordinates(municipalities):
    # Ours is the main town, theirs now and then the middle of the municipality: up to 15 km apart.
    theirs = {row["municipality_code"]: row for row in published("se_municipalities.csv")}
    for row in municipalities:
        ours, other = ((float(place["lat"]), float(place["lon"])) for place in (row, theirs[row["code"]]))
        assert kilometres(ours, other) < 15, row["name"]


def test_counties_agree_with_the_published_list(counties):
    theirs = {row["county_code"]: row["county_name"] for row in published("se_counties.csv")}
    assert {row["code"]: row["name_sv"] for row in counties} == theirs
