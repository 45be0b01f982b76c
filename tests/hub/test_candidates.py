from __future__ import annotations

from matcher.hub import candidates
from tests import factories


def test_nothing_said_is_nothing(store, case):
    assert candidates.of_need(store, case.need["id"]) == {}
    assert candidates.of_startup(store, case.startup["id"]) == {}


def test_what_stands_between_the_two_is_seen_from_both_sides(store, case):
    pairing_id = case.propose()
    seen = candidates.of_need(store, case.need["id"])[case.startup["id"]]
    assert (seen["pairing"]["id"], seen["pairing"]["decided"]) == (pairing_id, None)
    assert candidates.of_startup(store, case.startup["id"])[case.need["id"]]["pairing"]["id"] == pairing_id


def test_a_dismissal_stands_until_it_is_undone(store, case):
    row = {
        "id": "d", "need_id": case.need["id"], "startup_id": case.startup["id"], "person_id": case.broker.person_id,
        "reason": "no_fit", "note": "För smalt.", "at": factories.NOW,
    }  # fmt: skip
    store.insert("dismissal", row)
    seen = candidates.of_need(store, case.need["id"])[case.startup["id"]]["dismissal"]
    assert (seen["reason"], seen["note"]) == ("no_fit", "För smalt.")
    assert candidates.of_startup(store, case.startup["id"])[case.need["id"]]["dismissal"]["note"] is None
    store.execute("update dismissal set undone_at = :at", {"at": factories.NOW})
    assert candidates.of_need(store, case.need["id"]) == {}


def test_profiles_come_by_id_with_their_lists(store):
    one, other = (factories.create_startup(store, published=True, regions=["12"]) for _ in range(2))
    found = candidates.profiles(store, [one["id"], other["id"], "nobody"])
    assert set(found) == {one["id"], other["id"]}
    assert found[one["id"]]["regions"] == ["12"]
    assert found[one["id"]]["organisation"]
    assert candidates.profiles(store, []) == {}


def test_need_cards_count_the_interest_that_stands(store, case):
    row = {
        "id": "i", "need_id": case.need["id"], "startup_id": case.startup["id"], "person_id": case.broker.person_id,
        "message": "", "need_version": 1, "answer_by": "2026-12-01", "created_at": factories.NOW,
    }  # fmt: skip
    store.insert("interest", row)
    assert candidates.need_cards(store, [case.need["id"]])[case.need["id"]]["interested"] == 1
    store.execute("update interest set withdrawn_at = :at", {"at": factories.NOW})
    assert candidates.need_cards(store, [case.need["id"]])[case.need["id"]]["interested"] == 0


def test_testbed_cards_hold_no_contact(store):
    row = factories.create_testbed(store, published=True)
    card = candidates.testbed_cards(store, [row["id"]])[row["id"]]
    assert card["places"] == row["places"]
    assert not {"contact_name", "contact_email", "backup_name", "backup_email"} & set(card)
