"""The words for codes: choices, reasons, statuses and errors, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from babel.dates import format_date, format_time, get_datetime_format
from babel.numbers import format_decimal
from flask import Flask
from flask_babel import get_locale, get_timezone, get_translations
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from ..exchange.errors import MESSAGES
from ..hub import clock, quarters, reference
from ..hub.errors import HubError
from . import (
    account_words,
    agreement_words,
    booking_words,
    case_words,
    handling_words,
    learning_words,
    mail_words,
    need_words,
    outcome_words,
    pilot_words,
    route_words,
    security_words,
    spread_words,
    startup_words,
    testbed_words,
    year_words,
)

LABELS: dict[str, dict[str, Any]] = {
    "languages": {
        "sv": _l("Swedish"),
        "en": _l("English"),
        "no": _l("Norwegian"),
        "da": _l("Danish"),
        "fi": _l("Finnish"),
    },
    **need_words.LABELS,
    **startup_words.LABELS,
    **testbed_words.LABELS,
    **account_words.LABELS,
    **mail_words.LABELS,
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
    "decimal_range": _l("“%(value)s” does not fit. Write a number from %(low)s to %(high)s, such as 0.10."),
    "not_a_date": _l("“%(value)s” is not a date. Write it as 2027-03-31."),
    "date_range": _l("%(value)s cannot be right. Choose a day after %(earliest)s and within thirty years."),
    "not_a_website": _l(
        "“%(value)s” is not a web address. Write it as www.example.se or https://www.example.se/about."
    ),
    "not_an_email": _l("“%(value)s” is not an e-mail address. Write it as name@example.se."),
    "not_an_orgnr": _l("“%(value)s” is not an organisation number: a digit is wrong. Check it and write ten digits."),
    "extra_forbidden": _l("This field does not exist."),
    "period": _l("The last day lies before the first. Change one of them."),
    "not_a_time": _l("“%(value)s” is not a time of day. Write it as 09:00."),
    "past": _l("%(past_on)s has passed. Choose a day that is still to come."),
    "required_choice": _l("Choose one of these."),
    "other_county": _l("That municipality lies in another county. Change one of them."),
    "local_where": _l("Choose the county that startups must be active in."),
    **account_words.FIELD_ERRORS,
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
    "round_closed": _l("This round was closed %(at)s, so nothing in it changes any more. Make a new one."),
    "round_rule_undone": _l("That was taken back %(at)s already."),
    "stale": _l("Somebody else saved this while you were writing. Compare the two texts and save again."),
    "too_many": _l("There were too many tries, from you or from your network. Try again in %(minutes)s min."),
    "feed": _l("This calendar link does not work any more. Make a new one under Calendar links."),
    "denied": _l("You may see this but not do that. Ask a broker if you think that is wrong."),
    **need_words.SENTENCES,
    **startup_words.SENTENCES,
    **testbed_words.SENTENCES,
    **account_words.SENTENCES,
    **case_words.SENTENCES,
    **pilot_words.SENTENCES,
    **handling_words.SENTENCES,
    **agreement_words.SENTENCES,
    **booking_words.SENTENCES,
    **route_words.SENTENCES,
    **outcome_words.SENTENCES,
    **spread_words.SENTENCES,
    **learning_words.SENTENCES,
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
    if name in ("low", "high") and isinstance(value, int):
        return figure(value)
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
    if typed:
        return format_decimal(value, f"0.{digits}", locale=_dates())
    return _minus(format_decimal(value, f"#,##0.{digits}", locale=_dates()))


def decimals(value: float, format: str = "0.00") -> str:
    """Return a number as `format` writes it in the reader's language; what is rounded to nought has no minus sign."""
    locale = _dates() if get_locale() else "en_GB"  # the command line speaks English
    written = format_decimal(value, format, locale=locale)
    if not any(sign in "123456789" for sign in written):
        return format_decimal(0, format, locale=locale)
    return _minus(written)


def _minus(number: str) -> str:
    """Return a number with a minus sign where it is written with a hyphen, which is shorter and may end a line."""
    return number.replace("-", "\N{MINUS SIGN}")


def quarter(day: str) -> str:
    """Return the quarter that a day lies in, in the reader's language; also one that has its name of `hub.quarters`."""
    year, number = (day if " Q" in day else quarters.name(day)).split(" Q")
    return _("Q%(number)s %(year)s", number=number, year=year)


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
    app.jinja_env.filters.update(
        day=day, decimalformat=decimals, figure=figure, moment=moment, paragraphs=paragraphs, quarter=quarter
    )
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
