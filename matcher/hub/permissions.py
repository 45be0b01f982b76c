"""Who may do what: one table for pages, JSON, exports, search and mail. What is not in it is denied.

A thing is the row that a loader fetched within what the person may see. Rows carry whose they are:
`organisation_id` for a noun; `owner_organisation`, `startup_organisation` and `host_organisation` for a
pairing and what belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .people import Viewer

Thing = dict[str, Any] | None
Rule = Callable[[Viewer | None, Thing], bool]


def _anyone(viewer: Viewer | None, thing: Thing) -> bool:
    return True


def _signed_in(viewer: Viewer | None, thing: Thing) -> bool:
    return viewer is not None


def _with_role(viewer: Viewer | None, thing: Thing) -> bool:
    """Whether the person acts as anything at all: who lost the last role may still log in, and is then a visitor."""
    return viewer is not None and bool(viewer.roles)


def _role(*roles: str) -> Rule:
    return lambda viewer, thing: viewer is not None and viewer.has(*roles)


def _member(column: str, *roles: str) -> Rule:
    """Return a rule: the person holds a role in the organisation that stands in the thing's `column`."""
    return lambda viewer, thing: viewer is not None and bool(thing) and viewer.acts_for(thing.get(column), *roles)


def _either(*rules: Rule) -> Rule:
    return lambda viewer, thing: any(rule(viewer, thing) for rule in rules)


def _own_year(viewer: Viewer | None, thing: Thing) -> bool:
    """Whether the person acts for the organisation as its owner of needs, or for one that it is a unit of."""
    return bool(thing) and any(_owner_in(viewer, one) for one in (thing.get("id"), *thing.get("above", ())))


def _owner_in(viewer: Viewer | None, organisation_id: str | None) -> bool:
    return viewer is not None and viewer.acts_for(organisation_id, "owner")


_broker = _role("broker")
_posts = _role("owner", "startup", "broker")
_need_side = _member("organisation_id", "owner", "startup")

