"""Days, moments and names as each reader writes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask_babel import force_locale

import matcher
from matcher.web import field_names, words
from matcher.web.field_names import error_line, field_name

TEMPLATES = Path(matcher.__file__).parent / "templates"
MOMENT = "2026-11-22T13:05:59.000000Z"


@pytest.mark.parametrize(
    ("locale", "day", "moment"),
    [("en", "22 Nov 2026", "22 Nov 2026, 14:05"), ("sv", "22 nov. 2026", "22 nov. 2026 14:05")],
)
def test_days_and_moments_are_european_and_without_seconds(app, locale, day, moment):
    with app.test_request_context(), force_locale(locale):
        assert (words.day(MOMENT), words.moment(MOMENT)) == (day, moment)
        assert (words.day(None), words.moment(None)) == ("", "")


def test_a_website_that_cannot_be_one_is_shown_as_it_was_typed_and_a_good_one_beside_it(app):
    with app.test_request_context(), force_locale("en"):
        said = words.field_error("not_a_website", {"value": "vår sida"})
    assert said == "“vår sida” is not a web address. Write it as www.example.se or https://www.example.se/about."


@pytest.mark.parametrize(
    ("path", "field", "line"),
    [
        ("/startups/new", "description", "The offer: Wrong."),
        ("/testbeds/new", "description", "The environment: Wrong."),
        ("/pairings", "note-decline", "In your own words: Wrong."),
        ("/startups/new", "hide", "Why? Wrong."),
        ("/imports/", "column-0", "Wrong."),
        ("/login", "", "Wrong."),
    ],
)
def test_a_line_of_the_error_summary_names_its_field(app, path, field, line):
    with app.test_request_context(path), force_locale("en"):
        assert error_line(field, "Wrong.") == line
        assert error_line("note-close", "Wrong.", {"note": "A word"}) == "A word: Wrong."
        assert error_line("email", "Wrong.", {"email": ""}) == "Wrong."


def test_every_field_of_a_form_that_can_be_wrong_has_a_name(app):
    asked = {
        (page.parent.name, name.partition("-")[0])
        for page in TEMPLATES.rglob("*.html")
        for name in re.findall(r"error=errors\.(\w+)", page.read_text(encoding="utf8"))
        if page.parent.name not in ("steps", "startups", "testbeds")
    }
    with app.test_request_context("/account"), force_locale("en"):
        own = {folder: words.LABELS.get(field_names._GROUPS.get(folder, ""), {}) for folder, _ in asked}
        nameless = [one for one in sorted(asked) if one[1] not in own[one[0]] and not field_name(one[1])]
        assert nameless == []


@pytest.mark.parametrize(
    ("code", "said"), [("start", "on 22 Nov 2026"), ("finish", "until 22 Nov 2026"), ("confirm", "by 22 Nov 2026")]
)
def test_a_test_lasts_until_its_day_and_an_answer_comes_by_it(app, code, said):
    with app.test_request_context(), force_locale("en"):
        assert words.due({"code": code, "by": "2026-11-22", "who": []}) == said
        assert words.due({"code": code, "by": None, "who": []}) == ""
