import errno
import os

import pytest

from matcher.ranking import indexing, shipped, whole
from matcher.ranking.encoder import TinyEncoder

ENCODER = TinyEncoder(32)


def test_the_background_is_made_once_and_read_again(tmp_path):
    assert shipped.ensure_background(tmp_path, ENCODER) == 1
    assert shipped.ensure_background(tmp_path, ENCODER) == 0
    found = shipped.load_background(tmp_path, ENCODER)
    assert (len(found.questions) > 40, len(found.documents) > 100) == (True, True)
    assert found.questions.vectors.shape[1] == 32
    assert set(found.questions.languages) >= {"sv", "en"}


def test_it_is_read_by_name_while_the_model_is_away(tmp_path):
    shipped.ensure_background(tmp_path, ENCODER)
    assert len(shipped.load(tmp_path, indexing.identity(ENCODER)).questions) > 40


def test_each_model_has_its_own(tmp_path):
    shipped.ensure_background(tmp_path, ENCODER)
    other = TinyEncoder(32)
    other.fingerprint = "tiny-2"
    assert len(shipped.load_background(tmp_path, other).questions) == 0


@pytest.mark.parametrize("damage", [b"", b"\x00" * 8, b"\xff" * 100, None])
def test_a_damaged_file_counts_as_missing(tmp_path, damage):
    shipped.ensure_background(tmp_path, ENCODER)
    file = next(tmp_path.glob("background-*.bin"))
    file.write_bytes(file.read_bytes()[:5000] if damage is None else damage)
    found = shipped.load_background(tmp_path, ENCODER)
    assert (len(found.questions), found.questions.vectors.shape[1]) == (0, 32)
    assert shipped.ensure_background(tmp_path, ENCODER) == 1, "and is made again"
    assert len(shipped.load_background(tmp_path, ENCODER).questions) > 40
    assert len(list(tmp_path.iterdir())) == 1


def test_nothing_half_written_is_left(tmp_path):
    shipped.ensure_background(tmp_path, ENCODER)
    assert [path.suffix for path in tmp_path.iterdir()] == [".bin"]


def test_of_what_cannot_be_kept_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(whole.os, "fsync", _full)
    with pytest.raises(OSError, match="No space left"):
        shipped.ensure_background(tmp_path, ENCODER)
    assert list(tmp_path.iterdir()) == []


def _full(number):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
