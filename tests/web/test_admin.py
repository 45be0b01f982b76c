from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from matcher.hub import chain, directory, links, mail, organisations, people, record
from matcher.web import mail_words, record_terms
from tests.factories import NOW, create_need, create_organisation, create_person

PAGES = ("/admin/people", "/admin/organisations", "/admin/organisations/new", "/admin/outbox", "/admin/record",
         "/admin/record/check")  # fmt: skip


@pytest.fixture
def administrator(store):
    return create_person(store, "administrator", name="Astrid")


@pytest.fixture
def admin(client, login, administrator):
    return login(client, administrator)


def demo(app):
    app.config["MATCHER"] = replace(app.config["MATCHER"], demo=True)


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_do_not_exist_for_others(store, client, login, path):
    assert client.get(path).location.startswith("/login?next=")
    login(client, create_person(store, "broker"))
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("locale", ["sv", "en"])
def test_the_pages_open_on_an_almost_empty_hub(store, admin, administrator, path, locale):
    people.set_locale(store, administrator.person_id, locale)
    assert admin.get(path).status_code == 200


def test_people_are_found_and_shown_with_their_roles(store, admin, text):
    town = create_organisation(store, name="Lövhamns kommun")
    person = create_person(store, "owner", town, name="Åsa <b>", email="asa@example.org")
    found = text(admin.get("/admin/people?q=ÅSA"))
    assert "1 person" in found
    assert "Need owner – Lövhamns kommun" in found
    assert "Åsa <b>" not in admin.get("/admin/people").get_data(as_text=True)
    shown = text(admin.get(f"/admin/people/{person.person_id}"))
    assert "asa@example.org" in shown
    assert "never" in shown
    assert admin.get("/admin/people/nobody").status_code == 404


def test_a_list_that_nobody_fits_says_what_to_do(admin, text):
    assert "Nobody fits these choices" in text(admin.get("/admin/people?q=zzz"))
    assert "No organisation fits" in text(admin.get("/admin/organisations?q=zzz"))


def test_an_odd_page_number_is_no_error(admin):
    for odd in ("0", "-1", "x", "99999999", "²"):
        assert admin.get(f"/admin/people?page={odd}").status_code == 200
        assert admin.get(f"/admin/record?page={odd}").status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_people(store, admin, monkeypatch):
    asked = []
    query = store.query
    monkeypatch.setattr(store, "query", lambda sql, params=None: asked.append(sql) or query(sql, params))
    admin.get("/admin/people")
    few = len(asked)
    for _ in range(30):
        create_person(store)
    asked.clear()
    admin.get("/admin/people")
    assert len(asked) == few


def test_an_account_is_closed_and_opened_again(store, admin, text):
    person = create_person(store, "broker", name="Bo")
    answer = admin.post(f"/admin/people/{person.person_id}/close", follow_redirects=True)
    assert "The account of Bo is closed" in text(answer)
    assert people.viewer(store, person.person_id) is None
    admin.post(f"/admin/people/{person.person_id}/open")
    assert people.viewer(store, person.person_id)
    assert admin.post(f"/admin/people/{person.person_id}/open").status_code == 409


def test_a_person_whose_account_is_closed_is_out_at_the_next_request(store, app, admin, login):
    person = create_person(store, "broker")
    theirs = login(app.test_client(), person)
    assert theirs.get("/account").status_code == 200
    admin.post(f"/admin/people/{person.person_id}/close")
    assert theirs.get("/account").status_code == 302


def test_a_role_is_taken_away_after_a_question(store, admin, text):
    person = create_person(store, "broker", name="Bo")
    held = people.roles(store, person.person_id)[0]["id"]
    shown = admin.get(f"/admin/people/{person.person_id}").get_data(as_text=True)
    assert f'action="/admin/memberships/{held}/revoke"' in shown
    answer = admin.post(f"/admin/memberships/{held}/revoke", follow_redirects=True)
    assert "The role is taken away" in text(answer)
    assert admin.post(f"/admin/memberships/{held}/revoke").status_code == 404


