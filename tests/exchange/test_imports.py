"""Imports carried out: tried, done in portions, taken up after a crash, raced for, undone."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from matcher.exchange import batches, headings, imports, notes, plan, tables, undoing, working
from matcher.exchange.errors import ImportRefused
from matcher.hub import clock, needs, startups
from matcher.hub.errors import NotFound
from matcher.hub.people import SYSTEM
from matcher.store import open_store
from tests.factories import NOW, create_person, create_startup

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"


@pytest.fixture(autouse=True)
def small_portions(monkeypatch):
    """Twenty rows make a portion, so that few rows make several."""
    monkeypatch.setattr(working, "PORTION", 20)


def rows_of(count, **more):
    lines = [
        {"id": f"n{number}", "titel": f"Behov {number}", "kommun": f"Kommun {number % 7}", **more}
        for number in range(count)
    ]
    return "\n".join(json.dumps(line) for line in lines).encode()


def sent(store, data, viewer=SYSTEM, kind="needs", name="behov.jsonl", **more):
    return batches.create(store, viewer, kind, name, data, tables.read(data, name), clock.now(), **more)


def tried(store, batch_id, viewer=SYSTEM, **more):
    batches.want(store, viewer, batch_id, "preview", clock.now(), **more)
    assert imports.run_due(store) == 1
    return batches.load(store, SYSTEM, batch_id)


def imported(store, data, viewer=SYSTEM, **more):
    batch_id = sent(store, data, viewer, **more)
    tried(store, batch_id, viewer)
    batches.want(store, viewer, batch_id, "import", clock.now())
    assert imports.run_due(store) == 1
    return batches.load(store, SYSTEM, batch_id)


def undone(store, batch_id):
    batches.want(store, SYSTEM, batch_id, "undo", clock.now())
    assert imports.run_due(store) == 1
    return batches.load(store, SYSTEM, batch_id)


def counts(batch):
    return [batch["report"][name] for name in batches.CHANGES]


def count(store, table="need"):
    return store.query(f"select count(*) as n from {table}")[0]["n"]


def test_a_trial_says_what_the_import_does_and_keeps_nothing(store):
    data = rows_of(46) + b'\n{"id": "n3", "titel": "Samma id", "kommun": "Lund"}\n{"titel": ""}'
    batch = tried(store, sent(store, data))
    assert (batch["state"], counts(batch), count(store), count(store, "organisation")) == (
        "tried",
        [46, 0, 0, 2],
        0,
        0,
    )
    foretold = list(notes.every(store, batch["id"], "refused"))
    batches.want(store, SYSTEM, batch["id"], "import", clock.now())
    imports.run_due(store)
    batch = batches.load(store, SYSTEM, batch["id"])
    assert (batch["state"], counts(batch), count(store), count(store, "organisation")) == (
        "finished",
        [46, 0, 0, 2],
        46,
        7,
    )
    assert list(notes.every(store, batch["id"], "refused")) == foretold
    assert [note["line"] for note in foretold] == [47, 48]


def test_the_same_file_again_changes_nothing(store):
    imported(store, rows_of(30))
    before = store.query("select value from counter where name = 'seq'")
    assert counts(imported(store, rows_of(30))) == [0, 0, 30, 0]
    assert store.query("select value from counter where name = 'seq'") == before
    assert count(store, "import_row") == 30


def test_what_the_rules_of_a_noun_refuse_is_foretold_by_the_trial(store):
    data = b'{"id": "1", "titel": "Hiss", "kommun": "Lund", "people": "Boende"}'
    batch = imported(store, data, publish=True)
    emptied = b'{"id": "1", "titel": "Hiss", "kommun": "Lund", "people": ""}'
    batch = tried(store, sent(store, emptied))
    assert counts(batch) == [0, 0, 0, 1]
    assert next(notes.every(store, batch["id"], "refused"))["faults"] == {"people": ["required", {}]}


def test_when_it_is_finished_the_file_is_not_kept(store):
    batch = imported(store, rows_of(3))
    assert batches.content(store, batch["id"]) == b""


def test_the_record_names_who_imported(store):
    broker = create_person(store, "broker")
    imported(store, rows_of(1), broker)
    assert store.query("select person_id from audit where action = 'need.create'")[0]["person_id"] == broker.person_id


def test_a_broker_who_is_one_no_more_is_not_named_for_what_follows(store):
    broker = create_person(store, "broker")
    batch_id = sent(store, rows_of(1), broker)
    tried(store, batch_id, broker)
    batches.want(store, broker, batch_id, "import", clock.now())
    store.execute("update membership set revoked_at = :now", {"now": NOW})
    imports.run_due(store)
    assert store.query("select person_id from audit where action = 'need.create'")[0]["person_id"] is None


def test_imports_are_the_brokers_alone(store):
    batch_id = sent(store, rows_of(1))
    for viewer in (None, create_person(store, "administrator"), create_person(store, "owner")):
        with pytest.raises(NotFound):
            imports.load(store, viewer, batch_id)


@pytest.mark.parametrize(
    ("state", "what"), [("new", "import"), ("new", "undo"), ("tried", "undo"), ("finished", "import")]
)
def test_what_cannot_be_done_now_is_refused(store, state, what):
    batch_id = sent(store, rows_of(1)) if state != "finished" else imported(store, rows_of(1))["id"]
    if state == "tried":
        tried(store, batch_id)
    with pytest.raises(ImportRefused, match="gone on"):
        batches.want(store, SYSTEM, batch_id, what, clock.now())


def test_what_is_at_work_cannot_be_asked_for_again(store):
    batch_id = sent(store, rows_of(1))
    batches.want(store, SYSTEM, batch_id, "preview", clock.now())
    with pytest.raises(ImportRefused, match="at work"):
        batches.want(store, SYSTEM, batch_id, "preview", clock.now())


def test_a_new_mapping_asks_for_a_new_trial(store):
    batch_id = tried(store, sent(store, rows_of(2)))["id"]
    batch = tried(store, batch_id, given=["description=titel", "title=id"], source="annan", publish=True)
    assert (batch["options"]["source"], batch["options"]["publish"]) == ("annan", "yes")
    assert batch["report"]["sample"][0]["title"] == "n0"


def test_a_file_that_cannot_be_read_any_more_is_said(store):
    batch_id = sent(store, rows_of(2))
    store.execute("update import_batch set content = :half", {"half": b'{"id": '})
    batch = tried(store, batch_id)
    assert (batch["state"], batch["error"].code) == ("new", "file_json")


def test_duplicates_of_a_company_are_offered_after_the_import(store):
    kept = create_startup(store, name="Solkraft Nord AB")
    data = b'{"id": "1", "name": "Solkraft Nord", "description": "Sol"}'
    imported(store, data, kind="startups")
    assert [row["keep_id"] for row in store.query("select keep_id from merge_offer")] == [kept["id"]]


def test_undo_removes_what_was_made_and_gives_back_what_was_changed(store):
    first = imported(store, b'{"id": "1", "titel": "Hiss", "kommun": "Lund", "text": "Gammalt"}', publish=True)
    batch = imported(store, rows_of(45) + b'\n{"id": "1", "titel": "Hissar", "kommun": "Lund", "text": "Nytt"}')
    assert counts(batch) == [45, 1, 0, 0]
    batch = undone(store, batch["id"])
    assert (batch["state"], batch["report"]["undone"], batch["report"]["kept"]) == ("undone", 46, 0)
    assert store.query("select title, description, version from need") == [
        {"title": "Hiss", "description": "Gammalt", "version": 3}
    ]
    assert [row["name"] for row in store.query("select name from organisation")] == ["Lund"]
    assert count(store, "removal") == 45
    assert undone(store, first["id"])["report"]["undone"] == 0  # it has been changed since, twice


def test_undo_leaves_what_somebody_has_changed_or_answered(store):
    batch = imported(store, rows_of(3), publish=True)
    made = store.query("select * from need order by external_id")
    needs.save(store, None, made[0]["id"], {"effect": "Mindre väntan"}, made[0]["revision"], NOW)
    startup = create_startup(store)
    store.insert(
        "dismissal",
        {"id": "d", "need_id": made[1]["id"], "startup_id": startup["id"], "reason": "other", "at": NOW},
    )
    batch = undone(store, batch["id"])
    assert (batch["report"]["undone"], batch["report"]["kept"]) == (1, 2)
    kept = {note["title"]: note["faults"][""][0] for note in notes.every(store, batch["id"], "kept")}
    assert kept == {"Behov 0": "edited", "Behov 1": "in_use"}
    assert count(store) == 2


def test_undo_leaves_a_profile_that_was_merged(store):
    data = b'{"id": "1", "name": "Ett AB"}\n{"id": "2", "name": "Tva AB"}\n{"id": "3", "name": "Tre AB"}'
    batch = imported(store, data, kind="startups")
    ids = {row["name"]: row["id"] for row in store.query("select id, name from startup")}
    startups.update(store, ids["Ett AB"], {"merged_into": ids["Tva AB"], "merged_at": NOW})
    assert undone(store, batch["id"])["report"]["kept"] == 2


def test_after_an_undo_the_same_file_creates_again(store):
    undone(store, imported(store, rows_of(5))["id"])
    assert counts(imported(store, rows_of(5))) == [5, 0, 0, 0]


def stop_after(monkeypatch, portions):
    """Let the process die in the middle: after so many portions nothing more is done."""
    real, done = working.advance, []

    def advance(store, batch, position):
        if len(done) == portions:
            raise KeyboardInterrupt
        done.append(position)
        real(store, batch, position)

    monkeypatch.setattr(working, "advance", advance)


@pytest.mark.parametrize("what", ["preview", "import", "undo"])
def test_work_that_broke_off_is_taken_up_where_it_stood(store, monkeypatch, what):
    data = rows_of(70) + b'\n{"titel": ""}\n{"id": "n7", "titel": "En till", "kommun": "Lund"}'
    batch_id = imported(store, data)["id"] if what == "undo" else sent(store, data)
    if what == "import":
        tried(store, batch_id)
    batches.want(store, SYSTEM, batch_id, what, clock.now())
    with monkeypatch.context() as broken:
        stop_after(broken, 2)
        with pytest.raises(KeyboardInterrupt):
            imports.run_due(store)
    assert imports.run_due(store) == 0  # its claim has not run out yet
    assert batches.load(store, SYSTEM, batch_id)["done"] == 40
    store.execute("update import_batch set claimed_at = :old", {"old": clock.later(clock.now(), minutes=-2)})
    assert imports.run_due(store) == 1
    batch = batches.load(store, SYSTEM, batch_id)
    if what == "undo":
        assert (batch["report"]["undone"], count(store)) == (70, 0)
    else:
        assert counts(batch) == [70, 0, 0, 2]
        assert count(store) == (70 if what == "import" else 0)


def test_a_process_that_was_too_slow_stops(store):
    batch_id = sent(store, rows_of(50))
    tried(store, batch_id)
    batches.want(store, SYSTEM, batch_id, "import", clock.now())
    slow = batches.load(store, SYSTEM, working.claim(store, clock.now()))
    store.execute("update import_batch set claimed_at = :old", {"old": clock.later(clock.now(), minutes=-2)})
    assert imports.run_due(store) == 1
    with pytest.raises(working.TakenOver):
        imports.carry_out(store, SYSTEM, slow, tables.read(rows_of(50), "behov.jsonl"))
    assert count(store) == 50
    assert counts(batches.load(store, SYSTEM, batch_id)) == [50, 0, 0, 0]


def test_several_workers_share_the_batches(store):
    made = [sent(store, rows_of(30), name=f"fil{number}.jsonl") for number in range(4)]
    for batch_id in made:
        tried(store, batch_id)
    for batch_id in made:
        batches.want(store, SYSTEM, batch_id, "import", clock.now())
    failed = []

    def work():
        try:
            while imports.run_due(store):
                pass
        except Exception as error:
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    assert [counts(batches.load(store, SYSTEM, batch_id)) for batch_id in made] == [[30, 0, 0, 0]] * 4
    assert count(store) == 120


def test_one_source_imported_twice_at_the_same_time_comes_in_once(store):
    made = [sent(store, rows_of(60)) for _ in range(2)]
    for batch_id in made:
        tried(store, batch_id)
    for batch_id in made:
        batches.want(store, SYSTEM, batch_id, "import", clock.now())

    def work():
        while any(batches.load(store, SYSTEM, batch_id)["wanted"] for batch_id in made):
            imports.run_due(store)  # two that reach for the same batch: one gets none, and asks again

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    found = [batches.load(store, SYSTEM, batch_id) for batch_id in made]
    assert [batch["state"] for batch in found] == ["finished", "finished"]
    assert sum(batch["report"]["created"] for batch in found) == count(store) == 60
    assert sum(batch["report"]["unchanged"] for batch in found) == 60


WORKER = """
import sys
from matcher.exchange import imports, working
from matcher.store import open_store
working.PORTION = 20
store = open_store(sys.argv[1])
while imports.run_due(store):
    pass
