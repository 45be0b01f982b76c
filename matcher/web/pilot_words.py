"""The words of a pilot: its facts and checks, decisions, incidents, feedback rounds, and what stands in the way."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

STATUS = {
    "none": _l("Not begun"),
    "prepared": _l("Being prepared"),
    "running": _l("Running"),
    "halted": _l("Stopped for now"),
    "over": _l("Over, not decided"),
    "decided": _l("The decision is taken"),
}
STATUS_KINDS = {
    "none": "draft",
    "prepared": "draft",
    "running": "info",
    "halted": "danger",
    "over": "warning",
    "decided": "success",
}
DECISIONS = {
    "adopt": _l("Adopt: it goes into use"),
    "adapt": _l("Adapt: it goes on when something has been changed"),
    "retest": _l("Test again: the answer is not certain yet"),
    "stop": _l("Stopped, learned"),
}
DECISION_HINTS = {
    "adopt": _l("The target is met well enough, and there is somebody to run it."),
    "adapt": _l("It is worth going on with, but not as it is."),
    "retest": _l("Too little was measured, or something else disturbed the test."),
    "stop": _l(
        "It does not do what was needed. To know that before anybody bought it is worth something: an honourable end."
    ),
}
SEVERITIES = {
    "low": _l("Low: it was put right at once"),
    "serious": _l("Serious: somebody could have come to harm, or data leaked"),
    "stops": _l("Stops the pilot until somebody has said what was done"),
}
SEVERITY_NAMES = {"low": _l("Low"), "serious": _l("Serious"), "stops": _l("Stops the pilot")}
SEVERITY_KINDS = {"low": "neutral", "serious": "warning", "stops": "danger"}
ROUND_STATUS = {
    "open": _l("Open for answers"),
    "closed": _l("Closed before its day"),
    "past": _l("Its last day has passed"),
    "over": _l("The pilot has ended"),
}
ROUND_KINDS = {"open": "success", "closed": "neutral", "past": "neutral", "over": "neutral"}
GRADES = {
    "1": _l("1 – very bad"),
    "2": _l("2 – bad"),
    "3": _l("3 – neither good nor bad"),
    "4": _l("4 – good"),
    "5": _l("5 – very good"),
}
ANSWERS = {"yes": _l("Yes"), "no": _l("No"), "unknown": _l("We do not know yet")}
DIRECTIONS = {"up": _l("higher is better"), "down": _l("lower is better"), "keep": _l("should stay as it is")}
# What each fact is when it is settled, and what to do while it is not.
SETTLED = {
    "question": _l("The question to be answered"),
    "starts_on": _l("First day"),
    "ends_on": _l("Last day"),
    "not_past": _l("The last day is still to come"),
    "in_place": _l("The days lie within those that the place is booked for"),
    "runner": _l("Who runs it afterwards"),
    "signer": _l("Who may sign"),
    "route": _l("The route after a good result"),
    "indicators": _l("One to three indicators"),
    "personal_data": _l("Personal data: answered"),
    "impact_assessment": _l("Impact assessment"),
    "patients": _l("Patients: answered"),
    "research": _l("Research: answered"),
    "review_board": _l("Ethical review"),
    "security": _l("Information security"),
    "access": _l("The place is booked and may be used"),
    "access_none": _l("The place"),
    "access_agreement": _l("The agreement"),
    "access_prerequisite": _l("What the testbed asks for"),
    "access_over": _l("The place"),
    "access_ended": _l("The case"),
}
TO_DO = {
    "question": _l("write what the pilot is to find out"),
    "starts_on": _l("choose a day"),
    "ends_on": _l("choose a day: a pilot without an end is never decided"),
    "not_past": _l("it has passed; choose a later one"),
    "in_place": _l("they do not; choose other days, or ask the broker to book the place for longer"),
    "runner": _l("name the person and the role that will run it if the result is good"),
    "signer": _l("name the person and the role that may sign a contract"),
    "route": _l("write how it can be bought or taken into use if the result is good"),
    "indicators": _l("add at least one, with baseline and target"),
    "personal_data": _l("answer yes or no"),
    "impact_assessment": _l("have it made, or have your data protection officer say that none is needed"),
    "patients": _l("answer yes or no"),
    "research": _l("answer yes or no"),
    "review_board": _l("have it approved, or have it said that no approval is needed"),
    "security": _l("have somebody responsible for information security look at it"),
    "access_none": _l("no place is booked; the broker books one"),
    "access_agreement": _l("none is in force; all sides sign first"),
    "access_prerequisite": _l("something is not met yet; see the place’s own list"),
    "access_over": _l("the booked days have passed; the broker books new ones"),
    "access_ended": _l("it has been ended"),
}
FIELDS = {
    "question": _l("The question to be answered"),
    "starts_on": _l("First day"),
    "ends_on": _l("Last day"),
    "runner_name": _l("Who will run it afterwards"),
    "runner_role": _l("Their role"),
    "signer_name": _l("Who may sign"),
    "signer_role": _l("The signer’s role"),
    "route": _l("The route after a good result"),
    "route_code": _l("Way to buy"),
    "personal_data": _l("Are personal data handled?"),
    "impact_assessment": _l("Is the impact assessment in order?"),
    "patients": _l("Do patients take part?"),
    "research": _l("Is it research on people?"),
    "review_board": _l("Is the ethical review in order?"),
    "security": _l("Has information security been looked at?"),
    "checks_note": _l("Notes on the answers"),
    "name": _l("What is measured"),
    "unit": _l("Unit"),
    "baseline": _l("Baseline"),
    "target": _l("Target"),
    "method": _l("How it is measured"),
    "measured_by": _l("Who measures"),
    "uncertainty": _l("How uncertain it is"),
    "on_day": _l("Day"),
    "value": _l("Value"),
    "note": _l("Note"),
    "reason": _l("Why?"),
    "happened_on": _l("When"),
    "what": _l("What happened"),
    "severity": _l("How serious"),
    "done": _l("What was done"),
    "decision": _l("Decision"),
    "evidence": _l("Evidence"),
    "lesson": _l("Lesson"),
    "early_reason": _l("Why before the last day?"),
    "days": _l("Open for"),
    "changed": _l("What we changed"),
    "grade": _l("Your grade"),
    "text": _l("In your own words"),
}
ACTIONS = {
    "pilot.save": _l("The facts of the pilot were changed"),
    "pilot.indicator": _l("An indicator was written"),
    "pilot.indicator_removed": _l("An indicator was taken away"),
    "pilot.start": _l("The pilot was started"),
    "pilot.extend": _l("The pilot got more time"),
    "pilot.reading_corrected": _l("A reading was corrected"),
    "pilot.reading_withdrawn": _l("A reading was struck out"),
    "pilot.incident": _l("An incident was reported"),
    "pilot.incident_handled": _l("It was said what was done about an incident"),
    "pilot.decide": _l("The pilot was decided"),
    "feedback.open": _l("A feedback round was opened"),
    "feedback.link": _l("A feedback round got a new link"),
    "feedback.close": _l("A feedback round was closed"),
    "feedback.changed": _l("The startup said what it changed"),
}
LABELS: dict[str, dict[str, Any]] = {
    "pilot_status": STATUS,
    "pilot_fields": FIELDS,
    "decisions": DECISIONS,
    "severities": SEVERITIES,
    "severity_names": SEVERITY_NAMES,
    "round_status": ROUND_STATUS,
    "grades": GRADES,
    "check_answers": ANSWERS,
    "directions": DIRECTIONS,
    "pilot_settled": SETTLED,
    "pilot_to_do": TO_DO,
}
FIELD_ERRORS: dict[str, Any] = {
    "pilot_order": _l("The last day must come after the first. Change one of them."),
    "pilot_place": _l("The place is booked from %(first)s to %(last)s. Choose a day within that."),
    "pilot_later": _l("The last day is %(last)s now. Choose a later one."),
    "not_a_figure": _l(
        "“%(value)s” is not a number. Write only the number, for instance 5,1; the unit has its own field."
    ),
    "required_figure": _l("Write the value as a number."),
    "day_ahead": _l("That day is still to come. Choose today or an earlier day."),
    "lesson_short": _l("Write at least a whole sentence: it is what the next municipality will read."),
    "required_early": _l("The pilot goes on until %(last)s. Write why it is decided before that."),
}
SENTENCES: dict[str, Any] = {
    "pilot_not_ready": _l("The pilot was not started. What is missing is listed in red below."),
    "pilot_started": _l(
        "%(person)s started the pilot %(at)s. What it is judged by does not change any more; its end can be moved."
    ),
    "pilot_not_started": _l("The pilot has not been started yet. Settle the facts and start it first."),
    "pilot_decided": _l("%(person)s decided this pilot %(at)s. Your step was not taken."),
    "pilot_over": _l("The pilot ended %(ends_on)s. Give it more time first, or decide it."),
    "pilot_halted": _l("The pilot is stopped by an incident. Say what was done about it first."),
    "indicators_full": _l("A pilot has at most %(most)s indicators. Change or take away one of them."),
    "reading_exists": _l("%(person)s entered the same value for that day %(at)s. It was not entered again."),
    "reading_withdrawn": _l("%(person)s struck this reading out %(at)s already. Enter a new one."),
    "readings_full": _l("A pilot holds at most %(most)s readings. Ask the broker."),
    "rounds_full": _l("A pilot has at most %(most)s feedback rounds."),
    "feedback_link": _l("This link does not work any more. Ask whoever gave it to you for the new one."),
    "feedback_closed": _l("The round was closed %(at)s, so it takes no more answers."),
    "feedback_past": _l("The last day to answer was %(closes_on)s."),
    "feedback_over": _l("The pilot has ended, so the round takes no more answers."),
    "feedback_full": _l("The round has got as many answers as it can hold."),
    "incident_handled": _l("%(person)s said %(at)s what was done about it already. Your text was not saved."),
}
