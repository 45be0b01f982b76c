"""The agreement of a case: its draft, its paper, its signatures; and what the testbed asks for, red and green."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import force_locale, format_decimal
from flask_babel import gettext as _

from ..exchange import agreement_papers as papers
from ..exchange import papers_apart
from ..hub import access, agreement_templates, agreements, cases, copies, prerequisite_steps, prerequisites, signatures
from ..hub.errors import Conflict, Invalid, NotFound
from . import agreement_words, forms, words
from .access import allowed, now, person, store
from .files import download

blueprint = Blueprint("agreements", __name__)

Case = dict[str, Any]
Row = dict[str, Any]
# The uploads that may be larger than other forms, with room for the few fields beside the file.
LARGER = {"agreements.sign": signatures.FILE_LIMIT + 100_000, "agreements.add_template": papers.LIMIT + 100_000}
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@blueprint.url_value_preprocessor
def larger(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Let a file through to the uploads alone. This runs before the CSRF check, which already reads the form."""
    if endpoint in LARGER:
        request.max_content_length = LARGER[endpoint]


@blueprint.get("/pairings/<pairing_id>/agreement")
@allowed("pairing.view", cases.load)
def show(case: Case) -> str:
    """Show the agreement of a case as it stands, who has signed, and why the place may or may not be used."""
    return _page(case)


def _page(case: Case, form: str = "", errors: dict[str, str] | None = None, notice: str = "") -> str:
    shown = _shown(case)
    current = next((row for row in shown if not row["withdrawn_at"]), None)
    signed = signatures.of_agreement(store(), current["id"]) if current else []
    waits = [side for side in agreements.sides(case) if side not in {row["side"] for row in signed}]
    parties = agreements.signing_parties(store(), case)
    return render_template(
        "agreements/show.html",
        case=case,
        current=current,
        older=[row for row in shown if row is not current],
        statuses={row["number"]: agreements.status(row, now()) for row in shown},
        kinds=agreement_words.STATUS_KINDS,
        names=agreement_words.FIELDS,
        signed=signed,
        waits=waits,
        still=", ".join(parties[side]["name"] for side in waits),
        sides=cases.sides(person(), case),
        parties=parties,
        asked=prerequisites.of_case(store(), case),
        missing=access.missing(store(), case, now()),
        closures=access.closures(store(), case, now()) if not case["ended_at"] else [],
        form=form,
        typed=request.form if form else {},
        errors=errors or {},
        notice=notice,
    )


def _shown(case: Case) -> list[Row]:
    """Return the agreements that this person may read, newest first: a draft is the brokers' own."""
    rows = agreements.of_case(store(), case["id"])
    return rows if "broker" in cases.sides(person(), case) else [row for row in rows if row["sent_at"]]


def _decide(case: Case, form: str, step: Callable[[], Any], done: str) -> Any:
    """Take a step and show the agreement; what stands in the way is told with what was typed."""
    try:
        step()
    except Invalid as error:
        return _page(case, form, forms.messages(error)), 422
    except Conflict as error:
        return _page(_fresh(case), form, notice=words.sentence(error)), 409
    flash(done, "success")
    return _back(case)


def _fresh(case: Case) -> Case:
    return cases.load(store(), person(), case["id"])


def _back(case: Case) -> Any:
    return redirect(url_for("agreements.show", pairing_id=case["id"]), 303)


@blueprint.get("/pairings/<pairing_id>/agreement/edit")
@allowed("agreement.keep", cases.load)
def edit(case: Case) -> Any:
    """Show the form of the draft, or of a new one with the hub's usual answers."""
    row = _prepared(case)
    if row is None and (not case["confirmed_at"] or case["ended_at"]):
        flash(_("There is no booked place in this case now, so there is nothing to agree on."), "info")
        return redirect(url_for("pairings.show", pairing_id=case["id"]))
    if row and row["sent_at"]:
        flash(_("The agreement is sent. Take it back to change it."), "info")
        return _back(case)
    return _form(case, row, row["terms"] if row else _usual(case))


def _prepared(case: Case) -> Row | None:
    rows = agreements.of_case(store(), case["id"])
    return next((row for row in rows if not row["in_force_at"] and not row["withdrawn_at"]), None)


