"""The network of a round, and the flow of least cost through it. Arrays in, arrays out.

A unit of flow is one test: it leaves a startup that has capacity, goes to a need that asks for one and on to a place
(a testbed in a period) that is free. Each hard limit is the capacity of an arc, so none can be broken, and a flow of
whole units is found in time that grows mildly (Ahuja, Magnanti & Orlin, Network Flows, 1993; solver: OR-Tools).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from .assignment import NO_PLACE, Arcs, Plan, Round, allowed, worth_of

FINEST = 10**9  # steps of one unit of score: the rounding of 10,000 tests together stays under 1e-5
ROOM = 2**61  # what a cost times the number of nodes may not pass (the solver's own limit is 2^63)
ADDED = 20  # arcs a need that are added at once
BLOCK = 512  # needs whose dense row is looked at in one go

Pairs = tuple[np.ndarray, np.ndarray]


@dataclass
class _Network:
    """Arcs of the flow: tail, head, capacity and whole-number cost, in the order in which they were added."""

    nodes: int = 0
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)

    def add(self, tail: np.ndarray, head: np.ndarray, capacity: np.ndarray, cost: np.ndarray) -> slice:
        """Add arcs and return where they stand."""
        start = sum(len(part[0]) for part in self.parts)
        shape = np.broadcast(tail, head, capacity, cost).shape
        self.parts.append(
            tuple(np.broadcast_to(np.asarray(one, np.int64), shape).copy() for one in (tail, head, capacity, cost))
        )
        return slice(start, start + shape[0])

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return all arcs."""
        return tuple(np.concatenate(columns) for columns in zip(*self.parts, strict=True))


