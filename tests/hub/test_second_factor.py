"""The second factor: a code is good once, its secret is never readable, and the way back in is told to the person."""

from __future__ import annotations

import re
import threading

import pyotp
import pytest

from matcher.hub import login_steps, mail, people, record, sealing, second_factor, sessions
from matcher.hub.clock import later, parse
from matcher.hub.errors import Conflict, Invalid
from tests.factories import NOW, PASSWORD, create_person
from tests.settings import SECRET

KEY = [SECRET]


@pytest.fixture
def kim(store, password_hash):
    return create_person(store, "broker", email="kim@example.org", password_hash=password_hash)


def code(secret, moment=NOW):
    return pyotp.TOTP(secret).at(parse(moment))


def turned_on(store, who, moment=NOW):
    """Turn it on half a minute before `moment`, so that the code of that moment is still to be used."""
    before = later(moment, minutes=-0.5)
    second_factor.begin(store, who, KEY, before)
    secret = second_factor.begun(store, who, KEY)
    codes = second_factor.confirm(store, who, KEY, PASSWORD, code(secret, before), before)
    return secret, codes


def told(store):
    return [row["params"]["what"] for row in mail.listing(store)["rows"] if row["template"] == "login_changed"]


def test_it_is_on_only_after_a_first_right_code_and_password(store, kim):
    second_factor.begin(store, kim, KEY, NOW)
    secret = second_factor.begun(store, kim, KEY)
    assert not second_factor.is_on(store, kim.person_id)
    for password, typed, wrong in (
        (PASSWORD, "000000", {"otp"}),
        ("wrong words here", code(secret), {"present"}),
        ("", "", {"otp", "present"}),
    ):
        with pytest.raises(Invalid) as refused:
            second_factor.confirm(store, kim, KEY, password, typed, NOW)
        assert set(refused.value.errors) == wrong
    assert not second_factor.is_on(store, kim.person_id)
    codes = second_factor.confirm(store, kim, KEY, PASSWORD, code(secret), NOW)
    assert second_factor.is_on(store, kim.person_id)
    assert len(set(codes)) == 10
    assert {len(code.replace("-", "")) for code in codes} == {28}  # 140 bits: a quick hash is enough
    assert second_factor.begun(store, kim, KEY) is None
    assert told(store) == ["factor_on"]


def test_turning_on_ends_every_session(store, kim):
    token = sessions.start(store, kim.person_id, NOW)
    turned_on(store, kim)
    assert sessions.viewer(store, token, NOW) is None


def test_neither_the_secret_nor_a_recovery_code_can_be_read_in_the_store(store, kim):
    secret, codes = turned_on(store, kim)
    plain = {secret, *codes, *(one.replace("-", "") for one in codes)}
    kept = [str(value) for table in store.tables() for row in store.query(f"select * from {table.name}")
            for value in row.values()]  # fmt: skip
    assert [one for one in plain for value in kept if one in value] == []


def test_a_code_is_good_once(store, kim):
    secret, _codes = turned_on(store, kim)
    assert second_factor.accept(store, kim.person_id, KEY, code(secret), "", NOW) == "code"
    for _ in range(2):
        with pytest.raises(Invalid):
            second_factor.accept(store, kim.person_id, KEY, code(secret), "", NOW)


def test_the_code_that_turned_it_on_does_not_log_in(store, kim):
    second_factor.begin(store, kim, KEY, NOW)
    secret = second_factor.begun(store, kim, KEY)
    second_factor.confirm(store, kim, KEY, PASSWORD, code(secret), NOW)
    with pytest.raises(Invalid):
        second_factor.accept(store, kim.person_id, KEY, code(secret), "", NOW)


def test_a_code_from_before_the_last_one_is_refused_though_its_time_would_do(store, kim):
    secret, _codes = turned_on(store, kim, later(NOW, minutes=-5))
    ahead = later(NOW, minutes=0.5)
    assert second_factor.accept(store, kim.person_id, KEY, code(secret, ahead), "", NOW) == "code"
    with pytest.raises(Invalid):
        second_factor.accept(store, kim.person_id, KEY, code(secret), "", NOW)


@pytest.mark.parametrize("minutes", [60, 365 * 24 * 60])
@pytest.mark.parametrize("begun_ahead", [True, False])
def test_a_code_of_a_clock_that_was_ahead_shuts_nobody_out_when_it_is_right(store, kim, minutes, begun_ahead):
    ahead = later(NOW, minutes=minutes)
    secret, _codes = turned_on(store, kim, ahead if begun_ahead else NOW)
    assert second_factor.accept(store, kim.person_id, KEY, code(secret, ahead), "", ahead) == "code"
    for moment in (NOW, later(NOW, minutes=1)):
        assert second_factor.accept(store, kim.person_id, KEY, code(secret, moment), "", moment) == "code"
        with pytest.raises(Invalid):
            second_factor.accept(store, kim.person_id, KEY, code(secret, moment), "", moment)
    with pytest.raises(Invalid):
        second_factor.accept(store, kim.person_id, KEY, code(secret, ahead), "", ahead)


