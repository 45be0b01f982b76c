"""Drawing the map and counting the lists: what the background does for both, when it is due.

Due when more than a few in a hundred texts have changed, or a day has passed since the last and anything has; never
while texts are still being read, and once an hour at most. In between, what is new takes its place beside what it is
like within seconds of being read.
"""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np

from ..hub import atlas as kept
from ..hub import clock, need_content, record
from ..store import Store
from . import atlas, exposure, indexing
from .mirror import Shelf
from .prioritised import Abandoned
from .ranker import Ranker
from .vectors import Vectors

SHARE = 0.03  # of the texts
PAUSE_MINUTES = 60
AT_LAST_DAYS = 1
LOOK_SECONDS = 60.0  # how often the clock alone is reason to look
REST = 10.0  # between two looks, as a multiple of what the last one took: an import changes something all the time
IDLE_SECONDS = 600.0  # then the texts held in memory are let go
BLOCK = 500
log = logging.getLogger("matcher.survey")


class Survey:
    """Keeps the map and the counts in step with the hub. One thread calls `step`; it raises Abandoned once stopped."""

    def __init__(self, store: Store, ranker: Callable[[], Ranker], stopped: Callable[[], bool] = lambda: False) -> None:
        """Use what `ranker` gives; it is let go, with the texts it holds, once nothing was drawn for IDLE_SECONDS."""
        self._store, self._make_ranker, self._stopped = store, ranker, stopped
        self._ranker: Ranker | None = None
        self._seen, self._next, self._looked, self._used = -1, 0.0, 0.0, 0.0

    def step(self) -> int:
        """Do what is due; return how many points were drawn, placed or taken away."""
        started = time.monotonic()
        counter = record.last_seq(self._store)
        if started < self._next:
            return 0
        if self._ranker and started - self._used > IDLE_SECONDS:
            self._ranker = None
            gc.collect()  # what it holds points back to it: 35 MB in a small hub, until Python looks by itself
        if counter == self._seen and started - self._looked < LOOK_SECONDS:
            return 0
        self._seen, self._looked = counter, started
        done = self._keep_up(clock.now())
        ended = time.monotonic()
        if done:
            self._used = ended
        self._next = ended + REST * (ended - started)
        return done

    def _keep_up(self, now: str) -> int:
        ranker = self._ranker = self._ranker or self._make_ranker()
        live, drawn = kept.live(self._store, ranker.model), kept.drawn(self._store)
        before = {(row["kind"], row["subject_id"]): row["stamp"] for row in kept.points(self._store)}
        new = {key for key, stamp in live.items() if before.get(key) != stamp}
        gone = before.keys() - live.keys()
        behind = sum(indexing.behind(self._store, ranker.model).values())
        if not behind and _due(drawn, (ranker.model, ranker.weighing().version), len(new) + len(gone), len(live), now):
            return self._draw(ranker, now)
        if drawn and drawn["model"] == ranker.model and (new or gone):
            return self._place(ranker, new, gone, drawn)
        return 0

    def _draw(self, ranker: Ranker, now: str) -> int:
        """Draw the whole map and count all lists."""
        started = time.monotonic()
        needs_shelf, startups_shelf, view = ranker.sides()
        asked, offered = _embedded(needs_shelf), _embedded(startups_shelf)
        keys = [("need", name) for name in asked] + [("startup", name) for name in offered]
        stamps = kept.live(self._store, ranker.model)
        centred = [
            view.collection.asking.centre(*_texts(needs_shelf, asked)),
            view.collection.answering.centre(*_texts(startups_shelf, offered)),
        ]
        vectors = np.concatenate(centred)
        kinds = np.repeat([0, 1], [len(asked), len(offered)])
        positions = atlas.layout(vectors, kinds, self._before(keys))
        centres = atlas.regions(positions, kinds == 0)  # the most needs first
        within = atlas.region_of(positions, centres) if len(centres) else np.zeros(0, np.int64)
        shared = atlas.same(vectors[: len(asked)], within[: len(asked)])
        best, counts = rank_all(self._store, ranker, asked, startups_shelf, self._stopped)
        words = self._words(keys, within)
        points = [
            _point(key, stamps.get(key, ""), position, int(region), int(group), best.get(key[1]))
            for key, position, region, group in zip(
                keys, positions, within, np.r_[shared, np.full(len(offered), -1)], strict=True
            )
        ]
        took = time.monotonic() - started
        figures = {
            "needs": len(asked),
            "startups": len(offered),
            "answered": atlas.ANSWERED,
            "seconds": round(took, 1),
            "changed": 0,
            "product": asdict(exposure.measure(counts, len(best))),
            "cosine": asdict(exposure.measure(by_cosine(needs_shelf, startups_shelf), len(asked))),
        }
        kept.replace(
            self._store,
            {"at": now, "model": ranker.model, "scoring": ranker.weighing().version, "figures": figures},
            [
                {"number": number, "x": float(x), "y": float(y), "words": words.get(number, [])}
                for number, (x, y) in enumerate(centres)
            ],
            points,
            [
                {"startup_id": row["id"], "lists": int(number)}
                for row, number in zip(startups_shelf.rows, counts, strict=True)
            ],
        )
        log.info("the map is drawn: %s needs, %s startups, %.0f s", len(asked), len(offered), took)
        return len(points)

    def _before(self, keys: list[kept.Key]) -> np.ndarray:
        """Return (n, 2) where each stands on the present map, NaN where it does not."""
        there = {(row["kind"], row["subject_id"]): (row["x"], row["y"]) for row in kept.points(self._store)}
        return np.array([there.get(key, (np.nan, np.nan)) for key in keys]).reshape(-1, 2)

    def _words(self, keys: list[kept.Key], within: np.ndarray) -> dict[int, list[str]]:
        texts = {kind: kept.texts(self._store, kind) for kind in ("need", "startup")}
        return atlas.words([texts[kind].get(name, "") for kind, name in keys], within)

    def _place(self, ranker: Ranker, new: set[kept.Key], gone: set[kept.Key], drawn: dict[str, Any]) -> int:
        """Put what is new beside what it is like: of its own kind, where the map has any."""
        needs_shelf, startups_shelf, view = ranker.sides()
        stamps, there = kept.live(self._store, ranker.model), kept.points(self._store)
        centres = np.array(kept.centres(self._store)).reshape(-1, 2)
        of_kind = {
            "need": (needs_shelf, view.collection.asking),
            "startup": (startups_shelf, view.collection.answering),
        }
        held = [row for row in there if row["subject_id"] in of_kind[row["kind"]][0].place]
        held = [row for row in held if (row["kind"], row["subject_id"]) not in new]
        added = []
        for kind, (shelf, side) in of_kind.items():
            wanted = sorted(name for of, name in new if of == kind and name in shelf.place)
            # The first of its kind stands beside what it is like of the other.
            beside = next((one for one in (kind, *of_kind) if any(row["kind"] == one for row in held)), None)
            if not wanted or not beside or not len(centres):
                continue
            known = [row for row in held if row["kind"] == beside]
            shelf_beside, side_beside = of_kind[beside]
            others = side_beside.centre(*_texts(shelf_beside, [row["subject_id"] for row in known]))
            centred = side.centre(*_texts(shelf, wanted))
            positions = atlas.place(centred, others, np.array([(row["x"], row["y"]) for row in known]))
            best = self._best_of(ranker, wanted) if kind == "need" else {}
            added += [
                _point((kind, name), stamps.get((kind, name), ""), position, int(region), -1, best.get(name))
                for name, position, region in zip(wanted, positions, atlas.region_of(positions, centres), strict=True)
            ]
        return kept.change(self._store, added, gone, drawn["at"]) if added or gone else 0

    def _best_of(self, ranker: Ranker, ids: list[str]) -> dict[str, float]:
        found = {row["id"]: _best(ranker, row) for row in _rows(self._store, ids)}
        return {name: one[0] for name, one in found.items() if one is not None}


