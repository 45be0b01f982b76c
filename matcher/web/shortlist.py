"""What the pages show of a ranking: bars, gates as sentences, sentences with the shared words marked."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

from ..ranking.gates import Gate
from ..ranking.matches import Match, Ranking
from . import words


def part_labels() -> dict[str, str]:
    """Return the words for the parts of a score."""
    return {"semantic": _("meaning"), "lexical": _("words"), "sentence": _("best sentences")}


def bars(match: Match, ranking: Ranking) -> list[tuple[str, float, float]]:
    """Return (word, length 0..1, figure) for each part; the figures add up to the score, a negative one has no bar."""
    labels = part_labels()
    return [
        (labels[name], min(max(value, 0.0) / ranking.scale, 1.0), value)
        for name, value in match.parts.items()
        if name in labels
    ]


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


def marked(text: str, marks: list[tuple[int, int]] | list[list[int]]) -> Markup:
    """Return a sentence with <mark> around the places given."""
    parts, end = [], 0
    for start, stop in sorted((mark[0], mark[1]) for mark in marks):
        if start < end:
            continue
        parts += [escape(text[end:start]), Markup("<mark>{}</mark>").format(text[start:stop])]
        end = stop
    return Markup("").join([*parts, escape(text[end:])])


def card(match: Match, ranking: Ranking, profile: dict[str, Any], standing: dict[str, Any]) -> dict[str, Any]:
    """Return all that one row of a ranked list shows."""
    meetings = match.reasons.meetings if match.reasons else []
    return {
        "match": match,
        "profile": profile,
        "standing": standing,
        "bars": bars(match, ranking),
        "gates": gate_rows(match.gates),
        "meetings": [(marked(m.need, m.need_marks), marked(m.profile, m.profile_marks)) for m in meetings],
        "uncovered": match.reasons.uncovered if match.reasons else [],
    }