def _usual(case: Case) -> Row:
    """Return what a new draft holds: the terms of the last one, else the hub's usual ones in the paper's language.

    Where the need was copied from a pilot, the terms that it brought come before the usual ones.
    """
    before = next(iter(agreements.of_case(store(), case["id"])), None)
    usual = agreements.usual(case)
    if before:
        return {**before["terms"], "starts_on": usual["starts_on"], "ends_on": usual["ends_on"]}
    with force_locale(usual["language"]):
        return {**usual, **usual_texts(), **copies.terms_for(store(), case["need_id"])}


def usual_texts() -> Row:
    """Return the hub's usual terms in words, for a draft and for who is about to answer an invitation."""
    return {
        "results_use": _("The owner of the need may use the results freely in its own work and tell others of them."),
        "data": _("No personal data is handled in the test. If that changes, a data processing agreement comes first."),
        "liability": _("Each answers for the damage that it causes itself, and has the insurance that this takes."),
    }


def _form(case: Case, row: Row | None, typed: Any, errors: dict[str, str] | None = None, notice: str = "") -> str:
    return render_template(
        "agreements/edit.html",
        case=case,
        row=row,
        typed=typed,
        errors=errors or {},
        notice=notice,
        names=agreement_words.FIELDS,
        templates=[(one["id"], one["name"]) for one in agreement_templates.listing(store())],
        host="host" in agreements.sides(case),
        unready=", ".join(str(agreement_words.FIELDS[name]) for name in agreements.unready(row["terms"]))
        if row
        else "",
    )


@blueprint.post("/pairings/<pairing_id>/agreement/edit")
@allowed("agreement.keep", cases.load)
def save(case: Case) -> Any:
    """Save the draft, or begin it; nothing is sent."""
    given, row = forms.read(agreements.Terms.model_fields), _prepared(case)
    try:
        if row:
            agreements.change(store(), person(), case["id"], row["number"], given, forms.revision(), now())
        else:
            agreements.draft(store(), person(), case["id"], given, now())
    except Invalid as error:
        return _form(case, row, request.form, forms.messages(error)), 422
    except Conflict as error:
        return _form(case, _prepared(case), request.form, notice=words.sentence(error)), 409
    flash(_("The draft is saved. Nobody else sees it until you send it."), "success")
    return _back(case)


@blueprint.post("/pairings/<pairing_id>/agreement/send")
@allowed("agreement.keep", cases.load)
def send(case: Case) -> Any:
    """Make the paper of the draft and send it to those who sign."""
    number, at = _number(request.form), forms.revision()
    try:
        row = agreements.load(store(), case["id"], number)
        paper = _paper(case, row)
    except papers.BrokenTemplate as error:
        return _page(case, notice=broken(error)), 409
    done = _("Sent. Those who sign have been told.")
    return _decide(
        case,
        "send",
        lambda: agreements.send(store(), person(), case["id"], number, paper, at, now()),
        done,
    )


def broken(error: papers.BrokenTemplate) -> str:
    """Return in words why a template cannot be used."""
    return words.field_error(f"template_{error.code}", {"detail": error.detail})


def _paper(case: Case, row: Row) -> bytes:
    """Return the paper of an agreement: the one that was sent, else one made of the draft as it is now."""
    if row["sent_at"]:
        return agreements.paper(store(), row["id"])
    chosen = row["template_id"]
    template = agreement_templates.content(store(), chosen) if chosen else papers.shipped(row["language"])
    with force_locale(row["language"]):
        return papers_apart.fill(template, _values(case, row))


def _values(case: Case, row: Row) -> dict[str, str]:
    """Return what stands in the fields of the paper, in the language of the request."""
    terms, parties = row["terms"], agreements.signing_parties(store(), case)
    nothing = "–"
    chosen = {name: words.label(name, terms[name]) if terms.get(name) else nothing
              for name in ("results_owner", "payment", "funds")}  # fmt: skip
    texts = {name: terms.get(name) or nothing for name in papers.FIELDS if name in agreements.Terms.model_fields}
    names = {
        f"{side}_{part}": (parties.get(side) or {}).get(column) or nothing
        for side in ("owner", "startup", "host")
        for part, column in (("name", "name"), ("orgnr", "orgnr"))
    }
    amount = _("%(amount)s kronor before VAT.", amount=format_decimal(terms["amount"])) if terms.get("amount") else ""
    days = {name: words.day(terms[name]) for name in ("starts_on", "ends_on")}
    return {
        **texts, **names, **chosen, **days, "amount": amount, "need": case["need_title"],
        "testbed": case["testbed_name"] or nothing, "number": str(row["number"]),
        "date": words.day(row["sent_at"] or now()),
    }  # fmt: skip


