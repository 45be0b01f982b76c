from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import meta

import matcher
from matcher.hub import links, mail
from matcher.web import letters
from tests.factories import NOW, create_organisation, create_person

FOLDER = Path(matcher.__file__).parent / "templates" / "mail"
NAMES = sorted(path.stem for path in FOLDER.glob("[a-z]*.txt"))
KNOWN = {"link", "hub"}
# Parameters that stand for something of a certain kind; every other is a name.
VALUES = {"days": 14, "hours": 2, "role": "owner", "reason": "other", "fields": [], "changed": [], "token": "t0ken",
          "parts": [{"number": 1, "subject": "Publicerat", "text": "Ditt behov."}]}  # fmt: skip


def write(app, row):
    with app.app_context():
        return letters.write(row)


def made_up(app, name):
    """A mail with a made-up value for every parameter that its template names."""
    source = (FOLDER / f"{name}.txt").read_text(encoding="utf8")
    names = meta.find_undeclared_variables(app.jinja_env.parse(source)) - KNOWN - set(app.jinja_env.globals)
    params = {
        one: VALUES[one]
        if one in VALUES
        else NOW[:10]
        if one.endswith(("_on", "_by", "_until", "at")) or one in ("day", "until", "first", "last", "before")
        else f"<{one}> å"
        for one in names
    }
    return {"template": name, "params": params}


@pytest.mark.parametrize("locale", ["sv", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_every_letter_can_be_written_in_both_languages(app, name, locale):
    subject, body = write(app, {**made_up(app, name), "locale": locale})
    assert subject
    assert "\n" not in subject
    assert "None" not in body
    assert "&lt;" not in subject + body, "plain text is not HTML"
    assert body.endswith("\n")
    assert "\n\n\n\n" not in body
    for address in re.findall(r"\S*://\S*", body):
        assert address.startswith("http://localhost/")


def test_the_link_of_an_invitation_comes_from_the_base_url_not_from_the_request(app, store):
    app.config["MATCHER"] = replace(app.config["MATCHER"], base_url="https://matcher.example.org", hub="Mittpunkt")
    app.config["TRUSTED_HOSTS"] = ["matcher.example.org"]
    town = create_organisation(store, name="Lövhamns kommun & Co")
    token = links.invite(store, None, "ny@example.org", town["id"], "owner", NOW, "en")
    subject, body = write(app, mail.listing(store)["rows"][0])
    assert subject == "Invitation to Mittpunkt"
    assert f"https://matcher.example.org/link/{token}\n" in body
    assert "as Need owner of Lövhamns kommun & Co" in body


def test_a_reset_says_that_nothing_need_be_done(app, store):
    person = create_person(store, email="kim@example.org", locale="en")
    links.request_reset(store, person.email, NOW)
    subject, body = write(app, mail.listing(store)["rows"][0])
    assert subject == "New password for Matcher"
    assert "your password is as it was" in body


def test_a_name_with_a_line_break_stays_in_its_line(app):
    row = {**made_up(app, "invite"), "locale": "en"}
    row["params"]["organisation"] = "Town\r\nBcc: all@example.org"
    subject, _body = write(app, row)
    assert "Bcc" not in subject


def test_a_letter_begins_with_its_subject(app, monkeypatch):
    monkeypatch.setattr(letters, "render_template", lambda *given, **params: "Hello\n")
    with pytest.raises(ValueError, match="begin with its subject"):
        write(app, {"template": "invite", "params": {}, "locale": "sv"})


def test_a_daily_mail_counts_its_parts_and_says_where_to_choose_otherwise(app):
    with app.app_context():
        subject, body = letters.daily([("First &\nBcc: x", "One.\n"), ("Second", "Two.\n")], "en")
    assert subject == "2 pieces of news from Matcher"
    assert body.index("1. First & Bcc: x") < body.index("2. Second") < body.index("One.") < body.index("Two.")
    assert "http://localhost/account\n" in body


def test_a_daily_mail_of_one_part_counts_it_in_the_readers_language(app):
    with app.app_context():
        subject, _body = letters.daily([("Publicerat", "Ditt behov.\n")], "sv")
    assert subject == "1 nyhet från Matcher"
