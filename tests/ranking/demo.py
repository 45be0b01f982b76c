"""The demo hub's published needs and startups, read by the real model and ranked as the product does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from matcher.hub import need_content, startups
from matcher.hub.reference import DATA
from matcher.ranking import lexical, sentences
from matcher.ranking.background import Texts
from matcher.ranking.encoder import Prompt
from matcher.ranking.scoring import Collection

FIRST = 10


def rows(name: str) -> list[dict[str, Any]]:
    """Return the published needs or startups of the demo."""
    with (DATA / "demo" / f"{name}.jsonl").open(encoding="utf8") as file:
        found = [json.loads(line) for line in file]
    return [row for row in found if row["state"] == "published"]


class Demo:
    """The texts of both sides (`asked`, `offers`), their vectors, and the collection that ranks them."""

    def __init__(self, encode: Any) -> None:
        """Read all texts with `encode`, which is an encoder's."""
        self.encode = encode
        self.needs, self.startups = rows("needs"), rows("startups")
        self.asked = ["\n".join(need_content.sections(row)) for row in self.needs]
        self.offers = ["\n".join(startups.sections(row)) for row in self.startups]
        self.place = {row["id"]: place for place, row in enumerate(self.needs)}
        self.questions, self.documents = self.texts(self.asked, "query"), self.texts(self.offers, "passage")
        self.collection = Collection(self.documents, self.questions)

    def texts(self, texts: Sequence[str], prompt: Prompt) -> Texts:
        """Return texts with their vectors and words."""
        return Texts(self.encode(texts, prompt), [lexical.terms(text) for text in texts])

    def said(self, text: str, prompt: Prompt) -> np.ndarray:
        """(sentences, d) of a text."""
        return self.encode(sentences.split(text), prompt)

    def scores(self, text: str, own: int) -> np.ndarray:
        """(documents,) for one need's text, which stands at `own` among the needs."""
        asked, place = self.texts([text], "query"), np.array([own])
        scores = self.collection.score(asked, place)
        heard = {number: self.said(self.offers[number], "passage") for number in scores.first()[0].tolist()}
        return self.collection.look_closer(scores, asked, heard, [self.said(text, "query")]).total[0]

    def first(self, text: str, own: int) -> set[int]:
        """Return the places of the first FIRST startups for one need's text."""
        return set(np.argsort(-self.scores(text, own), kind="stable")[:FIRST].tolist())
