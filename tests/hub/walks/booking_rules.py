"""Whether a step in a booking must be done or refused, said a second time: asking, a host's answer, papers.

Everything is judged from a photograph of the tables before the step, whoever takes it and what they typed.
"""

from __future__ import annotations

from typing import Any

from . import model, room
from .booking_model import OPEN, stage, stands_for, unmet
from .camera import Photo, Row
from .model import Roles

TEXT, TITLE, MOST_DAYS, MOST_OPEN = 8_000, 200, 731, 20
DECLINE = ("no_place", "staff", "no_fit", "benefit", "terms", "safety", "other")
CANCEL = ("not_now", "no_capacity", "staff", "other_chosen", "terms", "safety", "closed", "other")


def written(text: str, limit: int = TEXT, *, needed: bool = True) -> bool:
    """Whether a text can be used: not too long and, where it is needed, more than spaces and invisible signs."""
    return len(text) <= limit and (not needed or bool(text.strip(" \u200b")))


def reasoned(reason: str, note: str, allowed: tuple[str, ...]) -> bool:
    """Whether a no carries a reason, and words for one that is no reason by itself."""
    return reason in allowed and written(note, needed=reason == "other")


def scored(row: Row, given: Row) -> bool:
    """Whether both benefits have a score from 1 to 5: typed now, or kept before when nothing is typed."""
    typed = [given.get(name, "") for name in ("operation_score", "users_score")]
    return bool(row["scored_at"]) if not any(typed) else all(one in ("1", "2", "3", "4", "5") for one in typed)


def answers(photo: Photo, row: Row, roles: Roles, today: str) -> bool:
    """Whether a request awaits an answer of this person's."""
    return bool(stands_for(photo, row, roles) & {"host", "broker"}) and stage(photo, row, today) in OPEN


def replies(photo: Photo, row: Row, roles: Roles, today: str) -> bool:
    """Whether this person may take a request back, or say more about it."""
    return bool(stands_for(photo, row, roles) & {"asker", "broker"}) and stage(photo, row, today) in OPEN


def papers(photo: Photo, row: Row, roles: Roles, today: str) -> bool:
    """Whether this person may note papers and ticks in a booking: outside a case, while it goes on."""
    goes_on = stage(photo, row, today) in (*OPEN, "approved") and not row["pairing_id"]
    return goes_on and bool(stands_for(photo, row, roles) & {"host", "broker"})


def approved(photo: Photo, row: Row, roles: Roles, given: Row, today: str, manage: bool) -> bool:
    """Whether a yes must be done: nothing red, a place on every day, and everybody in it still to be seen."""
    testbed, case = photo["testbed"][row["testbed_id"]], photo["pairing"].get(row["pairing_id"] or "")
    if not answers(photo, row, roles, today) or not scored(row, given) or not written(given["note"], needed=False):
        return False
    if testbed["withdrawn_at"] or room.closed(photo, row) or (room.heavy(photo, row) and not manage):
        return False
    if case:
        return green(photo, case, today)
    return (
        not unmet(photo, row)
        and on_offer(photo, row, today)
        and room.fits(room.taken(photo, testbed), testbed, row)
        and not (row["startup_id"] and room.busy(photo, row))
    )


def green(photo: Photo, case: Row, today: str) -> bool:
    """Whether nothing but its first day keeps the place of a case closed."""
    booked = model.place(photo, case)
    return bool(
        booked
        and booked["ends_on"] >= today
        and model.agreed(photo, case, max(today, booked["starts_on"]))
        and not model.unmet(photo, case)
    )


def on_offer(photo: Photo, row: Row, today: str) -> bool:
    """Whether the startup and the need of a booking are there to be seen, open, of two houses, and not tied."""
    startup, need = photo["startup"].get(row["startup_id"] or ""), photo["need"].get(row["need_id"] or "")
    if startup and (not startup["published_at"] or startup["hidden_at"] or startup["merged_into"]):
        return False
    if need and (need["closed_at"] or (need["valid_until"] or today) < today):
        return False
    pair = {"startup_id": row["startup_id"], "need_id": row["need_id"], "lifted_at": None}
    tied = any(all(one[name] == pair[name] for name in pair) for one in photo["conflict"].values())
    return not (startup and need and (tied or startup["organisation_id"] == need["organisation_id"]))


def requested(photo: Photo, roles: Roles, ask: Row, today: str) -> bool:
    """Whether a request must be taken; `ask` holds what is typed and the ids of whose it is."""
    first, last = ask["starts_on"], ask["ends_on"]
    if not (today <= first <= last and len(room.days(first, last)) <= MOST_DAYS):
        return False
    texts = written(ask["title"], TITLE) and all(written(ask[f"benefit_{name}"]) for name in ("operation", "users"))
    hours = ask["staff_hours"] == "" or (ask["staff_hours"].isdigit() and int(ask["staff_hours"]) <= 1000)
    home = _home(photo, roles, ask, today)
    if not (texts and hours and written(ask["message"], needed=False) and home):
        return False
    if photo["testbed"][ask["testbed_id"]]["withdrawn_at"] or room.closed(photo, ask):
        return False
    waits = [
        (row["title"], row["starts_on"], row["ends_on"]) for row in photo["booking"].values()
        if (row["testbed_id"], row["organisation_id"]) == (ask["testbed_id"], home) and stage(photo, row, today) in OPEN
    ]  # fmt: skip
    return (ask["title"].strip(), first, last) not in waits and len(waits) < MOST_OPEN


def _home(photo: Photo, roles: Roles, ask: Row, today: str) -> str | None:
    """Return the organisation that may ask for this through this person, or None."""
    broker = any(role == "broker" for role, _ in roles)
    if ask["pairing_id"]:
        case = photo["pairing"][ask["pairing_id"]]
        booked, sides = model.place(photo, case), model.stands_for(photo, case, roles) - {"host"}
        if not sides or not booked or not green(photo, case, today) or case["testbed_id"] != ask["testbed_id"]:
            return None
        if not booked["starts_on"] <= ask["starts_on"] <= ask["ends_on"] <= booked["ends_on"]:
            return None
        of: Any = photo["need"][case["need_id"]] if "owner" in sides else photo["startup"][case["startup_id"]]
        return of["organisation_id"]
    subject = photo["startup"].get(ask["startup_id"]) or photo["need"].get(ask["need_id"])
    home = subject["organisation_id"] if subject else ask["organisation_id"]
    may = ("startup",) if ask["startup_id"] else ("owner", "startup") if ask["need_id"] else ("owner",)
    acts = any((role, home) in roles for role in may) or (broker and subject)
    return home if acts and on_offer(photo, ask, today) else None
