import pytest

from matcher.hub import catalogue, closures, record, testbeds
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound, Stale
from tests.factories import NOW, create_organisation, create_person, create_testbed

LATER = "2026-11-21T09:00:00.000000Z"
TYPED = {
    "name": "Vinterbanan",
    "description": "En kilometer gångväg.",
    "conditions": "Egen försäkring.",
    "contact_name": "Lars",
    "contact_email": "LARS@example.org",
    "places": "3",
}


@pytest.fixture
def organisation(store):
    return create_organisation(store, "host", name="Vinterlabbet")


@pytest.fixture
def host(store, organisation):
    return create_person(store, "host", organisation)


def test_a_testbed_is_created_as_a_draft_with_a_promised_answer_time(store, host, organisation):
    row = testbeds.load(store, host, testbeds.create(store, host, organisation["id"], TYPED, NOW))
    assert (row["status"], row["places"], row["answer_days"]) == ("draft", 3, 10)
    assert (row["contact_email"], row["organisation"]) == ("lars@example.org", "Vinterlabbet")


def test_no_place_at_all_is_kept_and_nothing_said_is_one(store, host, organisation):
    for typed, kept in (("0", 0), ("", 1), (None, 1)):
        testbed = testbeds.create(store, host, organisation["id"], {**TYPED, "places": typed}, NOW)
        assert testbeds.load(store, host, testbed)["places"] == kept


def test_a_buffer_and_what_the_staff_manages_are_kept_and_the_public_sees_only_the_buffer(store, host, organisation):
    for typed, kept in (({}, (0, None)), ({"buffer_days": "3", "staff_hours": "40"}, (3, 40))):
        testbed = testbeds.create(store, host, organisation["id"], {**TYPED, **typed}, NOW)
        row = testbeds.load(store, host, testbed)
        assert (row["buffer_days"], row["staff_hours"]) == kept
        assert "staff_hours" not in testbeds.public(row)
    saved = testbeds.save(store, host, testbed, {"buffer_days": "", "staff_hours": ""}, 1, NOW)
    assert (saved["buffer_days"], saved["staff_hours"]) == (0, None)


def test_nobody_creates_for_a_host_of_others(store, host):
    with pytest.raises(Denied):
        testbeds.create(store, host, create_organisation(store, "host")["id"], TYPED, NOW)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("places", "-1", "number_range"),
        ("answer_days", "91", "number_range"),
        ("buffer_days", "61", "number_range"),
        ("staff_hours", "1001", "number_range"),
        ("backup_email", "rut", "not_an_email"),
    ],
)
def test_what_cannot_be_used_is_named(store, host, organisation, field, value, code):
    with pytest.raises(Invalid) as caught:
        testbeds.create(store, host, organisation["id"], {**TYPED, field: value}, NOW)
    assert {name: found for name, (found, _) in caught.value.errors.items()} == {field: code}


def test_a_municipality_brings_its_county_and_must_lie_in_it(store, host, organisation):
    testbed = testbeds.create(store, host, organisation["id"], {**TYPED, "municipality_code": "1280"}, NOW)
    assert testbeds.load(store, host, testbed)["county_code"] == "12"
    with pytest.raises(Invalid) as caught:
        testbeds.save(store, host, testbed, {"county_code": "25"}, 1, NOW)
    assert caught.value.errors == {"municipality_code": ("other_county", {})}


def test_saving_keeps_the_rest_and_moves_the_change_feed(store, host, organisation):
    row = create_testbed(store, organisation)
    saved = testbeds.save(store, host, row["id"], {"places": "5"}, 1, LATER)
    assert (saved["places"], saved["users"], saved["revision"]) == (5, row["users"], 2)
    assert (saved["updated_at"], saved["seq"] > row["seq"]) == (LATER, True)


