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
