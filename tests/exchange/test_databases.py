"""A hub is copied whole, in both directions; a copy that was broken off goes on, and is not served until then."""

from __future__ import annotations

import multiprocessing
import os
import random
import re
import signal
from datetime import date
from pathlib import Path

import pytest

from matcher.exchange import databases as copying
from matcher.exchange.databases import CountsDiffer, SourceMissing, SourceNotMigrated, TargetNotEmpty, copy_database
from matcher.hub import need_content, record
from matcher.ranking.ranker import Ranker
from matcher.store import CopyUnfinished, Store, UniqueViolation, copy_mark
from matcher.store.migrations import MIGRATIONS
from matcher.store.schema import migrate, pending
from tests.ranking.hub import CountingEncoder, create_need, create_startup, embed

NOW = "2026-11-22T08:00:00.000000Z"
TODAY = date(2026, 11, 22)
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
    record.write(store, "p", "need.save", "need", "n1", NOW, title="Färre fall")
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


def test_a_source_that_is_not_there_is_refused_and_not_made(tmp_path: Path):
    with pytest.raises(SourceMissing, match=r"there is no database .*gone\.db"):
        copying.existing(f"sqlite:///{tmp_path / 'gone.db'}")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_source_is_asked_about_and_one_that_is_behind_is_told_what_to_do(databases):
    empty, behind = databases.open("sqlite"), databases.open("sqlite", migrated=True)
    with pytest.raises(SourceNotMigrated, match="holds no hub"):
        copy_database(empty, databases.open("sqlite"))
    name = behind.query("select max(name) as name from migration")[0]["name"]
    behind.execute("delete from migration where name = :name", {"name": name})
    with pytest.raises(SourceNotMigrated, match=rf"lacks {name}: .*run `matcher migrate`"):
        copy_database(behind, databases.open("sqlite"))


def test_who_goes_on_where_another_copy_has_ended_is_told(databases):
    source, target = broken(databases, "sqlite", "sqlite")

    def end(table: str, done: int, total: int) -> None:
        copy_mark.end(target)

    with pytest.raises(CopyUnfinished, match="has ended meanwhile"):
        copy_database(source, target, end)


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


class _Stop(Exception):
    pass


def _stop_after(batches: int):
    """Return a report that ends the copy after so many portions, as a crash does."""
    left = [batches]

    def report(table: str, done: int, total: int) -> None:
        left[0] -= 1
        if not left[0]:
            raise _Stop

    return report


def broken(databases, start: str, end: str) -> tuple[Store, Store]:
    """Return a source and a target with a part of it."""
    source, target = databases.open(start, migrated=True), databases.open(end)
    fill(source)
    with pytest.raises(_Stop):
        copy_database(source, target, _stop_after(3))
    assert 0 < len(target.query("select id from organisation")) < 452
    return source, target


@pytest.mark.parametrize(("start", "end"), WAYS)
def test_a_broken_copy_goes_on_where_it_stopped(databases, start: str, end: str):
    source, target = broken(databases, start, end)
    before = len(target.query("select id from organisation"))
    said: list[str] = []
    seen: list[tuple[str, int, int]] = []
    counts = copy_database(source, target, lambda *progress: seen.append(progress), say=said.append)
    assert ["goes on where it stopped" in text for text in said] == [True]
    assert seen[0][1] > before
    assert content(target) == content(source)
    assert counts["organisation"] == 452


@pytest.mark.parametrize("end", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "change",
    [
        "update counter set value = 8 where name = 'seq'",
        f"update person set disabled_at = '{NOW}'",
        "delete from organisation where id = 'c449'",
    ],
)
def test_a_copy_of_a_source_that_changed_meanwhile_starts_again(databases, end: str, change: str):
    source, target = broken(databases, "sqlite", end)
    source.execute(change)
    said: list[str] = []
    copy_database(source, target, say=said.append)
    assert ["starts again from nothing" in text for text in said] == [True]
    assert content(target) == content(source)


def test_a_copy_from_another_source_starts_again(databases):
    _, target = broken(databases, "sqlite", "sqlite")
    other = databases.open("sqlite", migrated=True)
    organisation(other, "z")
    copy_database(other, target)
    assert content(target) == content(other)


@pytest.mark.parametrize("end", ["sqlite", "postgresql"])
def test_half_a_copy_is_neither_migrated_nor_copied_from(databases, end: str):
    _, target = broken(databases, "sqlite", end)
    for use in (migrate, lambda half: copy_database(half, databases.open("sqlite"))):
        with pytest.raises(CopyUnfinished, match="run the same"):
            use(target)


