"""`atomic()` keeps a block whole or not at all, on both engines."""

# ruff: noqa: PT012 (what is raised comes from a block of several statements: that is the test)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from matcher.store import Store, StoreError, TransactionFailed, UniqueViolation


class Stop(Exception):
    """What a test raises to leave a block."""


def labels(store: Store) -> list[str]:
    return [row["label"] for row in store.query("select label from shelf order by label")]


def add(store: Store, label: str) -> None:
    store.insert("shelf", {"id": label, "label": label})


def in_another_thread(function, *args):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


def test_a_block_is_kept(library: Store):
    with library.atomic():
        add(library, "b")
        add(library, "c")
    assert in_another_thread(labels, library) == ["b", "c", "Åäö"]


@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt, GeneratorExit])
def test_a_block_that_raises_is_undone(library: Store, error: type[BaseException]):
    with pytest.raises(error), library.atomic():
        add(library, "b")
        raise error
    assert labels(library) == ["Åäö"]


def test_an_inner_block_is_undone_alone(library: Store):
    with library.atomic():
        add(library, "b")
        with pytest.raises(Stop), library.atomic():
            add(library, "c")
            raise Stop
        add(library, "d")
    assert labels(library) == ["b", "d", "Åäö"]


def test_an_inner_block_goes_with_the_outer(library: Store):
    with pytest.raises(Stop), library.atomic():
        with library.atomic(), library.atomic():
            add(library, "b")
        raise Stop
    assert labels(library) == ["Åäö"]


def test_a_block_sees_its_own_writes_and_others_do_not(library: Store):
    with library.atomic():
        add(library, "b")
        assert labels(library) == ["b", "Åäö"]
        assert in_another_thread(labels, library) == ["Åäö"]


def test_after_a_failure_nothing_more_runs_in_the_block(library: Store):
    with pytest.raises(TransactionFailed), library.atomic():
        add(library, "b")
        with pytest.raises(UniqueViolation):
            add(library, "b")
        add(library, "c")
    assert labels(library) == ["Åäö"]


def test_a_block_whose_failure_was_swallowed_is_undone_and_says_so(library: Store):
    with pytest.raises(TransactionFailed), library.atomic():
        add(library, "b")
        with pytest.raises(UniqueViolation):
            add(library, "b")
    assert labels(library) == ["Åäö"]


def test_no_inner_block_begins_after_a_failure(library: Store):
    with pytest.raises(TransactionFailed), library.atomic():
        with pytest.raises(StoreError):
            library.execute("nonsense")
        with library.atomic():
            add(library, "b")
    assert labels(library) == ["Åäö"]


def test_a_failure_caught_outside_an_inner_block_leaves_the_outer_whole(library: Store):
    with library.atomic():
        add(library, "b")
        with pytest.raises(UniqueViolation), library.atomic():
            add(library, "b")
        add(library, "c")
    assert labels(library) == ["b", "c", "Åäö"]


def test_the_next_block_works_after_one_that_failed(library: Store):
    with pytest.raises(UniqueViolation), library.atomic():
        add(library, "Åäö")
    with library.atomic():
        add(library, "b")
    assert labels(library) == ["b", "Åäö"]


def test_a_verb_outside_a_block_is_kept_at_once(library: Store):
    add(library, "b")
    library.query("insert into shelf (id, label) values ('c', 'c') returning id")
    assert in_another_thread(labels, library) == ["b", "c", "Åäö"]


def test_a_snapshot_sees_one_moment(library: Store):
    with library.snapshot():
        assert labels(library) == ["Åäö"]
        in_another_thread(add, library, "b")
        assert labels(library) == ["Åäö"]
    assert labels(library) == ["b", "Åäö"]


def test_a_closed_store_opens_anew(library: Store):
    library.close()
    assert labels(library) == ["Åäö"]
