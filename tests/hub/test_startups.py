import contextlib
import json

import pytest

from matcher.hub import catalogue, moderation, record, startups
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound, Stale
from tests.factories import NOW, create_organisation, create_person, create_startup

LATER = "2026-11-21T09:00:00.000000Z"
TYPED = {
    "name": "Nattljus AB",
    "problem": "Äldre faller på natten.",
    "description": "En sensor larmar.",
    "regions": ["12", "14"],
    "seeks": "test, sell",
    "readiness": "7",
    "website": "nattljus.example.com",
}


@pytest.fixture
def company(store):
    return create_organisation(store, "company", name="Nattljus Omsorgsteknik AB", orgnr="5560360793")


@pytest.fixture
def person(store, company):
    return create_person(store, "startup", company)


def mails(store):
    return [
        (row["template"], row["recipient"]) for row in store.query("select * from outbox order by template, recipient")
    ]


def test_a_profile_is_created_as_a_draft_with_what_was_typed(store, person, company):
    row = startups.load(store, person, startups.create(store, person, company["id"], TYPED, NOW))
    assert row["status"] == "draft"
    assert (row["regions"], row["seeks"], row["readiness"]) == (["12", "14"], ["test", "sell"], 7)
    assert row["website"] == "https://nattljus.example.com"
    assert (row["organisation"], row["orgnr"]) == ("Nattljus Omsorgsteknik AB", "5560360793")


def test_nobody_creates_for_a_company_of_others(store, person):
    with pytest.raises(Denied):
        startups.create(store, person, create_organisation(store, "company")["id"], TYPED, NOW)


def test_a_number_with_a_wrong_digit_is_told_beside_the_other_faults(store, person, company):
    with pytest.raises(Invalid) as caught:
        startups.create(store, person, company["id"], {**TYPED, "orgnr": "556036-0794", "readiness": "12"}, NOW)
    assert {name: code for name, (code, _) in caught.value.errors.items()} == {
        "orgnr": "not_an_orgnr",
        "readiness": "number_range",
    }


def test_a_number_is_kept_with_the_organisation_and_recorded(store):
    company = create_organisation(store, "company")
    person = create_person(store, "startup", company)
    startup = startups.create(store, person, company["id"], {**TYPED, "orgnr": "556036-0793"}, NOW)
    assert startups.load(store, person, startup)["orgnr"] == "5560360793"
    assert [row["action"] for row in record.history(store, "organisation", company["id"])] == ["organisation.number"]


def test_the_record_tells_which_number_another_one_replaced_but_no_persons(store):
    company = create_organisation(store, "company")
    person = create_person(store, "startup", company)
    numbers = ["5560360793", "5560125790", "8507099805", "5560360793"]
    startup, shown = startups.create(store, person, company["id"], TYPED, NOW), []
    for number in numbers:
        revision = startups.load(store, person, startup)["revision"]
        startups.save(store, person, startup, {"orgnr": number}, revision, NOW)
        shown.append(record.history(store, "organisation", company["id"])[-1]["detail"])
    assert [{**one, "orgnr": ""} for one in shown] == [
        {"orgnr": ""},
        {"orgnr": "", "before": "5560360793"},
        {"orgnr": "", "before": "5560125790"},
        {"orgnr": "", "changed": ["orgnr"]},
    ]


def test_the_name_is_the_only_thing_a_draft_must_have(store, person, company):
    with pytest.raises(Invalid) as caught:
        startups.create(store, person, company["id"], {"name": " "}, NOW)
    assert list(caught.value.errors) == ["name"]
    assert startups.create(store, person, company["id"], {"name": "Nattljus"}, NOW)


def test_an_import_may_name_its_source_and_hold_longer_texts(store, company):
    startup = startups.create(
        store, None, company["id"], {"name": "N", "description": "x" * 9_000}, NOW,
        id="s1", source="list", external_id="7", person_id=None, limit=100_000,
    )  # fmt: skip
    row = store.query("select * from startup where id = 's1'")[0]
    assert (startup, row["source"], row["external_id"], len(row["description"])) == ("s1", "list", "7", 9_000)


def test_saving_keeps_the_fields_that_were_not_on_the_page(store, person, company):
    row = create_startup(store, company)
    saved = startups.save(store, person, row["id"], {"name": "Nytt namn"}, 1, LATER)
    assert (saved["name"], saved["problem"], saved["revision"]) == ("Nytt namn", row["problem"], 2)
    assert (saved["updated_at"], saved["seq"] > row["seq"]) == (LATER, True)


def test_saving_the_same_changes_nothing(store, person, company):
    row = create_startup(store, company)
    assert startups.save(store, person, row["id"], {"name": row["name"]}, 1, LATER)["seq"] == row["seq"]


def test_the_second_of_two_tabs_is_told_and_gets_the_saved_row(store, person, company):
    row = create_startup(store, company)
    startups.save(store, person, row["id"], {"problem": "Först"}, 1, LATER)
    with pytest.raises(Stale) as caught:
        startups.save(store, person, row["id"], {"problem": "Sedan"}, 1, LATER)
    assert caught.value.params["current"]["problem"] == "Först"
    assert startups.load(store, person, row["id"])["problem"] == "Först"


