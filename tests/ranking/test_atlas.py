from __future__ import annotations

import numpy as np
import pytest

from matcher.ranking import atlas

FIELDS = 4


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def made_up(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """240 texts of four fields and two kinds, the kinds a little apart: vectors, kinds, fields."""
    random = np.random.default_rng(seed)
    fields = np.arange(240) % FIELDS
    kinds = (np.arange(240) // FIELDS) % 2
    middle = random.normal(size=(FIELDS, 64))
    side = random.normal(size=(2, 64))
    return unit(middle[fields] + 0.5 * side[kinds] + 0.6 * random.normal(size=(240, 64))), kinds, fields


@pytest.fixture(scope="module")
def hub() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return made_up(5)


@pytest.fixture(scope="module")
def drawn(hub) -> np.ndarray:
    return atlas.layout(hub[0], hub[1])


def near(positions: np.ndarray, count: int = 10) -> np.ndarray:
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1)[:, :count]


def test_what_is_of_one_field_lies_together_and_both_kinds_do(hub, drawn):
    _, kinds, fields = hub
    found = near(drawn)
    assert (fields[found] == fields[:, None]).mean() > 0.95
    assert 0.3 < (kinds[found] == kinds[:, None]).mean() < 0.7


def test_the_map_has_its_size_and_is_the_same_every_time(hub, drawn):
    assert drawn.shape == (240, 2)
    assert 0 <= drawn.min() < drawn.max() <= atlas.SIZE
    assert (atlas.layout(hub[0], hub[1]) == drawn).all()


@pytest.mark.parametrize("seed", [5, 6, 7, 8])
def test_a_map_drawn_anew_keeps_its_bearings(seed):
    vectors, kinds, fields = made_up(seed)
    drawn = atlas.layout(vectors, kinds)
    start = drawn.copy()
    start[::10] = np.nan  # as new as can be
    anew = atlas.layout(vectors, kinds, start)
    middles = [np.array([each[fields == field].mean(axis=0) for field in range(FIELDS)]) for each in (drawn, anew)]
    moved = np.linalg.norm(middles[0] - middles[1], axis=1)
    apart = np.linalg.norm(middles[0][0] - middles[0][1:], axis=1)
    assert moved.max() < apart.min() / 2
    assert (fields[near(anew)] == fields[:, None]).mean() > 0.95, "and still shows who is near whom"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5, 11, 12, 14])
def test_small_hubs_have_maps_too(hub, size):
    positions = atlas.layout(hub[0][:size], hub[1][:size])
    assert positions.shape == (size, 2)
    assert np.isfinite(positions).all()


def test_a_hub_of_one_kind_has_a_map(hub):
    assert np.isfinite(atlas.layout(hub[0][:40], np.zeros(40, int))).all()


def test_regions_are_numbered_by_what_weighs(drawn, hub):
    weights = (hub[1] == 0).astype(float)
    centres = atlas.regions(drawn, weights)
    within = atlas.region_of(drawn, centres)
    counts = np.bincount(within, weights, len(centres))
    assert len(centres) == 15  # √240
    assert (np.diff(counts) <= 0).all()


def test_texts_all_in_one_spot_are_one_region():
    assert len(atlas.regions(np.full((30, 2), 7.0), np.ones(30))) == 1


def test_new_things_stand_among_those_of_their_field(hub, drawn):
    vectors, _, fields = hub
    old, new = np.arange(200), np.arange(200, 240)
    positions = atlas.place(vectors[new], vectors[old], drawn[old])
    distances = np.linalg.norm(positions[:, None] - drawn[old][None], axis=2)
    assert (fields[old][distances.argmin(axis=1)] == fields[new]).mean() > 0.95


def test_between_two_fields_there_is_nothing_to_stand_on():
    known = unit(np.array([[1, 0, 0], [0, 1, 0]]))
    positions = np.array([[100.0, 100.0], [900.0, 900.0]])
    (where,) = atlas.place(unit(np.array([[1, 0.9, 0]])), known, positions)
    assert where.tolist() == [100.0, 100.0]


def test_needs_that_say_the_same_are_one_group():
    vectors = unit(np.array([[1, 0, 0], [1, 0.1, 0], [0, 1, 0], [0, 0, 1], [1, 0.05, 0]]))
    groups = atlas.same(vectors, np.array([0, 0, 0, 0, 1]))
    assert groups[0] == groups[1] >= 0
    assert groups[2:].tolist() == [-1, -1, -1]  # the last is in another region


def test_a_chain_of_likenesses_is_no_group():
    angles = np.radians([0, 45, 90])  # neighbours at cosine 0.71, the ends at 0
    groups = atlas.same(np.column_stack([np.cos(angles), np.sin(angles)]), np.zeros(3, int))
    assert sorted(groups.tolist()) == [-1, 0, 0]


def test_a_region_has_the_words_that_the_others_lack():
    winter = ["snow on the roads", "more snow on roads", "snow again"]
    school = ["the school meal", "a meal at school", "meal again"]
    words = atlas.words((winter + school) * 4, np.array([0, 0, 0, 1, 1, 1] * 4))
    assert set(words[0]) >= {"snow", "roads"}
    assert set(words[1]) >= {"school", "meal"}


def test_words_in_many_texts_and_forms_of_one_word_say_nothing():
    texts = [f"common skolmaten number{chr(97 + n)}" for n in range(3)] + ["common skolmat"] + ["common other"] * 80
    words = atlas.words(texts, np.array([0] * 4 + [1] * 80))
    assert words[0][0] in ("skolmaten", "skolmat")
    assert len(words[0]) == 1
    assert "common" not in words[0] + words[1]
