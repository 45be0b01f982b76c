"""What the ranking and the search hold of a text follows when a person is taken out of it."""

from __future__ import annotations

import json

from matcher.hub import erasure, record
from matcher.hub.personal import ERASED_NAME
from matcher.ranking import indexing
from matcher.ranking.encoder import TinyEncoder
from matcher.ranking.mirror import Mirror
from matcher.store import Store
from tests import factories
from tests.hub.test_erasure import dump, places

ENCODER = TinyEncoder(64)
NOW = "2026-11-22T09:00:00.000000Z"


def test_sentences_earlier_texts_and_the_mirror_hold_the_name_no_more(store: Store):
    factories.create_person(store, "administrator")
    person = factories.create_person(store, "startup", name="Evelina Ekstrand", email="evelina@example.org")
    home = person.organisations("startup")[0]
    said = "Evelina Ekstrand har provat sensorn på tjugo avdelningar med gott resultat."
    startup = factories.create_startup(store, home, published=True, person_id=person.person_id, description=said)
    catch_up(store)
    held = Mirror(store, "startup", *indexing.identity(ENCODER))
    before = held.shelf(record.last_seq(store)).stamps
    store.execute("update embedding set used_at = :now", {"now": NOW})  # a decision rests on it
    assert ("sentence", "text") in places(dump(store), "ekstrand")
    erasure.erase(store, person.person_id, None, NOW)
    assert places(dump(store), "ekstrand") == set()
    assert places(dump(store), "evelina") == set()
    assert sum(indexing.behind(store, indexing.model_name(ENCODER)).values()) == 1
    catch_up(store)
    assert places(dump(store), "ekstrand") == set(), "what was put aside brought it back"
    after = held.shelf(record.last_seq(store)).stamps
    assert len(after) == 1
    assert after != before
    sentences = [
        row["text"] for row in store.query("select text from sentence where subject_id = :id", {"id": startup["id"]})
    ]
    assert any("Raderad person har provat" in " ".join(text.split()) for text in sentences)
    [past] = store.query("select sentences from past_text")
    assert any(ERASED_NAME in text for text in json.loads(past["sentences"]))


def catch_up(store: Store) -> None:
    while indexing.catch_up(store, ENCODER):
        pass
