from __future__ import annotations

import importlib

import pytest

from matcher.hub import permissions
from matcher.hub.people import ROLES, Viewer
from matcher.hub.permissions import RULES

HERE, ELSEWHERE = "here", "elsewhere"
PARTIES = {"owner_organisation": "town", "startup_organisation": "company", "host_organisation": "lab"}


@pytest.fixture(autouse=True)
def _table_made_anew() -> None:
    """Fill the table within the test: it is filled at import, where `make mutants` comes too late."""
    importlib.reload(permissions)


def can(viewer: Viewer | None, action: str, thing: dict | None = None) -> bool:
    return permissions.can(viewer, action, thing)


def somebody(*roles: tuple[str, str]) -> Viewer:
    return Viewer("p1", "Kim", "kim@example.org", "sv", False, frozenset(roles))


def who_may(action: str, thing: dict | None) -> set[str]:
    """Return the roles that may do this when held in the organisation `here`; "visitor" and "nobody" beside them."""
    found = {role for role in ROLES if can(somebody((role, HERE)), action, thing)}
    found |= {"visitor"} if can(None, action, thing) else set()
    return found | ({"without a role"} if can(somebody(), action, thing) else set())


EVERYBODY = {*ROLES, "visitor", "without a role"}
# What may be done to a thing of one's own organisation, by role. What a role may do elsewhere stands below.
OWN = {
    "public": EVERYBODY,
    "account": EVERYBODY - {"visitor"},
    "admin": {"administrator"},
    "desk": {"broker"},
    "import": {"broker"},
    "map": set(ROLES),
    "need.view": EVERYBODY,
    "need.create": {"owner", "startup", "broker"},
    "need.edit": {"owner", "startup", "broker"},
    "need.review": {"broker"},
    "need.close": {"owner", "startup", "broker"},
    "need.rank": {"broker"},
    "need.candidates": {"owner", "startup", "broker"},
    "startup.view": set(ROLES),
    "startup.create": {"startup"},
    "startup.edit": {"startup", "broker"},
    "startup.publish": {"startup"},
    "startup.moderate": {"broker"},
    "startup.needs": {"startup"},
    "testbed.view": EVERYBODY,
    "testbed.create": {"host"},
    "testbed.edit": {"host", "broker"},
    "year": {"broker", "administrator"},
    "year.own": {"broker", "administrator", "owner"},
    "year.report": {"broker", "administrator"},  # and owners of the organisation itself, see below
}


@pytest.mark.parametrize("action", sorted(OWN))
def test_who_may_do_what_to_their_own(action: str) -> None:
    assert who_may(action, {"organisation_id": HERE}) == OWN[action]


@pytest.mark.parametrize("action", sorted(OWN))
def test_elsewhere_only_what_needs_no_membership(action: str) -> None:
    free = {"broker", "administrator", "visitor", "without a role"}
    by_membership = {"need.edit", "need.close", "need.candidates", "startup.edit", "startup.publish", "startup.needs",
                     "testbed.edit"}  # fmt: skip
    expected = OWN[action] & free if action in by_membership else OWN[action]
    assert who_may(action, {"organisation_id": ELSEWHERE}) == expected


# Who may do what in a case or a booking, as role@place, with all roles tried in all places. `company` is the startup's
# organisation, `lab` the testbed's, `asker` whoever asked for the place; a company may own needs too (startup@town).
SIDES = ("town", "company", "lab", "asker")
OWNER, STARTUP, HOST = {"owner@town", "startup@town"}, {"startup@company"}, {"host@lab"}
BROKER, ASKER = {"broker@hub"}, {"owner@asker", "startup@asker"}
ALL = {f"{role}@{place}" for place in SIDES for role in ("owner", "startup", "host")} | BROKER | {"administrator@hub"}


def anywhere(*roles: str) -> set[str]:
    return {one for one in ALL if one.partition("@")[0] in roles}


