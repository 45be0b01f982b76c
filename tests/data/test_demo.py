"""The demo hub is whole: enough of each noun, valid fields, references that resolve, judgements that hold."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from stdnum.se import orgnr

from matcher.hub import reference

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
NEED_TEXTS = ("title", "people", "description", "effect", "measure", "tried", "keep")
STARTUP_TEXTS = ("problem", "audience", "description", "novelty", "evidence")
NOUNS = ("organisations", "needs", "startups", "testbeds")


def lines(name: str) -> list[dict[str, Any]]:
    """All objects of a JSONL file under data/demo."""
    return [json.loads(line) for line in (DEMO / name).read_text(encoding="utf-8").splitlines()]


def judgements() -> list[dict[str, str]]:
    """The rows of qrels.tsv: query-id, corpus-id, score."""
    with (DEMO / "judgements" / "qrels.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def demo() -> dict[str, dict[str, dict[str, Any]]]:
    """Every noun by id."""
    return {noun: {row["id"]: row for row in lines(f"{noun}.jsonl")} for noun in NOUNS}


def joined(row: dict[str, Any], names: tuple[str, ...]) -> str:
    """The texts of a row that are not empty, a line each."""
    return "\n".join(row[name] for name in names if row[name])


def test_there_is_enough_of_each_noun(demo):
    assert len(demo["needs"]) >= 44
    assert len(demo["startups"]) >= 125
    assert len(demo["testbeds"]) >= 16


@pytest.mark.parametrize("noun", NOUNS)
def test_ids_are_unique(noun, demo):
    assert len(demo[noun]) == len(lines(f"{noun}.jsonl"))


@pytest.mark.parametrize("noun", ["needs", "startups", "testbeds"])
def test_owners_exist(noun, demo):
    assert {row["organisation_id"] for row in demo[noun].values()} <= set(demo["organisations"])


def test_the_testbeds_and_parents_that_are_named_exist(demo):
    assert {row["testbed_id"] for row in demo["needs"].values()} - {None} <= set(demo["testbeds"])
    assert {row["parent_id"] for row in demo["organisations"].values()} - {None} <= set(demo["organisations"])


def test_organisation_numbers_are_valid_and_used_once(demo):
    numbers = [row["orgnr"] for row in demo["organisations"].values() if row["orgnr"]]
    assert all(orgnr.is_valid(number) for number in numbers)
    assert all(len(number) == 10 and number[2] >= "2" for number in numbers)
    assert max(Counter(numbers).values()) == 1


def test_organisations_are_of_known_kinds_and_live_under_reserved_names(demo):
    for row in demo["organisations"].values():
        assert row["kind"] in {"public", "company", "host", "hub"}
        assert not row["website"] or row["website"].endswith((".example.org", ".example.com"))


@pytest.mark.parametrize("noun", ["organisations", "needs", "testbeds"])
def test_places_exist(noun, demo):
    counties, municipalities = reference.codes("counties"), reference.codes("municipalities")
    for row in demo[noun].values():
        # A company from a neighbouring country has no county.
        assert row["county_code"] in counties or (row["kind"], row["county_code"]) == ("company", None), row["id"]
        assert row["municipality_code"] is None or row["municipality_code"] in municipalities, row["id"]


@pytest.mark.parametrize("noun", ["needs", "startups", "testbeds"])
def test_themes_and_languages_are_known(noun, demo):
    for row in demo[noun].values():
        assert row["themes"], row["id"]
        assert set(row["themes"]) <= reference.codes("themes"), row["id"]
        assert {row["language"], *row.get("languages", [])} <= set(reference.LANGUAGES), row["id"]


def test_needs_hold_valid_choices(demo):
    goals = {int(code) for code in reference.codes("goals")}
    for row in demo["needs"].values():
        assert set(row["beneficiaries"]) <= set(reference.BENEFICIARIES), row["id"]
        assert set(row["goals"]) <= goals, row["id"]
        assert row["budget"] in reference.BUDGETS, row["id"]
        assert row["state"] in {"published", "submitted", "draft"}, row["id"]
        assert row["min_readiness"] in {None, *range(1, 10)}, row["id"]
        assert row["local"] in {None, "yes"}, row["id"]


def test_published_and_submitted_needs_have_what_submitting_requires(demo):
    for row in demo["needs"].values():
        if row["state"] != "draft":
            assert all(row[name] for name in ("title", "people", "description", "effect", "measure")), row["id"]


def test_days_are_offsets_from_the_day_of_loading(demo):
    needs = demo["needs"].values()
    assert all(isinstance(row["valid_days"], int) for row in needs)
    assert any(row["valid_days"] < 0 for row in needs)
    assert any(0 < row["valid_days"] < 14 for row in needs)


def test_startups_hold_valid_choices(demo):
    for row in demo["startups"].values():
        assert row["readiness"] in range(1, 10), row["id"]
        assert row["capacity"] in range(5), row["id"]
        assert set(row["seeks"]) <= set(reference.SEEKS), row["id"]
        assert set(row["regions"]) <= reference.codes("counties"), row["id"]
        assert row["description"], row["id"]


def test_testbeds_say_places_answer_time_and_two_contacts(demo):
    for row in demo["testbeds"].values():
        assert row["places"] in range(1, 5), row["id"]
        assert row["answer_days"] in range(1, 31), row["id"]
        assert row["contact_email"] != row["backup_email"], row["id"]
        assert row["contact_email"].endswith(".example.org"), row["id"]
        assert row["backup_email"].endswith(".example.org"), row["id"]
        assert all(closure["start_days"] < closure["end_days"] for closure in row["closures"]), row["id"]


@pytest.mark.parametrize(("noun", "swedish"), [("needs", (0.7, 0.9)), ("startups", (0.5, 0.7))])
def test_languages_are_mixed(noun, swedish, demo):
    count = Counter(row["language"] for row in demo[noun].values())
    assert swedish[0] < count["sv"] / count.total() < swedish[1]
    assert count["en"]
    assert count["fi"]


@pytest.mark.parametrize(("noun", "names"), [("needs", NEED_TEXTS[2:4]), ("startups", STARTUP_TEXTS[2:])])
def test_no_text_stands_in_two_rows(noun, names, demo):
    texts = [row[name] for row in demo[noun].values() for name in names if row[name] and len(row[name]) > 40]
    assert max(Counter(texts).values()) == 1


def test_near_duplicates_are_there_to_be_found(demo):
    startups = demo["startups"]
    assert startups["su-dosklok"]["organisation_id"] == startups["su-dosklok-automat"]["organisation_id"]
    assert startups["su-milvis-sverige"]["name"].startswith("Milvis Planering")
    assert startups["su-rester-plus"]["name"].replace(" ", "").casefold().startswith("resterplus")


def test_every_judged_id_exists_and_is_judged_once(demo):
    pairs = [(row["query-id"], row["corpus-id"]) for row in judgements()]
    assert {query for query, _ in pairs} <= set(demo["needs"])
    assert {document for _, document in pairs} <= set(demo["startups"])
    assert len(set(pairs)) == len(pairs)


def test_enough_is_judged():
    count = Counter(row["query-id"] for row in judgements())
    assert len(count) >= 30
    assert min(count.values()) >= 6
    assert count.total() / len(count) >= 10


def test_grades_run_from_0_to_3_and_every_judged_need_has_a_good_answer():
    grades: dict[str, list[int]] = {}
    for row in judgements():
        grades.setdefault(row["query-id"], []).append(int(row["score"]))
    assert all({0, 3} <= set(values) <= {0, 1, 2, 3} for values in grades.values())


def test_queries_are_the_judged_needs_word_for_word(demo):
    wanted = {row["query-id"] for row in judgements()}
    expected = {key: joined(row, NEED_TEXTS) for key, row in demo["needs"].items() if key in wanted}
    assert {row["_id"]: row["text"] for row in lines("judgements/queries.jsonl")} == expected


def test_corpus_is_the_startups_word_for_word(demo):
    startups = {key: row for key, row in demo["startups"].items() if row["state"] != "draft"}
    expected = {key: (row["name"], joined(row, STARTUP_TEXTS)) for key, row in startups.items()}
    assert {row["_id"]: (row["title"], row["text"]) for row in lines("judgements/corpus.jsonl")} == expected
