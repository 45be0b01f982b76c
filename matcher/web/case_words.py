"""The words of a case from interest to access: stages, reasons, steps, and what stands in the way of one."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from . import agreement_words, handling_words, outcome_words, pilot_words, spread_words

STAGES = {
    "proposed": _l("Proposed, awaits answers"),
    "expired": _l("Not answered in time"),
    "accepted": _l("Accepted by both"),
    "confirmed": _l("Confirmed"),
    "finished": _l("The test is over"),
    "ended": _l("Ended early"),
    "declined": _l("Declined"),
}
STAGE_KINDS = {
    "proposed": "info",
    "expired": "warning",
    "accepted": "warning",
    "confirmed": "success",
    "finished": "neutral",
    "ended": "danger",
    "declined": "danger",
}
SIDES = {
    "owner": _l("the owner of the need"),
    "startup": _l("the startup"),
    "host": _l("the testbed"),
    "broker": _l("the broker"),
}
REASONS = {
    "no_fit": _l("It does not meet the need closely enough"),
    "gate": _l("A condition of the need is not met"),
    "readiness": _l("The solution is not ready enough yet"),
    "unclear": _l("It is not clear what would be done about the need"),
    "not_now": _l("The time is not right"),
    "no_capacity": _l("There is no capacity for it now"),
    "budget": _l("There is no money for it"),
    "terms": _l("The terms do not suit"),
    "have_solution": _l("There is a solution or a supplier already"),
    "known": _l("The owner knows them already"),
    "too_generic": _l("The profile is too general"),
    "other_chosen": _l("Another startup was chosen"),
    "no_answer": _l("Not everybody answered in time"),
    "no_place": _l("No testbed has a free place that suits"),
    "need_changed": _l("The need has changed"),
    "need_closed": _l("The need was closed"),
    "conflict": _l("There is a conflict of interest"),
    "completed": _l("The test is completed"),
    "no_effect": _l("It did not have the effect that was wanted"),
    "owner_unable": _l("The owner of the need cannot go on"),
    "startup_unable": _l("The startup cannot go on"),
    "host_unable": _l("The testbed cannot go on"),
    "agreement": _l("No agreement was reached"),
    "safety": _l("It was not safe to go on"),
    "other": _l("Other, as written below"),
}
INTEREST = {
    "waiting": _l("Awaits an answer"),
    "late": _l("Awaits an answer, past the promised day"),
    "proposed": _l("Led to a proposal"),
    "declined": _l("Answered with no"),
    "withdrawn": _l("Withdrawn"),
}
ACTIONS = {
    "pairing.propose": _l("Proposed"),
    "pairing.accept": _l("Accepted"),
    "pairing.extend": _l("The day to answer by was moved"),
    "pairing.decline": _l("Declined"),
    "pairing.confirm": _l("Confirmed: a place was taken"),
    "pairing.end": _l("Ended"),
    "pairing.company_hidden": _l("The company’s profile was hidden"),
    "pairing.company_shown": _l("The company’s profile is shown again"),
    "pairing.company_renamed": _l("The company changed its name. Before:"),
    "pairing.company_renumbered": _l("The company changed its organisation number. Before:"),
    "pairing.company_merged": _l("The company’s profile was merged with another. Before:"),
    "pairing.company_parted": _l("A merge of the company’s profile was taken back. Before:"),
    **agreement_words.ACTIONS,
    **handling_words.ACTIONS,
    **outcome_words.ACTIONS,
    **spread_words.ACTIONS,
    **pilot_words.ACTIONS,
}
NEXT = {
    "answer": _l("The owner of the need and the startup both answer. After two yes the broker books a place."),
    "answer_owner": _l("The owner of the need answers; the startup has said yes. After that the broker books a place."),
    "answer_startup": _l("The startup answers; the owner of the need has said yes. Then the broker books a place."),
    "extend_or_close": _l("The day to answer by has passed. The broker gives more time or closes the case."),
    "confirm": _l("Both have said yes. The broker agrees on days with a testbed and confirms the place."),
    "start": _l("The place is booked. The startup and the testbed prepare, and the test starts."),
    "agree": _l("The place is booked. The broker writes the agreement and sends it to those who sign."),
    "sign": _l("The agreement is signed. When all have signed, the place may be used."),
    "prerequisites": _l("The agreement is in force. What the testbed asks for is put in place and noted."),
    "pilot": _l("The facts of the pilot are written, and it is started."),
    "decide": _l("The pilot is over. The owner of the need decides what becomes of it."),
    "halted": _l("The pilot is stopped. The owner of the need or a broker says what was done, and it goes on."),
    "finish": _l("The test is going on. On its last day the place becomes free again."),
    "close_case": _l("The test is over. The broker closes the case."),
    "over": _l("Nothing more happens in this case."),
}
KNOWN_BEFORE = {"yes": _l("Yes, we knew them"), "no": _l("No, they are new to us")}
_DISMISS = ("no_fit", "gate", "readiness", "known", "too_generic", "other_chosen", "conflict", "other")

LABELS: dict[str, dict[str, Any]] = {
    "pairing_status": STAGES,
    "sides": SIDES,
    "reasons": REASONS,
    "dismiss_reasons": {code: REASONS[code] for code in _DISMISS},
    "interest_status": INTEREST,
    "pairing_actions": ACTIONS,
    "next_steps": NEXT,
    "known_before": KNOWN_BEFORE,
}
FIELD_ERRORS: dict[str, Any] = {
    "required_testbed": _l("Choose a testbed that is free on these days. Nothing is booked yet."),
    "required_day": _l("Choose a day, written as 2027-03-31."),
    "required_other": _l("Write what the reason is: the other side will read it."),
    "required_other_brokers": _l("Write what the reason is. Only the brokers read it."),
    "period_begun": _l("The first day has already passed. Choose today, %(today_on)s, or a later one."),
    "period_over": _l("The last day has already passed. Choose a later one."),
    "period_long": _l("The period is too long: at most %(years)s years. Choose an earlier last day."),
}
SENTENCES: dict[str, Any] = {
    "own_need": _l("The need and the startup belong to the same organisation. Choose another need."),
    "need_not_open": _l("“%(need)s” is not published any more, so this cannot be done now."),
    "need_expired": _l("“%(need)s” was valid until %(valid_until)s. Its owner can give it a new last day."),
    "startup_not_live": _l("The profile of %(startup)s is not published now. Ask them to publish it, then try again."),
    "pairing_exists": _l("The two are already being paired: %(person)s proposed it %(at)s. Go on with that case."),
    "pairing_of_company": _l(
        "%(startup)s, a profile of the same company, is already being paired with this need: %(person)s proposed it "
        "%(at)s. Go on with that case. Another profile can be proposed when it has been declined or has ended."
    ),
    "pairing_accepted": _l("This side has already said yes: %(person)s did so %(at)s. There is nothing more to do."),
    "pairing_both_accepted": _l("Both sides have answered, the last one %(at)s. Confirm a place, or decline."),
    "pairing_expired": _l("The last day to answer was %(answer_by)s. Ask %(person)s for more time."),
    "pairing_declined": _l("%(person)s declined this case %(at)s. Your step was not taken."),
    "pairing_ended": _l("%(person)s ended this case %(at)s. Your step was not taken."),
    "pairing_confirmed": _l(
        "%(person)s confirmed this case %(at)s, for %(testbed)s from %(starts_on)s to %(ends_on)s. "
        "Your step was not taken."
    ),
    "pairing_not_accepted": _l("Both sides must say yes first. They have until %(answer_by)s."),
    "pairing_not_confirmed": _l("There is no place to end yet. Decline the case instead."),
    "testbed_full": _l(
        "%(testbed)s has no free place on every day from %(starts_on)s to %(ends_on)s; it has %(places)s in all. "
        "Choose other days or another testbed."
    ),
    "testbed_closed": _l("%(testbed)s is closed from %(starts_on)s to %(ends_on)s. Choose days outside that period."),
    "testbed_withdrawn": _l("%(testbed)s no longer takes tests. Choose another testbed."),
    "startup_full": _l("%(startup)s takes %(limit)s tests at once and is full in that period. Choose other days."),
    "conflict_declared": _l(
        "A conflict of interest stands between the two: %(person)s declared it %(at)s. "
        "A broker can lift it when it no longer holds."
    ),
    "conflict_lifted": _l("%(person)s lifted this conflict of interest %(at)s already."),
    "interest_exists": _l("You have already shown interest in this need, %(at)s. The answer is on its way."),
    "interest_often": _l("You have shown interest in this need %(most)s times in a day. Wait until tomorrow."),
    "interest_answered": _l("You have had an answer about this need, %(at)s. Ask the broker if something has changed."),
    "interest_withdrawn": _l("The interest was withdrawn %(at)s, so it needs no answer."),
    "interest_was_proposed": _l("%(person)s answered with a proposal %(at)s. Go on with that case."),
    "interest_was_declined": _l("%(person)s answered with no %(at)s. Your step was not taken."),
    "share_exists": _l("The owner was shown this startup %(at)s already."),
    "share_withdrawn": _l("The broker took this candidate back %(at)s. Your comment was not saved."),
    "dismissed": _l("%(person)s dismissed this startup for the need %(at)s already."),
    "dismissal_undone": _l("The dismissal was taken back %(at)s already."),
}
