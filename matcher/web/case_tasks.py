"""The checklists of a case: put to use, ticked with who and when, given days, and lines of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from ..hub import case_tasks, cases, checklists
from ..hub.errors import Conflict, Invalid
from . import forms, words
from .access import allowed, now, person, settings, store
from .cases import blueprint
from .route_words import said

Case = dict[str, Any]
LINE = ("phase", "task", "task_why", "due_on")


def lists() -> checklists.Checklists:
    """Return the hub's checklists: its own where it has some, else those shipped."""
    return checklists.load(settings().instance / "checklists.toml")


def in_words(found: dict[str, list[Case]]) -> dict[str, list[Case]]:
    """Return a case's lines with `text` and `why` in the reader's language, as long as the hub's lists hold them."""
    known = lists()
    return {phase: [_worded(known.find(phase, row["code"]), row) for row in rows] for phase, rows in found.items()}


def _worded(item: checklists.Item | None, row: Case) -> Case:
    return {**row, "text": said(item.text), "why": said(item.why)} if item else row


@blueprint.get("/pairings/<pairing_id>/tasks")
@allowed("pairing.view", cases.load)
def tasks(case: Case) -> str:
    """Show what is to be done in a case, by phase."""
    return _page(case)


def _page(
    case: Case, typed: dict[str, Any] | None = None, errors: dict[str, str] | None = None, notice: str = ""
) -> str:
    found = in_words(case_tasks.of_case(store(), person(), case, now()))
    known = lists()
    return render_template(
        "cases/tasks.html",
        case=case,
        phases=found,
        more={
            phase: len({item.code for item in known.of(phase)} - {row["code"] for row in rows})
            for phase, rows in found.items()
        },
        values=typed or {},
        errors=errors or {},
        stopped=notice,
    )


def _take(case: Case, step: Callable[[], str], typed: dict[str, Any] | None = None) -> Any:
    """Take a step that returns what is said of it, and show the lists again."""
    try:
        done = step()
    except Invalid as error:
        return _page(case, typed, forms.messages(error)), 422
    except Conflict as error:
        return _page(case, typed, notice=words.sentence(error)), 409
    flash(done, "success")
    return redirect(url_for("cases.tasks", pairing_id=case["id"]), 303)


def _typed(name: str) -> str:
    return request.form.get(name, "").replace("\x00", "")


@blueprint.post("/pairings/<pairing_id>/tasks/begin")
@allowed("case.plan", cases.load)
def begin_tasks(case: Case) -> Any:
    """Put the hub's checklist of a phase to use."""

    def step() -> str:
        new = case_tasks.begin(store(), person(), case["id"], _typed("phase"), lists(), now())
        return ngettext("%(num)s line was added.", "%(num)s lines were added.", new)

    return _take(case, step)


@blueprint.post("/pairings/<pairing_id>/tasks/tick")
@allowed("case.log", cases.load)
def tick(case: Case) -> Any:
    """Tick and untick lines of a phase."""
    given = forms.read(("was", "tasks"), ("was", "tasks"))
    was, wanted = ([one.replace("\x00", "") for one in given.get(name, [])] for name in ("was", "tasks"))

    def step() -> str:
        changed = case_tasks.tick(store(), person(), case["id"], _typed("phase"), was, wanted, now())
        return ngettext("%(num)s line of the checklist changed.", "%(num)s lines of the checklist changed.", changed)

    return _take(case, step)


@blueprint.post("/pairings/<pairing_id>/tasks/line")
@allowed("case.plan", cases.load)
def add_task(case: Case) -> Any:
    """Add a line of one's own."""
    typed = forms.read(LINE)

    def step() -> str:
        case_tasks.add(store(), person(), case["id"], typed, now())
        return _("The line is added.")

    return _take(case, step, typed)


@blueprint.post("/pairings/<pairing_id>/tasks/day")
@allowed("case.plan", cases.load)
def set_task_day(case: Case) -> Any:
    """Say by which day a line is to be done."""

    def step() -> str:
        case_tasks.set_day(store(), person(), case["id"], _typed("task_id"), _typed("due_on"), now())
        return _("The day is kept.")

    return _take(case, step)


@blueprint.post("/pairings/<pairing_id>/tasks/remove")
@allowed("case.plan", cases.load)
def remove_task(case: Case) -> Any:
    """Take a line away that this case does not need."""

    def step() -> str:
        case_tasks.remove(store(), person(), case["id"], _typed("task_id"), now())
        return _("The line is taken away.")

    return _take(case, step)
