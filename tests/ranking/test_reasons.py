import numpy as np

from matcher.ranking import reasons
from matcher.ranking.encoder import TinyEncoder

ENCODER = TinyEncoder(128)


def find(need, profile, title=""):
    return reasons.find(need, ENCODER.encode(need, "query"), profile, ENCODER.encode(profile, "passage"), title)


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
    assert len(found.uncovered) <= reasons.UNCOVERED
    assert "Kort sak." not in found.uncovered


def test_sentences_come_by_what_they_belong_to(store):
    for kind, name in (("need", "a"), ("startup", "a"), ("startup", "b")):
        for position in range(2):
            vector = np.full(4, position + 1, "<f2").tobytes()
            row = {"kind": kind, "subject_id": name, "position": position, "model": "m", "vector": vector}
            store.insert("sentence", {**row, "text": f"{kind} {name} {position}"})
    found = reasons.fetch(store, "m", [("need", "a"), ("startup", "b"), ("startup", "c")])
    assert found["startup", "b"][0] == ["startup b 0", "startup b 1"]
    assert np.array_equal(found["need", "a"][1], [[1, 1, 1, 1], [2, 2, 2, 2]])
    assert ("startup", "c") not in found
    assert reasons.fetch(store, "other", [("need", "a")]) == {}