RULES: dict[str, Rule] = {
    "public": _anyone,
    "account": _signed_in,
    "admin": _role("administrator"),
    "desk": _broker,
    "plan": _broker,
    # needs
    "need.view": _anyone,
    "need.create": _posts,
    "need.edit": _either(_need_side, _broker),
    "need.review": _broker,
    "need.close": _either(_need_side, _broker),
    "need.rank": _broker,
    "need.candidates": _either(_need_side, _broker),
    "need.route": _either(_need_side, _broker),
    # startups
    "startup.view": _with_role,
    "startup.create": _role("startup"),
    "startup.edit": _either(_member("organisation_id", "startup"), _broker),
    "startup.publish": _member("organisation_id", "startup"),
    "startup.moderate": _broker,
    "startup.needs": _member("organisation_id", "startup"),
    # testbeds
    "testbed.view": _anyone,
    "testbed.create": _role("host"),
    "testbed.edit": _either(_member("organisation_id", "host"), _broker),
    "feed": _with_role,
    # from interest to access
    "interest.create": _role("startup"),
    "interest.withdraw": _member("startup_organisation", "startup"),
    "interest.view": _either(_broker, _member("startup_organisation", "startup")),
    "interest.answer": _broker,
    "share.create": _broker,
    "share.comment": _member("owner_organisation", "owner", "startup"),
    "dismissal": _broker,
    "conflict.declare": _either(
        _broker,
        _member("owner_organisation", "owner", "startup"),
        _member("startup_organisation", "startup"),
    ),
    "conflict.lift": _broker,
    "pairing.view": _signed_in,
    "pairing.propose": _broker,
    "pairing.answer": _either(
        _member("owner_organisation", "owner", "startup"), _member("startup_organisation", "startup")
    ),
    "pairing.confirm": _broker,
    "pairing.decline": _either(
        _broker,
        _member("owner_organisation", "owner", "startup"),
        _member("startup_organisation", "startup"),
    ),
    "pairing.end": _either(
        _broker,
        _member("owner_organisation", "owner", "startup"),
        _member("startup_organisation", "startup"),
        _member("host_organisation", "host"),
    ),
    # agreement and access: the broker keeps the papers, each side signs for itself, the host opens its doors
    "agreement.keep": _broker,
    "agreement.sign": _either(
        _broker,
        _member("owner_organisation", "owner", "startup"),
        _member("startup_organisation", "startup"),
        _member("host_organisation", "host"),
    ),
    "aid.keep": _broker,
    "aid.view": _either(_broker, _member("organisation_id", "startup")),
    "prerequisite.meet": _either(_broker, _member("host_organisation", "host")),
    # bookings: who may see one is decided by the loader; the asker's side replies, the host answers, each may cancel
    "booking.view": _with_role,
    "booking.create": _posts,
    "booking.reply": _either(_broker, _member("asker_organisation", "owner", "startup")),
    "booking.answer": _either(_broker, _member("host_organisation", "host")),
    "booking.cancel": _either(
        _broker,
        _member("asker_organisation", "owner", "startup"),
        _member("host_organisation", "host"),
    ),
    # questions about a need: whoever acts as something reads the answers, the need's side answers (`need.route`)
    "question.view": _with_role,
    "question.ask": _role("startup", "host"),
    # handling a case: everybody in it writes its log and ticks its lists, the brokers say who holds it
    "case.log": _either(
        _broker,
        _member("owner_organisation", "owner", "startup"),
        _member("startup_organisation", "startup"),
        _member("host_organisation", "host"),
    ),
    "case.plan": _either(_broker, _member("owner_organisation", "owner", "startup")),
    "case.hold": _broker,
    # the pilot: the owner's side settles, runs and decides, the startup reads off too, everybody tells of incidents
    "pilot.edit": _either(_broker, _member("owner_organisation", "owner", "startup")),
    "pilot.read": _either(
        _broker,
        _member("owner_organisation", "owner", "startup"),
        _member("startup_organisation", "startup"),
    ),
    "pilot.incident": _either(
        _broker,
        _member("owner_organisation", "owner", "startup"),
        _member("startup_organisation", "startup"),
        _member("host_organisation", "host"),
    ),
    "pilot.decide": _either(_broker, _member("owner_organisation", "owner", "startup")),
    "feedback.open": _either(
        _broker,
        _member("owner_organisation", "owner", "startup"),
        _member("startup_organisation", "startup"),
    ),
    "feedback.answer": _member("startup_organisation", "startup"),
    # what came of it: each side answers for itself, and says what the public may read
    "outcome.answer": _either(_broker, _member("owner_organisation", "owner", "startup")),
    "outcome.company": _either(_broker, _member("startup_organisation", "startup")),
    "release.view": _either(
        _broker,
        _member("owner_organisation", "owner", "startup"),
        _member("startup_organisation", "startup"),
    ),
    "release.write": _either(
        _member("owner_organisation", "owner", "startup"), _member("startup_organisation", "startup")
    ),
    "release.ask": _broker,
    # the year in figures: the whole hub's for those who run it, an organisation's for its owners too
    "year": _role("broker", "administrator"),
    "year.own": _role("broker", "administrator", "owner"),
    "year.report": _either(_role("broker", "administrator"), _own_year),
    # spread: whoever owns needs copies a pilot or asks about it, where the loader lets them
    "spread.view": _signed_in,
    "spread.open": _member("owner_organisation", "owner", "startup"),
    "spread.copy": _role("owner", "broker"),
    "spread.ask": _role("owner", "host", "broker"),
    "import": _broker,
    # The map shows what is published: needs, which anybody sees, and profiles, which whoever acts as something sees.
    "map": _with_role,
}


def can(viewer: Viewer | None, action: str, thing: Thing = None) -> bool:
    """Whether `viewer` may do `action` to `thing`; an action that nobody wrote down is denied to all."""
    rule = RULES.get(action)
    return rule is not None and rule(viewer, thing)
