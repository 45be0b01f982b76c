"""What a profile is compared with before it is embedded, and what the brokers are told."""

import gc
import weakref

import pytest

from matcher.hub import doubts, needs, reference, startups
from matcher.hub.clock import now as clock_now
from matcher.hub.errors import Conflict, NotFound
from matcher.ranking import indexing, reading
from tests import factories
from tests.ranking import hub
from tests.ranking.test_gaming import NEED, OWN

TITLE, _, REST = NEED.partition("\n")


@pytest.fixture
def encoder():
    return hub.CountingEncoder()


@pytest.fixture
def need(store, encoder):
    row = hub.create_need(store, TITLE, description=REST, id="behov")
    hub.embed(store, encoder)
    return row


def profile(store, encoder, text, **columns):
    row = hub.create_startup(store, text, **{"updated_at": clock_now(), **columns})
    hub.embed(store, encoder)
    return row


def doubted(store, row):
    return {found["code"]: found for found in doubts.of_startup(store, row["id"])}


def spoken(store, row):
    rows = store.query("select text from sentence where subject_id = :id", {"id": row["id"]})
    return " ".join(found["text"] for found in rows)


def test_a_need_copied_into_a_profile_is_not_ranked_and_told(store, encoder, need):
    row = profile(store, encoder, f"{OWN}\n{NEED}")
    found = doubted(store, row)["copied"]
    assert found["others"] == [("behov", TITLE)]
    assert any("412 fall" in passage for passage in found["passages"])
    assert "412" not in spoken(store, row)
    assert "tvättstugor" in spoken(store, row)


def test_who_was_first_has_not_copied(store, encoder):
    row = profile(store, encoder, f"{OWN}\n{NEED}", updated_at="2026-01-01T00:00:00.000000Z")
    hub.create_need(store, TITLE, description=REST, published_at="2026-02-01T00:00:00.000000Z")
    hub.embed(store, encoder)
    again = startups.decode(store.query("select * from startup where id = :id", {"id": row["id"]})[0])
    indexing.embed(store, encoder, "startup", [again])
    assert doubted(store, row) == {}


def saved_later(store, encoder, need, **columns):
    needs.save(store, None, need["id"], columns, need["revision"], clock_now())
    hub.embed(store, encoder)


def read_again(store, encoder, row):
    stored = startups.decode(store.query("select * from startup where id = :id", {"id": row["id"]})[0])
    indexing.embed(store, encoder, "startup", [stored])


def test_a_need_that_took_its_words_from_a_profile_later_was_not_copied(store, encoder):
    need = hub.create_need(store, "Natten ska bli tryggare")
    hub.embed(store, encoder)
    row = profile(store, encoder, f"{OWN}\n{NEED}")
    saved_later(store, encoder, need, title=TITLE, description=REST)
    read_again(store, encoder, row)
    assert doubted(store, row) == {}
    assert "412" in spoken(store, row)


def test_what_a_need_said_before_it_was_changed_was_copied(store, encoder, need):
    row = profile(store, encoder, f"{OWN}\n{NEED}")
    saved_later(store, encoder, need, effect="Halverade fall till våren")
    read_again(store, encoder, row)
    assert doubted(store, row)["copied"]["others"] == [("behov", TITLE)]
    assert "412" not in spoken(store, row)


def test_a_draft_need_is_nobodys_to_copy_from(store, encoder):
    factories.create_need(store, **{**hub.EMPTY_NEED, "title": TITLE, "description": REST})
    hub.embed(store, encoder)
    assert doubted(store, profile(store, encoder, f"{OWN}\n{NEED}")) == {}


def test_what_is_said_many_times_is_told(store, encoder):
    row = profile(store, encoder, "\n".join([OWN] * 3))
    assert "repeated" in doubted(store, row)
    assert spoken(store, row).count("tvättstugor") == 1


def test_nearly_the_same_profile_is_told_of_the_later_one(store, encoder):
    first = profile(store, encoder, NEED, id="bolag-a", name="Ett")
    later = profile(store, encoder, NEED + " Ring oss.", id="bolag-b", name="Två")
    assert doubted(store, later)["alike"]["others"] == [("bolag-a", "Ett")]
    assert doubted(store, first) == {}


def test_the_name_of_another_company_is_not_ranked_and_told(store, encoder):
    profile(store, encoder, "Plogar till alla", id="bolag-a", name="Halltid AB")
    row = profile(store, encoder, f"{OWN} Ett alternativ till Halltid.", id="bolag-b", name="Larmbolaget")
    assert doubted(store, row)["named"]["others"] == [("bolag-a", "Halltid AB")]
    assert "Halltid" not in spoken(store, row)
    doubts.answer(store, factories.create_person(store, "broker"), row["id"], "named", clock_now())
    hub.embed(store, encoder)
    assert "Halltid" in spoken(store, row)


def test_more_than_half_of_all_themes_are_told(store, encoder):
    themes = sorted(reference.codes("themes"))
    assert doubted(store, profile(store, encoder, OWN, themes=themes[:8])) == {}
    assert doubted(store, profile(store, encoder, NEED, themes=themes))["themes"]["passages"] == ["17"]


