"""The rules of bookings, said a second time: where each stands, when its place may be used, what may never change.

Like `model.py` it asks nothing of `matcher.hub`, only a photograph of the tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from . import model, room
from .camera import Photo, Row
from .model import Roles

OPEN = ("requested", "asked", "waiting")
LASTING = ("declined", "withdrawn", "cancelled", "lapsed", "ended", "finished")
_SETTLED: model.Settled = (
    ("booking", ("testbed_id", "need_id", "pairing_id", "title", "starts_on", "ends_on", "benefit_operation",
                 "benefit_users", "staff_hours", "message", "requested_at", "requested_by", "promised_by",
                 "answered_at", "waiting_at", "approved_at", "declined_at", "withdrawn_at", "cancelled_at", "reason",
                 "used_at", "used_pairing_id")),
    ("booking_question", ("question", "asked_at", "reply", "replied_at")),
    ("booking_met", ("prerequisite_id", "note", "met_at", "undone_at")),
)  # fmt: skip
_MOVING = ("room_at", "startup_id", "organisation_id")  # told again; merged and parted again


def open_question(photo: Photo, row: Row) -> Row | None:
    """Return the host's question that awaits its reply."""
    rows = [one for one in photo["booking_question"].values() if one["booking_id"] == row["id"]]
    return next((one for one in rows if not one["replied_at"]), None)


def case_of(photo: Photo, row: Row) -> Row | None:
    """Return the case that a booking lies in, or that took its place over."""
    return photo["pairing"].get(row["pairing_id"] or row["used_pairing_id"] or "")


def stage(photo: Photo, row: Row, today: str) -> str:
    """Return where a booking stands on a day."""
    for name in ("declined", "withdrawn", "cancelled", "used"):
        if row[f"{name}_at"]:
            return name
    around = [one for one in photo["access"].values() if one["pairing_id"] == row["pairing_id"]]
    if any(one["ended_at"] and one["ended_at"][:10] <= row["ends_on"] for one in around):
        return "ended"
    over = row["ends_on"] < today
    if row["approved_at"]:
        return "finished" if over else "approved"
    if over:
        return "lapsed"
    return "asked" if open_question(photo, row) else "waiting" if row["waiting_at"] else "requested"


def unmet(photo: Photo, row: Row) -> list[str]:
    """Return what the testbed asks for and is not met: in the case where there is one, else in the booking."""
    case = case_of(photo, row)
    if case:
        return model.unmet(photo, case)
    ticked = [one for one in photo["booking_met"].values() if one["booking_id"] == row["id"]]
    met = {one["prerequisite_id"] for one in ticked if not one["undone_at"]}
    asked = [one for one in photo["prerequisite"].values() if one["testbed_id"] == row["testbed_id"]]
    return [one["id"] for one in asked if not one["retired_at"] and one["id"] not in met]


def agreed(photo: Photo, row: Row) -> bool:
    """Whether the papers of a booking outside a case are in order; within one organisation none are needed."""
    home = photo["testbed"][row["testbed_id"]]["organisation_id"] == row["organisation_id"]
    return home or bool(row["agreed_at"] and row["agreed_until"] >= row["ends_on"])


def may_use(photo: Photo, row: Row, today: str) -> bool:
    """Whether the place of a booking may be used on a day; of one that a case took over, the case says."""
    stands, case = stage(photo, row, today), case_of(photo, row)
    if stands == "used":
        return bool(case) and model.may_use(photo, case, today)
    inside = stands == "approved" and row["starts_on"] <= today <= row["ends_on"]
    if case:
        return inside and model.may_use(photo, case, today)
    return inside and agreed(photo, row) and not unmet(photo, row) and not room.closed(photo, row, today)


