"""A round as it stands now: its scores, the hub's facts and the broker's rules as arrays, and the plan in names.

Nothing is decided or stored here. The best plan is found by `planning`; the words belong to the pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from ..hub import quarters, round_facts
from ..hub import rounds as stored
from ..store import Store
from . import gates, planning
from .assignment import NO_PLACE, Arcs, Lock, Plan, Round
from .planning import Shortage

LOAD = 0.01  # score: what each further test of one startup costs; the pages show two decimals, so less is a tie
LATER = 0.005  # score a quarter: of two equal places the earlier one
ELSEWHERE = 0.02  # score: a testbed in another county than the need's
TIE = 1e-6  # score: at most so much, drawn once for each need and place, lets one plan be the best one: an override
# then moves what it must and nothing else, and what was shown before it is what comes
FIRST = 1.0  # score: where needs ask for several, all get a first before one gets a second
UNKNOWN_CAPACITY = 1  # tests of a startup that has not said how many it can run

Row = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What the hub holds now, by id; see `hub.round_facts`."""

    needs: dict[str, Row]
    startups: dict[str, Row]
    refused: dict[tuple[str, str], str]
    under_way: list[Row]
    testbeds: list[Row]


@dataclass(frozen=True)
class Slot:
    """A place to be given: a testbed in a quarter; `starts_on` is the first day of its longest free stretch."""

    testbed: Row
    period: quarters.Period
    starts_on: str
    free: int

    @property
    def quarter(self) -> str:
        """Return the quarter as people write it."""
        return quarters.name(self.period[0])


@dataclass(frozen=True)
class Board:
    """A round ready to be planned. `stopped` (arcs,) says by a code why a pair is out of the question, "" if not.

    void: rules that cannot be taken in any more, with the code that says why.
    """

    row: Row
    facts: Facts
    arcs: Arcs
    stopped: np.ndarray
    slots: list[Slot]
    wanted: Round
    rules: list[Row]
    void: list[tuple[Row, str]]

    @property
    def open(self) -> Arcs:
        """Return the arcs that nothing stops."""
        return self.arcs.kept(self.stopped == "")

    def need(self, at: int) -> Row:
        """Return the need at a position."""
        return self.facts.needs[self.row["need_ids"][at]]

    def startup(self, at: int) -> Row:
        """Return the startup at a position."""
        return self.facts.startups[self.row["startup_ids"][at]]

    def at(self, need_id: str, startup_id: str) -> tuple[int, int]:
        """Return the positions of two ids; raise ValueError when they are not part of the round."""
        return self.row["need_ids"].index(need_id), self.row["startup_ids"].index(startup_id)


def pack(arcs: Arcs) -> bytes:
    """Return arcs as bytes: all needs and all startups as little-endian int32, then the scores as float32."""
    return b"".join(
        (arcs.need.astype("<i4").tobytes(), arcs.startup.astype("<i4").tobytes(), arcs.score.astype("<f4").tobytes())
    )


