from __future__ import annotations

import pytest
from argon2 import extract_parameters

from matcher.hub import links, passwords, people, sessions
from matcher.hub.errors import Invalid
from matcher.store import Store
from tests.factories import NOW, create_person

GOOD = "tre korta ord"
LONGEST = ("en lång rad av ord som ingen har skrivit förr, " * 3)[:128]


@pytest.fixture(scope="module")
def good_hash() -> str:
    return passwords.hashed(GOOD)


def with_password(store: Store, good_hash: str) -> people.Viewer:
    return create_person(store, email="kim@example.org", password_hash=good_hash)


def test_passwords_are_kept_as_argon2id_of_at_least_nineteen_mebibytes(good_hash: str) -> None:
    found = extract_parameters(good_hash)
    assert good_hash.startswith("$argon2id$")
    assert found.memory_cost >= 19 * 1024
    assert found.time_cost >= 2


@pytest.mark.parametrize("password", ["", "elva tecken", "x" * 129])
def test_a_password_has_twelve_to_128_characters(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        passwords.hashed(password)
    assert caught.value.errors["password"] == ("password_length", {"low": 12, "high": 128})


def test_the_shortest_and_the_longest_are_taken_and_spaces_count() -> None:
    assert passwords.hashed("tolv av blad")
    assert passwords.hashed(LONGEST)


@pytest.mark.parametrize(
    "password",
    ["passwordpassword", "Password1234!", "123456789012", "aaaaaaaaaaaa", "qwertyuiop12", "            ",
     "lösenord1234", "hejhejhejhej", "Matcher12345", "kim.hansson1", "stockholm2026", "å" * 128],
)  # fmt: skip
def test_what_everybody_would_try_first_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as caught:
        passwords.hashed(password, ("kim.hansson@example.org", "Kim Hansson"))
    assert caught.value.errors == {"password": ("password_common", {})}


def test_three_words_of_any_language_are_not_refused() -> None:
    assert not any(passwords.easily_guessed(text) for text in (GOOD, "house cat tree", "fyra nya korta ord"))


def test_the_right_password_names_the_person_in_any_spelling_of_the_address(store: Store, good_hash: str) -> None:
    person = with_password(store, good_hash)
    assert passwords.authenticate(store, " KIM@example.org ", GOOD) == person.person_id


@pytest.mark.parametrize("password", ["", "tre korta or", "tre korta ord ", "TRE KORTA ORD", GOOD + "x" * 500])
def test_a_wrong_password_names_nobody(store: Store, good_hash: str, password: str) -> None:
    with_password(store, good_hash)
    assert passwords.authenticate(store, "kim@example.org", password) is None


def test_a_longer_text_that_begins_with_the_longest_password_is_wrong(store: Store) -> None:
    longest = LONGEST
    create_person(store, email="kim@example.org", password_hash=passwords.hashed(longest))
    assert passwords.authenticate(store, "kim@example.org", longest)
    assert passwords.authenticate(store, "kim@example.org", longest + "x") is None


def test_a_damaged_hash_lets_nobody_in(store: Store) -> None:
    create_person(store, email="kim@example.org", password_hash="plain text")
    assert passwords.authenticate(store, "kim@example.org", "plain text") is None


def test_a_change_ends_every_session(store: Store, good_hash: str) -> None:
    person = with_password(store, good_hash)
    token = sessions.start(store, person.person_id, NOW)
    passwords.change(store, person, GOOD, "fyra andra korta ord", NOW)
    assert sessions.viewer(store, token, NOW) is None
    assert passwords.authenticate(store, person.email, GOOD) is None
    assert passwords.authenticate(store, person.email, "fyra andra korta ord")


def test_a_change_needs_the_present_password(store: Store, good_hash: str) -> None:
    person = with_password(store, good_hash)
    with pytest.raises(Invalid) as caught:
        passwords.change(store, person, "something else", "fyra andra korta ord", NOW)
    assert list(caught.value.errors) == ["present"]
    with pytest.raises(Invalid) as caught:
        passwords.change(store, person, "something else", "kort", NOW)
    assert list(caught.value.errors) == ["present", "password"]
    assert passwords.authenticate(store, person.email, GOOD)


class Counted:
    """The hasher, with a count of what it was asked to do."""

    def __init__(self, hasher):
        self.hasher, self.verified, self.made = hasher, [], 0

    def __getattr__(self, name):
        return getattr(self.hasher, name)

    def verify(self, known, password):
        self.verified.append(extract_parameters(known))
        return self.hasher.verify(known, password)

    def hash(self, password):
        self.made += 1
        return self.hasher.hash(password)


@pytest.mark.parametrize(
    "email", ["kim@example.org", "nobody@example.org", "closed@example.org", "none@example.org", ""]
)
def test_every_wrong_log_in_costs_one_verification_of_the_same_kind(store, monkeypatch, email):
    known = passwords.hashed(GOOD)
    create_person(store, email="kim@example.org", password_hash=known)
    create_person(store, email="closed@example.org", password_hash=known)
    store.execute("update person set disabled_at = :now where email = 'closed@example.org'", {"now": NOW})
    create_person(store, email="none@example.org")
    counted = Counted(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", counted)
    passwords._dummy_hash.cache_clear()
    typed = "wrong words here" if email.startswith("kim") else GOOD
    for _ in range(2):  # also the first one of a process
        assert passwords.authenticate(store, email, typed) is None
    assert counted.verified == [extract_parameters(known)] * 2
    assert counted.made == 0


@pytest.mark.parametrize("email", ["kim@example.org", "nobody@example.org"])
def test_asking_for_a_new_password_costs_no_verification_and_one_commit(store, monkeypatch, email):
    create_person(store, email="kim@example.org", password_hash=passwords.hashed(GOOD))
    counted = Counted(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", counted)
    links.request_reset(store, email, NOW)
    assert (counted.verified, counted.made) == ([], 0)
    assert len(store.query("select token_hash from link")) == 1
