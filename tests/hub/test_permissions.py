from __future__ import annotations

import pytest

from matcher.hub.people import ROLES, Viewer
from matcher.hub.permissions import RULES, can

HERE, ELSEWHERE = "here", "elsewhere"
PARTIES = {"owner_organisation": "town", "startup_organisation": "company", "host_organisation": "lab"}


def somebody(*roles: tuple[str, str]) -> Viewer:
    return Viewer("p1", "Kim", "kim@example.org", "sv", False, frozenset(roles))


def who_may(action: str, thing: dict | None) -> set[str]:
    """Return the roles that may do this when held in the organisation `here`; "visitor" and "nobody" beside them."""
    found = {role for role in ROLES if can(somebody((role, HERE)), action, thing)}
    found |= {"visitor"} if can(None, action, thing) else set()
    return found | ({"without a role"} if can(somebody(), action, thing) else set())


EVERYBODY = {*ROLES, "visitor", "without a role"}
# A role anywhere (or a log-in) is enough; the loader decides what is seen.
ANYWHERE = {
    "booking.create",
    "booking.view",
    "feed",
    "interest.create",
    "pairing.view",
    "question.ask",
    "question.view",
    "spread.ask",
    "spread.copy",
    "spread.view",
}

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


@pytest.mark.parametrize("action", sorted(set(RULES) - set(OWN)))
def test_strangers_may_do_nothing_to_a_case(action: str) -> None:
    if action in ANYWHERE:
        assert not can(None, action, PARTIES)
        return
    far = somebody(("owner", ELSEWHERE), ("startup", ELSEWHERE), ("host", ELSEWHERE))
    for stranger in (None, somebody(), somebody(("administrator", "hub")), far):
        assert not can(stranger, action, PARTIES)


@pytest.mark.parametrize("action", sorted(set(RULES) - set(OWN)))
def test_a_role_in_the_wrong_place_of_a_case_is_worth_nothing(action: str) -> None:
    crossed = somebody(("owner", "company"), ("startup", "lab"), ("host", "town"))
    if action not in ANYWHERE:
        assert not can(crossed, action, PARTIES)


@pytest.mark.parametrize(
    ("action", "parties"),
    [
        ("pairing.answer", {"town", "company"}),
        ("pairing.decline", {"town", "company"}),
        ("pairing.end", {"town", "company", "lab"}),
        ("pairing.confirm", set()),
        ("pairing.propose", set()),
        ("share.comment", {"town"}),
        ("interest.withdraw", {"company"}),
        ("interest.answer", set()),
        ("dismissal", set()),
        ("conflict.declare", {"town", "company"}),
        ("conflict.lift", set()),
        ("agreement.keep", set()),
        ("agreement.sign", {"town", "company", "lab"}),
        ("prerequisite.meet", {"lab"}),
    ],
)
def test_each_party_has_its_own_part_in_a_case(action: str, parties: set[str]) -> None:
    sides = {"town": "owner", "company": "startup", "lab": "host"}
    assert {place for place, role in sides.items() if can(somebody((role, place)), action, PARTIES)} == parties


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