def test_a_published_profile_cannot_be_emptied_of_what_it_must_hold(store, person, company):
    row = create_startup(store, company, published=True)
    with pytest.raises(Invalid):
        startups.save(store, person, row["id"], {"description": ""}, 1, LATER)


def test_an_imported_profile_that_lacks_a_text_can_still_be_saved(store, broker, company):
    row = create_startup(store, company, published=True, problem="", description="Bara detta")
    assert startups.save(store, broker, row["id"], {"audience": "Alla"}, 1, LATER)["audience"] == "Alla"


def test_a_long_imported_text_can_be_saved_by_a_form(store, person, company):
    row = create_startup(store, company, description="x" * 20_000)
    assert startups.save(store, person, row["id"], {"audience": "Alla"}, 1, LATER)["audience"] == "Alla"


def test_publishing_asks_for_what_the_reader_needs(store, person, company):
    startup = startups.create(store, person, company["id"], {"name": "Nattljus"}, NOW)
    with pytest.raises(Invalid) as caught:
        startups.publish(store, person, startup, NOW)
    assert sorted(caught.value.errors) == ["description", "problem"]


def test_a_profile_is_published_and_taken_back_once_each(store, person, company):
    row = create_startup(store, company)
    startups.publish(store, person, row["id"], LATER)
    with pytest.raises(Conflict, match="startup_already_published"):
        startups.publish(store, person, row["id"], LATER)
    assert startups.load(store, person, row["id"])["status"] == "published"
    startups.unpublish(store, person, row["id"], LATER)
    with pytest.raises(Conflict, match="startup_not_published"):
        startups.unpublish(store, person, row["id"], LATER)
    assert startups.load(store, person, row["id"])["status"] == "draft"


def test_publishing_leaves_an_open_form_usable_and_moves_the_change_feed(store, person, company):
    row = create_startup(store, company)
    startups.publish(store, person, row["id"], LATER)
    assert startups.load(store, person, row["id"])["seq"] > row["seq"]
    assert startups.save(store, person, row["id"], {"audience": "Alla"}, 1, LATER)["audience"] == "Alla"


def test_a_broker_hides_with_a_reason_that_the_startup_is_told(store, person, broker, company):
    row = create_startup(store, company, published=True)
    moderation.hide(store, broker, row["id"], "Bolaget är i konkurs.", LATER)
    hidden = startups.load(store, person, row["id"])
    assert (hidden["status"], hidden["hidden_reason"]) == ("hidden", "Bolaget är i konkurs.")
    assert mails(store) == [("startup_hidden", person.email)]
    assert record.history(store, "startup", row["id"])[-1]["detail"] == {"reason": "Bolaget är i konkurs."}
    with pytest.raises(Conflict):
        moderation.hide(store, broker, row["id"], "Igen", LATER)
    moderation.unhide(store, broker, row["id"], LATER)
    assert startups.load(store, person, row["id"])["status"] == "published"


def test_a_flag_is_told_and_leaves_the_profile_visible(store, person, broker, company):
    row = create_startup(store, company, published=True)
    moderation.flag(store, broker, row["id"], "Referensen går inte att hitta.", LATER)
    assert startups.load(store, person, row["id"])["flag_reason"] == "Referensen går inte att hitta."
    seen = startups.load(store, create_person(store, "owner"), row["id"])
    assert (seen["status"], set(startups.INSIDE_FIELDS) & set(seen)) == ("published", set())
    moderation.unflag(store, broker, row["id"], LATER)
    assert mails(store) == [("startup_flagged", person.email), ("startup_unflagged", person.email)]


def test_hiding_again_tells_again(store, person, broker, company):
    row = create_startup(store, company, published=True)
    for moment in (NOW, LATER):
        moderation.hide(store, broker, row["id"], "Skäl", moment)
        moderation.unhide(store, broker, row["id"], moment)
    assert [template for template, _ in mails(store)].count("startup_hidden") == 2


@pytest.mark.parametrize("reason", ["", " \n", "x" * 8_001])
def test_hiding_needs_a_reason_of_a_sensible_length(store, broker, company, reason):
    row = create_startup(store, company, published=True)
    with pytest.raises(Invalid):
        moderation.hide(store, broker, row["id"], reason, LATER)
    assert startups.load(store, broker, row["id"])["status"] == "published"


