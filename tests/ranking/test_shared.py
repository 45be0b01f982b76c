"""One file for all processes of a host: the same scores to the last bit, and whatever happens to it, no wrong ones."""

import logging
import multiprocessing
import os
import resource
import signal
import stat
import time

import numpy as np
import pytest

from matcher.hub import record, removals
from matcher.ranking import indexing, lexical, mapped, opening, shared, upkeep, whole
from matcher.ranking.background import Background, Texts
from matcher.ranking.encoder import TinyEncoder
from matcher.ranking.ranker import Ranker
from matcher.ranking.shared import Shared
from matcher.ranking.upkeep import Patience
from tests.conftest import ENGINES
from tests.ranking import hub
from tests.ranking.test_mirror import ENCODER

MANY = Patience(few=0, share=0.5, age=1e9, pause=0.0, rest=0.0)
WORDS = lexical.normalise(
    "äldre faller natt snöröjning cykelväg matsvinn kök sensor plog våg skola vatten läcka larm buss hållplats"
).split()


def ranker(store, folder, encoder=ENCODER, patience=MANY, shipped=None):
    return Ranker(store, encoder, shipped, patience=patience, folder=folder)


def totals(ranking, kinds=(("startup", "need"), ("need", "startup"))):
    """The bytes of all scores, of both kinds, in the order of the ids."""
    found = []
    for kind, asked in kinds:
        shelves = ranking._holding.shelves("need", "startup", "testbed")
        view, texts = ranking._holding.view(kind, shelves), shelves[asked].texts
        own = np.array([view.questions.get(name, -1) for name in shelves[asked].place])
        found.append(view.collection.score(texts.take(np.arange(len(texts))), own).total[:, view.columns].tobytes())
    return found


def say(number):
    return " ".join(WORDS[(number * step) % len(WORDS)] for step in (1, 3, 5, 7)) + " som tjänst för kommunen"


@pytest.fixture(params=["sqlite"])
def hub_of_many(request, databases):
    store = databases.open(request.param, migrated=True)
    for number in range(20):
        hub.create_startup(store, say(number), id=f"s{number:02}")
    for number in range(5):
        hub.create_need(store, say(number + 4), id=f"n{number}")
    hub.embed(store, ENCODER)
    return store


@pytest.fixture
def kept(hub_of_many, tmp_path):
    """A folder with the files of a hub, and what a process without any would rank."""
    folder = tmp_path / shared.FOLDER
    assert totals(ranker(hub_of_many, folder)) == totals(ranker(hub_of_many, None))
    return folder


def mapped_from(ranking):
    """How many of a process's collections of startups and needs lie in a file."""
    ranking._holding.shelves("startup")
    found = [ranking._holding._upkeep[kind]._made for kind in ("startup", "need")]
    return sum(made is not None and made.base is not None for made in found)


def test_what_is_read_from_the_file_scores_as_what_was_made(hub_of_many, kept):
    other = ranker(hub_of_many, kept)
    assert mapped_from(other) == 2
    assert totals(other) == totals(ranker(hub_of_many, None))
    held = other._holding._upkeep["startup"]._made.collection._vectors._blocks[0]
    assert not held.flags.writeable
    assert not held.flags.owndata


@pytest.mark.parametrize("hub_of_many", ENGINES, indirect=True)
def test_what_changes_later_is_ranked_the_same_beside_it(hub_of_many, kept):
    both = ranker(hub_of_many, None), ranker(hub_of_many, kept)
    assert totals(both[0]) == totals(both[1])
    rows = hub_of_many.query("select * from startup order by id")
    hub.change(hub_of_many, "startup", rows[1], description="något helt annat om bussar och hållplatser")
    hub.create_startup(hub_of_many, "en ny plog för cykelvägar", id="s05b")
    with hub_of_many.atomic():
        removals.remove(hub_of_many, "startup", "s07")
    hub.embed(hub_of_many, ENCODER)
    assert totals(both[0]) == totals(both[1])
    grown = both[1]._holding._upkeep["startup"]._view[2]
    assert (grown.rows == -1).sum() == 2, "the one that changed and the one that is gone stand in no row"
    late = ranker(hub_of_many, kept)
    assert mapped_from(late) == 2, "a process that begins now reads the same file, and the store for what came later"
    assert totals(late) == totals(both[0])