def test_a_doubt_goes_when_the_text_has_changed(store, encoder, need):
    row = profile(store, encoder, f"{OWN}\n{NEED}")
    changed = hub.change(store, "startup", row, description=OWN)
    indexing.embed(store, encoder, "startup", [changed])
    assert doubted(store, row) == {}


def test_what_a_broker_says_is_in_order_is_ranked(store, encoder, need):
    row = profile(store, encoder, f"{OWN}\n{NEED}")
    broker = factories.create_person(store, "broker")
    doubts.answer(store, broker, row["id"], "copied", clock_now())
    hub.embed(store, encoder)
    assert "412" in spoken(store, row)
    found = doubted(store, row)["copied"]
    assert (found["broker"], bool(found["answered_at"])) == (broker.name, True)
    with pytest.raises(Conflict):
        doubts.answer(store, broker, row["id"], "copied", clock_now())
    with pytest.raises(NotFound):
        doubts.answer(store, broker, row["id"], "alike", clock_now())


def answered_after_reading(monkeypatch, store, row):
    """Let a broker answer when the text has been read and nothing is kept yet."""
    broker = factories.create_person(store, "broker")
    read, answers = indexing.read, iter([row["id"]])

    def slowly(*given, **wanted):
        found = read(*given, **wanted)
        for startup_id in answers:
            doubts.answer(store, broker, startup_id, "copied", clock_now())
        return found

    monkeypatch.setattr(indexing, "read", slowly)


@pytest.mark.parametrize("text", [f"{OWN}\n{NEED}", f"{OWN} Ring oss.\n{NEED}"], ids=["same text", "new text"])
def test_an_answer_is_not_lost_to_who_was_embedding_the_text_without_it(store, encoder, need, monkeypatch, text):
    row = profile(store, encoder, f"{OWN}\n{NEED}")
    hub.change(store, "startup", row, description=text)
    answered_after_reading(monkeypatch, store, row)
    hub.embed(store, encoder)
    assert "412" in spoken(store, row)
    assert doubted(store, row)["copied"]["answered_at"]


def test_an_answer_is_not_lost_to_who_was_keeping_the_words_without_it(store, encoder, need, monkeypatch):
    row = profile(store, encoder, f"{OWN}\n{NEED}")
    answered_after_reading(monkeypatch, store, row)
    indexing.keep_words(store, "startup", row)
    hub.embed(store, encoder)
    assert "412" in spoken(store, row)


def test_an_answer_stands_when_the_company_takes_one_of_two_passages_away(store, encoder, need):
    first, second = NEED.split("\n")
    row = profile(store, encoder, f"{first}\n{OWN}\n{second}")
    assert len(doubted(store, row)["copied"]["passages"]) == 2
    doubts.answer(store, factories.create_person(store, "broker"), row["id"], "copied", clock_now())
    hub.change(store, "startup", row, description=f"{OWN}\n{second}")
    hub.embed(store, encoder)
    found = doubted(store, row)["copied"]
    assert found["answered_at"]
    assert len(found["passages"]) == 1
    assert "412" in spoken(store, row)


def test_hidden_characters_are_taken_out_at_saving_and_told(store, encoder):
    founder = factories.create_person(store, "startup")
    typed = {"name": "Bolaget", "description": "\u200b".join("Vi säljer plogar till alla")}
    made = startups.create(store, founder, founder.organisations("startup")[0], typed, clock_now())
    assert doubted(store, {"id": made})["hidden"]["passages"] == ["25"]
    stored = store.query("select description from startup where id = :id", {"id": made})[0]
    assert stored["description"] == "Vi säljer plogar till alla"


def test_a_few_characters_from_a_web_page_are_no_doubt(store):
    founder = factories.create_person(store, "startup")
    typed = {"name": "Bolaget", "description": "Vi säl\u00adjer plo\u00adgar"}
    made = startups.create(store, founder, founder.organisations("startup")[0], typed, clock_now())
    assert doubted(store, {"id": made}) == {}


def test_profiles_are_embedded_without_each_sentence_when_nothing_else_is_due(store, encoder):
    row = profile(store, encoder, OWN)
    rows = store.query("select text, rest from sentence where subject_id = :id order by position", {"id": row["id"]})
    assert len(rows) == 2
    assert all(len(found["rest"]) == 2 * encoder.dimensions for found in rows)
    text = reading.texts("startup", row)
    assert text.without(rows[0]["text"]) in encoder.texts


def test_the_needs_that_a_profile_is_compared_with_are_let_go_at_once(store, encoder, need):
    """They are megabytes, read for each profile that is saved: nothing may wait for Python to look for circles."""
    gc.collect()
    gc.disable()
    try:
        published = reading.Published(store)
        needs, ids = published.before(clock_now())
        assert needs.without(f"{OWN}\n{NEED}")[1]
        held = weakref.ref(needs)
        del needs, published
        assert ids == ["behov"]
        assert held() is None
    finally:
        gc.enable()
