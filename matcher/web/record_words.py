"""The words of the record: what was done, and to what kind of thing, as an administrator reads it."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

from . import (
    agreement_words,
    booking_words,
    handling_words,
    outcome_words,
    route_words,
    security_words,
    spread_words,
    words,
)

KINDS: dict[str, Any] = {
    "feed": _l("Calendar link"),
    "booking": _l("Booking"),
    "conflict": _l("Conflict of interest"),
    "dismissal": _l("Candidate put aside"),
    "import": _l("Import"),
    "interest": _l("Interest"),
    "learned": _l("Learned weights"),
    "login": _l("Log-in"),
    "need": _l("Need"),
    "organisation": _l("Organisation"),
    "pairing": _l("Pairing"),
    "person": _l("Person"),
    "pilot": _l("Pilot"),
    "record": _l("Record"),
    "round": _l("Round"),
    "security": _l("Security incident"),
    "share": _l("Candidate shown to the owner"),
    "startup": _l("Startup"),
    "template": _l("Template for agreements"),
    "testbed": _l("Testbed"),
    "year": _l("Year"),
}
ACTIONS: dict[str, Any] = {
    "year.targets": _l("Targets of a year set"),
    "chance.learn": _l("Chance of a match learned"),
    "conflict.declare": _l("Conflict of interest told"),
    "conflict.lift": _l("Conflict of interest lifted"),
    "dismissal.create": _l("Candidate put aside"),
    "dismissal.undo": _l("Candidate taken back into the list"),
    "import.import": _l("Import asked for"),
    "import.import.done": _l("Import done"),
    "import.preview": _l("Trial of a file asked for"),
    "import.preview.done": _l("Trial of a file done"),
    "import.undo": _l("Undoing of an import asked for"),
    "import.undo.done": _l("Import undone"),
    "import.upload": _l("File sent for import"),
    "interest.create": _l("Interest sent"),
    "interest.decline": _l("Interest declined"),
    "interest.propose": _l("Interest taken into a proposal"),
    "interest.withdraw": _l("Interest withdrawn"),
    "learning.off": _l("Learning from decisions switched off"),
    "learning.on": _l("Learning from decisions switched on"),
    "link.invite": _l("Invitation accepted"),
    "login.refused": _l("Log-in with an untrustworthy token refused"),
    "need.close": _l("Need closed"),
    "need.create": _l("Need begun"),
    "need.publish": _l("Need published"),
    "need.return": _l("Need sent back"),
    "need.question": _l("Question about a need asked"),
    "need.question_answer": _l("Question about a need answered"),
    "need.route_answer": _l("Questions about the way answered"),
    "need.route_choose": _l("Way to test or buy chosen"),
    "need.route_innovation": _l("Said whether innovation was considered"),
    "need.route_tick": _l("Line of a way's checklist ticked"),
    "need.route_untick": _l("Line of a way's checklist unticked"),
    "need.save": _l("Need changed"),
    "need.submit": _l("Need sent for review"),
    "organisation.create": _l("Organisation added"),
    "organisation.number": _l("Organisation number added"),
    "organisation.save": _l("Organisation changed"),
    "pairing.accept": _l("Proposal accepted"),
    "pairing.company_hidden": _l("The company of a case was hidden"),
    "pairing.company_merged": _l("The company of a case was merged with another"),
    "pairing.company_parted": _l("The merge of a case’s company was taken back"),
    "pairing.company_renamed": _l("The company of a case changed its name"),
    "pairing.company_renumbered": _l("The company of a case changed its organisation number"),
    "pairing.company_shown": _l("The company of a case is shown again"),
    "pairing.confirm": _l("Place at a testbed confirmed"),
    "pairing.decline": _l("Proposal declined"),
    "pairing.end": _l("Pairing ended"),
    "pairing.extend": _l("More time to answer given"),
    "pairing.propose": _l("Pairing proposed"),
    "person.erase": _l("Person erased"),
    "person.give_out": _l("All about a person given out"),
    "pilot.save": _l("Facts of a pilot changed"),
    "pilot.indicator": _l("Indicator of a pilot written"),
    "pilot.indicator_removed": _l("Indicator of a pilot taken away"),
    "pilot.start": _l("Pilot started"),
    "pilot.extend": _l("Pilot given more time"),
    "pilot.reading": _l("Reading of an indicator entered"),
    "pilot.reading_corrected": _l("Reading of an indicator corrected"),
    "pilot.reading_withdrawn": _l("Reading of an indicator struck out"),
    "pilot.incident": _l("Incident in a pilot reported"),
    "pilot.incident_handled": _l("Incident in a pilot handled"),
    "pilot.decide": _l("Pilot decided"),
    "feedback.open": _l("Feedback round opened"),
    "feedback.link": _l("New link to a feedback round made"),
    "feedback.close": _l("Feedback round closed"),
    "feedback.changed": _l("What the startup changed told"),
    "person.connect": _l("Organisation’s account connected"),
    "person.disconnect": _l("Organisation’s account disconnected"),
    "person.disable": _l("Account closed"),
    "person.enable": _l("Account opened again"),
    "person.factor_codes": _l("New recovery codes made"),
    "person.factor_off": _l("Second factor turned off"),
    "person.factor_on": _l("Second factor turned on"),
    "person.factor_recovery": _l("Recovery code used"),
    "person.factor_refused": _l("Too many wrong codes after a right password"),
    "person.factor_taken": _l("Second factor taken away"),
    "person.identity_taken": _l("Organisation’s account taken away"),
    "person.invite": _l("Invitation sent"),
    "person.invite_withdrawn": _l("Invitation withdrawn"),
    "person.password": _l("Password changed"),
    "person.rename": _l("Name of a person changed"),
    "person.reset_requested": _l("New password asked for"),
    "role.grant": _l("Role given"),
    "role.revoke": _l("Role taken away"),
    "record.broken": _l("The end of the record was found changed"),
    "record.forget": _l("Details about an erased person taken out of the record"),
    "round.close": _l("Round closed"),
    "round.create": _l("Round planned"),
    "round.demand": _l("How many a need asks for in a round"),
    "round.forbid": _l("Pair kept out of a round"),
    "round.lock": _l("Pair kept in a round"),
    "round.match_day": _l("Match day of a round set"),
    "round.remake": _l("Round planned anew"),
    "round.undo": _l("Rule of a round taken back"),
    "share.comment": _l("Candidate commented by the owner"),
    "share.create": _l("Candidate shown to the owner"),
    "share.withdraw": _l("Candidate no longer shown to the owner"),
    "startup.create": _l("Profile begun"),
    "startup.different": _l("Two profiles called different companies"),
    "startup.different_undone": _l("Two profiles may be the same company again"),
    "startup.flag": _l("Profile flagged"),
    "startup.in_order": _l("Doubt about a profile answered"),
    "startup.hide": _l("Profile hidden"),
    "startup.merge": _l("Profile merged"),
    "startup.publish": _l("Profile published"),
    "startup.save": _l("Profile changed"),
    "startup.unflag": _l("Flag taken away"),
    "startup.unhide": _l("Profile shown again"),
    "startup.unmerge": _l("Merge taken back"),
    "startup.unpublish": _l("Profile taken back to a draft"),
    "feed.make": _l("Calendar link made"),
    "feed.revoke": _l("Calendar link ended"),
    "testbed.close_period": _l("Testbed closed for a period"),
    "testbed.create": _l("Testbed begun"),
    "testbed.open_period": _l("Closed period opened again"),
    "testbed.publish": _l("Testbed published"),
    "testbed.save": _l("Testbed changed"),
    "testbed.withdraw": _l("Testbed withdrawn"),
    "weights.adopt": _l("Learned weights adopted"),
    "weights.learn": _l("Weights learned"),
    "weights.roll_back": _l("Learned weights rolled back"),
    **outcome_words.ACTIONS,
    **spread_words.ACTIONS,
    **security_words.ACTIONS,
    **agreement_words.ACTIONS,
    **handling_words.ACTIONS,
    **agreement_words.OTHER_ACTIONS,
    **booking_words.ACTIONS,
}
DETAILS: dict[str, Any] = {
    "given_on": _l("day"),
    "entry": _l("kind of entry"),
    "told": _l("people told"),
    "lines": _l("lines"),
    "phase": _l("phase"),
    "due_on": _l("to be done by"),
    "holder": _l("who holds the case"),
    "spent": _l("minutes spent"),
    "substitute": _l("substitute"),
    "visible": _l("who reads it"),
    "amount": _l("amount"),
    "text": _l("text"),
    "results_owner": _l("who owns the results"),
    "payment": _l("payment"),
    "paper": _l("checksum of the paper"),
    "hash": _l("checksum"),
    "answer_by": _l("answer by"),
    "baseline": _l("baseline"),
    "before": _l("before"),
    "closes_on": _l("last day to answer"),
    "decided_side": _l("decided for"),
    "decision": _l("decision"),
    "early": _l("why before the last day"),
    "evidence": _l("evidence"),
    "lesson": _l("lesson"),
    "on_day": _l("day"),
    "severity": _l("how serious"),
    "target": _l("target"),
    "unit": _l("unit"),
    "value": _l("value"),
    "changed": _l("changed"),
    "comment": _l("comment"),
    "considered": _l("considered"),
    "cost": _l("cost"),
    "days": _l("shortest test, days"),
    "decisions": _l("decisions"),
    "demand": _l("startups for each need"),
    "doubt": _l("doubt"),
    "ends_on": _l("last day"),
    "error": _l("error"),
    "held_on": _l("day"),
    "customers": _l("customers"),
    "in_use": _l("in use"),
    "instead": _l("instead"),
    "jobs": _l("people working there"),
    "month": _l("after months"),
    "issuer": _l("provider"),
    "item": _l("line"),
    "kept": _l("kept"),
    "left": _l("left"),
    "least": _l("lowest score, in hundredths"),
    "minutes": _l("minutes of a meeting"),
    "model": _l("model"),
    "most": _l("needs for each startup at most"),
    "name": _l("name"),
    "need_id": _l("need"),
    "note": _l("note"),
    "number": _l("number"),
    "needs": _l("needs"),
    "opens_at": _l("first meeting"),
    "organisation": _l("organisation"),
    "orgnr": _l("organisation number"),
    "other": _l("the other"),
    "pause": _l("minutes between two meetings"),
    "places": _l("with places"),
    "quarters": _l("quarters"),
    "questions": _l("questions"),
    "reason": _l("reason"),
    "replaces": _l("replaces"),
    "role": _l("role"),
    "rows": _l("rows"),
    "rule": _l("rule"),
    "scoring": _l("scoring"),
    "side": _l("side"),
    "starts_on": _l("first day"),
    "startup_id": _l("startup"),
    "startups": _l("startups"),
    "tables": _l("tables"),
    "testbed": _l("testbed"),
    "testbed_id": _l("testbed"),
    "title": _l("name"),
    "version": _l("version"),
    "way": _l("way"),
    "weights": _l("weights"),
    **booking_words.DETAILS,
}

CHAIN_FAULTS: dict[str, Any] = {
    "missing": _l("Rows before it are missing."),
    "order": _l("It does not follow the row before it: one of them was changed, or their order."),
    "signature": _l("It was changed, or the hub never wrote it."),
    "key": _l("It is signed with a key that is not at hand: whoever runs the hub gives it in MATCHER_OLD_SECRET_KEYS."),
    "detail": _l("Its details were changed."),
    "emptied": _l("Its details were taken away, and nobody was erased."),
    "end": _l("The record ends elsewhere than the hub left it: rows are missing or were added."),
    "outside": _l("It was put in past the hub."),
    "broken": _l("When the hub wrote this row, the end of the record was not what it had left there."),
}


def chain_fault(code: str) -> str:
    """Return what is wrong with a row of the record, as a sentence."""
    return str(CHAIN_FAULTS[code])


def action(code: str) -> str:
    """Return what was done in words; the code itself when it is of another time."""
    return str(ACTIONS.get(code, code))


def kind(code: str) -> str:
    """Return the word for a kind of thing; the code itself when it is of another time."""
    return str(KINDS.get(code, code))


def details(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (word, value) for what the record tells beside the action; what is empty is left out."""
    told = [(name, value) for name, value in row["detail"].items() if value not in (None, "", [])]
    told.sort(key=lambda one: "starts_on~" if one[0] == "ends_on" else one[0])  # the last day comes after the first
    return [(str(DETAILS.get(name, name.replace("_", " "))), _value(row["kind"], name, value)) for name, value in told]


