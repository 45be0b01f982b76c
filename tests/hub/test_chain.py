"""The record is chained: whatever is done to it past the triggers is found."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from matcher.hub import chain, record
from matcher.hub.clock import later
from matcher.store import ConstraintViolation, Store, open_store
from tests.conftest import ENGINES, Databases
from tests.factories import NOW, create_person

KEY, OTHER = b"the key of this hub", b"another key"
SEED = 20261122


def keyed(databases: Databases, engine: str, key: bytes = KEY) -> Store:
    return open_store(databases.url(engine, migrated=True), keys=[key])


def written(store: Store, count: int = 12) -> Store:
    for number in range(count):
        record.write(
            store, None, "need.save", "need", f"n{number % 3}", later(NOW, minutes=number), title=f"Titel {number}"
        )
    return store


class _Undone(Exception):
    pass


@contextmanager
def undone(store: Store) -> Iterator[None]:
    with suppress(_Undone), store.atomic():
        yield
        raise _Undone


def faults(store: Store) -> list[str]:
    return [fault.code for fault in chain.verify(store).faults]


@contextmanager
def unguarded(store: Store) -> Iterator[None]:
    """Take the triggers away, as somebody does who has the whole database."""
    if store.engine == "sqlite":  # the file is thrown away
        store.execute("drop trigger audit_kept")
        store.execute("drop trigger audit_stays")
        yield
    else:  # other tests get this database
        store.execute("alter table audit disable trigger user")
        yield
        store.execute("alter table audit enable trigger user")


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_written_is_whole(databases: Databases, engine: str) -> None:
    store = written(keyed(databases, engine))
    assert chain.verify(store) == chain.Verdict(12, 0, [])
    assert [row["n"] for page in chain.pages(store) for row in page] == list(range(1, 13))


def test_the_triggers_let_nobody_change_or_delete(store: Store) -> None:
    written(store, 2)
    for statement in (
        "update audit set action = 'need.publish'",
        'update audit set detail = \'{"title": "Annan"}\'',
        "update audit set n = n + 100",
        "update audit set detail = '{}'",
        "delete from audit",
    ):
        with pytest.raises(ConstraintViolation):
            store.execute(statement)
    assert not faults(store)


def test_an_undone_block_leaves_no_row_and_no_gap(store: Store) -> None:
    written(store, 1)
    with undone(store):
        record.write(store, None, "need.save", "need", "n1", NOW)
    with store.atomic():
        record.write(store, None, "need.save", "need", "outer", NOW)
        with undone(store):
            record.write(store, None, "need.save", "need", "inner", NOW)
    assert [row["subject_id"] for row in record.latest(store)["rows"]] == ["outer", "n0"]
    assert not faults(store)


def test_rows_from_before_the_chain_are_chained_with_the_first_new_one(store: Store) -> None:
    for number in range(3):
        row = {"id": f"old{number}", "at": NOW, "action": "need.save", "kind": "need", "subject_id": "n"}
        store.insert("audit", {**row, "detail": "{}"})
    assert chain.verify(store).faults[0].code == "outside"
    written(store, 1)
    assert (chain.verify(store).rows, faults(store)) == (4, [])
    with pytest.raises(ConstraintViolation):
        store.execute("update audit set detail = '{\"a\": 1}' where id = 'old1'")


def test_a_row_put_in_past_the_chain_is_found(store: Store) -> None:
    written(store)
    row = {"id": "forged", "at": NOW, "action": "need.publish", "kind": "need", "subject_id": "n", "detail": "{}"}
    store.insert("audit", row)
    assert faults(store) == ["outside"]


@pytest.mark.parametrize("engine", ENGINES)
def test_old_keys_still_count_and_unknown_ones_are_named(databases: Databases, engine: str) -> None:
    before = written(keyed(databases, engine, OTHER), 3)
    both = written(open_store(_url(before), keys=[KEY, OTHER]), 2)
    assert faults(both) == []
    alone = open_store(_url(before), keys=[KEY])
    assert faults(alone) == ["key"] * 3
    for store in (before, both, alone):
        store.close()


def _url(store: Any) -> str:
    return f"sqlite:///{store._path}" if store.engine == "sqlite" else store._url


def _rows(store: Store) -> list[dict[str, Any]]:
    return [row for page in chain.pages(store) for row in page]


def _edit(store: Store, chance: random.Random) -> None:
    row = chance.choice(_rows(store))
    column = chance.choice(["at", "action", "kind", "subject_id", "detail", "salt", "digest", "previous", "mac", "id"])
    new = {"detail": '{"title": "En annan titel"}', "at": "2020-01-01T00:00:00Z"}.get(column, f"x{row[column]}")
    store.execute(f'update audit set "{column}" = :new where id = :id', {"new": new, "id": row["id"]})


def _rewrite(store: Store, chance: random.Random) -> None:
    """Change a row and make all digests after it fit again, with a key of one's own."""
    rows = _rows(store)
    place = chance.randrange(len(rows))
    rows[place]["subject_id"] = "n999"
    previous = rows[place]["previous"]
    for row in rows[place:]:
        linked = chain._linked(OTHER, {**row, "previous": previous})
        previous = chain._hash(linked)
        store.upsert("audit", linked, "id")
    store.keys, kept = (OTHER,), store.keys
    chain._keep_end(store, len(rows), previous)
    store.keys = kept


