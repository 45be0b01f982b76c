"""The log of a case and its hours of support."""

from __future__ import annotations

import pytest

from matcher.hub import case_log, record
from matcher.hub.clock import day, later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from tests.factories import NOW, create_person, create_testbed

from .cases import Case

WORDS = {"text": "Vi möttes på plats.", "kind": "meeting"}


@pytest.fixture
def pairing_id(case):
    return case.propose()


def write(store, viewer, pairing_id, now=NOW, **given):
    return case_log.write(store, viewer, pairing_id, {**WORDS, **given}, now)


def test_everybody_in_the_case_writes_and_reads(store, case, pairing_id):
    for person in (case.broker, case.owner, case.founder):
        write(store, person, pairing_id)
    rows, total = case_log.of_case(store, case.founder, pairing_id)
    assert (total, {row["side"] for row in rows}) == (3, {"broker", "owner", "startup"})
    assert {row["person"] for row in rows} == {case.broker.name, case.owner.name, case.founder.name}
    assert {row["on_day"] for row in rows} == {day(NOW)}


def test_the_host_writes_in_a_case_that_has_its_place_and_others_never(store, case):
    host = create_person(store, "host")
    testbed = create_testbed(store, host.organisations("host")[0], published=True, places=1)
    pairing_id = case.accepted()
    case.confirm(pairing_id, testbed)
    write(store, host, pairing_id)
    for person in (create_person(store, "owner"), create_person(store, "startup"), create_person(store, "host")):
        with pytest.raises(Denied):
            write(store, person, pairing_id)


def test_what_is_for_brokers_is_read_and_counted_by_brokers_alone(store, case, pairing_id):
    write(store, case.broker, pairing_id, visible="brokers", hours="2")
    write(store, case.broker, pairing_id, hours="1")
    assert case_log.of_case(store, case.broker, pairing_id)[1] == 2
    assert case_log.minutes(store, case.broker, pairing_id)["total"] == 180
    for person in (case.owner, case.founder):
        assert case_log.of_case(store, person, pairing_id)[1] == 1
        assert case_log.minutes(store, person, pairing_id)["total"] == 60
        with pytest.raises(Denied):
            write(store, person, pairing_id, visible="brokers")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("", 0), ("1", 60), ("1,5", 90), ("0.25", 15), ("1:20", 80), ("1000", 60_000)],
)
def test_hours_are_kept_as_minutes(store, case, pairing_id, typed, kept):
    write(store, case.broker, pairing_id, hours=typed)
    write(store, case.owner, pairing_id, hours="1")
    assert case_log.minutes(store, case.owner, pairing_id) == {"hub": kept, "sides": 60, "total": kept + 60}


@pytest.mark.parametrize("typed", ["-1", "1e3", "1001", "1:60", "en timme", "٣", "9" * 40, "nan"])
def test_what_is_no_hours_is_refused(store, case, pairing_id, typed):
    with pytest.raises(Invalid) as error:
        write(store, case.broker, pairing_id, hours=typed)
    assert error.value.errors["hours"][0] == "not_hours"


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"text": " "}, "text"),
        ({"kind": "party"}, "kind"),
        ({"visible": "nobody"}, "visible"),
        ({"on_day": "2026-02-30"}, "on_day"),
        ({"on_day": day(later(NOW, days=1))}, "on_day"),
        ({"text": "å" * 9_000}, "text"),
    ],
)
def test_what_cannot_be_logged_is_refused(store, case, pairing_id, given, wrong):
    with pytest.raises(Invalid) as error:
        write(store, case.broker, pairing_id, **given)
    assert set(error.value.errors) == {wrong}


def test_the_record_tells_that_something_was_logged_but_not_what(store, case, pairing_id):
    write(store, case.broker, pairing_id, hours="2", visible="brokers")
    row = record.history(store, "pairing", pairing_id)[-1]
    assert (row["action"], row["detail"]) == (
        "case.note",
        {"entry": "meeting", "spent": 120, "visible": "brokers"},
    )


def test_an_entry_is_struck_by_its_writer_or_a_broker_and_its_hours_no_longer_count(store, case, pairing_id):
    first, second = (write(store, case.owner, pairing_id, hours="3") for _ in range(2))
    with pytest.raises(Denied):
        case_log.strike(store, case.founder, pairing_id, first, NOW)
    case_log.strike(store, case.owner, pairing_id, first, NOW)
    with pytest.raises(Conflict, match="note_struck"):
        case_log.strike(store, case.broker, pairing_id, first, NOW)
    case_log.strike(store, case.broker, pairing_id, second, NOW)
    rows, total = case_log.of_case(store, case.founder, pairing_id)
    assert (total, {row["striker"] for row in rows}) == (2, {case.owner.name, case.broker.name})
    assert case_log.minutes(store, case.founder, pairing_id)["total"] == 0


def test_an_entry_of_another_case_or_for_brokers_is_not_there(store, case, pairing_id):
    hidden, other = write(store, case.broker, pairing_id, visible="brokers"), Case(store)
    with pytest.raises(NotFound):
        case_log.strike(store, case.owner, pairing_id, hidden, NOW)
    with pytest.raises(NotFound):
        case_log.strike(store, other.broker, other.propose(), hidden, NOW)


def test_a_long_log_comes_in_pages_newest_first(store, case, pairing_id):
    for number in range(5):
        write(store, case.broker, pairing_id, now=later(NOW, days=number), text=f"Dag {number}")
    rows, total = case_log.of_case(store, case.owner, pairing_id, page=2, size=2)
    assert (total, [row["text"] for row in rows]) == (5, ["Dag 2", "Dag 1"])
