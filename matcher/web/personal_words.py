"""The words of personal data: what each table, part and text is called for the person it is about, and the periods."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from ..hub import need_content, retention, testbeds
from ..hub.personal import ERASED_NAME, ERASED_TEXT
from . import record_words, words

GROUPS: dict[str, Any] = {
    "account": _l("Account"),
    "mail": _l("Mail to the person"),
    "record": _l("What was done, by the record"),
    "need": _l("Needs"),
    "startup": _l("Startups"),
    "testbed": _l("Testbeds"),
    "interest": _l("Interest, candidates and conflicts of interest"),
    "case": _l("Pairings"),
    "question": _l("Questions about needs"),
    "agreement": _l("Agreements"),
    "pilot": _l("Pilots"),
    "outcome": _l("What came of it"),
    "spread": _l("Spread"),
    "booking": _l("Bookings"),
    "plan": _l("Rounds, targets and learning"),
    "import": _l("Imports"),
}
TABLES: dict[str, Any] = {
    "agreement": _l("Agreement"),
    "agreement_template": _l("Template for agreements"),
    "booking": _l("Booking"),
    "booking_met": _l("Met before a booking"),
    "booking_question": _l("Question about a booking"),
    "case_holder": _l("Who holds a case"),
    "case_note": _l("Entry in a case’s log"),
    "case_task": _l("Task in a case"),
    "conflict": _l("Conflict of interest"),
    "copied_need": _l("Need copied from a pilot"),
    "dismissal": _l("Candidate put aside"),
    "doubt": _l("Doubt about a profile"),
    "feed": _l("Calendar link"),
    "feedback_round": _l("Feedback from users"),
    "identity": _l("The organisation’s account, for logging in"),
    "import_batch": _l("File sent for import"),
    "incident": _l("Incident"),
    "innovation_answer": _l("Was innovation considered?"),
    "interest": _l("Interest"),
    "learned": _l("Learned weights"),
    "link": _l("Invitation or link for a new password"),
    "merge_offer": _l("Two profiles that may be one"),
    "need": _l("Need"),
    "need_question": _l("Question about a need"),
    "need_told": _l("Told of an answer"),
    "need_version": _l("Version of a need"),
    "outcome": _l("What came of it"),
    "outcome_company": _l("What it meant for the company"),
    "pairing": _l("Pairing"),
    "pilot": _l("Pilot"),
    "prerequisite_met": _l("Met before access"),
    "reading": _l("Reading of an indicator"),
    "recovery_code": _l("Recovery code"),
    "release": _l("Text for the public"),
    "round": _l("Round"),
    "round_rule": _l("Rule of a round"),
    "route_answer": _l("Answers about the way"),
    "route_choice": _l("Way chosen"),
    "route_tick": _l("Line of a checklist"),
    "second_factor": _l("Second factor"),
    "security_incident": _l("Security incident"),
    "security_incident_change": _l("Change of a security incident"),
    "session": _l("Log-in"),
    "share": _l("Candidate shown to the owner"),
    "signature": _l("Signature"),
    "spread_consent": _l("Others may ask"),
    "spread_letter": _l("Letter to an organisation"),
    "spread_question": _l("Question about a pilot"),
    "startup": _l("Startup"),
    "state_aid": _l("Aid of minor importance"),
    "testbed": _l("Testbed"),
    "year_target": _l("Target of a year"),
}
TEXTS: dict[str, Any] = {
    "agreed_note": _l("Agreement"),
    "answer": _l("Answer"),
    "asked": _l("Question"),
    "close_note": _l("Why it was closed"),
    "comment": _l("Comment"),
    "content": _l("Text"),
    "done": _l("What was done"),
    "email": _l("E-mail"),
    "evidence": _l("What shows it"),
    "file_name": _l("File"),
    "filename": _l("File"),
    "flag_reason": _l("Reason"),
    "hidden_reason": _l("Reason"),
    "lesson": _l("What was learned"),
    "message": _l("Message"),
    "name": _l("Name"),
    "note": _l("Note"),
    "owner_text": _l("Text"),
    "question": _l("Question"),
    "reply": _l("Answer"),
    "return_comment": _l("Comment"),
    "startup_text": _l("Text"),
    "subject": _l("Subject"),
    "terms": _l("Terms"),
    "text": _l("Text"),
    "title": _l("Title"),
    "what": _l("What happened"),
    "why": _l("Why"),
}
PERIODS: dict[str, tuple[Any, Any]] = {
    "attempts": (_l("Tries to log in, as scrambled marks"), _l("Against guessing of passwords.")),
    "login_steps": (_l("Log-ins that were begun and not finished"), _l("So that you can go on with them.")),
    "sessions": (
        _l("When you logged in and were last here, and the names of browser and system"),
        _l("So that you see where you are logged in, and can be logged out everywhere."),
    ),
    "links": (
        _l("Invitations and links for a new password, after they ran out"),
        _l("To answer questions about them."),
    ),
    "feeds": (_l("Calendar links that were ended"), _l("To answer questions about them.")),
    "uploads": (_l("Files that were sent and not imported"), _l("So that the import can be gone on with.")),
    "texts": (_l("Earlier wordings that no decision rests on"), _l("So that a ranking can be made again.")),
    "backups": (
        _l("Backups; but of the last ten days with one, the last of each day stays however old it is"),
        _l("So that nothing is lost. Who is erased is erased again when one is brought back."),
    ),
    "unsent": (_l("Mail that could not be sent"), _l("So that it can be tried again.")),
    "mail": (_l("To whom mail was sent, and when; not what stood in it"), _l("So that no reminder comes twice.")),
    "contracts": (
        _l("Names under agreements, after these ended"),
        _l("Claims on an agreement lapse after ten years (Limitation Act, 1981:130)."),
    ),
}


def periods() -> list[dict[str, str]]:
    """Return the table of how long what is kept: what, how_long, why; first what has no end of its own."""
    rows = [
        (_("Your account: name, address, language, roles"), _("until it is erased"), _("So that you can take part.")),
        (
            _("What is written for an organisation, reasons for decisions, and the record of what was done"),
            _("for good; without the name once the person is erased"),
            _("A public body must be able to account for its decisions (Archives Act, 1990:782)."),
        ),
    ]
    rows += [(str(PERIODS[one.code][0]), _days(one.days), str(PERIODS[one.code][1])) for one in retention.PERIODS]
    return [dict(zip(("what", "how_long", "why"), row, strict=True)) for row in rows]


def _days(days: int) -> str:
    years = days // 365
    if years > 1:
        return ngettext("%(num)s year", "%(num)s years", years)
    return ngettext("%(num)s day", "%(num)s days", days)


def public() -> list[tuple[str, list[str]]]:
    """Return what a visitor without a log-in sees: a word for the thing, and the words for its parts."""
    shown_of = {"need": need_content.PUBLIC_FIELDS, "testbed": testbeds.PUBLIC_FIELDS}
    parts = {
        kind: [str(words.LABELS[f"{kind}_fields"][name]) for name in names if name in words.LABELS[f"{kind}_fields"]]
        for kind, names in shown_of.items()
    }
    return [
        (_("A published need"), [_("Organisation"), *parts["need"]]),
        (_("A published testbed"), [_("Organisation"), *parts["testbed"]]),
        (_("What came of a pilot, when both sides have released it"), [_("the text that both sides have released")]),
        (_("Figures"), [_("how many needs, pairings and results there are, without names")]),
    ]


def told(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of `disclosure.about` for its page: `title`, `when` (a moment or None) and `texts` (word, text)."""
    facts = row["facts"]
    when = next((value for name, value in facts.items() if name.endswith(("_at", "since")) or name == "at"), None)
    texts = [(_text(row["table"], name), _flat(text)) for name, text in row["texts"].items()]
    return {"title": _title(row), "when": when or facts.get("on_day"), "texts": [pair for pair in texts if pair[1]]}


