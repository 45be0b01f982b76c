from __future__ import annotations

import io
import re
from dataclasses import replace
from html import unescape

import pytest

from matcher.hub import clock, feeds, limits, links, mail, passwords, people, sessions
from matcher.web import account
from tests.factories import PASSWORD, create_need, create_organisation, create_person, grant


@pytest.fixture
def kim(store, password_hash):
    return create_person(store, "owner", email="kim@example.org", name="Kim", password_hash=password_hash)


def log_in(client, **typed):
    return client.post("/login", data={"email": "kim@example.org", "password": PASSWORD, **typed})


def hidden(answer):
    """The hidden fields of a page's forms, by name; the last one of a name counts."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.get_data(as_text=True))
    return {unescape(name): unescape(value) for name, value in found}


def test_log_in_begins_a_session_and_goes_on(client, kim):
    answer = log_in(client)
    assert answer.status_code == 303
    assert answer.location.startswith("/")
    assert client.get("/account").status_code == 200


def test_a_wrong_password_keeps_the_address_and_says_no_more_than_that(client, kim, text):
    wrong = log_in(client, password="fel fel fel fel")
    unknown = log_in(client, email="nobody@example.org")
    assert wrong.status_code == unknown.status_code == 422
    assert _alike(wrong, "kim@example.org") == _alike(unknown, "nobody@example.org")
    assert 'value="kim@example.org"' in wrong.get_data(as_text=True)
    assert "fel fel" not in wrong.get_data(as_text=True)


def _alike(answer, email):
    """Return a page without what differs between any two: its tokens, and the address that was typed."""
    source = unescape(answer.get_data(as_text=True)).replace(email, "")
    return re.sub(r'name="csrf_token" value="[^"]+"|hx-headers[^>]+', "", source)


def test_a_closed_account_cannot_log_in(store, client, kim):
    store.execute("update person set disabled_at = :now", {"now": clock.now()})
    assert log_in(client).status_code == 422


def test_log_in_makes_a_new_session_and_ends_the_old_one(store, client, kim):
    with client.session_transaction() as session:
        session["token"] = before = sessions.start(store, kim.person_id, clock.now())
        session["planted"] = "by somebody else"
    log_in(client)
    with client.session_transaction() as session:
        assert session["token"] != before
        assert "planted" not in session
    assert sessions.viewer(store, before, clock.now()) is None


def test_a_planted_token_is_worth_nothing(client):
    with client.session_transaction() as session:
        session["token"] = "planted"
    assert client.get("/account").status_code == 302


def test_log_out_ends_the_session_on_the_server(store, client, login, kim):
    login(client, kim)
    with client.session_transaction() as session:
        token = session["token"]
    client.post("/logout")
    assert sessions.viewer(store, token, clock.now()) is None
    assert client.get("/account").status_code == 302


def test_log_out_and_log_in_are_not_done_by_get(client, login, kim):
    login(client, kim)
    assert client.get("/logout").status_code == 405
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "\\\\evil.example", "javascript:alert(1)",
     "/\t/evil.example", "evil.example", "/%0d%0aLocation: x\n", "http:evil.example", " //evil.example"],
)  # fmt: skip
def test_log_in_only_goes_on_to_our_own_pages(client, kim, target):
    location = log_in(client, next=target).location
    assert location.startswith("/")
    assert "evil" not in location
    assert "evil" not in (client.get("/login", query_string={"next": target}).location or "")
    language = client.post("/language", data={"locale": "sv", "next": target}).location
    assert "evil" not in language


def test_log_in_goes_on_to_the_page_that_asked_for_it(client, kim):
    asked = client.get("/account?x=1").location
    assert asked == "/login?next=/account?x%3D1"
    assert log_in(client, next="/account?x=1").location == "/account?x=1"


def test_who_is_logged_in_needs_no_log_in_page(client, login, kim):
    assert login(client, kim).get("/login?next=/account").location == "/account"


def test_too_many_tries_on_one_account_wait(still, client, kim, text):
    for _ in range(account.LOG_INS):
        assert log_in(client, password="x" * 12).status_code == 422
    answer = log_in(client)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "480"
    assert re.search(r"(Try again in|Försök igen om) 8 min", text(answer))
    assert log_in(client, email="lee@example.org").status_code == 422


def test_tries_from_elsewhere_do_not_lock_a_person_out(still, client, kim):
    for _ in range(account.LOG_INS + 1):
        client.post("/login", data={"email": kim.email, "password": "x"}, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert log_in(client).status_code == 303


def test_the_many_addresses_of_one_ipv6_network_try_no_more_often_than_one(still, store, client, kim, monkeypatch):
    monkeypatch.setattr(account, "LOG_INS_FROM_ONE", 3)
    answers = [
        client.post(
            "/login",
            data={"email": f"person{number}@example.org", "password": "x"},
            environ_base={"REMOTE_ADDR": f"2001:db8:0:1:{number:x}::1"},
        ).status_code
        for number in range(4)
    ]
    assert answers == [422, 422, 422, 429]
    assert len(store.query("select bucket from attempt")) == 3 * 2 + 1  # the one that was refused wrote nothing


def test_one_address_cannot_try_everybody(still, store, client, kim, monkeypatch):
    monkeypatch.setattr(account, "LOG_INS_FROM_ONE", 3)
    for number in range(3):
        log_in(client, email=f"person{number}@example.org")
    assert log_in(client).status_code == 429


def test_a_huge_password_costs_no_more_than_a_wrong_one(client, kim):
    assert log_in(client, password="x" * 500_000).status_code == 422


# The session that ran out in the middle of a form


def test_what_was_typed_survives_the_session_and_is_sent_when_told_to(store, client, login, kim, text):
    login(client, kim)
    need = create_need(store, kim.organisations("owner")[0], effect="Old")
    store.execute("update session set revoked_at = :now", {"now": clock.now()})
    path = f"/needs/{need['id']}/edit?step=effect"
    asked = client.post(path, data={"revision": "1", "effect": "Färre <fall>", "measure": "Ett"})
    assert asked.status_code == 401
    carried = hidden(asked)
    assert (carried["next"], carried["kept:effect"]) == (path, "Färre <fall>")
    del carried["csrf_token"]
    shown = client.post("/login", data=carried | {"email": kim.email, "password": PASSWORD})
    assert shown.status_code == 200
    assert "Färre <fall>" in text(shown)
    assert "<fall>" not in shown.get_data(as_text=True)
    assert "Kim (kim@example.org)" in text(shown)
    assert PASSWORD not in shown.get_data(as_text=True)
    assert f'action="{path}"' in shown.get_data(as_text=True)
    assert store.query("select effect from need")[0]["effect"] == "Old"
    kept = {name: value for name, value in hidden(shown).items() if name != "csrf_token"}
    assert client.post(path, data=kept).status_code == 303
    saved = store.query("select effect, measure from need")[0]
    assert saved == {"effect": "Färre <fall>", "measure": "Ett"}


def test_several_values_of_one_field_are_all_kept(client, kim):
    asked = client.post("/needs/x/edit", data={"themes": ["elderly_care", "school"], "themes__shown": "1"})
    assert re.findall(r'name="kept:themes" value="(\w+)"', asked.get_data(as_text=True)) == ["elderly_care", "school"]
    typed = {"kept:themes": ["elderly_care", "school"], "next": "/needs/x/edit", "resume": "yes"}
    shown = log_in(client, **typed)
    assert re.findall(r'name="themes" value="(\w+)"', shown.get_data(as_text=True)) == ["elderly_care", "school"]


def test_the_kept_form_comes_through_a_wrong_password(client, kim):
    asked = log_in(client, next="/account", resume="yes", password="wrong wrong wrong", **{"kept:name": "New"})
    assert asked.status_code == 422
    assert hidden(asked)["kept:name"] == "New"
    assert hidden(asked)["resume"] == "yes"


def test_a_form_end_to_end_from_lost_session_to_saved(store, client, login, kim):
    login(client, kim)
    store.execute("update session set revoked_at = :now", {"now": clock.now()})
    carried = hidden(client.post("/account", data={"name": "Kim Ny", "locale": "en", "keyboard": "yes"}))
    carried |= {"email": kim.email, "password": PASSWORD}
    resumed = client.post("/login", data=carried)
    kept = {name: value for name, value in hidden(resumed).items() if name not in ("csrf_token", "next")}
    assert client.post("/account", data={"name": "Kim Ny", "locale": "en", "keyboard": "yes"} | kept).status_code == 303
    found = people.viewer(store, kim.person_id)
    assert (found.name, found.keyboard) == ("Kim Ny", True)


def test_a_button_without_fields_is_pressed_again_and_not_followed_as_a_link(store, client, kim):
    carried = hidden(client.post("/needs/some-id/submit"))
    assert carried["next"] == "/needs/some-id/submit"
    resumed = log_in(client, **{name: value for name, value in carried.items() if name != "csrf_token"})
    assert resumed.status_code == 200
    assert 'action="/needs/some-id/submit"' in resumed.get_data(as_text=True)


@pytest.mark.parametrize("says_whose", [True, False])
def test_what_one_person_wrote_is_not_offered_to_another_who_logs_in(store, client, login, kim, text, says_whose):
    other = create_person(store, "broker", email="lee@example.org", name="Lee")
    login(client, other)
    form = {"name": "Lee Ny", "locale": "sv", "written_by": hidden(client.get("/account"))["written_by"]}
    store.execute("update session set revoked_at = :now", {"now": clock.now()})
    carried = hidden(client.post("/account", data=form if says_whose else {"name": "Lee Ny", "locale": "sv"}))
    answer = client.post("/login", data=carried | {"email": kim.email, "password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, "/mine")
    page = text(client.get(answer.location, follow_redirects=True))
    assert "Lee Ny" not in page
    assert "begun by somebody else" in page
    assert people.viewer(store, kim.person_id).name == "Kim"


def test_an_old_page_of_another_person_is_not_shown_to_who_is_logged_in_now(store, client, login, kim, text):
    other = create_person(store, "broker", email="lee@example.org", name="Lee")
    form = {"csrf_token": "old", "name": "Lee Ny", "locale": "sv", "written_by": other.person_id}
    answer = login(client, kim).post("/account", data=form, csrf=False)
    assert answer.status_code == 400
    assert "Lee Ny" not in text(answer)
    assert "opened by somebody else" in text(answer)


def test_only_a_form_that_had_a_file_is_told_to_choose_it_again(store, client, login, text):
    create_person(store, "broker", email="lee@example.org", name="Lee", password_hash=passwords.hashed(PASSWORD))
    for data, asked in (({"kind": "needs", "file": (io.BytesIO(b"titel"), "a.csv")}, True), ({"kind": "needs"}, False)):
        carried = hidden(client.post("/imports/", data=data))
        shown = client.post("/login", data=carried | {"email": "lee@example.org", "password": PASSWORD})
        assert ("A file that was chosen cannot be kept" in text(shown)) == asked
        assert "chosen" not in hidden(shown)
        client.post("/logout")


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/x", "/\\evil.example", ""])
def test_what_was_typed_is_never_sent_to_another_site(client, kim, target):
    answer = log_in(client, next=target, resume="yes", **{"kept:name": "New"})
    assert "evil" not in answer.get_data(as_text=True)
    assert answer.status_code == 303


def test_a_password_is_never_kept(store, client, login, kim):
    login(client, kim)
    store.execute("update session set revoked_at = :now", {"now": clock.now()})
    asked = client.post("/account/password", data={"present": PASSWORD, "password": "fyra nya korta ord"})
    assert asked.status_code == 401
    assert "ord" not in "".join(value for name, value in hidden(asked).items() if name.startswith("kept:"))
    assert PASSWORD not in asked.get_data(as_text=True)
    assert log_in(client, next="/account/password").location == "/account/password"
    assert client.get("/account/password").status_code == 200


def test_a_planted_password_field_is_dropped_on_the_way(client, kim):
    shown = log_in(client, next="/account", resume="yes", **{"kept:password": "secret words", "kept:name": "New"})
    assert "secret words" not in shown.get_data(as_text=True)


# A page whose token is too old


def test_a_form_of_an_older_session_is_shown_and_sent_when_told_to(store, client, login, kim, text):
    login(client, kim)
    stale = client.post("/account", data={"csrf_token": "old", "name": "Kim Ny", "locale": "sv"}, csrf=False)
    assert stale.status_code == 400
    assert "Kim Ny" in text(stale)
    assert people.viewer(store, kim.person_id).name == "Kim"
    again = hidden(stale)
    answer = client.post(
        "/account", data={"name": again["name"], "csrf_token": again["csrf_token"], "locale": "sv"}, csrf=False
    )
    assert answer.status_code == 303
    assert people.viewer(store, kim.person_id).name == "Kim Ny"


def test_a_stale_log_in_page_asks_again_without_the_password(client, kim):
    answer = client.post(
        "/login",
        data={"csrf_token": "old", "email": kim.email, "password": PASSWORD, "next": "/account", "kept:name": "New",
              "resume": "yes"},
        csrf=False,
    )  # fmt: skip
    assert answer.status_code == 400
    assert PASSWORD not in answer.get_data(as_text=True)
    assert 'value="kim@example.org"' in answer.get_data(as_text=True)
    assert hidden(answer)["kept:name"] == "New"
    assert hidden(answer)["next"] == "/account"


def test_a_stale_password_form_begins_anew(client, login, kim):
    login(client, kim)
    answer = client.post("/account/password", data={"present": PASSWORD, "password": "fyra nya korta ord"}, csrf=False)
    assert (answer.status_code, answer.location) == (303, "/account/password")


def test_a_visitor_with_an_old_page_is_asked_to_log_in(client):
    answer = client.post("/account", data={"name": "New"}, csrf=False)
    assert answer.status_code == 401
    assert hidden(answer)["kept:name"] == "New"


def test_a_write_without_token_or_form_changes_nothing(store, client, login, kim):
    login(client, kim)
    assert client.post("/account", csrf=False).status_code == 400
    assert client.post("/account", json={"name": "X"}, csrf=False).status_code == 400
    assert people.viewer(store, kim.person_id).name == "Kim"


# Links


def reset_path(store, email="kim@example.org"):
    links.request_reset(store, email, clock.now())
    return f"/link/{mail.listing(store)['rows'][0]['params']['token']}"


def test_a_reset_is_answered_alike_for_known_and_unknown(store, client, kim, text):
    answers = [
        client.post("/password", data={"email": email}) for email in ("kim@example.org", "nobody@example.org", "")
    ]
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/login")}
    assert len(mail.listing(store)["rows"]) == 1


def test_asking_for_links_is_limited(still, client, kim):
    for _ in range(account.LINKS):
        client.post("/password", data={"email": kim.email})
    assert client.post("/password", data={"email": kim.email}).status_code == 429


def test_looking_at_a_link_uses_nothing_up_and_sending_the_form_does(store, client, kim, text):
    path = reset_path(store)
    for _ in range(3):
        assert client.get(path).status_code == 200
    assert client.post(path, data={"password": "kort"}).status_code == 422
    answer = client.post(path, data={"password": "fyra nya korta ord"})
    assert answer.status_code == 303
    assert client.get("/account").status_code == 200
    again = client.get(path)
    assert again.status_code == 404
    assert "does not work any more" in text(again) or "fungerar inte längre" in text(again)


def test_a_link_page_is_never_cached_and_names_its_account(store, client, kim, text):
    answer = client.get(reset_path(store))
    assert answer.headers["Cache-Control"] == "no-store"
    assert "kim@example.org" in text(answer)


def test_an_invited_person_with_an_account_accepts_with_one_press_when_logged_in(store, client, login, kim):
    company = create_organisation(store, "company")
    token = links.invite(store, None, kim.email, company["id"], "startup", clock.now())
    login(client, kim)
    assert 'type="password"' not in client.get(f"/link/{token}").get_data(as_text=True)
    assert client.post(f"/link/{token}").status_code == 303
    assert people.viewer(store, kim.person_id).acts_for(company["id"], "startup")
    assert client.get("/account").status_code == 200


def test_trying_links_is_limited(still, client, monkeypatch):
    monkeypatch.setattr(account, "LINKS_FROM_ONE", 2)
    assert [client.post("/link/x", data={"password": "x"}).status_code for _ in range(3)] == [404, 404, 429]


# One's own settings


def test_the_language_is_kept_for_a_visitor_and_for_a_person(store, client, login, kim):
    client.post("/language", data={"locale": "en", "next": "/login"})
    assert '<html lang="en"' in client.get("/login").get_data(as_text=True)
    client.post("/language", data={"locale": "xx"})
    login(client, kim)
    client.post("/language", data={"locale": "sv"})
    assert people.viewer(store, kim.person_id).locale == "sv"
    assert '<html lang="sv"' in client.get("/account").get_data(as_text=True)


def test_the_browsers_language_is_followed_until_one_is_chosen(client):
    assert '<html lang="en"' in client.get("/login", headers={"Accept-Language": "en-GB"}).get_data(as_text=True)
    assert '<html lang="sv"' in client.get("/login", headers={"Accept-Language": "fr"}).get_data(as_text=True)


def test_settings_are_kept(store, client, login, kim, text):
    login(client, kim)
    client.post("/account", data={"name": "Kim K", "locale": "sv", "keyboard": "yes"})
    found = people.viewer(store, kim.person_id)
    assert (found.name, found.locale, found.keyboard) == ("Kim K", "sv", True)
    assert client.post("/account", data={"name": " ", "locale": "sv"}).status_code == 422


def test_a_changed_password_keeps_this_browser_and_ends_the_others(app, store, client, login, kim):
    elsewhere = login(app.test_client(), kim)
    login(client, kim)
    answer = client.post("/account/password", data={"present": PASSWORD, "password": "fyra nya korta ord"})
    assert answer.status_code == 303
    assert client.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302


def test_who_changes_or_resets_a_password_reads_that_calendar_links_outlive_it(store, client, login, kim, text):
    login(client, kim)
    change = {"present": PASSWORD, "password": "fyra nya korta ord"}
    assert "calendar link" not in text(client.post("/account/password", data=change, follow_redirects=True))
    feeds.make(store, kim, None, clock.now())
    change = {"present": "fyra nya korta ord", "password": "fem andra nya korta ord"}
    shown = text(client.post("/account/password", data=change, follow_redirects=True))
    assert "One calendar link still works. If you do not know it, end it under Calendar links." in shown
    client.post("/logout")
    shown = text(client.post(reset_path(store), data={"password": "sex helt nya korta ord"}, follow_redirects=True))
    assert "One calendar link still works." in shown


def test_a_wrong_present_password_is_told_beside_its_field(client, login, kim):
    login(client, kim)
    answer = client.post("/account/password", data={"present": "wrong", "password": "fyra nya korta ord"})
    assert answer.status_code == 422
    assert 'href="#present"' in answer.get_data(as_text=True)


def test_a_person_without_a_role_is_told_what_to_do(store, client, login, text):
    person = create_person(store, None)
    assert "Ask the hub for an invitation" in text(login(client, person).get("/account"))


def test_a_role_given_meanwhile_counts_at_the_next_request(store, client, login):
    person = create_person(store, None)
    login(client, person)
    assert client.get("/admin/people").status_code == 404
    grant(store, person, "administrator")
    assert client.get("/admin/people").status_code == 200


# The demo


def test_a_real_hub_shows_no_demo_accounts(store, client):
    create_person(store, "broker", email="broker@demo.example")
    assert "broker@demo.example" not in client.get("/login").get_data(as_text=True)


def test_a_demo_shows_one_log_in_per_role(app, store, client):
    app.config["MATCHER"] = replace(app.config["MATCHER"], demo=True)
    create_person(store, "broker", email="broker@demo.example")
    page = client.get("/login").get_data(as_text=True)
    for role in people.ROLES:
        assert {"administrator": "admin"}.get(role, role) + "@demo.example" in page


def test_limits_forget_nothing_that_still_counts(store, client, kim):
    log_in(client, password="wrong wrong wrong")
    limits.forget(store, clock.now())
    assert store.query("select count(*) as n from attempt")[0]["n"] == 3


def test_one_chooses_one_mail_a_day_and_takes_it_back(store, client, kim):
    log_in(client)
    assert 'value="each" checked' in client.get("/account").get_data(as_text=True)
    client.post("/account", data={"name": "Kim", "locale": "sv", "mail": "daily"})
    assert people.viewer(store, kim.person_id).digest
    assert 'value="daily" checked' in client.get("/account").get_data(as_text=True)
    client.post("/account", data={"name": "Kim", "locale": "sv", "mail": "hourly"})
    assert people.viewer(store, kim.person_id).digest
    client.post("/account", data={"name": "Kim", "locale": "sv", "mail": "each"})
    assert not people.viewer(store, kim.person_id).digest