def _delete(store: Store, chance: random.Random) -> None:
    row = chance.choice(_rows(store))
    store.execute("delete from audit where id = :id", {"id": row["id"]})


def _cut(store: Store, chance: random.Random) -> None:
    rows = _rows(store)
    last = rows[-1 - chance.randrange(1, 4)]
    store.execute("delete from audit where n > :n", {"n": last["n"]})
    if chance.random() < 0.5:  # and the end is made to fit, but for its signature
        store.execute("update audit_end set n = :n, hash = :hash", {"n": last["n"], "hash": chain._hash(last)})


def _swap(store: Store, chance: random.Random) -> None:
    one, other = chance.sample(_rows(store), 2)
    for name, n in ((one["id"], -1), (other["id"], one["n"]), (one["id"], other["n"])):
        store.execute("update audit set n = :n where id = :id", {"n": n, "id": name})


def _empty(store: Store, chance: random.Random) -> None:
    there = [row for row in _rows(store) if row["action"] != record.FORGOTTEN and row["salt"] is not None]
    row = chance.choice(there)
    store.execute("update audit set detail = '{}', salt = null where id = :id", {"id": row["id"]})


def _add(store: Store, chance: random.Random) -> None:
    rows = _rows(store)
    row = {**chance.choice(rows), "id": "forged", "n": len(rows) + 1, "previous": chain._hash(rows[-1])}
    store.insert("audit", chain._linked(OTHER, row))


def _drop_end(store: Store, chance: random.Random) -> None:
    store.execute(
        chance.choice(["delete from audit_end", "update audit_end set n = n + 1", "update audit_end set mac = 'x'"])
    )


TAMPERINGS: list[Callable[[Store, random.Random], None]] = [
    _edit, _rewrite, _delete, _cut, _swap, _empty, _add, _drop_end,
]  # fmt: skip


@pytest.mark.parametrize(("engine", "rounds"), [("sqlite", 1000), ("postgresql", 200)])
def test_every_tampering_is_found(databases: Databases, engine: str, rounds: int) -> None:
    store = written(keyed(databases, engine), 9)
    person = create_person(store, None)
    record.write(store, None, "person.note", "person", person.person_id, NOW, name="Kim")
    record.forget(store, person.person_id, [], NOW)
    written(store, 3)
    assert not faults(store)
    before, end = _rows(store), store.query("select * from audit_end")[0]
    unseen = []
    with unguarded(store):
        for number in range(rounds):
            tampering = TAMPERINGS[number % len(TAMPERINGS)]
            with store.atomic():
                tampering(store, random.Random(SEED + number))
            assert (_rows(store), store.query("select * from audit_end")[0:1]) != (before, [end]), number
            if not faults(store):
                unseen.append((number, tampering.__name__))
            with store.atomic():
                _put_back(store, before, end)
    assert not unseen
    assert not faults(store)


def _put_back(store: Store, rows: list[dict[str, Any]], end: dict[str, Any]) -> None:
    store.execute("delete from audit")
    for row in rows:
        store.insert("audit", row)
    store.upsert("audit_end", end, "one")


def test_an_older_copy_shows_what_somebody_with_the_key_did(store: Store) -> None:
    written(store)
    older = chain.macs(store)
    written(store, 3)
    assert not chain.verify(store, earlier=older.get).faults
    rows = _rows(store)[:6]
    with unguarded(store):
        store.execute("delete from audit where n > 6")
    chain._keep_end(store, 6, chain._hash(rows[-1]))
    assert not faults(store)  # with the key a shorter record can be signed
    found = chain.verify(store, earlier=older.get).faults
    assert [fault.code for fault in found] == ["cut"]


