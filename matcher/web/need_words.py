"""The words about needs: fields, statuses and reasons, hints on phrasing, and comments ready to send back."""

from __future__ import annotations

from typing import Any

from flask_babel import force_locale, lazy_pgettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ..hub.need_content import missing
from ..hub.need_hints import Hint, hints

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
}
# In the record both stand as the reason of a need.
LABELS["need_reasons"] = {**LABELS["return_reasons"], **LABELS["close_reasons"]}
SENTENCES: dict[str, Any] = {
    "need_closed": _l("The need is closed and can no longer be changed. Make a new one from it if it is needed again."),
    "need_already_submitted": _l("The need has already been sent. There is nothing more to do now."),
    "need_already_decided": _l("Somebody has already decided about this need. Look at it again."),
    "need_changed_meanwhile": _l("The text has changed since you opened the page. Read it again before you decide."),
    "need_organisation": _l("You do not act for that organisation. Choose one of your own."),
}

HINTS: dict[tuple[str, str], Any] = {
    ("effect", "solution"): _l(
        "“%(found)s” describes a solution. What should be better for the people, whatever brings it about? "
        "A described effect lets startups answer in ways you have not thought of."
    ),
    ("title", "solution"): _l("“%(found)s” names a solution. A name after the problem finds more answers."),
    ("people", "number"): _l("How many are they? Even a rough figure helps startups to see the size of the problem."),
    ("measure", "number"): _l("There is no figure here. What is it today, and what would be good enough?"),
    ("people", "short"): _l("This is short. Who are they, how many, and in what situation do they meet the problem?"),
    ("description", "short"): _l("This is short. What happens, when, how often, and what does it lead to?"),
    ("effect", "short"): _l("This is short. What would be different, and for whom?"),
    ("effect", "same"): _l("This is the same text as what happens today. Describe how it should be instead."),
}
PERSON = _l(
    "“%(found)s” looks like a person's details. This text becomes public: take out names, numbers and addresses."
)

# A comment that a broker can send as it is, in the language of the need.
RETURN_TEXTS: dict[str, Any] = {
    "describe_problem": _l(
        "Thank you for your need. Startups do not yet see what the problem is. Please describe what happens today: "
        "who it concerns, how often, and what it leads to."
    ),
    "describe_effect": _l(
        "Thank you for your need. Please describe the effect you want: what should be better, and for whom? "
        "Leave open how it is brought about."
    ),
    "no_solution": _l(
        "Thank you for your need. The text describes a finished solution. Please describe the problem and the effect "
        "you want instead, so that startups with other ideas can answer too."
    ),
    "measure": _l(
        "Thank you for your need. Please say how you would know that it worked: what can be counted or asked, "
        "and how is it today?"
    ),
    "too_wide": _l(
        "Thank you for your need. It holds several needs in one. Please choose the most important one and make "
        "the others needs of their own: each will then find better answers."
    ),
    "duplicate": _l(
        "Thank you for your need. There is already a need like this. Please look at it and tell us "
        "whether you want to join it or go on with your own."
    ),
    "other": "",
}
_REASON_OF_GAP = {
    "people": "describe_problem",
    "description": "describe_problem",
    "effect": "describe_effect",
    "measure": "measure",
}


def hint_text(hint: Hint) -> str:
    """Return the sentence of a hint in the reader's language."""
    known = PERSON if hint.code == "person" else HINTS.get((hint.field, hint.code))
    return str(known) % {"found": hint.found} if known else ""


def marked(need: dict[str, Any]) -> dict[str, list[str]]:
    """Return for each field what is remarkable about it: what is missing first, then the hints."""
    found: dict[str, list[str]] = {name: [_("Nothing is written here yet.")] for name in missing(need)}
    for hint in hints(need):
        found.setdefault(hint.field, []).append(hint_text(hint))
    return found


def likely_reason(need: dict[str, Any]) -> str:
    """Return the reason for which this need would most likely go back."""
    gaps = missing(need)
    if not gaps and any(hint.code == "solution" for hint in hints(need)):
        return "no_solution"
    gaps = gaps or [hint.field for hint in hints(need)]
    return next((_REASON_OF_GAP[name] for name in gaps if name in _REASON_OF_GAP), "other")


def return_text(reason: str, language: str) -> str:
    """Return the ready-made comment for a reason, in the language of the need (Swedish unless it is English)."""
    with force_locale("en" if language == "en" else "sv"):
        return str(RETURN_TEXTS.get(reason, ""))
