"""May the reader of a mail still read what it tells of? Asked just before it is sent, by the table of rights.

A mail can wait for days: for a mail server, or for somebody's daily mail. Who lost the role, or the account, or whose
address is no longer the testbed's contact meanwhile, gets nothing: a mail is no way round what a page would refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..store import Store
from . import bookings, cases, conflicts, interests, needs, people, releases, startups
from .errors import NotFound
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
Rule = Callable[[Store, Viewer | None, Row], bool]


def may_read(store: Store, mail: Row) -> bool:
    """Whether the reader of a mail (an outbox row, `params` parsed) may open what it tells of, at this moment.

    Raise LookupError for a kind of mail that nobody wrote a rule for: it is not sent.
    """
    rule = rule_of(mail["template"])
    rows = store.query("select id from person where email = :email", {"email": mail["recipient"]})
    viewer = people.viewer(store, rows[0]["id"]) if rows else None
    try:
        return rule(store, viewer, mail)
    except NotFound:
        return False


def rule_of(template: str) -> Rule:
    """Return the rule for a kind of mail; raise LookupError."""
    found = _RULES.get(template) or next(
        (rule for start, rule in _FAMILIES.items() if template.startswith(start)), None
    )
    if found is None:
        raise LookupError(f"no rule says who may read the mail {template}")
    return found


def _person(store: Store, viewer: Viewer | None, mail: Row) -> bool:
    """Say yes: it is about the reader's own log-in, or a link of theirs, and nothing else."""
    return True


def _case(store: Store, viewer: Viewer | None, mail: Row) -> bool:
    pairing_id = mail["params"]["pairing_id"]
    if _is_contact(store, cases.fetch(store, pairing_id), "confirmed_at", mail):
        return True
    return can(viewer, "pairing.view", cases.load(store, viewer, pairing_id))


def _release(store: Store, viewer: Viewer | None, mail: Row) -> bool:
    return can(viewer, "release.view", releases.load(store, viewer, mail["params"]["pairing_id"]))


def _booking(store: Store, viewer: Viewer | None, mail: Row) -> bool:
    booking_id = mail["params"]["booking_id"]
    if _is_contact(store, bookings.fetch(store, booking_id), "requested_at", mail):
        return True
    return can(viewer, "booking.view", bookings.load(store, viewer, booking_id))


def _is_contact(store: Store, row: Row, since: str, mail: Row) -> bool:
    """Whether a mail goes to a contact of the testbed (its host may have no log-in), and the host has to do with it."""
    if not row[since] or mail["recipient"] not in (row["contact_email"], row["backup_email"]):
        return False
    return not people.left(store, [mail["recipient"]], row["host_organisation"])


def _need(action: str) -> Rule:
    def rule(store: Store, viewer: Viewer | None, mail: Row) -> bool:
        need = needs.load(store, viewer, mail["params"]["need_id"])
        return can(viewer, action, {**need, "owner_organisation": need["organisation_id"]})

    return rule


def _answered(store: Store, viewer: Viewer | None, mail: Row) -> bool:
    """Whether one who answered a need, or has it open, still acts as something and may see it."""
    need = needs.load(store, viewer, mail["params"]["need_id"])
    return can(viewer, "question.view", need)


def _candidate(store: Store, viewer: Viewer | None, mail: Row) -> bool:
    """Whether the need's side is still shown a candidate; older mails do not name the share."""
    gone = store.query(
        "select id from share where id = :id and withdrawn_at is not null",
        {"id": mail["params"].get("share_id", "")},
    )
    return not gone and _need("need.candidates")(store, viewer, mail)


def _interest(store: Store, viewer: Viewer | None, mail: Row) -> bool:
    return can(viewer, "interest.view", interests.load(store, viewer, mail["params"]["interest_id"]))


def _conflict(store: Store, viewer: Viewer | None, mail: Row) -> bool:
    pair = conflicts.pair(store, viewer, mail["params"]["need_id"], mail["params"]["startup_id"])
    return can(viewer, "conflict.declare", pair)


def _profile(store: Store, viewer: Viewer | None, mail: Row) -> bool:
    return can(viewer, "startup.view", startups.load(store, viewer, mail["params"]["startup_id"]))


def _own_profile(store: Store, viewer: Viewer | None, mail: Row) -> bool:
    return can(viewer, "startup.edit", startups.load(store, viewer, mail["params"]["startup_id"]))


# By the name of the template; where none stands here, by its beginning.
_RULES: dict[str, Rule] = {
    "digest": _person,  # of mails that each have their rule
    "invite": _person,
    "login_changed": _person,
    "reset": _person,
    "reset_elsewhere": _person,
    "case_holder": _case,
    "case_still": _case,
    "conflict_declared": _conflict,
    "conflict_lifted": _conflict,
    "need_changed": _answered,
    "need_closed": _answered,
    "need_expiring": _need("need.edit"),
    "need_published": _need("need.edit"),
    "need_question": _need("need.route"),
    "need_question_answered": _answered,
    "need_question_reminder": _need("need.route"),
    "need_returned": _need("need.edit"),
    "need_submitted": _need("need.review"),
    "pilot_due": _case,
    "pilot_overdue": _case,
    "share_commented": _candidate,
    "share_new": _candidate,
    "spread_letter": _profile,
    "spread_question": _case,
    "startup_merged": _profile,
    "startup_unmerged": _profile,
}
_FAMILIES: dict[str, Rule] = {
    "booking_": _booking,
    "interest_": _interest,
    "pairing_release": _release,
    "pairing_": _case,
    "startup_": _own_profile,
}