def test_the_second_of_two_tabs_gets_the_saved_row(store, host, organisation):
    row = create_testbed(store, organisation)
    testbeds.save(store, host, row["id"], {"users": "Först"}, 1, LATER)
    with pytest.raises(Stale) as caught:
        testbeds.save(store, host, row["id"], {"users": "Sedan"}, 1, LATER)
    assert caught.value.params["current"]["users"] == "Först"


def test_publishing_asks_for_terms_and_a_contact(store, host, organisation):
    testbed = testbeds.create(store, host, organisation["id"], {"name": "Bana", "description": "En väg"}, NOW)
    with pytest.raises(Invalid) as caught:
        testbeds.publish(store, host, testbed, NOW)
    assert sorted(caught.value.errors) == ["conditions", "contact_email", "contact_name"]


def test_a_published_testbed_cannot_be_emptied_of_them(store, host, organisation):
    row = create_testbed(store, organisation, published=True)
    with pytest.raises(Invalid):
        testbeds.save(store, host, row["id"], {"conditions": ""}, 1, LATER)


def test_a_testbed_is_published_withdrawn_and_published_again(store, host, organisation):
    row = create_testbed(store, organisation)
    testbeds.publish(store, host, row["id"], NOW)
    with pytest.raises(Conflict, match="testbed_already_published"):
        testbeds.publish(store, host, row["id"], NOW)
    testbeds.withdraw(store, host, row["id"], LATER)
    with pytest.raises(Conflict, match="testbed_not_published"):
        testbeds.withdraw(store, host, row["id"], LATER)
    assert testbeds.load(store, host, row["id"])["status"] == "withdrawn"
    with pytest.raises(NotFound):
        testbeds.load(store, None, row["id"])
    testbeds.publish(store, host, row["id"], LATER)
    assert testbeds.load(store, None, row["id"])["published_at"] == NOW


@pytest.mark.parametrize(
    ("role", "seen"),
    [(None, {"Published"}), ("startup", {"Published"}), ("broker", {"Published", "Draft", "Withdrawn"})],
)
def test_who_sees_which_testbeds(store, role, seen):
    viewer = create_person(store, role) if role else None
    create_testbed(store, name="Published", published=True)
    create_testbed(store, name="Draft")
    create_testbed(store, name="Withdrawn", published=True, withdrawn_at=NOW)
    assert {row["name"] for row in catalogue.list_testbeds(store, viewer, NOW)["rows"]} == seen


def test_a_host_sees_its_own_drafts_and_not_those_of_others(store, host, organisation):
    create_testbed(store, organisation, name="Own")
    create_testbed(store, name="Other")
    assert [row["name"] for row in catalogue.list_testbeds(store, host, NOW)["rows"]] == ["Own"]


def test_a_visitor_gets_the_public_fields_and_no_names(store):
    row = create_testbed(store, published=True)
    seen = testbeds.load(store, None, row["id"])
    assert set(seen) == set(testbeds.PUBLIC_FIELDS)
    assert not {"contact_name", "contact_email", "backup_name", "backup_email", "person_id"} & set(seen)
    listed = catalogue.list_testbeds(store, None, NOW)["rows"][0]
    assert set(listed) == {*testbeds.PUBLIC_FIELDS, "closed"}
    assert testbeds.load(store, create_person(store, "startup"), row["id"])["contact_email"] == "vera@example.org"


def test_the_catalogue_is_filtered_by_theme_county_and_words(store):
    create_testbed(store, name="Älvdalen", published=True, county_code="20", themes=["water"])
    create_testbed(store, name="Bana", published=True, county_code="25", themes=[])
    names = lambda **kept: [row["name"] for row in catalogue.list_testbeds(store, None, NOW, **kept)["rows"]]  # noqa: E731
    assert names() == ["Bana", "Älvdalen"]
    assert (names(theme="water"), names(county="25"), names(words="älv")) == (["Älvdalen"], ["Bana"], ["Älvdalen"])


