"""The words about startups: their fields and what helps to fill them in, readiness, doubts, and merged profiles."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

LABELS: dict[str, dict[str, Any]] = {
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
    "seeks": {
        "test": _l("Test"),
        "sell": _l("Sell"),
        "codevelop": _l("Develop together"),
        "license": _l("License"),
    },
    "doubts": {
        "alike": _l("Nearly the same as another profile"),
        "copied": _l("Words of a published need"),
        "hidden": _l("Characters that nobody sees"),
        "named": _l("The name of another company"),
        "repeated": _l("The same said again"),
        "themes": _l("More than half of all themes ticked"),
    },
}
SENTENCES: dict[str, Any] = {
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
}
