"""The route of a need: the answers to the questions about it, and the way that was chosen with why.

Each is kept with who and when, and nothing is overwritten. The checklist and innovation are in `route_notes`.

Which ways there are stands in `route_settings`, which of them fit in `route_rules`. The rows belong to the need's
own side and the brokers: whoever calls with a need has loaded it for them (`need.route` in `permissions`).
"""

from __future__ import annotations

import json
import re
from typing import Any

from ..store import Store
from . import fields, needs, record
from .errors import Conflict, Denied, Invalid, Stale
from .ids import new_id
from .people import Viewer
from .permissions import can
from .route_guide import QUESTIONS, UNKNOWN, Guide
from .route_rules import advise, kept, nothing_known

NAMED = 3  # so many needs are named beside a way; the rest are counted


def load(store: Store, viewer: Viewer | None, need_id: str) -> dict[str, Any]:
    """Return a need that the person may see, as `needs.load` does; the rule `need.route` says who goes on."""
    return needs.load(store, viewer, need_id)


def checked(typed: dict[str, Any]) -> dict[str, Any]:
    """Return answers from what was typed: what is missing is not known. Raise Invalid with a code per field."""
    errors: dict[str, tuple[str, dict[str, Any]]] = {}
    found = nothing_known()
    for name, choices in QUESTIONS.items():
        value = str(typed.get(name) or UNKNOWN)
        if value not in (*choices, UNKNOWN):
            errors[name] = ("unknown_choice", {"list": name, "value": value[:80]})
        found[name] = value
    try:
        found["amount"] = kronor(typed.get("amount"))
    except ValueError:
        errors["amount"] = ("not_kronor", {"value": str(typed.get("amount"))[:40]})
    if errors:
        raise Invalid(errors)
    return found


def kronor(value: Any) -> int | None:
    """Return whole kronor from a number or typed text ("450 000 kr"); None when empty. Raise ValueError."""
    typed = str("" if value is None else value).strip()
    if len(typed) > 40:
        raise ValueError(typed[:40])
    text = re.sub(r"(?i)\s*(kr|kronor|sek)\.?$", "", typed)
    text = re.sub(r"^(?i:sek)\s*", "", text)
    if not text:
        return None
    if not re.fullmatch(r"\d{1,11}|\d{1,3}([\s\u00a0\u202f,.]\d{3}){1,3}", text, re.ASCII):
        raise ValueError(text)
    return int(re.sub(r"\D", "", text))


def latest(store: Store, need_id: str) -> dict[str, Any]:
    """Return the newest answers about a need: id, number (0: none yet), answers, `person`, answered_at."""
    rows = store.query(
        """select a.*, p.name as person from route_answer a left join person p on p.id = a.answered_by
           where a.need_id = :id order by a.number desc limit 1""",
        {"id": need_id},
    )
    if not rows:
        return {"id": None, "number": 0, "answers": nothing_known(), "person": None, "answered_at": None}
    return {**rows[0], "answers": _answers(rows[0]["answers"])}


def _answers(text: str) -> dict[str, Any]:
    """Return kept answers; a question that came later is not known, one that is gone is left out."""
    stored = json.loads(text)
    return {name: stored.get(name, value) for name, value in nothing_known().items()}


def answer(store: Store, viewer: Viewer, need_id: str, typed: dict[str, Any], number: int, now: str) -> int:
    """Keep new answers as the next version and return its number; answers that say the same make none.

    `number` is the version that the person saw. Raise Invalid, Stale when another came in between, Conflict for a
    need that is closed.
    """
    found = checked(typed)
    with viewer.deciding(store):
        held(store, viewer, need_id)
        before = latest(store, need_id)
        changed = sorted(name for name in found if found[name] != before["answers"][name])
        if before["number"] and not changed:
            return before["number"]
        if before["number"] != number:
            raise Stale("route_stale", current=before)
        row = {
            "id": new_id(), "need_id": need_id, "number": number + 1, "answers": json.dumps(found, sort_keys=True),
            "answered_by": viewer.person_id, "answered_at": now,
        }  # fmt: skip
        store.insert("route_answer", row)
        record.write(
            store, viewer.person_id, "need.route_answer", "need", need_id, now, questions=changed, version=number + 1
        )
    return number + 1


