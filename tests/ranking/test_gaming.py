"""What of a text is ranked: invisible, repeated and copied words are not."""

import tracemalloc

import numpy as np
import pytest

from matcher.ranking import gaming, lexical
from matcher.ranking.background import Texts
from matcher.ranking.encoder import TinyEncoder

NEED = (
    "Färre fall nattetid på våra särskilda boenden\n"
    "Förra året registrerade vi 412 fall. Två tredjedelar hände mellan klockan 22 och 06, nästan alla på väg till "
    "eller från toaletten. Personalen får veta det först när någon ropar eller vid nästa rond, i värsta fall efter "
    "tre timmar."
)
OTHER = (
    "Gångvägar som är skottade när människor ska till jobbet\n"
    "Det faller i snitt tre meter snö per vinter. Vi har 94 km gång- och cykelvägar men vet inte vilka som är klara "
    "förrän någon ringer och klagar på kommunens snöröjning."
)
OWN = "Vi säljer en app som bokar tvättstugor åt fastighetsägare.\nBoende väljer tid i telefonen och får en påminnelse."


@pytest.fixture(scope="module")
def needs():
    texts = [NEED, OTHER]
    return gaming.Needs(
        [lexical.terms(text) for text in texts],
        [text.split("\n")[0] for text in texts],
        lambda numbers: [texts[number] for number in numbers],
    )


def ranked(text, needs):
    return needs.without(gaming.once(gaming.plain(text))[0])[0]


def words(text):
    return [word.strip(".,:").lower() for word in text.split()]


def listed():
    telling = [word for word in words(NEED) if len(word) > 4]
    return "Nyckelord: " + ", ".join(dict.fromkeys(telling))


def shuffled():
    order = np.random.default_rng(3).permutation(len(NEED.split()))
    return " ".join(NEED.split()[place] for place in order)


