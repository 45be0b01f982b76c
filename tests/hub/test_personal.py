"""The inventory of personal data names every table and every column: whoever adds one decides what becomes of it."""

from __future__ import annotations

import pytest

from matcher.hub.personal import HOLDINGS
from matcher.store import Store


def test_every_table_and_every_column_is_in_the_inventory(store: Store):
    held = {table.name: set(table.columns) for table in store.tables()}
    assert sorted(set(held) - set(HOLDINGS)) == [], "tables that nobody has decided about: hub/personal.py"
    assert sorted(set(HOLDINGS) - set(held)) == [], "tables that are not there"
    wrong = {name: held[name] ^ HOLDINGS[name].columns for name in held if held[name] != HOLDINGS[name].columns}
    assert wrong == {}, "columns that nobody has decided about, or that are not there"


def test_every_column_that_names_a_person_is_one_of_who(store: Store):
    for table in store.tables():
        people = {column for column, other in table.references if other == "person"}
        assert people == set(HOLDINGS[table.name].names("who")), table.name


@pytest.mark.parametrize("table", sorted(HOLDINGS))
def test_a_column_is_of_one_kind_and_its_writer_is_there(table):
    holding = HOLDINGS[table]
    names = [
        name for kind in ("facts", "who", "said", "work", "kept", "hashes", "machine") for name in holding.names(kind)
    ]
    names += [name for group in holding.contacts() for name in group]
    assert len(names) == len(set(names))
    for _, spec in holding.texts("said", "work", "kept"):
        if spec and not spec.startswith("@"):
            assert set(spec.split("|")) <= set(holding.names("who"))
    assert bool(holding.kept) == bool(holding.why)
