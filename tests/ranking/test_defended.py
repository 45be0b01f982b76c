"""What a broker can defend, with the real model on the demo hub: no stuffing lifts, other words find the same, and
the sentences shown carry the score.

`tests/data/need_versions.jsonl` holds twelve needs of the demo hub in other words, in easy-read language (both written
by hand) and with typos (about every fourth long word, made by a program): need, version, text.
"""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from matcher.hub import need_content, startups
from matcher.hub.reference import DATA
from matcher.ranking import carrying, gaming, lexical, sentences
from matcher.ranking.background import Texts
from matcher.ranking.explaining import Explain, Heard
from matcher.ranking.scoring import Collection

pytestmark = pytest.mark.model

VERSIONS = Path(__file__).parents[1] / "data" / "need_versions.jsonl"
FIRST = 10
EXPLAINED = ("need-fall-night", "need-snow-walkways", "need-depot-charging", "need-wounds")
SHOWN = 8


def rows(name):
    with (DATA / "demo" / f"{name}.jsonl").open(encoding="utf8") as file:
        found = [json.loads(line) for line in file]
    return [row for row in found if row["state"] == "published"]


class Demo:
    """The demo hub's published needs and startups, ranked as the product does."""

    def __init__(self, encode):
        self.encode = encode
        self.needs, self.startups = rows("needs"), rows("startups")
        self.asked = ["\n".join(need_content.sections(row)) for row in self.needs]
        self.offers = ["\n".join(startups.sections(row)) for row in self.startups]
        self.place = {row["id"]: place for place, row in enumerate(self.needs)}
        self.questions, self.documents = self.texts(self.asked, "query"), self.texts(self.offers, "passage")
        self.collection = Collection(self.documents, self.questions)

    def texts(self, texts, prompt):
        return Texts(self.encode(texts, prompt), [lexical.terms(text) for text in texts])

    def said(self, text, prompt):
        return self.encode(sentences.split(text), prompt)

    def scores(self, text, own, collection=None, changed=None):
        """(documents,) for one need's text; changed: by place, texts that stand in the collection for other ones."""
        collection = collection or self.collection
        asked, place = self.texts([text], "query"), np.array([own])
        scores = collection.score(asked, place)
        heard = {
            number: self.said((changed or {}).get(number) or self.offers[number], "passage")
            for number in scores.first()[0].tolist()
        }
        return collection.look_closer(scores, asked, heard, [self.said(text, "query")]).total[0]

    def first(self, text, own):
        return set(np.argsort(-self.scores(text, own), kind="stable")[:FIRST].tolist())


@pytest.fixture(scope="module")
def demo(reader):
    return Demo(reader.encode)


def test_a_need_in_other_words_finds_nearly_the_same_startups(demo):
    kept = defaultdict(list)
    for line in VERSIONS.read_text(encoding="utf8").splitlines():
        given = json.loads(line)
        own = demo.place[given["need"]]
        kept[given["version"]].append(len(demo.first(given["text"], own) & demo.first(demo.asked[own], own)))
    means = {version: np.mean(found) for version, found in kept.items()}
    assert {version: len(found) for version, found in kept.items()} == {"paraphrase": 12, "easy": 12, "typos": 12}
    assert min(kept["typos"]) >= 7
    assert means["paraphrase"] >= 7
    assert means["easy"] >= 6.8  # 7.1 when it was measured: docs/nothing-for-sale.md


ATTACKS = {
    "copied": lambda own, need: f"{own}\n{need}",
    "copied first": lambda own, need: f"{need}\n{own}",
    "hidden": lambda own, need: own + "\n" + "\u200b".join(need.translate(str.maketrans("aeo", "аео"))),
    "stuffed": lambda own, need: own + "\n" + ", ".join(word for word in need.split() if len(word) > 4) * 5,
    "titles": lambda own, need: own + "\n" + (need.split("\n")[0] + ". ") * 20,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_stuffing_lifts_a_profile_by_more_than_five_points(demo, attack):
    published = gaming.Needs(
        demo.questions.terms,
        [row["title"] for row in demo.needs],
        lambda numbers: [demo.asked[number] for number in numbers],
    )
    before = after = 0
    cases = [(place, (7 * place + 3) % len(demo.needs)) for place in range(0, 160, 8)]
    for place, need in cases:
        attacked = ATTACKS[attack](demo.offers[place], demo.asked[need])
        text = published.without(gaming.once(gaming.plain(attacked))[0])[0]
        changed = list(demo.offers)
        changed[place] = text
        collection = Collection(demo.texts(changed, "passage"), demo.questions)
        honest = demo.scores(demo.asked[need], need)
        lifted = demo.scores(demo.asked[need], need, collection, {place: text})
        before += int((honest > honest[place]).sum() < FIRST)
        after += int((lifted > lifted[place]).sum() < FIRST)
    assert after - before <= 0.05 * len(cases)


def test_without_the_sentence_that_is_shown_the_score_falls_more_than_without_another(demo):
    shares = []
    for name in EXPLAINED:
        own = demo.place[name]
        need, text = demo.needs[own], demo.asked[own]
        said, asked = demo.said(text, "query"), demo.texts([text], "query")
        order = np.argsort(-demo.scores(text, own), kind="stable")
        heard = {place: demo.said(demo.offers[place], "passage") for place in order[:24].tolist()}
        explain = Explain(demo.collection, asked, (sentences.split(text), said), need)
        for place in order[:SHOWN].tolist():
            parts = sentences.split(demo.offers[place])
            if len(parts) < 2:
                continue
            rests = demo.texts([demo.offers[place].replace(part, "", 1) for part in parts], "passage")
            one = Heard((parts, heard[place]), place, rests=rests.vectors)
            found = explain.each([one])[0]
            drops = carrying.drops(demo.collection, asked, own, said, place, heard, rests)
            shares.append(carrying.share_below(drops, parts.index(found.meetings[0].profile)))
    assert len(shares) >= 30
    assert np.mean(shares) >= 0.9