ATTACKS = {
    "after": OWN + "\n" + NEED,
    "before": NEED + "\n" + OWN,
    "lightly edited": OWN + "\n" + " ".join(word for place, word in enumerate(NEED.split(" ")) if place % 9 != 4),
    "its words as a list": OWN + "\n" + listed(),
    "the list ten times": OWN + "\n" + " ".join([listed()] * 10),
    "shuffled": OWN + "\n" + shuffled(),
    "the title": OWN + "\n" + NEED.split("\n")[0],
    "one sentence": OWN + "\nFörra året: Två tredjedelar hände mellan klockan 22 och 06, nästan alla på väg.",
    "zero-width": OWN + "\n" + "\u200b".join(NEED),
    "bidirectional": OWN + "\n" + "\u202e".join(NEED.split(" ")),
    "look-alike letters": OWN + "\n" + NEED.translate(str.maketrans("aeopcx", "аеорсх")),
    "tags": OWN + "\n" + "".join(letter + "\U000e0041\ufe0f" for letter in NEED),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_words_of_a_need_are_left_out_of_a_profile_that_has_copied_them(needs, attack):
    left = words(ranked(ATTACKS[attack], needs))
    telling = {word for word in words(NEED) if len(word) > 4} - set(words(OWN))
    assert len(telling & set(left)) <= 3
    assert set(words(OWN)[1:8]) <= set(left)


def test_the_sentences_of_a_need_woven_between_ones_own_are_found(needs):
    own = ["Appen bokar tvättstugor.", "Den kostar lite.", "Boende får besked.", "Allt sker i mobilen."]
    theirs = NEED.replace("\n", ". ").split(". ")
    woven = "\n".join(sentence for pair in zip(own, theirs, strict=True) for sentence in pair)
    left = ranked(woven, needs)
    assert "412" not in left
    assert "toaletten" not in left
    assert "tvättstugor" in left


def test_a_profile_that_answers_a_need_in_its_own_words_stays_whole(needs):
    text = (
        "En radarsensor i taket känner när någon sätter sig upp på sängkanten och larmar nattpersonalen tyst.\n"
        "Särskilda boenden och korttidsplatser där äldre faller på väg till toaletten.\n"
        "Införd på 22 avdelningar; nattfallen minskade med 43 procent på tio månader."
    )
    assert needs.without(text) == (text, [])
    assert gaming.read(text) == text


def test_a_short_title_counts_where_it_is_a_sentence_of_its_own():
    title = "Unga som varken arbetar eller studerar"
    short = gaming.Needs([lexical.terms(title)], [title], lambda numbers: [title for _ in numbers])
    phrase = f"{OWN} Vi möter unga som varken arbetar eller studerar på deras fritid."
    assert short.without(phrase) == (phrase, [])
    for text in (f"{OWN} {title}.", f"Vi löser: {title}", f"{title}\n{OWN}"):
        assert [one.text.strip(".") for one in short.without(text)[1]] == [title]


def test_what_was_copied_is_named_with_its_need(needs):
    _, copied = needs.without(OWN + "\n" + OTHER)
    assert {one.need for one in copied} == {1}
    assert any("snitt tre meter snö" in one.text for one in copied)


def test_what_is_said_again_counts_once():
    text, again = gaming.once("\n".join([OWN] * 5))
    assert text == OWN
    assert len(again) >= 1
    assert words(gaming.once(" ".join(["larm fall natt vård omsorg teknik"] * 30))[0]) == words(
        "larm fall natt vård omsorg teknik"
    )


def test_ordinary_text_is_read_as_it_stands():
    for text in (OWN, NEED, OTHER, ""):
        assert gaming.read(text) == text


def test_a_long_profile_is_compared_with_many_needs_in_little_memory():
    drawn = np.random.default_rng(5)
    known = ["".join(drawn.choice(list("aeioudkrst"), 6)) for _ in range(2_000)]
    bodies = [" ".join(drawn.choice(known, 60)) for _ in range(1_500)]
    many = gaming.Needs(
        [lexical.terms(body) for body in bodies],
        [body[:20] for body in bodies],
        lambda numbers: [bodies[number] for number in numbers],
    )
    text = " ".join([*drawn.choice(known, 4_000), bodies[700]])
    tracemalloc.start()
    try:
        rest, copied = many.without(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [one.need for one in copied] == [700]
    assert bodies[700] in copied[0].text
    assert len(rest.split()) > 3_900
    assert peak < 15e6  # all windows of nine words against all needs at once are 24 MB, several times over


def test_a_word_of_one_letter_is_no_passage_of_a_need(needs):
    text = "i å ö a o u y e x i å ö a o u y e x"
    assert needs.without(text) == (text, [])


def test_with_no_need_nothing_is_copied():
    assert gaming.Needs([], [], lambda numbers: []).without(OWN) == (OWN, [])


def texts(*bodies):
    return Texts(TinyEncoder(256).encode(list(bodies), "passage"), [lexical.terms(body) for body in bodies])


def test_of_nearly_the_same_profiles_one_stands_among_the_first_ten():
    twin = NEED + " Ring oss."
    others = [f"Bolag {n} gör något helt annat med ämne{n} och metod{n} åt kund{n}" for n in range(12)]
    order, alike = gaming.spread(np.arange(15), texts(NEED, twin, others[0], NEED, *others[1:]))
    assert order[:10].tolist() == [0, 2, *range(4, 12)]
    assert order[10:12].tolist() == [1, 3]
    assert alike == {0: [1, 3]}
    assert sorted(order.tolist()) == list(range(15))


def test_profiles_that_differ_stay_where_they_are():
    order, alike = gaming.spread(np.array([2, 0, 1]), texts(OWN, NEED, OTHER))
    assert (order.tolist(), alike) == ([2, 0, 1], {})


def test_the_first_ten_are_filled_from_behind_however_many_copies_there_are():
    others = [f"Bolag {n} gör något helt annat med ämne{n} och metod{n} åt kund{n}" for n in range(12)]
    order, alike = gaming.spread(np.arange(57), texts(*[NEED] * 45, *others))
    assert order[:10].tolist() == [0, *range(45, 54)]
    assert alike == {0: list(range(1, 45))}
    assert sorted(order.tolist()) == list(range(57))


def test_where_nothing_else_is_there_copies_stand_among_the_first_ten():
    order, alike = gaming.spread(np.arange(14), texts(*[NEED] * 7, *[OTHER] * 7))
    assert order.tolist() == [0, 7, *range(1, 7), *range(8, 14)]
    assert alike == {0: list(range(1, 7)), 7: list(range(8, 14))}


def test_two_texts_share_alone_what_they_share_in_a_matrix():
    one, other, empty = lexical.terms(NEED), lexical.terms(OTHER + NEED[:80]), lexical.terms("")
    assert gaming.share(one, other) == pytest.approx(gaming.shares([one], [other])[0, 0])
    assert gaming.share(one, one) == 1
    assert gaming.share(empty, empty) == gaming.share(one, empty) == 0


def test_texts_without_vectors_are_compared_by_their_words():
    found = texts(NEED, OTHER, NEED + " Ring oss.")
    order, alike = gaming.spread(np.arange(3), Texts(np.zeros((3, 8), np.float32), found.terms))
    assert (order.tolist(), alike) == ([0, 1, 2], {0: [2]})


def test_the_same_words_with_vectors_that_lie_far_apart_are_not_taken_for_copies():
    found = texts(NEED, NEED)
    far = np.eye(2, 8, dtype=np.float32)
    assert gaming.spread(np.arange(2), Texts(far, found.terms))[1] == {}


OTHERS = gaming.Names(
    [
        ("a", "Halltid AB", "org-a"),
        ("b", "Samlad Bild AB", "org-b"),
        ("c", "PlanLens", "org-c"),
        ("d", "Solbänken", "org-d"),
        ("e", "Bo AB", "org-e"),
    ]
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Ett alternativ till Halltid.", ["a"]),
        ("Halltid AB gör ungefär detsamma.", ["a"]),
        ("Som Samlad Bild AB, PlanLens och Solbänken.", ["b", "c", "d"]),
        ("PlanLens: vi gör det också.", ["c"]),
        ("Vi ger en samlad bild. Solbänken står i parken och Bo AB bor där.", []),
    ],
)
def test_the_names_of_other_companies_are_left_out(text, named):
    rest, found = OTHERS.without(text, "Bolaget AB", "org-x")
    assert [one.startup for one in found] == named
    assert all(one.text not in rest for one in found)
    assert named or rest == text


def test_a_company_may_say_its_own_name_and_that_of_another_profile_of_its_own():
    text = "Vi är Halltid Norr, och PlanLens är vår andra tjänst."
    assert OTHERS.without(text, "Halltid Norr AB", "org-c") == (text, [])
