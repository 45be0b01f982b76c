"""One mail a day instead of one for each thing: which mails may wait for it, and when it goes.

A person chooses it (`person.digest_at`). A mail that may wait bears the moment of the daily mail that it goes with
(`outbox.digest_at`); what is gathered then is sent as one letter (`mail.claim`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .clock import parse, stamp
from .year_span import ZONE, swedish_day

HOUR = 6
# Something went wrong out there, or somebody else may be at the door, and whoever reads it has to stop or to act.
AT_ONCE = frozenset(
    {"login_changed", "pairing_agreement_ended", "pairing_ended", "pairing_incident", "reset_elsewhere"}
)
# Minutes that a mail waits whoever reads it: a need is mended field by field, and all who answered it need one mail
# about that, of the newest version (`pointless.py`).
SETTLES = {"need_changed": 20}
# The parameter that holds the day by which the reader has to act.
ACT_BY = {
    "booking_agreed": "starts_on",
    "booking_approved": "starts_on",
    "booking_cancelled": "starts_on",
    "booking_reminder": "answer_by",
    "booking_replied": "answer_by",
    "booking_company": "starts_on",
    "booking_requested": "answer_by",
    "booking_room": "starts_on",
    "booking_testbed_closed": "closed_on",
    "booking_testbed_opened": "closed_on",
    "booking_testbed_withdrawn": "starts_on",
    "booking_unmet": "starts_on",
    "interest_received": "answer_by",
    "need_expiring": "valid_until",
    "need_question": "answer_by",
    "need_question_reminder": "answer_by",
    "pairing_accepted": "answer_by",
    "pairing_agreement_sent": "starts_on",
    "pairing_confirmed": "starts_on",
    "pairing_extended": "answer_by",
    "pairing_proposed": "answer_by",
    "pairing_reminder": "answer_by",
    "pairing_testbed_closed": "closed_on",
    "pairing_testbed_opened": "closed_on",
    "pairing_testbed_withdrawn": "starts_on",
    "pairing_unmet": "starts_on",
    "pilot_due": "decide_by",
    "pilot_overdue": "decide_by",
}


def next_moment(now: str) -> str:
    """Return the next time it is six in the morning in Sweden, after `now`, as UTC text.

    The clock is never set at six, so that hour comes once on every day, in summer time and out of it.
    """
    here = parse(now).astimezone(ZONE)
    today = datetime(here.year, here.month, here.day, HOUR, tzinfo=ZONE)
    if parse(now) < today:
        return stamp(today)
    after = here.date() + timedelta(days=1)
    return stamp(datetime(after.year, after.month, after.day, HOUR, tzinfo=ZONE))


def waits_until(template: str, params: dict[str, Any], now: str) -> str | None:
    """Return the moment of the daily mail that a mail may wait for, or None when it goes at once.

    What lets its reader in (log-in, invitation, a link without account: they carry a token) goes at once, and so
    does what has to be acted on no later than the day on which the daily mail would come.
    """
    if "token" in params or template in AT_ONCE:
        return None
    moment = next_moment(now)
    act_by = params.get(ACT_BY.get(template, ""))
    return None if act_by and str(act_by)[:10] <= swedish_day(moment) else moment
