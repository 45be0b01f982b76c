import html
import re

import pytest

from matcher.web import forms
from tests.factories import create_person


@pytest.mark.parametrize(
    ("role", "path", "table", "typed"),
    [
        ("owner", "/needs/new", "need", {"title": "Färre fall", "language": "sv"}),
        ("startup", "/startups/new", "startup", {"name": "Fallfritt AB"}),
        ("host", "/testbeds/new", "testbed", {"name": "Labbet", "places": "1", "answer_days": "10"}),
    ],
)
def test_nobody_begins_drafts_without_end(store, client, login, monkeypatch, role, path, table, typed):
    monkeypatch.setattr(forms, "BEGUN_A_QUARTER", 2)
    writer = login(client, create_person(store, role))
    answers = [writer.post(path, data=typed).status_code for _ in range(3)]
    assert answers == [303, 303, 429]
    assert store.query(f"select count(*) as n from {table}") == [{"n": 2}]


def test_what_came_too_fast_is_kept_on_the_page_and_sent_again_from_it(store, client, login, monkeypatch, text):
    monkeypatch.setattr(forms, "BEGUN_A_QUARTER", 0)
    owner = login(client, create_person(store, "owner"))
    typed = {"title": "Färre fall <på natten>", "language": "sv", "description": "Rad ett\nrad två"}
    answer = owner.post("/needs/new?from=menu", data=typed)
    assert answer.status_code == 429
    assert "What you wrote is kept on this page." in text(answer)
    assert "forgotten the password" not in text(answer), "nobody is logging in here"
    page = answer.get_data(as_text=True)
    form = re.search(r'<form method="post" action="(/needs/new[^"]*)" class="form">(.*?)</form>', page, re.DOTALL)
    assert form is not None
    assert form[1] == "/needs/new?from=menu"
    assert form[2].count('name="csrf_token"') == form[2].count('name="written_by"') == 1
    kept = {html.unescape(name): html.unescape(value) for name, value in HIDDEN.findall(form[2]) if name in typed}
    assert kept == typed
    monkeypatch.setattr(forms, "BEGUN_A_QUARTER", 9)
    assert owner.post(form[1], data=kept).status_code == 303
    assert [row["title"] for row in store.query("select title from need")] == [typed["title"]]


HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


def test_a_password_that_came_too_fast_is_never_on_the_page(client, store, monkeypatch, text):
    monkeypatch.setattr("matcher.web.account.LOG_INS", 0)
    person = create_person(store, "owner")
    answer = client.post("/login", data={"email": person.email, "password": "hemligt hemligt"})
    assert answer.status_code == 429
    page = answer.get_data(as_text=True)
    assert "hemligt" not in page
    assert "Skicka igen" not in page
    assert "glömt lösenordet" in text(answer)
