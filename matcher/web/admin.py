"""Administration: people, organisations, the outbox and the record. For everybody else these pages do not exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from jinja2 import TemplateError

from ..hub import (
    chain,
    company_numbers,
    directory,
    identities,
    links,
    mail,
    organisations,
    people,
    record,
    second_factor,
)
from ..hub.errors import Conflict, Invalid
from . import forms, letters, record_words, words
from .access import allowed, now, person, settings, store

blueprint = Blueprint("admin", __name__, url_prefix="/admin")

FIELDS = tuple(organisations.OrganisationContent.model_fields)
MAIL_KINDS = {"waiting": "info", "sent": "success", "given_up": "danger", "dropped": "neutral"}


def _given(*names: str) -> dict[str, str]:
    """Return the filters that the address holds, bounded."""
    return {name: request.args.get(name, "")[:100].strip() for name in names}


def _pages(endpoint: str, given: dict[str, str]) -> Callable[[int], str]:
    kept = {name: value for name, value in given.items() if value}
    return lambda number: url_for(endpoint, **kept, page=number)


@blueprint.get("/people", endpoint="people")
@allowed("admin")
def list_people() -> str:
    """List the people, by name, with their roles."""
    given = _given("q", "role", "state")
    found = directory.listing(store(), words=given["q"], role=given["role"], state=given["state"], page=forms.page())
    return render_template("admin/people.html", found=found, given=given, page_url=_pages("admin.people", given))


@blueprint.get("/people/<person_id>", endpoint="person")
@allowed("admin")
def show_person(person_id: str) -> str:
    """Show one person: roles, state, and what they did last."""
    found = directory.load(store(), person(), person_id)
    return render_template(
        "admin/person.html",
        found=found,
        roles=people.roles(store(), person_id),
        latest=record.latest(store(), person_id=person_id)["rows"][:10],
    )


@blueprint.post("/people/<person_id>/close")
@allowed("admin")
def disable(person_id: str) -> Any:
    """Close an account."""
    found = directory.load(store(), person(), person_id)
    directory.disable(store(), person_id, person().person_id, now())
    flash(_("The account of %(name)s is closed, and every session has ended.", name=found["name"]), "success")
    return redirect(url_for("admin.person", person_id=person_id), 303)


@blueprint.post("/people/<person_id>/open")
@allowed("admin")
def enable(person_id: str) -> Any:
    """Open an account again."""
    found = directory.load(store(), person(), person_id)
    directory.enable(store(), person_id, person().person_id, now())
    flash(_("The account of %(name)s is open again.", name=found["name"]), "success")
    return redirect(url_for("admin.person", person_id=person_id), 303)


@blueprint.post("/people/<person_id>/second-factor/take")
@allowed("admin")
def take_factor(person_id: str) -> Any:
    """Take the second factor of a person away who lost it."""
    found = directory.load(store(), person(), person_id)
    second_factor.take(store(), person_id, person().person_id, now())
    return _logged_out(
        person_id, _("The second factor of %(name)s is taken away, and a mail says so.", name=found["name"])
    )


@blueprint.post("/people/<person_id>/identity/take")
@allowed("admin")
def take_identity(person_id: str) -> Any:
    """Take the organisation's log-in of a person away who cannot use it any more."""
    found = directory.load(store(), person(), person_id)
    identities.take(store(), person_id, person().person_id, now())
    return _logged_out(
        person_id, _("The organisation’s account of %(name)s is taken away, and a mail says so.", name=found["name"])
    )


@blueprint.post("/memberships/<membership_id>/revoke")
@allowed("admin")
def revoke(membership_id: str) -> Any:
    """Take a role away."""
    person_id = people.revoke(store(), membership_id, person().person_id, now())
    return _logged_out(person_id, _("The role is taken away, and the person is logged out everywhere."))


def _logged_out(person_id: str, said: str) -> Any:
    """Go back to the person whose sessions have just ended, or to the log-in when they were one's own."""
    if person_id == person().person_id:
        return redirect(url_for("account.login"), 303)
    flash(said, "success")
    return redirect(url_for("admin.person", person_id=person_id), 303)


