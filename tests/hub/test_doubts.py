"""What the machine doubts about a profile, and how long a broker's answer stands."""

import pytest

from matcher.hub import doubts
from matcher.hub.doubts import Doubt
from tests import factories

FIRST, LATER = "2026-11-20T09:00:00.000000Z", "2026-11-21T09:00:00.000000Z"
COPIED = Doubt(["ett stycke", "ett annat"], ["behov-a", "behov-b"])


@pytest.fixture
def startup_id(store):
    return factories.create_startup(store, published=True)["id"]


def read(store, startup_id, now=LATER, **found):
    with store.atomic():
        doubts.read(store, startup_id, found, now)


def answered(store, startup_id, **found):
    read(store, startup_id, FIRST, **found)
    for code in found:
        doubts.answer(store, factories.create_person(store, "broker"), startup_id, code, FIRST)


def kept(store, startup_id):
    rows = store.query("select code, passages, answered_at from doubt where startup_id = :id", {"id": startup_id})
    return {row["code"]: (row["passages"], bool(row["answered_at"])) for row in rows}


@pytest.mark.parametrize(
    "found",
    [
        COPIED,
        Doubt(["ett annat"], ["behov-b"]),
        Doubt(["ett annat", "ett stycke"], ["behov-c"]),
    ],
    ids=["the same", "one of two", "by another need too"],
)
def test_an_answer_stands_while_nothing_else_is_found(store, startup_id, found):
    answered(store, startup_id, copied=COPIED)
    read(store, startup_id, copied=found)
    assert kept(store, startup_id)["copied"][1]
    assert doubts.in_order(store, [startup_id]) == {(startup_id, "copied"): set(found.passages)}


def test_a_passage_more_is_asked_about(store, startup_id):
    answered(store, startup_id, copied=COPIED)
    read(store, startup_id, copied=Doubt([*COPIED.passages, "ett tredje"], COPIED.others))
    assert not kept(store, startup_id)["copied"][1]
    assert doubts.in_order(store, [startup_id]) == {}


def test_a_passage_that_comes_back_is_asked_about(store, startup_id):
    answered(store, startup_id, copied=COPIED)
    read(store, startup_id, copied=Doubt(["ett annat"], ["behov-b"]))
    read(store, startup_id, copied=COPIED)
    assert not kept(store, startup_id)["copied"][1]


def test_profiles_that_are_alike_are_asked_about_again_only_with_another_one(store, startup_id):
    answered(store, startup_id, alike=Doubt(others=["a", "b"]))
    read(store, startup_id, alike=Doubt(others=["a"]))
    assert kept(store, startup_id)["alike"][1]
    read(store, startup_id, alike=Doubt(others=["a", "c"]))
    assert not kept(store, startup_id)["alike"][1]


def test_what_is_not_found_again_is_gone_but_not_what_was_typed(store, startup_id):
    with store.atomic():
        doubts.hidden(store, startup_id, 20, FIRST)
    answered(store, startup_id, copied=COPIED)
    read(store, startup_id, repeated=Doubt(["om igen"]))
    assert kept(store, startup_id) == {"hidden": ('["20"]', False), "repeated": ('["om igen"]', False)}


def test_only_an_answer_about_what_was_left_out_lets_the_text_be_read_again(store, startup_id):
    vector = {"kind": "startup", "subject_id": startup_id, "model": "", "text_hash": "", "vector": b"", "terms": b""}
    store.insert("embedding", {**vector, "embedded_at": FIRST})
    at = "select embedded_at from embedding where subject_id = :id"
    answered(store, startup_id, alike=Doubt(others=["a"]))
    assert store.query(at, {"id": startup_id})[0]["embedded_at"] == FIRST
    answered(store, startup_id, copied=COPIED)
    assert store.query(at, {"id": startup_id})[0]["embedded_at"] == ""