CODES = {  # by the name of the value, or by the kind of thing too: the labels that its codes have
    "role": "roles",
    "side": "sides",
    "booking side": "booking_sides",
    "decided_side": "sides",
    "severity": "severity_names",
    "decision": "decisions",
    "in_use": "in_use_short",
    "considered": "route_considered",
    "payment": "payment",
    "results_owner": "results_owner",
    "pairing reason": "reasons",
    "booking reason": "booking_reasons",
    "need reason": "close_reasons",
}


def _value(kind: str, name: str, value: Any) -> str:
    group = f"{kind}_fields"
    if name == "changed" and isinstance(value, list):
        return ", ".join(words.label(group, one) if group in words.LABELS else str(one) for one in value)
    if name == "questions" and isinstance(value, list):
        return " ".join(words.label("route_questions", one) for one in value)
    if isinstance(value, float):
        return words.figure(100 * value if name == "least" else value, 3)  # the lowest score is said in hundredths
    codes = CODES.get(f"{kind} {name}") or CODES.get(name)
    if codes and isinstance(value, str):
        return words.label(codes, value)
    if name == "way":
        return route_words.way_name(str(value))
    if name in ("answer_by", "starts_on", "ends_on", "held_on", "on_day", "closes_on", "week_on"):
        return words.day(str(value))
    return str(value)


def install(app: Flask) -> None:
    """Give the words of the record to its pages."""
    app.jinja_env.globals.update(record_action=action, record_kind=kind, record_details=details)
