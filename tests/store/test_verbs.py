"""The five verbs answer alike on both engines."""

from __future__ import annotations

import json
import math

import pytest

from matcher.store import ConstraintViolation, Store, StoreError, UniqueViolation, UnknownName, ValueRefused


def test_query_returns_rows_as_dicts(library: Store):
    rows = library.query("select id, title from book where shelf_id = :shelf order by id", {"shelf": "s1"})
    assert rows == [{"id": "b1", "title": "Räddningstjänst"}, {"id": "b2", "title": "Öland"}]


def test_query_without_params_leaves_percent_and_casts_alone(library: Store):
    assert library.query("select '100 %' as share, cast('7' as integer) % 4 as rest") == [{"share": "100 %", "rest": 3}]


def test_query_with_params_leaves_colons_in_literals_alone(library: Store):
    assert library.query("select ':id %s' as text, id from shelf where id = :id", {"id": "s1"}) == [
        {"text": ":id %s", "id": "s1"}
    ]


def test_query_of_a_statement_without_rows_is_refused(library: Store):
    with pytest.raises(StoreError, match="no rows"):
        library.query("update shelf set places = 1")


def test_two_columns_of_one_name_are_refused(library: Store):
    with pytest.raises(StoreError, match="share a name"):
        library.query("select b.id, s.id from book b join shelf s on s.id = b.shelf_id")


def test_an_untyped_parameter_may_stand_anywhere(library: Store):
    sql = "select id from book where (:title is null or title = :title) order by id limit :n"
    assert [row["id"] for row in library.query(sql, {"title": None, "n": 5})] == ["b1", "b2"]
    assert [row["id"] for row in library.query(sql, {"title": "Öland", "n": 5})] == ["b2"]


def test_numbers_and_comparisons_come_as_plain_python(library: Store):
    (row,) = library.query("select sum(places) as places, avg(places) as mean, 1 = 1 as same from shelf")
    assert row == {"places": 2, "mean": 2.0, "same": 1}
    assert [type(value) for value in row.values()] == [int, float, int]


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("update book set weight = 1", 2),
        ("update book set weight = 1 where id = 'b1'", 1),
        ("delete from book where id = 'nobody'", 0),
        ("insert into shelf (id, label) values ('s2', 'a') on conflict (id) do nothing", 1),
        ("insert into shelf (id, label) values ('s1', 'a') on conflict (id) do nothing", 0),
        ("create table note (id text primary key)", 0),
    ],
)
def test_execute_counts_the_rows_it_wrote(library: Store, sql: str, count: int):
    assert library.execute(sql) == count


def test_a_write_that_returns_rows_goes_through_query(library: Store):
    assert library.query("update shelf set places = places - 1 where id = 's1' returning places") == [{"places": 1}]
    assert library.query("select places from shelf") == [{"places": 1}]


@pytest.mark.parametrize("text", ["å ä ö Å Ä Ö é 🚒", "100 %", "%(x)s", ":x", "it's", "back\\slash", "a\nb\tc", ""])
def test_text_comes_back_as_it_was(library: Store, text: str):
    library.insert("book", {"id": "b3", "shelf_id": "s1", "title": text})
    assert library.query("select title from book where title = :text", {"text": text}) == [{"title": text}]


def test_json_is_text(library: Store):
    themes = json.dumps(["vård", 'a"b', None], ensure_ascii=False)
    library.insert("book", {"id": "b3", "shelf_id": "s1", "title": themes})
    assert library.query("select title from book where id = 'b3'") == [{"title": themes}]


@pytest.mark.parametrize("cover", [b"", b"\x00\xff'\\", bytes(range(256)) * 8, None])
def test_bytes_come_back_as_bytes(library: Store, cover: bytes | None):
    library.insert("book", {"id": "b3", "shelf_id": "s1", "title": "x", "cover": cover})
    (row,) = library.query("select cover from book where id = 'b3'")
    assert row["cover"] == cover
    assert isinstance(row["cover"], bytes | None)


@pytest.mark.parametrize("weight", [0.1, 1e300, -2.5e-300, 3.0, math.inf])
def test_floats_keep_every_bit(library: Store, weight: float):
    library.execute("update book set weight = :weight where id = 'b1'", {"weight": weight})
    assert library.query("select weight from book where weight = :weight", {"weight": weight}) == [{"weight": weight}]


@pytest.mark.parametrize("places", [0, 2**31, 2**63 - 1])
def test_integers_have_64_bits(library: Store, places: int):
    library.upsert("shelf", {"id": "s1", "label": "x", "places": places}, "id")
    assert library.query("select places from shelf") == [{"places": places}]


@pytest.mark.parametrize("value", [True, 2**63, math.nan, "a\x00b", "\ud800", {"a": 1}, ["a"], object()])
def test_other_values_are_refused(library: Store, value: object):
    with pytest.raises(ValueRefused, match="title"):
        library.insert("book", {"id": "b3", "shelf_id": "s1", "title": value})
    with pytest.raises(ValueRefused, match="title"):
        library.query("select id from book where title = :title", {"title": value})


def test_a_missing_parameter_is_an_error(library: Store):
    with pytest.raises(StoreError):
        library.query("select id from book where id = :id", {"other": 1})


