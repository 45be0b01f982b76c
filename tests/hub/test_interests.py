from __future__ import annotations

import json

import pytest

from matcher.hub import conflicts, interests, needs
from matcher.hub.clock import later
from matcher.hub.errors import Conflict, Denied, Invalid, NotFound
from matcher.store import Store
from tests.factories import NOW, create_person, create_startup

from .cases import Case, mails, recorded


def express(case: Case, message: str = "Vi monterar tolv sensorer.", now: str = NOW, **given: str) -> str:
    return interests.create(case.store, case.founder, case.need["id"], case.startup["id"], message, now, 5, **given)


def test_an_interest_is_promised_an_answer_and_brokers_are_told(store: Store, case: Case) -> None:
    interest_id = express(case)
    row = interests.load(store, case.founder, interest_id)
    assert (row["answer_by"], row["need_version"]) == ("2026-11-25", 1)
    assert [mail["recipient"] for mail in mails(store, "interest_received")] == [case.broker.email]
    assert recorded(store, interest_id) == ["interest.create"]


@pytest.mark.parametrize(
    ("at", "status"), [(NOW, "waiting"), (later(NOW, days=5), "waiting"), (later(NOW, days=6), "late")]
)
def test_a_promise_that_was_not_kept_shows(store: Store, case: Case, at: str, status: str) -> None:
    assert interests.status(interests.load(store, case.broker, express(case)), at) == status


@pytest.mark.parametrize(("message", "code"), [("", "required"), (" \n ", "required"), ("x" * 8_001, "too_long")])
def test_an_interest_says_something(case: Case, message: str, code: str) -> None:
    with pytest.raises(Invalid) as error:
        express(case, message)
    assert error.value.errors["message"][0] == code


@pytest.mark.parametrize(
    ("table", "change", "code"),
    [
        ("need", "closed_at = '2026-11-20T08:00:00Z'", "need_not_open"),
        ("need", "valid_until = '2026-11-19'", "need_expired"),
        ("startup", "published_at = null", "startup_not_live"),
    ],
)
def test_only_a_live_profile_answers_an_open_need(store: Store, case: Case, table: str, change: str, code: str) -> None:
    store.execute(f"update {table} set {change}")
    with pytest.raises(Conflict, match=code):
        express(case)


def test_nobody_speaks_for_another_startup(store: Store, case: Case) -> None:
    case.founder = create_person(store, "startup")
    with pytest.raises(NotFound):
        express(case)
    assert mails(store, "interest_received") == []


def test_a_need_is_answered_once(store: Store, case: Case) -> None:
    interest_id = express(case)
    with pytest.raises(Conflict, match="interest_exists"):
        express(case)
    interests.decline(store, case.broker, interest_id, "unclear", "", NOW)
    with pytest.raises(Conflict, match="interest_answered"):
        express(case)


def test_a_second_profile_is_no_second_word_of_the_company(store: Store, case: Case) -> None:
    interest_id = express(case)
    second = create_startup(store, case.startup["organisation_id"], published=True)

    def again() -> str:
        return interests.create(store, case.founder, case.need["id"], second["id"], "Vi gör annat.", NOW)

    with pytest.raises(Conflict, match="interest_exists"):
        again()
    found = {row["id"]: row for row in interests.profiles(store, case.founder, case.need["id"])}
    assert {row["answered"] for row in found.values()} == {1}
    interests.decline(store, case.broker, interest_id, "unclear", "", NOW)
    with pytest.raises(Conflict, match="interest_answered") as error:
        again()
    assert error.value.params["interest_id"] == interest_id
    store.execute("update interest set answered_at = null, answered_by = null, answer = null, reason = null")
    interests.withdraw(store, case.founder, interest_id, "no_capacity", "", NOW)
    assert again()


def test_who_is_being_paired_needs_no_interest(case: Case) -> None:
    case.propose()
    with pytest.raises(Conflict, match="pairing_exists"):
        express(case)


def test_ties_become_a_declared_conflict_of_interest(store: Store, case: Case) -> None:
    express(case, ties="Vår vd har arbetat där.")
    assert conflicts.stands(store, case.need["id"], case.startup["id"])


def test_no_comes_with_a_reason_by_mail_and_on_the_page(store: Store, case: Case) -> None:
    interest_id = express(case)
    interests.decline(store, case.broker, interest_id, "readiness", "Kom tillbaka efter piloten.", NOW)
    row = interests.load(store, case.founder, interest_id)
    assert (row["answer"], row["reason"], row["note"]) == ("declined", "readiness", "Kom tillbaka efter piloten.")
    [told] = mails(store, "interest_declined")
    assert told["recipient"] == case.founder.email
    assert json.loads(told["params"])["note"] == "Kom tillbaka efter piloten."


