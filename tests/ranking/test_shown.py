"""What showing a part of a list costs: each startup is looked at once."""

from collections import Counter
from datetime import date

import pytest

from matcher.ranking import combinations, gates, shown
from matcher.ranking.ranker import Ranker
from tests.ranking import hub

TODAY = date(2026, 11, 22)


@pytest.fixture
def need(store):
    return hub.create_need(store, "Äldre faller om natten", description="Äldre faller om natten på boendet.")


@pytest.fixture
def ranker(store, need):
    for number in range(12):
        hub.create_startup(store, f"Sensor {number} larmar när äldre faller om natten.", id=f"bolag-{number:02}")
    encoder = hub.CountingEncoder()
    hub.embed(store, encoder)
    return Ranker(store, encoder)


@pytest.mark.parametrize("both", [False, True])
def test_with_a_filter_that_keeps_little_each_startup_is_looked_at_once(ranker, need, monkeypatch, both):
    checked, filtered, check = Counter(), Counter(), gates.check
    monkeypatch.setattr(gates, "check", lambda need, row, *rest: checked.update([row["id"]]) or check(need, row, *rest))

    def keep(match):
        filtered[match.id] += 1
        return match.id in ("bolag-03", "bolag-07")

    found = ranker.startups_for(need, TODAY, top=8, keep=keep, both=both)
    assert {match.id for match in found.matches} == {"bolag-03", "bolag-07"}
    assert len(checked) == len(filtered) == 12
    assert set(checked.values()) == set(filtered.values()) == {1}


def test_the_first_places_are_all_that_is_looked_at_without_a_filter(ranker, need, monkeypatch):
    for number in range(12, 60):
        hub.create_startup(ranker.store, f"Sensor {number} larmar.", id=f"bolag-{number:02}")
    hub.embed(ranker.store, ranker.encoder)
    checked, check = [], gates.check
    monkeypatch.setattr(gates, "check", lambda need, row, *rest: checked.append(row["id"]) or check(need, row, *rest))
    ranker.startups_for(need, TODAY, top=8)
    assert len(checked) == len(set(checked)) == combinations.LOOKED_AT


def test_the_place_of_the_unexpected_changes_nothing_about_who_could_answer_together(ranker, need, monkeypatch):
    given = []
    monkeypatch.setattr(shown, "_together", lambda explain, heard: given.append([match for match, *_ in heard]))
    plain = ranker.startups_for(need, TODAY, top=8).matches
    moved = ranker.startups_for(need, TODAY, top=8, surprise=lambda first: (10, "seldom")).matches
    assert [match.id for match in moved] != [match.id for match in plain]
    assert any(match.unexpected for match in moved)
    assert given[0] == given[1]
    assert [match.rank for match in given[0]] == list(range(1, 13))
