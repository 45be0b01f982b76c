"""The handover of a case: one page to print, with all that whoever takes it over must know."""

from __future__ import annotations

from typing import Any

from flask import render_template

from ..hub import agreements, case_log, case_tasks, cases, documents, holders, parties, pilots, progress, still
from . import timeline
from .access import allowed, now, person, settings, store
from .case_tasks import in_words
from .cases import blueprint
from .handling_words import hours

Case = dict[str, Any]
ENTRIES = 10


@blueprint.get("/pairings/<pairing_id>/handover")
@allowed("case.log", cases.load)
def handover(case: Case) -> str:
    """Show where a case stands, what is next, the people, the log's latest, open tasks and papers.

    Each reads what the case's other pages show them.
    """
    step = progress.next_step(store(), case, now(), settings().review_days)
    entries, total = case_log.of_case(store(), person(), case["id"], size=ENTRIES)
    found = in_words(case_tasks.of_case(store(), person(), case, now()))
    confirmed = bool(case["confirmed_at"])
    pilot = pilots.of_case(store(), case["id"])
    return render_template(
        "cases/handover.html",
        case=case,
        status=cases.status(case, now()),
        step=step,
        who=timeline.actors(case, step["who"]),
        coming=timeline.coming(step["code"]),
        held=holders.of_case(store(), case),
        contacts={side: parties.of_side(store(), side, case)[:3] for side in ("owner", "startup", "host")}
        if confirmed
        else {},
        pilot=pilot,
        pilot_status=pilots.status(pilot, now()) if pilot else "none",
        entries=entries,
        entries_total=total,
        spent=case_log.minutes(store(), person(), case["id"]),
        open_tasks={phase: [row for row in rows if not row["done_at"]] for phase, rows in found.items()},
        papers=[_worded(row) for row in documents.of_case(store(), person(), case)],
        still_days=still.days(store(), case, now()),
        hours=hours,
        printed=now(),
    )


def _worded(row: Case) -> Case:
    """Return a paper with `status` where it is an agreement."""
    return {**row, "status": agreements.status(row, now())} if row["kind"] == "agreement" else row
