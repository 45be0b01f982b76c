"""What was learned in pilots: the lessons that a person may read, for standing beside a need that is like theirs."""

from __future__ import annotations

from typing import Any

from ..store import Store
from .adopters import RELEASED
from .people import Viewer

MOST = 500


def known(store: Store, viewer: Viewer, without_need: str = "") -> list[dict[str, Any]]:
    """Return the decided pilots whose lesson a person may read, last decided first, at most MOST. One query.

    Brokers read all, others those that both sides have released and those of their own organisations. With the need
    it was for (`need_id`), whose it was, the startup, decision and lesson, and whether its people answer questions.
    """
    return store.query(
        f"""select p.id as pairing_id, p.need_id, n.title as case_title, n.language, n.organisation_id,
                   o.name as owner_name, p.startup_id, s.name as startup_name, pilot.decision, pilot.decided_at,
                   pilot.lesson, case when {RELEASED} then 1 else 0 end as released,
                   case when c.pairing_id is null then 0 else 1 end as answers
            from pilot join pairing p on p.id = pilot.pairing_id join need n on n.id = p.need_id
            join organisation o on o.id = n.organisation_id join startup s on s.id = p.startup_id
            left join release r on r.pairing_id = p.id
            left join spread_consent c on c.pairing_id = p.id and c.closed_at is null
            where pilot.decided_at is not null and p.need_id <> :need
              and (:broker = 1 or {RELEASED} or n.organisation_id in :own)
            order by pilot.decided_at desc, p.id limit :most""",
        {
            "broker": int(viewer.has("broker")),
            "own": viewer.organisations("owner"),
            "need": without_need,
            "most": MOST,
        },
    )
