"""Vectors in blocks give what plain NumPy gives, in both layouts."""

from __future__ import annotations

import numpy as np
import pytest

from matcher.ranking import vectors
from matcher.ranking.vectors import Vectors, highest


def random(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(shape, dtype=np.float32)


@pytest.fixture(params=[0, 1, 7, 8, 9, 39, 40, 41, 100])
def rows(request, monkeypatch):
    monkeypatch.setattr(vectors, "MANY", 40)
    monkeypatch.setattr(vectors, "BLOCK", 8)
    return random(request.param, 5)


def test_products_are_those_of_numpy(rows):
    held, one, some = Vectors(rows), random(5), random(3, 5)
    assert len(held) == len(rows)
    assert held.dot(one).dtype == np.float32
    assert np.allclose(held.dot(one), rows @ one, atol=1e-5)
    assert np.allclose(held.dots(some), some @ rows.T, atol=1e-5)
    assert held.dots(some[:0]).shape == (0, len(rows))
    assert np.array_equal(held.dots(some[:1])[0], held.dot(some[0])), "one question asked alone or as a list of one"


def test_what_is_joined_stands_after_the_others(rows):
    for more in (random(0, 5), random(3, 5), random(50, 5)):
        both, plain = Vectors(rows).joined(Vectors(more)), np.concatenate([rows, more])
        assert len(both) == len(plain)
        assert np.allclose(both.dot(random(5)), plain @ random(5), atol=1e-5)
        assert np.allclose(both.dots(random(2, 5)), random(2, 5) @ plain.T, atol=1e-5)
        places = np.random.default_rng(1).permutation(len(plain))[:20].tolist()
        if places:
            assert np.array_equal(both.take(places), plain[places].T)


@pytest.mark.parametrize("count", [1, 3, 12])
def test_the_nearest_are_those_of_a_full_sort_equal_ones_in_their_order(rows, monkeypatch, count):
    monkeypatch.setattr(vectors, "TOGETHER", 2)
    doubled = np.concatenate([rows, rows[::2]])
    asked = random(5, 5)
    expected = np.argsort(-(asked @ doubled.T).round(4), axis=1, kind="stable")[:, :count]
    found = Vectors(doubled).nearest(asked, count)
    assert found.shape == (5, min(count, len(doubled)))
    scores = asked @ doubled.T
    assert np.allclose(np.take_along_axis(scores, found, 1), np.take_along_axis(scores, expected, 1), atol=1e-3)
    assert all(len(set(row)) == len(row) for row in found.tolist())


def test_the_nearest_of_nothing_are_none():
    assert Vectors(random(0, 5)).nearest(random(2, 5), 3).shape == (2, 0)
    assert Vectors(random(4, 5)).nearest(random(0, 5), 3).shape == (0, 3)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 1000, 5000])
def test_the_highest_are_those_of_a_stable_sort(size):
    scores = random(size).round(1)  # many equal ones
    for count in (1, 10, 20, size):
        assert highest(scores, count).tolist() == np.argsort(-scores, kind="stable")[:count].tolist()