def test_only_what_the_file_does_not_have_is_fetched(hub_of_many, kept):
    asked = []

    class Asking(hub.CountingStore):
        def query(self, sql, params=None):
            rows = self._store.query(sql, params) if params else self._store.query(sql)
            asked.extend(row for row in rows if "vector" in row)
            return rows

    hub.create_startup(hub_of_many, "en ny plog för cykelvägar")
    hub.embed(hub_of_many, ENCODER)
    ranker(Asking(hub_of_many), kept)._holding.shelves("startup", "need")
    assert len(asked) == 1


def test_when_one_makes_it_anew_the_others_take_it_over(hub_of_many, kept):
    at_once = Patience(few=0, share=0.1, age=1e9, pause=0.0, rest=0.0)
    waiting = []
    one, other = (ranker(hub_of_many, kept, patience=at_once) for _ in range(2))
    for ranking in (one, other):
        totals(ranking)
        for kind in ("startup", "need"):
            ranking._holding._upkeep[kind]._start = waiting.append
    for number in range(20, 26):
        hub.create_startup(hub_of_many, say(number) + " igen", id=f"s{number}")
    hub.embed(hub_of_many, ENCODER)
    for ranking in (one, other):
        time.sleep(upkeep.AGAIN)
        totals(ranking, [("startup", "need")])
        waiting.pop(0)()
        waiting.clear()
    assert one._holding._upkeep["startup"]._made.finished == pytest.approx(
        other._holding._upkeep["startup"]._made.finished, abs=0.1
    )
    for ranking in (one, other):
        assert totals(ranking, [("startup", "need")]) == totals(ranker(hub_of_many, None), [("startup", "need")])
        assert ranking._holding._mirrors["startup"]._base is ranking._holding._upkeep["startup"].base(), (
            "the file before is let go"
        )