def with_room(photo: Photo, today: str) -> set[str]:
    """Return those on a waiting list who could have a place, counted as if who stands before them had theirs."""
    found = set()
    for testbed in photo["testbed"].values():
        here = room.taken(photo, testbed)
        line = [
            row for row in photo["booking"].values() if row["testbed_id"] == testbed["id"] and row["waiting_at"]
            and not row["pairing_id"] and stage(photo, row, today) in OPEN
        ]  # fmt: skip
        for row in sorted(line, key=lambda row: (row["waiting_at"], row["id"])):
            if not testbed["withdrawn_at"] and not room.closed(photo, row) and room.fits(here, testbed, row):
                found.add(row["id"])
                here.update(room.days(row["starts_on"], row["ends_on"], testbed["buffer_days"]))
    return found


def promised(photo: Photo, case: Row, today: str) -> list[Row]:
    """Return the bookings of the two in a case that their hosts promised and no case has taken over."""
    return [
        row for row in photo["booking"].values() if not row["pairing_id"] and stage(photo, row, today) == "approved"
        and (row["startup_id"], row["need_id"]) == (case["startup_id"], case["need_id"])
    ]  # fmt: skip


def faults(photo: Photo) -> Iterator[str]:
    """Yield what must never stand in the tables, whatever came before."""
    for row in photo["booking"].values():
        if sum(bool(row[f"{name}_at"]) for name in ("approved", "declined", "withdrawn")) > 1:
            yield "a booking is decided twice"
        if (row["cancelled_at"] or row["used_at"]) and not row["approved_at"]:
            yield "a booking was used or cancelled that nobody promised"
        if row["cancelled_at"] and row["used_at"]:
            yield "a cancelled booking became the place of a case"
        if row["approved_at"] and not (row["operation_score"] and row["users_score"]):
            yield "a place is promised without scores"
        if row["agreed_at"] and (row["pairing_id"] or row["agreed_until"] < row["ends_on"]):
            yield "papers that do not cover the days, or beside those of the case"
        yield from _answer_faults(photo, row)
        yield from _case_faults(photo, row)
    used = Counter(row["used_pairing_id"] for row in photo["booking"].values() if row["used_pairing_id"])
    if any(times > 1 for times in used.values()):
        yield "a case took two bookings over"


def _answer_faults(photo: Photo, row: Row) -> Iterator[str]:
    asked = [one for one in photo["booking_question"].values() if one["booking_id"] == row["id"]]
    if sum(not one["replied_at"] for one in asked) > 1:
        yield "two questions await their reply"
    until = min(_on(row["promised_by"]), max(_on(row["starts_on"]), _on(row["requested_at"])))
    for one in sorted((one for one in asked if one["replied_at"]), key=lambda one: one["replied_at"]):
        stood, replied = _on(one["replied_at"]) - _on(one["asked_at"]), _on(one["replied_at"])
        until = min(until + stood, max(_on(row["starts_on"]), replied))
    if _on(row["answer_by"]) != until:
        yield "the day to answer by is not the promised one, moved as long as questions stood, or the first day"
    answers = [row["waiting_at"], row["approved_at"], row["declined_at"], *(one["asked_at"] for one in asked)]
    if row["answered_at"] != min((at for at in answers if at), default=None):
        yield "the first answer is not what the host answered first"


def _case_faults(photo: Photo, row: Row) -> Iterator[str]:
    case = case_of(photo, row)
    if case and any(row[name] != case[name] for name in ("startup_id", "need_id", "testbed_id")):
        yield "a booking lies in a case of others"
    booked = next((one for one in photo["access"].values() if case and one["pairing_id"] == case["id"]), None)
    if case and not booked:
        yield "a booking lies in a case without a place"
    if (
        row["pairing_id"]
        and booked
        and not booked["starts_on"] <= row["starts_on"] <= row["ends_on"] <= booked["ends_on"]
    ):
        yield "a booking lies outside the days of its case"


def _on(moment: str) -> date:
    return date.fromisoformat(moment[:10])


