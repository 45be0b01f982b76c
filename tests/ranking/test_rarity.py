import json

import numpy as np
import pytest

from matcher.ranking import rarity


def write(folder, kind, vocabulary):
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"type": kind, "vocab": vocabulary}}))
    return folder


def test_a_rare_piece_counts_more_and_a_mark_hardly(tmp_path):
    found = rarity.weights(write(tmp_path, "Unigram", [["<s>", 0.0], [",", -3.0], ["kommun", -9.0], ["snö", -14.0]]))
    assert found.dtype == np.float32
    assert np.allclose(found, [1e-4, 0.002004, 0.447602, 0.991752], atol=1e-5)


def test_another_smoothing_flattens_them(tmp_path):
    folder = write(tmp_path, "Unigram", [["a", -3.0], ["b", -12.0]])
    steep, flat = rarity.weights(folder, 1e-5), rarity.weights(folder, 10.0)
    assert steep[1] / steep[0] > 1000
    assert flat[1] / flat[0] < 1.01


def test_a_tokenizer_that_does_not_say_how_rare_its_pieces_are_is_named(tmp_path):
    with pytest.raises(ValueError, match="no unigram tokenizer"):
        rarity.weights(write(tmp_path, "WordPiece", {"a": 0}))
