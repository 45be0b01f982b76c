"""Days, moments and names as each reader writes them."""

from __future__ import annotations

import pytest
from flask_babel import force_locale

from matcher.web import words

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
