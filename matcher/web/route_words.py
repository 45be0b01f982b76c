"""The words of a need's route: its questions and answers, kronor, and the sentences of its rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from babel.numbers import format_decimal
from flask_babel import get_locale, lazy_pgettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from ..hub.route_guide import UNKNOWN, Condition, Guide
from ..hub.route_rules import Open
from ..hub.route_settings import load
from .access import settings

_YES_NO = {"yes": _l("Yes"), "no": _l("No"), "unknown": _l("We do not know")}
LABELS: dict[str, dict[str, Any]] = {
    "route_questions": {
        "market": _l("Is it on the market already?"),
        "amount": _l("What may it cost, in kronor?"),
        "research": _l("Is research or development needed?"),
        "dialogue": _l("Do you need to talk with suppliers to know what to ask for?"),
        "buyers": _l("Are there several buyers?"),
        "testbed": _l("Is there a testbed that could host it?"),
        "service": _l("What kind of thing is it?"),
        "utility": _l("Is it bought for water, energy, transport or post?"),
    },
    "route_unknown": {  # "We do not know …"
        "market": _l("whether it is on the market already"),
        "amount": _l("the amount"),
        "research": _l("whether research or development is needed"),
        "dialogue": _l("whether you need to talk with suppliers first"),
        "buyers": _l("whether there are several buyers"),
        "testbed": _l("whether a testbed could host it"),
        "service": _l("what kind of thing it is"),
        "utility": _l("whether it is bought for water, energy, transport or post"),
    },
    "route_market": {
        "yes": _l("Yes, something there would do as it is"),
        "adapt": _l("Something is there, but it must be adapted"),
        "no": _l("No, nothing there would do"),
        "unknown": _l("We do not know"),
    },
    "route_service": {
        "ordinary": _l("Ordinary goods, an ordinary service, or works"),
        "special": _l("A social or other special service (annex 2 of the act)"),
        "exempt": _l("A service that is exempt from the act"),
        "unknown": _l("We do not know"),
    },
    "route_research": _YES_NO,
    "route_dialogue": _YES_NO,
    "route_buyers": _YES_NO,
    "route_testbed": _YES_NO,
    "route_utility": _YES_NO,
    "route_considered": {"yes": _l("Yes, it was considered"), "no": _l("No, it was not considered")},
}
HINTS: dict[str, Any] = {
    "market": _l("Something that one can buy today, from anybody."),
    "amount": _l(
        "Without VAT, for the whole purchase with extensions, like 450 000. Leave it empty if nobody knows; 0 if no "
        "money is to be paid."
    ),
    "research": _l("Is there something that nobody has made yet, or nobody knows how to make?"),
    "buyers": _l("Other municipalities, regions or authorities that would buy with you."),
    "testbed": _l("Also a ward, a school or a street of your own where it could be tried."),
    "service": _l("Care, education, meals and guarding are among the special services. Very few are exempt."),
    "utility": _l("Then other limits apply (LUF instead of LOU)."),
}
IN_SENTENCE: dict[str, Any] = {  # the answer, after "if …"
    "market=yes": _l("something on the market would do as it is"),
    "market=adapt": _l("something on the market would do once adapted"),
    "market=no": _l("nothing on the market would do"),
    "research=yes": _l("research is needed"),
    "research=no": _l("no research is needed"),
    "dialogue=yes": _l("you need to talk with suppliers first"),
    "dialogue=no": _l("you need not talk with suppliers first"),
    "buyers=yes": _l("there are several buyers"),
    "buyers=no": _l("there is only one buyer"),
    "testbed=yes": _l("a testbed could host it"),
    "testbed=no": _l("no testbed could host it"),
    "service=ordinary": _l("it is ordinary goods or an ordinary service"),
    "service=special": _l("it is a social or other special service"),
    "service=exempt": _l("it is a service that is exempt"),
    "utility=yes": _l("it is bought for water, energy, transport or post"),
    "utility=no": _l("it is not bought for water, energy, transport or post"),
}
FIELD_ERRORS: dict[str, Any] = {
    "not_kronor": _l("“%(value)s” is not an amount. Write whole kronor, like 450 000."),
}
SENTENCES: dict[str, Any] = {
    "route_stale": _l(
        "Somebody else answered these questions while you did. What is saved now stands above the form; your answers "
        "are still in it."
    ),
    "route_not_answered": _l("Answer the questions first: the choice is kept with what spoke for it."),
    "route_answered_anew": _l(
        "%(person)s answered the questions anew %(at)s, so the order may be another. Look at it again, then choose."
    ),
    "route_chosen_anew": _l("%(person)s chose another way %(at)s. Look at it, then choose again if you still want to."),
    "route_stands": _l("%(person)s chose this way %(at)s already. There is nothing more to do."),
    "route_other_way": _l("Another way has been chosen since you opened the page, and it has its own checklist."),
}


def guide() -> Guide:
    """Return the hub's list of ways, with its own files where it has some."""
    return load(settings().instance / "routes")


def way_name(code: str) -> str:
    """Return what a way is called; the code itself when it is no longer on the hub's list."""
    way = guide().way(code)
    return said(way.name) if way else code


def said(text: Mapping[str, str]) -> str:
    """Return a text of the hub's list in the reader's language."""
    return text["en" if str(get_locale()) == "en" else "sv"]


def begun(text: str) -> str:
    """Return a text with its first letter as it stands at the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def typed(kronor: int | None) -> str:
    """Return an amount as it is written into the field, its thousands parted."""
    return "" if kronor is None else format_decimal(kronor, locale="sv")


def money(kronor: int | None) -> str:
    """Return an amount of whole kronor as the reader writes it."""
    if kronor is None:
        return _("not known")
    english = str(get_locale()) == "en"
    return _("SEK %(amount)s", amount=format_decimal(kronor, locale="en_GB" if english else "sv"))


def sentence(text: Mapping[str, str], amounts: Mapping[str, int]) -> str:
    """Return a rule's sentence with its amounts; braces that it should not have stay as they are."""
    found = said(text)
    for name, value in amounts.items():
        found = found.replace(f"{{{name}}}", money(value))
    return found


def waiting(waits: Iterable[Open]) -> list[tuple[str, list[str]]]:
    """Return what would follow from what nobody knows: (how it would speak, the answers that would make it)."""
    found: dict[str, dict[str, None]] = {"for": {}, "against": {}, "stops": {}}
    for wait in waits:
        how = "stops" if wait.rule.stops else "against" if wait.rule.points < 0 else "for"
        found[how][_(" and ").join(_would(one) for one in wait.unknown)] = None
    said = {
        "for": _("It would speak for this way if:"),
        "against": _("It would speak against it if:"),
        "stops": _("This way would be closed if:"),
    }
    return [(said[how], list(answers)) for how, answers in found.items() if answers]


def _would(condition: Condition) -> str:
    if condition.question == "amount":
        if condition.high == 1:
            return _("no money is to be paid")
        if condition.high is None:
            return _("it is at least %(low)s", low=money(condition.low))
        if (condition.low or 0) <= 1:
            return _("it is under %(high)s", high=money(condition.high))
        return _("it is from %(low)s to under %(high)s", low=money(condition.low), high=money(condition.high))
    known = [one for one in condition.values if one != UNKNOWN]
    return _(" or ").join(str(IN_SENTENCE[f"{condition.question}={one}"]) for one in known)


KINDS = {"other": lazy_pgettext("way", "No procurement"), "procurement": lazy_pgettext("way", "Procurement")}
