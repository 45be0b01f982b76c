import hashlib

import numpy as np
import pytest

from matcher.ranking import lexical, postings


def overlap(one: str, other: str) -> int:
    return len(np.intersect1d(lexical.terms(one).ids, lexical.terms(other).ids))


def test_the_features_of_a_text_are_the_same_in_every_process_and_year():
    blob = lexical.terms("Snöröjning på gång- och cykelvägar").to_bytes()
    assert hashlib.sha256(blob).hexdigest()[:16] == "d8fed7f5991adfe9"


def test_bytes_come_back_as_they_were():
    before = lexical.terms("Fallskador bland äldre, natt som dag. Äldre faller.")
    after = lexical.Terms.from_bytes(before.to_bytes())
    assert np.array_equal(before.ids, after.ids)
    assert np.array_equal(before.counts, after.counts)


def test_bytes_of_the_wrong_length_are_refused():
    with pytest.raises(ValueError, match="7 bytes"):
        lexical.Terms.from_bytes(b"1234567")


@pytest.mark.parametrize("text", ["", "  ", "…!?", "\n\t"])
def test_a_text_without_letters_has_no_features(text):
    assert len(lexical.terms(text).ids) == 0


def test_parts_of_a_swedish_compound_are_found():
    assert overlap("snöröjningsfordon", "fordon för snöröjning") >= 8


def test_case_punctuation_and_compatibility_forms_do_not_matter():
    assert np.array_equal(lexical.terms("ÄLDRE-omsorg, ﬁn").ids, lexical.terms("äldre omsorg fin").ids)


def test_features_do_not_reach_across_words():
    assert overlap("ab cd", "abcd") == 0


def test_counts_stop_at_what_two_bytes_hold():
    assert lexical.terms("fall " * 70_000).counts.max() == 65_535


def test_the_document_with_the_rare_word_comes_first():
    documents = ["kommunen vill köpa tjänster", "kommunen vill köpa snöslungor", "kommunen vill"]
    share = lexical.Index([lexical.terms(text) for text in documents]).share([lexical.terms("snöslungor kommunen")])
    assert share.argmax() == 1


def test_the_share_lies_between_nothing_and_all():
    index = lexical.Index([lexical.terms("samma ord " * 500), lexical.terms("xyzzy")])
    share = index.share([lexical.terms("samma ord")])[0]
    assert 0.99 < share[0] < 1
    assert share[1] == 0


def test_many_questions_at_once_give_what_each_gives_alone():
    index = lexical.Index([lexical.terms(text) for text in ("lekplatser i parken", "parkering", "vatten")])
    questions = [lexical.terms("en park"), lexical.terms("vattenläcka"), lexical.terms("")]
    assert np.allclose(index.share(questions), np.vstack([index.share([question]) for question in questions]))


def test_the_mean_of_questions_shares_the_mean_of_what_each_shares():
    index = lexical.Index([lexical.terms(text) for text in ("lekplatser i parken", "parkering", "vatten")])
    questions = [lexical.terms("en park"), lexical.terms("vattenläcka")]
    assert np.allclose(index.share_of(index.mean_question(questions))[0], index.share(questions).mean(axis=0))


def test_other_texts_lend_their_frequencies_only():
    common = [lexical.terms("kommunen")] * 20
    documents = [lexical.terms("kommunen"), lexical.terms("dagvatten")]
    question = [lexical.terms("kommunen dagvatten")]
    assert lexical.Index(documents, common).share(question).argmax() == 1
    assert lexical.Index(documents, common).size == 2


def test_an_empty_collection_has_no_scores():
    assert lexical.Index([]).share([lexical.terms("något")]).shape == (1, 0)


def test_long_postings_and_short_ones_are_added_up_to_the_same_bits(monkeypatch):
    texts = ["halka på gångvägar vid skolan", "snö och halka på vägen", "skolmat till alla", "halka", ""] * 40
    index, asked = (
        lexical.Index([lexical.terms(text) for text in texts]),
        lexical.terms("halka på vägen till skolan, ord som ingen har"),
    )
    found = []
    for long in (0, 10**9):
        monkeypatch.setattr(postings, "LONG", long)
        found.append(index.share([asked]))
    assert found[0].dtype == np.float32
    assert found[0].max() > 0
    assert np.array_equal(*found)
    monkeypatch.setattr(postings, "LONG", 0)
    assert not index.share([lexical.terms("")]).any()


def test_features_that_most_texts_have_add_the_same_as_rows(monkeypatch):
    texts = ["halka på gångvägar vid skolan", "snö och halka på vägen", "skolmat till alla", "halka", ""] * 40
    documents = [lexical.terms(text) for text in texts]
    asked = [lexical.terms(text) for text in ("halka på vägen till skolan, ord som ingen har", "skolmat", "")]
    listed = lexical.Index(documents)
    monkeypatch.setattr(postings, "MANY", len(texts))
    index = lexical.Index(documents)
    rows, before = index.arrays(), listed.arrays()
    assert len(rows["common"])
    assert len(rows["adds"])
    assert len(rows["adds"]) + np.count_nonzero(rows["rows"]) == len(before["adds"])
    assert not np.diff(rows["starts"])[rows["common"]].any()
    again = lexical.Index.of({name: _flat(array) for name, array in rows.items()}, len(texts))
    later = index.joined(index.beside(documents[:7]))
    for one in (index, again):
        assert np.allclose(one.share(asked), listed.share(asked), atol=1e-7)
        for question in asked:
            assert np.allclose(one.share([question]), listed.share([question]), atol=1e-7)
            assert np.allclose(later.share([question])[:, len(texts) :], listed.share([question])[:, :7], atol=1e-7)
    assert listed.share([asked[0]]).max() > 0.05


def _flat(array: np.ndarray) -> np.ndarray:
    """Give it as a file does that many read: nobody can write into it."""
    array = array.copy()
    array.flags.writeable = False
    return array


def test_few_texts_and_many_weigh_a_feature_the_same_to_the_last_bit(monkeypatch):
    documents = [lexical.terms(text) for text in ("en sensor i taket larmar", "larm om fall", "sensor, sensor")]
    others = [lexical.terms("ett fall i taket")]

    def made(few: int) -> dict[str, np.ndarray]:
        monkeypatch.setattr(lexical, "FEW", few)
        return lexical.Index(documents, others, 0.3).arrays()

    few, many = made(1 << 16), made(0)
    assert all(np.array_equal(few[name], many[name]) and few[name].dtype == many[name].dtype for name in many)
    assert len(np.unique(few["idf"])) > 3


def test_making_an_index_of_a_few_texts_does_not_go_through_all_buckets_again_and_again(monkeypatch):
    """A small hub makes four of them anew after each change, in the next request."""
    monkeypatch.setattr(lexical, "_holders", None)
    index = lexical.Index([lexical.terms("larm om fall")], [lexical.terms("fall")])
    assert index.share([lexical.terms("fall")])[0, 0] > 0


@pytest.mark.parametrize("size", [0, 1, 1_000, lexical.FEW + 1_000])
def test_buckets_are_numbered_the_same_however_many_there_are(size):
    buckets = np.random.default_rng(3).integers(0, lexical.BUCKETS, size).astype(np.int32)
    found, places = lexical.numbered(buckets)
    expected, back = np.unique(buckets, return_inverse=True)
    assert np.array_equal(found, expected)
    assert np.array_equal(places, back)
