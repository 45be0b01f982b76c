"""What the pages show of a ranking: bars, gates as sentences, sentences with the shared words marked."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape

from ..ranking import fit
from ..ranking.gates import Gate
from ..ranking.matches import Match, Ranking
from . import words

WEAK = 0.5  # a score that few matches worth a call stay under


def page_number() -> int:
    """Return the page that the address asks for; anything that is no page is the first."""
    given = request.args.get("page", "")
    return int(given) if given.isdecimal() and len(given) < 5 and int(given) else 1


def bars(match: Match, ranking: Ranking) -> list[tuple[str, float, float]]:
    """Return (word, length 0..1, figure) for each part; the figures add up to the score, a negative one has no bar.

    Whole texts and sentences are both about meaning: one bar. A weak list has short bars: the longest stands for the
    best score of the list, but for no less than WEAK.
    """
    parts = match.parts
    shown = [(_("meaning"), parts["semantic"] + parts.get("sentence", 0.0)), (_("words"), parts["lexical"])]
    scale = max(ranking.best, WEAK)
    return [(word, min(max(value, 0.0) / scale, 1.0), value) for word, value in shown]


def gate_rows(gates: list[Gate]) -> list[tuple[bool | None, str, str]]:
    """Return (False | None, name, sentence) for each gate that failed or is unknown, as the gates macro wants it."""
    return [(None if gate.state == "unknown" else False, *gate_words(gate)) for gate in gates]


def gate_words(gate: Gate) -> tuple[str, str]:
    """Return the name of a condition and the sentence that says what is wrong or unknown."""
    given = gate.params
    unknown = gate.state == "unknown"
    if gate.code == "region":
        where = ", ".join(words.county(code) for code in given.get("regions", []))
        text = _("the need has no county") if unknown else _("works in %(where)s only", where=where)
        return _("Region"), text
    if gate.code == "readiness":
        wanted, stated = given["wanted"], given["stated"]
        if unknown:
            return _("Readiness"), _("not stated; the need asks for %(wanted)s", wanted=wanted)
        return _("Readiness"), _("level %(stated)s; the need asks for %(wanted)s", stated=stated, wanted=wanted)
    if gate.code == "language":
        wanted = ", ".join(words.label("languages", code) for code in given["wanted"])
        if unknown:
            return _("Language"), _("not stated; the need asks for %(wanted)s", wanted=wanted)
        return _("Language"), _("the need asks for %(wanted)s", wanted=wanted)
    if gate.code == "capacity":
        if unknown:
            return _("Capacity"), _("not stated")
        return _("Capacity"), _("%(running)s of %(capacity)s tests are running", **given)
    if gate.code == "expired":
        return _("Time"), _("the need was valid until %(day)s", day=words.day(given["valid_until"]))
    if gate.code == "hidden":
        return _("Hidden"), given.get("reason") or _("by a broker")
    return _("Conflict of interest"), "; ".join(given.get("conflicts", [])) or _("declared")


def wish_rows(wishes: list[fit.Wish]) -> list[tuple[bool | str | None, str, str]]:
    """Return (True | "part" | False | None, name, sentence) for each thing that the startup seeks."""
    states: dict[str, bool | str | None] = {"met": True, "part": "part", "unmet": False, "unknown": None}
    return [(states[wish.state], *_wish_words(wish)) for wish in wishes]


def _wish_words(wish: fit.Wish) -> tuple[str, str]:
    given, unknown = wish.params, wish.state == "unknown"
    if wish.code == "intent":
        aim = words.label("seeks", given["aim"])
        if wish.state == "part":
            return aim, _("nobody is named who would run it afterwards")
        return aim, _("the need offers it")
    if wish.code == "region":
        return _("Region"), _("the need has no county") if unknown else words.county(given["county"] or "")
    if wish.code == "budget":
        return _("Budget"), words.label("budgets", given["budget"] or "unknown")
    if wish.code == "capacity":
        free = given["free"]
        return _("Capacity"), ngettext("room for %(num)s test more", "room for %(num)s tests more", free)
    if wish.code == "testbed":
        met = wish.state == "met"
        return _("Testbed"), _("the need brings one") if met else _("chosen when the pairing is confirmed")
    day = words.day(given["wanted_by"])
    if wish.state == "met":
        return _("Time"), _("wanted by %(day)s", day=day)
    return _("Time"), _("wanted by %(day)s, soon for a product that is not finished", day=day)


def marked(text: str, marks: list[tuple[int, int]] | list[list[int]]) -> Markup:
    """Return a sentence with <mark> around the places given."""
    parts, end = [], 0
    for start, stop in sorted((mark[0], mark[1]) for mark in marks):
        if start < end:
            continue
        parts += [escape(text[end:start]), Markup("<mark>{}</mark>").format(text[start:stop])]
        end = stop
    return Markup("").join([*parts, escape(text[end:])])


def cards(
    matches: list[Match], ranking: Ranking, profiles: dict[str, Any], said: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return what the rows of a ranked list show; what was deleted a moment ago is left out."""
    return [
        card(match, ranking, profiles[match.id], said.get(match.id, {})) for match in matches if match.id in profiles
    ]


def card(match: Match, ranking: Ranking, profile: dict[str, Any], standing: dict[str, Any]) -> dict[str, Any]:
    """Return all that one row of a ranked list shows; `offer` is empty where the first pair of sentences says it."""
    meetings = match.reasons.meetings if match.reasons else []
    offer = profile.get("description") or profile.get("problem") or ""
    return {
        "match": match,
        "profile": profile,
        "standing": standing,
        "offer": "" if meetings and meetings[0].profile in offer else offer,
        "bars": bars(match, ranking),
        "gates": gate_rows(match.gates),
        "wishes": wish_rows(match.wishes),
        "sought": fit.share(match.wishes),
        "meetings": [(marked(m.need, m.need_marks), marked(m.profile, m.profile_marks)) for m in meetings],
        "uncovered": match.reasons.uncovered if match.reasons else [],
    }
