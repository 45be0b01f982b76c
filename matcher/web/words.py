"""The words for codes: choices, reasons, statuses and errors, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from babel.dates import format_date, format_time, get_datetime_format
from babel.numbers import format_decimal
from flask import Flask
from flask_babel import get_locale, get_timezone, get_translations, lazy_pgettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from ..exchange.errors import MESSAGES
from ..hub import clock, reference
from ..hub.errors import HubError
from . import (
    agreement_words,
    booking_words,
    case_words,
    handling_words,
    outcome_words,
    pilot_words,
    route_words,
    security_words,
    spread_words,
    year_words,
)

LABELS: dict[str, dict[str, Any]] = {
    "beneficiaries": {
        "resident": _l("Resident"),
        "patient": _l("Patient"),
        "relative": _l("Relative"),
        "traveller": _l("Traveller"),
        "visitor": _l("Visitor"),
        "staff": _l("Staff"),
    },
    "budgets": {
        "unknown": _l("Not known yet"),
        "none": _l("No money, only time and a place"),
        "under_100k": _l("Under SEK 100,000"),
        "100k_700k": _l("SEK 100,000–700,000"),
        "700k_2m": _l("SEK 700,000–2 million"),
        "over_2m": _l("Over SEK 2 million"),
    },
    "languages": {
        "sv": _l("Swedish"),
        "en": _l("English"),
        "no": _l("Norwegian"),
        "da": _l("Danish"),
        "fi": _l("Finnish"),
    },
    "doubts": {
        "alike": _l("Nearly the same as another profile"),
        "copied": _l("Words of a published need"),
        "hidden": _l("Characters that nobody sees"),
        "repeated": _l("The same said again"),
    },
    "seeks": {
        "test": _l("Test"),
        "sell": _l("Sell"),
        "codevelop": _l("Develop together"),
        "license": _l("License"),
    },
    "roles": {
        "administrator": _l("Administrator"),
        "broker": _l("Broker"),
        "owner": _l("Need owner"),
        "startup": _l("Startup"),
        "host": _l("Testbed host"),
    },
    "kinds": {
        "public": _l("Public body"),
        "company": _l("Company"),
        "host": _l("Testbed host"),
        "hub": _l("Hub"),
    },
    "mail_status": {
        "waiting": _l("Waiting"),
        "sent": _l("Sent"),
        "given_up": _l("Given up"),
        "dropped": _l("Not sent, no longer needed"),
    },
    "mail_wanted": {
        "each": _l("Each mail at once"),
        "daily": _l("One mail a day, at six in the morning"),
    },
    "need_status": {
        "draft": _l("Draft"),
        "returned": _l("Sent back"),
        "submitted": _l("Awaiting review"),
        "published": lazy_pgettext("need", "Published"),  # Swedish bends the word after the noun
        "closed": _l("Closed"),
    },
    "need_fields": {
        "title": _l("Name"),
        "people": _l("Who has the problem"),
        "description": _l("What happens today"),
        "effect": _l("The effect wanted"),
        "measure": _l("How one would know"),
        "tried": _l("What has been tried"),
        "keep": _l("What must not change"),
        "beneficiaries": _l("Who benefits"),
        "themes": _l("Themes"),
        "goals": _l("Global goals"),
        "county_code": _l("County"),
        "municipality_code": _l("Municipality"),
        "local": _l("Only startups active in the county"),
        "contact": _l("Who owns the need"),
        "runner": _l("Who would run it afterwards"),
        "budget": _l("Budget"),
        "wanted_by": _l("Wanted by"),
        "valid_until": _l("Valid until"),
        "testbed_id": _l("Testbed offered"),
        "languages": _l("Working languages"),
        "min_readiness": _l("Lowest readiness level"),
        "language": _l("Language of the text"),
    },
    "close_reasons": {
        "met": _l("The need has been met"),
        "no_longer_needed": _l("The need no longer exists"),
        "no_match": _l("No suitable startup was found"),
        "procured": _l("It goes on as a procurement"),
        "paused": _l("It is paused"),
        "duplicate": _l("It is the same as another need"),
    },
    "return_reasons": {
        "describe_problem": _l("Describe the problem more closely"),
        "describe_effect": _l("Describe the effect you want"),
        "no_solution": _l("Describe the need, not a finished solution"),
        "measure": _l("Say how you would know that it worked"),
        "too_wide": _l("Divide it: it is several needs in one"),
        "duplicate": _l("There is already a need like this"),
        "other": _l("Other"),
    },
    "startup_status": {
        "draft": _l("Draft"),
        "published": _l("Published"),
        "hidden": _l("Hidden by a broker"),
        "flagged": _l("Flagged"),
        "merged": _l("Merged into another"),
    },
    "startup_fields": {
        "name": _l("Name"),
        "orgnr": _l("Organisation number"),
        "problem": _l("The problem"),
        "audience": _l("For whom"),
        "description": _l("The offer"),
        "novelty": _l("What is new"),
        "evidence": _l("Evidence and references"),
        "readiness": _l("Readiness"),
        "regions": _l("Can work in"),
        "languages": _l("Working languages"),
        "seeks": _l("Seeks"),
        "capacity": _l("Tests at once"),
        "website": _l("Website"),
        "themes": _l("Themes"),
        "language": _l("Language of the text"),
    },
    "startup_help": {
        "description": _l("Describe the offer in two or three sentences: what it is and how it is used."),
        "problem": _l("Say which problem it solves, in the words of those who have it. Needs are matched with this."),
        "evidence": _l("Say what shows that it works: a test, a customer, a figure."),
        "audience": _l("Say who it is for: which kind of workplace or people."),
        "novelty": _l("Say what is new compared with what is used today."),
        "readiness": _l("Choose how far you have come. Needs may ask for a lowest level."),
        "themes": _l("Choose one to three themes."),
        "orgnr": _l("Add the organisation number, so that nobody takes you for somebody else."),
        "seeks": _l("Say what you seek: a test, a sale, or somebody to develop with."),
        "languages": _l("Choose the languages you can work in. A need may ask for one of them."),
        "capacity": _l("Say how many tests you can run at once."),
        "website": _l("Add your website."),
    },
    "testbed_status": {
        "draft": _l("Draft"),
        "published": _l("In the catalogue"),
        "withdrawn": _l("Withdrawn"),
    },
    "testbed_fields": {
        "name": _l("Name of the testbed"),
        "description": _l("The environment"),
        "users": _l("Users or patients"),
        "methods": _l("Methods"),
        "equipment": _l("Equipment"),
        "places": _l("Places"),
        "conditions": _l("Conditions"),
        "contact_name": _l("Contact"),
        "contact_email": _l("The contact’s e-mail"),
        "backup_name": _l("Who answers when the contact is away"),
        "backup_email": _l("Their e-mail"),
        "answer_days": _l("Promised answer time"),
        "buffer_days": _l("Days kept free after each test"),
        "staff_hours": _l("Hours of staff a week"),
        "themes": _l("Themes"),
        "county_code": _l("County"),
        "municipality_code": _l("Municipality"),
        "language": _l("Language of the text"),
    },
    "readiness": {
        "1": _l("1 – Basic principles observed"),
        "2": _l("2 – Concept formulated"),
        "3": _l("3 – Proof of concept"),
        "4": _l("4 – Validated in a laboratory"),
        "5": _l("5 – Validated in a relevant environment"),
        "6": _l("6 – Demonstrated in a relevant environment"),
        "7": _l("7 – Demonstrated in real operation"),
        "8": _l("8 – Complete and qualified"),
        "9": _l("9 – Proven in use"),
    },
    **case_words.LABELS,
    **agreement_words.LABELS,
    **booking_words.LABELS,
    **pilot_words.LABELS,
    **handling_words.LABELS,
    **route_words.LABELS,
    **outcome_words.LABELS,
    **spread_words.LABELS,
    **year_words.LABELS,
    **security_words.LABELS,
}

# Codes of `hub.fields`: what is wrong with a field, and the remedy.
FIELD_ERRORS: dict[str, Any] = {
    "required": _l("Write something here."),
    "too_long": _l("The text has %(length)s characters; at most %(limit)s fit. Shorten it, nothing has been lost."),
    "unknown_choice": _l("“%(value)s” is not one of the choices. Choose from the list."),
    "number_range": _l("“%(value)s” does not fit. Write a whole number from %(low)s to %(high)s."),
    "not_a_date": _l("“%(value)s” is not a date. Write it as 2027-03-31."),
    "date_range": _l("%(value)s cannot be right. Choose a day after %(earliest)s and within thirty years."),
    "not_a_website": _l(
        "“%(value)s” is not a web address. Write it as www.example.se or https://www.example.se/about."
    ),
    "not_an_email": _l("“%(value)s” is not an e-mail address. Write it as name@example.se."),
    "not_an_orgnr": _l("“%(value)s” is not an organisation number: a digit is wrong. Check it and write ten digits."),
    "password_length": _l("The password must have %(low)s to %(high)s characters. Three or four words are fine."),
    "password_common": _l(
        "That password is one of the first that somebody else would try: it is common, a name, or a repetition. "
        "Choose three or four words that do not belong together."
    ),
    "password_wrong": _l("That is not the password of your account."),
    "code_wrong": _l(
        "That code is wrong, too old, or was used. Wait until the app shows a new one, and check the phone’s clock."
    ),
    "code_unreadable": _l(
        "The hub cannot check codes any more, because its key was changed. Use a recovery code, or ask the hub."
    ),
    "recovery_wrong": _l("That recovery code is wrong or was used. Each works once; take another one."),
    "extra_forbidden": _l("This field does not exist."),
    "period": _l("The last day lies before the first. Change one of them."),
    "not_a_time": _l("“%(value)s” is not a time of day. Write it as 09:00."),
    "past": _l("%(value)s has passed. Choose a day that is still to come."),
    "required_choice": _l("Choose one of these."),
    "other_county": _l("That municipality lies in another county. Change one of them."),
    "local_where": _l("Choose the county that startups must be active in."),
    **case_words.FIELD_ERRORS,
    **pilot_words.FIELD_ERRORS,
    **handling_words.FIELD_ERRORS,
    **agreement_words.FIELD_ERRORS,
    **booking_words.FIELD_ERRORS,
    **route_words.FIELD_ERRORS,
    **outcome_words.FIELD_ERRORS,
    **spread_words.FIELD_ERRORS,
    **security_words.FIELD_ERRORS,
}

# Codes of domain errors: a sentence that says what happened and what to do.
SENTENCES: dict[str, Any] = {
    **security_words.SENTENCES,
    "email_taken": _l("There is already an account for %(email)s. Use that one, or choose another address."),
    "orgnr_taken": _l("There is already an organisation with the number %(orgnr)s. Use that one."),
    "role_kind": _l("That role does not exist in that kind of organisation. Choose another role or organisation."),
    "last_administrator": _l("This is the last administrator. Give somebody else the role first."),
    "need_closed": _l("The need is closed and can no longer be changed. Make a new one from it if it is needed again."),
    "need_already_submitted": _l("The need has already been sent. There is nothing more to do now."),
    "need_already_decided": _l("Somebody has already decided about this need. Look at it again."),
    "need_changed_meanwhile": _l("The text has changed since you opened the page. Read it again before you decide."),
    "need_organisation": _l("You do not act for that organisation. Choose one of your own."),
    "startup_organisation": _l("You do not act for that company. Choose one of your own."),
    "startup_merged": _l("This profile was merged into another and can no longer be changed. Use the other one."),
    "startup_already_published": _l("The profile is already published. There is nothing more to do."),
    "startup_not_published": _l("The profile is not published, so there is nothing to take back."),
    "startup_already_hidden": _l("Somebody has already hidden this profile. Look at it again."),
    "startup_not_hidden": _l("The profile is not hidden any more. Look at it again."),
    "startup_already_flagged": _l("Somebody has already flagged this profile. Look at it again."),
    "startup_not_flagged": _l("The flag has already been taken away. Look at the profile again."),
    "doubt_answered": _l("Somebody has already said that it is in order."),
    "merge_decided": _l("Somebody has already decided about these two. Look at the list again."),
    "merge_not_decided": _l("There is no decision left to take back. Look at the list again."),
    "merge_two_pairings": _l(
        "Both profiles have an open pairing for “%(need)s”. End or decline one of the two, then merge."
    ),
    "merge_undo_later_first": _l("The kept profile was merged again later. Take that later merge back first."),
    "testbed_organisation": _l("You do not act for that organisation. Choose one of your own."),
    "testbed_already_published": _l("The testbed is already in the catalogue. There is nothing more to do."),
    "testbed_not_published": _l("The testbed is not in the catalogue, so there is nothing to withdraw."),
    "round_closed": _l("This round was closed %(at)s, so nothing in it changes any more. Make a new one."),
    "round_rule_undone": _l("That was taken back %(at)s already."),
    "stale": _l("Somebody else saved this while you were writing. Compare the two texts and save again."),
    "too_many": _l("There were too many tries, from you or from your network. Try again in %(minutes)s min."),
    "feed": _l("This calendar link does not work any more. Make a new one under Calendar links."),
    "testbed_closed_already": _l(
        "The testbed is closed from %(starts_on)s to %(ends_on)s for this reason already. Nobody is told once more."
    ),
    "testbed_affected": _l("Tests or bookings lie in it. See whom it affects, and say once more that you mean it."),
    "link": _l("This link does not work any more: it has been used, withdrawn, or is too old. Ask for a new one."),
    "person_erased": _l("The person is erased already. There is nothing more to do."),
    "person_disabled": _l("The account of %(email)s is closed. Open it again on its page first."),
    "person_already_disabled": _l("The account is already closed. Look at it again."),
    "person_not_disabled": _l("The account is already open. Look at it again."),
    "role_held": _l("%(email)s already has that role there. There is nothing more to do."),
    "organisation_kind_in_use": _l(
        "The kind cannot be changed: people have roles here, or something is published, that only fit the present kind."
    ),
    "mail_not_given_up": _l("That mail has been sent or is waiting already. Look at the list again."),
    "identity_taken": _l("That account is connected with another account here already, or yours with another one."),
    "identity_other_account": _l(
        "There is an account for this address already, and that log-in is not connected with it. Log in with the "
        "password, open the link of the invitation again, and connect under My account."
    ),
    "identity_only_way": _l(
        "You have no password here, so this is your only way in. An administrator of the hub can disconnect it."
    ),
    "identity_gone": _l("It is disconnected already. There is nothing more to do."),
    "session": _l("That log-in has ended already. Look at My account again."),
    "log_in_again": _l("Log out here and log in again first: for %(minutes)s minutes after that it can be done."),
    "factor_on": _l("The second factor is on already. There is nothing more to do."),
    "factor_off": _l("There is no second factor any more. Look at the page again."),
    "factor_not_begun": _l("Begin anew: a new secret has to be made first."),
    "denied": _l("You may see this but not do that. Ask a broker if you think that is wrong."),
    **case_words.SENTENCES,
    **pilot_words.SENTENCES,
    **handling_words.SENTENCES,
    **agreement_words.SENTENCES,
    **booking_words.SENTENCES,
    **route_words.SENTENCES,
    **outcome_words.SENTENCES,
    **spread_words.SENTENCES,
}


def label(group: str, code: Any) -> str:
    """Return the word for a code of a group; the code itself when it is from another time or place."""
    return str(LABELS[group].get(str(code), code))


def choices(group: str) -> list[tuple[str, str]]:
    """Return (code, word) pairs of a group for a form, in their own order."""
    if group in ("themes", "goals", "perspectives"):
        return [(next(iter(row.values())), _named(row)) for row in reference.rows(group)]
    if group == "counties":
        return [(row["code"], county(row["code"])) for row in reference.rows("counties")]
    if group == "municipalities":
        return [(row["code"], row["name"]) for row in reference.rows("municipalities")]
    return [(code, str(word)) for code, word in LABELS[group].items()]


def theme(code: str) -> str:
    """Return a theme's name in the reader's language."""
    return next((_named(row) for row in reference.rows("themes") if row["code"] == code), code)


def perspective(code: str) -> str:
    """Return the name of a perspective of the region's strategy in the reader's language."""
    return next((_named(row) for row in reference.rows("perspectives") if row["code"] == code), code)


def goal(number: str) -> str:
    """Return a global goal's number and name in the reader's language."""
    return next((f"{number}. {_named(row)}" for row in reference.rows("goals") if row["number"] == str(number)), number)


def county(code: str | None) -> str:
    """Return a county's name in the reader's language."""
    row = reference.counties().get(code or "")
    return row[f"name_{language()}"] if row else ""


def municipality(code: str | None) -> str:
    """Return a municipality's name."""
    row = reference.municipalities().get(code or "")
    return row["name"] if row else ""


