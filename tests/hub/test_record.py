from __future__ import annotations

from matcher.hub import record
from matcher.hub.clock import later
from matcher.store import Store
from tests.factories import NOW, create_person


def test_history_tells_of_one_thing_oldest_first_with_who_did_it(store: Store) -> None:
    person = create_person(store, None, name="Kim")
    record.write(store, person.person_id, "need.publish", "need", "n1", later(NOW, minutes=1))
    record.write(store, None, "need.create", "need", "n1", NOW, title="Färre fall")
    record.write(store, None, "need.create", "need", "n2", NOW)
    found = record.history(store, "need", "n1")
    assert [(row["action"], row["person"]) for row in found] == [("need.create", None), ("need.publish", "Kim")]
    assert found[0]["detail"] == {"title": "Färre fall"}


def test_rows_of_one_moment_keep_their_order(store: Store) -> None:
    actions = [f"need.step{number}" for number in range(20)]
    for action in actions:
        record.write(store, None, action, "need", "n1", NOW)
    assert [row["action"] for row in record.history(store, "need", "n1")] == actions


def test_the_latest_come_first_a_page_at_a_time(store: Store) -> None:
    for minute in range(record.PAGE + 2):
        record.write(store, None, "need.save", "need", f"n{minute}", later(NOW, minutes=minute), n=minute)
    first, second = record.latest(store), record.latest(store, page=2)
    assert first["rows"][0]["subject_id"] == f"n{record.PAGE + 1}"
    assert (len(first["rows"]), first["page"], first["more"]) == (record.PAGE, 1, True)
    assert (first["rows"][0]["detail"], second["page"]) == ({"n": record.PAGE + 1}, 2)
    assert ([row["subject_id"] for row in second["rows"]], second["more"]) == (["n1", "n0"], False)


def test_the_latest_are_narrowed_to_a_kind_a_thing_or_a_person(store: Store) -> None:
    person = create_person(store, None)
    record.write(store, person.person_id, "need.save", "need", "n1", NOW)
    record.write(store, None, "need.save", "need", "n2", NOW)
    record.write(store, None, "startup.save", "startup", "s1", NOW)
    assert len(record.latest(store, kind="need")["rows"]) == 2
    assert [row["subject_id"] for row in record.latest(store, kind="need", subject_id="n2")["rows"]] == ["n2"]
    assert [row["subject_id"] for row in record.latest(store, person_id=person.person_id)["rows"]] == ["n1"]
    assert record.kinds(store) == ["need", "startup"]


def test_the_change_feed_counts_upwards(store: Store) -> None:
    with store.atomic():
        first = record.next_seq(store)
    with store.atomic():
        assert record.next_seq(store) == first + 1


def test_where_the_hub_stands_moves_with_the_change_feed_and_with_each_row_of_the_record(store: Store) -> None:
    stands = [record.stand(store)]
    assert record.stand(store) == stands[0]
    with store.atomic():
        record.next_seq(store)
    stands.append(record.stand(store))
    record.write(store, None, "need.save", "need", "n1", NOW)
    stands.append(record.stand(store))
    record.write(store, None, "need.save", "need", "n1", NOW)  # the same again is another row
    stands.append(record.stand(store))
    assert len(set(stands)) == len(stands)
    assert stands[1][0] == record.last_seq(store)


def test_a_last_page_that_is_full_has_none_after_it(store: Store) -> None:
    for minute in range(record.PAGE):
        record.write(store, None, "need.save", "need", f"n{minute}", later(NOW, minutes=minute))
    assert record.latest(store)["more"] is False
    assert record.latest(store, page=0) == record.latest(store, page=1)


def test_the_last_number_of_the_change_feed_is_the_one_given_last(store: Store) -> None:
    before = record.last_seq(store)
    with store.atomic():
        record.next_seq(store)
    assert record.last_seq(store) == before + 1


def test_a_name_is_found_wherever_it_stands_among_the_details(store: Store) -> None:
    record.write(store, None, "need.save", "need", "n1", NOW, told=[{"who": "Kim Berg"}, 7, None, 1.5])
    record.write(store, None, "need.save", "need", "n2", NOW, told=[7, None])
    assert record.forget(store, "p1", ["kim berg"], NOW) == 1
    assert [row["detail"] for row in record.history(store, "need", "n1")] == [{}]
    assert [row["detail"] for row in record.history(store, "need", "n2")] == [{"told": [7, None]}]