def _due(drawn: dict[str, Any] | None, made_with: tuple[str, str], changed: int, size: int, now: str) -> bool:
    """Whether the map is to be drawn anew, `changed` being what differs from the points that stand on it.

    made_with: the model and the scoring version that count now.
    """
    if drawn is None:
        return size > 0
    if now < clock.later(drawn["at"], minutes=PAUSE_MINUTES):
        return False
    if (drawn["model"], drawn["scoring"]) != made_with:
        return True
    changed += drawn["figures"].get("changed", 0)
    return changed > SHARE * size or (changed > 0 and now >= clock.later(drawn["at"], days=AT_LAST_DAYS))


def _embedded(shelf: Shelf) -> list[str]:
    return [row["id"] for row, there in zip(shelf.rows, shelf.embedded, strict=True) if there]


def _texts(shelf: Shelf, ids: list[str]) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Return vectors (n, d), languages, and that each is among those of its side's mean, for `Side.centre`."""
    texts = shelf.texts.take(np.array([shelf.place[name] for name in ids], np.int64))
    return texts.vectors, texts.languages, np.ones(len(ids), bool)


def _rows(store: Store, ids: list[str]) -> list[dict[str, Any]]:
    found = []
    for begin in range(0, len(ids), BLOCK):
        rows = store.query("select * from need where id in :ids order by id", {"ids": ids[begin : begin + BLOCK]})
        found += [need_content.decode(row) for row in rows]
    return found


def _best(ranker: Ranker, need: dict[str, Any]) -> tuple[float, list[str]] | None:
    """Return the best score by whole texts and the ids of the top ten; None with no startups or no model."""
    run, _ = ranker.run_for(need, date.fromisoformat(clock.now()[:10]))
    if run.ranked is None or run.away:
        return None
    first = run.ranked.order[: exposure.TOP].tolist()
    whole = run.ranked.parts["semantic"] + run.ranked.parts["lexical"]
    return float(whole.max()), [run.shelf.rows[place]["id"] for place in first]


def rank_all(
    store: Store, ranker: Ranker, ids: list[str], startups: Shelf, stopped: Callable[[], bool] = lambda: False
) -> tuple[dict[str, float], np.ndarray]:
    """Rank the startups for every need; return the best score by need, and in how many top tens each startup is.

    The best score is that of the whole text: what the closer look at sentences adds compares within one list only.
    Raises Abandoned once stopped.
    """
    best: dict[str, float] = {}
    counts = np.zeros(len(startups.rows), np.int64)
    for row in _rows(store, ids):
        if stopped():
            raise Abandoned
        found = _best(ranker, row)
        if found is not None:
            best[row["id"]], first = found
            counts[[startups.place[name] for name in first if name in startups.place]] += 1
    return best, counts


def by_cosine(asked: Shelf, offered: Shelf) -> np.ndarray:
    """Return (startups,) in how many top tens each would stand by plain cosine, for comparison."""
    vectors = asked.texts.vectors[asked.embedded]
    return exposure.appearances(Vectors(offered.texts.vectors[:]).nearest(vectors, exposure.TOP), len(offered.rows))


def _point(
    key: kept.Key, stamp: str, position: np.ndarray, region: int, shared: int, best: float | None
) -> dict[str, Any]:
    return {
        "kind": key[0],
        "subject_id": key[1],
        "stamp": stamp,
        "x": float(position[0]),
        "y": float(position[1]),
        "region": region,
        "shared": None if shared < 0 else shared,
        "best": best,
    }