def language() -> str:
    """Return the reader's language, `en` or `sv`."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else "sv"


def _named(row: dict[str, str]) -> str:
    return row[language()]


def field_error(code: str, params: dict[str, Any]) -> str:
    """Return the sentence for a field's error code."""
    known = FIELD_ERRORS.get(code)
    if not known:
        return _("This cannot be used. Check what you wrote.")
    return str(known) % {name: _shown(name, value) for name, value in params.items()}


def sentence(error: Exception) -> str:
    """Return the sentence for a domain error, or an empty one when the page's own text says it all."""
    if not isinstance(error, HubError) or error.code not in {**SENTENCES, **MESSAGES}:
        return ""
    text = str(SENTENCES[error.code]) if error.code in SENTENCES else _(MESSAGES[error.code])
    return text % {name: _shown(name, value) for name, value in error.params.items()}


def _shown(name: str, value: Any) -> Any:
    """Return a parameter of a sentence as a person reads it; its name says whether it is a moment or a day."""
    if name == "at":
        return moment(value)
    if name == "red":
        return " ".join(label("booking_missing", code) for code in value)
    if name == "unmet":
        return "; ".join(text.rstrip(" .") for text in value)  # the sentence has its own full stop
    if name.endswith(("_on", "_by", "_until")):
        return day(value)
    return value or _("Somebody") if name == "person" else value


