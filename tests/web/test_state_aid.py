"""The register of small aid on its pages: entered, warned of, struck out, certified."""

from __future__ import annotations

import io

import docx
import pypdf
import pytest

from matcher.hub import state_aid
from matcher.hub.clock import day, later, now
from tests import factories


@pytest.fixture
def company(app):
    made = factories.create_organisation(app.extensions["store"], "company", name="Nattljus Ö AB")
    factories.create_startup(app.extensions["store"], made["id"], published=True)
    return made["id"]


@pytest.fixture
def broker(app, client, login):
    found = factories.create_person(app.extensions["store"], "broker")
    login(client, found)
    return found


def given(amount: int, **others: str) -> dict[str, str]:
    return {"amount": str(amount), "given_on": day(now()), "kind": "support", "note": "Fem timmar.", **others}


def test_a_value_is_written_down_and_counts(client, text, broker, company):
    assert client.post(f"/aid/{company}", data=given(5_000)).status_code == 303
    assert "Fem timmar." in text(client.get(f"/aid/{company}"))
    page = text(client.get("/aid"))
    assert "Nattljus Ö AB" in page
    assert "5,000" in page


def test_passing_the_limit_asks_for_another_rule_and_keeps_what_was_typed(client, text, broker, company):
    answer = client.post(f"/aid/{company}", data=given(state_aid.limit().kronor + 1))
    assert answer.status_code == 422
    assert "name another rule" in text(answer)
    assert "Fem timmar." in text(answer)
    assert 'name="beyond"' in answer.get_data(as_text=True)


def test_near_the_limit_one_is_warned(client, text, broker, company):
    client.post(f"/aid/{company}", data=given(state_aid.limit().warn))
    assert "Near the limit" in text(client.get(f"/aid/{company}"))


def test_a_wrong_row_is_struck_out_once(client, text, broker, app, company):
    client.post(f"/aid/{company}", data=given(5_000))
    row = state_aid.of_organisation(app.extensions["store"], company)[0]["id"]
    assert client.post(f"/aid/{company}/cancel", data={"aid_id": row}).status_code == 303
    answer = client.post(f"/aid/{company}/cancel", data={"aid_id": row})
    assert answer.status_code == 409
    assert "struck out already" in text(answer)


def test_the_certificate_tells_the_sum_and_what_it_is_made_of(client, broker, company):
    client.post(f"/aid/{company}", data=given(5_000))
    client.post(f"/aid/{company}", data=given(7_000, given_on=day(later(now(), days=-1200)), note="För länge sedan."))
    word = docx.Document(io.BytesIO(client.get(f"/aid/{company}/certificate").data))
    words = " ".join([*(one.text for one in word.paragraphs), *(cell.text for cell in word.tables[0]._cells)])
    assert "5,000" in words
    assert "Nattljus Ö AB" in words
    assert "För länge sedan." not in words
    paper = pypdf.PdfReader(io.BytesIO(client.get(f"/aid/{company}/certificate?kind=pdf").data))
    assert paper.root_object["/MarkInfo"]["/Marked"]
    assert "Fem timmar." in paper.pages[0].extract_text()
