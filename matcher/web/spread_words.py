"""The words of spread: who uses a solution, copies, questions, letters, and why a stopped case stands there again."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

ACTIONS: dict[str, Any] = {
    "spread.open": _l("Others may ask about it"),
    "spread.close": _l("Others may no longer ask about it"),
    "spread.ask": _l("A question was asked by somebody elsewhere"),
    "spread.copy": _l("The pilot was copied into a new need"),
    "spread.letter": _l("Another organisation was told of the solution"),
}
LABELS: dict[str, dict[str, Any]] = {
    "spread_use": {"yes": _l("In use"), "partly": _l("Partly in use")},
    "lapsed": {
        "room": _l("The startup has room for a test now; it was full then."),
        "time": _l("“Not now” was said more than six months ago."),
        "readiness": _l("The startup has changed its readiness level since, and now meets what the need asks for."),
        "budget": _l("The need’s budget has been changed since."),
        "new_year": _l("It stopped for lack of money, and a new budget year has begun."),
        "silence": _l("Somebody did not answer; more than six months have passed."),
        "place": _l("A place was missing; more than three months have passed."),
    },
    "stopped_how": {
        "declined": _l("Declined"),
        "ended": _l("Ended"),
        "stopped": _l("Tried and stopped"),
    },
    "said_why": {
        "copied": _l("Has copied the pilot of somebody who uses it."),
        "met": _l("Has met this startup about the need before."),
    },
}
FIELD_ERRORS: dict[str, Any] = {
    "again_needed": _l("Say that you know, or wait. Nothing has been sent."),
}
SENTENCES: dict[str, Any] = {
    "copied_before": _l(
        "This organisation has an open copy already, “%(title)s”, made by %(person)s %(at)s. Go on with that one."
    ),
    "asking_early": _l("Others can ask once a place has been booked in the case."),
    "asking_open": _l("It has been said already that others may ask."),
    "asking_closed": _l("It is not open for questions now, so there is nothing to take back."),
    "asking_often": _l("You have sent %(most)s questions today. Wait until tomorrow. Your text is still in the form."),
    "asking_nobody": _l("Nobody is there to read the question now. Ask the hub instead."),
    "letter_recent": _l(
        "%(person)s wrote to this organisation %(at)s, about %(startup)s. Nothing was sent now. "
        "If you write again, say below that you know."
    ),
    "letter_nobody": _l("Nobody at this organisation has an account here, so there is no one to write to."),
    "letter_uses": _l("This organisation uses the solution already, so there is nothing to tell."),
}