def day(text: str | None, style: str = "medium") -> str:
    """Return a stored day or moment as a date in the reader's language."""
    return format_date(date.fromisoformat(text[:10]), style, locale=_dates()) if text else ""


def moment(text: str | None) -> str:
    """Return a stored moment as date and time, without seconds, in Swedish time and the reader's language."""
    if not text:
        return ""
    local = clock.parse(text).astimezone(get_timezone())
    parts = (format_time(local, "short", locale=_dates()), format_date(local, "medium", locale=_dates()))
    return get_datetime_format("medium", locale=_dates()).format(*parts)


def _dates() -> str:
    """Return the locale that dates are written in: English as in Europe, 22 Nov 2026."""
    return "en_GB" if language() == "en" else "sv"


def figure(value: float | None, decimals: int = 6, typed: bool = False) -> str:
    """Return a number in the reader's language, without needless noughts; `typed`: as one would type it in a form."""
    if value is None:
        return ""
    digits = "#" * decimals
    return format_decimal(value, f"0.{digits}" if typed else f"#,##0.{digits}", locale=_dates())


def due(step: dict[str, Any]) -> str:
    """Return when the next step of a case is: a day it begins on, a day it lasts until, or the last day to do it."""
    if not step["by"]:
        return ""
    said = {"start": _("on %(day)s"), "finish": _("until %(day)s")}.get(step["code"]) or _("by %(day)s")
    return said % {"day": day(step["by"])}


