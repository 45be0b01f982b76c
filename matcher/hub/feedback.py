"""Feedback rounds of a pilot: staff answer a question by a secret link, and the startup says what it changed.

An answer is a grade and some words, kept with its day and nothing about who gave it: the link is the same for all.
Many answer by one link, so answers are counted and limited but never tied to anybody.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import cases, fields, parties, pilots, record
from .clock import day, later
from .errors import Conflict, Full, Invalid, NotFound
from .ids import new_id, new_token, token_hash
from .incidents import halting
from .people import Viewer

Row = dict[str, Any]
GRADES = (1, 5)
DAYS = (1, 60)
ROUND_DAYS = 7
PAGE = 50
TEXT_LIMIT = 2_000
MOST_ANSWERS = 2_000  # of a round: more than a workplace has people, and a flood ends here
MOST_ROUNDS = 50

_ROUND = """
    select f.*, opener.name as opened_by_name, changer.name as changed_by_name, t.pairing_id, t.decided_at,
           c.ended_at as case_ended_at
    from feedback_round f join pilot t on t.id = f.pilot_id join pairing c on c.id = t.pairing_id
    left join person opener on opener.id = f.opened_by left join person changer on changer.id = f.changed_by"""


class RoundContent(fields.Content):
    """What a round asks, and for how many days it is open."""

    question: fields.Text = ""
    days: fields.number(*DAYS) = None


class AnswerContent(fields.Content):
    """What somebody at the workplace answers."""

    grade: fields.number(*GRADES) = None
    text: fields.Text = ""


def status(row: Row, now: str) -> str:
    """Return open, closed (by somebody), past (its last day has passed) or over (the pilot is decided or ended)."""
    if row["closed_at"]:
        return "closed"
    if row["decided_at"] or row["case_ended_at"]:
        return "over"
    return "past" if row["closes_on"] < day(now) else "open"


def of_pilot(store: Store, pilot_id: str, now: str) -> list[Row]:
    """Return a pilot's rounds, newest first, each with `status`, how many `answers` it has and their `mean` grade."""
    rows = store.query(
        f"""{_ROUND} where f.pilot_id = :id order by f.number desc""",
        {"id": pilot_id},
    )
    given = store.query(
        """select a.round_id, a.grade, count(*) as n from feedback_answer a
           join feedback_round f on f.id = a.round_id where f.pilot_id = :id group by a.round_id, a.grade""",
        {"id": pilot_id},
    )
    grades: dict[str, dict[int, int]] = {}
    for row in given:
        grades.setdefault(row["round_id"], {})[int(row["grade"])] = int(row["n"])
    return [_counted(row, grades.get(row["id"], {}), now) for row in rows]


def _counted(row: Row, grades: dict[int, int], now: str) -> Row:
    answers = sum(grades.values())
    mean = sum(grade * n for grade, n in grades.items()) / answers if answers else None
    counts = {grade: grades.get(grade, 0) for grade in range(GRADES[0], GRADES[1] + 1)}
    return {**row, "status": status(row, now), "answers": answers, "mean": mean, "grades": counts}


def load(store: Store, viewer: Viewer | None, pairing_id: str, feedback_id: str) -> Row:
    """Return a case that the person may see, with one of its rounds as `round`; raise NotFound."""
    case = cases.load(store, viewer, pairing_id)
    rows = store.query(
        f"{_ROUND} where f.id = :id and t.pairing_id = :pairing", {"id": feedback_id, "pairing": pairing_id}
    )
    if not rows:
        raise NotFound("feedback")
    return {**case, "round": rows[0]}


def answers(store: Store, round_id: str, page: int = 1) -> list[Row]:
    """Return a page of a round's answers with words in them first come last: grade, text, on_day."""
    return store.query(
        """select grade, text, on_day from feedback_answer where round_id = :id and text <> ''
           order by on_day desc, id limit :limit offset :offset""",
        {"id": round_id, "limit": PAGE, "offset": PAGE * (max(page, 1) - 1)},
    )


def texts(store: Store, round_id: str) -> int:
    """Return how many of a round's answers have words in them."""
    found = store.query(
        "select count(*) as n from feedback_answer where round_id = :id and text <> ''", {"id": round_id}
    )
    return int(found[0]["n"])


def open_round(
    store: Store, viewer: Viewer, pairing_id: str, question: str, days: str | int, now: str
) -> tuple[str, str]:
    """Open a round and return its id and the secret token of its link; the sides are told, with the link."""
    content = fields.filled(RoundContent, {"question": question, "days": days}, {"question": "required"})
    token, row = new_token(), {"id": new_id(), "question": content["question"]}
    with viewer.deciding(store):
        case = pilots.locked(store, viewer, pairing_id, "feedback.open")
        pilot = _running(store, case, now)
        number = int(
            store.query("select count(*) as n from feedback_round where pilot_id = :id", {"id": pilot["id"]})[0]["n"]
        )
        if number >= MOST_ROUNDS:
            raise Conflict("rounds_full", most=MOST_ROUNDS)
        closes_on = day(later(now, days=content["days"] or ROUND_DAYS))
        row |= {"pilot_id": pilot["id"], "number": number + 1, "token_hash": token_hash(token), "opened_at": now}
        store.insert("feedback_round", {**row, "opened_by": viewer.person_id, "closes_on": closes_on})
        parties.tell(
            store, viewer, case, ("owner", "startup", "host", "broker"), "feedback_opened", now,
            question=content["question"], token=token, closes_on=closes_on, feedback_id=row["id"],
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "feedback.open", "pairing", pairing_id, now,
            number=number + 1, note=content["question"], closes_on=closes_on,
        )  # fmt: skip
    return row["id"], token


