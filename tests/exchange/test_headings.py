"""Which column is which field, by itself and by hand; words that become codes."""

import pytest

from matcher.exchange import examples, headings, values
from matcher.exchange.errors import ImportRefused

PROCUREMENTS = ["Upphandlings-ID", "Upphandlingens titel", "Namn för köpare", "Organisationsnummer för köpare"]


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        (
            "needs",
            ["id", "titel", "beställare", "orgnr", "sektor", "cpv", "cpv_text", "publicerad", "värde_sek"],
            {"id": ["id"], "title": ["titel"], "organisation": ["beställare"], "orgnr": ["orgnr"]},
        ),
        (
            "startups",
            ["id", "name", "orgnr", "description_sv", "description_en", "last_funded"],
            {"id": ["id"], "name": ["name"], "orgnr": ["orgnr"], "description": ["description_sv", "description_en"]},
        ),
        ("needs", ["TITEL", "Org.nr", "Hur vet man?"],
         {"title": ["TITEL"], "orgnr": ["Org.nr"], "measure": ["Hur vet man?"]}),
        ("needs", ["title_sv", "title_en"], {"title": ["title_sv"]}),
        ("needs", ["Namn", "Kommun", "Organisation"],
         {"title": ["Namn"], "municipality_code": ["Kommun"], "organisation": ["Organisation"]}),
        ("needs", ["Namn", "Titel", "Kommun"], {"title": ["Titel"], "organisation": ["Kommun"]}),
        ("needs", ["mål", "globala mål", "titel"], {"effect": ["mål"], "goals": ["globala mål"], "title": ["titel"]}),
        ("testbeds", ["namn", "e-post", "platser"],
         {"name": ["namn"], "contact_email": ["e-post"], "places": ["platser"]}),
    ],
)  # fmt: skip
def test_headings_are_recognised_in_both_languages(kind, given, found):
    assert headings.guess(kind, given) == found


@pytest.mark.parametrize("kind", list(examples.COLUMNS))
def test_every_heading_of_the_examples_is_recognised(kind):
    names = [heading for heading, _ in examples.COLUMNS[kind]]
    assert headings.unused(headings.guess(kind, names), names) == []


@pytest.mark.parametrize("kind", list(headings.CONTENT))
def test_every_field_is_recognised_by_its_own_name(kind):
    names = headings.fields(kind)
    assert headings.guess(kind, names) == {name: [name] for name in names}


def test_columns_are_mapped_by_hand():
    given = [
        f"{field}={name}" for field, name in zip(("id", "title", "organisation", "orgnr"), PROCUREMENTS, strict=True)
    ]
    assert headings.mapping("needs", PROCUREMENTS, given) == {
        "id": ["Upphandlings-ID"],
        "title": ["Upphandlingens titel"],
        "organisation": ["Namn för köpare"],
        "orgnr": ["Organisationsnummer för köpare"],
    }


def test_what_is_given_by_hand_takes_the_place_of_what_was_recognised():
    names = ["titel", "rubrik", "text", "bakgrund"]
    found = headings.mapping("needs", names, ["title=rubrik", "description=text", "description=bakgrund"])
    assert found == {"title": ["rubrik"], "description": ["text", "bakgrund"]}


def test_a_field_given_without_a_heading_is_left_out():
    assert headings.mapping("needs", ["titel", "text"], ["description="]) == {"title": ["titel"]}


def test_a_heading_is_found_whatever_its_case_and_with_an_equals_sign():
    assert headings.mapping("needs", ["A = b", "Titel"], ["title=a = B"])["title"] == ["A = b"]


def test_the_very_same_heading_wins_over_one_that_is_alike():
    assert headings.mapping("needs", ["titel!", "Titel"], ["title=Titel"])["title"] == ["Titel"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["title"], "map_form"),
        (["rubrik=titel"], "map_field"),
        (["title=finns inte"], "map_heading"),
        (["title=a", "title=b"], "map_twice"),
        (["title="], "no_title"),
        ([], "no_title"),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_there_is(given, code):
    with pytest.raises(ImportRefused) as caught:
        headings.mapping("needs", ["a", "b"] if code in ("map_twice", "no_title") else ["titel"], given)
    assert caught.value.code == code
    assert str(caught.value)


def test_several_columns_of_one_field_are_joined_by_a_blank_line():
    mapped = {"description": ["sv", "en"], "name": ["namn"]}
    assert headings.record(mapped, ["namn", "sv", "en"], ["X", "Hej ", " Hi"]) == {
        "description": "Hej\n\nHi",
        "name": "X",
    }
    assert headings.record(mapped, ["namn", "sv", "en"], ["X"]) == {"description": "", "name": "X"}


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("themes", "Äldreomsorg; water", ["elderly_care", "water"]),
        ("themes", "Planning and permits, Water and stormwater", ["planning", "water"]),
        ("themes", "rymdfart", ["rymdfart"]),
        ("goals", "3|11", ["3", "11"]),
        ("regions", "Skåne län, Stockholm; 25", ["12", "01", "25"]),
        ("county_code", "Västra Götalands län", "14"),
        ("county_code", "1", "01"),
        ("municipality_code", "180", "0180"),
        ("municipality_code", "Malmö stad", "1280"),
        ("municipality_code", "Lunds kommun", "1281"),
        ("municipality_code", "Borås", "1490"),
        ("municipality_code", "Atlantis", "Atlantis"),
        ("language", "Svenska", "sv"),
        ("language", "klingonska", "klingonska"),
        ("languages", "svenska, engelska", ["sv", "en"]),
        ("beneficiaries", "invånare; personal", ["resident", "staff"]),
        ("seeks", "test;sälja", ["test", "sell"]),
        ("local", "Nej", ""),
        ("title", " Snö; is, halka ", " Snö; is, halka "),
    ],
)
def test_words_become_codes_and_what_no_list_knows_stays(field, text, value):
    assert values.value(field, text) == value
