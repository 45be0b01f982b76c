"""Tables of the store's own tests: they know no noun of the hub, and stand on a disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.store import Store
from matcher.store.schema import migrate

SHELVES = (
    "0001_shelves",
    """
create table shelf (
    id text primary key,
    label text not null unique,
    places {bigint} not null default 1 check (places >= 0)
){strict}
--;
create table book (
    id text primary key,
    shelf_id text not null references shelf (id),
    sequel_to text references book (id),
    title text not null,
    cover {blob},
    weight {float}
){strict}
--;
create table loan (
    book_id text not null references book (id),
    at text not null,
    note text,
    primary key (book_id, at)
){strict}
""",
)


@pytest.fixture(scope="session")
def database_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder on the disk."""
    return tmp_path_factory.mktemp("disk")


@pytest.fixture
def library(empty_store: Store) -> Store:
    """Give a store with one shelf and two books, on each engine."""
    migrate(empty_store, [SHELVES])
    with empty_store.atomic():
        _fill(empty_store)
    return empty_store


def _fill(store: Store) -> None:
    store.insert("shelf", {"id": "s1", "label": "Åäö", "places": 2})
    store.insert("book", {"id": "b1", "shelf_id": "s1", "title": "Räddningstjänst", "weight": 0.5})
    store.insert("book", {"id": "b2", "shelf_id": "s1", "title": "Öland", "cover": b"\x00\xff'\\"})
