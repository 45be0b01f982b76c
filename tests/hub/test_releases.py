"""What the public reads of a case: only what both sides said yes to, as they read it."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.hub import cases, pairings, released, releases
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound, Stale
from matcher.store import Store
from matcher.store.migrations import MIGRATIONS
from matcher.store.schema import statements
from tests.factories import NOW, create_person, create_testbed

from .cases import Case, mails, recorded
from .test_outcomes import ENDED, SIX, TWELVE, answer, completed, decide

OWNER = {"title": "Färre fall på natten", "owner_text": "Vi provade en sensor.", "language": "sv"}
STARTUP = {"startup_text": "Vi lärde oss om nattskiften."}


def written(store: Store, case: Case, pairing_id: str, now: str = SIX) -> int:
    """Let both sides write, and return the revision."""
    releases.save(store, case.owner, pairing_id, "owner", OWNER, 0, now)
    releases.save(store, case.founder, pairing_id, "startup", STARTUP, 1, now)
    return 2


def release(store: Store, case: Case, pairing_id: str, now: str = SIX) -> None:
    revision = written(store, case, pairing_id, now)
    assert not releases.agree(store, case.owner, pairing_id, "owner", revision, now)
    assert releases.agree(store, case.founder, pairing_id, "startup", revision, now)


def is_public(store: Store, pairing_id: str) -> bool:
    listed = pairing_id in {row["id"] for row in released.listing(store, SIX)["rows"]}
    try:
        released.load(store, None, pairing_id, SIX)
    except NotFound:
        assert not listed
        return False
    assert listed
    return True


def test_a_case_is_public_when_both_have_said_yes_and_not_before(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    revision = written(store, case, pairing_id)
    assert not is_public(store, pairing_id)
    releases.agree(store, case.founder, pairing_id, "startup", revision, SIX)
    assert not is_public(store, pairing_id)
    assert [mail["recipient"] for mail in mails(store, "pairing_release_asked")] == [case.owner.email]
    releases.agree(store, case.owner, pairing_id, "owner", revision, SIX)
    assert is_public(store, pairing_id)
    assert {mail["recipient"] for mail in mails(store, "pairing_released")} == {case.founder.email, case.broker.email}
    assert recorded(store, pairing_id).count("release.agree") == 2
    assert "release.public" in recorded(store, pairing_id)


@pytest.mark.parametrize(("who", "side"), [("owner", "owner"), ("founder", "startup")])
def test_either_side_takes_its_yes_back_and_the_page_is_gone(store: Store, case: Case, who: str, side: str) -> None:
    pairing_id = completed(store, case)
    release(store, case, pairing_id)
    releases.take_back(store, getattr(case, who), pairing_id, side, later(SIX, days=1))
    assert not is_public(store, pairing_id)
    assert len(mails(store, "pairing_release_taken_back")) == 2
    releases.agree(store, getattr(case, who), pairing_id, side, 2, later(SIX, days=2))
    assert is_public(store, pairing_id)


@pytest.mark.parametrize(
    ("who", "side", "given"),
    [
        ("owner", "owner", {**OWNER, "title": "Ny rubrik"}),
        ("owner", "owner", {**OWNER, "language": "en"}),
        ("founder", "startup", {"startup_text": "Annat."}),
    ],
)
def test_a_change_of_the_text_asks_both_anew(
    store: Store, case: Case, who: str, side: str, given: dict[str, Any]
) -> None:
    pairing_id = completed(store, case)
    release(store, case, pairing_id)
    releases.save(store, getattr(case, who), pairing_id, side, given, 2, later(SIX, days=1))
    row = releases.of_case(store, cases.fetch(store, pairing_id))
    assert (row["owner_released_at"], row["startup_released_at"], row["revision"]) == (None, None, 3)
    assert not is_public(store, pairing_id)
    for other, name in ((case.owner, "owner"), (case.founder, "startup")):
        with pytest.raises(Conflict, match="release_changed"):
            releases.agree(store, other, pairing_id, name, 2, later(SIX, days=2))


def test_saving_the_same_text_again_asks_nobody(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    release(store, case, pairing_id)
    told = len(mails(store, "pairing_release_changed"))
    releases.save(store, case.owner, pairing_id, "owner", OWNER, 2, later(SIX, days=1))
    assert is_public(store, pairing_id)
    assert len(mails(store, "pairing_release_changed")) == told


def test_a_side_writes_its_own_text_only(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    for who, side in ((case.owner, "startup"), (case.founder, "owner"), (case.broker, "owner"), (case.owner, "host")):
        for step in (
            lambda who=who, side=side: releases.save(store, who, pairing_id, side, STARTUP, 0, SIX),
            lambda who=who, side=side: releases.agree(store, who, pairing_id, side, 0, SIX),
            lambda who=who, side=side: releases.take_back(store, who, pairing_id, side, SIX),
        ):
            with pytest.raises(Denied):
                step()
    with pytest.raises(Invalid):
        releases.save(store, case.founder, pairing_id, "startup", {**STARTUP, "owner_text": "Bra!"}, 0, SIX)
    assert store.query("select * from release") == []


def test_nobody_says_yes_before_both_have_written(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    releases.save(store, case.owner, pairing_id, "owner", OWNER, 0, SIX)
    with pytest.raises(Conflict, match="release_unwritten") as error:
        releases.agree(store, case.owner, pairing_id, "owner", 1, SIX)
    assert error.value.params == {"names": releases.load(store, case.owner, pairing_id)["startup_name"]}


def test_two_who_write_at_once_do_not_write_over_each_other(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    releases.save(store, case.owner, pairing_id, "owner", OWNER, 0, SIX)
    with pytest.raises(Stale):
        releases.save(store, case.founder, pairing_id, "startup", STARTUP, 0, SIX)


def test_yes_is_said_once_and_taken_back_once(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    release(store, case, pairing_id)
    with pytest.raises(Conflict, match="release_agreed"):
        releases.agree(store, case.owner, pairing_id, "owner", 2, SIX)
    releases.take_back(store, case.owner, pairing_id, "owner", SIX)
    with pytest.raises(Conflict, match="release_not_agreed"):
        releases.take_back(store, case.owner, pairing_id, "owner", SIX)


def test_a_text_that_is_too_long_is_refused(store: Store, case: Case) -> None:
    with pytest.raises(Invalid) as error:
        releases.save(store, case.founder, completed(store, case), "startup", {"startup_text": "x" * 2001}, 0, SIX)
    assert error.value.errors["startup_text"][0] == "too_long"


def test_only_a_confirmed_case_can_be_released_and_hosts_have_no_say(store: Store, case: Case) -> None:
    pairing_id = case.accepted()
    with pytest.raises(NotFound):
        releases.load(store, case.owner, pairing_id)
    with pytest.raises(Conflict, match="pairing_not_confirmed"):
        releases.save(store, case.owner, pairing_id, "owner", OWNER, 0, NOW)
    testbed = create_testbed(store, published=True)
    case.confirm(pairing_id, testbed)
    host = create_person(store, "host", testbed["organisation_id"])
    for stranger in (host, create_person(store, "owner"), None):
        with pytest.raises(NotFound):
            releases.load(store, stranger, pairing_id)


def test_a_broker_asks_those_who_have_not_said_yes(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    releases.ask(store, case.broker, pairing_id, SIX)
    assert len(mails(store, "pairing_release_asked")) == 2
    with pytest.raises(Denied):
        releases.ask(store, case.owner, pairing_id, SIX)
    release(store, case, pairing_id, later(SIX, days=1))
    with pytest.raises(Conflict, match="release_public"):
        releases.ask(store, case.broker, pairing_id, later(SIX, days=2))


def test_the_preview_is_what_becomes_public(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    answer(store, case, pairing_id, used_by="40", economic="large", spread="Åby\nÖby")
    revision = written(store, case, pairing_id)
    before = released.preview(store, releases.of_case(store, cases.fetch(store, pairing_id)), SIX)
    for who, side in ((case.owner, "owner"), (case.founder, "startup")):
        releases.agree(store, who, pairing_id, side, revision, SIX)
    assert released.load(store, None, pairing_id, SIX) == {**before, "released_on": SIX[:10]}
    assert (before["in_use"], before["months"], before["used_by"], before["spread"]) == ("yes", 6, 40, 2)


def test_how_far_a_case_came(store: Store, case: Case) -> None:
    pairing_id = case.accepted()
    case.confirm(pairing_id, create_testbed(store, published=True))
    release(store, case, pairing_id)

    def stage(now: str = SIX) -> str:
        return released.load(store, None, pairing_id, now)["stage"]

    assert stage() == "confirmed"
    row = {"id": "agreement1", "pairing_id": pairing_id, "number": 1, "language": "sv", "terms": "{}"}
    times = {"drafted_at": NOW, "sent_at": NOW, "in_force_at": NOW, "paper": b"x", "paper_hash": "x"}
    store.insert("agreement", {**row, **times, "starts_on": NOW[:10], "ends_on": "2027-12-31"})
    found = released.load(store, None, pairing_id, SIX)
    assert (found["stage"], found["agreement"], found["agreement_on"]) == ("agreement", "yes", NOW[:10])
    pairings.end(store, case.broker, pairing_id, "completed", "", ENDED)
    decide(store, pairing_id, "adopt", ENDED)
    found = released.load(store, None, pairing_id, SIX)
    assert (found["stage"], found["decision"], found["decided_on"]) == ("decided", "adopt", ENDED[:10])
    first = answer(store, case, pairing_id, in_use="partly", why_not="En avdelning")
    assert stage() == "in_use"
    answer(store, case, pairing_id, TWELVE, 12, in_use="no", why_not="Slut")
    assert first["in_use"] == "partly"
    assert (stage(), stage(TWELVE)) == ("in_use", "decided")


def test_the_list_is_parted_into_pages_and_costs_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        case = Case(store)
        release(store, case, completed(store, case), later(SIX, days=number))
    found = released.listing(store, TWELVE, 1, 2)
    assert (len(found["rows"]), found["total"], found["pages"]) == (2, 3, 2)
    assert found["rows"][0]["released_on"] > found["rows"][1]["released_on"]
    assert len(released.listing(store, TWELVE, 9, 2)["rows"]) == 0
    monkeypatch.setattr(released, "MOST", 2)
    monkeypatch.setattr(released.listing, "__defaults__", (1, 2))
    assert len(released.every(store, TWELVE)) == 3


def _rename(store: Store, case: Case, startup: str, owner: str) -> None:
    store.execute("update startup set name = :name where id = :id", {"name": startup, "id": case.startup["id"]})
    home = {"name": owner, "id": case.need["organisation_id"]}
    store.execute("update organisation set name = :name where id = :id", home)


def _names(row: dict[str, Any]) -> tuple[str, str]:
    return row["owner"], row["startup"]


def test_who_is_renamed_later_stands_on_the_page_by_the_name_of_the_yes(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    release(store, case, pairing_id)
    before = released.load(store, None, pairing_id, SIX)
    _rename(store, case, "Kommunen erkänner: bluff AB", "En annan kommun")
    assert released.load(store, None, pairing_id, SIX) == before
    assert released.every(store, SIX) == [before]
    assert released.preview(store, releases.of_case(store, cases.fetch(store, pairing_id)), SIX) == before


def test_the_second_yes_is_to_the_names_of_the_first(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    revision = written(store, case, pairing_id)
    names = _names(released.preview(store, releases.of_case(store, cases.fetch(store, pairing_id)), SIX))
    releases.agree(store, case.owner, pairing_id, "owner", revision, SIX)
    _rename(store, case, "Nytt namn AB", "Ny kommun")
    releases.agree(store, case.founder, pairing_id, "startup", revision, SIX)
    assert _names(released.load(store, None, pairing_id, SIX)) == names


def test_a_name_that_was_changed_since_the_page_was_read_gets_no_yes(store: Store, case: Case) -> None:
    pairing_id = completed(store, case)
    revision = written(store, case, pairing_id)
    owner, startup = _names(released.preview(store, releases.of_case(store, cases.fetch(store, pairing_id)), SIX))
    _rename(store, case, "Nytt namn AB", owner)
    with pytest.raises(Conflict, match="release_changed"):
        releases.agree(store, case.owner, pairing_id, "owner", revision, SIX, {"owner": owner, "startup": startup})
    releases.agree(store, case.owner, pairing_id, "owner", revision, SIX, {"owner": owner, "startup": "Nytt namn AB"})


@pytest.mark.parametrize("how", ["both take it back", "another text"])
def test_names_of_today_stand_when_every_yes_is_said_anew(store: Store, case: Case, how: str) -> None:
    pairing_id = completed(store, case)
    release(store, case, pairing_id)
    names = _names(released.load(store, None, pairing_id, SIX))
    _rename(store, case, "Nytt namn AB", "Ny kommun")
    releases.take_back(store, case.founder, pairing_id, "startup", SIX)
    shown = released.preview(store, releases.of_case(store, cases.fetch(store, pairing_id)), SIX)
    assert _names(shown) == names, "the owner's yes still stands, to the names that it was said to"
    if how == "another text":
        releases.save(store, case.founder, pairing_id, "startup", {"startup_text": "Annat."}, 2, SIX)
    else:
        releases.take_back(store, case.owner, pairing_id, "owner", SIX)
    revision = releases.of_case(store, cases.fetch(store, pairing_id))["revision"]
    for who, side in ((case.owner, "owner"), (case.founder, "startup")):
        releases.agree(store, who, pairing_id, side, revision, SIX)
    assert _names(released.load(store, None, pairing_id, SIX)) == ("Ny kommun", "Nytt namn AB")


def test_a_page_of_before_keeps_the_names_that_it_had_when_the_hub_was_brought_up_to_date(
    store: Store, case: Case
) -> None:
    pairing_id = completed(store, case)
    release(store, case, pairing_id)
    before = released.load(store, None, pairing_id, SIX)
    store.execute("update release set owner_name = null, startup_name = null")
    [script] = [text for name, text in MIGRATIONS if name == "0046_released_names"]
    store.execute(statements(script, store.engine)[-1])
    _rename(store, case, "Nytt namn AB", "Ny kommun")
    assert released.load(store, None, pairing_id, SIX) == before
