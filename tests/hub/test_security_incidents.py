from __future__ import annotations

import pytest

from matcher.hub import erasure, record, security_incidents
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound, Stale
from matcher.hub.personal import ERASED_NAME
from matcher.store import Store
from tests.factories import NOW, create_person

GIVEN = {"title": "Någon läste fel rader", "noticed_on": "2026-11-20", "noticed_time": "9.30"}


@pytest.fixture
def admin(store: Store):
    return create_person(store, "administrator")


def test_the_hours_count_from_swedish_time_in_winter_and_summer(store: Store, admin) -> None:
    winter = security_incidents.create(store, admin, GIVEN, NOW)
    summer = security_incidents.create(store, admin, {**GIVEN, "noticed_on": "2026-07-01"}, NOW)
    due = security_incidents.load(store, admin, winter)["due"]
    assert due["early"]["by"] == "2026-11-21T08:30:00.000000Z"
    assert due["notice"]["by"] == due["privacy"]["by"] == "2026-11-23T08:30:00.000000Z"
    assert due["final"]["by"] == "2026-12-23T08:30:00.000000Z"
    assert security_incidents.load(store, admin, summer)["due"]["early"]["by"] == "2026-07-02T07:30:00.000000Z"
    assert security_incidents.load(store, admin, winter)["noticed_time"] == "09:30"


def test_without_personal_data_nothing_is_due_to_that_authority(store: Store, admin) -> None:
    incident = security_incidents.create(store, admin, {**GIVEN, "personal": "no"}, NOW)
    assert list(security_incidents.load(store, admin, incident)["due"]) == ["early", "notice", "final"]
    with pytest.raises(NotFound):
        security_incidents.sent(store, admin, incident, "privacy", NOW)


def test_a_report_is_sent_once_and_the_final_one_counts_from_the_notification(store: Store, admin) -> None:
    incident = security_incidents.create(store, admin, GIVEN, NOW)
    security_incidents.sent(store, admin, incident, "notice", NOW)
    with pytest.raises(Conflict):
        security_incidents.sent(store, admin, incident, "notice", NOW)
    due = security_incidents.load(store, admin, incident)["due"]
    assert (due["notice"]["sent"], due["final"]["by"]) == (NOW, later(NOW, days=30))


def test_two_who_write_at_once_do_not_write_over_each_other(store: Store, admin) -> None:
    incident = security_incidents.create(store, admin, GIVEN, NOW)
    security_incidents.save(store, admin, incident, {**GIVEN, "effects": ["integrity"], "people": "12"}, 1, NOW)
    with pytest.raises(Stale) as stale:
        security_incidents.save(store, admin, incident, {**GIVEN, "title": "Annat"}, 1, NOW)
    assert stale.value.params["current"]["people"] == 12
    assert security_incidents.load(store, admin, incident)["effects"] == ["integrity"]
    changed = record.history(store, "security", incident)[-1]["detail"]["changed"]
    assert changed == ["effects", "people"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": ""}, "title"),
        ({"noticed_on": ""}, "noticed_on"),
        ({"noticed_on": "2027-01-01"}, "noticed_on"),
        ({"noticed_time": "25:00"}, "noticed_time"),
        ({"people": "många"}, "people"),
        ({"malicious": "kanske"}, "malicious"),
    ],
)
def test_bad_input_names_its_field(store: Store, admin, given, field) -> None:
    with pytest.raises(Invalid) as invalid:
        security_incidents.create(store, admin, {**GIVEN, **given}, NOW)
    assert list(invalid.value.errors) == [field]


def test_the_open_ones_come_first_and_only_administrators_see_any(store: Store, admin) -> None:
    first = security_incidents.create(store, admin, GIVEN, NOW)
    security_incidents.create(store, admin, {**GIVEN, "noticed_on": "2026-11-01"}, NOW)
    security_incidents.close(store, admin, first, NOW)
    assert [row["closed_at"] for row in security_incidents.listing(store, admin)] == [None, NOW]
    security_incidents.reopen(store, admin, first, NOW)
    assert security_incidents.load(store, admin, first)["closed_at"] is None
    with pytest.raises(Denied):
        security_incidents.listing(store, create_person(store, "broker"))


def test_closing_twice_leaves_it_closed_and_opening_twice_open(store: Store, admin) -> None:
    incident, then = security_incidents.create(store, admin, GIVEN, NOW), later(NOW, minutes=1)
    assert [security_incidents.close(store, admin, incident, at) for at in (NOW, then)] == [True, False]
    assert security_incidents.load(store, admin, incident)["closed_at"] == NOW
    assert [security_incidents.reopen(store, admin, incident, at) for at in (NOW, then)] == [True, False]
    assert security_incidents.load(store, admin, incident)["closed_at"] is None
    told = [row["action"] for row in record.history(store, "security", incident)]
    assert told == ["security.begin", "security.close", "security.reopen"]


def test_each_change_keeps_what_stood_before(store: Store, admin) -> None:
    incident = security_incidents.create(store, admin, {**GIVEN, "effects": ["integrity"], "what": "Först."}, NOW)
    moved = {**GIVEN, "noticed_on": "2026-11-19", "effects": [], "what": "Sedan."}
    then = later(NOW, minutes=1)
    security_incidents.save(store, admin, incident, moved, 1, then)
    security_incidents.save(store, admin, incident, {**moved, "title": "Inget"}, 2, then)
    assert security_incidents.save(store, admin, incident, {**moved, "title": "Inget"}, 3, then) is None
    told = security_incidents.changes(store, admin, incident)
    assert [row["before"] for row in told] == [
        {"title": GIVEN["title"]},
        {"what": "Först.", "effects": ["integrity"], "noticed_at": "2026-11-20T08:30:00.000000Z"},
    ]
    assert {(row["changed_at"], row["person"]) for row in told} == {(then, admin.name)}
    # In the record stands which fields, and no text: it could lose only all that its row tells.
    assert "Först" not in str(record.history(store, "security", incident))
    with pytest.raises(Denied):
        security_incidents.changes(store, create_person(store, "broker"), incident)


def test_a_closed_incident_takes_no_change_until_it_is_opened_again(store: Store, admin) -> None:
    incident = security_incidents.create(store, admin, GIVEN, NOW)
    security_incidents.close(store, admin, incident, NOW)
    before = security_incidents.load(store, admin, incident)
    with pytest.raises(Conflict, match="incident_closed"):
        security_incidents.save(store, admin, incident, {**GIVEN, "title": "Inget"}, 1, NOW)
    with pytest.raises(Conflict, match="incident_closed"):
        security_incidents.sent(store, admin, incident, "early", NOW)
    assert security_incidents.load(store, admin, incident) == before
    security_incidents.reopen(store, admin, incident, NOW)
    security_incidents.save(store, admin, incident, {**GIVEN, "title": "Inget"}, 1, NOW)
    security_incidents.sent(store, admin, incident, "early", NOW)


def test_of_an_erased_person_no_name_stays_in_what_stood_before(store: Store, admin) -> None:
    gone = create_person(store, "owner", name="Greta Garbosson")
    incident = security_incidents.create(store, admin, {**GIVEN, "whose": f"Det var {gone.name} som såg det."}, NOW)
    security_incidents.save(store, admin, incident, {**GIVEN, "whose": "Ingens."}, 1, NOW)
    erasure.erase(store, gone.person_id, None, NOW)
    [change] = security_incidents.changes(store, admin, incident)
    assert change["before"] == {"whose": f"Det var {ERASED_NAME} som såg det."}