def unpack(data: bytes) -> Arcs:
    """Return what `pack` wrote."""
    if not data:
        return planning.dense(np.zeros((0, 0)))
    need, startup = np.frombuffer(data, "<i4", len(data) // 12 * 2).reshape(2, -1).astype(np.int64)
    return Arcs(need, startup, np.frombuffer(data, "<f4")[len(data) // 12 * 2 :].astype(np.float64))


def facts(store: Store, row: Row, now: str) -> Facts:
    """Read what planning a round asks of the hub."""
    span = quarters.span(row["starts_on"], row["quarters"])
    return Facts(
        round_facts.needs(store, row["need_ids"], now),
        round_facts.startups(store, row["startup_ids"]),
        round_facts.refused(store),
        round_facts.under_way(store, span[0][0]),
        round_facts.testbeds(store, span[0][0], span[-1][1]) if row["places"] else [],
    )


def load(store: Store, row: Row, now: str) -> Board:
    """Return a stored round as it stands now."""
    held, found = facts(store, row, now), unpack(row["arcs"])
    return board(held, row, found, stored.rules(store, row["id"]), stored.demands(store, row["id"]), now)


def board(held: Facts, row: Row, arcs: Arcs, rules: list[Row], demands: dict[str, int], now: str) -> Board:
    """Put facts, scores and rules together."""
    stopped = stops(held, row, arcs, now)
    slots = _slots(held, row, now) if row["places"] else []
    demand, capacity = _demand(held, row, demands), _capacity(held, row)
    price = _prices(held, row, slots) if row["places"] else None
    wanted = Round(
        demand=demand,
        capacity=capacity,
        free=np.array([slot.free for slot in slots], np.int64) if row["places"] else None,
        price=price,
        first=FIRST if demand.max(initial=0) > 1 else 0.0,
        load=LOAD,
    )
    made = Board(row, held, arcs, stopped, slots, wanted, rules, [])
    return _ruled(made)


def stops(held: Facts, row: Row, arcs: Arcs, now: str) -> np.ndarray:
    """(arcs,) text: the condition that stops each pair; "" where nothing does.

    Codes: those of the gates, dismissed, conflict, own (the company's own need), paired (they are already being
    paired), met (they have had a case, whatever came of it) and gone (no longer open, or no longer on offer).
    """
    today = date.fromisoformat(now[:10])
    paired = {(one["need_id"], one["startup_id"]) for one in held.under_way}
    need_ids, startup_ids = row["need_ids"], row["startup_ids"]

    def stop(need_id: str, startup_id: str) -> str:
        need, startup = held.needs.get(need_id), held.startups.get(startup_id)
        if need is None or startup is None:
            return "gone"
        if (need_id, startup_id) in paired:
            return "paired"
        if need["organisation_id"] == startup["organisation_id"]:
            return "own"
        if (need_id, startup_id) in held.refused:
            return held.refused[need_id, startup_id]
        failed = [gate.code for gate in gates.check(need, startup, today, 0) if gate.state == "failed"]
        return failed[0] if failed else ""

    pairs = zip(arcs.need.tolist(), arcs.startup.tolist(), strict=True)
    return np.array([stop(need_ids[need], startup_ids[startup]) for need, startup in pairs], "U12")


def _demand(held: Facts, row: Row, demands: dict[str, int]) -> np.ndarray:
    """(needs,): how many each asks for, less those that are already being paired with it."""
    taken = Counter(one["need_id"] for one in held.under_way)
    return np.array(
        [
            max(demands.get(name, row["demand"]) - taken[name], 0) if name in held.needs else 0
            for name in row["need_ids"]
        ],
        np.int64,
    )


def _capacity(held: Facts, row: Row) -> np.ndarray:
    """(startups,): how many tests each can still take in the round.

    A startup's own number is how many it can run at once; a round gives it no more than that altogether, so that
    no quarter can hold too many.
    """
    taken = Counter(one["startup_id"] for one in held.under_way)

    def room(name: str) -> int:
        startup = held.startups.get(name)
        if startup is None:
            return 0
        own = UNKNOWN_CAPACITY if startup["capacity"] is None else startup["capacity"]
        return max((row["most"] or own) - taken[name], 0)

    return np.array([room(name) for name in row["startup_ids"]], np.int64)


def _slots(held: Facts, row: Row, now: str) -> list[Slot]:
    found = []
    for testbed in held.testbeds:
        for period in quarters.span(row["starts_on"], row["quarters"]):
            free, starts_on = room(testbed, (max(period[0], now[:10]), period[1]), row["days"])
            found.append(Slot(testbed, period, starts_on, free))
    return found


def room(testbed: Row, period: quarters.Period, days: int) -> tuple[int, str]:
    """Return how many tests of so many days a testbed can take in a period, and the first day of that stretch.

    Counted on the stretch that has most room: what is held on one of its days or of the buffer after it, or closed on
    one of its days, is not free.
    """
    first, last = date.fromisoformat(period[0]), date.fromisoformat(period[1])
    length, buffer_days = (last - first).days + 1, testbed["buffer_days"]
    if length < days:
        return 0, period[0]
    free = np.full(length + buffer_days, testbed["places"], np.int64)
    for start, end in testbed["held"]:
        free[_within(start, end, first, len(free))] -= 1
    is_open = np.ones(length, np.int64)
    for start, end in testbed["closed"]:
        is_open[_within(start, end, first, length)] = 0
    least = _stretches(free, days + buffer_days) * _stretches(is_open, days)
    at = int(np.argmax(least))
    return max(int(least[at]), 0), (first + timedelta(days=at)).isoformat()


def _stretches(values: np.ndarray, days: int) -> np.ndarray:
    """Return the least value of each stretch of so many days."""
    return np.lib.stride_tricks.sliding_window_view(values, days).min(axis=1)


def _within(start: str, end: str, first: date, length: int) -> slice:
    low = (date.fromisoformat(start) - first).days
    high = (date.fromisoformat(end) - first).days + 1
    return slice(min(max(low, 0), length), min(max(high, 0), length))


def _prices(held: Facts, row: Row, slots: list[Slot]) -> np.ndarray:
    """(needs, slots): what a place costs a need; inf where it cannot go there.

    A testbed that the owner offers is the only one. Else it has a theme in common with the need, where both have
    themes. A test begins no later than in the quarter of the day that the need is wanted by.
    """
    price = np.full((len(row["need_ids"]), len(slots)), np.inf)
    firsts = [period[0] for period in quarters.span(row["starts_on"], row["quarters"])]
    draws = np.random.default_rng(0).random(price.shape) * TIE
    for at, name in enumerate(row["need_ids"]):
        need = held.needs.get(name)
        if need is None:
            continue
        for place, slot in enumerate(slots):
            if suits(need, slot.testbed) and (not need["wanted_by"] or slot.period[0] <= need["wanted_by"]):
                price[at, place] = LATER * firsts.index(slot.period[0]) + draws[at, place]
                price[at, place] += ELSEWHERE * (need["county_code"] != slot.testbed["county_code"])
    return price


def suits(need: Row, testbed: Row) -> bool:
    """Whether a need can be tested at a testbed: the one that its owner offers, else one with a theme in common."""
    if need["testbed_id"]:
        return need["testbed_id"] == testbed["id"]
    return not need["themes"] or not testbed["themes"] or bool(set(need["themes"]) & set(testbed["themes"]))


def _ruled(made: Board) -> Board:
    """Take the broker's rules in; a lock that can no longer be meant is void, with the reason."""
    wanted, void = made.wanted, []
    stopped = {
        pair: str(code)
        for pair, code in zip(
            zip(made.arcs.need.tolist(), made.arcs.startup.tolist(), strict=True), made.stopped.tolist(), strict=True
        )
    }
    for rule in made.rules:
        try:
            pair = made.at(rule["need_id"], rule["startup_id"])
        except ValueError:
            void.append((rule, "not_scored"))
            continue
        if rule["kind"] == "forbid":
            wanted = wanted.forbidding(*pair)
            continue
        why = stopped.get(pair, "not_scored")
        place = slot_at(made.slots, rule["testbed_id"], rule["starts_on"]) if rule["testbed_id"] else NO_PLACE
        if why or place is None:
            void.append((rule, why or "place_gone"))
        else:
            wanted = wanted.locking(Lock(*pair, place))
    return Board(made.row, made.facts, made.arcs, made.stopped, made.slots, wanted, made.rules, void)


def slot_at(slots: Iterable[Slot], testbed_id: str | None, starts_on: str | None) -> int | None:
    """Return the position of a testbed in the quarter that begins on a day, None if it is not in the round."""
    for at, slot in enumerate(slots):
        if slot.testbed["id"] == testbed_id and slot.period[0] == starts_on:
            return at
    return None


def solve(made: Board) -> Plan:
    """Return the best plan of a round."""
    return planning.solve(made.wanted, made.open)


def shortages(made: Board, plan: Plan) -> dict[int, Shortage]:
    """Return by need why it is short, for those that are."""
    return planning.shortages(made.wanted, made.open, plan)
