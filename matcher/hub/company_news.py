"""What happens to a company in the middle of a case or a booking: hidden, merged, another name or number; it stands.

Nothing is lost by it: what was signed stays as it was signed. Those whose case or booking it is read it in the history
and by mail; whether it goes on is the broker's and the sides' to decide.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..store import Store
from . import booking_mails, bookings, cases, parties, record
from .clock import day
from .people import Viewer

# Who is told. A new name or number asks for nothing but that the broker sees whether a new agreement is needed.
SIDES = {
    "hidden": ("owner", "host", "broker"),
    "shown": ("owner", "host", "broker"),
    "merged": ("owner", "host", "broker"),
    "parted": ("owner", "host", "broker"),
    "renamed": ("broker",),
    "renumbered": ("broker",),
}


def tell(
    store: Store, viewer: Viewer, startup_id: str, what: str, now: str, *, before: str = "",
    only: Iterable[str] | None = None, booked: Iterable[str] | None = None,
) -> int:  # fmt: skip
    """Write into each open case and booking of a company what happened, and tell the other sides.

    In the caller's transaction. `before`: the name or number that it bore until now; `only`, `booked`: these cases, and
    these bookings, instead of all. Return how many cases it was.
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
    if SIDES[what] != ("broker",):
        _tell_hosts(store, viewer, startup_id, what, now, before, booked)
    return len(told)


def renumbered(store: Store, viewer: Viewer, organisation_id: str, had: str | None, now: str) -> None:
    """Tell the brokers of a company's open cases that it bears another number than `had`: another company, perhaps.

    Whichever of its profiles the case is about. A first number says nothing new.
    """
    if had:
        rows = store.query("select id from startup where organisation_id = :id order by id", {"id": organisation_id})
        for row in rows:
            tell(store, viewer, row["id"], "renumbered", now, before=f"{had[:6]}-{had[6:]}")


def _tell_hosts(
    store: Store, viewer: Viewer, startup_id: str, what: str, now: str, before: str, only: Iterable[str] | None
) -> None:
    """Tell the hosts of a company's bookings and requests outside a case; inside one the case's people are told."""
    rows = store.query(
        """select id from booking where startup_id = :id and pairing_id is null and ends_on >= :today
           and declined_at is null and withdrawn_at is null and cancelled_at is null and used_at is null order by id""",
        {"id": startup_id, "today": day(now)},
    )
    wanted = None if only is None else set(only)
    for row in rows:
        if wanted is None or row["id"] in wanted:
            booking = bookings.fetch(store, row["id"])
            booking_mails.tell(store, viewer, booking, ("host",), "company", now, what=what, before=before,
                              startup=booking["startup_name"])  # fmt: skip
            record.write(store, viewer.person_id, f"booking.company_{what}", "booking", row["id"], now, note=before)