def damage(path, how):
    blob = bytearray(path.read_bytes())
    if how == "truncated":
        blob = blob[: len(blob) // 2]
    elif how == "empty":
        blob = bytearray()
    elif how == "of another version":
        blob[16] += 1
    elif how == "of another program":
        blob[0] += 1
    elif how == "a byte of the header":
        blob[60] ^= 1
    elif how == "a byte of an array":
        blob[len(blob) // 2] ^= 1
    elif how == "the last byte that counts":
        blob[len(blob) - 64] ^= 1
    path.write_bytes(blob)


WAYS = ["truncated", "empty", "of another version", "of another program", "a byte of the header", "a byte of an array"]


@pytest.mark.parametrize("how", WAYS)
def test_a_file_that_is_damaged_is_made_again(hub_of_many, kept, how, caplog):
    for path in kept.glob("*.map"):
        damage(path, how)
    with caplog.at_level(logging.WARNING):
        again = ranker(hub_of_many, kept)
        assert totals(again) == totals(ranker(hub_of_many, None))
    assert "cannot be used and is made again" in caplog.text
    assert mapped_from(ranker(hub_of_many, kept)) == 2


def test_any_single_byte_that_is_flipped_is_noticed(tmp_path):
    path = tmp_path / "x.map"
    arrays = {"a": np.arange(7, dtype=np.float32), "b": np.array([], np.int64), "c": [np.ones(3), np.zeros(2)]}
    mapped.write(path, {"from": {}}, arrays)
    found, whole = mapped.read(path), path.read_bytes()
    assert np.array_equal(found.arrays["a"], arrays["a"])
    assert found.arrays["c"].tolist() == [1, 1, 1, 0, 0]
    noticed = 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            other = mapped.read(path)
        except mapped.Unusable:
            noticed += 1
        else:
            assert all(np.array_equal(other.arrays[name], found.arrays[name]) for name in found.arrays), place
    assert noticed > len(whole) * 0.6, "what is not noticed lies between the arrays"


def test_the_file_of_another_model_is_not_read(hub_of_many, kept):
    other = TinyEncoder(32)
    assert not ranker(hub_of_many, kept, other)._holding._upkeep["startup"].open()
    assert totals(ranker(hub_of_many, kept, other)) == totals(ranker(hub_of_many, None, other))


def test_another_background_makes_it_anew(hub_of_many, kept):
    texts = Texts(ENCODER.encode(["hela landet"], "query"), [lexical.terms("hela landet")])
    shipped = lambda: Background(texts, texts)  # noqa: E731
    assert not ranker(hub_of_many, kept, shipped=shipped)._holding._upkeep["startup"].open()
    assert totals(ranker(hub_of_many, kept, shipped=shipped)) == totals(ranker(hub_of_many, None, shipped=shipped))


def test_a_folder_that_cannot_be_made_is_told_of_and_done_without(hub_of_many, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        without = ranker(hub_of_many, tmp_path / "file")
        assert totals(without) == totals(ranker(hub_of_many, None))
    assert "each process holds its own" in caplog.text


def test_only_the_hub_itself_can_read_it(kept):
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.iterdir()} == {0o600}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_a_text_that_the_store_no_longer_has_leaves_the_files(hub_of_many, kept, monkeypatch):
    monkeypatch.setattr(opening, "UNUSED", 0.0)
    assert opening.forget(hub_of_many, kept) == 0
    with hub_of_many.atomic():
        removals.remove(hub_of_many, "startup", "s03")
    before = ranker(hub_of_many, kept)
    totals(before)
    assert opening.forget(hub_of_many, kept) == 3, "a document of the one, a question of the others"
    assert [path.name for path in kept.glob("*.map")] == ["testbed.map"], "there are none, and its needs are all there"
    assert totals(before), "who reads it goes on"
    assert opening.forget(hub_of_many, kept) == 0
    assert opening.forget(hub_of_many, kept / "nothing") == 0


def in_another_process(work):
    """Run work in a process of its own; return it."""
    process = multiprocessing.get_context("fork").Process(target=work, daemon=True)
    process.start()
    return process


def test_on_a_full_disk_it_goes_on_in_memory_and_leaves_nothing(tmp_path):
    folder = tmp_path / shared.FOLDER
    folder.mkdir()

    def work():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
        there = Shared(folder, "x").put({}, {}, {"a": np.zeros(100_000)})
        os._exit(7 if there is False else 1)

    process = in_another_process(work)
    process.join(30)
    assert process.exitcode == 7
    assert not list(folder.glob("*.map*"))
    assert not whole.leftovers(folder / "x.map")


def test_two_at_once_make_one_and_nobody_waits_for_ever(tmp_path, monkeypatch):
    file = Shared(tmp_path, "x")
    ready, end = multiprocessing.get_context("fork").Event(), multiprocessing.get_context("fork").Event()

    def hold():
        with file.turn() as mine:
            assert mine
            ready.set()
            end.wait(30)

    process = in_another_process(hold)
    assert ready.wait(30)
    with file.turn() as mine:
        assert not mine
    started = time.monotonic()
    with file.turn(0.2) as mine:
        assert not mine
    assert 0.2 <= time.monotonic() - started < 5
    os.kill(process.pid, signal.SIGKILL)
    with file.turn(30) as mine:
        assert mine, "the turn of a process that dies is over"
    process.join()


def test_who_comes_while_another_makes_it_ranks_without_it_after_a_while(hub_of_many, tmp_path, monkeypatch):
    monkeypatch.setattr(shared, "WAIT", 0.1)
    folder = tmp_path / shared.FOLDER
    names = ("opening", "startup", "need")
    turns = [Shared(folder, name).turn() for name in names]
    assert all(turn.__enter__() for turn in turns)
    assert totals(ranker(hub_of_many, folder)) == totals(ranker(hub_of_many, None))
    assert not list(folder.glob("*.map")), "only who has the turn writes"
    for turn in turns:
        turn.__exit__(None, None, None)


def test_what_a_killed_process_left_is_tidied_away(hub_of_many, kept):
    (kept / f".startup.map.abc{whole.PART}").write_bytes(b"half of it")
    (kept / "startup.map").unlink()
    totals(ranker(hub_of_many, kept))
    assert not whole.leftovers(kept / "startup.map")
    assert mapped_from(ranker(hub_of_many, kept)) == 2


def test_a_change_is_ranked_at_once_in_every_process(hub_of_many, kept):
    processes = [ranker(hub_of_many, kept) for _ in range(2)]
    row = hub.create_startup(hub_of_many, "en drönare som letar efter läckor", id="s99")
    indexing.embed(hub_of_many, ENCODER, "startup", [row])
    for ranking in processes:
        assert "s99" in ranking._holding.shelves("startup", counter=record.last_seq(hub_of_many))["startup"].place
        assert mapped_from(ranking) == 2, "nothing is made or read anew for it"