@pytest.mark.parametrize("what", ["delete from audit_end", "update audit_end set n = 3, hash = '', mac = ''"])
def test_a_broken_end_stays_told_of_when_the_hub_writes_on(store: Store, what: str) -> None:
    written(store, 5)
    with unguarded(store):
        store.execute("delete from audit where n > 3")
    store.execute(what)
    written(store, 2)
    assert faults(store) == ["broken"]
    assert [row["n"] for row in _rows(store)] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("end", ["", "delete from audit_end", "update audit_end set n = 0, hash = ''"])
def test_a_record_that_was_emptied_whole_does_not_begin_again_as_if_it_were_new(store: Store, end: str) -> None:
    written(store, 3)
    with unguarded(store):
        store.execute("delete from audit")
    if end:
        store.execute(end)
    assert faults(store)
    written(store, 1)
    assert faults(store) == ["broken"]
    assert (_rows(store)[0]["n"], _rows(store)[0]["previous"]) == (1, "")


def test_a_record_that_was_set_back_to_its_birth_is_younger_than_its_hub(store: Store) -> None:
    assert faults(store) == []  # nothing was ever written
    person = create_person(store)
    record.write(store, None, "person.invite", "person", person.person_id, NOW)
    assert faults(store) == []
    with unguarded(store):
        store.execute("delete from audit")
    store.execute("update audit_end set n = 0, hash = '', mac = ''")
    assert chain.verify(store).faults == [chain.Fault(1, "", "begins")]
    record.write(store, None, "need.save", "need", "n1", later(NOW, minutes=1))
    assert faults(store) == ["begins"]


def test_who_is_forgotten_leaves_no_word_and_a_whole_chain(store: Store) -> None:
    person = create_person(store, None, name="Åsa Öberg")
    record.write(store, person.person_id, "need.publish", "need", "n1", NOW, title="Färre fall")
    record.write(store, person.person_id, "booking.ask", "booking", "b1", NOW, contact='ÅSA "Öberg"', note="rum 4")
    record.write(store, None, "person.rename", "person", person.person_id, NOW, name="annan")
    record.write(store, None, "need.save", "need", "n2", NOW, title='Åsa "Öberg"sson', notes=["rad ett\nÅsa Ö"])
    assert record.forget(store, person.person_id, ['åsa "öberg"', ""], NOW) == 2
    kept = store.query("select action, detail from audit order by n")
    assert [(row["action"], json.loads(row["detail"])) for row in kept[:4]] == [
        ("need.publish", {"title": "Färre fall"}), ("booking.ask", {}), ("person.rename", {}),
        ("need.save", {"title": 'Åsa "Öberg"sson', "notes": ["rad ett\nÅsa Ö"]}),
    ]  # fmt: skip
    assert chain.verify(store) == chain.Verdict(5, 2, [])
    assert record.forget(store, person.person_id, ['åsa "öberg"'], NOW) == 0
    assert record.forget(store, person.person_id, ["ÅSA Ö"], NOW) == 1  # at the beginning of a line


def test_the_row_that_tells_of_a_broken_end_bears_the_moment_of_the_row_after_it(store: Store) -> None:
    written(store, 3)
    store.execute("update audit_end set hash = 'x'")
    record.write(store, None, "need.save", "need", "n1", later(NOW, minutes=9))
    broken, after = store.query("select * from audit where n > 3 order by n")
    told = {name: broken[name] for name in ("at", "person_id", "action", "kind", "subject_id", "detail")}
    assert told == {
        "at": later(NOW, minutes=9), "person_id": None, "action": chain.BROKEN, "kind": "record", "subject_id": "end",
        "detail": "{}",
    }  # fmt: skip
    assert broken["id"][:16] == after["id"][:16]
    assert len(broken["id"]) == len(after["id"])


def test_a_broken_end_is_told_of_also_when_nothing_is_written_after_it(store: Store) -> None:
    written(store, 3)
    store.execute("update audit_end set hash = 'x'")
    with store.atomic():
        chain.append(store, [])
    [broken] = store.query("select * from audit where n > 3")
    assert (broken["action"], broken["at"], len(broken["id"])) == (chain.BROKEN, "", 16)
    assert faults(store) == ["broken"]


