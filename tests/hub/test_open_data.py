from __future__ import annotations

from matcher.hub import need_content, open_data, testbeds
from matcher.store import Store
from tests.factories import NOW, create_need, create_organisation, create_testbed


def titles(found: dict) -> list[str]:
    return [row["title"] for row in found["rows"]]


def test_only_what_is_published_and_open_in_the_public_fields(store: Store) -> None:
    town = create_organisation(store, name="Lövhamn")
    create_need(store, town)
    create_need(store, town, submitted=True)
    create_need(store, town, published=True, closed_at=NOW, close_reason="met")
    create_need(store, town, published=True, title="Open")
    found = open_data.list_needs(store, NOW)
    assert (titles(found), found["total"]) == (["Open"], 1)
    assert set(found["rows"][0]) == set(need_content.PUBLIC_FIELDS)
    assert found["rows"][0]["organisation"] == "Lövhamn"


def test_needs_are_narrowed_by_codes_place_and_time(store: Store) -> None:
    create_need(store, published=True, title="A", themes=["elderly_care", "school"], beneficiaries=["staff"])
    create_need(store, published=True, title="B", themes=["waste"], beneficiaries=["resident"],
                county_code="24", municipality_code="2480", updated_at="2026-11-25T10:00:00.000000Z")  # fmt: skip
    create_need(store, published=True, title="C", themes=["waste"], valid_until="2020-01-01")
    assert titles(open_data.list_needs(store, NOW, theme="school")) == ["A"]
    assert titles(open_data.list_needs(store, NOW, theme="waste")) == ["B"]
    assert titles(open_data.list_needs(store, NOW, theme="waste", late=True)) == ["B", "C"]
    assert titles(open_data.list_needs(store, NOW, beneficiary="staff")) == ["A"]
    assert titles(open_data.list_needs(store, NOW, county="24", municipality="2480")) == ["B"]
    assert titles(open_data.list_needs(store, NOW, since="2026-11-25T10:00:00.000000Z")) == ["B"]


def test_pages_never_overlap_and_one_beyond_the_last_is_empty(store: Store) -> None:
    town = create_organisation(store)
    for _ in range(5):
        create_need(store, town, published=True)
    pages = [open_data.list_needs(store, NOW, page=page, per_page=2) for page in (1, 2, 3, 4)]
    assert [len(page["rows"]) for page in pages] == [2, 2, 1, 0]
    assert len({row["id"] for page in pages for row in page["rows"]}) == 5
    assert len(open_data.list_needs(store, NOW, per_page=10_000)["rows"]) == 5


def test_testbeds_of_the_catalogue_in_the_public_fields(store: Store) -> None:
    create_testbed(store)
    create_testbed(store, published=True, withdrawn_at=NOW)
    create_testbed(store, published=True, name="Open", themes=["school"])
    found = open_data.list_testbeds(store, theme="school", county="12", municipality="1280", since=NOW)
    assert [row["name"] for row in found["rows"]] == ["Open"]
    assert set(found["rows"][0]) == set(testbeds.PUBLIC_FIELDS)
    assert open_data.list_testbeds(store, theme="waste")["rows"] == []
