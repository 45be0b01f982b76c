from __future__ import annotations

from threading import Barrier, Thread

import pytest

from matcher.hub import company_numbers, organisations, record, startups
from matcher.hub.errors import Conflict, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW, create_need, create_organisation, create_person, create_startup, create_testbed

NUMBER = "212000-1355"


def create(store: Store, **overrides: str) -> str:
    return organisations.create(store, None, {"name": "Lövhamns kommun", "kind": "public", **overrides}, NOW)


def test_an_organisation_is_kept_with_its_number_as_ten_digits(store: Store) -> None:
    found = organisations.get(store, create(store, orgnr=NUMBER, municipality_code="1280"))
    assert (found["orgnr"], found["county_code"]) == ("2120001355", "12")
    assert record.history(store, "organisation", found["id"])[0]["action"] == "organisation.create"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("orgnr", "212000-1356", "not_an_orgnr"),
        ("orgnr", "12", "not_an_orgnr"),
        ("name", " ", "required"),
        ("name", "x" * 201, "too_long"),
        ("kind", "kingdom", "unknown_choice"),
        ("website", "javascript:alert(1)", "not_a_website"),
        ("municipality_code", "9999", "unknown_choice"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(store: Store, field: str, value: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        create(store, **{field: value})
    assert caught.value.errors[field][0] == code


def test_a_municipality_lies_in_its_own_county(store: Store) -> None:
    with pytest.raises(Invalid) as caught:
        create(store, municipality_code="1280", county_code="01")
    assert caught.value.errors == {"municipality_code": ("other_county", {})}


def test_fields_that_no_form_has_are_refused(store: Store) -> None:
    with pytest.raises(Invalid):
        create(store, merged_into="x")


def test_a_number_stands_once_within_a_kind(store: Store) -> None:
    create(store, orgnr=NUMBER)
    with pytest.raises(Conflict) as caught:
        create(store, orgnr="2120001355", name="Another")
    assert caught.value.code == "orgnr_taken"
    assert create(store, orgnr=NUMBER, kind="host")


def test_the_same_number_from_two_at_once_is_taken_once(store: Store) -> None:
    start, ended = Barrier(2), []

    def make() -> None:
        start.wait()
        try:
            ended.append(create(store, orgnr=NUMBER))
        except Conflict as error:
            ended.append(error.code)

    threads = [Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended.count("orgnr_taken") == 1
    assert len(organisations.with_orgnr(store, "2120001355", "public")) == 1


def test_saving_changes_only_what_was_given_and_says_what(store: Store) -> None:
    person, one = create_person(store, "administrator"), create(store, orgnr=NUMBER)
    row = organisations.save(store, person, one, {"name": "Lövhamn"}, NOW)
    assert (row["name"], row["orgnr"]) == ("Lövhamn", "2120001355")
    assert organisations.get(store, one)["name"] == "Lövhamn"
    assert record.history(store, "organisation", one)[-1]["detail"] == {"changed": ["name"]}


def test_saving_the_same_again_leaves_no_trace(store: Store) -> None:
    person, one = create_person(store, "administrator"), create(store, orgnr=NUMBER)
    organisations.save(store, person, one, {"name": "Lövhamns kommun", "website": ""}, NOW)
    assert len(record.history(store, "organisation", one)) == 1


def test_saving_confirms_once_a_number_that_the_company_typed_itself(store: Store) -> None:
    person, company = create_person(store, "administrator"), create_organisation(store, "company")
    startups.create(store, create_person(store, "startup", company), company["id"], {"name": "A", "orgnr": NUMBER}, NOW)
    assert company_numbers.typed_itself(store, [company["id"]]) == {company["id"]}
    for _ in range(2):
        organisations.save(store, person, company["id"], {}, NOW)
    assert company_numbers.typed_itself(store, [company["id"]]) == set()
    actions = [row["action"] for row in record.history(store, "organisation", company["id"])]
    assert actions == ["organisation.number", "organisation.number_confirmed"]


def test_saving_refuses_anothers_number(store: Store) -> None:
    person, one = create_person(store, "administrator"), create(store)
    create(store, orgnr=NUMBER)
    with pytest.raises(Conflict):
        organisations.save(store, person, one, {"orgnr": NUMBER}, NOW)


def test_a_kind_in_use_cannot_be_changed(store: Store) -> None:
    person = create_person(store, "administrator")
    free, town = create_organisation(store, "public"), create_organisation(store, "public")
    create_person(store, "owner", town)
    assert organisations.save(store, person, free["id"], {"kind": "host"}, NOW)["kind"] == "host"
    for taken, kind in [
        (town["id"], "company"),
        (create_startup(store)["organisation_id"], "public"),
        (create_testbed(store)["organisation_id"], "hub"),
        (create_need(store)["organisation_id"], "host"),
    ]:
        with pytest.raises(Conflict) as caught:
            organisations.save(store, person, taken, {"kind": kind}, NOW)
        assert caught.value.code == "organisation_kind_in_use"


def test_a_host_that_only_has_a_testbed_may_become_a_company(store: Store) -> None:
    person, host = create_person(store, "administrator"), create_testbed(store)["organisation_id"]
    assert organisations.save(store, person, host, {"kind": "company"}, NOW)["kind"] == "company"


def test_the_list_is_in_swedish_order_with_members_counted(store: Store) -> None:
    for name in ("Örebro", "Ånge", "Alingsås", "Ärtemark"):
        create(store, name=name)
    create_person(store, "owner", organisations.listing(store, words="ånge")["rows"][0])
    found = organisations.listing(store)
    assert [row["name"] for row in found["rows"]] == ["Alingsås", "Ånge", "Ärtemark", "Örebro"]
    assert [row["members"] for row in found["rows"]] == [0, 1, 0, 0]


def test_the_list_is_searched_by_name_and_number_and_kind(store: Store) -> None:
    create(store, orgnr=NUMBER)
    create_organisation(store, "company", name="Nattvakt AB")
    assert [row["name"] for row in organisations.listing(store, words="212000-1355")["rows"]] == ["Lövhamns kommun"]
    assert [row["name"] for row in organisations.listing(store, words="LÖVHAMNS")["rows"]] == ["Lövhamns kommun"]
    assert [row["name"] for row in organisations.listing(store, kind="company")["rows"]] == ["Nattvakt AB"]


def test_the_list_comes_in_pages(store: Store) -> None:
    for number in range(organisations.PAGE + 1):
        create_organisation(store, name=f"Organisation {number:03d}")
    first, second = organisations.listing(store), organisations.listing(store, page=2)
    assert (first["total"], first["pages"], len(first["rows"]), len(second["rows"])) == (51, 2, 50, 1)


def test_only_an_administrator_loads_one(store: Store) -> None:
    one = create(store)
    assert organisations.load(store, create_person(store, "administrator"), one)["id"] == one
    for viewer in (None, create_person(store, "broker")):
        with pytest.raises(NotFound):
            organisations.load(store, viewer, one)


def test_members_are_named_with_their_roles(store: Store) -> None:
    town = create_organisation(store)
    create_person(store, "owner", town, name="Åsa")
    create_person(store, "host", town, name="Bo")
    assert [(row["name"], row["role"]) for row in organisations.members(store, town["id"])] == [
        ("Bo", "host"),
        ("Åsa", "owner"),
    ]


def test_names_are_compared_without_company_forms() -> None:
    assert organisations.name_key("Nattvakt Sverige AB (publ)") == organisations.name_key("NATTVAKT")


def test_an_import_finds_by_number_then_by_name(store: Store) -> None:
    one = organisations.find_or_create(store, None, "Nattvakt  AB", None, "company", NOW)
    assert organisations.find_or_create(store, None, "Nattvakt AB", None, "company", NOW)["id"] == one["id"]
    assert organisations.find_or_create(store, None, "Nattvakt AB", None, "public", NOW)["id"] != one["id"]
