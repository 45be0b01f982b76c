"""Copying a pilot: what one organisation tried becomes another's draft need, with what was learned on the way.

Who may copy? Whoever owns needs, or a broker for them, a case that both sides have released or one of their own
organisation. The draft names its origin, and keeps what it brought as it was read then: indicators, terms, the way and
its checklist, the lesson. Names of people, amounts and days stay where they are.
"""

from __future__ import annotations

import json
from typing import Any

from ..store import Store
from . import (
    adopters,
    agreements,
    cases,
    fields,
    indicators,
    locks,
    need_content,
    needs,
    organisations,
    parties,
    record,
)
from .errors import Conflict, Denied, Invalid, NotFound
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
# Of the need: what it says, not when, where, by whom and for how much.
COPIED = (*need_content.TEXTS, "beneficiaries", "themes", "goals", "language", "languages", "min_readiness")
TERMS = (
    "purpose", "owner_does", "startup_does", "host_does", "owner_brings", "startup_brings", "results_owner",
    "results_use", "data", "liability", "payment",
)  # fmt: skip
# Of an indicator: the baseline is told, and measured anew where it is copied to.
MEASURED = ("name", "unit", "baseline", "target", "method", "uncertainty")
OFFERED = ("name", "unit", "target", "method", "uncertainty")


def source(store: Store, viewer: Viewer | None, pairing_id: str) -> Row:
    """Return a decided pilot's case that the person may copy; raise NotFound.

    With `released`, whose it is, the startup, and the decision with its lesson.
    """
    rows = store.query(
        f"""select p.id, p.need_id, p.startup_id, n.organisation_id as owner_organisation, n.title as case_title,
                   n.language, o.name as owner_name, s.name as startup_name, pilot.id as pilot_id, pilot.decision,
                   pilot.decided_at, pilot.lesson, pilot.route_code,
                   case when {adopters.RELEASED} then 1 else 0 end as released
            from pairing p join need n on n.id = p.need_id join organisation o on o.id = n.organisation_id
            join startup s on s.id = p.startup_id join pilot on pilot.pairing_id = p.id
            left join release r on r.pairing_id = p.id
            where p.id = :id and pilot.decided_at is not null
              and ({adopters.RELEASED} or n.organisation_id in :own or :broker = 1)""",
        {
            "id": pairing_id,
            "own": viewer.organisations("owner") if viewer else [],
            "broker": int(bool(viewer) and viewer.has("broker")),
        },
    )
    if not rows:
        raise NotFound("pilot")
    return rows[0]


def brought(store: Store, found: Row) -> Row:
    """Return what a copy of this pilot brings beside the need's text: indicators, terms, way, checklist, lesson."""
    measured = indicators.of_pilot(store, found["pilot_id"])
    signed = [row for row in agreements.of_case(store, found["id"]) if row["in_force_at"]]
    chosen = store.query(
        """select c.way, t.item from route_choice c left join route_tick t
           on t.need_id = c.need_id and t.way = c.way and t.undone_at is null
           where c.need_id = :need and c.replaced_at is null order by t.ticked_at, t.item""",
        {"need": found["need_id"]},
    )
    return {
        "owner": found["owner_name"],
        "startup": found["startup_name"],
        "decision": found["decision"],
        "decided_at": found["decided_at"],
        "lesson": found["lesson"],
        "indicators": [{name: row[name] for name in MEASURED} for row in measured],
        "terms": {name: signed[0]["terms"][name] for name in TERMS if signed[0]["terms"].get(name)} if signed else {},
        "way": chosen[0]["way"] if chosen else found["route_code"],
        "checklist": [row["item"] for row in chosen if row["item"]],
        "tasks": _tasks(store, found["id"]),
    }


def _tasks(store: Store, pairing_id: str) -> list[Row]:
    """Return the lines of the hub's checklists that were done in a case; lines of its own may name people, and stay."""
    return store.query(
        """select text, why from case_task where pairing_id = :id and code <> '' and done_at is not null
           and removed_at is null order by phase desc, position, id""",
        {"id": pairing_id},
    )


