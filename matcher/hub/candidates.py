"""What a broker, owner or startup has already said about each candidate of a need, and what is shown of it."""

from __future__ import annotations

import json
from typing import Any

from ..store import Store

Standing = dict[str, dict[str, Any]]

_SAID = """
    select {other} as other, 'pairing' as what, id, proposed_at as at, answer_by as by_day,
           owner_accepted_at as first, startup_accepted_at as second, confirmed_at as decided,
           null as reason, null as note
    from pairing where {own} = :id and declined_at is null and ended_at is null
    union all
    select {other}, 'interest', id, created_at, answer_by, null, null, answered_at, answer, null
    from interest where {own} = :id and withdrawn_at is null
    union all
    select {other}, 'dismissal', id, at, null, null, null, null, reason, {note}
    from dismissal where {own} = :id and undone_at is null
    union all
    select {other}, 'share', id, at, null, commented_at, null, null, known_before, null
    from share where {own} = :id and withdrawn_at is null
"""


def of_need(store: Store, need_id: str) -> dict[str, Standing]:
    """Return by startup id what stands between it and a need: pairing, interest, dismissal, share. One query.

    A dismissal comes with its `note`, which only brokers may read.
    """
    return _grouped(store.query(_SAID.format(other="startup_id", own="need_id", note="note"), {"id": need_id}))


def of_startup(store: Store, startup_id: str) -> dict[str, Standing]:
    """Return by need id what stands between it and a startup. One query."""
    return _grouped(store.query(_SAID.format(other="need_id", own="startup_id", note="null"), {"id": startup_id}))


def _grouped(rows: list[dict[str, Any]]) -> dict[str, Standing]:
    found: dict[str, Standing] = {}
    for row in rows:
        found.setdefault(row["other"], {})[row["what"]] = row
    return found


def profiles(store: Store, startup_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Return by id what a list or a comparison shows of startups. One query.

    `doubts`: how many things the machine left out of a profile or doubts, and no broker has answered; for brokers only.
    Profiles that are nearly the same are told in the list itself.
    """
    rows = store.query(
        """select s.id, s.name, s.problem, s.audience, s.description, s.novelty, s.evidence, s.readiness, s.regions,
                  s.languages, s.language, s.seeks, s.capacity, s.website, s.themes, s.flagged_at, s.flag_reason,
                  s.organisation_id, o.name as organisation,
                  (select count(*) from doubt d
                   where d.startup_id = s.id and d.answered_at is null and d.code <> 'alike') as doubts
           from startup s join organisation o on o.id = s.organisation_id where s.id in :ids""",
        {"ids": startup_ids},
    )
    return {row["id"]: _parsed(row, ("regions", "languages", "seeks", "themes")) for row in rows}


def names(store: Store, startup_ids: list[str]) -> dict[str, str]:
    """Return the names of startups by id, also of those that are not on offer now."""
    rows = store.query("select id, name from startup where id in :ids", {"ids": startup_ids})
    return {row["id"]: row["name"] for row in rows}


def need_cards(store: Store, need_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Return by id what a list shows of needs, with how many startups have shown interest. One query."""
    rows = store.query(
        """select n.id, n.title, n.description, n.effect, n.language, n.county_code, n.valid_until, n.budget, n.themes,
                  o.name as organisation,
                  (select count(*) from interest i where i.need_id = n.id and i.withdrawn_at is null) as interested
           from need n join organisation o on o.id = n.organisation_id where n.id in :ids""",
        {"ids": need_ids},
    )
    return {row["id"]: _parsed(row, ("themes",)) for row in rows}


def _parsed(row: dict[str, Any], lists: tuple[str, ...]) -> dict[str, Any]:
    return {**row, **{name: json.loads(row[name]) for name in lists}}


def testbed_cards(store: Store, testbed_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Return by id what a list shows of testbeds. One query."""
    rows = store.query(
        """select t.id, t.name, t.description, t.language, t.county_code, t.themes, t.places, t.answer_days,
                  o.name as organisation
           from testbed t join organisation o on o.id = t.organisation_id where t.id in :ids""",
        {"ids": testbed_ids},
    )
    return {row["id"]: _parsed(row, ("themes",)) for row in rows}