@blueprint.get("/organisations", endpoint="organisations")
@allowed("admin")
def list_organisations() -> str:
    """List the organisations, by name. With `invite` in the address: to choose where somebody is invited to."""
    given = _given("q", "kind", "invite")
    found = organisations.listing(store(), words=given["q"], kind=given["kind"], page=forms.page())
    page_url = _pages("admin.organisations", given)
    return render_template("admin/organisations.html", found=found, given=given, page_url=page_url)


@blueprint.get("/organisations/new")
@allowed("admin")
def new_organisation() -> str:
    """Show an empty form."""
    return _organisation_form(None, {"kind": "public"}, {})


@blueprint.post("/organisations/new")
@allowed("admin")
def create_organisation() -> Any:
    """Create an organisation."""
    typed = forms.read(FIELDS)
    try:
        organisation_id = organisations.create(store(), person().person_id, typed, now())
    except (Invalid, Conflict) as error:
        return _organisation_form(None, typed, _errors(error)), _status(error)
    flash(_("%(name)s is there. Invite somebody to act for it.", name=typed["name"]), "success")
    return redirect(url_for("admin.organisation", organisation_id=organisation_id), 303)


@blueprint.get("/organisations/<organisation_id>", endpoint="organisation")
@allowed("admin")
def show_organisation(organisation_id: str) -> str:
    """Show one organisation, who acts for it, open invitations, and the form for a new one."""
    return _organisation_page(organisation_id, {}, {})


def _organisation_page(organisation_id: str, typed: dict[str, str], errors: dict[str, str]) -> str:
    found = organisations.load(store(), person(), organisation_id)
    fitting = [role for role in people.ROLES if found["kind"] in people.ORGANISATION_KIND[role]]
    return render_template(
        "admin/organisation.html",
        found=found,
        roles=[(role, words.label("roles", role)) for role in fitting],
        members=organisations.members(store(), organisation_id),
        invitations=links.invitations(store(), now(), organisation_id),
        typed=typed,
        errors=errors,
    )


@blueprint.get("/organisations/<organisation_id>/edit")
@allowed("admin")
def edit_organisation(organisation_id: str) -> str:
    """Show the form with what is kept."""
    found = organisations.load(store(), person(), organisation_id)
    return _organisation_form(found, found, {})


@blueprint.post("/organisations/<organisation_id>/edit")
@allowed("admin")
def save_organisation(organisation_id: str) -> Any:
    """Keep what was changed."""
    found = organisations.load(store(), person(), organisation_id)
    typed = forms.read(FIELDS)
    try:
        organisations.save(store(), person(), organisation_id, typed, now())
    except (Invalid, Conflict) as error:
        return _organisation_form(found, typed, _errors(error)), _status(error)
    flash(_("The organisation is saved."), "success")
    return redirect(url_for("admin.organisation", organisation_id=organisation_id), 303)


def _organisation_form(found: dict[str, Any] | None, typed: dict[str, Any], errors: dict[str, str]) -> str:
    unconfirmed = bool(found and company_numbers.typed_itself(store(), [found["id"]]))
    return render_template(
        "admin/organisation_form.html", found=found, typed=typed, errors=errors, unconfirmed=unconfirmed
    )


# Beside which field the sentence of a conflict stands.
_FIELD_OF = {
    "orgnr_taken": "orgnr",
    "organisation_kind_in_use": "kind",
    "role_kind": "role",
    "role_held": "email",
    "person_disabled": "email",
}


def _errors(error: Invalid | Conflict) -> dict[str, str]:
    if isinstance(error, Invalid):
        return forms.messages(error)
    return {_FIELD_OF.get(error.code, ""): words.sentence(error)}


def _status(error: Exception) -> int:
    return 422 if isinstance(error, Invalid) else 409


@blueprint.post("/organisations/<organisation_id>/invite")
@allowed("admin")
def invite(organisation_id: str) -> Any:
    """Invite somebody by e-mail to a role in this organisation."""
    organisations.load(store(), person(), organisation_id)
    typed = {"email": "", "role": "", "locale": "sv", **forms.read(("email", "role", "locale"))}
    locale = typed["locale"] if typed["locale"] in people.LOCALES else "sv"
    try:
        links.invite(store(), person().person_id, typed["email"], organisation_id, typed["role"], now(), locale)
    except (Invalid, Conflict) as error:
        return _organisation_page(organisation_id, typed, _errors(error)), _status(error)
    if others := [row for row in people.roles_of_address(store(), typed["email"]) if row["role"] != typed["role"]]:
        flash(_both_roles(typed, others), "warning")
    if settings().smtp:
        flash(_("An invitation to %(email)s is on its way.", email=typed["email"]), "success")
    else:
        flash(
            _("The invitation to %(email)s is in the outbox: no mail server is set.", email=typed["email"]), "warning"
        )
    return redirect(url_for("admin.organisation", organisation_id=organisation_id), 303)


