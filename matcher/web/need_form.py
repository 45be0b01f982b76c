"""The guided form: one question a page, every step saves the draft, a last page to check and send.

A step is a few fields and a template of its name under `templates/needs/steps/`. Nothing is demanded before the
need is sent; hints on phrasing come back once and never stop anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ..hub import need_catalogue, need_content, need_review, needs
from ..hub.clock import later
from ..hub.errors import Conflict, Denied, Invalid, NotFound, Stale
from ..hub.need_hints import hints
from . import forms, need_words, words
from .access import allowed, now, person, settings, store
from .needs import blueprint, changed
from .stale import differing


@dataclass(frozen=True)
class Step:
    """One page of the form: its code in the address, its fields, and its short name among the steps."""

    code: str
    fields: tuple[str, ...]
    label: Any


STEPS = (
    Step("title", ("title", "language"), _l("Name")),
    Step("people", ("people",), _l("Who has the problem")),
    Step("today", ("description",), _l("What happens today")),
    Step("effect", ("effect", "measure"), _l("The effect wanted")),
    Step("tried", ("tried",), _l("What has been tried")),
    Step("keep", ("keep",), _l("What must not change")),
    Step("beneficiaries", ("beneficiaries",), _l("Who benefits")),
    Step("themes", ("themes", "goals"), _l("Themes and goals")),
    Step("place", ("county_code", "municipality_code", "local"), _l("Place")),
    Step("responsible", ("contact", "runner"), _l("Owner and follow-up")),
    Step("resources", ("budget", "wanted_by", "valid_until"), _l("Budget and time")),
    Step("practical", ("testbed_id", "languages", "min_readiness"), _l("Testing together")),
)
BY_CODE = {step.code: step for step in STEPS}
STEP_OF = {name: step.code for step in STEPS for name in step.fields}
CHECK = "check"
TOTAL = len(STEPS) + 1
TICKED = (*need_content.LISTS, "local")


@blueprint.get("/needs/new")
@allowed("need.create")
def create_form() -> Any:
    """Ask what the need is called, and for whom it is posted when there is a choice."""
    return _create_page({}, {})


@blueprint.post("/needs/new")
@allowed("need.create")
def create() -> Any:
    """Make a draft and go on to the first question."""
    forms.count_begun()
    typed = forms.read(("title", "language", "organisation_id"))
    choices = need_catalogue.posting_for(store(), person())
    chosen = typed.pop("organisation_id", "") or (choices[0][0] if len(choices) == 1 else "")
    try:
        need_id = needs.create(store(), person(), chosen, typed, now())
    except Invalid as error:
        return _create_page({**typed, "organisation_id": chosen}, forms.messages(error)), 422
    except (Denied, NotFound):
        errors = {"organisation_id": words.field_error("required_choice", {})}
        return _create_page(typed, errors), 422
    flash(_("The draft is saved. You can leave and come back whenever you like."), "success")
    return redirect(url_for("needs.edit", need_id=need_id, step=STEPS[1].code), 303)


def _create_page(typed: dict[str, Any], errors: dict[str, str]) -> str:
    choices = need_catalogue.posting_for(store(), person())
    return render_template("needs/create.html", typed=typed, errors=errors, choices_of=choices, total=TOTAL)


@blueprint.get("/needs/<need_id>/edit")
@allowed("need.edit", needs.load)
def edit(need: dict[str, Any]) -> Any:
    """Show one step, or the page to check everything; a closed need is no longer edited."""
    if need["closed_at"]:
        raise Conflict("need_closed")
    code = request.args.get("step", "")
    if code not in BY_CODE and code != CHECK:
        code = next((STEP_OF[name] for name in need_content.missing(need)), CHECK)
    return _check_page(need) if code == CHECK else _step_page(need, BY_CODE[code], {}, need["revision"])


@blueprint.post("/needs/<need_id>/edit")
@allowed("need.edit", needs.load)
def save(need: dict[str, Any]) -> Any:
    """Save one step and go on; what cannot be saved stays in the form."""
    step = BY_CODE.get(request.values.get("step", ""), STEPS[0])
    typed = forms.read(step.fields, TICKED)
    if "local" in typed:
        typed["local"] = "yes" if "yes" in typed["local"] else ""
    try:
        row = needs.save(store(), person(), need["id"], typed, forms.revision(), now())
    except Invalid as error:
        return _step_page(need, step, typed, forms.revision(), errors=forms.messages(error)), 422
    except Stale as error:
        newest = {**need, **error.params["current"]}
        return _step_page(newest, step, typed, newest["revision"], clash=True), 409
    changed(need["id"])
    return redirect(_after(row, step), 303)


def _after(row: dict[str, Any], step: Step) -> str:
    """Return where to go when a step is saved: out, back to a step that got new hints, or on."""
    need_id = row["id"]
    if request.form.get("go") == "close":
        flash(_("Saved. You find it on your page when you want to go on."), "success")
        return url_for("needs.show", need_id=need_id)
    if {_sign(hint) for hint in _hints(row, step)} - set(request.form.get("seen", "").split()):
        flash(_("Saved. Here is something to think about before you go on."), "info")
        return url_for("needs.edit", need_id=need_id, step=step.code, then=request.form.get("then") or None)
    position = STEPS.index(step) + 1
    on = STEPS[position].code if position < len(STEPS) and request.form.get("then") != CHECK else CHECK
    return url_for("needs.edit", need_id=need_id, step=on)


def _hints(need: dict[str, Any], step: Step) -> list[Any]:
    return [hint for hint in hints(need) if hint.field in step.fields]


def _sign(hint: Any) -> str:
    return f"{hint.field}:{hint.code}"


def done(need: dict[str, Any], step: Step) -> bool:
    """Whether something is written in a step, and everything that the review asks for."""
    asked = [name for name in step.fields if name in need_content.NEEDED_TO_SUBMIT]
    given = [name for name in step.fields if need[name] and (name, need[name]) not in _DEFAULTS]
    return all(name in given for name in asked) if asked else bool(given)


_DEFAULTS = (("budget", "unknown"), ("languages", ["sv"]))


def _progress(need: dict[str, Any], here: str) -> list[tuple[Any, str | None, str]]:
    """Return (label, address, state) of every step for the list beside the form."""
    marks = [
        (
            step.label,
            None if step.code == here else url_for("needs.edit", need_id=need["id"], step=step.code),
            "now" if step.code == here else "done" if done(need, step) else "next",
        )
        for step in STEPS
    ]
    check = None if here == CHECK else url_for("needs.edit", need_id=need["id"], step=CHECK)
    last = _("Check and send") if need["status"] in ("draft", "returned") else _("All answers")
    return [*marks, (last, check, "now" if here == CHECK else "next")]


def _step_page(
    need: dict[str, Any],
    step: Step,
    typed: dict[str, Any],
    revision: int,
    *,
    errors: dict[str, str] | None = None,
    clash: bool = False,
) -> str:
    found = _hints(need, step)
    return render_template(
        f"needs/steps/{step.code}.html",
        need=need,
        step=step,
        number=STEPS.index(step) + 1,
        total=TOTAL,
        values={**need, **typed},
        errors=errors or {},
        stale=differing(need, typed) if clash else [],
        revision=revision,
        then=request.values.get("then", ""),
        hints=[] if errors or clash else [(hint.field, need_words.hint_text(hint)) for hint in found],
        seen=" ".join(_sign(hint) for hint in found),
        progress=_progress(need, step.code),
        municipalities=forms.municipalities() if step.code == "place" else [],
        testbeds=need_catalogue.testbeds_on_offer(store()) if step.code == "practical" else [],
    )


def _check_page(need: dict[str, Any], errors: dict[str, str] | None = None) -> str:
    return render_template(
        "needs/check.html",
        need=need,
        steps=STEPS,
        step_of=STEP_OF,
        number=TOTAL,
        total=TOTAL,
        missing=need_content.missing(need),
        errors=errors or {},
        marks=need_words.marked(need),
        progress=_progress(need, CHECK),
        review_days=settings().review_days,
    )


@blueprint.post("/needs/<need_id>/submit")
@allowed("need.edit", needs.load)
def submit(need: dict[str, Any]) -> Any:
    """Send the draft to the brokers, or say what is still to be written."""
    try:
        need_review.submit(store(), person(), need["id"], now())
    except Invalid as error:
        return _check_page(need, forms.messages(error)), 422
    day = words.day(later(now(), days=settings().review_days), "long")
    flash(_("Sent. A broker answers by %(day)s at the latest, and you get a mail.", day=day), "success")
    return redirect(url_for("needs.show", need_id=need["id"]), 303)
