"""The words of the log of security incidents, and the text of each report."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

LABELS: dict[str, dict[str, Any]] = {
    "security_fields": {
        "title": _l("What happened, in one line"),
        "noticed_on": _l("Day it was noticed"),
        "noticed_time": _l("Time of day"),
        "effects": _l("What was hit"),
        "malicious": _l("Did somebody mean harm?"),
        "cross_border": _l("May it concern other countries?"),
        "personal": _l("Are personal data concerned?"),
        "people": _l("About how many people"),
        "what": _l("What happened, step by step"),
        "whose": _l("Whose data, and which"),
        "consequences": _l("Consequences, so far and likely"),
        "measures": _l("What was done, and what will be"),
        "cause": _l("Cause, when it is known"),
        "contact": _l("Who answers questions, day and night"),
    },
    "security_effects": {
        "confidentiality": _l("Somebody could read what they should not"),
        "integrity": _l("Something was changed or lost"),
        "availability": _l("The service was away"),
    },
    "security_answers": {"yes": _l("Yes"), "no": _l("No"), "unknown": _l("Not known yet")},
    "security_reports": {
        "early": _l("Early warning, within 24 hours"),
        "notice": _l("Incident report, within 72 hours"),
        "privacy": _l("Personal data breach, within 72 hours"),
        "final": _l("Final report, within a month"),
    },
}
FIELD_ERRORS: dict[str, Any] = {"in_future": _l("That moment has not come yet. Check the day and the time.")}
SENTENCES: dict[str, Any] = {
    "report_sent": _l("That report is noted as sent already."),
    "incident_closed": _l("The incident was closed %(at)s and takes no change. Open it again first."),
}
ACTIONS: dict[str, Any] = {
    "security.begin": _l("Security incident logged"),
    "security.save": _l("Security incident written on"),
    "security.sent": _l("Report of a security incident noted as sent"),
    "security.close": _l("Security incident closed"),
    "security.reopen": _l("Security incident opened again"),
}
_NOTICED = ("noticed_on", "noticed_time")  # read as one moment
# What each report asks for: article 23.4 of directive (EU) 2022/2555, and article 33.3 of the GDPR.
_BASICS = ("title", "noticed", "effects")
_COURSE = ("what", "consequences", "measures", "contact")
ASKED = {
    "early": ("title", "noticed", "malicious", "cross_border", "what", "contact"),
    "notice": (*_BASICS, "malicious", "cross_border", *_COURSE),
    "privacy": (*_BASICS, "people", "whose", *_COURSE),
    "final": (*_BASICS, "malicious", "cross_border", "people", "whose", "cause", *_COURSE),
}


def label(group: str, code: str) -> str:
    """Return a word of one group."""
    return str(LABELS[group][code])


def told(row: dict[str, Any], name: str, moment: Any) -> str:
    """Return what is known of one thing, as a reader reads it; `moment` writes a stored moment."""
    if name == "noticed":
        return str(moment(row["noticed_at"]))
    if name == "effects":
        return ", ".join(label("security_effects", code) for code in row["effects"])
    if name in ("malicious", "cross_border", "personal"):
        return label("security_answers", row[name])
    return "" if row[name] is None else str(row[name])


def known(row: dict[str, Any], moment: Any) -> list[tuple[str, str]]:
    """Return (term, text) of what is known, for reading."""
    names = ("title", "noticed", *LABELS["security_fields"])
    return [(term(name), told(row, name, moment)) for name in dict.fromkeys(names) if name not in _NOTICED]


def earlier(change: dict[str, Any], moment: Any) -> list[tuple[str, str]]:
    """Return (term, text) of what stood before a change."""
    before = change["before"]
    names = ["noticed" if name == "noticed_at" else name for name in before]
    return [(term(name), told(before, name, moment)) for name in names]


def term(name: str) -> str:
    """Return the word for a field, the moment of noticing as one of them."""
    return _("Noticed") if name == "noticed" else label("security_fields", name)


def report_text(row: dict[str, Any], report: str, hub: str, moment: Any) -> str:
    """Return a report as plain text: what it asks for, as far as it is known."""
    lines = [label("security_reports", report), hub, ""]
    for name in ASKED[report]:
        lines += [term(name), told(row, name, moment) or _("Not known yet"), ""]
    return "\n".join(lines)
