"""Deleting for good: what belongs to a row goes with it, what others decided keeps it."""

import pytest

from matcher.hub import feeds, record, removals
from matcher.store import ConstraintViolation
from tests.factories import NOW, create_need, create_organisation, create_person, create_startup, create_testbed

LATER = "2027-01-01T00:00:00.000000Z"


def count(store, table):
    return store.query(f"select count(*) as n from {table}")[0]["n"]


def interest(store, need, startup):
    row = {"id": "i1", "need_id": need["id"], "startup_id": startup["id"], "message": "Hej", "need_version": 1}
    store.insert("interest", {**row, "created_at": NOW, "answer_by": NOW})


def test_a_need_goes_with_its_versions_and_vectors(store):
    need = create_need(store, published=True)
    vectors = {"kind": "need", "subject_id": need["id"], "model": "m", "vector": b""}
    store.insert("embedding", {**vectors, "text_hash": "", "terms": b"", "embedded_at": NOW})
    store.insert("sentence", {**vectors, "position": 0, "text": "x"})
    with store.atomic():
        removals.remove(store, "need", need["id"])
    assert [count(store, table) for table in ("need", "need_version", "embedding", "sentence")] == [0, 0, 0, 0]


def test_a_testbed_goes_with_the_calendar_links_to_it(store):
    host = create_person(store, "host")
    testbed = create_testbed(store, host.organisations("host")[0])
    feed_id, _ = feeds.make(store, host, testbed["id"], NOW)
    own, _ = feeds.make(store, host, None, NOW)
    feeds.was_read(store, feed_id, NOW)
    with store.atomic():
        removals.remove(store, "testbed", testbed["id"])
    assert [row["id"] for row in store.query("select id from feed")] == [own]
    assert count(store, "feed_read") == 0


def test_what_others_hold_in_memory_learns_of_it(store):
    startup = create_startup(store)
    with store.atomic():
        removals.remove(store, "startup", startup["id"])
    [gone] = store.query("select * from removal")
    assert (gone["kind"], gone["subject_id"]) == ("startup", startup["id"])
    assert gone["seq"] > startup["seq"]


def test_the_record_stays(store):
    need = create_need(store)
    record.write(store, None, "need.create", "need", need["id"], NOW)
    with store.atomic():
        removals.remove(store, "need", need["id"])
    assert count(store, "audit") == 1


def test_what_was_answered_is_in_use_on_both_sides(store):
    need, startup = create_need(store, published=True), create_startup(store)
    assert not removals.in_use(store, "need", need["id"])
    interest(store, need, startup)
    assert removals.in_use(store, "need", need["id"])
    assert removals.in_use(store, "startup", startup["id"])


def test_what_something_new_stands_on_cannot_be_removed(store):
    need, startup = create_need(store, published=True), create_startup(store)
    interest(store, need, startup)
    with pytest.raises(ConstraintViolation), store.atomic():
        removals.remove(store, "need", need["id"])
    assert (count(store, "need"), count(store, "need_version")) == (1, 1)


def test_a_testbed_that_a_need_offers_is_in_use(store):
    testbed = create_testbed(store)
    create_need(store, testbed_id=testbed["id"])
    assert removals.in_use(store, "testbed", testbed["id"])


def test_an_organisation_that_nothing_refers_to_goes(store):
    unused = create_organisation(store)
    assert removals.remove_unused_organisation(store, unused["id"], NOW)
    assert count(store, "organisation") == 0


def test_an_organisation_from_before_stays(store):
    assert not removals.remove_unused_organisation(store, create_organisation(store)["id"], LATER)


@pytest.mark.parametrize("make", [create_need, create_startup, create_testbed])
def test_an_organisation_with_a_noun_stays(store, make):
    organisation = create_organisation(store)
    make(store, organisation)
    assert not removals.remove_unused_organisation(store, organisation["id"], NOW)
    assert count(store, "organisation") == 1


def test_an_organisation_with_people_stays_and_the_work_goes_on(store):
    organisation = create_organisation(store, "public")
    create_person(store, "owner", organisation)
    with store.atomic():
        assert not removals.remove_unused_organisation(store, organisation["id"], NOW)
        record.write(store, None, "x", "need", "y", NOW)
    assert store.query("select subject_id from audit where action = 'x'") == [{"subject_id": "y"}]
