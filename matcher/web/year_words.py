"""The words of the year: what each figure is called, and exactly what it counts."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

LABELS: dict[str, dict[str, Any]] = {
    "year_figures": {
        "published": _l("Needs published"),
        "considered": _l("Needs for which innovation was considered"),
        "shown": _l("Needs shown or proposed a candidate"),
        "proposed": _l("Pairings proposed"),
        "declined": _l("Pairings declined"),
        "confirmed": _l("Pairings confirmed"),
        "agreed": _l("Agreements in force"),
        "begun": _l("Tests begun"),
        "decided": _l("Tests decided"),
        "decided_adopt": _l("Decided: adopt"),
        "decided_adapt": _l("Decided: adapt and adopt"),
        "decided_retest": _l("Decided: test again"),
        "decided_stop": _l("Decided: stopped, learned"),
        "in_use": _l("In use at the end of the year"),
        "newly_in_use": _l("Came into use"),
        "no_longer": _l("No longer in use"),
        "need_to_match": _l("From need to match"),
        "match_to_test": _l("From match to test"),
        "test_to_use": _l("From test to in use"),
        "need_to_test": _l("From need to test"),
        "interests_due": _l("Interests to answer"),
        "interests_kept": _l("Interests answered in time"),
        "pairings_due": _l("Proposals to answer"),
        "pairings_kept": _l("Proposals answered in time"),
        "reviews_due": _l("Needs to review"),
        "reviews_kept": _l("Needs reviewed in time"),
        "first_time": _l("First-time suppliers"),
        "known_yes": _l("Known to the owner before"),
        "known_no": _l("New to the owner"),
        "companies": _l("Companies proposed"),
        "amount": _l("Value of the agreements"),
        "hours": _l("Hours of work freed in a week"),
        "spread": _l("Other organisations that it has spread to"),
        "feedback": _l("Answers from staff in feedback rounds"),
        "people": _l("People who took part in a case"),
    },
    "year_meanings": {
        "published": _l("Needs whose first publication was in the year."),
        "considered": _l("Needs of which somebody first said in the year that innovation was considered."),
        "shown": _l("Needs whose first candidate was shown to the owner, or proposed, in the year."),
        "proposed": _l("Pairings that a broker proposed in the year."),
        "declined": _l("Pairings that somebody said no to in the year."),
        "confirmed": _l("Pairings that both sides accepted and that got a place at a testbed in the year."),
        "agreed": _l("Pairings whose first agreement was signed by all in the year."),
        "begun": _l("Pilots that were started in the year."),
        "decided": _l("Pilots that were decided in the year, whatever the decision."),
        "decided_adopt": _l("Pilots of which it was decided in the year to adopt what was tested."),
        "decided_adapt": _l("Pilots of which it was decided in the year to adapt and adopt what was tested."),
        "decided_retest": _l("Pilots of which it was decided in the year to test again."),
        "decided_stop": _l("Pilots that were stopped in the year, with a lesson."),
        "in_use": _l(
            "Cases whose owner's latest answer, as it stood at the end of the year (or stands today), says that the "
            "solution is in use, wholly or partly."
        ),
        "newly_in_use": _l("Cases in use at the end of the year that were not in use when it began."),
        "no_longer": _l("Cases in use when the year began that were not in use at its end."),
        "need_to_match": _l(
            "Days from the need's publication to the confirmed pairing, of pairings confirmed in the year."
        ),
        "match_to_test": _l(
            "Days from the confirmed pairing to the start of the pilot, of pilots started in the year."
        ),
        "test_to_use": _l(
            "Days from the start of the pilot to the first answer that says in use, of answers given in the year. "
            "Owners are asked six months after the decision at the earliest, so the true time is shorter."
        ),
        "need_to_test": _l(
            "Days from the need's publication to the start of the pilot, of pilots started in the year."
        ),
        "interests_due": _l(
            "Interests promised an answer by a day in the year that has passed, or answered before it. Those "
            "taken back are left out."
        ),
        "interests_kept": _l("Those of them that were answered on the promised day or before."),
        "pairings_due": _l(
            "Proposals to be answered by a day in the year that has passed, or answered before it. Those that a broker "
            "took back unanswered are left out."
        ),
        "pairings_kept": _l("Those of them that both sides accepted, or one declined, on that day or before."),
        "reviews_due": _l(
            "Each time that a need was sent for review and should have been answered by a day in the year."
        ),
        "reviews_kept": _l("Those of them that were published, sent back or closed on that day or before."),
        "first_time": _l(
            "Pairings confirmed in the year that were the company's first with that organisation in this hub."
        ),
        "known_yes": _l("Candidates that the owner said in the year to have known before."),
        "known_no": _l("Candidates that the owner said in the year not to have known before."),
        "companies": _l("Different companies that were proposed for a need in the year."),
        "amount": _l(
            "Kronor before VAT, in the newest agreement of the pairings whose first agreement came in force in the "
            "year."
        ),
        "hours": _l("By the owners' own answers, of what is in use at the end of the year."),
        "spread": _l("Named by the owners, of what is in use at the end of the year."),
        "feedback": _l("Answers given without a name in the feedback rounds of pilots."),
        "people": _l("Different people who are on record as having done something in a case in the year."),
    },
    "year_measures": {
        "published": _l("Needs published"),
        "confirmed": _l("Pairings confirmed"),
        "agreed": _l("Agreements in force"),
        "begun": _l("Tests begun"),
        "decided": _l("Tests decided"),
        "in_use": _l("In use at the end of the year"),
        "need_to_test": _l("Days from need to test, at most (median)"),
        "kept": _l("Answers within promise, per cent at least"),
    },
    "year_promises": {
        "interests": _l("A startup's interest is answered"),
        "pairings": _l("A proposal is answered by both sides"),
        "reviews": _l("A need is reviewed"),
    },
    "year_kinds": {
        "need": _l("Need"),
        "case": _l("Case"),
        "interest": _l("Interest"),
        "share": _l("Candidate shown"),
        "startup": _l("Startup"),
    },
}
