"""What happens to a company in the middle of a case: its profile is hidden, merged or renamed, and the case stands.

Nothing in the case is lost by it: what was signed stays as it was signed. Those whose case it is read it in the
case's history and by mail; whether the case goes on is the broker's and the sides' to decide.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..store import Store
from . import cases, parties, record
from .people import Viewer

# Who is told. A new name asks nobody to do anything but the broker, who sees whether a new agreement is needed.
SIDES = {
    "hidden": ("owner", "host", "broker"),
    "shown": ("owner", "host", "broker"),
    "merged": ("owner", "host", "broker"),
    "parted": ("owner", "host", "broker"),
    "renamed": ("broker",),
}


def tell(
    store: Store, viewer: Viewer, startup_id: str, what: str, now: str, *, before: str = "",
    only: Iterable[str] | None = None,
) -> int:  # fmt: skip
    """Write into each open case of a company (those in `only`, if given) what happened, and tell its other sides.

    In the caller's transaction. `before`: the name that the company bore until now. Return how many cases it was.
    """
    rows = store.query(
        "select id from pairing where startup_id = :id and declined_at is null and ended_at is null order by id",
        {"id": startup_id},
    )
    wanted = None if only is None else set(only)
    told = [row["id"] for row in rows if wanted is None or row["id"] in wanted]
    for pairing_id in told:
        case = cases.fetch(store, pairing_id)
        parties.tell(store, viewer, case, SIDES[what], "company", now, what=what, before=before)
        record.write(store, viewer.person_id, f"pairing.company_{what}", "pairing", pairing_id, now, note=before)
    return len(told)