def _both_roles(typed: dict[str, str], others: list[dict[str, Any]]) -> str:
    """Return what an administrator should know before one person has two roles: a broker decides for others."""
    held = ", ".join(f"{words.label('roles', row['role'])} ({row['organisation']})" for row in others)
    said = _(
        "%(email)s already has another role: %(roles)s. Who accepts the invitation has both. "
        "Withdraw it below if you did not mean that.",
        email=typed["email"], roles=held,
    )  # fmt: skip
    if "broker" in {typed["role"], *(row["role"] for row in others)}:
        said += " " + _("A broker should have no part of their own in the cases that they decide.")
    return said


@blueprint.post("/invitations/<link_id>/withdraw")
@allowed("admin")
def withdraw(link_id: str) -> Any:
    """Make an invitation worthless."""
    organisation_id = links.withdraw(store(), person().person_id, link_id, now())
    flash(_("The invitation is withdrawn: its link does not work any more."), "success")
    return redirect(url_for("admin.organisation", organisation_id=organisation_id), 303)


@blueprint.get("/outbox")
@allowed("admin")
def outbox() -> str:
    """List the mails, newest first, as they are sent."""
    given = _given("state")
    found = mail.listing(store(), given["state"], forms.page())
    rows = [{**row, **_letter(row)} for row in found["rows"]]
    return render_template(
        "admin/outbox.html",
        found={**found, "rows": rows},
        given=given,
        kinds=MAIL_KINDS,
        page_url=_pages("admin.outbox", given),
    )


@blueprint.post("/outbox/<mail_id>/retry")
@allowed("admin")
def retry(mail_id: str) -> Any:
    """Try a mail again that was given up."""
    mail.retry(store(), mail_id, now())
    flash(_("The mail is tried again within a minute."), "success")
    return redirect(url_for("admin.outbox"), 303)


def _letter(row: dict[str, Any]) -> dict[str, Any]:
    """Return `subject` and `parts` (pairs of text and address or None) of a mail, or None for both.

    A letter may let its reader in, or tell of a case: in a real hub the administrator reads only invitations,
    and what was sent is not kept.
    """
    if row["state"] in ("sent", "dropped") or not (settings().demo or row["template"] == "invite"):
        return {"subject": None, "parts": None}
    try:
        subject, body = letters.write(row)
    except (TemplateError, ValueError, KeyError) as error:
        return {"subject": None, "parts": [(f"{type(error).__name__}: {error}", None)]}
    return {"subject": subject, "parts": _with_links(body)}


def _with_links(body: str) -> list[tuple[str, str | None]]:
    """Part a letter at the addresses of our own pages, so that they can be followed."""
    parts = re.split(rf"({re.escape(settings().base_url)}/\S*)", body)
    return [(part, part if position % 2 else None) for position, part in enumerate(parts) if part]


@blueprint.get("/record", endpoint="record")
@allowed("admin")
def show_record() -> str:
    """Show the newest rows of the record, of one kind or about one thing if asked."""
    given = _given("kind", "id")
    found = record.latest(store(), kind=given["kind"], subject_id=given["id"], page=forms.page())
    return render_template(
        "admin/record.html",
        found=found,
        given=given,
        kinds=[(kind, record_words.kind(kind)) for kind in record.kinds(store())],
        page_url=_pages("admin.record", given),
    )


@blueprint.get("/record/check", endpoint="record_check")
@allowed("admin")
def check_record() -> str:
    """Read the whole record and say whether it is as the hub wrote it."""
    found = chain.verify(store())
    faults = [(fault, record_words.chain_fault(fault.code)) for fault in found.faults]
    return render_template("admin/record_check.html", found=found, faults=faults, most=chain.MOST_FAULTS)
