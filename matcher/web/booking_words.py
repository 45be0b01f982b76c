"""The words of bookings: stages, what comes next, reasons, and what stands in the way of one."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

STAGES = {
    "requested": _l("Asked for, awaits the host"),
    "asked": _l("The host has a question"),
    "waiting": _l("On the waiting list"),
    "approved": _l("Booked"),
    "used": _l("Became the place of a case"),
    "finished": _l("The days have passed"),
    "declined": _l("Declined by the host"),
    "withdrawn": _l("Request taken back"),
    "lapsed": _l("Never answered"),
    "cancelled": _l("Cancelled"),
    "ended": _l("Ended with its case"),
}
STAGE_KINDS = {
    "requested": "info",
    "asked": "warning",
    "waiting": "warning",
    "approved": "success",
    "used": "success",
    "finished": "neutral",
    "declined": "danger",
    "withdrawn": "neutral",
    "lapsed": "danger",
    "cancelled": "danger",
    "ended": "neutral",
}
LABELS: dict[str, dict[str, Any]] = {
    "booking_status": STAGES,
    "booking_fields": {
        "whose": _l("Who asks, and for what"),
        "title": _l("What is to be tried"),
        "starts_on": _l("First day"),
        "ends_on": _l("Last day"),
        "benefit_operation": _l("What the operation gains"),
        "benefit_users": _l("What users or patients gain"),
        "staff_hours": _l("Hours of the host's staff a week"),
        "message": _l("Anything else the host should know"),
        "question": _l("Your question"),
        "reply": _l("Your answer"),
        "operation_score": _l("Benefit to the operation, 1 to 5"),
        "users_score": _l("Benefit to users or patients, 1 to 5"),
        "agreed_until": _l("Last day of the agreement"),
        "agreed_note": _l("Where the signed paper is kept"),
        "reason": _l("Reason"),
        "note": _l("In your own words"),
        "manage": _l("We manage the work anyway"),
    },
    "booking_steps": {
        "answer": _l("The host answers: yes, no, a question, or the waiting list."),
        "reply": _l("Whoever asked answers the host's question. The host's promised time stands still meanwhile."),
        "room": _l("There is room on these days now. The host says yes or no."),
        "wait": _l("Nothing is free on these days. Both are told as soon as a place becomes free."),
        "line": _l(
            "What is free on these days is for those who stand before in the line. Both are told when it is free."
        ),
        "no_testbed": _l(
            "The testbed has been withdrawn, so no place can be promised. Take the request back and ask at another "
            "testbed, unless the host publishes it again."
        ),
        "prerequisite": _l("Something that the testbed asks for is not met. The place may not be used until it is."),
        "agreement": _l("An agreement is signed, and the host or a broker notes it here."),
        "start": _l("The place is booked. The test begins on its first day."),
        "finish": _l("The place may be used."),
        "closed": _l("The testbed is closed today. On the days when it is open, the place may be used."),
        "over": _l("Nothing more. The booking is kept as it was."),
    },
    "booking_sides": {"asker": _l("whoever asked"), "host": _l("the host"), "broker": _l("the hub")},
    "booking_missing": {
        "ended": _l("There is no booking any more."),
        "over": _l("The last day has passed."),
        "approved": _l("The host has not said yes."),
        "prerequisite": _l("Something that the testbed asks for is not met yet."),
        "agreement": _l("No signed agreement that covers these days is noted."),
        "not_begun": _l("The first day is yet to come."),
        "closed": _l("The testbed is closed today."),
        "none": _l("The case has no place."),
    },
    "booking_reasons": {
        "no_place": _l("No place is free on these days"),
        "staff": _l("There are not enough staff"),
        "no_fit": _l("It does not suit the testbed"),
        "benefit": _l("The benefit is too small or unclear"),
        "terms": _l("The terms do not suit"),
        "safety": _l("It is not safe enough"),
        "not_now": _l("The time is not right"),
        "no_capacity": _l("Whoever asked has no capacity for it now"),
        "other_chosen": _l("Another testbed was chosen"),
        "closed": _l("The testbed is closed on these days"),
        "other": _l("Other, as written below"),
    },
    "booking_scores": {
        "1": _l("1 – hardly any"),
        "2": _l("2 – little"),
        "3": _l("3 – some"),
        "4": _l("4 – much"),
        "5": _l("5 – very much"),
    },
}
SENTENCES: dict[str, Any] = {
    "booking_organisation": _l(
        "You do not act for whom this is asked. Choose your own profile, a need of your own, or your own organisation."
    ),
    "booking_other_testbed": _l("The place of this case is at %(testbed)s. Book days there."),
    "booking_red": _l("Booking opens when everything is green. Red now: %(red)s"),
    "booking_unmet": _l("The testbed asks for this, and it is not noted as met: %(unmet)s."),
    "booking_twice": _l("You have asked for just this already: “%(title)s”. Look among your bookings."),
    "bookings_many": _l(
        "You have %(most)s requests here that are not answered. Take one back, or wait for the host's answers."
    ),
    "booking_no_question": _l("The host has no open question. Look at the booking again."),
    "booking_asked": _l("A question was put %(at)s and awaits its answer. Wait for it, or decide without it."),
    "booking_waiting": _l("It has been on the waiting list since %(at)s."),
    "booking_in_case": _l("This booking belongs to a case, which has its own place and agreement."),
    "booking_declined": _l("%(person)s declined this booking %(at)s. Ask for other days, or another testbed."),
    "booking_withdrawn": _l("%(person)s took this request back %(at)s."),
    "booking_cancelled": _l("%(person)s cancelled this booking %(at)s."),
    "booking_approved": _l("%(person)s promised the place %(at)s. Cancel the booking if it is not to be."),
    "booking_not_approved": _l("The host has not promised the place. Take the request back, or decline it."),
    "booking_lapsed": _l("The last day that was asked for, %(ends_on)s, has passed. Ask for other days."),
    "booking_case_ended": _l(
        "The case that this lies in was ended %(at)s, and this with it. Nothing changes any more."
    ),
    "booking_over": _l("The last day, %(ends_on)s, has passed, so nothing changes any more."),
    "booking_used": _l("The place went over to a case %(at)s. End the case if the place is not needed."),
    "booking_not_usable": _l(
        "The booking “%(title)s” cannot be used here: it was cancelled or used, or is for another testbed or company."
    ),
    "booking_other_days": _l(
        "The host promised the place in “%(title)s” from %(starts_on)s to %(ends_on)s. The case takes over these days; "
        "for others, choose a testbed below, or ask its host."
    ),
    "booking_staff": _l(
        "The week from %(week_on)s would take %(hours)s hours of the staff; the testbed manages %(limit)s. "
        "Tick that you manage it anyway, or ask for other days."
    ),
}
FIELD_ERRORS: dict[str, Any] = {
    "booking_outside": _l("The place of the case is from %(starts_on)s to %(ends_on)s. Choose days within it."),
    "required_score": _l("Choose from 1 to 5. Both benefits are scored before a yes."),
}
ACTIONS: dict[str, Any] = {
    "booking.request": _l("Place asked for"),
    "booking.ask": _l("Question from the host"),
    "booking.reply": _l("Question answered"),
    "booking.score": _l("Benefits scored"),
    "booking.wait": _l("Put on the waiting list"),
    "booking.approve": _l("Place promised"),
    "booking.decline": _l("Request declined"),
    "booking.withdraw": _l("Request taken back"),
    "booking.cancel": _l("Booking cancelled"),
    "booking.agree": _l("Signed agreement noted"),
    "booking.meet": _l("Something the testbed asks for is met"),
    "booking.undo": _l("Something the testbed asks for is not met after all"),
    "booking.use": _l("The place went over to a case"),
    "booking.company_hidden": _l("The company’s profile was hidden"),
    "booking.company_shown": _l("The company’s profile is shown again"),
    "booking.company_merged": _l("The company’s profile was merged with another. Before:"),
    "booking.company_parted": _l("A merge of the company’s profile was taken back. Before:"),
}
DETAILS: dict[str, Any] = {
    "hours": _l("hours of staff in that week"),
    "operation_score": _l("benefit to the operation"),
    "passed": _l("passed over on the waiting list"),
    "users_score": _l("benefit to users"),
    "week_on": _l("heaviest week from"),
}