def test_the_last_administrator_stays(store, admin, administrator, text):
    held = people.roles(store, administrator.person_id)[0]["id"]
    answer = admin.post(f"/admin/memberships/{held}/revoke")
    assert answer.status_code == 409
    assert "last administrator" in text(answer)
    assert admin.post(f"/admin/people/{administrator.person_id}/close").status_code == 409
    assert admin.get("/admin/people").status_code == 200


def test_who_gives_up_the_role_of_administrator_logs_in_anew(store, admin, administrator):
    create_person(store, "administrator")
    held = people.roles(store, administrator.person_id)[0]["id"]
    assert admin.post(f"/admin/memberships/{held}/revoke").location == "/login"
    assert admin.get("/admin/people").status_code == 302


def test_an_organisation_is_created_and_edited(store, admin, text):
    answer = admin.post(
        "/admin/organisations/new",
        data={"name": "Nattvakt AB", "kind": "company", "orgnr": "556036-0793", "website": "nattvakt.example"},
    )
    organisation_id = answer.location.rpartition("/")[2]
    assert "556036-0793" in text(admin.get(answer.location))
    admin.post(f"/admin/organisations/{organisation_id}/edit", data={"name": "Nattvakt Norden AB", "orgnr": ""})
    found = organisations.get(store, organisation_id)
    assert (found["name"], found["orgnr"], found["kind"]) == ("Nattvakt Norden AB", None, "company")


def test_a_number_with_a_wrong_digit_is_told_beside_its_field_and_what_was_typed_is_there(store, admin, text):
    answer = admin.post(
        "/admin/organisations/new", data={"name": "Nattvakt AB", "kind": "company", "orgnr": "5560360794"}
    )
    assert answer.status_code == 422
    assert "a digit is wrong" in text(answer)
    assert 'value="5560360794"' in answer.get_data(as_text=True)
    assert 'value="Nattvakt AB"' in answer.get_data(as_text=True)
    assert len(store.query("select id from organisation")) == 1


def test_a_number_that_is_taken_is_told_beside_its_field(store, admin, text):
    create_organisation(store, "company", orgnr="5560360793")
    answer = admin.post("/admin/organisations/new", data={"name": "N", "kind": "company", "orgnr": "5560360793"})
    assert answer.status_code == 409
    assert "already an organisation with the number 5560360793" in text(answer)
    assert 'href="#orgnr"' in answer.get_data(as_text=True)


def test_the_kind_of_an_organisation_in_use_stays(store, admin, text):
    town = create_need(store)["organisation_id"]
    answer = admin.post(f"/admin/organisations/{town}/edit", data={"kind": "host"})
    assert answer.status_code == 409
    assert "The kind cannot be changed" in text(answer)


def test_an_invitation_goes_from_form_to_outbox_to_account(app, store, admin, text):
    town = create_organisation(store, "public", name="Lövhamns kommun")
    shown = admin.get(f"/admin/organisations/{town['id']}").get_data(as_text=True)
    assert 'value="owner"' in shown
    assert 'value="broker"' not in shown
    answer = admin.post(
        f"/admin/organisations/{town['id']}/invite",
        data={"email": "ny@example.org", "role": "owner", "locale": "en"},
        follow_redirects=True,
    )
    assert "is in the outbox" in text(answer)
    assert "Invited, not yet answered" in text(answer)
    outbox = admin.get("/admin/outbox").get_data(as_text=True)
    address = unescape(re.search(r'href="http://localhost(/link/[^"]+)"', outbox).group(1))
    guest = app.test_client()
    assert "You are invited as Need owner of Lövhamns kommun" in text(
        guest.get(address, headers={"Accept-Language": "en"})
    )
    answer = guest.post(address, data={"name": "Ny", "password": "tre korta ord"})
    assert answer.status_code == 303
    assert [row["name"] for row in organisations.members(store, town["id"])] == ["Ny"]


