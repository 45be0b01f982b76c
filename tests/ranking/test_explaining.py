import numpy as np
import pytest

from matcher.ranking import explaining, lexical
from matcher.ranking.background import Texts
from matcher.ranking.encoder import TinyEncoder
from matcher.ranking.explaining import Explain, Heard
from matcher.ranking.scoring import Collection

ENCODER = TinyEncoder(128)


WIDE = ("Snöröjning", "Parkering", "Biblioteket", "Simhallen", "Avloppet")
ABOUT = {"title": "", "tried": "", "keep": ""}


def create_texts(*texts):
    return Texts(ENCODER.encode(list(texts), "query"), [lexical.terms(text) for text in texts])


def spoken(sentences, prompt="passage"):
    return sentences, ENCODER.encode(sentences, prompt)


def explaining_for(asked, own, need, others):
    """Return what explains `others` (lists of sentences) in a hub that knows their words, and nobody's meaning."""
    texts = [lexical.terms(" ".join(other)) for other in others]
    documents = Texts(np.zeros((len(texts), ENCODER.dimensions), np.float32), texts)
    collection = Collection(documents, Texts.none(ENCODER.dimensions))
    return Explain(collection, create_texts(" ".join(asked)), own, need)


def explain(need, profiles, *, rests=None, **about):
    """Return the reasons of profiles (lists of sentences) for a need."""
    explains = explaining_for(need, spoken(need, "query"), {**ABOUT, **about}, profiles)
    return explains.each([Heard(spoken(profile), place, rests=rests) for place, profile in enumerate(profiles)])


def find(need, profile, title=""):
    return explain(need, [profile], title=title)[0]


def test_the_pair_that_stands_for_the_match_comes_before_a_remark_that_is_alike():
    need = [
        "Ingen kamera tack.",
        "Äldre faller om natten på väg till badrummet och ingen får veta det.",
        "Personalen får veta om natten när äldre faller först efter timmar på golvet.",
    ]
    profile = [
        "Ingen kamera alls.",
        "En sensor märker om natten när äldre faller på väg till badrummet.",
        "Natten är lugn när personalen får veta att äldre faller.",
    ]
    first = find(need, profile).meetings[0]
    assert "kamera" not in first.need + first.profile


def test_the_title_is_not_the_first_reason_when_a_sentence_says_as_much():
    title = "Äldre faller om natten på våra boenden i hela vår kommun"
    need = [f"{title}.", "Nästan varje vecka händer det att äldre faller om natten på våra boenden."]
    profile = ["Vår tjänst märker varje vecka om äldre faller om natten på boenden."]
    assert find(need, profile, title).meetings[0].need == need[1]


def test_scores_are_the_nearness_of_the_two_sentences():
    need, profile = ["snöröjning av alla cykelvägar i kommunen"], ["snöröjning av alla cykelvägar i kommunen"]
    assert find(need, profile).meetings[0].score == 1.0


def test_what_the_profile_says_little_about_are_whole_sentences_and_never_many():
    need = ["Kort sak."] + [f"ett{n} två{n} tre{n} fyra{n} fem{n} sex{n} sju{n} åtta{n} nio{n}" for n in range(9)]
    found = find(need, ["alfa beta gamma delta epsilon zeta eta theta iota kappa"])
    assert len(found.uncovered) <= explaining.UNCOVERED
    assert "Kort sak." not in found.uncovered


NEED = ["Äldre faller om natten och ingen får veta det.", "Personalen larmas för sent.", "Ingen kamera tack."]
PROFILES = [
    ["En sensor märker när äldre faller om natten.", "Ingen kamera.", "Personalen får larm.", "Vi finns i Umeå."],
    ["Snöröjning av cykelvägar."],
    ["Larm till personalen.", "Äldre bor kvar hemma."],
]


def test_together_they_get_the_reasons_that_each_gets_alone():
    assert explain(NEED, PROFILES) == [find(NEED, profile) for profile in PROFILES]


def test_both_sides_are_given_the_same_reasons():
    profile, about = PROFILES[0], {**ABOUT, "title": NEED[1]}
    for needs in ([NEED], [NEED, NEED[:1]]):
        explains = explaining_for(profile, spoken(profile), None, needs)
        heard = [Heard(spoken(need, "query"), place, about) for place, need in enumerate(needs)]
        assert explains.each(heard)[0] == find(NEED, profile, NEED[1])


def test_a_need_of_one_sentence_is_never_met_by_the_same_sentence_twice():
    meetings = find(
        ["Äldre faller om natten."], ["Vi ser när äldre faller om natten.", "Äldre faller om natten."]
    ).meetings
    assert len({meeting.profile for meeting in meetings}) == len(meetings) == 2


def test_the_sentence_that_carries_the_score_is_shown_first():
    profile = ["Personalen larmas för sent idag.", "Äldre faller sällan hos oss numera."]
    need = ["Personalen larmas för sent om natten.", "Äldre faller ofta på våra boenden."]
    for place in (0, 1):
        rests = ENCODER.encode([" ".join(need)] * 2, "passage")
        rests[place] = -rests[place]
        assert explain(need, [profile], rests=rests)[0].meetings[0].profile == profile[place]


def test_the_same_again_gets_the_same_reasons():
    explains = explaining_for(NEED, spoken(NEED, "query"), ABOUT, PROFILES)
    heard = [Heard(spoken(profile), place, rests=None) for place, profile in enumerate(PROFILES)]
    assert explains.each(heard) == explains.each(heard) == explains.each(heard[::-1])[::-1]


def test_nothing_to_explain_gives_no_reasons():
    assert explain(NEED, []) == []


@pytest.mark.parametrize(("word", "marks"), [("natten", [(6, 12)]), ("dagen", [])])
def test_shared_words_are_marked_when_somebody_asks(word, marks):
    meeting = find([f"Under {word} faller de gamla."], ["Larm hela natten lång."]).meetings[0]
    assert meeting.need_marks == marks
    assert len(meeting.profile_marks) == len(marks)


def test_every_sentence_that_nothing_is_near_is_known_also_the_short_ones_and_those_that_are_not_shown():
    need = [
        "Äldre faller om natten på väg till badrummet och ingen får veta det.",
        *(f"{word} kostar kommunen mycket pengar {word} och tar tid från {word} varje vecka." for word in WIDE),
        "Kylan biter.",
    ]
    found = find(need, ["En sensor märker om natten när äldre faller på väg till badrummet."])
    assert len(found.uncovered) == explaining.UNCOVERED
    assert set(found.uncovered) < set(found.silent)
    assert "Kylan biter." in found.silent
    assert need[0] not in found.silent
