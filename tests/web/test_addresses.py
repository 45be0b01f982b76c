"""Addresses as people write them: with or without a slash at the end."""

from __future__ import annotations

import pytest

from tests.factories import create_need


@pytest.mark.parametrize(
    ("typed", "page"),
    [("/needs/", "/needs"), ("/login/", "/login"), ("/imports", "/imports/"), ("/desk", "/desk/"),
     ("/needs/?q=a%26b&page=2", "/needs?q=a%26b&page=2"), ("/testbeds//", "/testbeds")],
)  # fmt: skip
def test_a_slash_more_or_less_leads_to_the_page(client, typed, page):
    answer = client.get(typed)
    assert answer.status_code == 308
    assert answer.location.removeprefix("http://localhost") == page


def test_the_page_of_a_thing_is_found_too(store, client):
    need_id = create_need(store, published=True)["id"]
    assert client.get(f"/needs/{need_id}/").location == f"/needs/{need_id}"


@pytest.mark.parametrize(
    "typed",
    ["/no-such-page/", "//evil.example/", "/\\evil.example/", "/https://evil.example/", "//", "/\n/",
     "//evil.example//needs/"],
)  # fmt: skip
def test_no_address_leads_out_of_the_hub(client, typed):
    answer = client.get("/", environ_overrides={"PATH_INFO": typed})
    location = (answer.location or "/").removeprefix("http://localhost")
    assert answer.status_code in (200, 308, 404)
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))


def test_only_reading_is_led_on(client):
    assert client.post("/login/", data={"email": "a@example.org"}).status_code == 404