@pytest.mark.parametrize(
    ("reason", "note", "field"), [("", "", "reason"), ("nonsense", "", "reason"), ("other", "", "note")]
)
def test_a_no_needs_a_reason(store: Store, case: Case, reason: str, note: str, field: str) -> None:
    with pytest.raises(Invalid) as error:
        interests.decline(store, case.broker, express(case), reason, note, NOW)
    assert list(error.value.errors) == [field]


def test_the_second_answer_learns_of_the_first(store: Store, case: Case) -> None:
    interest_id = express(case)
    interests.decline(store, case.broker, interest_id, "no_fit", "", NOW)
    with pytest.raises(Conflict) as error:
        interests.decline(store, create_person(store, "broker"), interest_id, "gate", "", NOW)
    assert error.value.params == {"person": case.broker.name, "at": NOW}


def test_withdrawing_tells_the_brokers_why_and_lets_one_come_back(store: Store, case: Case) -> None:
    interest_id = express(case)
    interests.withdraw(store, case.founder, interest_id, "no_capacity", "", NOW)
    assert [mail["recipient"] for mail in mails(store, "interest_withdrawn")] == [case.broker.email]
    with pytest.raises(Conflict, match="interest_withdrawn"):
        interests.decline(store, case.broker, interest_id, "no_fit", "", NOW)
    assert express(case) != interest_id


def test_one_cannot_come_back_again_and_again(store: Store, case: Case) -> None:
    """Each time writes to every broker: one startup could send the hub as many mails as it liked."""
    for _ in range(interests.A_DAY):
        interests.withdraw(store, case.founder, express(case), "no_capacity", "", NOW)
    with pytest.raises(Conflict, match="interest_often"):
        express(case)
    assert len(mails(store, "interest_received")) == interests.A_DAY
    other = create_startup(store, case.founder.organisations("startup")[0], published=True)
    with pytest.raises(Conflict, match="interest_often"):
        interests.create(store, case.founder, case.need["id"], other["id"], "Vi gör annat.", NOW)
    stranger = Case(store, case.broker)
    assert interests.create(store, stranger.founder, case.need["id"], stranger.startup["id"], "Vi gör annat.", NOW)
    assert interests.create(store, case.founder, stranger.need["id"], other["id"], "Vi gör annat.", NOW)
    assert express(case, now=later(NOW, days=1))


def test_only_the_startup_withdraws_and_only_a_broker_answers(store: Store, case: Case) -> None:
    interest_id = express(case)
    with pytest.raises(Denied):
        interests.withdraw(store, case.broker, interest_id, "terms", "", NOW)
    with pytest.raises(Denied):
        interests.decline(store, case.founder, interest_id, "no_fit", "", NOW)
    with pytest.raises(NotFound):
        interests.decline(store, case.owner, interest_id, "no_fit", "", NOW)


def test_closing_a_need_answers_those_who_wait(store: Store, case: Case) -> None:
    interest_id = express(case)
    needs.close(store, case.owner, case.need["id"], "met", "Löst på annat sätt.", NOW)
    row = interests.load(store, case.founder, interest_id)
    assert (row["answer"], row["reason"]) == ("declined", "need_closed")


def test_a_startup_lists_its_own_and_a_broker_all(store: Store, case: Case) -> None:
    mine, other = express(case), express(Case(store))
    assert [row["id"] for row in interests.listing(store, case.founder, NOW)[0]] == [mine]
    rows, total = interests.listing(store, case.broker, NOW)
    assert ({row["id"] for row in rows}, total) == ({mine, other}, 2)
    assert [row["id"] for row in interests.listing(store, case.broker, NOW, need_id=case.need["id"])[0]] == [mine]


def test_the_competition_counts_those_who_are_still_in(store: Store, case: Case) -> None:
    express(case)
    other = Case(store, case.broker)
    other.need = case.need
    interests.decline(store, case.broker, express(other), "no_fit", "", NOW)
    assert interests.competition(store, [case.need["id"], "other"]) == {case.need["id"]: 1}


def test_profiles_tell_what_stands_already(store: Store, case: Case) -> None:
    draft = create_startup(store, case.startup["organisation_id"])
    interest_id = express(case)
    found = {row["id"]: row for row in interests.profiles(store, case.founder, case.need["id"])}
    assert found[case.startup["id"]]["interest_id"] == interest_id
    assert (found[draft["id"]]["live"], found[draft["id"]]["interest_id"]) == (0, None)
