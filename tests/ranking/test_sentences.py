import pytest

from matcher.ranking import sentences


@pytest.mark.parametrize(
    "text",
    [
        "Vi vill prova t.ex. Sensorer under mattan på avdelningen.",
        "Det gäller bl.a. Storgatan och vägen till skolan.",
        "Det kostar ca. 1.5 miljoner kronor om året.",
        "Larmet går kl. 22 varje kväll i veckan.",
        "Se nr. 5 i bilagan för den som vill veta.",
        "Kontakta Dr. Lindqvist på sjukhuset i staden.",
        "Kontakta A. S. Lindqvist på sjukhuset i staden.",
        "We test tools, e.g. Sensors under the floor.",
        "We need one thing, i.e. Fewer falls at night.",
        "Det tar 2.5 timmar per dag och person.",
        "Vi gör det dvs. Snö ska bort före sju.",
        "Det gäller f.eks. Oslo og andre store byer.",
        "Se esim. Helsingin kaupungin omat palvelut.",
        "Kom till www.example.se och läs om saken.",
    ],
)
def test_an_abbreviation_or_a_number_does_not_end_a_sentence(text):
    assert sentences.split(text) == [text]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Fallen sker på natten. Personalen hör dem inte.", ["Fallen sker på natten.", "Personalen hör dem inte."]),
        ("Varför så sent? Ingen vet riktigt varför!", ["Varför så sent?", "Ingen vet riktigt varför!"]),
        (
            "Vi började redan 2019. Sedan kom pandemin emellan.",
            ["Vi började redan 2019.", "Sedan kom pandemin emellan."],
        ),
        ("Sand, salt, flis m.m. Allt ska bort i april.", ["Sand, salt, flis m.m.", "Allt ska bort i april."]),
        ("Vi väntar och ser… Åtta veckor har gått.", ["Vi väntar och ser…", "Åtta veckor har gått."]),
        ("Hon sa “nej till allt.” Sedan gick hon.", ["Hon sa “nej till allt.”", "Sedan gick hon."]),
        (
            "Potilas odottaa liian kauan. Äiti soittaa uudelleen.",
            ["Potilas odottaa liian kauan.", "Äiti soittaa uudelleen."],
        ),
        ("Snøen ligger for lenge. Øyene får vente lengst.", ["Snøen ligger for lenge.", "Øyene får vente lengst."]),
        ("Avtalet är med Vård AB. Det löper ut snart.", ["Avtalet är med Vård AB.", "Det löper ut snart."]),
    ],
)
def test_a_mark_before_a_beginning_ends_a_sentence(text, parts):
    assert sentences.split(text) == parts


@pytest.mark.parametrize("mark", ["- ", "• ", "* ", "1. ", "2) ", "(3) ", "a) ", "– "])
def test_a_line_break_ends_a_sentence_and_the_mark_of_a_list_is_taken_off(mark):
    text = f"Vi behöver tre saker\n{mark}halkfria gångvägar hela vintern\r\n{mark}besked före klockan sex"
    assert sentences.split(text) == [
        "Vi behöver tre saker",
        "halkfria gångvägar hela vintern",
        "besked före klockan sex",
    ]


def test_bullets_within_a_line_part_it():
    assert sentences.split("Mindre svinn i köket • Nöjdare elever i skolan") == [
        "Mindre svinn i köket",
        "Nöjdare elever i skolan",
    ]


def test_a_long_sentence_is_cut_at_a_clause_mark_and_nothing_is_lost():
    clause = "vi ser över vägarna varje morgon före klockan sex, "
    found = sentences.split((clause * 12).strip(", ") + ".")
    assert len(found) > 1
    assert all(len(part) <= sentences.LONGEST for part in found)
    assert all(part.endswith((",", ".")) for part in found)


def test_a_long_sentence_is_cut_at_a_semicolon_before_a_comma():
    text = f"{'ord ' * 40}; {'fler ord, ' * 40}"
    assert sentences.split(text)[0].endswith("ord ;")


def test_a_text_without_any_space_is_cut_all_the_same():
    assert [len(part) for part in sentences._cut("x" * 700)] == [300, 300, 100]


def test_pieces_of_one_or_two_words_are_left_out():
    assert sentences.split("Bakgrund\nFallen sker på natten.\nMvh Anna") == ["Fallen sker på natten."]


def test_short_pieces_are_kept_when_there_is_nothing_else():
    assert sentences.split("Snöröjning\nHalka") == ["Snöröjning", "Halka"]


def test_what_is_said_twice_is_kept_once():
    assert sentences.split("Fallen sker på natten. FALLEN SKER  PÅ NATTEN.") == ["Fallen sker på natten."]


def test_no_more_than_the_limit_and_the_first_ones():
    text = " ".join(f"Mening nummer {i} handlar om snö." for i in range(60))
    assert sentences.split(text) == [f"Mening nummer {i} handlar om snö." for i in range(24)]
    assert len(sentences.split(text, limit=3)) == 3


@pytest.mark.parametrize("text", ["", "  \n\t ", "…", "-", "\n- \n"])
def test_a_text_without_words_has_no_sentences_or_only_itself(text):
    assert all(part.strip() for part in sentences.split(text))


def test_white_space_is_folded():
    assert sentences.split("  Fallen \t sker\u00a0på   natten. ") == ["Fallen sker på natten."]
