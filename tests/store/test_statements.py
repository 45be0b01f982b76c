"""The pure functions both engines share."""

from __future__ import annotations

import pytest

from matcher.store import StoreError, ValueRefused
from matcher.store.statements import MOST_IN_A_LIST, expand_lists, insert, pyformat, rows, upsert


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1 where id = :id", "select 1 where id = %(id)s"),
        ("select :a, :a_2,:b", "select %(a)s, %(a_2)s,%(b)s"),
        ("select (:a)::text, x::int", "select (%(a)s)::text, x::int"),
        ("select ':a', 'it''s :b', :c", "select ':a', 'it''s :b', %(c)s"),
        ('select "odd:name", :c', 'select "odd:name", %(c)s'),
        ("select 5 % 2, '100 %', :c", "select 5 %% 2, '100 %%', %(c)s"),
        ("select 1 -- see :note\n, :c", "select 1 -- see :note\n, %(c)s"),
        ("select 1 /* :note\n :more */, :c", "select 1 /* :note\n :more */, %(c)s"),
        ("select a[1:n], '12:30', :c", "select a[1:n], '12:30', %(c)s"),
    ],
)
def test_names_become_psycopgs(sql: str, expected: str):
    assert pyformat(sql) == expected


def test_a_list_is_written_out():
    sql, values = expand_lists("select 1 where id in :ids and at > :at", {"ids": ["a", "b"], "at": "2026"})
    assert sql == "select 1 where id in (:ids__0, :ids__1) and at > :at"
    assert values == {"at": "2026", "ids__0": "a", "ids__1": "b"}


def test_a_list_is_written_out_wherever_it_stands():
    sql, _ = expand_lists("x IN :ids or y NOT  in :ids", {"ids": (1,)})
    assert sql == "x in (:ids__0) or y not in (:ids__0)"


def test_a_list_in_a_literal_is_left_alone():
    sql, values = expand_lists("select 'in :ids' where id in :ids", {"ids": [1]})
    assert sql == "select 'in :ids' where id in (:ids__0)"
    assert values == {"ids__0": 1}


def test_a_list_that_does_not_stand_after_in_stays_a_list():
    _, values = expand_lists("select 1 where id = :ids", {"ids": [1]})
    assert values == {"ids": [1]}


def test_a_list_that_is_too_long_is_refused():
    with pytest.raises(ValueRefused, match="30001"):
        expand_lists("id in :ids", {"ids": ["x"] * (MOST_IN_A_LIST + 1)})


def test_an_insert_names_its_columns():
    assert insert("shelf", {"id": 1, "label": 2}) == 'insert into "shelf" ("id", "label") values (:id, :label)'


def test_an_insert_of_nothing_is_refused():
    with pytest.raises(StoreError, match="no columns"):
        insert("shelf", {})


def test_an_upsert_updates_what_is_not_the_key():
    assert upsert("shelf", {"id": 1, "label": 2}, "id").endswith(
        'on conflict ("id") do update set "label" = excluded."label"'
    )


def test_an_upsert_of_nothing_but_the_key_does_nothing():
    assert upsert("shelf", {"id": 1}, "id").endswith('on conflict ("id") do nothing')


def test_rows_with_two_columns_of_one_name_are_refused():
    with pytest.raises(StoreError, match="share a name"):
        rows(["id", "id"], [])
