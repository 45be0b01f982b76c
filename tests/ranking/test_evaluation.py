import json

import numpy as np
import pytest

from matcher.ranking import evaluation, judged
from matcher.ranking.encoder import TinyEncoder

DOCUMENTS = {"d1": "snöröjning av gator", "d2": "mat i skolan", "d3": "larm när äldre faller", "d4": "parkering"}
QUERIES = {"q1": "vem röjer snö på gator", "q2": "larm om fall bland äldre"}
GRADES = [("q1", "d1", 1), ("q2", "d3", 3), ("q2", "d2", 0), ("q2", "d4", 1)]


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "corpus.jsonl", [{"_id": key, "title": "", "text": text} for key, text in DOCUMENTS.items()])
    write(tmp_path / "queries.jsonl", [{"_id": key, "text": text} for key, text in QUERIES.items()])
    rows = "".join(f"{query}\t{document}\t{grade}\n" for query, document, grade in GRADES)
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows, encoding="utf8")
    return tmp_path


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf8")


def append(path, line):
    with path.open("a", encoding="utf8") as file:
        file.write(line + "\n")


def test_a_perfect_ranking_has_ndcg_one():
    assert evaluation.ndcg(["a", "b", "x"], {"a": 3, "b": 1}, 10) == 1


def test_ndcg_by_hand():
    # Grade 3 second and grade 1 third: 3/log2(3) + 1/log2(4) over 3 + 1/log2(3).
    assert evaluation.ndcg(["x", "a", "b"], {"a": 3, "b": 1}, 10) == pytest.approx(2.3928 / 3.6309, abs=1e-4)


def test_ndcg_at_a_depth_is_measured_against_what_fits_there():
    assert evaluation.ndcg(["a", "x"], {"a": 1, "b": 1, "c": 1}, 1) == 1


def test_recall_counts_all_that_is_relevant():
    assert evaluation.recall(["a", "x", "b"], {"a": 1, "b": 2, "c": 1}, 2) == pytest.approx(1 / 3)


@pytest.mark.parametrize(("ranked", "expected"), [("ax", 1), ("xxa", 1 / 3), ("xyz", 0)])
def test_reciprocal_rank_is_that_of_the_first_relevant(ranked, expected):
    assert evaluation.reciprocal_rank(list(ranked), {"a": 1, "b": 1}, 10) == pytest.approx(expected)


def test_reciprocal_rank_ends_at_its_depth():
    assert evaluation.reciprocal_rank([*"0123456789", "a"], {"a": 1}, 10) == 0


def test_the_answer_has_the_shape_that_others_rely_on(folder):
    found = evaluation.evaluate(folder, TinyEncoder())
    assert (found["queries"], found["documents"], found["model"], found["product"]) == (2, 4, "tiny", "hybrid")
    assert set(found["methods"]) == {"lexical", "dense", "hybrid"}
    for metrics in found["methods"].values():
        assert set(metrics) == {"ndcg@10", "recall@10", "recall@50", "mrr@10"}
        assert all(0 <= value <= 1 for value in metrics.values())
    assert json.loads(json.dumps(found)) == found


def test_dense_is_plain_cosine(folder):
    encoder = TinyEncoder()
    queries = encoder.encode(list(QUERIES.values()), "query")
    documents = encoder.encode(list(DOCUMENTS.values()), "passage")
    expected = evaluation.measure(queries @ documents.T, judged.read(folder))
    assert evaluation.evaluate(folder, encoder)["methods"]["dense"] == expected


def test_a_query_without_a_relevant_document_is_not_counted(folder):
    append(folder / "queries.jsonl", '{"_id": "q3", "text": "något annat"}')
    assert evaluation.evaluate(folder, TinyEncoder())["queries"] == 2


def test_equal_scores_stand_in_corpus_order(folder):
    found = evaluation.measure(np.zeros((2, 4)), judged.read(folder))
    assert found["mrr@10"] == pytest.approx((1 + 1 / 3) / 2)


class CountingEncoder(TinyEncoder):
    def __init__(self):
        super().__init__()
        self.seen = 0

    def encode(self, texts, prompt):
        self.seen += len(texts)
        return super().encode(texts, prompt)


