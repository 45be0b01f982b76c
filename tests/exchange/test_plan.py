"""What an import does with each row: new, changed, the same, or not taken, and why."""

import pytest

from matcher.exchange import plan
from matcher.exchange.tables import Row
from matcher.hub import ids, needs, organisations, startups
from matcher.hub.people import SYSTEM
from tests.factories import NOW, create_need, create_organisation, create_person, create_startup

HEADINGS = ["id", "title", "organisation", "orgnr", "description", "effect", "wanted_by", "language"]
LUND = "212000-1132"


def job(kind="needs", names=HEADINGS, **more):
    return plan.Job(kind, names, {name: [name] for name in names}, more.pop("source", "fil"), **more)


def row(line=2, id="1", title="Snö", organisation="Lunds kommun", orgnr="", fault=None, **more):
    cells = {"id": id, "title": title, "organisation": organisation, "orgnr": orgnr, **more}
    return Row(line, [cells.get(name, "") for name in HEADINGS], fault)


def planned(store, *rows, seen=None, **more):
    return plan.plan(store, job(**more), plan.read(job(**more), rows), {} if seen is None else seen)


def imported(store, *rows, **more):
    """Apply rows and remember their digests, as an import does; return the ids."""
    batch = {"id": ids.new_id(), "kind": "needs", "filename": "x", "content": b"", "mapping": "", "options": ""}
    store.insert("import_batch", {**batch, "created_at": NOW})
    made = []
    for one in planned(store, *rows, **more):
        with store.atomic():
            subject = plan.apply(store, SYSTEM, job(**more), one, NOW)
        done = {"batch_id": batch["id"], "line": one.line, "subject_id": subject, "change": "created"}
        store.insert("import_row", {**done, "revision": 1, "digest": one.digest})
        made.append(subject)
    return made


def test_a_new_row_is_created_for_the_organisation_with_its_number(store):
    lund = create_organisation(store, "public", name="Lund", orgnr="2120001132")
    [need_id] = imported(store, row(orgnr=LUND, organisation="LUNDS KOMMUN"))
    made = store.query("select * from need where id = :id", {"id": need_id})[0]
    assert (made["organisation_id"], made["title"], made["source"], made["external_id"]) == (
        lund["id"],
        "Snö",
        "fil",
        "1",
    )
    assert made["published_at"] is None


def test_what_is_created_may_be_published_at_once(store):
    imported(store, row(), publish=True)
    assert store.query("select published_at, version from need")[0] == {"published_at": NOW, "version": 1}
    assert not store.query("select id from outbox")


def test_the_same_row_again_is_unchanged(store):
    imported(store, row())
    assert [one.change for one in planned(store, row())] == ["unchanged"]


def test_a_changed_row_is_updated(store):
    [need_id] = imported(store, row())
    [one] = planned(store, row(description="Halt"))
    assert (one.change, one.current["id"]) == ("updated", need_id)


def test_the_same_id_of_another_source_is_another_row(store):
    imported(store, row())
    assert [one.change for one in planned(store, row(), source="annan")] == ["created"]


def test_what_was_changed_here_stays_until_the_file_changes_too(store):
    [need_id] = imported(store, row(description="Ur filen"))
    needs.save(store, None, need_id, {"description": "Rättat här"}, 1, NOW)
    assert planned(store, row(description="Ur filen"))[0].change == "unchanged"
    assert planned(store, row(description="Nytt ur filen"))[0].change == "updated"


def test_a_row_from_before_digests_is_compared_by_its_content(store):
    create_need(store, create_organisation(store, name="Lunds kommun"), source="fil", external_id="1", title="Snö",
                description="", effect="", wanted_by=None)  # fmt: skip
    assert planned(store, row())[0].change == "unchanged"
    assert planned(store, row(effect="Torra skor"))[0].change == "updated"


def test_what_was_closed_here_is_not_opened_again(store):
    create_need(store, create_organisation(store, name="Lunds kommun"), source="fil", external_id="1", closed_at=NOW)
    [one] = planned(store, row(title="Is"))
    assert (one.change, one.remarks) == ("unchanged", {"": ("closed", {})})


def test_what_was_merged_here_is_left_alone(store):
    kept = create_startup(store)
    create_startup(store, source="fil", external_id="1", name="Bolag", merged_into=kept["id"])
    found = plan.plan(
        store,
        job("startups", ["id", "name"]),
        plan.read(job("startups", ["id", "name"]), [Row(2, ["1", "Nytt namn"])]),
        {},
    )
    assert found[0].change == "unchanged"
    assert found[0].remarks[""] == ("merged", {})


def test_a_row_stays_with_its_organisation_and_says_so(store):
    imported(store, row())
    [one] = planned(store, row(organisation="Malmö stad", title="Is"))
    assert (one.change, one.remarks) == (
        "updated",
        {"organisation": ("other_organisation", {"organisation": "Lunds kommun"})},
    )


def test_a_new_row_whose_number_is_anothers_here_says_to_whom_it_goes(store):
    """A company types its own number, and may type another's: what is imported of that one went to it unseen."""
    create_organisation(store, "company", name="Snyltarna AB", orgnr="5560360793")
    names = ["name", "orgnr"]
    for name, remarks in (
        ("Nattljus AB", {"orgnr": ("number_of_another", {"organisation": "Snyltarna AB"})}),
        ("SNYLTARNA", {}),
    ):
        given = job("startups", names)
        [one] = plan.plan(store, given, plan.read(given, [Row(2, [name, "556036-0793"], None)]), {})
        assert (one.change, one.remarks) == ("created", remarks)