def test_who_already_has_another_role_is_told_when_invited(store, admin, text):
    town = create_organisation(store, "public", name="Lövhamns kommun")
    broker, host, owner = (create_person(store, role) for role in ("broker", "host", "owner"))
    home = people.roles(store, broker.person_id)[0]["organisation"]

    def invited(person):
        typed = {"email": person.email.upper(), "role": "owner", "locale": "en"}
        return text(admin.post(f"/admin/organisations/{town['id']}/invite", data=typed, follow_redirects=True))

    page = invited(broker)
    assert f"already has another role: Broker ({home})" in page
    assert "A broker should have no part of their own in the cases that they decide." in page
    page = invited(host)
    assert "already has another role: Testbed host (" in page
    assert "A broker should have no part" not in page
    assert "already has another role" not in invited(owner), "the same role elsewhere is nothing to mind"


@pytest.mark.parametrize(
    ("typed", "status", "word"),
    [
        ({"email": "", "role": "owner"}, 422, "Write something"),
        ({"email": "nobody", "role": "owner"}, 422, "not an e-mail address"),
        ({"email": "ny@example.org", "role": ""}, 422, "Choose one"),
        ({"email": "nobody", "role": ""}, 422, "Role: Choose one of these."),
        ({"email": "nobody", "role": ""}, 422, "E-mail: “nobody” is not an e-mail address."),
        ({"email": "ny@example.org", "role": "broker"}, 409, "That role does not exist"),
        ({"email": "held@example.org", "role": "owner"}, 409, "already has that role"),
    ],
)
def test_an_invitation_that_cannot_be_is_explained(store, admin, text, typed, status, word):
    town = create_organisation(store, "public")
    create_person(store, "owner", town, email="held@example.org")
    answer = admin.post(f"/admin/organisations/{town['id']}/invite", data=typed)
    assert answer.status_code == status
    assert word in text(answer)
    assert f'value="{typed["email"]}"' in answer.get_data(as_text=True)
    assert mail.listing(store)["rows"] == []


def test_an_invitation_is_withdrawn(store, admin, administrator):
    town = create_organisation(store, "public")
    links.invite(store, administrator.person_id, "wrong@example.org", town["id"], "owner", NOW)
    (row,) = links.invitations(store, NOW, town["id"])
    assert admin.post(f"/admin/invitations/{row['id']}/withdraw").status_code == 303
    assert admin.post(f"/admin/invitations/{row['id']}/withdraw").status_code == 404


def queue_reset(store):
    person = create_person(store, email="kim@example.org")
    links.request_reset(store, person.email, NOW)
    return mail.listing(store)["rows"][0]


def test_the_demo_shows_every_mail_with_a_link_to_follow(app, store, admin, text):
    demo(app)
    token = queue_reset(store)["params"]["token"]
    source = admin.get("/admin/outbox").get_data(as_text=True)
    assert f'<a class="ds-link" href="http://localhost/link/{token}">' in source


def test_a_real_hub_hides_the_links_by_which_others_log_in(store, admin, text):
    token = queue_reset(store)["params"]["token"]
    answer = admin.get("/admin/outbox")
    assert token not in answer.get_data(as_text=True)
    assert "kim@example.org" in text(answer)
    assert "Only its reader may see the text" in text(answer)


def test_a_mail_whose_text_is_not_shown_is_named_in_words_and_its_want_said_once(store, admin, text):
    row = {"recipient": "kim@example.org", "locale": "sv", "params": "{}", "tries": 1, "created_at": NOW}
    for name in ("need_published", "pairing_proposed"):
        gone = {"id": name, "event": name, "template": name, "next_try_at": NOW, "sent_at": NOW}
        store.insert("outbox", {**row, **gone})
    shown = text(admin.get("/admin/outbox"))
    assert "Need: published" in shown
    assert "Pairing: proposed" in shown
    assert "pairing_proposed" not in shown
    assert shown.count("The text is not kept after sending.") == 1


def test_every_mail_has_a_name_in_words(app):
    letters = {path.stem for path in (Path(app.root_path) / "templates" / "mail").glob("[a-z]*.txt")}
    assert letters == set(mail_words.LABELS["mails"])