def test_a_code_is_not_good_once_more_because_the_clock_went_ahead_and_back(store, kim):
    secret, _codes = turned_on(store, kim)
    for moment in (NOW, *(later(NOW, minutes=60 + number) for number in range(second_factor.STEPS_KEPT - 2))):
        assert second_factor.accept(store, kim.person_id, KEY, code(secret, moment), "", moment) == "code"
    with pytest.raises(Invalid):
        second_factor.accept(store, kim.person_id, KEY, code(secret), "", NOW)


def test_a_code_is_good_once_though_the_clocks_of_two_hosts_differ(store, kim):
    secret, _codes = turned_on(store, kim)
    ahead = later(NOW, minutes=4)
    assert second_factor.accept(store, kim.person_id, KEY, code(secret, ahead), "", ahead) == "code"
    with pytest.raises(Invalid):
        second_factor.accept(store, kim.person_id, KEY, code(secret), "", NOW)
    with pytest.raises(Invalid):
        second_factor.accept(store, kim.person_id, KEY, code(secret, ahead), "", ahead)


@pytest.mark.parametrize(("minutes", "good"), [(-1, False), (-0.5, True), (0, True), (0.5, True), (1, False)])
def test_a_clock_may_go_half_a_minute_wrong_and_no_more(store, kim, minutes, good):
    secret, _codes = turned_on(store, kim, later(NOW, minutes=-5))
    typed = code(secret, later(NOW, minutes=minutes))
    if good:
        assert second_factor.accept(store, kim.person_id, KEY, typed, "", NOW) == "code"
    else:
        with pytest.raises(Invalid):
            second_factor.accept(store, kim.person_id, KEY, typed, "", NOW)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "\x00", "9" * 100_000, "-1"])
def test_what_is_no_code_is_refused(store, kim, typed):
    turned_on(store, kim)
    with pytest.raises(Invalid):
        second_factor.accept(store, kim.person_id, KEY, typed, "", NOW)


def test_a_code_may_be_typed_with_a_gap(store, kim):
    secret, _codes = turned_on(store, kim)
    typed = code(secret)
    assert second_factor.accept(store, kim.person_id, KEY, f" {typed[:3]} {typed[3:]}", "", NOW) == "code"


def test_of_many_at_the_same_moment_one_gets_in_with_a_code(store, kim):
    secret, _codes = turned_on(store, kim)
    typed, got, start = code(secret), [], threading.Barrier(6)

    def try_it():
        start.wait()
        try:
            got.append(second_factor.accept(store, kim.person_id, KEY, typed, "", NOW))
        except Invalid:
            got.append("refused")

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    assert sorted(got) == ["code", *["refused"] * 5]


def test_a_recovery_code_works_once_however_it_is_written_and_tells_the_person(store, kim):
    _secret, codes = turned_on(store, kim)
    written = codes[3].upper().replace("-", " ")
    assert second_factor.accept(store, kim.person_id, KEY, "", written, NOW) == "recovery"
    with pytest.raises(Invalid) as refused:
        second_factor.accept(store, kim.person_id, KEY, "", codes[3], NOW)
    assert set(refused.value.errors) == {"recovery"}
    assert second_factor.state(store, kim.person_id)["codes_left"] == 9
    assert told(store).count("factor_recovery") == 1
    assert "person.factor_recovery" in [row["action"] for row in record.latest(store)["rows"]]


def test_a_recovery_code_holds_140_random_bits(store, kim):
    """28 letters and digits of 32 that there are; each of 10 codes is its own."""
    codes = [re.sub(r"[^a-z2-7]", "", code.lower()) for code in second_factor._make_codes(store, kim.person_id, NOW)]
    assert {len(code) for code in codes} == {28}
    assert len(set(codes)) == len(codes) == second_factor.RECOVERY_CODES
    assert len(set("".join(codes))) > 24


def test_anothers_recovery_code_is_worth_nothing(store, kim, password_hash):
    other = create_person(store, "broker", password_hash=password_hash)
    turned_on(store, kim)
    _secret, codes = turned_on(store, other)
    with pytest.raises(Invalid):
        second_factor.accept(store, kim.person_id, KEY, "", codes[0], NOW)


def test_new_recovery_codes_end_the_old_ones_and_ask_for_password_and_code(store, kim):
    secret, codes = turned_on(store, kim)
    for password, typed, wrong in (
        (PASSWORD, "000000", "otp"),
        ("wrong words here", code(secret), "present"),
        ("", code(secret), "present"),
    ):
        with pytest.raises(Invalid) as refused:
            second_factor.new_codes(store, kim, KEY, password, typed, "", NOW)
        assert set(refused.value.errors) == {wrong}
    fresh = second_factor.new_codes(store, kim, KEY, PASSWORD, code(secret), "", NOW)
    with pytest.raises(Invalid):
        second_factor.accept(store, kim.person_id, KEY, "", codes[0], NOW)
    assert second_factor.accept(store, kim.person_id, KEY, "", fresh[0], NOW) == "recovery"


