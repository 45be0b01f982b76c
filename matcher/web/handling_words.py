"""The words of handling a case: who holds it, its log and hours, its checklists, the board, and questions on a need."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

NOTE_KINDS = {
    "log": _l("Note"),
    "meeting": _l("Meeting"),
    "call": _l("Call"),
    "support": _l("Support"),
}
NOTE_VISIBLE = {
    "all": _l("Everybody in the case"),
    "brokers": _l("Brokers only"),
}
BOARD_STAGES = {
    "proposed": _l("Proposed"),
    "accepted": _l("Accepted by both"),
    "agreement": _l("Agreement"),
    "access": _l("Access"),
    "pilot": _l("Pilot"),
    "decision": _l("Decision"),
    "follow_up": _l("Follow-up"),
    "ended": _l("Ended"),
}
# What is next, short enough for a card.
BOARD_STEPS = {
    "answer": _l("Answer the proposal"),
    "answer_owner": _l("Answer the proposal"),
    "answer_startup": _l("Answer the proposal"),
    "extend_or_close": _l("Give more time, or close the case"),
    "confirm": _l("Book a place"),
    "agree": _l("Write the agreement"),
    "sign": _l("Sign the agreement"),
    "prerequisites": _l("Meet what the testbed asks for"),
    "pilot": _l("Settle the facts and start the pilot"),
    "halted": _l("Stopped: say what was done"),
    "finish": _l("Test until the last day"),
    "decide": _l("Decide what becomes of the pilot"),
    "follow": _l("Answer what came of it"),
    "close_case": _l("Close the case"),
}
TOLD_WHY = {
    "asker": _l("Asked the question"),
    "case": _l("A case"),
    "interest": _l("An interest"),
    "share": _l("A profile shown to the owner"),
}
PHASES = {
    "procurement": _l("Before procurement"),
    "development": _l("Development and test"),
}
FIELDS = {
    "phase": _l("Phase"),
    "task": _l("What is to be done"),
    "task_why": _l("Why"),
    "due_on": _l("To be done by"),
    "kind": _l("Kind of entry"),
    "text": _l("What was said or done"),
    "hours": _l("Time spent"),
    "on_day": _l("Day"),
    "visible": _l("Who reads it"),
    "holder_id": _l("Who holds the case"),
    "substitute_id": _l("Substitute"),
}
LABELS: dict[str, dict[str, Any]] = {
    "handling_fields": FIELDS,
    "note_kinds": NOTE_KINDS,
    "note_visible": NOTE_VISIBLE,
    "phases": PHASES,
    "told_why": TOLD_WHY,
    "board_stages": BOARD_STAGES,
    "board_steps": BOARD_STEPS,
}
ACTIONS = {
    "case.holder": _l("The case got a holder or a substitute"),
    "case.note": _l("Something was written in the log"),
    "case.checklist": _l("A checklist was put to use"),
    "case.task": _l("A line was added to a checklist"),
    "case.task_day": _l("A line of a checklist got another day"),
    "case.task_removed": _l("A line of a checklist was taken away"),
    "case.tick": _l("Lines of a checklist were ticked"),
    "case.untick": _l("Ticks of a checklist were taken back"),
    "case.strike": _l("An entry of the log was struck out"),
}
FIELD_ERRORS: dict[str, Any] = {
    "not_hours": _l("“%(value)s” is not a time in hours. Write it as 1, 1,5 or 1:30; at most %(most)s hours."),
    "not_yet": _l("%(value)s is still to come. Choose today or an earlier day."),
    "required_broker": _l("Choose one of the hub’s brokers."),
    "same_broker": _l("The substitute is somebody other than who holds the case. Choose another, or nobody."),
}
SENTENCES: dict[str, Any] = {
    "tasks_full": _l("A case holds at most %(most)s lines. Take away those it does not need."),
    "questions_full": _l("%(most)s questions of yours await an answer. Wait for those first."),
    "question_answered": _l("%(person)s answered this question %(at)s already. Your text was not sent."),
    "note_struck": _l("The entry was struck out %(at)s already."),
}


def hours(minutes: int) -> str:
    """Return so many minutes as hours and minutes, in the reader's language."""
    whole, rest = divmod(minutes, 60)
    said = [ngettext("%(num)s hour", "%(num)s hours", whole)] if whole or not rest else []
    return " ".join([*said, *([_("%(num)s min", num=rest)] if rest else [])])


def told(action: str, detail: dict[str, Any]) -> str:
    """Return what a row of a case's history tells of how it is handled; empty when its title says it all."""
    if action == "case.holder":
        named = [_("Holder: %(name)s", name=detail["holder"])]
        return " · ".join(
            [*named, *([_("Substitute: %(name)s", name=detail["substitute"])] if detail["substitute"] else [])]
        )
    if action == "case.note":
        return " · ".join(
            [
                str(NOTE_KINDS.get(detail["entry"], detail["entry"])),
                *([hours(detail["spent"])] if detail["spent"] else []),
            ]
        )
    return str(PHASES.get(detail["phase"], "")) if detail.get("phase") else ""
