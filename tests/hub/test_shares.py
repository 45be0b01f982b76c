from __future__ import annotations

import json

import pytest

from matcher.hub import conflicts, needs, shares, startups
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW, create_person

from .cases import SEEN, Case, mails, recorded


def give(case: Case, note: str = "Se deras mätning.") -> str:
    return shares.share(case.store, case.broker, case.need["id"], case.startup["id"], note, SEEN, NOW)


def shown(case: Case) -> list[dict]:
    return shares.for_need(case.store, case.owner, needs.load(case.store, case.owner, case.need["id"]))


def test_the_owner_sees_the_candidate_and_its_evidence_but_not_the_score(store: Store, case: Case) -> None:
    share_id = give(case)
    [row] = shown(case)
    assert (row["startup_name"], row["note"]) == (case.startup["name"], "Se deras mätning.")
    assert row["seen"] == {"evidence": SEEN["evidence"], "gates": []}
    assert shares.load(store, case.broker, share_id)["seen"] == SEEN
    [told] = mails(store, "share_new")
    assert told["recipient"] == case.owner.email
    assert recorded(store, share_id) == ["share.create"]


def test_a_candidate_is_shared_once_until_it_is_taken_back(store: Store, case: Case) -> None:
    share_id = give(case)
    with pytest.raises(Conflict, match="share_exists"):
        give(case)
    shares.withdraw(store, case.broker, share_id, NOW)
    assert shown(case) == []
    assert give(case) != share_id


def test_the_owner_says_what_they_think_and_whether_they_knew_them(store: Store, case: Case) -> None:
    share_id = give(case)
    shares.comment(store, case.owner, share_id, "Ser bra ut.", "yes", NOW)
    shares.comment(store, case.owner, share_id, "Vi har ringt dem.", "yes", "2026-11-21T09:00:00.000000Z")
    row = shares.load(store, case.broker, share_id)
    assert (row["comment"], row["known_before"], row["commented_by_name"]) == (
        "Vi har ringt dem.", "yes", case.owner.name,
    )  # fmt: skip
    assert [json.loads(mail["params"])["comment"] for mail in mails(store, "share_commented")] != []
    assert recorded(store, share_id).count("share.comment") == 2


@pytest.mark.parametrize(("text", "known", "field"), [("", None, "comment"), ("Hej", "maybe", "known_before")])
def test_a_comment_says_something(store: Store, case: Case, text: str, known: str | None, field: str) -> None:
    with pytest.raises(Invalid) as error:
        shares.comment(store, case.owner, give(case), text, known, NOW)
    assert list(error.value.errors) == [field]


def test_only_the_needs_side_comments_and_only_brokers_share(store: Store, case: Case) -> None:
    share_id = give(case)
    with pytest.raises(Denied):
        shares.comment(store, case.broker, share_id, "Hej", "no", NOW)
    for person in (case.founder, create_person(store, "owner")):
        with pytest.raises(NotFound):
            shares.comment(store, person, share_id, "Hej", "no", NOW)
    with pytest.raises(Denied):
        shares.withdraw(store, case.owner, share_id, NOW)
    case.broker = case.owner
    with pytest.raises(Denied):
        give(case)


def test_a_comment_on_what_was_taken_back_is_refused(store: Store, case: Case) -> None:
    share_id = give(case)
    shares.withdraw(store, case.broker, share_id, NOW)
    with pytest.raises(Conflict, match="share_withdrawn"):
        shares.comment(store, case.owner, share_id, "Hej", "no", NOW)


def test_others_do_not_see_the_candidates(store: Store, case: Case) -> None:
    give(case)
    need = needs.load(store, case.founder, case.need["id"])
    for person in (None, case.founder, create_person(store, "owner")):
        with pytest.raises(NotFound):
            shares.for_need(store, person, need)


def test_a_conflict_of_interest_stops_sharing(store: Store, case: Case) -> None:
    conflicts.declare(store, case.owner, case.need["id"], case.startup["id"], "Min bror", NOW)
    with pytest.raises(Conflict, match="conflict_declared"):
        give(case)


def test_the_ranking_page_learns_what_was_shared(store: Store, case: Case) -> None:
    share_id = give(case)
    assert shares.by_startup(store, case.need["id"])[case.startup["id"]]["id"] == share_id


def test_a_profile_that_is_a_draft_again_is_not_read_through_a_share(store: Store, case: Case) -> None:
    share_id = give(case)
    assert shown(case)[0]["description"] == case.startup["description"]
    startups.unpublish(store, case.founder, case.startup["id"], NOW)
    draft = {"description": "Patentet som ingen får läsa än.", "novelty": "En hemlighet."}
    startups.save(store, case.founder, case.startup["id"], draft, 1, NOW)
    for row in (*shown(case), shares.load(store, case.owner, share_id)):
        assert {row[name] for name in shares.PROFILE_FIELDS} == {None}
        assert "Patentet" not in str(row)
        assert row["seen"]["evidence"] == SEEN["evidence"]  # as it stood in public when it was shared
    assert shares.load(store, case.broker, share_id)["novelty"] == "En hemlighet."
    startups.publish(store, case.founder, case.startup["id"], NOW)
    assert shown(case)[0]["novelty"] == "En hemlighet."
