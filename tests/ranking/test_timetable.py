"""The timetable of a match day."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from matcher.ranking import match_day, timetable


def drawn(seed: int) -> list[tuple[str, str]]:
    rng = random.Random(seed)
    pairs = [(f"n{a}", f"s{b}") for a in range(rng.randint(1, 12)) for b in range(rng.randint(1, 15))]
    return rng.sample(pairs, rng.randint(1, len(pairs)))


@pytest.mark.parametrize("seed", range(60))
def test_nobody_is_twice_at_once_and_no_table_is(seed: int) -> None:
    meetings, tables = drawn(seed), seed % 7 + 1
    found = timetable.arrange(meetings, tables)
    for side in (0, 1):
        busy = Counter((time, pair[side]) for (time, _), pair in zip(found, meetings, strict=True))
        assert set(busy.values()) == {1}
    assert set(Counter(found).values()) == {1}
    assert max(table for _, table in found) < tables


@pytest.mark.parametrize("seed", range(60))
def test_the_day_is_as_short_as_it_can_be(seed: int) -> None:
    meetings, tables = drawn(seed), seed % 7 + 1
    busiest = max(Counter(party for pair in meetings for party in pair).values())
    least = max(busiest, -(-len(meetings) // tables))
    assert max(time for time, _ in timetable.arrange(meetings, tables)) + 1 == least


def test_who_stands_on_both_sides_is_not_twice_at_once_either() -> None:
    meetings = [("a", "b"), ("b", "c"), ("c", "a"), ("a", "d"), ("d", "b")]
    found = timetable.arrange(meetings, 3)
    busy = Counter((time, party) for (time, _), pair in zip(found, meetings, strict=True) for party in pair)
    assert set(busy.values()) == {1}


def test_an_owner_keeps_the_table() -> None:
    found = timetable.arrange([("n", f"s{number}") for number in range(4)], 3)
    assert len({table for _, table in found}) == 1


def test_a_day_without_meetings_is_empty() -> None:
    assert timetable.arrange([], 3) == []


def test_thousands_of_meetings_are_refused_before_they_are_laid_out(monkeypatch) -> None:
    rows = [
        {"owner_id": f"o{n % 40}", "owner": "Kommun", "company_id": f"c{n}", "startup": "Bolag", "startup_id": f"s{n}",
         "need_id": f"n{n}", "need": "Behov"}
        for n in range(3_000)
    ]  # fmt: skip
    monkeypatch.setattr(timetable, "arrange", lambda *_: pytest.fail("was laid out"))
    day = {"tables": 10, "opens_at": "09:00", "minutes": 20, "pause": 5}
    with pytest.raises(match_day.DayTooLong) as refused:
        match_day.meetings(rows, day)
    assert refused.value.needed == 300