def test_a_mail_that_was_given_up_shows_why_and_is_tried_again(app, store, admin, text):
    row = queue_reset(store)
    mail.failed(store, {**row, "tries": mail.MAX_TRIES}, "550 no such user", NOW)
    shown = text(admin.get("/admin/outbox?state=given_up"))
    assert "550 no such user" in shown
    assert "Given up" in shown
    admin.post(f"/admin/outbox/{row['id']}/retry")
    assert mail.waiting(store) == {"waiting": 1, "given_up": 0}
    assert admin.post(f"/admin/outbox/{row['id']}/retry").status_code == 409


def test_a_mail_that_cannot_be_written_does_not_break_the_page(app, store, admin, text):
    demo(app)
    mail.queue(store, "x", [{"email": "kim@example.org", "locale": "sv"}], "no_such_letter", NOW)
    assert "TemplateNotFound" in text(admin.get("/admin/outbox"))


def test_the_record_shows_who_did_what_and_is_narrowed(store, admin, administrator, text):
    record.write(store, administrator.person_id, "need.publish", "need", "n1", NOW, title="<b>Färre fall</b>")
    record.write(store, None, "startup.create", "startup", "s1", NOW)
    shown = text(admin.get("/admin/record?kind=need"))
    assert "Need published" in shown
    assert "Astrid" in shown
    assert "Profile begun" not in shown
    assert "Färre fall" in text(admin.get("/admin/record?kind=need&id=n1"))
    assert "<b>Färre" not in admin.get("/admin/record").get_data(as_text=True)
    assert "No row tells" in text(admin.get("/admin/record?id=zzz"))


def test_the_record_names_what_everybody_may_know_and_no_draft(store, admin, text):
    shown, draft = create_need(store, published=True, title="Halka på trappan"), create_need(store, title="Hemlig plan")
    closed = create_need(store, published=True, title="Stängt behov")
    store.execute("update need set closed_at = :now where id = :id", {"now": NOW, "id": closed["id"]})
    for need in (shown, draft, closed):
        record.write(store, None, "need.change", "need", need["id"], NOW)
    page = text(admin.get("/admin/record?kind=need"))
    assert "Need Halka på trappan" in page
    assert "Hemlig plan" not in page
    assert "Stängt behov" not in page
    assert f"Need {draft['id'][:11]}" in page


def test_administration_never_changes_anything_by_get(store, admin, administrator):
    person = create_person(store, "broker")
    home = administrator.organisations("administrator")[0]
    for path in (f"/admin/people/{person.person_id}/close", f"/admin/organisations/{home}/invite"):
        assert admin.get(path).status_code == 405
    assert directory.load(store, administrator, person.person_id)["disabled_at"] is None


def test_the_outbox_says_which_mail_a_mail_waits_for_and_what_was_dropped(store, admin, text):
    row = {"recipient": "kim@example.org", "locale": "sv", "template": "need_published", "params": "{}", "tries": 0}
    at = {"created_at": NOW, "next_try_at": NOW}
    store.insert("outbox", {"id": "a", "event": "a", **row, **at, "digest_at": "2026-11-21T05:00:00.000000Z"})
    store.insert("outbox", {"id": "b", "event": "b", **row, **at, "dropped_at": NOW})
    shown = text(admin.get("/admin/outbox?state=waiting"))
    assert "daily mail, 21 Nov 2026, 06:00" in shown
    shown = text(admin.get("/admin/outbox?state=dropped"))
    assert "What it told of was over, or its reader had lost the right to read it, before it went." in shown
    assert "Waits for" not in shown


def test_the_record_is_checked_and_what_is_wrong_is_told(store, admin):
    record.write(store, None, "need.save", "need", "n1", NOW, title="Färre fall")
    assert "The record is whole" in unescape(admin.get("/admin/record/check").get_data(as_text=True))
    row = {"id": "forged", "at": NOW, "action": "need.publish", "kind": "need", "subject_id": "n1", "detail": "{}"}
    store.insert("audit", row)
    shown = unescape(admin.get("/admin/record/check").get_data(as_text=True))
    assert "Something was done to the record" in shown
    assert "It was put in past the hub." in shown


def test_every_fault_of_the_chain_has_a_sentence():
    assert set(record_terms.CHAIN_FAULTS) == set(chain.FAULTS) - {"differs", "cut"}  # these need an older copy