def bundled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows (as `told` gives them, newest first) without a text, one line a title: title, count, when."""
    lines: dict[str, dict[str, Any]] = {}
    for row in rows:
        if not row["texts"]:
            line = lines.setdefault(row["title"], {"title": row["title"], "count": 0, "when": row["when"]})
            line["count"] += 1
    return list(lines.values())


def counted(rows: dict[str, int]) -> list[tuple[str, int]]:
    """Return (word for the kind of thing, how many) of tables and their rows."""
    return [(_("Record") if table == "audit" else str(TABLES[table]), number) for table, number in rows.items()]


def _title(row: dict[str, Any]) -> str:
    facts = row["facts"]
    if row["table"] == "audit":
        return record_words.action(facts["action"])
    if row["table"] == "membership":
        role = f"{words.label('roles', facts['role'])} – {facts['organisation']}"
        return _("%(role)s, taken away", role=role) if facts.get("revoked_at") else role
    if row["table"] == "outbox":
        return _("Mail")
    return str(TABLES[row["table"]])


def _text(table: str, name: str) -> str:
    group = words.LABELS.get(f"{table}_fields", {})
    return str(group.get(name) or TEXTS.get(name) or _("Text"))


def _flat(text: Any) -> str:
    """Return what people wrote in a text that has parts, part by part."""
    if isinstance(text, dict):
        return "\n\n".join(part for part in map(_flat, text.values()) if part)
    if isinstance(text, list):
        return ", ".join(part for part in map(_flat, text) if part)
    return text if isinstance(text, str) else ""


def shown(value: Any) -> Any:
    """Return what a page shows of a value: who was erased, and what was, in the reader's language."""
    if isinstance(value, str):
        if ERASED_NAME in value:
            value = value.replace(ERASED_NAME, _("Erased person"))
        if ERASED_TEXT in value:
            value = value.replace(ERASED_TEXT, _("Erased text"))
    return value


def install(app: Flask) -> None:
    """Let every page and mail say who was erased: all that a template writes goes through `shown`."""
    app.jinja_env.finalize = shown
    app.jinja_env.globals.update(personal_groups=GROUPS)
