import numpy as np
import pytest

from matcher.ranking import indexing, reading
from tests import factories
from tests.ranking import hub


@pytest.fixture
def encoder():
    return hub.CountingEncoder()


def embedding(store, row):
    return store.query("select * from embedding where subject_id = :id", {"id": row["id"]})[0]


def sentences(store, row):
    rows = store.query("select text from sentence where subject_id = :id order by position", {"id": row["id"]})
    return [row["text"] for row in rows]


def test_catching_up_embeds_all_that_is_behind(store, encoder):
    rows = [hub.create_need(store, f"Behov nummer {number}") for number in range(3)]
    hub.create_startup(store, "anna hjälper till")
    factories.create_testbed(store, published=True)
    model = indexing.model_name(encoder)
    assert indexing.behind(store, model) == {"need": 3, "startup": 1, "testbed": 1}
    assert indexing.catch_up(store, encoder, limit=2) == 2
    hub.embed(store, encoder)
    assert indexing.behind(store, model) == {"need": 0, "startup": 0, "testbed": 0}
    stored = np.frombuffer(embedding(store, rows[0])["vector"], "<f4")
    assert np.allclose(stored, encoder.encode(["Behov nummer 0"], "query")[0])


def test_the_newest_comes_first(store, encoder):
    hub.create_need(store, "Ett gammalt behov")
    hub.create_need(store, "Ett nytt behov", updated_at=hub.LATER)
    indexing.catch_up(store, encoder, limit=1)
    assert "Ett nytt behov" in encoder.texts
    assert "Ett gammalt behov" not in encoder.texts


def test_an_unchanged_text_is_not_embedded_again_and_no_longer_behind(store, encoder):
    row = hub.create_startup(store, "anna hjälper till")
    hub.embed(store, encoder)
    asked = len(encoder.texts)
    hub.change(store, "startup", row, readiness=3)
    assert indexing.behind(store, indexing.model_name(encoder))["startup"] == 1
    hub.embed(store, encoder)
    assert len(encoder.texts) == asked
    assert indexing.behind(store, indexing.model_name(encoder))["startup"] == 0


def test_a_changed_text_gets_a_new_vector_and_new_sentences(store, encoder):
    row = hub.create_startup(store, "Anna hjälper till här. Hon är snäll mot alla.")
    hub.embed(store, encoder)
    before = embedding(store, row)["vector"]
    assert sentences(store, row) == ["Anna", "Anna hjälper till här.", "Hon är snäll mot alla."][1:]
    hub.change(store, "startup", row, description="Anna gör något helt annat.")
    hub.embed(store, encoder)
    assert embedding(store, row)["vector"] != before
    assert sentences(store, row) == ["Anna gör något helt annat."]


def test_of_many_all_whole_texts_come_before_any_sentence(store, encoder):
    rows = [hub.create_startup(store, f"Bolag {number} gör något. Det hjälper till i vården.") for number in range(12)]
    model = indexing.model_name(encoder)
    indexing.catch_up(store, encoder, limit=indexing.HANDFUL + 1)
    assert not any(sentences(store, row) for row in rows)
    indexing.catch_up(store, encoder, limit=indexing.HANDFUL + 1)  # a handful is left, read in one go
    assert not sum(indexing.behind(store, model).values())
    assert indexing.unspoken(store, model) >= indexing.HANDFUL + 1
    hub.embed(store, encoder)
    assert indexing.unspoken(store, model) == 0
    assert all(sentences(store, row) for row in rows)


def test_sentences_of_a_text_that_changed_meanwhile_are_not_kept(store, encoder):
    row = hub.create_startup(store, "Anna hjälper till här. Hon är snäll.")
    indexing.embed(store, encoder, "startup", [row], spoken=False)
    changed = hub.change(store, "startup", row, description="Anna gör något helt annat.")
    indexing.embed_sentences(store, encoder, "startup", [changed])
    assert sentences(store, row) == []
    hub.embed(store, encoder)
    assert sentences(store, row) == ["Anna gör något helt annat."]


def test_nearly_the_same_profiles_are_looked_for_when_the_text_is_read_only(store, encoder, monkeypatch):
    looked, alike = [], reading._alike
    monkeypatch.setattr(reading, "_alike", lambda store, found: looked.extend(found) or alike(store, found))
    rows = [hub.create_startup(store, f"Bolag {number} gör något. Det hjälper till i vården.") for number in range(12)]
    hub.embed(store, encoder)
    assert all(store.query("select rest from sentence where subject_id = :id", {"id": row["id"]}) for row in rows)
    assert sorted(looked) == sorted(row["id"] for row in rows)


def test_a_testbed_has_no_sentences(store, encoder):
    row = factories.create_testbed(store, published=True)
    hub.embed(store, encoder)
    assert sentences(store, row) == []


def test_another_model_embeds_again(store, encoder):
    row = hub.create_need(store, "Färre fall")
    hub.embed(store, encoder)
    other = hub.CountingEncoder()
    other.fingerprint = "tiny-2"
    hub.embed(store, other)
    assert other.texts
    assert embedding(store, row)["model"] == "tiny@tiny-2"


def test_a_row_that_changes_while_the_model_runs_keeps_nothing_old(store, encoder):
    row = hub.create_need(store, "Färre fall")
    hub.change(store, "need", row, title="Fler cyklar")
    indexing.embed(store, encoder, "need", [row])
    assert store.query("select * from embedding") == []
    hub.embed(store, encoder)
    assert np.allclose(
        np.frombuffer(embedding(store, row)["vector"], "<f4"), encoder.encode(["Fler cyklar"], "query")[0]
    )


def test_words_are_kept_while_the_model_is_away_and_the_vector_follows(store, encoder):
    row = hub.create_need(store, "Färre fall")
    indexing.keep_words(store, "need", row)
    kept = embedding(store, row)
    assert (kept["vector"], bool(kept["terms"])) == (b"", True)
    assert indexing.behind(store, indexing.model_name(encoder))["need"] == 1
    hub.embed(store, encoder)
    assert embedding(store, row)["vector"]


def test_an_unchanged_text_keeps_its_vector_while_the_model_is_away(store, encoder):
    row = hub.create_need(store, "Färre fall")
    hub.embed(store, encoder)
    changed = hub.change(store, "need", row, budget="none")
    indexing.keep_words(store, "need", changed)
    assert embedding(store, row)["vector"]
    assert indexing.behind(store, indexing.model_name(encoder))["need"] == 0


def test_the_identity_of_the_stored_vectors_is_known_without_the_model(store, encoder):
    assert indexing.stored_identity(store) == ("", 1)
    hub.create_need(store, "Färre fall")
    hub.embed(store, encoder)
    assert indexing.stored_identity(store) == indexing.identity(encoder)


def test_words_are_kept_first_of_what_nothing_is_kept_of(store, encoder):
    row = hub.create_startup(store, "Anna hjälper till här.")
    assert indexing.read_words(store) == 1
    assert embedding(store, row)["vector"] == b""
    assert embedding(store, row)["terms"]
    assert indexing.read_words(store) == 0
    assert indexing.behind(store, indexing.model_name(encoder))["startup"] == 1