def paragraphs(text: str | None) -> Markup:
    """Return plain text as escaped paragraphs; a blank line parts them."""
    parts = [part.strip() for part in (text or "").split("\n\n") if part.strip()]
    return Markup("").join(
        Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in part.split("\n"))) for part in parts
    )


def _catalogues() -> Callable[[], Any]:
    """Return what gives the reader's translations; flask-babel's own looks a dozen things up for every word."""
    held: dict[str, Any] = {}

    def of_reader() -> Any:
        locale = get_locale()
        if locale is None:  # outside a request and an application
            return get_translations()
        if locale.language not in held:
            held[locale.language] = get_translations()
        return held[locale.language]

    return of_reader


def install(app: Flask) -> None:
    """Give the words to all templates."""
    texts = _catalogues()
    app.jinja_env.install_gettext_callables(
        gettext=lambda text: texts().ugettext(text),
        ngettext=lambda one, many, number: texts().ungettext(one, many, number),
        pgettext=lambda context, text: texts().upgettext(context, text),
        npgettext=lambda context, one, many, number: texts().unpgettext(context, one, many, number),
        newstyle=True,
    )
    app.jinja_env.filters.update(day=day, figure=figure, moment=moment, paragraphs=paragraphs)
    app.jinja_env.globals.update(
        due=due,
        label=label,
        choices=choices,
        theme=theme,
        perspective=perspective,
        goal=goal,
        county=county,
        municipality=municipality,
    )
