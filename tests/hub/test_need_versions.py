import time

from matcher.hub import need_content, need_review, need_versions, needs
from tests import factories
from tests.factories import NOW


def test_what_changed_is_told_field_by_field_newest_first(store):
    need = factories.create_need(store, published=True, effect="Färre fall på natten")
    owner = factories.create_person(store, "owner", need["organisation_id"])
    needs.save(store, owner, need["id"], {"effect": "Inga fall på natten", "themes": ["health_care"]}, 1, NOW)
    newest, first = need_versions.versions(store, owner, need["id"])
    assert (newest["number"], first["number"], first["changes"]) == (2, 1, [])
    effect, themes = newest["changes"]
    assert effect.pieces == (("gone", "Färre "), ("new", "Inga "), ("same", "fall på natten"))
    assert (themes.field, themes.before, themes.after) == ("themes", ["elderly_care"], ["health_care"])


def test_a_visitor_is_told_neither_names_nor_inner_fields(store):
    need = factories.create_need(store, published=True)
    owner = factories.create_person(store, "owner", need["organisation_id"])
    needs.save(store, owner, need["id"], {"contact": "Hemlig Person"}, 1, NOW)
    for reader in (None, factories.create_person(store, "startup"), factories.create_person(store, "owner")):
        newest, _ = need_versions.versions(store, reader, need["id"])
        assert (newest["changes"], newest["person"]) == ([], None)
        assert set(newest["content"]) <= set(need_content.PUBLIC_FIELDS)
    newest, _ = need_versions.versions(store, owner, need["id"])
    assert [change.field for change in newest["changes"]] == ["contact"]


def test_what_was_written_before_the_first_publication_is_in_no_version(store):
    need = factories.create_need(store, effect="Bara ett utkast, med ett namn i.")
    owner = factories.create_person(store, "owner", need["organisation_id"])
    needs.save(store, owner, need["id"], {"effect": "Det som skickades."}, 1, NOW)
    need_review.submit(store, owner, need["id"], NOW)
    need_review.publish(store, factories.create_person(store, "broker"), need["id"], NOW)
    [only] = need_versions.versions(store, None, need["id"])
    assert only["number"] == 1
    assert "Bara ett utkast" not in str(only)


def test_words_that_only_lost_their_line_break_are_the_same():
    assert need_versions.pieces("a b", "a\nb") == (("same", "a\nb"),)


def test_a_very_long_text_is_shown_before_and_after():
    before, after = "ord " * 3_000, "nytt " * 3_000
    assert need_versions.pieces(before, after) == (("gone", before), ("new", after))


def test_texts_made_to_be_slow_to_compare_are_shown_before_and_after():
    """Four words again and again: comparing these took more than a minute, on a page that anybody may ask for."""
    words = ["ett", "två", "tre", "fyra"]
    before = " ".join(words[number % 4] for number in range(1_990))
    after = " ".join(words[-number % 4] for number in range(1_990))
    begun = time.process_time()
    assert need_versions.pieces(before, after) == (("gone", before), ("new", after))
    assert time.process_time() - begun < 1


def test_a_page_compares_so_much_and_no_more():
    texts = ("title", "people", "description", "effect", "measure", "tried", "keep")
    before, after = dict.fromkeys(texts, "ord " * 150 + "a"), dict.fromkeys(texts, "ord " * 150 + "b")
    found = need_versions.changes(before, after)
    compared = [change.field for change in found if change.pieces[0][0] == "same"]
    assert compared == list(texts[:5])  # 22,500 meetings each
    assert found[-1].pieces == (("gone", before["keep"]), ("new", after["keep"]))


def test_versions_come_a_page_at_a_time_and_the_oldest_says_so(store, monkeypatch):
    monkeypatch.setattr(need_versions, "PAGE", 2)
    need = factories.create_need(store, published=True, effect="Version 1")
    owner = factories.create_person(store, "owner", need["organisation_id"])
    for revision in (1, 2):
        needs.save(store, owner, need["id"], {"effect": f"Version {revision + 1}"}, revision, NOW)
    first, second = (need_versions.versions(store, None, need["id"], page) for page in (1, 2))
    assert [(row["number"], len(row["changes"]), row["oldest"]) for row in first] == [(3, 1, False), (2, 1, False)]
    assert [(row["number"], row["changes"], row["oldest"]) for row in second] == [(1, [], True)]
    assert need_versions.count(store, need["id"]) == 3
