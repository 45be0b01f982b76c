"""The words of agreements, signatures, prerequisites and access."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

LABELS: dict[str, dict[str, Any]] = {
    "agreement_fields": {
        "purpose": _l("What the test is for"),
        "text": _l("What must be in place"),
        "owner_does": _l("What the owner of the need does"),
        "startup_does": _l("What the company does"),
        "host_does": _l("What the testbed does"),
        "owner_brings": _l("What the owner of the need brings and keeps"),
        "startup_brings": _l("What the company brings and keeps"),
        "results_owner": _l("Who owns what comes out"),
        "results_use": _l("Who may use it, and for what"),
        "data": _l("Data and secrecy"),
        "liability": _l("Who answers for damage"),
        "payment": _l("Payment"),
        "amount": _l("Amount, kronor before VAT"),
        "payment_terms": _l("When and how it is paid"),
        "funds": _l("Where the money comes from"),
        "starts_on": _l("First day of the agreement"),
        "ends_on": _l("Last day of the agreement"),
        "language": _l("Language of the paper"),
        "template_id": _l("Template"),
        "name": _l("Name of who signs"),
        "title": _l("Title"),
        "file": _l("Signed file"),
        "may_sign": _l("May sign"),
        "note": _l("Why?"),
    },
    "agreement_status": {
        "drafted": _l("Draft"),
        "sent": _l("Sent, awaits signatures"),
        "in_force": _l("In force"),
        "over": _l("Its last day has passed"),
        "ended": _l("Ended"),
        "withdrawn": _l("Taken back"),
    },
    "results_owner": {
        "startup": _l("The company owns what comes out of the test."),
        "owner": _l("The owner of the need owns what comes out of the test."),
        "joint": _l("The company and the owner of the need own what comes out of the test together."),
        "each": _l("Each owns what it makes itself in the test."),
    },
    "payment": {
        "free": _l("Nobody pays anybody for the test."),
        "paid": _l("The owner of the need pays a fixed sum."),
        "milestones": _l("The owner of the need pays when agreed steps are reached."),
        "result": _l("The owner of the need pays by the result."),
    },
    "funds": {
        "own": _l("Own budget"),
        "national": _l("A national grant"),
        "european": _l("A European grant"),
        "startup": _l("The company's own money"),
        "other": _l("Another source, as written in the agreement"),
    },
    "prerequisites": {
        "training": _l("Training"),
        "safety": _l("Safety"),
        "insurance": _l("Insurance"),
        "ethics": _l("Ethics"),
        "data_protection": _l("Data protection"),
        "other": _l("Other"),
    },
    "signature_method": {
        "recorded": _l("signed on this page"),
        "upload": _l("a signed file was uploaded"),
    },
    "aid_kinds": {
        "testbed": _l("A place at a testbed"),
        "support": _l("Hours of support"),
        "grant": _l("A grant"),
        "other": _l("Other"),
    },
    "access_missing": {
        "none": _l("No place is booked yet."),
        "ended": _l("The case was ended, so the place is free for others."),
        "over": _l("The last day has passed."),
        "agreement": _l("No agreement is in force for these days."),
        "prerequisite": _l("Something that the testbed asks for is not met yet."),
        "not_begun": _l("The first day is yet to come."),
        "closed": _l("The testbed is closed today."),
    },
}
FIELDS = LABELS["agreement_fields"]
STATUS_KINDS = {
    "drafted": "draft",
    "sent": "warning",
    "in_force": "success",
    "over": "neutral",
    "ended": "danger",
    "withdrawn": "neutral",
}
SENTENCES: dict[str, Any] = {
    "aid_cancelled": _l("It is struck out already. Look at the list again."),
    "agreement_no_place": _l("There is no booked place in this case now, so there is nothing to agree on."),
    "agreement_waiting": _l("Agreement %(number)s is being prepared already. Go on with that one, or take it back."),
    "agreement_withdrawn": _l("Agreement %(number)s was taken back %(at)s. Use the newest one."),
    "agreement_sent": _l("Agreement %(number)s was sent %(at)s and is not changed after that. Take it back first."),
    "agreement_not_sent": _l("Agreement %(number)s is a draft. It can be signed when the broker has sent it."),
    "agreement_in_force": _l("Agreement %(number)s has been in force since %(at)s. End it, or make a new one."),
    "agreement_not_in_force": _l("Agreement %(number)s is not in force, so there is nothing to end."),
    "agreement_ended": _l("Agreement %(number)s was ended %(at)s already."),
    "agreement_other_paper": _l(
        "This is not the paper of agreement %(number)s as it was sent. Open the agreement again and sign that one."
    ),
    "agreement_signed": _l("%(person)s signed for this side %(at)s. There is nothing more to do."),
    "template_retired": _l("The template is no longer offered. Look at the list again."),
    "prerequisites_many": _l("A testbed asks for at most %(most)s things. Put some of them together."),
    "prerequisite_met": _l("%(person)s noted %(at)s that it is met."),
    "prerequisite_not_met": _l("It is not noted as met. Look at the list again."),
}
FIELD_ERRORS: dict[str, Any] = {
    "aid_limit": _l(
        "With this the company would have been given %(total)s kronor in three years; the limit is %(limit)s. "
        "Write a smaller sum, or name another rule that allows it."
    ),
    "agreement_covers": _l("The agreement must hold for the whole booked time, %(starts_on)s to %(ends_on)s."),
    "required_may_sign": _l("Tick that you may sign for your organisation, or let somebody who may do it."),
    "file_large": _l("The file is too large. It may have at most %(limit)s MB."),
    "file_kind": _l("That file is not taken. Choose a PDF, a picture (PNG or JPEG), a DOCX or an ASiC file."),
    "template_file": _l("Choose a DOCX file."),
    "template_unreadable": _l("That is no DOCX file that can be read. Save it from Word as .docx and try again."),
    "template_large": _l("The file is too large. A template may have at most 5 MB."),
    "template_heavy": _l(
        "The template takes more than %(detail)s seconds or too much memory to fill. Take out loops and large pictures."
    ),
    "template_active": _l(
        "The template holds something that runs or is fetched when it is opened, such as a macro, an embedded file or "
        "a linked picture (%(detail)s). Take it out and save it as .docx."
    ),
    "template_syntax": _l("A field is broken: %(detail)s. Write it as {{ owner_name }}, all in one style."),
    "template_unknown": _l("There is no such field: %(detail)s. The list below has those that there are."),
    "template_lacking": _l("These fields are missing and must be in it: %(detail)s."),
}
ACTIONS: dict[str, Any] = {
    "agreement.draft": _l("Agreement drafted"),
    "agreement.change": _l("Draft of the agreement changed"),
    "agreement.send": _l("Agreement sent to be signed"),
    "agreement.withdraw": _l("Agreement taken back"),
    "agreement.sign": _l("Agreement signed"),
    "agreement.in_force": _l("Agreement in force: signed by all"),
    "agreement.end": _l("Agreement ended"),
    "prerequisite.meet": _l("Something the testbed asks for is met"),
    "prerequisite.undo": _l("Something the testbed asks for is not met after all"),
}
OTHER_ACTIONS: dict[str, Any] = {
    "aid.enter": _l("Value given to a company written down"),
    "aid.cancel": _l("Value given to a company struck out"),
    "prerequisite.add": _l("Testbed asks for one thing more"),
    "prerequisite.retire": _l("Testbed asks for a thing no longer"),
    "template.add": _l("Template for agreements added"),
    "template.retire": _l("Template for agreements taken away"),
}
