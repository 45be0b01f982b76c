"""What the ranking shows of one match right now, as plain data that is stored with the decision it led to."""

from __future__ import annotations

from typing import Any

from ..hub import needs, startups
from ..ranking import indexing
from ..ranking.matches import snapshot as ranked
from . import ranking
from .access import now, person, store

NOTHING: dict[str, Any] = {"rank": None, "score": None, "parts": {}, "gates": [], "model": None, "scoring": None}


def snapshot(need_id: str, startup_id: str) -> dict[str, Any]:
    """Return rank, score, parts, gates, reasons, model, scoring version, need version, text hashes and evidence.

    And `run`, the whole ranking, which the decision stores so that it can be made again (`matcher replay`).

    Computed on the server, before the transaction of the decision: what a form sends is not what was seen. A
    startup that the ranking does not hold (it was just published) gives the same keys without figures.
    """
    need, startup = needs.load(store(), person(), need_id), startups.load(store(), person(), startup_id)
    found, run = ranking.seen(need, startup_id)
    seen = ranked(found, found.matches[0], need) if found.matches else {**NOTHING, "need_version": need["version"]}
    meetings = (seen.get("reasons") or {}).get("meetings", [])
    return {
        **seen,
        "evidence": [{"need": meeting["need"], "startup": meeting["profile"]} for meeting in meetings],
        "texts": {
            "need": indexing.ranked_hash(store(), "need", need),
            "startup": indexing.ranked_hash(store(), "startup", startup),
        },
        "run": run,
        "at": now(),
    }