def copy(store: Store, viewer: Viewer, pairing_id: str, organisation_id: str, now: str) -> str:
    """Make a draft need of an organisation from a pilot and return its id; the owner of the pilot is told.

    Raise Invalid for an organisation that the person may not post for, Conflict when it has an open copy already.
    """
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        found = source(store, viewer, pairing_id)
        if not can(viewer, "spread.copy", found):
            raise Denied("denied")
        home = _home(store, viewer, organisation_id)
        _not_copied_before(store, pairing_id, organisation_id)
        need_id = needs.create(
            store, viewer, organisation_id, _text(store, found, home), now, limit=fields.IMPORT_LIMIT
        )
        kept = json.dumps(brought(store, found), ensure_ascii=False, sort_keys=True)
        row = {"need_id": need_id, "pairing_id": pairing_id, "brought": kept, "copied_at": now}
        store.insert("copied_need", {**row, "copied_by": viewer.person_id})
        parties.tell(store, viewer, case, ("owner", "broker"), "copied", now, organisation=home["name"])
        record.write(store, viewer.person_id, "spread.copy", "pairing", pairing_id, now, note=home["name"])
    return need_id


def _home(store: Store, viewer: Viewer, organisation_id: str) -> Row:
    """Return the organisation that gets the draft: one's own, or as a broker any public body's or the hub's."""
    unknown = Invalid({"organisation_id": ("required_choice", {})})
    try:
        home = organisations.get(store, organisation_id)
    except NotFound:
        raise unknown from None
    as_broker = viewer.has("broker") and home["kind"] in ("public", "hub") and not home["merged_into"]
    if not as_broker and not viewer.acts_for(organisation_id, "owner"):
        raise unknown
    return home


def _not_copied_before(store: Store, pairing_id: str, organisation_id: str) -> None:
    rows = store.query(
        """select n.title, c.copied_at, person.name from copied_need c join need n on n.id = c.need_id
           left join person on person.id = c.copied_by
           where c.pairing_id = :case and n.organisation_id = :home and n.closed_at is null""",
        {"case": pairing_id, "home": organisation_id},
    )
    if rows:
        raise Conflict("copied_before", title=rows[0]["title"], person=rows[0]["name"] or "", at=rows[0]["copied_at"])


def _text(store: Store, found: Row, home: Row) -> Row:
    rows = store.query("select * from need where id = :id", {"id": found["need_id"]})
    need = need_content.decode(rows[0])
    place = {name: home[name] for name in ("county_code", "municipality_code")}
    return {**{name: need[name] for name in COPIED}, **place}


def of_need(store: Store, viewer: Viewer | None, need_id: str) -> Row | None:
    """Return what a need was copied from and what it brought; None when it is nobody's copy.

    `pairing_id` of its origin, `released` and `in_case` (whether the person may open that case), and `brought` parsed.
    """
    condition, params = cases.visible(viewer)
    rows = store.query(
        f"""select c.pairing_id, c.brought, c.copied_at, person.name as person,
                   case when {adopters.RELEASED} then 1 else 0 end as released,
                   case when {condition} then 1 else 0 end as in_case
            from copied_need c join pairing p on p.id = c.pairing_id join need n on n.id = p.need_id
            join startup s on s.id = p.startup_id left join testbed t on t.id = p.testbed_id
            left join release r on r.pairing_id = p.id left join person on person.id = c.copied_by
            where c.need_id = :need""",
        {**params, "need": need_id},
    )
    return {**rows[0], "brought": json.loads(rows[0]["brought"])} if rows else None


def of_case(store: Store, viewer: Viewer | None, pairing_id: str) -> list[Row]:
    """Return who has copied a case's pilot, newest first; `seen`: whether the person may read the need. One query."""
    condition, params = needs.visible(viewer)
    return store.query(
        f"""select c.need_id, c.copied_at, o.name as owner_name, n.title as case_title, n.language,
                   case when {condition} then 1 else 0 end as seen
            from copied_need c join need n on n.id = c.need_id join organisation o on o.id = n.organisation_id
            where c.pairing_id = :case order by c.copied_at desc, c.need_id""",
        {**params, "case": pairing_id},
    )


def indicators_for(store: Store, need_id: str) -> list[Row]:
    """Return the indicators that a copied need brought, to start from; none for other needs."""
    return _brought(store, need_id).get("indicators", [])


def terms_for(store: Store, need_id: str) -> Row:
    """Return the terms that a copied need brought, as a proposal for the first draft of an agreement."""
    return _brought(store, need_id).get("terms", {})


def _brought(store: Store, need_id: str) -> Row:
    rows = store.query("select brought from copied_need where need_id = :id", {"id": need_id})
    return json.loads(rows[0]["brought"]) if rows else {}
