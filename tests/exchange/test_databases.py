"""A hub is copied whole, in both directions, or not at all."""

from __future__ import annotations

import pytest

from matcher.exchange import databases as copying
from matcher.exchange.databases import CountsDiffer, SourceNotMigrated, TargetNotEmpty, copy_database
from matcher.store import ConstraintViolation, Store
from matcher.store.schema import pending

NOW = "2026-11-22T08:00:00.000000Z"
WAYS = [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("sqlite", "sqlite"), ("postgresql", "postgresql")]


def organisation(store: Store, id: str, **overrides: object) -> None:
    store.insert("organisation", {"id": id, "name": f"Åre {id}", "kind": "public", "created_at": NOW, **overrides})


def fill(store: Store) -> None:
    """Put in rows that refer to rows further on, to each other, and hold every kind of value."""
    with store.atomic():
        fill_tables(store)


def fill_tables(store: Store) -> None:
    organisation(store, "b")
    organisation(store, "a", parent_id="b")
    store.execute("update organisation set merged_into = 'a' where id = 'b'")
    for i in range(450):
        organisation(store, f"c{i}", parent_id="a" if i else None)
    store.insert("person", {"id": "p", "email": "å@example.org", "name": "Örjan", "created_at": NOW})
    store.insert(
        "startup",
        {"id": "s", "organisation_id": "a", "person_id": "p", "name": "it's 100 %", "seq": 7}
        | {"created_at": NOW, "updated_at": NOW, "readiness": 9},
    )
    store.insert(
        "embedding",
        {"kind": "startup", "subject_id": "s", "model": "m", "text_hash": "h", "embedded_at": NOW}
        | {"vector": bytes(range(256)), "terms": b""},
    )
    for position in range(2 * copying.BATCH):
        store.insert(
            "sentence",
            {"kind": "need", "subject_id": f"n{position % 3}", "position": position, "model": "m"}
            | {"text": "Snöröjning 🚜\n", "vector": b"\x00\xff"},
        )
    store.execute("update counter set value = 7 where name = 'seq'")


def content(store: Store) -> dict[str, list[dict[str, object]]]:
    return {
        table.name: store.query(f'select * from "{table.name}" order by {", ".join(table.key)}')
        for table in store.tables()
        if table.name != "migration"
    }


@pytest.mark.parametrize(("start", "end"), WAYS)
def test_every_row_is_copied(databases, start: str, end: str):
    source, target = databases.open(start, migrated=True), databases.open(end)
    fill(source)
    counts = copy_database(source, target)
    assert content(target) == content(source)
    assert pending(target) == []
    assert counts["organisation"] == 452
    assert counts["sentence"] == 2 * copying.BATCH
    assert counts["need"] == 0
    assert "migration" not in counts


@pytest.mark.parametrize("end", ["sqlite", "postgresql"])
def test_a_newly_migrated_target_counts_as_empty(databases, end: str):
    source, target = databases.open("sqlite", migrated=True), databases.open(end, migrated=True)
    fill(source)
    copy_database(source, target)
    assert content(target) == content(source)


@pytest.mark.parametrize("end", ["sqlite", "postgresql"])
def test_a_target_with_rows_is_refused_and_left_alone(databases, end: str):
    source, target = databases.open("sqlite", migrated=True), databases.open(end, migrated=True)
    fill(source)
    organisation(target, "mine")
    with pytest.raises(TargetNotEmpty, match=r"organisation \(1\)"):
        copy_database(source, target)
    assert target.query("select id from organisation") == [{"id": "mine"}]


def test_a_target_that_was_copied_to_is_refused(databases):
    source, target = databases.open("sqlite", migrated=True), databases.open("sqlite")
    fill(source)
    copy_database(source, target)
    with pytest.raises(TargetNotEmpty):
        copy_database(source, target)


def test_a_source_that_is_behind_is_refused(databases):
    target = databases.open("sqlite")
    with pytest.raises(SourceNotMigrated, match="0001_people"):
        copy_database(databases.open("sqlite"), target)
    assert target.tables() == []


def test_progress_is_reported_after_each_batch(databases):
    source, target = databases.open("sqlite", migrated=True), databases.open("sqlite")
    fill(source)
    seen: list[tuple[str, int, int]] = []
    copy_database(source, target, lambda *progress: seen.append(progress))
    assert [progress for progress in seen if progress[0] == "organisation"] == [
        ("organisation", 200, 452),
        ("organisation", 400, 452),
        ("organisation", 452, 452),
    ]


@pytest.mark.parametrize("end", ["sqlite", "postgresql"])
def test_a_copy_that_fails_leaves_the_target_empty_and_can_be_run_again(databases, end: str, monkeypatch):
    source, target = databases.open("sqlite", migrated=True), databases.open(end)
    fill(source)
    insert = target.insert

    def fail_late(table, row):
        insert(table, {**row, "kind": "unheard of"} if table == "sentence" else row)

    monkeypatch.setattr(target, "insert", fail_late)
    with pytest.raises(ConstraintViolation):
        copy_database(source, target)
    assert target.query("select id from organisation") == []
    monkeypatch.undo()
    copy_database(source, target)
    assert content(target) == content(source)


def test_a_row_that_is_lost_on_the_way_undoes_the_copy(databases, monkeypatch):
    source, target = databases.open("sqlite", migrated=True), databases.open("sqlite")
    fill(source)
    insert = target.insert
    monkeypatch.setattr(target, "insert", lambda table, row: table == "sentence" or insert(table, row))
    with pytest.raises(CountsDiffer, match="sentence: 400 in the source, 0 copied"):
        copy_database(source, target)
    assert target.query("select id from organisation") == []