def test_a_period_is_closed_and_opened_again(store, host, organisation):
    row = create_testbed(store, organisation, published=True)
    closure = closures.close_period(store, host, row["id"], "2026-12-20", "2027-01-07", "Julledigt", NOW)
    found = closures.of(store, row["id"])
    assert [(c["starts_on"], c["ends_on"], c["reason"]) for c in found] == [("2026-12-20", "2027-01-07", "Julledigt")]
    assert testbeds.load(store, host, row["id"])["seq"] > row["seq"]
    closures.open_period(store, host, row["id"], closure, LATER)
    assert closures.of(store, row["id"]) == []
    with pytest.raises(NotFound):
        closures.open_period(store, host, row["id"], closure, LATER)
    actions = sorted(entry["action"] for entry in record.history(store, "testbed", row["id"]))
    assert actions == ["testbed.close_period", "testbed.open_period"]


def test_a_testbed_is_closed_so_many_times_and_no_more(store, host, organisation, monkeypatch):
    """Each calendar, also a visitor's, counts through all closed periods day by day."""
    monkeypatch.setattr(closures, "MOST", 2)
    row = create_testbed(store, organisation, published=True)
    first, _ = (
        closures.close_period(store, host, row["id"], "2026-12-20", "2027-01-07", f"Jul {number}", NOW)
        for number in range(2)
    )
    with pytest.raises(Conflict, match="closures_many"):
        closures.close_period(store, host, row["id"], "2027-06-20", "2027-06-21", "Midsommar", NOW)
    closures.open_period(store, host, row["id"], first, NOW)
    closures.close_period(store, host, row["id"], "2027-06-20", "2027-06-21", "Midsommar", NOW)


def test_a_period_of_another_testbed_is_not_opened_from_here(store, host, organisation):
    own, other = create_testbed(store, organisation), create_testbed(store)
    closure = closures.close_period(store, None, other["id"], "2026-12-20", "2027-01-07", "Jul", NOW)
    with pytest.raises(NotFound):
        closures.open_period(store, host, own["id"], closure, NOW)
    assert len(closures.of(store, other["id"])) == 1


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "reason", "fields"),
    [
        ("", "", "", ["ends_on", "reason", "starts_on"]),
        ("2027-01-07", "2026-12-20", "Jul", ["ends_on"]),
        ("1899-01-01", "2026-12-20", "Jul", ["starts_on"]),
        ("2026-01-01", "2026-01-31", "Förbi", ["ends_on"]),
        ("snart", "2026-12-20", "Jul", ["starts_on"]),
    ],
)
def test_a_period_that_cannot_be_is_refused(store, host, organisation, starts_on, ends_on, reason, fields):
    row = create_testbed(store, organisation)
    with pytest.raises(Invalid) as caught:
        closures.close_period(store, host, row["id"], starts_on, ends_on, reason, NOW)
    assert sorted(caught.value.errors) == fields
    assert closures.of(store, row["id"]) == []


def test_periods_that_are_over_can_be_left_out_and_one_that_holds_is_shown(store, host, organisation):
    row = create_testbed(store, organisation, published=True)
    closures.close_period(store, host, row["id"], "2026-01-01", "2026-01-31", "Förbi", "2026-01-01T08:00:00.000000Z")
    closures.close_period(store, host, row["id"], "2026-11-01", "2026-11-20", "Nu", NOW)
    assert [closure["reason"] for closure in closures.of(store, row["id"], NOW)] == ["Nu"]
    assert catalogue.list_testbeds(store, None, NOW)["rows"][0]["closed"] == "2026-11-20"
    assert catalogue.list_testbeds(store, None, LATER)["rows"][0]["closed"] is None


def test_sections_are_the_environment_and_not_the_terms(store):
    row = create_testbed(store, name="Bana", methods="")
    assert testbeds.sections(row) == ["Bana", row["description"], row["users"], row["equipment"]]