def versions(store: Store, need_id: str) -> list[dict[str, Any]]:
    """Return all answers about a need, newest first, each with `person` and `answers` parsed."""
    rows = store.query(
        """select a.*, p.name as person from route_answer a left join person p on p.id = a.answered_by
           where a.need_id = :id order by a.number desc""",
        {"id": need_id},
    )
    return [{**row, "answers": _answers(row["answers"])} for row in rows]


def choices(store: Store, need_id: str) -> list[dict[str, Any]]:
    """Return the ways that were chosen for a need, newest first, with `person`, `number` of the answers, `shown`."""
    rows = store.query(
        """select c.*, a.number, p.name as person from route_choice c join route_answer a on a.id = c.answer_id
           left join person p on p.id = c.chosen_by
           where c.need_id = :id order by c.chosen_at desc, c.replaced_at desc nulls first""",
        {"id": need_id},
    )
    return [{**row, "shown": json.loads(row["shown"])} for row in rows]


def standing(store: Store, need_id: str) -> dict[str, Any] | None:
    """Return the way that stands as chosen for a need (as in `choices`), or None."""
    return next((row for row in choices(store, need_id) if not row["replaced_at"]), None)


def choose(
    store: Store, viewer: Viewer, guide: Guide, need_id: str, way: str, why: str, number: int, replaces: str, now: str
) -> str:
    """Keep which way a need takes, and why; return the choice's id. What spoke for and against it is kept with it.

    `number` is the version of the answers that the person saw, `replaces` the id of the choice that stood then (empty
    when none did). Raise Invalid, Conflict when somebody answered or chose in between, or the same way stands already.
    """
    why = fields.written("why", why)
    if guide.way(way) is None:
        raise Invalid({"way": ("required_choice", {})})
    with viewer.deciding(store):
        held(store, viewer, need_id)
        answers, before = latest(store, need_id), standing(store, need_id)
        if not answers["number"]:
            raise Conflict("route_not_answered")
        if answers["number"] != number:
            raise Conflict("route_answered_anew", person=answers["person"] or "", at=answers["answered_at"])
        if before and before["id"] != replaces and before["way"] != way:
            raise Conflict("route_chosen_anew", person=before["person"] or "", at=before["chosen_at"])
        if before and before["way"] == way:
            raise Conflict("route_stands", person=before["person"] or "", at=before["chosen_at"])
        shown = kept(advise(guide, answers["answers"]), way, answers["answers"])
        if before:
            store.execute("update route_choice set replaced_at = :now where id = :id", {"now": now, "id": before["id"]})
        row = {
            "id": new_id(), "need_id": need_id, "answer_id": answers["id"], "way": way, "why": why,
            "shown": json.dumps(shown, ensure_ascii=False, sort_keys=True),
            "chosen_by": viewer.person_id, "chosen_at": now,
        }  # fmt: skip
        store.insert("route_choice", row)
        record.write(
            store, viewer.person_id, "need.route_choose", "need", need_id, now,
            way=way, replaces=before["way"] if before else None, version=number,
        )  # fmt: skip
    return row["id"]


def done_before(store: Store, viewer: Viewer | None, need_id: str) -> dict[str, dict[str, Any]]:
    """Return by way how many other needs of this hub take it (`count`), and the newest that the person may see.

    `needs`: at most NAMED of them with id, title and organisation. One query.
    """
    condition, params = needs.visible(viewer)
    rows = store.query(
        f"""select way, id, title, organisation, seen, total from (
                select c.way, n.id, n.title, o.name as organisation, case when {condition} then 1 else 0 end as seen,
                       count(*) over (partition by c.way) as total,
                       row_number() over (partition by c.way, case when {condition} then 1 else 0 end
                                          order by c.chosen_at desc, c.id) as place
                from route_choice c join need n on n.id = c.need_id join organisation o on o.id = n.organisation_id
                where c.replaced_at is null and c.need_id <> :own_need) as taken
            where place <= :named and (seen = 1 or place = 1) order by way, seen desc, place""",
        {**params, "own_need": need_id, "named": NAMED},
    )
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        of_way = found.setdefault(row["way"], {"count": row["total"], "needs": []})
        if row["seen"]:
            of_way["needs"].append({name: row[name] for name in ("id", "title", "organisation")})
    return found


def held(store: Store, viewer: Viewer, need_id: str) -> None:
    """Lock a need by a write, so that whoever comes second waits; raise NotFound, Denied, or Conflict when closed."""
    row = needs.locked(store, need_id)
    if not can(viewer, "need.route", row):
        raise Denied("denied")
    if row["closed_at"]:
        raise Conflict("need_closed")
