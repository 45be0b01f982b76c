"""The scores of a round: those of the broker's list, and of a large hub no fewer than its best plan asks for."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from matcher.hub import need_content
from matcher.hub import rounds as stored
from matcher.ranking import indexing, planning, round_scores, rounds
from matcher.ranking.encoder import TinyEncoder
from matcher.ranking.ranker import Ranker
from tests.factories import NOW, create_need, create_startup

WORDS = ["fall", "snö", "skola", "vatten", "buss", "mat", "kö", "buller", "träd", "el"]


@pytest.fixture
def ranker(store):
    """A ranker over eight needs and twelve startups, some of which a condition stops."""
    for at in range(8):
        create_need(store, published=True, title=f"{WORDS[at]} {WORDS[at + 1]}", description=WORDS[at] * 3)
    for at in range(12):
        create_startup(
            store, published=True, description=f"{WORDS[at % 10]} {WORDS[(at + 2) % 10]}", capacity=at % 3,
            languages=["fi"] if at % 5 == 0 else ["sv"],
        )  # fmt: skip
    encoder = TinyEncoder()
    while indexing.catch_up(store, encoder):
        pass
    return Ranker(store, encoder)


def test_the_scores_are_those_of_the_list(store, ranker):
    terms = stored.terms({"name": "Vår", "least": 0}, NOW)
    scored = round_scores.make(store, ranker, terms, NOW)
    arcs = rounds.unpack(scored["arcs"])
    need = need_content.decode(store.query("select * from need where id = :id", {"id": scored["need_ids"][3]})[0])
    listed = {match.id: match.score for match in ranker.startups_for(need, date(2026, 11, 20)).matches}
    own = arcs.need == 3
    assert own.any()
    for startup, score in zip(arcs.startup[own], arcs.score[own], strict=True):
        assert score == pytest.approx(listed[scored["startup_ids"][startup]], abs=1e-6)
    assert own.sum() == sum(score >= 0 for score in listed.values())


def test_of_a_large_hub_the_best_arcs_are_enough_for_the_best_plan(store, ranker, monkeypatch):
    terms = stored.terms({"name": "Vår", "least": 0}, NOW)
    whole = round_scores.make(store, ranker, terms, NOW)
    monkeypatch.setattr(round_scores, "ALL_KEPT", 0)
    monkeypatch.setattr(planning.best, "__defaults__", (1,))
    monkeypatch.setattr(planning.solve_dense, "__defaults__", (1,))
    some = round_scores.make(store, ranker, terms, NOW)
    assert len(some["arcs"]) < len(whole["arcs"])
    worth = [
        rounds.solve(rounds.board(rounds.facts(store, row, NOW), row, rounds.unpack(row["arcs"]), [], {}, NOW)).worth
        for row in ({**terms, **whole}, {**terms, **some})
    ]
    assert worth[1] == pytest.approx(worth[0], abs=1e-5)
    assert worth[0] > 0


def test_progress_is_told_need_by_need(store, ranker):
    told = []
    round_scores.make(
        store, ranker, stored.terms({"name": "x"}, NOW), NOW, lambda done, total: told.append((done, total))
    )
    assert told == [(at, 8) for at in range(1, 9)]


def test_a_hub_without_startups_has_nothing_to_plan(store):
    create_need(store, published=True)
    with pytest.raises(round_scores.NothingToPlan):
        round_scores.make(store, Ranker(store, TinyEncoder()), stored.terms({"name": "x"}, NOW), NOW)


def test_what_was_least_is_left_out(store, ranker):
    scored = round_scores.make(store, ranker, stored.terms({"name": "x", "least": 0.5}, NOW), NOW)
    assert (rounds.unpack(scored["arcs"]).score >= np.float32(0.5)).all()