def test_details_that_forget_what_they_are_not_told_of_are_found(store: Store) -> None:
    written(store, 3)
    with unguarded(store):
        store.execute("update audit set detail = '{}', salt = null where n = 2")
    assert faults(store) == ["emptied"]


def test_a_row_that_an_older_copy_has_otherwise_is_named(store: Store) -> None:
    written(store, 3)
    found = chain.verify(store, earlier=lambda n: "another digest" if n == 2 else None).faults
    assert [(fault.n, fault.code) for fault in found] == [(2, "differs")]


@pytest.mark.parametrize(
    ("done", "found"),
    [
        ("delete from audit where n = 2", [(3, "id3", "missing")]),
        # The row itself no longer fits its signature, and the next one is held against what it is now.
        ("update audit set subject_id = 'n9' where n = 2", [(2, "id2", "signature"), (3, "id3", "order")]),
        ("update audit set detail = '{\"title\": \"Annan\"}' where n = 2", [(2, "id2", "detail")]),
        ("update audit set salt = null where n = 2", [(2, "id2", "detail")]),
        ("update audit set salt = null, detail = '{}' where n in (2, 4)",
         [(2, "id2", "emptied"), (4, "id4", "emptied")]),
        ("delete from audit where n > 3", [(5, "", "end")]),
        ("update audit_end set mac = 'x'", [(5, "", "key")]),
        ("delete from audit_end", [(-1, "", "end")]),
        (
            "insert into audit (id, at, action, kind, subject_id, detail) values ('forged', '', 'a', 'b', 'c', '{}')",
            [(None, "forged", "outside")],
        ),
    ],
)  # fmt: skip
def test_the_very_row_is_named_and_what_was_done_to_it(store: Store, done: str, found: list[Any]) -> None:
    written(store, 5)
    assert not faults(store)
    ids = {row["id"]: f"id{row['n']}" for row in _rows(store)}
    with unguarded(store):
        store.execute(done)
    named = [(fault.n, ids.get(fault.row, fault.row), fault.code) for fault in chain.verify(store).faults]
    assert named == found


def test_rows_that_an_older_copy_goes_on_with_are_named_from_the_first_one_cut(store: Store) -> None:
    written(store, 3)
    assert chain.verify(store, earlier={4: "a digest"}.get).faults == [chain.Fault(4, "", "cut")]
    assert chain.verify(store, earlier={5: "a digest"}.get).faults == []  # 4 is asked for alone: rows have no gaps


def test_where_the_row_that_tells_of_forgetting_is_emptied_too_all_are_named(store: Store) -> None:
    person = create_person(store, None)
    record.write(store, None, "person.rename", "person", person.person_id, NOW, name="annan")
    record.forget(store, person.person_id, [], NOW)
    told = _rows(store)[-1]
    assert (told["action"], told["kind"], told["subject_id"]) == (record.FORGOTTEN, "person", person.person_id)
    with unguarded(store):
        store.execute("update audit set detail = '{}', salt = null where n = :n", {"n": told["n"]})
    assert faults(store) == ["emptied", "emptied"]


def test_a_record_of_several_pages_is_read_to_its_end_and_says_how_far_it_came(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "PAGE", 2)
    written(store, 5)
    said: list[tuple[int, int]] = []
    assert chain.verify(store, report=lambda done, of: said.append((done, of))) == chain.Verdict(5, 0, [])
    assert said == [(2, 5), (4, 5), (5, 5)]


def test_what_an_earlier_version_signed_is_told_whole_by_this_one() -> None:
    """The sums of one row, as they were in November 2026: another way to make them would break every hub's record."""
    row = {
        "n": 2, "previous": "0" * 64, "id": "18eac6", "at": NOW, "person_id": None, "action": "need.create",
        "kind": "need", "subject_id": "färre-fall", "digest": chain._digest("salt", '{"title": "Färre fall"}'),
    }  # fmt: skip
    assert row["digest"] == "bc18d4c7a36329c0b0cbf89859196fe07c58bf6a32633cb929db2d391b60ca00"
    assert chain._hash(row) == "e4dc7493f93775f7a1791ea9b4efc35ac95ae0bea00080a9574debc4b9ae67ec"
    name, _, mac = chain._mac(KEY, chain._hash(row)).partition(":")
    assert name == "26b8be338821"
    assert mac == "ab9043a5b2dfa4c400abc3897e3769609e6e50291932f11f99e3ec3f3940de33"
