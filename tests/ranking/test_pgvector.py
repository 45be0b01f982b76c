"""The index in PostgreSQL against plain NumPy, on real tables: filters, changes, removals, rebuilding."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from matcher.hub import record, removals
from matcher.ranking import lexical, mirror, pgvector, pgvector_build
from matcher.ranking.nearest import Exact, Filter
from matcher.ranking.pgvector import PgvectorIndex
from matcher.ranking.pgvector_build import Builder
from matcher.store import Store, open_store
from tests import factories
from tests.conftest import Databases

WIDTH = 32
MANY = 2_400
MODEL = "model@1"
IDENTITY = (MODEL, WIDTH)
ROOTED = Filter(condition="n.readiness >= :least", values={"least": 9})  # every tenth
WORDS = ["snöröjning", "vatten", "skola", "hemtjänst", "energi", "buss"]


@pytest.fixture
def store(databases: Databases) -> Store:
    return databases.open("postgresql", migrated=True)


@pytest.fixture
def hub(store: Store) -> Store:
    """Give a hub of many published startups with vectors in a narrow cone, as those of the real model."""
    template = factories.create_startup(store, published=True, readiness=1)
    columns = {name: value for name, value in store.query("select * from startup")[0].items() if name != "id"}
    vectors = made(MANY)
    with store.atomic():
        store.insert(
            "startup",
            [
                {**columns, "id": f"s{number:05d}", "readiness": 9 if number % 10 == 0 else 1, "seq": number + 10}
                for number in range(MANY)
            ],
        )
        store.insert("embedding", [embedding(number, vector) for number, vector in enumerate(vectors)])
        store.execute("update counter set value = :seq where name = 'seq'", {"seq": MANY + 10})
        store.execute("delete from startup where id = :id", {"id": template["id"]})
    return store


def made(count: int, seed: int = 1, width: int = WIDTH) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32) + 2
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def embedding(number: int, vector: np.ndarray, model: str = MODEL) -> dict[str, object]:
    return {
        "kind": "startup",
        "subject_id": f"s{number:05d}",
        "model": model,
        "text_hash": f"hash {number}",
        "vector": vector.astype("<f4").tobytes(),
        "terms": lexical.terms(f"{WORDS[number % len(WORDS)]} bolag{number}").to_bytes(),
        "embedded_at": factories.NOW,
    }


def built(store: Store, identity: tuple[str, int] = IDENTITY) -> PgvectorIndex:
    builder = Builder(store, identity)
    while builder.step():
        pass
    return PgvectorIndex(store, "startup", identity)


def exact(store: Store, index: PgvectorIndex) -> Exact:
    shelf = mirror.some(store, "startup", IDENTITY, [row["id"] for row in store.query("select id from startup")])
    return Exact(store, "startup", shelf, index.frame(index.mark()))


def asked(seed: int) -> np.ndarray:
    vector = np.random.default_rng(100 + seed).standard_normal(WIDTH).astype(np.float32)
    return vector / np.linalg.norm(vector)


def touched(store: Store, name: str, **columns: object) -> None:
    """Change a row as saving it does."""
    assignments = ", ".join(f"{column} = :{column}" for column in (*columns, "seq"))
    with store.atomic():
        seq = record.next_seq(store)
        store.execute(f"update startup set {assignments} where id = :id", {**columns, "seq": seq, "id": name})


@pytest.mark.parametrize(
    "only",
    [
        None,
        ROOTED,
        Filter(ids=[f"s{number:05d}" for number in range(0, MANY, 100)]),
        Filter(
            ids=[f"s{number:05d}" for number in range(0, MANY, 4)], condition=ROOTED.condition, values=ROOTED.values
        ),
        Filter(ids=[]),
    ],
    ids=["all", "a tenth", "a hundredth", "both", "none"],
)
def test_it_finds_what_reading_every_vector_finds(
    hub: Store, only: Filter | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = built(hub)
    reference = exact(hub, index)
    for by_graph in (False, True):
        monkeypatch.setattr(pgvector, "_bar", lambda *_, bar=0 if by_graph else 10**9, **__: bar)
        for seed in range(8):
            found, right = index.nearest(asked(seed), 10, only), reference.nearest(asked(seed), 10, only)
            assert [name for name, _ in found] == [name for name, _ in right]
            assert np.allclose([score for _, score in found], [score for _, score in right], atol=1e-5)


def test_the_exact_one_is_plain_numpy(hub: Store) -> None:
    index = built(hub)
    vectors = made(MANY)
    mean = vectors.mean(axis=0)
    centred = vectors - mean
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    order = np.argsort(-(centred @ asked(1)), kind="stable")[:10]
    assert [name for name, _ in exact(hub, index).nearest(asked(1), 10)] == [f"s{place:05d}" for place in order]


def test_a_change_a_removal_and_what_is_hidden(hub: Store) -> None:
    index = built(hub)
    first, second, third = (name for name, _ in index.nearest(asked(1), 3))
    touched(hub, first, hidden_at=factories.NOW)
    with hub.atomic():
        removals.remove(hub, "startup", second)
    rows = "select id from public_nearest.startup where id in :ids order by id"
    assert [row["id"] for row in hub.query(rows, {"ids": [first, second]})] == [first], "gone with its row, at once"
    assert pgvector_build.behind(hub, "startup", IDENTITY) == 1
    vector = index.frame(index.mark()).mean + asked(1)
    hub.execute(
        "update embedding set vector = :vector where subject_id = 's00007'",
        {"vector": (vector / np.linalg.norm(vector)).astype("<f4").tobytes()},
    )
    touched(hub, "s00007")
    built(hub)
    assert pgvector_build.behind(hub, "startup", IDENTITY) == 0
    assert [name for name, _ in index.nearest(asked(1), 2)] == ["s00007", third]
    assert index.mark().held == MANY - 2


def test_a_text_without_a_vector_is_found_by_its_words_alone(hub: Store) -> None:
    hub.execute("update embedding set model = '', vector = :none where subject_id = 's00003'", {"none": b""})
    index = built(hub)
    assert (index.mark().held, index.mark().embedded) == (MANY, MANY - 1)
    features = lexical.terms("bolag3")
    assert index.by_words(features, np.ones(len(features.ids)), 1) == ["s00003"]
    everything = {name for name, _ in index.nearest(asked(1), MANY)}
    assert "s00003" not in everything
    assert len(everything) == MANY - 1


def test_vectors_of_another_width_are_made_anew_and_never_compared(hub: Store) -> None:
    old = built(hub)
    wide = ("wider@1", 2 * WIDTH)
    index = PgvectorIndex(hub, "startup", wide)
    assert index.mark() is None
    with pytest.raises(LookupError):
        index.nearest(np.ones(2 * WIDTH, np.float32), 10)
    vectors = made(MANY, 2, 2 * WIDTH)
    with hub.atomic():
        hub.execute("delete from embedding")
        hub.insert("embedding", [embedding(number, vector, "wider@1") for number, vector in enumerate(vectors)])
        hub.execute("update startup set seq = seq + :many", {"many": MANY + 100})
        hub.execute("update counter set value = value + :many where name = 'seq'", {"many": MANY + 100})
    builder = Builder(hub, wide)
    builder.step()
    assert old.mark() is not None, "the old one stands until the new one is whole"
    built(hub, wide)
    assert old.mark() is None
    assert index.mark().width == 2 * WIDTH
    question = np.ones(2 * WIDTH, np.float32) / np.sqrt(2 * WIDTH).astype(np.float32)
    assert len(index.nearest(question, 10)) == 10


def test_one_of_two_builds_and_the_other_goes_on(hub: Store) -> None:
    inside, leave = threading.Event(), threading.Event()

    class Slow(Builder):
        def _begin(self, kind: str) -> int:
            inside.set()
            leave.wait(10)
            return super()._begin(kind)

    other = open_store(hub._url)
    thread = threading.Thread(target=Slow(other, IDENTITY).step)
    thread.start()
    assert inside.wait(10)
    assert Builder(hub, IDENTITY).step() == 0
    leave.set()
    thread.join()
    other.close()
    assert built(hub).mark().held == MANY


def killed_within_a_step(store: Store) -> None:
    with store.atomic():
        assert Builder(store, IDENTITY)._step("startup")
        raise ZeroDivisionError


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pgvector_build, "PAGE", 500)
    return


def test_one_that_was_killed_goes_on_and_the_old_one_answers_meanwhile(hub: Store, small_pages: None) -> None:
    index = built(hub)
    before = index.nearest(asked(1), 10)
    hub.execute("update public_nearest.mark set size = -10000 where name = 'startup'")  # as if outgrown: made anew
    builder = Builder(hub, IDENTITY)
    for _ in range(3):
        builder.step()
    with pytest.raises(ZeroDivisionError):
        killed_within_a_step(hub)
    coming = pgvector.marks(hub)["startup_next"]
    assert coming.held == 1_000, "two pages"
    assert index.nearest(asked(1), 10) == before
    taken: list[int] = []

    class Counting(Builder):
        def _made(self, kind, mark, rows):
            taken.append(len(rows))
            return super()._made(kind, mark, rows)

    again = Counting(hub, IDENTITY)
    while again.step():
        pass
    assert sum(taken) == MANY - 1_000, "it went on where it stopped"
    assert "startup_next" not in pgvector.marks(hub)
    assert index.nearest(asked(1), 10) == before


@pytest.mark.parametrize(
    ("default", "installed", "told"),
    [
        (None, None, "is not installed"),
        ("0.7.4", None, "0.7.4 is too old"),
        ("0.7.4", "0.7.4", "0.7.4 is too old"),
        ("0.8.6", "0.7.4", "alter extension vector update"),
        ("0.8.0", None, ""),
        ("0.10.1", "0.10.1", ""),
    ],
)
def test_a_missing_or_old_pgvector_is_named(
    store: Store, default: str | None, installed: str | None, told: str
) -> None:
    # A table of the same name, earlier on the path, stands for the catalogue's: nothing can be uninstalled here.
    store.execute("create table pg_available_extensions (name text, default_version text, installed_version text)")
    try:
        if default:
            row = {"name": "vector", "default_version": default, "installed_version": installed}
            store.insert("public.pg_available_extensions", [row])
        with store.atomic():
            store.query("select set_config('search_path', 'public, pg_catalog', true) as path")
            assert told in pgvector.fault(store)
            assert bool(told) == bool(pgvector.fault(store))
    finally:
        store.execute("drop table public.pg_available_extensions")
