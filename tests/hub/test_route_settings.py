"""The hub's list of ways is read from its files, and a file that cannot be used says where and why."""

from __future__ import annotations

import shutil

import pytest

from matcher.hub import route_settings
from matcher.hub.route_guide import years_later
from matcher.hub.route_settings import SHIPPED, GuideError


@pytest.fixture
def folder(tmp_path):
    """A copy of the files that are shipped."""
    shutil.copytree(SHIPPED, tmp_path / "routes")
    return tmp_path / "routes"


def change(folder, name, before, after):
    path = folder / f"{name}.toml"
    text = path.read_text(encoding="utf8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf8")


def test_the_shipped_list_has_the_nine_ways_and_a_source_for_each_text_and_figure():
    guide = route_settings.load()
    assert [way.code for way in guide.ways] == [
        "testbed_agreement", "paid_test", "early_dialogue", "rfi", "contest", "competitive_dialogue",
        "innovation_partnership", "pre_commercial", "functional_procurement",
    ]  # fmt: skip
    assert all(way.sources and len(way.items) >= 4 for way in guide.ways)
    assert {rule.way for rule in guide.rules} == {way.code for way in guide.ways}
    assert all(figure.source and figure.url and figure.as_of for figure in guide.figures.values())


@pytest.mark.parametrize(
    ("today", "doubt"), [("2025-12-31", None), ("2026-01-01", None), ("2026-01-02", "old"), ("2030-01-01", "old")]
)
def test_a_figure_is_doubted_two_years_after_it_was_last_known_to_hold(today, doubt):
    assert route_settings.load().figures["direct_lou"].doubt(today) == doubt


@pytest.mark.parametrize(("today", "doubt"), [("2025-12-31", None), ("2026-01-01", "ended")])
def test_a_figure_is_doubted_when_its_period_has_ended(today, doubt):
    assert route_settings.load().figures["special_lou"].doubt(today) == doubt


def test_two_years_after_a_leap_day_is_a_day_that_exists():
    assert years_later("2024-02-29", 2) == "2026-03-01"


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        ("figures", "700_000", "-1", "figure 1 (direct_lou): amount must be whole kronor"),
        ("figures", "amount = 700_000", "", "figure 1 (direct_lou): amount is missing"),
        ("figures", "as_of = 2024-01-01", 'as_of = "2024-01-01"', "without quotes"),
        ("figures", 'url = "https://', 'url = "http://', "an address begins with https://"),
        ("figures", 'code = "direct_luf"', 'code = "direct_lou"', "the code direct_lou stands there twice"),
        ("figures", "[[figure]]", "[[figure", "figures.toml: "),
        ("ways", 'kind = "other"', 'kind = "free"', "kind must be other or procurement"),
        ("ways", 'id = "open_to_others"', 'id = "end"', "ids differ"),
        ("ways", "date = 2014-02-26", "", "a source needs its date"),
        ("ways", 'sv = "Tidig dialog"', 'sv = " "', "the text sv is empty"),
        ("ways", 'code = "rfi"', 'code = "r f i"', "letters, digits and _"),
        ("ways", 'code = "rfi"', 'code = "ask"', "there is no way 'rfi'"),
        ("rules", 'testbed = ["yes"]', 'testbed = ["maybe"]', "testbed takes some of yes, no, unknown"),
        ("rules", "testbed = [", "weather = [", "there is no question 'weather'"),
        ("rules", 'under = "direct_lou"', 'under = "limit"', "there is no figure 'limit'"),
        ("rules", "{ under = 1 }", "{ over = 1 }", "amount takes from and under"),
        ("rules", "gränsen {under}", "gränsen {limit}", "the text uses {limit}"),
        ("rules", "points = 3", 'points = "3"', "points must be a whole number"),
        ("rules", "points = 1\nsv = \"Den vägen", "points = 0\nsv = \"Den vägen", "there is always a way"),
        ("rules", "serves = 3", "serves = true_", "rules.toml: "),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_says_which_entry_and_why(folder, name, before, after, said):
    change(folder, name, before, after)
    with pytest.raises(GuideError) as error:
        route_settings.read(folder)
    assert said in str(error.value)


def test_the_way_that_is_always_open_cannot_be_closed_by_a_rule(folder):
    closing = '[[rule]]\ncode = "closes"\nway = "functional_procurement"\nstops = true\nsv = "x"\nen = "x"\n'
    with (folder / "rules.toml").open("a", encoding="utf8") as file:
        file.write(f'{closing}when = {{ market = ["no"] }}\n')
    with pytest.raises(GuideError, match="must not be stopped"):
        route_settings.read(folder)


def test_a_hubs_own_file_stands_in_for_the_shipped_one_and_is_read_again_when_it_changes(tmp_path, folder):
    own = tmp_path / "own"
    own.mkdir()
    shutil.copy(folder / "figures.toml", own)
    assert route_settings.load(own).figures["direct_lou"].amount == 700_000
    change(own, "figures", "700_000", "1_000_000")
    assert route_settings.load(own).figures["direct_lou"].amount == 1_000_000


def test_a_file_of_ones_own_that_is_broken_is_left_aside_and_told(tmp_path):
    (tmp_path / "ways.toml").write_bytes(b"\xff")
    guide = route_settings.load(tmp_path)
    assert len(guide.ways) == 9
    assert [fault.split(":")[0] for fault in guide.faults] == ["ways.toml"]


def test_a_folder_that_is_not_there_means_the_shipped_list(tmp_path):
    assert route_settings.load(tmp_path / "none") == route_settings.load()