def test_the_mark_names_no_password(databases):
    source, target = databases.open("postgresql", migrated=True), databases.open("sqlite")
    fill(source)
    with pytest.raises(_Stop):
        copy_database(source, target, _stop_after(1))
    [row] = target.query("select distinct source from copy_under_way")
    assert re.fullmatch("[0-9a-f]{64}", row["source"])


@pytest.mark.parametrize("end", ["sqlite", "postgresql"])
def test_a_row_that_the_target_refuses_stops_the_copy_until_it_is_mended(databases, end: str):
    source, target = databases.open("sqlite", migrated=True), databases.open(end)
    fill(source)
    copy_database(source, target, migrations=MIGRATIONS)
    half = databases.open(end)
    migrate(half)
    half.execute("create unique index too_strict on sentence (text)")
    with pytest.raises(UniqueViolation):
        copy_database(source, half)
    half.execute("drop index too_strict")
    copy_database(source, half)
    assert content(half) == content(source)


def test_a_row_that_is_lost_on_the_way_is_noticed_and_the_next_copy_starts_again(databases):
    source, target = databases.open("sqlite", migrated=True), databases.open("sqlite")
    fill(source)
    migrate(target)
    target.execute(
        """create trigger thief after insert on sentence when new.position = 7
           begin delete from sentence where position = 7; end"""
    )
    with pytest.raises(CountsDiffer, match="sentence: 400 in the source, 399 copied"):
        copy_database(source, target)
    target.execute("drop trigger thief")
    said: list[str] = []
    copy_database(source, target, say=said.append)
    assert ["starts again from nothing" in text for text in said] == [True]
    assert content(target) == content(source)


KILLS = 20


@pytest.mark.parametrize(("start", "end"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_copy_that_is_killed_again_and_again_comes_to_its_end(databases, start: str, end: str, monkeypatch):
    """SIGKILL to the copying process before a statement chosen at random, between portions and inside them."""
    monkeypatch.setattr(copying, "BATCH", 5)
    source, target = databases.open(start, migrated=True), databases.open(end)
    fill(source)
    chance = random.Random(41)
    for _ in range(KILLS):
        most = 60 if copy_mark.source(target) else 400  # until the mark stands each one begins anew
        process = multiprocessing.get_context("fork").Process(
            target=_copy_until_killed, args=(source, target, 1 + chance.randrange(most))
        )
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
    said: list[str] = []
    copy_database(source, target, say=said.append)
    assert ["goes on where it stopped" in text for text in said] == [True]
    assert content(target) == content(source)


def _copy_until_killed(source: Store, target: Store, statement: int) -> None:
    execute, left = target.execute, [statement]

    def count(sql: str, params=None) -> int:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params)

    def insert(table: str, rows) -> None:
        count("select 1 where 1 = 0")
        put(table, rows)

    put, target.insert = target.insert, insert  # type: ignore[method-assign]
    target.execute = count  # type: ignore[method-assign]
    copy_database(source, target)


def test_the_ranking_is_the_same_over_both_databases(databases):
    first, second, third = (databases.open(engine) for engine in ("sqlite", "postgresql", "sqlite"))
    migrate(first)
    encoder, chance = CountingEncoder(), random.Random(7)
    words = ["sensor", "larmar", "natten", "boendet", "plog", "snöröjning", "matsvinn", "skolkök", "våg", "faller"]
    for number in range(30):
        create_startup(first, " ".join(chance.sample(words, 6)), id=f"bolag-{number}")
    for number in range(4):
        create_need(first, " ".join(chance.sample(words, 5)), id=f"behov-{number}")
    embed(first, encoder)
    copy_database(first, second)
    copy_database(second, third)
    asked = first.query("select * from need where published_at is not null order by id")
    lists = [[Ranker(store, encoder).startups_for(need_content.decode(row), TODAY, top=20) for row in asked]
             for store in (first, second, third)]  # fmt: skip
    assert [len(found.matches) for found in lists[0]] == [20] * 4
    for other in lists[1:]:
        for one, found in zip(lists[0], other, strict=True):
            assert [match.id for match in found.matches] == [match.id for match in one.matches]
            assert [m.score for m in found.matches] == pytest.approx([m.score for m in one.matches], abs=0.001)
