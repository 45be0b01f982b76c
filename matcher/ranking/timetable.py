"""The timetable of a match day: no one twice at once, as few rounds of meetings as can be. Arrays in, arrays out.

Meetings are edges between two sides, times are colours: a bipartite graph can be coloured with as many colours as its
busiest party has meetings (König 1916), and the colours can be made equally large (de Werra 1971), so that no time
needs more tables than there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Meeting = tuple[str, str]


def arrange(meetings: Sequence[Meeting], tables: int) -> list[tuple[int, int]]:
    """Return (time, table) for each meeting of two parties, both from 0; tables: how many can meet at once.

    As many times as the busiest party has meetings, or as the tables ask for; a few more only where somebody stands
    on both sides.
    """
    times = _times(meetings)
    _balance(meetings, times, max(max(times, default=-1) + 1, -(-len(meetings) // tables)))
    return list(zip(times, _tables(meetings, times), strict=True))


def least(meetings: Sequence[Meeting], tables: int) -> int:
    """Return how many times there must be at least: the busiest party's meetings, or what the tables ask for."""
    return max(_busiest(meetings), -(-len(meetings) // tables))


def _busiest(meetings: Sequence[Meeting]) -> int:
    return max(Counter(party for pair in meetings for party in set(pair)).values(), default=0)


def _times(meetings: Sequence[Meeting]) -> list[int]:
    """Give each meeting the first time that is free for both; where there is none, shift others along a path."""
    both_sides = {one for one, _ in meetings} & {other for _, other in meetings}
    busiest = _busiest(meetings)
    held: dict[str, dict[int, int]] = {party: {} for party in _parties(meetings)}  # party → time → meeting
    times = [-1] * len(meetings)
    for at, (one, other) in enumerate(meetings):
        mine, yours = _free(held[one]), _free(held[other])
        time = next(t for t in range(2 * busiest + 1) if t not in held[one] and t not in held[other])
        if time >= busiest and not both_sides:
            _shift(meetings, times, held, other, mine, yours)
            time = mine
        held[one][time] = held[other][time] = at
        times[at] = time
    return times


def _shift(
    meetings: Sequence[Meeting], times: list[int], held: dict[str, dict[int, int]], start: str, mine: int, yours: int
) -> None:
    """Swap the times `mine` and `yours` along the path that begins at `start`, so that `mine` is free there."""
    path, party, time = [], start, mine
    while time in held[party]:
        at = held[party][time]
        path.append(at)
        party = meetings[at][0] if meetings[at][1] == party else meetings[at][1]
        time = yours if time == mine else mine
    _swap(meetings, times, held, path, mine, yours)


def _swap(
    meetings: Sequence[Meeting], times: list[int], held: dict[str, dict[int, int]], path: list[int], a: int, b: int
) -> None:
    for at in path:
        for party in meetings[at]:
            held[party].pop(times[at], None)
    for at in path:
        times[at] = b if times[at] == a else a
        for party in meetings[at]:
            held[party][times[at]] = at


def _balance(meetings: Sequence[Meeting], times: list[int], count: int) -> None:
    """Move meetings between times until no time has two more than another."""
    held: dict[str, dict[int, int]] = {party: {} for party in _parties(meetings)}
    for at, pair in enumerate(meetings):
        for party in pair:
            held[party][times[at]] = at
    while count > 1:
        sizes = [times.count(time) for time in range(count)]
        full, thin = sizes.index(max(sizes)), sizes.index(min(sizes))
        if sizes[full] - sizes[thin] < 2:
            return
        _swap(meetings, times, held, _longer(meetings, times, held, full, thin), full, thin)


def _longer(
    meetings: Sequence[Meeting], times: list[int], held: dict[str, dict[int, int]], full: int, thin: int
) -> list[int]:
    """Return a chain of meetings at two times that has one more at `full`: there is one, as `full` has more."""
    seen: set[int] = set()
    for start in range(len(meetings)):
        if times[start] != full or start in seen:
            continue
        chain, ahead = {start}, [start]
        while ahead:
            for party in meetings[ahead.pop()]:
                for time in (full, thin):
                    other = held[party].get(time)
                    if other is not None and other not in chain:
                        chain.add(other)
                        ahead.append(other)
        seen |= chain
        if sum(times[at] == full for at in chain) * 2 > len(chain):
            return sorted(chain)
    raise AssertionError("of two times the fuller one has a chain with one meeting more")


def _tables(meetings: Sequence[Meeting], times: list[int]) -> list[int]:
    """Let the first party of each meeting stay at its table where that is free."""
    taken: set[tuple[int, int]] = set()
    last: dict[str, int] = {}
    tables = [0] * len(meetings)
    for at in sorted(range(len(meetings)), key=lambda at: (times[at], meetings[at][0] not in last, at)):
        party, time = meetings[at][0], times[at]
        table = last.get(party, 0)
        if (time, table) in taken or party not in last:
            table = next(place for place in range(len(meetings)) if (time, place) not in taken)
        taken.add((time, table))
        last[party] = tables[at] = table
    return tables


def _parties(meetings: Sequence[Meeting]) -> list[str]:
    return list(dict.fromkeys(party for pair in meetings for party in pair))


def _free(held: dict[int, int]) -> int:
    return next(time for time in range(len(held) + 1) if time not in held)
