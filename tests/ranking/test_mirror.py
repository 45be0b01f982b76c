import random

import numpy as np
import pytest

from matcher.hub import record, removals, startups
from matcher.ranking import indexing, mirror
from matcher.ranking.encoder import TinyEncoder
from matcher.ranking.mirror import Mirror
from tests.ranking import hub

ENCODER = TinyEncoder(64)


def create_mirror(store, kind="startup", encoder=ENCODER):
    return Mirror(store, kind, *indexing.identity(encoder))


def names(store, held):
    return [row["name"] for row in held.shelf(record.last_seq(store)).rows]


@pytest.fixture
def three(store):
    rows = [hub.create_startup(store, f"{word} utan mening", id=word) for word in ("anna", "berit", "cilla")]
    hub.embed(store, ENCODER)
    return rows


def test_what_is_published_and_has_words_is_held_in_the_order_of_ids(store, three):
    hub.create_startup(store, "doris utan mening", published=False)
    hub.embed(store, ENCODER)
    hub.create_startup(store, "elsa som ingen har läst")
    shelf = create_mirror(store).shelf(record.last_seq(store))
    assert [row["id"] for row in shelf.rows] == sorted(row["id"] for row in three)
    assert shelf.place == {row["id"]: place for place, row in enumerate(shelf.rows)}
    assert shelf.embedded.all()


@pytest.mark.parametrize("column", ["hidden_at", "merged_into"])
def test_what_is_hidden_or_merged_is_let_go(store, three, column):
    held = create_mirror(store)
    assert "Anna" in names(store, held)
    hub.change(store, "startup", three[0], **{column: three[1]["id"] if column == "merged_into" else hub.LATER})
    assert names(store, held) == ["Berit", "Cilla"]


def test_a_closed_need_is_let_go(store):
    need = hub.create_need(store, "Färre fall")
    hub.embed(store, ENCODER)
    held = create_mirror(store, "need")
    assert names(store, held) == ["Färre fall"]
    hub.change(store, "need", need, closed_at=hub.LATER, close_reason="solved")
    assert names(store, held) == []


def test_what_was_deleted_is_let_go(store, three):
    held = create_mirror(store)
    names(store, held)
    with store.atomic():
        removals.remove(store, "startup", three[1]["id"])
    assert names(store, held) == ["Anna", "Cilla"]


def test_a_shelf_never_changes(store, three):
    held = create_mirror(store)
    before = held.shelf(record.last_seq(store))
    hub.change(store, "startup", three[0], name="Annika")
    after = held.shelf(record.last_seq(store))
    assert (before.rows[0]["name"], after.rows[0]["name"]) == ("Anna", "Annika")
    assert before.stamps == after.stamps, "a text that is the same has the same stamp"


def test_while_the_counter_stands_still_nothing_is_asked(store, three):
    counting = hub.CountingStore(store)
    held = create_mirror(counting)
    counter = record.last_seq(store)
    shelf = held.shelf(counter)
    asked = counting.asked
    assert held.shelf(counter) is shelf
    assert counting.asked == asked


def test_many_rows_come_in_pages(store, three, monkeypatch):
    monkeypatch.setattr(mirror, "PAGE", 2)
    assert len(names(store, create_mirror(store))) == 3


def test_a_vector_of_another_model_is_none(store, three):
    shelf = create_mirror(store, encoder=TinyEncoder(32)).shelf(record.last_seq(store))
    assert not shelf.embedded.any()
    assert shelf.texts.vectors.shape == (3, 32)
    assert not shelf.texts.vectors.any()


def test_a_vector_that_comes_later_changes_the_stamp(store):
    row = hub.create_startup(store, "anna utan mening")
    indexing.keep_words(store, "startup", row)
    held = create_mirror(store)
    before = held.shelf(record.last_seq(store))
    hub.embed(store, ENCODER)
    after = held.shelf(record.last_seq(store))
    assert (before.embedded.tolist(), after.embedded.tolist()) == ([False], [True])
    assert before.stamps != after.stamps


def test_a_shelf_that_little_has_changed_on_is_the_one_that_is_made_anew(store, monkeypatch):
    """Many random changes, one at a time: what is patched is held against a mirror that reads everything."""
    monkeypatch.setattr(mirror, "SHARE", 0.4)
    patched = []
    patch = Mirror._patched
    monkeypatch.setattr(Mirror, "_patched", lambda *told: patched.append(1) or patch(*told))
    rows = [hub.create_startup(store, f"{word} i {word}skolan" * 3, id=word) for word in "abcdefghijklmnop"]
    hub.embed(store, ENCODER)
    held, chance = create_mirror(store), random.Random(7)
    same(held.shelf(record.last_seq(store)), store)
    for step in range(40):
        row = store.query("select * from startup where id = :id", {"id": chance.choice(rows)["id"]})[0]
        match step % 4:
            case 0:
                hub.change(store, "startup", row, name=f"Namn {step}")
            case 1:
                hub.change(store, "startup", row, description=f"om sensorer och vatten {step} the river and the sea")
                hub.embed(store, ENCODER)
            case 2:
                hub.change(store, "startup", row, hidden_at=None if row["hidden_at"] else hub.LATER)
            case 3:
                hub.change(store, "startup", row, description=f"only words {step}")
                indexing.keep_words(store, "startup", startups.decode(row | {"description": f"only words {step}"}))
        same(held.shelf(record.last_seq(store)), store)
    assert len(patched) > 15


def same(shelf, store):
    anew = create_mirror(store).shelf(record.last_seq(store))
    assert (shelf.rows, shelf.place, shelf.stamps) == (anew.rows, anew.place, anew.stamps)
    assert shelf.embedded.tolist() == anew.embedded.tolist()
    assert shelf.texts.languages == anew.texts.languages
    assert np.array_equal(shelf.texts.vectors[:], anew.texts.vectors[:])
    assert [one.to_bytes() for one in shelf.texts.terms] == [one.to_bytes() for one in anew.texts.terms]
