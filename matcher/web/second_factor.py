"""The second factor: the code after the password, and turning it on and off under "My account"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import segno
from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from ..hub import limits, login_steps, passwords, second_factor
from ..hub.errors import Invalid, NotFound
from . import entering, forms
from .access import allowed, now, person, settings, store, viewer
from .account import blueprint

# Within a quarter of an hour, for one person wherever they are. Three codes out of a million are right at a time.
CODES = 8
PROOF = ("present", "otp", "recovery")  # the fields by which somebody shows who they are


@blueprint.get("/login/code")
@allowed("public")
def code() -> Any:
    """Ask for the code, when a password has been given; else for that."""
    if viewer() or not login_steps.get(store(), "code", session.get("step"), now()):
        return redirect(url_for("home.mine" if viewer() else "account.login"))
    return entering.code_page(entering.Way(), {})


@blueprint.post("/login/code")
@allowed("public")
def give_code() -> Any:
    """Check the code and log in."""
    way, token = entering.Way.of_form(), session.get("step")
    step = login_steps.get(store(), "code", token, now())
    if step is None:
        flash(_("That took too long, or you have logged in meanwhile. Log in again."), "warning")
        return entering.resume.login_page(status=422, **way.carried())
    entering.on_the_way(step["person_id"])
    try:
        factor = accepted(step["person_id"])
    except Invalid as error:
        return entering.code_page(way, forms.messages(error))
    if login_steps.end(store(), "code", token, now()) is None:
        return redirect(url_for("account.login"), 303)
    entering.enter(step["person_id"], factor)
    if factor == "recovery":
        _say_how_many_are_left(step["person_id"])
    return entering.arrive(step["person_id"], way)


def accepted(person_id: str) -> str:
    """Use up the code or recovery code that was typed and say which it was; raise Invalid, or limits.TooMany."""
    _count(person_id)
    typed = request.form
    return second_factor.accept(
        store(), person_id, settings().secret_keys, typed.get("otp", ""), typed.get("recovery", ""), now()
    )


def _count(person_id: str | None) -> None:
    """Count a try before it is made; too many are told to the person, who may know nothing of them."""
    try:
        limits.count(store(), f"factor:{person_id}", CODES, now())
    except limits.TooMany:
        second_factor.refused(store(), str(person_id), now())
        raise


def _say_how_many_are_left(person_id: str) -> None:
    left = second_factor.state(store(), person_id)["codes_left"]
    flash(_("You used a recovery code. %(left)s are left; make new ones under My account.", left=left), "warning")


@blueprint.get("/account/second-factor", endpoint="second_factor")
@allowed("account")
def show() -> Any:
    """Show whether it is on, and the secret while it is being set up."""
    return _page({})


def _page(errors: dict[str, str]) -> tuple[str, int]:
    _offered()
    who = person()
    secret = second_factor.begun(store(), who, settings().secret_keys)
    page = render_template(
        "account/second_factor.html",
        state=second_factor.state(store(), str(who.person_id)),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)) if secret else "",
        picture=_picture(second_factor.address(secret, who.email, settings().hub)) if secret else "",
        password=passwords.has_one(store(), who.person_id),
        required=settings().second_factor == "required" and who.has(*second_factor.ROLES),
        errors=errors,
    )
    return page, 422 if errors else 200


def _picture(address: str) -> str:
    return segno.make(address, error="m", micro=False).png_data_uri(scale=5, border=4)


def _offered() -> None:
    if settings().second_factor == "off":
        raise NotFound("page")


@blueprint.post("/account/second-factor")
@allowed("account")
def begin_factor() -> Any:
    """Make a secret to be scanned."""
    _offered()
    second_factor.begin(store(), person(), settings().secret_keys, now())
    return redirect(url_for("account.second_factor"), 303)


@blueprint.post("/account/second-factor/confirm")
@allowed("account")
def confirm_factor() -> Any:
    """Turn it on, by a first code, and show the recovery codes."""
    codes, errors = _made(second_factor.confirm, ("present", "otp"))
    if errors:
        return _page(errors)
    entering.enter(str(person().person_id), "code")
    return _codes(codes)


@blueprint.post("/account/second-factor/codes")
@allowed("account")
def new_codes() -> Any:
    """Make new recovery codes, by password and code, and show them."""
    codes, errors = _made(second_factor.new_codes, PROOF, ending="-codes")
    if errors:
        return _page(errors)
    entering.enter(str(person().person_id), person().factor or "code")
    return _codes(codes)


@blueprint.post("/account/second-factor/off")
@allowed("account")
def factor_off() -> Any:
    """Turn it off, by password and code."""
    errors = _made(second_factor.turn_off, PROOF, ending="-off")[1]
    if errors:
        return _page(errors)
    entering.enter(str(person().person_id), "provider" if person().factor == "provider" else None)
    flash(_("The second factor is off. Only your password is asked for now."), "success")
    return redirect(url_for("account.profile"), 303)


def _made(change: Callable[..., Any], fields: tuple[str, ...], ending: str = "") -> tuple[Any, dict[str, str]]:
    """Make a change of the factor with what was typed; return what it gives, or what was wrong with each field.

    ending: what the names of this form's fields end in on the page, where several forms ask for the same.
    """
    _offered()
    who = person()
    _count(who.person_id)
    typed = [request.form.get(name, "") for name in fields]
    try:
        with entering.CHECKING:
            return change(store(), who, settings().secret_keys, *typed, now()), {}
    except Invalid as error:
        return None, {f"{name}{ending}": text for name, text in forms.messages(error).items()}


def _codes(codes: list[str]) -> str:
    return render_template("account/recovery_codes.html", codes=codes)