"""


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_kill_9_in_the_middle_loses_and_doubles_nothing(databases, engine):
    url = databases.url(engine, migrated=True)
    store = open_store(url)
    batch_id = sent(store, rows_of(400), wanted="import")
    store.execute("update import_batch set claimed_at = null")
    worker = subprocess.Popen([sys.executable, "-c", WORKER, url], env={**os.environ, "PYTHONWARNINGS": "ignore"})
    deadline = time.monotonic() + 60
    # Waits for the other process to be in the middle; there is nothing it could tell us by.
    while not 0 < (done := batches.load(store, SYSTEM, batch_id)["done"]) < 400 and time.monotonic() < deadline:
        time.sleep(0.005)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert 0 < done < 400
    held = batches.load(store, SYSTEM, batch_id)["done"]
    assert count(store) == held
    store.execute("update import_batch set claimed_at = :old", {"old": clock.later(clock.now(), minutes=-2)})
    assert imports.run_due(store) == 1
    assert counts(batches.load(store, SYSTEM, batch_id)) == [400, 0, 0, 0]
    assert (count(store), count(store, "import_row")) == (400, 400)
    store.close()


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("Behov 2027.csv", "behov 2027"),
        ("Behov 2027 (1).csv", "behov 2027"),
        ("C:\\Hem\\Behov.xlsx", "behov"),
        (".csv", "import"),
        ("v1.2.jsonl", "v1.2"),
    ],
)
def test_the_source_is_the_name_of_the_file(name, source):
    assert batches.source_of(name) == source


@pytest.mark.skipif(not REAL.is_dir(), reason="the real data lies beside the repository in ../shared/data/real")
@pytest.mark.parametrize(
    ("name", "kind", "given", "found"),
    [
        ("needs_public_2021.csv", "needs", [], [300, 0, 0, 0]),
        ("suppliers.jsonl", "startups", [], [300, 0, 0, 0]),
        ("companies.jsonl", "startups", [], [295, 0, 0, 1]),
        (
            "procurements_2021.xlsx",
            "needs",
            ["title=Upphandlingens titel", "id=Upphandlings-ID", "organisation=Namn för köpare",
             "orgnr=Organisationsnummer för köpare", "description=Huvudsaklig CPV-kod"],
            [300, 0, 0, 0],
        ),
    ],
)  # fmt: skip
def test_real_files_go_in_as_they_are(databases, name, kind, given, found):
    store = databases.open("sqlite", migrated=True)
    table = tables.read((REAL / name).read_bytes(), name, rows=300)
    job = plan.Job(kind, table.headings, headings.mapping(kind, table.headings, given), "real", publish=True)
    foretold, _ = imports.try_out(store, SYSTEM, job, table)
    batch_id = batches.create(
        store, SYSTEM, kind, name, b"", table, NOW, given=given, source="real", publish=True, wanted="import"
    )
    report = imports.carry_out(store, SYSTEM, batches.load(store, SYSTEM, batch_id), table)
    assert [report[change] for change in batches.CHANGES] == found
    assert report == foretold
    again, _ = imports.try_out(store, SYSTEM, job, table)
    assert again["unchanged"] == report["created"]


def test_undoing_needs_no_file(store):
    batch = imported(store, rows_of(2))
    batches.want(store, SYSTEM, batch["id"], "undo", clock.now())
    working.claim(store, clock.now())
    undoing.undo(store, batches.load(store, SYSTEM, batch["id"]))
    assert count(store) == 0