def test_a_second_run_embeds_nothing(folder, tmp_path):
    encoder = CountingEncoder()
    first = evaluation.evaluate(folder, encoder, tmp_path / "cache")
    seen = encoder.seen
    assert evaluation.evaluate(folder, encoder, tmp_path / "cache") == first
    assert encoder.seen == seen > 0


def test_vectors_that_were_kept_and_are_damaged_are_made_again(folder, tmp_path):
    first = evaluation.evaluate(folder, TinyEncoder(), tmp_path / "cache")
    kept = sorted((tmp_path / "cache").iterdir())
    for number, path in enumerate(kept):
        path.write_bytes(path.read_bytes()[: 40 * number])
    assert evaluation.evaluate(folder, TinyEncoder(), tmp_path / "cache") == first
    assert sorted((tmp_path / "cache").iterdir()) == kept


def test_what_was_read_counts_though_it_cannot_be_kept(folder, tmp_path):
    (tmp_path / "cache").write_text("no folder")
    assert evaluation.evaluate(folder, TinyEncoder(), tmp_path / "cache")["queries"] > 0


def test_progress_is_told_to_the_end(folder):
    told = []
    evaluation.evaluate(folder, TinyEncoder(), progress=lambda what, done, total: told.append((what, done, total)))
    assert ("query", 2, 2) in told
    assert ("passage", 4, 4) in told


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("corpus.jsonl", '{"_id": "d5", "text": ', r"corpus.jsonl, line 5: not JSON"),
        ("corpus.jsonl", '{"_id": "d5"}', r"corpus.jsonl, line 5: needs"),
        ("corpus.jsonl", "[1]", r"corpus.jsonl, line 5: needs"),
        ("corpus.jsonl", '{"_id": "d1", "text": "igen"}', r"corpus.jsonl, line 5: the id 'd1' is there twice"),
        ("queries.jsonl", '{"text": "utan id"}', r"queries.jsonl, line 3: needs"),
        ("qrels.tsv", "q1\td1", r"qrels.tsv, line 6: needs query"),
        ("qrels.tsv", "q1\td1\tbra", r"qrels.tsv, line 6: needs query"),
        ("qrels.tsv", "q1\td9\t1", r"qrels.tsv, line 6: .*'d9'"),
    ],
)
def test_a_bad_line_is_named(folder, file, line, message):
    append(folder / file, line)
    with pytest.raises(judged.BadFolder, match=message):
        judged.read(folder)


@pytest.mark.parametrize("file", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_a_missing_file_is_named(folder, file):
    (folder / file).unlink()
    with pytest.raises(judged.BadFolder, match=file):
        judged.read(folder)


@pytest.mark.parametrize("file", ["corpus.jsonl", "queries.jsonl", "qrels.tsv"])
def test_an_empty_file_is_named(folder, file):
    (folder / file).write_text("", encoding="utf8")
    with pytest.raises(judged.BadFolder):
        judged.read(folder)


def test_other_encodings_are_named(folder):
    (folder / "corpus.jsonl").write_bytes('{"_id": "d1", "text": "sn\xf6"}\n'.encode("latin-1"))
    with pytest.raises(judged.BadFolder, match="not UTF-8"):
        judged.read(folder)


def test_empty_lines_and_a_byte_order_mark_are_no_matter(folder):
    text = (folder / "corpus.jsonl").read_text(encoding="utf8")
    (folder / "corpus.jsonl").write_text("\ufeff" + text.replace("\n", "\r\n\r\n"), encoding="utf8", newline="")
    assert judged.read(folder).documents == DOCUMENTS


def test_a_title_goes_before_its_text(folder):
    append(folder / "corpus.jsonl", '{"_id": "d5", "title": "Snö AB", "text": "plogar"}')
    assert judged.read(folder).documents["d5"] == "Snö AB plogar"


def test_the_ablation_ends_at_the_product(folder):
    encoder = TinyEncoder()
    _, steps = evaluation.ablation(folder, encoder)
    _, scores = evaluation.scored(folder, encoder)
    assert np.allclose(steps["sentences"], scores["hybrid"], atol=1e-5)
    assert np.allclose(steps["dense"], scores["dense"])
    assert np.allclose(steps["no meaning"], scores["lexical"])
    assert not np.allclose(steps["means"], steps["hubs"])
