"""The words of what came of a case: answers, how far it came, what the public reads, and what stands in the way."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

LABELS: dict[str, dict[str, Any]] = {
    "in_use": {
        "yes": _l("Yes, it is in use"),
        "partly": _l("Partly, or only in some places"),
        "no": _l("No, it is not in use"),
    },
    "in_use_short": {"yes": _l("In use"), "partly": _l("Partly in use"), "no": _l("Not in use")},
    "value_kinds": {
        "economic": _l("Economic value"),
        "social": _l("Social value"),
        "functional": _l("Functional value"),
        "environmental": _l("Environmental value"),
    },
    "value_help": {
        "economic": _l("Money saved or earned, costs that did not come."),
        "social": _l("Safety, health, equality, a better day for people."),
        "functional": _l("Quicker, simpler, fewer mistakes, better quality."),
        "environmental": _l("Less energy, fewer journeys, less waste, less emission."),
    },
    "levels": {"none": _l("No value"), "some": _l("Some value"), "large": _l("Large value")},
    "case_stages": {
        "confirmed": _l("Confirmed"),
        "agreement": _l("Agreement signed"),
        "pilot": _l("Tried"),
        "decided": _l("Decision taken"),
        "in_use": _l("In use"),
    },
    "case_decisions": {
        "adopt": _l("Adopt"),
        "adapt": _l("Adapt"),
        "retest": _l("Test again"),
        "stop": _l("Stopped, learned"),
    },
    "yes_no": {"yes": _l("Yes"), "no": _l("No")},
    "outcome_fields": {
        "in_use": _l("In use today"),
        "why_not": _l("Why not?"),
        "used_by": _l("Used by how many"),
        "used_by_whom": _l("Who they are"),
        "spread": _l("Where it has spread"),
        "economic": _l("Economic value"),
        "economic_note": _l("Economic value, in a line"),
        "social": _l("Social value"),
        "social_note": _l("Social value, in a line"),
        "functional": _l("Functional value"),
        "functional_note": _l("Functional value, in a line"),
        "environmental": _l("Environmental value"),
        "environmental_note": _l("Environmental value, in a line"),
        "perspectives": _l("Perspectives of the region’s strategy"),
        "hours": _l("Hours a week"),
        "work": _l("How the work has changed"),
        "jobs": _l("People working at the company"),
        "customers": _l("Customers"),
        "title": _l("Heading"),
        "language": _l("Language of the text"),
        "owner_text": _l("Your summary"),
        "startup_text": _l("Your summary"),
    },
}
FIELD_ERRORS: dict[str, Any] = {
    "required_why_not": _l("Write in a line why it is not wholly in use: that is what others learn most from."),
    "used_by_nobody": _l("You said that it is not in use. Take the number away, or change the first answer."),
    "too_many_names": _l("At most %(limit)s organisations fit. Keep the most important ones."),
    "name_long": _l("One of the lines is longer than %(limit)s characters. Write one organisation on each line."),
    "required_number": _l("Write a whole number; 0 is also an answer."),
}
SENTENCES: dict[str, Any] = {
    "outcome_answered": _l(
        "%(person)s answered this %(at)s already, and that answer stands. What you sent was not saved. "
        "Log in and open the case to correct it."
    ),
    "outcome_gone": _l("The answer that you wanted to correct is not there. Look at the outcome again."),
    "outcome_not_due": _l("This form is not due now. The case tells when the next one is."),
    "outcome_closed": _l("This form was open for a year and is closed now. Ask the broker if something has changed."),
    "release_unwritten": _l("A summary is still to be written: %(names)s. After that both can say yes."),
    "release_changed": _l("The text was changed since you read it. Read it again before you say yes."),
    "release_agreed": _l("%(person)s said yes for this side already, %(at)s."),
    "release_not_agreed": _l("There is no yes of this side to take back."),
    "release_public": _l("Both sides have said yes already, and the case is public."),
}
ACTIONS: dict[str, Any] = {
    "outcome.answer": _l("Answered whether it is in use"),
    "outcome.company": _l("The company’s two numbers given"),
    "outcome.correct": _l("Answer corrected"),
    "release.write": _l("Text for the public page written"),
    "release.agree": _l("Yes to the public page"),
    "release.public": _l("The case became public"),
    "release.take_back": _l("Yes to the public page taken back"),
    "release.ask": _l("Asked for a public page"),
}
