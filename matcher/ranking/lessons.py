"""Learning again from what was decided: what the background does when enough is new, never within a request.

Due when ten decisions have come since the last time, or a day has passed and any has. The chance of a match is learned
from figures of the present scoring version only. Weights are learned as a candidate, with what it would change; an
administrator decides (`hub.learned`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date
from itertools import islice
from typing import Any

import numpy as np

from ..hub import clock, decisions, learned, need_content, published
from ..hub.decisions import Decision
from ..store import Store
from . import calibration, learning, scoring, weighing
from .prioritised import Abandoned
from .ranker import Ranker

NEW = 10  # decisions
AT_LAST_MINUTES = 20 * 60  # then any new one is reason enough: a night, wherever the process was started
LOOK_SECONDS = 60.0
ENOUGH = 50  # decisions, before weights are learned
ENOUGH_TAKEN = 20
ENOUGH_NEEDS = 10  # in which something was taken up
SAME = 0.02  # weights that differ by less change nothing that anybody would see
TRIED = 1000  # open needs, the newest: so many lists are made again for the report
PAGE = 200


class Lessons:
    """Learns when there is something to learn. One thread calls `step`; it raises Abandoned once stopped."""

    def __init__(
        self, store: Store, model: Callable[[], str], ranker: Callable[[], Ranker],
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        """Learn for the vectors of `model`; `ranker` is made when there is something to do, and let go after."""
        self._store, self._model, self._ranker, self._stopped = store, model, ranker, stopped
        self._next = 0.0

    def step(self) -> int:
        """Learn if it is due; return how many versions were kept."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + LOOK_SECONDS
        now = clock.now()
        if not is_due(self._store, self._model(), now):
            return 0
        return learn(self._store, self._ranker(), now, self._stopped)


def is_due(store: Store, model: str, now: str) -> bool:
    """Whether enough was decided since the last time, or the scoring version is another."""
    count = decisions.count(store)
    last = learned.latest(store, "chance", weighing.adopted(store, model).version, model)
    if last is None:
        return count > 0
    new = abs(count - last["content"]["counted"])
    return new >= NEW or (new > 0 and now >= clock.later(last["made_at"], minutes=AT_LAST_MINUTES))


def learn(store: Store, ranker: Ranker, now: str, stopped: Callable[[], bool] = lambda: False) -> int:
    """Learn the chance, and weights as a candidate; return how many versions were kept."""
    counted, every = decisions.count(store), [one for one in decisions.taken(store) if one.model == ranker.model]
    version = ranker.weighing().version
    content, size = _chance([one for one in every if one.scoring == version])
    candidate = None
    if "off" not in learned.standing(store):
        candidate = _candidate(store, ranker, every, now, stopped)
    # Kept last: while it is not there the step is due, also after a stop in the middle.
    kept = 0
    if candidate and _is_news(store, ranker, candidate):
        learned.keep(store, "weights", scoring.SCORING_VERSION, ranker.model, candidate["decisions"], candidate, now)
        kept += 1
    learned.keep(store, "chance", version, ranker.model, size, {**content, "counted": counted}, now)
    return kept + 1


def _chance(own: list[Decision]) -> tuple[dict[str, Any], int]:
    """Return the model with its measures, or without either while too little was decided, and the sample's size."""
    given = calibration.sample(own)
    if not given.enough:
        return {"chance": None, "taken": int(given.taken.sum())}, len(own)
    return {"chance": calibration.fit(given).as_data(), "measures": calibration.measure(given)}, len(own)