def test_a_new_row_goes_to_no_company_that_only_says_itself_that_the_number_is_its_own(store):
    """With another's number a company was given that one's profile, should it ever be imported."""
    company = create_organisation(store, "company", name="Snyltarna AB")
    founder, administrator = create_person(store, "startup", company), create_person(store, "administrator")
    startups.create(store, founder, company["id"], {"name": "Snyltarna", "orgnr": "5560360793"}, NOW)

    def found(name):
        given = job("startups", ["name", "orgnr"])
        [one] = plan.plan(store, given, plan.read(given, [Row(2, [name, "556036-0793"], None)]), {})
        return one

    one = found("Nattljus AB")
    assert (one.change, one.remarks) == ("refused", {})
    assert one.faults == {"orgnr": ("number_unconfirmed", {"organisation": "Snyltarna AB"})}
    assert found("SNYLTARNA").change == "created"
    organisations.save(store, administrator, company["id"], {}, NOW)
    assert (found("Nattljus AB").change, found("Nattljus AB").faults) == ("created", {})


def test_the_same_organisation_written_otherwise_is_no_remark(store):
    imported(store, row(orgnr=LUND))
    assert planned(store, row(orgnr=LUND, organisation="Lund"))[0].remarks == {}
    assert planned(store, row(organisation="LUNDS  KOMMUN"))[0].remarks == {}


@pytest.mark.parametrize(
    ("more", "field", "code"),
    [
        ({"title": ""}, "title", "required"),
        ({"title": "x" * 301}, "title", "too_long"),
        ({"organisation": ""}, "organisation", "no_organisation"),
        ({"organisation": "x" * 201}, "organisation", "too_long"),
        ({"description": "x" * 100_001}, "description", "too_long"),
        ({"wanted_by": "1899-12-31"}, "wanted_by", "date_range"),
        ({"wanted_by": "31/12 2027"}, "wanted_by", "not_a_date"),
        ({"language": "klingonska"}, "language", "unknown_choice"),
        ({"id": "x" * 201}, "id", "too_long"),
        ({"fault": ("torn", {"cells": 9, "headings": 8})}, "", "torn"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(store, more, field, code):
    [one] = planned(store, row(**more))
    assert one.change == "refused"
    assert one.faults[field][0] == code


def test_forty_thousand_characters_are_taken(store):
    assert planned(store, row(description="å" * 40_000))[0].faults == {}


def test_a_need_with_a_wrong_number_is_taken_without_it(store):
    [one] = planned(store, row(orgnr="212000-1133"))
    assert (one.change, one.orgnr) == ("created", None)
    assert one.remarks["orgnr"][0] == "not_an_orgnr"


def test_a_company_with_a_wrong_number_is_refused(store):
    names = ["id", "name", "orgnr"]
    [one] = plan.plan(
        store,
        job("startups", names),
        plan.read(job("startups", names), [Row(2, ["1", "Bolaget AB", "556000-0000"])]),
        {},
    )
    assert (one.change, list(one.faults)) == ("refused", ["orgnr"])


def test_an_id_may_stand_once_in_a_file(store):
    seen = {}
    first, again = planned(store, row(2), row(3, title="Is"), seen=seen)
    [later] = planned(store, row(104), seen=seen)
    assert (first.change, again.faults["id"], later.faults["id"]) == (
        "created", ("same_id", {"line": 2}), ("same_id", {"line": 2})
    )  # fmt: skip


def test_ids_that_differ_in_invisible_marks_only_are_the_same(store):
    assert planned(store, row(2, id="A1"), row(3, id="A\u200f1"))[1].faults["id"][0] == "same_id"


def test_a_refused_row_does_not_take_the_id(store):
    assert [one.change for one in planned(store, row(2, title=""), row(3))] == ["refused", "created"]


def test_without_ids_a_row_is_known_by_whose_it_is_and_its_name(store):
    imported(store, row(id=""))
    same, other, twice = planned(
        store, row(2, id="", description="Ny"), row(3, id="", title="Is"), row(4, id="", title="Is")
    )
    assert (same.change, other.change, twice.faults["id"][0]) == ("updated", "created", "same_row")


def test_marks_that_turn_the_direction_of_text_are_taken_out(store):
    imported(store, row(title="Snö\u202e\u2066 röjning\u200b"))
    assert store.query("select title from need")[0]["title"] == "Snö röjning"


def test_a_company_is_its_own_organisation(store):
    names = ["name", "description"]
    [one] = plan.plan(
        store, job("startups", names), plan.read(job("startups", names), [Row(1, ["Bolaget AB", "Gör saker"])]), {}
    )
    plan.apply(store, SYSTEM, job("startups", names), one, NOW)
    made = store.query("select o.name, o.kind from organisation o join startup s on s.organisation_id = o.id")
    assert made == [{"name": "Bolaget AB", "kind": "company"}]
    assert startups.decode(store.query("select * from startup")[0])["description"] == "Gör saker"


def test_two_long_columns_of_one_text_may_be_twice_as_long(store):
    both = plan.Job("startups", ["name", "sv", "en"], {"name": ["name"], "description": ["sv", "en"]}, "fil")
    [one] = plan.plan(store, both, plan.read(both, [Row(1, ["Bolaget AB", "å" * 90_000, "b" * 90_000])]), {})
    assert one.faults == {}
    assert plan.apply(store, SYSTEM, both, one, NOW)


def test_a_changed_field_that_no_longer_fits_the_others_is_a_fault(store):
    create_need(store, create_organisation(store, name="Lunds kommun"), source="fil", external_id="1")
    names = ["id", "title", "organisation", "county_code"]
    [one] = plan.plan(
        store, job(names=names), plan.read(job(names=names), [Row(2, ["1", "Snö", "Lunds kommun", "25"])]), {}
    )
    assert one.faults["municipality_code"][0] == "other_county"