@pytest.mark.parametrize(
    ("ids", "found"),
    [([], []), (["b2"], ["b2"]), (("b1", "b2", "b9"), ["b1", "b2"]), ([f"x{i}" for i in range(5000)] + ["b1"], ["b1"])],
)
def test_a_list_stands_after_in(library: Store, ids: list[str], found: list[str]):
    rows = library.query("select id from book where id in :ids and shelf_id = :shelf", {"ids": ids, "shelf": "s1"})
    assert sorted(row["id"] for row in rows) == found


def test_not_in_an_empty_list_is_everything(library: Store):
    rows = library.query("select id from book where not id in :ids and sequel_to not in :ids", {"ids": []})
    assert len(rows) == 2


def test_an_empty_list_works_on_numbers_too(library: Store):
    assert library.query("select id from shelf where places in :places", {"places": []}) == []


def test_insert_refuses_an_unknown_table(library: Store):
    with pytest.raises(UnknownName):
        library.insert("shelff", {"id": "s2", "label": "b"})
    assert "shelff" not in [table.name for table in library.tables()]


def test_insert_refuses_an_unknown_column(library: Store):
    with pytest.raises(UnknownName):
        library.insert("shelf", {"id": "s2", "label": "b", "colour": "red"})


@pytest.mark.parametrize("name", ["shelf; drop table book", 'a"b', "Shelf", ""])
def test_insert_refuses_what_is_no_name(library: Store, name: str):
    with pytest.raises(StoreError, match="not a name"):
        library.insert(name, {"id": "s2"})
    with pytest.raises(StoreError, match="not a name"):
        library.insert("shelf", {name: "s2"})


def test_upsert_adds_then_changes_only_what_is_given(library: Store):
    library.upsert("shelf", {"id": "s2", "label": "b", "places": 5}, "id")
    library.upsert("shelf", {"id": "s2", "label": "c"}, "id")
    assert library.query("select * from shelf where id = 's2'") == [{"id": "s2", "label": "c", "places": 5}]


def test_upsert_takes_a_key_of_several_columns(library: Store):
    for note in ("first", "second"):
        library.upsert("loan", {"book_id": "b1", "at": "2026-01-01", "note": note}, ("book_id", "at"))
    library.upsert("loan", {"book_id": "b1", "at": "2026-01-01"}, ["book_id", "at"])
    assert library.query("select note from loan") == [{"note": "second"}]


def test_upsert_needs_its_whole_key(library: Store):
    with pytest.raises(StoreError, match="key"):
        library.upsert("loan", {"book_id": "b1"}, ("book_id", "at"))


@pytest.mark.parametrize("row", [{"id": "s1", "label": "other"}, {"id": "s2", "label": "Åäö"}])
def test_a_key_that_is_taken_is_a_unique_violation(library: Store, row: dict[str, str]):
    with pytest.raises(UniqueViolation):
        library.insert("shelf", row)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("shelf", {"id": "s2", "label": "b", "places": -1}),
        ("shelf", {"id": "s2", "label": None}),
        ("shelf", {"id": "s2", "label": "b", "places": "many"}),
        ("book", {"id": "b3", "shelf_id": "nowhere", "title": "x"}),
        ("book", {"id": "b3", "shelf_id": "s1", "title": "x", "cover": 1.5}),
    ],
    ids=["check", "not null", "type", "foreign key", "type of bytes"],
)
def test_a_broken_rule_is_a_constraint_violation(library: Store, table: str, row: dict[str, object]):
    with pytest.raises(ConstraintViolation):
        library.insert(table, row)


def test_a_row_that_others_need_cannot_be_deleted(library: Store):
    with pytest.raises(ConstraintViolation):
        library.execute("delete from shelf where id = 's1'")


def test_nonsense_is_a_store_error(library: Store):
    with pytest.raises(StoreError):
        library.execute("selekt 1")


def test_several_rows_are_added_at_once_all_or_none(library: Store):
    texts = ["tab\tend", "back\\slash", "\\N", "line\nbreak\r", "å 'q' \"q\" %s :x", ""]
    rows = [{"id": f"m{n}", "shelf_id": "s1", "title": one, "cover": b"\x00\xff\\"} for n, one in enumerate(texts)]
    library.insert("book", rows)
    found = library.query("select id, shelf_id, title, cover from book where id in :ids order by id",
                          {"ids": [row["id"] for row in rows]})  # fmt: skip
    assert found == rows
    with pytest.raises(UniqueViolation):
        library.insert("book", [{**rows[0], "id": "m9"}, rows[1]])
    assert library.query("select id from book where id = 'm9'") == []
    with pytest.raises(ValueRefused):
        library.insert("book", [{**rows[0], "id": "m9"}, {**rows[1], "id": "m8", "title": "nul\x00"}])
    with pytest.raises(UnknownName):
        library.insert("shelff", [{"id": "s2", "label": "b"}])
    library.insert("book", [])
    with library.atomic():
        library.insert("book", [{**rows[0], "id": "m9"}])
    assert library.query("select title from book where id = 'm9'") == [{"title": texts[0]}]