IN_A_CASE = {
    "agreement.keep": BROKER,
    "agreement.sign": OWNER | STARTUP | HOST | BROKER,
    "aid.keep": BROKER,
    "aid.view": BROKER,  # and the startup's own people, see below
    "booking.answer": HOST | BROKER,
    "booking.cancel": HOST | ASKER | BROKER,
    "booking.create": anywhere("owner", "startup", "broker"),
    "booking.reply": ASKER | BROKER,
    "booking.view": ALL,
    "case.hold": BROKER,
    "case.log": OWNER | STARTUP | HOST | BROKER,
    "case.plan": OWNER | BROKER,
    "conflict.declare": OWNER | STARTUP | BROKER,
    "conflict.lift": BROKER,
    "dismissal": BROKER,
    "feed": ALL,
    "feedback.answer": STARTUP,
    "feedback.open": OWNER | STARTUP | BROKER,
    "interest.answer": BROKER,
    "interest.create": anywhere("startup"),
    "interest.view": STARTUP | BROKER,
    "interest.withdraw": STARTUP,
    "need.route": BROKER,  # and the need's own people, see below
    "outcome.answer": OWNER | BROKER,
    "outcome.company": STARTUP | BROKER,
    "pairing.answer": OWNER | STARTUP,
    "pairing.confirm": BROKER,
    "pairing.decline": OWNER | STARTUP | BROKER,
    "pairing.end": OWNER | STARTUP | HOST | BROKER,
    "pairing.propose": BROKER,
    "pairing.view": ALL | {"without a role"},
    "pilot.decide": OWNER | BROKER,
    "pilot.edit": OWNER | BROKER,
    "pilot.incident": OWNER | STARTUP | HOST | BROKER,
    "pilot.read": OWNER | STARTUP | BROKER,
    "plan": BROKER,
    "prerequisite.meet": HOST | BROKER,
    "question.ask": anywhere("startup", "host"),
    "question.view": ALL,
    "release.ask": BROKER,
    "release.view": OWNER | STARTUP | BROKER,
    "release.write": OWNER | STARTUP,
    "share.comment": OWNER,
    "share.create": BROKER,
    "spread.ask": anywhere("owner", "host", "broker"),
    "spread.copy": anywhere("owner", "broker"),
    "spread.open": OWNER,
    "spread.view": ALL | {"without a role"},
}


def test_each_rule_of_the_table_has_its_line_here() -> None:
    assert set(IN_A_CASE) | set(OWN) == set(RULES)
    assert not set(IN_A_CASE) & set(OWN)


@pytest.mark.parametrize("action", sorted(IN_A_CASE))
def test_each_role_in_each_place_has_its_own_part_in_a_case(action: str) -> None:
    thing = {**PARTIES, "asker_organisation": "asker", "organisation_id": "another"}
    found = {one for one in ALL if can(somebody(tuple(one.split("@"))), action, thing)}
    found |= {"without a role"} if can(somebody(), action, thing) else set()
    assert found == IN_A_CASE[action]
    assert not can(None, action, thing)


@pytest.mark.parametrize(("action", "roles"), [("aid.view", {"startup"}), ("need.route", {"owner", "startup"})])
def test_what_belongs_to_one_organisation_is_for_its_own_people(action: str, roles: set[str]) -> None:
    assert who_may(action, {"organisation_id": HERE}) == {*roles, "broker"}


def test_what_nobody_wrote_down_is_denied_to_all() -> None:
    everything = somebody(*[(role, HERE) for role in ROLES])
    assert not can(everything, "need.burn", {"organisation_id": HERE})
    assert not can(everything, "", None)


@pytest.mark.parametrize("thing", [None, {}, {"organisation_id": None}, {"organisation_id": ""}])
def test_a_thing_without_an_organisation_belongs_to_nobody(thing: dict | None) -> None:
    assert who_may("startup.publish", thing) == set()
    assert who_may("need.edit", thing) == {"broker"}


def test_a_year_is_read_by_the_owners_of_the_organisation_and_of_those_above() -> None:
    year = {"id": HERE, "above": ["region"]}
    for place, may in ((HERE, True), ("region", True), (ELSEWHERE, False)):
        assert can(somebody(("owner", place)), "year.report", year) is may
    assert not can(somebody(("startup", HERE), ("host", HERE)), "year.report", year)
    assert not can(None, "year.report", year)