def test_turning_off_asks_for_password_and_code(store, kim):
    secret, codes = turned_on(store, kim)
    for password, typed in (("wrong words here", code(secret)), (PASSWORD, "000000")):
        with pytest.raises(Invalid):
            second_factor.turn_off(store, kim, KEY, password, typed, "", NOW)
    assert second_factor.is_on(store, kim.person_id)
    second_factor.turn_off(store, kim, KEY, PASSWORD, "", codes[0], NOW)
    assert not second_factor.is_on(store, kim.person_id)
    assert store.query("select * from recovery_code") == []
    with pytest.raises(Conflict):
        second_factor.accept(store, kim.person_id, KEY, code(secret), "", NOW)


def test_who_has_no_password_is_not_asked_for_one(store):
    person = create_person(store, "broker")
    second_factor.begin(store, person, KEY, NOW)
    secret = second_factor.begun(store, person, KEY)
    assert second_factor.confirm(store, person, KEY, "", code(secret), NOW)
    at = later(NOW, minutes=1)
    assert second_factor.new_codes(store, person, KEY, "", code(secret, at), "", at)


def test_an_administrator_takes_it_away_and_the_person_is_told_and_logged_out(store, kim):
    admin = create_person(store, "administrator")
    turned_on(store, kim)
    token = sessions.start(store, kim.person_id, NOW)
    second_factor.take(store, kim.person_id, admin.person_id, NOW)
    assert not second_factor.is_on(store, kim.person_id)
    assert sessions.viewer(store, token, NOW) is None
    row = record.latest(store)["rows"][0]
    assert (row["action"], row["person_id"], row["subject_id"]) == (
        "person.factor_taken", admin.person_id, kim.person_id,
    )  # fmt: skip
    assert "factor_taken" in told(store)
    with pytest.raises(Conflict):
        second_factor.take(store, kim.person_id, admin.person_id, NOW)


def test_a_second_beginning_does_not_replace_one_that_is_on(store, kim):
    turned_on(store, kim)
    with pytest.raises(Conflict):
        second_factor.begin(store, kim, KEY, NOW)


def test_with_another_key_codes_cannot_be_checked_and_recovery_codes_still_work(store, kim):
    secret, codes = turned_on(store, kim)
    other = ["another key of the hub, 9876543210 zyx"]
    with pytest.raises(Invalid) as refused:
        second_factor.accept(store, kim.person_id, other, code(secret), "", NOW)
    assert refused.value.errors["otp"][0] == "code_unreadable"
    assert second_factor.accept(store, kim.person_id, other, "", codes[0], NOW) == "recovery"


def test_too_many_wrong_codes_are_told_once_a_day(store, kim):
    turned_on(store, kim)
    for minutes in (0, 1, 2):
        second_factor.refused(store, kim.person_id, later(NOW, minutes=minutes))
    second_factor.refused(store, kim.person_id, later(NOW, days=1))
    assert told(store).count("factor_refused") == 2


def test_who_of_the_staff_has_none_is_counted(store, kim):
    create_person(store, "administrator")
    create_person(store, "owner")
    assert second_factor.missing(store) == (2, 2)
    turned_on(store, kim)
    assert second_factor.missing(store) == (2, 1)


def test_what_is_sealed_opens_with_the_same_key_and_purpose_only():
    sealed = sealing.seal(KEY, "one", "hemligt å")
    assert sealing.unseal(KEY, "one", sealed) == "hemligt å"
    assert sealing.unseal(["a new one " * 4, *KEY], "one", sealed) == "hemligt å", "a key from before still opens it"
    assert sealing.seal(KEY, "one", "hemligt å") != sealed
    changed = sealed[:-8] + "AAAAAAA="
    for key, purpose, text in ((["another one " * 4], "one", sealed), (KEY, "two", sealed), (KEY, "one", changed)):
        with pytest.raises(sealing.Unreadable):
            sealing.unseal(key, purpose, text)


def test_a_step_of_a_log_in_ends_by_time_by_use_and_with_the_sessions(store, kim):
    token = login_steps.begin(store, "code", NOW, kim.person_id)
    assert login_steps.get(store, "code", token, later(NOW, minutes=4.9))["person_id"] == kim.person_id
    assert login_steps.get(store, "code", token, later(NOW, minutes=5)) is None
    assert login_steps.get(store, "openid", token, NOW) is None
    assert login_steps.end(store, "code", token, NOW)
    assert login_steps.end(store, "code", token, NOW) is None
    token = login_steps.begin(store, "code", NOW, kim.person_id)
    people.end_sessions(store, kim.person_id, NOW)
    assert login_steps.get(store, "code", token, NOW) is None
    login_steps.begin(store, "code", NOW, kim.person_id)
    login_steps.forget(store, later(NOW, minutes=6))
    assert store.query("select * from login_step") == []


@pytest.mark.parametrize("token", [None, "", "x", "\ud800"])
def test_an_unknown_step_is_none(store, token):
    assert login_steps.get(store, "code", token, NOW) is None
    assert login_steps.end(store, "code", token, NOW) is None