def _candidate(
    store: Store, ranker: Ranker, every: list[Decision], now: str, stopped: Callable[[], bool]
) -> dict[str, Any] | None:
    """Return learned weights with what they would change, or None while too little was decided."""
    own = [one for one in every if weighing.base(one.scoring) == scoring.SCORING_VERSION]
    usable = _unchanged(store, own, ranker.model)
    if len(usable) < ENOUGH or sum(one.taken for one in usable) < ENOUGH_TAKEN:
        return None
    lessons = list(_lessons(store, ranker, usable, now, stopped))
    if len(lessons) < ENOUGH_NEEDS:
        return None
    built_in, current = weighing.built_in().weights, ranker.weighing()
    eta = learning.looking([one.rank for one in usable])
    weights = learning.fit(lessons, built_in, eta)
    tried = learning.trial(lessons, built_in, current.weights, eta)
    return {
        "weights": weights,
        "built_in": dict(built_in),
        "current": {"version": current.version, "weights": dict(current.weights)},
        "looking": round(eta, 3),
        "decisions": len(usable),
        "taken": int(sum(len(lesson.taken) for lesson in lessons)),
        "needs": len(lessons),
        "trial": {**asdict(tried), "better": tried.better},
        "exposure": _would_change(store, ranker, weights, now, stopped),
    }


def _is_news(store: Store, ranker: Ranker, candidate: dict[str, Any]) -> bool:
    """Whether the weights differ from those that count and from the newest candidate."""
    newest = learned.latest(store, "weights", scoring.SCORING_VERSION, ranker.model)
    held = [ranker.weighing().weights] + ([newest["content"]["weights"]] if newest else [])
    return all(
        any(abs(value - weights[name]) > SAME * abs(weights[name]) for name, value in candidate["weights"].items())
        for weights in held
    )


def _unchanged(store: Store, own: list[Decision], model: str) -> list[Decision]:
    """Return the decisions whose two texts still are what they were: the parts are read from the texts of now."""
    hashes = {
        (row["kind"], row["subject_id"]): row["text_hash"]
        for row in store.query(
            "select kind, subject_id, text_hash from embedding where model = :model and length(vector) > 0",
            {"model": model},
        )
    }
    return [
        one
        for one in own
        if one.texts
        and hashes.get(("need", one.need_id)) == one.texts.get("need")
        and hashes.get(("startup", one.startup_id)) == one.texts.get("startup")
    ]


def _lessons(
    store: Store, ranker: Ranker, usable: list[Decision], now: str, stopped: Callable[[], bool]
) -> Iterator[learning.Lesson]:
    """Yield the list of each need in which something was taken up, by the parts as they are now."""
    taken: dict[str, dict[str, int]] = {}
    for one in usable:
        if one.taken:
            taken.setdefault(one.need_id, {})[one.startup_id] = one.rank
    weights = ranker.weighing().weights
    for need in _needs(store, list(taken)):
        if stopped():
            raise Abandoned
        run, _ = ranker.run_for(need, date.fromisoformat(now[:10]))
        if run.ranked is None or run.away:
            continue
        ups = {run.shelf.place[name]: rank for name, rank in taken[need["id"]].items() if name in run.shelf.place}
        places = list(dict.fromkeys([*run.ranked.order[: learning.DEPTH].tolist(), *ups]))
        parts = np.stack([run.ranked.parts[name][places] / weight for name, weight in weights.items()], axis=1)
        if ups:
            where = np.array([places.index(place) for place in ups])
            yield learning.Lesson(parts.astype(float), where, np.array(list(ups.values())))


def _needs(store: Store, ids: list[str]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(ids), PAGE):
        for row in store.query("select * from need where id in :ids", {"ids": ids[start : start + PAGE]}):
            yield need_content.decode(row)


def _would_change(
    store: Store, ranker: Ranker, weights: dict[str, float], now: str, stopped: Callable[[], bool]
) -> dict[str, Any]:
    """Return what the weights would change in the first eight of the open needs that no condition stops."""
    rows = store.query(
        f"""select n.id from need n where {published.live("need", "n")}
            order by n.published_at desc, n.id limit :most""",
        {"most": TRIED},
    )
    other = ranker.under(weighing.Weighing("tried", weights))
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    today = date.fromisoformat(now[:10])
    for need in _needs(store, [row["id"] for row in rows]):
        if stopped():
            raise Abandoned
        for kept, asked in ((before, ranker), (after, other)):
            unstopped = (match.id for match in asked.run_for(need, today)[1] if not match.stopped)
            kept[need["id"]] = list(islice(unstopped, learning.FIRST))
    return learning.exposure(before, after)