@blueprint.get("/pairings/<pairing_id>/agreement/paper")
@allowed("pairing.view", cases.load)
def paper(case: Case) -> Any:
    """Give the paper of an agreement as DOCX or as accessible PDF (`?kind=pdf`); a draft only to brokers."""
    row = _asked_for(case)
    kind = forms.one_of("kind", ("docx", "pdf")) or "docx"
    try:
        content = _paper(case, row)
        if kind == "pdf":
            content = papers_apart.pdf(content, f"{case['need_title']} – {case['startup_name']}", row["language"])
    except papers.BrokenTemplate as error:
        return _page(case, notice=broken(error)), 409
    except papers.NoPdf:
        notice = _("This machine cannot make a PDF yet. Take the DOCX, or ask for Pango to be installed.")
        return _page(case, notice=notice), 409
    return download(content, f"{_('agreement')}-{row['number']}.{kind}", DOCX if kind == "docx" else "application/pdf")


def _asked_for(case: Case) -> Row:
    """Return the agreement that the address names, else the newest; raise NotFound for what is not theirs to read."""
    rows = _shown(case)
    number = _number(request.args)
    found = [row for row in rows if row["number"] == number] if number else rows
    if not found:
        raise NotFound("agreement")
    return found[0]


def _number(given: Any) -> int:
    """Return the number of an agreement in a form or an address; 0 where it is none."""
    text = given.get("number", "")
    return int(text) if text.isdecimal() and len(text) < 5 else 0


@blueprint.post("/pairings/<pairing_id>/agreement/sign")
@allowed("agreement.sign", cases.load)
def sign(case: Case) -> Any:
    """Record a signature for one side: on the page, or as a signed file."""
    number, side, given = _number(request.form), request.form.get("side", ""), forms.read(("name", "title"))
    file = request.files.get("file")
    upload = (file.filename[-200:], file.stream.read(signatures.FILE_LIMIT + 1)) if file and file.filename else None
    return _decide(
        case,
        "sign",
        lambda: signatures.sign(
            store(), person(), case["id"], number, side, given, request.form.get("paper", ""), now(), upload,
            request.form.get("may_sign") == "yes",
        ),
        _("Signed. The others have been told."),
    )  # fmt: skip


@blueprint.get("/pairings/<pairing_id>/agreement/signed")
@allowed("pairing.view", cases.load)
def signed_file(case: Case) -> Any:
    """Give the signed file that was uploaded for a side (`?side=`)."""
    found = signatures.file(store(), _asked_for(case)["id"], request.args.get("side", ""))
    if found is None:
        raise NotFound("signature")
    return download(found[1], found[0], signatures.media_type(found[1]) or "application/octet-stream")


@blueprint.post("/pairings/<pairing_id>/agreement/withdraw")
@allowed("agreement.keep", cases.load)
def withdraw(case: Case) -> Any:
    """Take back an agreement that is not in force."""
    number, note = _number(request.form), request.form.get("note", "")
    done = _("Taken back. Those who had it to sign have been told.")
    return _decide(
        case, "withdraw", lambda: agreements.withdraw(store(), person(), case["id"], number, note, now()), done
    )


@blueprint.post("/pairings/<pairing_id>/agreement/end")
@allowed("agreement.keep", cases.load)
def end(case: Case) -> Any:
    """End an agreement that is in force; the place closes at once."""
    number, note = _number(request.form), request.form.get("note", "")
    done = _("Ended. The place may not be used from now, and everybody has been told.")
    return _decide(case, "end", lambda: agreements.end(store(), person(), case["id"], number, note, now()), done)


@blueprint.post("/pairings/<pairing_id>/prerequisites")
@allowed("prerequisite.meet", cases.load)
def prerequisite(case: Case) -> Any:
    """Note that something the testbed asks for is met in this case, or that it is not after all."""
    which = (store(), person(), case["id"], request.form.get("prerequisite_id", ""))
    if request.form.get("step") == "undo":
        return _decide(case, "undo", lambda: prerequisite_steps.undo(*which, now()), _("Noted: it is not met."))
    note = request.form.get("note", "")
    return _decide(case, "meet", lambda: prerequisite_steps.meet(*which, note, now()), _("Noted: it is met."))
