import numpy as np

from matcher.ranking.keeping import Latest


def test_what_was_not_used_for_longest_goes():
    latest = Latest(rows=3)
    for name in "abc":
        latest.put(name, np.ones((1, 2)))
    latest.get("a")
    latest.put("d", np.ones((1, 2)))
    assert set(latest.get("abcd")) == {"a", "c", "d"}


def test_rows_are_counted_and_not_arrays():
    latest = Latest(rows=3)
    latest.put("a", np.ones((2, 2)))
    latest.put("b", np.ones((2, 2)))
    assert set(latest.get("ab")) == {"b"}


def test_what_is_put_again_counts_once():
    latest = Latest(rows=3)
    latest.put("a", np.ones((1, 2)))
    for size in (1, 2, 1):
        latest.put("b", np.full((size, 2), size))
    assert set(latest.get("ab")) == {"a", "b"}
    assert len(latest.get("b")["b"]) == 1