@pytest.mark.parametrize("change", [moderation.unhide, moderation.unflag, startups.unpublish])
def test_what_was_never_done_cannot_be_undone(store, broker, company, change):
    with pytest.raises(Conflict):
        change(store, broker, create_startup(store, company)["id"], LATER)


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("owner", {"Published"}),
        ("host", {"Published"}),
        ("administrator", {"Published"}),
        ("broker", {"Published", "Draft", "Hidden", "Merged"}),
        (None, set()),
    ],
)
def test_who_sees_which_profiles(store, role, seen):
    viewer = create_person(store, role)
    rows = [
        create_startup(store, name="Published", published=True),
        create_startup(store, name="Draft"),
        create_startup(store, name="Hidden", published=True, hidden_at=NOW, hidden_reason="x"),
    ]
    rows.append(create_startup(store, name="Merged", published=True, merged_into=rows[0]["id"], merged_at=NOW))
    found = set()
    for row in rows:
        with contextlib.suppress(NotFound):
            found.add(startups.load(store, viewer, row["id"])["name"])
    assert found == seen


def test_a_startup_sees_its_own_whatever_the_state_and_a_visitor_none(store, person, company):
    own = create_startup(store, company, hidden_at=NOW, hidden_reason="x")
    assert startups.load(store, person, own["id"])["status"] == "hidden"
    with pytest.raises(NotFound):
        startups.load(store, None, create_startup(store, published=True)["id"])


def test_sections_are_the_texts_that_carry_meaning(store, company):
    row = create_startup(store, company, name="Nattljus", novelty="", evidence="")
    assert startups.sections(row) == ["Nattljus", row["problem"], row["audience"], row["description"]]


def test_completeness_says_first_what_would_help_most(store, company):
    percent, lacking = startups.completeness({"name": "Nattljus"})
    assert (percent, lacking[:3]) == (0, ["description", "problem", "evidence"])


def test_a_full_profile_is_complete_and_a_short_text_counts_half():
    full = {
        name: "x" * max(enough, 1) if name not in ("readiness", "capacity") else 5
        for name, (_, enough) in startups.WORTH.items()
    }
    assert startups.completeness(full) == (100, [])
    percent, lacking = startups.completeness({**full, "description": "kort"})
    assert (percent, lacking) == (90, ["description"])


def test_no_capacity_at_all_is_an_answer():
    assert "capacity" not in startups.completeness({"capacity": 0})[1]


def test_the_list_gives_the_same_completeness_as_the_profile(store, broker, company):
    create_startup(store, company, evidence="", seeks=[], website="", capacity=None)
    row = catalogue.list_startups(store, broker)["rows"][0]
    assert row["percent"] == startups.completeness(startups.load(store, broker, row["id"]))[0]
    low, high = catalogue.COMPLETE["middle"]
    assert (low <= row["percent"] <= high) == bool(catalogue.list_startups(store, broker, complete="middle")["total"])


def test_the_list_is_filtered_sorted_in_swedish_and_counted(store, broker):
    for name in ("Östgöta", "Ärlig", "Åker", "Zebra", "apan"):
        create_startup(store, name=name, published=True)
    create_startup(store, name="Flaggad", published=True, flagged_at=NOW, flag_reason="x", themes=["education"])
    listed = catalogue.list_startups(store, broker)
    assert [row["name"] for row in listed["rows"]] == ["apan", "Flaggad", "Zebra", "Åker", "Ärlig", "Östgöta"]
    assert listed["states"] == {"draft": 0, "published": 6, "hidden": 0, "flagged": 1, "merged": 0}
    assert [row["name"] for row in catalogue.list_startups(store, broker, state="flagged")["rows"]] == ["Flaggad"]
    assert [row["name"] for row in catalogue.list_startups(store, broker, theme="education")["rows"]] == ["Flaggad"]
    assert [row["name"] for row in catalogue.list_startups(store, broker, words="ÖSTG")["rows"]] == ["Östgöta"]


def test_the_list_has_pages_and_a_page_too_far_is_the_last(store, broker, monkeypatch):
    monkeypatch.setattr(catalogue, "PAGE", 2)
    for name in "abc":
        create_startup(store, name=name)
    listed = catalogue.list_startups(store, broker, page=9)
    assert (listed["page"], listed["pages"], [row["name"] for row in listed["rows"]]) == (2, 2, ["c"])


def test_every_change_leaves_a_row_in_the_record(store, person, company):
    startup = startups.create(store, person, company["id"], TYPED, NOW)
    startups.save(store, person, startup, {"audience": "Boenden"}, 1, NOW)
    startups.publish(store, person, startup, LATER)
    startups.unpublish(store, person, startup, LATER)
    history = record.history(store, "startup", startup)
    assert sorted(row["action"] for row in history) == [
        "startup.create", "startup.publish", "startup.save", "startup.unpublish",
    ]  # fmt: skip
    assert [row["detail"] for row in history if row["action"] == "startup.save"] == [{"changed": ["audience"]}]


def test_a_refused_change_writes_nothing(store, person, company):
    startup = startups.create(store, person, company["id"], TYPED, NOW)
    with pytest.raises(Invalid):
        startups.save(store, person, startup, {"name": "Annat", "orgnr": "1"}, 1, LATER)
    assert json.loads(store.query("select regions from startup")[0]["regions"]) == ["12", "14"]
    assert startups.load(store, person, startup)["name"] == "Nattljus AB"