def faults_between(before: Photo, after: Photo, now: str) -> Iterator[str]:
    """Yield what a step changed in a booking that no step may change, and what it did too early or too late."""
    yield from model.unsettled(before, after, _SETTLED)
    for key, row in after["booking"].items():
        old = before["booking"].get(key)
        if old is None:
            testbed = after["testbed"][row["testbed_id"]]
            if row["promised_by"] != (_on(now) + timedelta(days=testbed["answer_days"])).isoformat():
                yield "the host is held to another day than it promises"
            continue
        changed = [name for name in row if row[name] != old[name] and name not in _MOVING]
        stood = stage(before, old, now[:10])
        if changed and stood not in (*OPEN, "approved"):
            yield f"{', '.join(changed)} changed in a booking that was {stood}"
        if old["approved_at"] and (row["operation_score"], row["users_score"]) != (
            old["operation_score"], old["users_score"]
        ):  # fmt: skip
            yield "the scores changed after the yes"
        if row["used_at"] and not old["used_at"]:
            yield from _taken_over(before, after, row, now)


def _taken_over(before: Photo, after: Photo, row: Row, now: str) -> Iterator[str]:
    old, case = before["booking"][row["id"]], after["pairing"][row["used_pairing_id"]]
    if old["pairing_id"] or stage(before, old, now[:10]) != "approved" or case["confirmed_at"] != row["used_at"]:
        yield "a case took over what was not promised, or not when it was confirmed"
    booked = next(one for one in after["access"].values() if one["pairing_id"] == case["id"])
    if (booked["starts_on"], booked["ends_on"]) != (row["starts_on"], row["ends_on"]):
        yield "a case took over a promised place on other days"
    if unmet(before, old) != model.unmet(after, case):
        yield "what was met in a booking is not what is met in the case that took it over"


# Who may have put their name into a column, by side of the booking.
_NAMES = (
    ("booking", "requested_by", ("asker", "broker")),
    ("booking", "scored_by", ("host", "broker")),
    ("booking", "waiting_by", ("host", "broker")),
    ("booking", "approved_by", ("host", "broker")),
    ("booking", "declined_by", ("host", "broker")),
    ("booking", "agreed_by", ("host", "broker")),
    ("booking", "withdrawn_by", ("asker", "broker")),
    ("booking", "cancelled_by", ("asker", "host", "broker")),
    ("booking_question", "asked_by", ("host", "broker")),
    ("booking_question", "replied_by", ("asker", "broker")),
    ("booking_met", "met_by", ("host", "broker")),
    ("booking_met", "undone_by", ("host", "broker")),
)


def stands_for(photo: Photo, row: Row, roles: Roles) -> set[str]:
    """Return the sides of a booking that a person stands for: asker, host, broker."""
    home, host = row["organisation_id"], photo["testbed"][row["testbed_id"]]["organisation_id"]
    found = {"asker": {("owner", home), ("startup", home)}, "host": {("host", host)}}
    held = {side for side, wanted in found.items() if wanted & roles}
    return held | ({"broker"} if any(role == "broker" for role, _ in roles) else set())


def may_see(photo: Photo, row: Row, roles: Roles) -> bool:
    """Whether a booking is for a person to see: who has a side in it, and both sides of the case that it lies in."""
    inside = photo["pairing"].get(row["pairing_id"] or "")
    in_case = model.stands_for(photo, inside, roles) & {"owner", "startup"} if inside else set()
    return bool(stands_for(photo, row, roles) | in_case)


def wrong_hands(before: Photo, after: Photo, roles: dict[str, Roles]) -> Iterator[str]:
    """Yield what somebody put their name to who does not stand for a side that may; `roles` by person."""
    for table, column, allowed in _NAMES:
        for key, row in after[table].items():
            who = row[column]
            if who and who != before[table].get(key, {}).get(column):
                booking = row if table == "booking" else after["booking"][row["booking_id"]]
                if not stands_for(after, booking, roles[who]) & set(allowed):
                    yield f"{table}.{column} by the wrong person"