def _running(store: Store, case: Row, now: str) -> Row:
    pilot = pilots.started(store, case)
    pilots.undecided(pilot)
    if pilots.status(pilot, now) != "running":
        raise Conflict("pilot_over", ends_on=pilot["ends_on"])
    if halting(store, pilot["id"]):
        raise Conflict("pilot_halted")
    return pilot


def renew_link(store: Store, viewer: Viewer, pairing_id: str, feedback_id: str, now: str) -> str:
    """Give an open round a new link and return its token; the old one no longer works."""
    token = new_token()
    with viewer.deciding(store):
        row = _open_round(store, viewer, pairing_id, feedback_id, "feedback.open", now)
        store.execute(
            "update feedback_round set token_hash = :hash where id = :id",
            {"hash": token_hash(token), "id": feedback_id},
        )
        record.write(store, viewer.person_id, "feedback.link", "pairing", pairing_id, now, number=row["number"])
    return token


def close(store: Store, viewer: Viewer, pairing_id: str, feedback_id: str, now: str) -> None:
    """Close a round before its day; its link then says so."""
    with viewer.deciding(store):
        row = _open_round(store, viewer, pairing_id, feedback_id, "feedback.open", now)
        store.execute(
            "update feedback_round set closed_at = :now, closed_by = :by where id = :id",
            {"now": now, "by": viewer.person_id, "id": feedback_id},
        )
        record.write(store, viewer.person_id, "feedback.close", "pairing", pairing_id, now, number=row["number"])


def say_changed(store: Store, viewer: Viewer, pairing_id: str, feedback_id: str, text: str, now: str) -> None:
    """Keep the startup's word on what it changed after a round; a later one replaces it, the record keeps both."""
    changed = fields.written("changed", text)
    with viewer.deciding(store):
        case = pilots.locked(store, viewer, pairing_id, "feedback.answer", ended=True)
        row = _round(store, pairing_id, feedback_id)
        if changed == row["changed"]:
            return
        store.execute(
            "update feedback_round set changed = :changed, changed_at = :now, changed_by = :by where id = :id",
            {"changed": changed, "now": now, "by": viewer.person_id, "id": feedback_id},
        )
        parties.tell(
            store, viewer, case, ("owner", "host", "broker"), "feedback_changed", now,
            number=row["number"], changed=changed, feedback_id=feedback_id,
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "feedback.changed", "pairing", pairing_id, now, number=row["number"], note=changed
        )


def by_token(store: Store, token: str, now: str) -> Row:
    """Return what somebody with a round's link may see: the question, whose pilot it is, `status`, whom to ask.

    Raise NotFound for a link that never was or has been replaced.
    """
    rows = store.query(f"{_ROUND} where f.token_hash = :hash", {"hash": token_hash(token)})
    if not rows:
        raise NotFound("feedback_link")
    case = cases.fetch(store, rows[0]["pairing_id"])
    kept = {name: case[name] for name in ("owner_name", "startup_name", "testbed_name", "broker", "broker_email")}
    return {**rows[0], **kept, "status": status(rows[0], now)}


def answer(store: Store, token: str, grade: str | int, text: str, now: str) -> None:
    """Keep one answer: a grade from 1 to 5 and words, if any. Nothing is kept of who gave it but the day.

    Raise Invalid, NotFound for the link, Conflict when the round is no longer open, Full when it holds too many.
    """
    content = fields.validate(AnswerContent, {"grade": grade, "text": text}, limit=TEXT_LIMIT)
    if content.grade is None:
        raise Invalid({"grade": ("required_choice", {})})
    with store.atomic():
        store.execute("update feedback_round set number = number where token_hash = :h", {"h": token_hash(token)})
        row = by_token(store, token, now)
        _still_open(row)
        held = store.query("select count(*) as n from feedback_answer where round_id = :id", {"id": row["id"]})
        if held[0]["n"] >= MOST_ANSWERS:
            raise Full("feedback_full", most=MOST_ANSWERS)
        kept = {"id": new_id(), "round_id": row["id"], "grade": content.grade, "text": content.text}
        store.insert("feedback_answer", {**kept, "on_day": day(now)})


def _round(store: Store, pairing_id: str, feedback_id: str) -> Row:
    rows = store.query(
        f"{_ROUND} where f.id = :id and t.pairing_id = :pairing", {"id": feedback_id, "pairing": pairing_id}
    )
    if not rows:
        raise NotFound("feedback")
    return rows[0]


def _open_round(store: Store, viewer: Viewer, pairing_id: str, feedback_id: str, action: str, now: str) -> Row:
    pilots.locked(store, viewer, pairing_id, action)
    row = _round(store, pairing_id, feedback_id)
    _still_open({**row, "status": status(row, now)})
    return row


def _still_open(row: Row) -> None:
    """Raise Conflict for a round that takes no more answers, with when it ended."""
    if row["status"] == "closed":
        raise Conflict("feedback_closed", at=row["closed_at"])
    if row["status"] == "past":
        raise Conflict("feedback_past", closes_on=row["closes_on"])
    if row["status"] == "over":
        raise Conflict("feedback_over")