class Solved:
    """One network, solved; nodes: source, sink, startups, needs (in), needs (out), places."""

    def __init__(self, wanted: Round, arcs: Arcs) -> None:
        self.wanted = wanted
        self.arcs = arcs.kept(allowed(wanted, arcs))
        self.needs, self.startups = len(wanted.demand), len(wanted.capacity)
        self.places = 0 if wanted.free is None else len(wanted.free)
        self._scale()
        self._build()
        self._run()

    # Whole numbers: a cost is the score in steps, times `even` so that the load of startups only decides between
    # plans of equal worth.
    def _scale(self) -> None:
        wanted = self.wanted
        self.tests = int(min(wanted.demand.sum(), wanted.capacity.sum()))
        most = int(min(wanted.capacity.max(initial=0), self.needs))
        self.even = 1 if wanted.load else self.tests * max(most - 1, 0) + 1
        reach = float(np.abs(self.arcs.score).max(initial=0.0)) + wanted.first
        reach += wanted.load * max(most - 1, 0)
        if wanted.price is not None:
            reach += float(np.abs(wanted.price[np.isfinite(wanted.price)]).max(initial=0.0))
        # A kept lock outweighs whatever all tests together can be worth.
        self.force = 2 * reach * max(self.tests, 1) + 1 if wanted.locks else 0.0
        nodes = self.startups + 2 * self.needs + self.places + 3
        largest = 2 * (2 * self.force + reach) + 1
        self.step = int(max(min(FINEST, ROOM / (largest * self.even * nodes)), 1))
        self.offset = self._whole(np.array([2 * self.force + reach]))[0] + self.even

    def _whole(self, cost: np.ndarray) -> np.ndarray:
        return np.rint(np.asarray(cost, np.float64) * self.step).astype(np.int64) * self.even

    def pair_cost(self, score: np.ndarray) -> np.ndarray:
        """Whole cost of pairs by their score; never negative, as each test passes exactly one of them."""
        return self.offset - self._whole(score)

    def _build(self) -> None:
        wanted, arcs, net = self.wanted, self.arcs, _Network()
        self.source, self.sink = 0, 1
        self.startup = 2 + np.arange(self.startups)
        self.inward = 2 + self.startups + np.arange(self.needs)
        self.outward = self.inward + self.needs
        self.place = 2 + self.startups + 2 * self.needs + np.arange(self.places)
        net.nodes = 2 + self.startups + 2 * self.needs + self.places
        # One unit more than its arcs could use: the price of a startup is what its next test would cost.
        at, turn = _units(np.minimum(wanted.capacity, np.bincount(arcs.startup, minlength=self.startups) + 1))
        net.add(self.source, self.startup[at], 1, self._whole(wanted.load * turn) + turn)
        cost = self.pair_cost(arcs.score)
        locked = {(lock.need, lock.startup) for lock in wanted.locks}
        if locked:
            force = self._whole(np.array([self.force]))[0]
            hit = [pair in locked for pair in zip(arcs.need.tolist(), arcs.startup.tolist(), strict=True)]
            cost = cost - force * np.array(hit, np.int64)
        self.pairs = net.add(self.startup[arcs.startup], self.inward[arcs.need], 1, cost)
        some = np.flatnonzero(wanted.demand > 0)
        net.add(self.inward[some], self.outward[some], 1, -self._whole(np.full(len(some), wanted.first)))
        more = np.flatnonzero(wanted.demand > 1)
        net.add(self.inward[more], self.outward[more], wanted.demand[more] - 1, 0)
        if wanted.free is None:
            net.add(self.outward[some], self.sink, wanted.demand[some], 0)
            self.goes = slice(0, 0)
        else:
            self._build_places(net, some)
        net.add(np.array([self.source]), self.sink, self.tests, self.offset)
        self.net = net

    def _build_places(self, net: _Network, some: np.ndarray) -> None:
        """Let needs go to the places that they can use; a locked place is one more, much cheaper arc."""
        wanted = self.wanted
        row, to = np.nonzero(np.isfinite(wanted.price[some]) & (wanted.free > 0))
        need = some[row]
        kept = [(lock.need, lock.place) for lock in wanted.locks if lock.place != NO_PLACE]
        forced = np.array([need for need, _ in kept], np.int64), np.array([place for _, place in kept], np.int64)
        self.go_need, self.go_place = np.concatenate([need, forced[0]]), np.concatenate([to, forced[1]])
        price = wanted.price[self.go_need, self.go_place]
        price = np.where(np.isfinite(price), price, 0.0)  # a broker may lock what the need would not go to by itself
        price[len(need) :] -= self.force
        room = np.minimum(wanted.demand[self.go_need], wanted.free[self.go_place])
        room[len(need) :] = np.minimum(room[len(need) :], 1)
        self.goes = net.add(self.outward[self.go_need], self.place[self.go_place], room, self._whole(price))
        net.add(self.place, self.sink, wanted.free, 0)

    def _run(self) -> None:
        from ortools.graph.python import min_cost_flow  # half a second to import: only where a plan is made

        self.tail, self.head, self.room, self.cost = self.net.arrays()
        solver = min_cost_flow.SimpleMinCostFlow()
        solver.add_arcs_with_capacity_and_unit_cost(self.tail, self.head, self.room, self.cost)
        solver.set_nodes_supplies(np.array([self.source, self.sink]), np.array([self.tests, -self.tests]))
        status = solver.solve()
        if status != solver.OPTIMAL:
            raise RuntimeError(f"the flow was not solved: {status}")
        self.flow = np.asarray(solver.flows(np.arange(len(self.tail), dtype=np.int32)), np.int64)

    def prices(self) -> np.ndarray:
        """(nodes,) int64: node prices under which no arc with room left would lower the cost (LP duality).

        Bellman (1958) and Ford over the arcs that can still take or give back flow, from all nodes at once.
        """
        ahead, back = self.flow < self.room, self.flow > 0
        tail = np.concatenate([self.tail[ahead], self.head[back]])
        head = np.concatenate([self.head[ahead], self.tail[back]])
        cost = np.concatenate([self.cost[ahead], -self.cost[back]])
        order = np.argsort(head, kind="stable")
        tail, head, cost = tail[order], head[order], cost[order]
        reached, starts = np.unique(head, return_index=True)
        found = np.zeros(self.net.nodes, np.int64)
        for _ in range(self.net.nodes + 1):
            nearer = np.minimum(found[reached], np.minimum.reduceat(found[tail] + cost, starts))
            if (nearer == found[reached]).all():
                return found
            found[reached] = nearer
        raise RuntimeError("the flow is not the best one: a circle of arcs lowers its cost")

    def missing(self, scores: np.ndarray) -> Arcs:
        """Return pairs of the dense (needs, startups) matrix that are not in the network and could improve it."""
        price = self.prices()
        unit = self.step * self.even
        # A pair lowers the cost when its score is above what its startup and its need are worth elsewhere.
        least = price[self.startup] / unit
        least[self.wanted.capacity <= 0] = np.inf
        rows = (self.offset - price[self.inward]) / unit
        rows[self.wanted.demand <= 0] = np.inf
        order = np.argsort(self.arcs.need, kind="stable")
        held_need, held_startup = self.arcs.need[order], self.arcs.startup[order]
        found = [_none()]
        for start in range(0, self.needs, BLOCK):
            block = scores[start : start + BLOCK]
            gain = block - (least + rows[start : start + BLOCK, None])
            here = slice(*np.searchsorted(held_need, [start, start + BLOCK]))
            gain[held_need[here] - start, held_startup[here]] = -np.inf
            for need, startup in self.wanted.forbidden:
                if start <= need < start + len(block):
                    gain[need - start, startup] = -np.inf
            found.append(self._gaining(_largest(gain, ADDED), block, start, price))
        return Arcs(*(np.concatenate(column) for column in _columns(found)))

    def _gaining(self, at: Pairs, block: np.ndarray, start: int, price: np.ndarray) -> Arcs:
        """Return those of some positions of a block that lower the cost in whole numbers, as the solver counts."""
        need, startup = at
        arcs = Arcs(need + start, startup, block[need, startup].astype(np.float64))
        cost = self.pair_cost(arcs.score) + price[self.startup[startup]] - price[self.inward[arcs.need]]
        return arcs.kept(cost < 0)

    def plan(self) -> Plan:
        """Return the flow as tests: each startup of a need with one of the places that the need goes to."""
        chosen = self.arcs.kept(self.flow[self.pairs] > 0)
        order = np.lexsort((chosen.startup, -chosen.score, chosen.need))
        chosen = chosen.kept(order)
        place = self._places(chosen)
        triples = set(zip(chosen.need.tolist(), chosen.startup.tolist(), place.tolist(), strict=True))
        pairs = {(need, startup) for need, startup, _ in triples}
        broken = tuple(
            lock
            for lock in self.wanted.locks
            if (lock.need, lock.startup) not in pairs
            or (lock.place != NO_PLACE and (lock.need, lock.startup, lock.place) not in triples)
        )
        worth = worth_of(self.wanted, chosen.need, chosen.startup, place, chosen.score)
        return Plan(
            chosen.need, chosen.startup, place, chosen.score, float(chosen.score.sum()), worth, broken, len(self.arcs)
        )

    def _places(self, chosen: Arcs) -> np.ndarray:
        place = np.full(len(chosen), NO_PLACE, np.int64)
        if self.wanted.free is None:
            return place
        to: dict[int, list[int]] = {}
        flow = self.flow[self.goes]
        for at in np.flatnonzero(flow > 0).tolist():
            to.setdefault(int(self.go_need[at]), []).extend([int(self.go_place[at])] * int(flow[at]))
        for held in to.values():
            held.sort()
        asked = {(lock.need, lock.startup): lock.place for lock in self.wanted.locks if lock.place != NO_PLACE}
        pairs = list(zip(chosen.need.tolist(), chosen.startup.tolist(), strict=True))
        for row, pair in enumerate(pairs):
            if asked.get(pair) in to.get(pair[0], []):
                place[row] = asked[pair]
                to[pair[0]].remove(asked[pair])
        for row, (need, _) in enumerate(pairs):
            if place[row] == NO_PLACE:
                place[row] = to[need].pop(0)
        return place


def _units(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each position as often as its count says, and which time it is (0, 1, …)."""
    counts = np.maximum(counts, 0)
    at = np.repeat(np.arange(len(counts)), counts)
    starts = np.cumsum(counts) - counts
    return at, np.arange(len(at)) - starts[at]


def _largest(gain: np.ndarray, count: int) -> Pairs:
    """Return the rows and columns of up to `count` largest values of each row that are above 0 or nearly so."""
    columns = gain.shape[1]
    if columns > count:
        some = np.flatnonzero((gain > -1e-6).any(axis=1))
        chosen = np.argpartition(-gain[some], count - 1, axis=1)[:, :count]
        row, column = np.repeat(some, count), chosen.ravel()
        near = gain[row, column] > -1e-6
        return row[near], column[near]
    return np.nonzero(gain > -1e-6)


def _none() -> Arcs:
    return Arcs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def _columns(parts: Iterable[Arcs]) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    held = [_none(), *parts]
    return [part.need for part in held], [part.startup for part in held], [part.score for part in held]
