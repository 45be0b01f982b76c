"""What two workers of one host take and wait for with 100,000 profiles: memory, beginning, a change.

Memory is the sum of PSS (pages that both read are counted once) of two processes that hold the ranking as a web worker
does, without the pages' own part and without the process of the model.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from matcher.hub import need_content, record, startups
from matcher.ranking import lexical, mapped
from matcher.ranking.encoder import Encoder, TinyEncoder
from matcher.ranking.ranker import Ranker
from matcher.ranking.upkeep import Patience
from matcher.store import Store, open_store
from matcher.store.schema import migrate
from tests.factories import NOW, create_need, create_organisation, create_startup

from .material import repeated, rows, texts_of
from .timing import Ratio, ratio

SIZE = 100_000
MODEL = "bench@1"
AGE = 5.0  # seconds, not minutes, after which any change counts


@dataclass(frozen=True)
class Amount:
    """So much of something, with its goal."""

    name: str
    goal: str
    amount: float
    unit: str

    def __str__(self) -> str:
        """Return a line of the table."""
        return f"{self.name:<96} {self.amount:>6.2f} {self.unit:<2} {self.goal}"


def run(encoder: Encoder) -> Iterator[Ratio | Amount]:
    """Measure on a hub in a folder of its own."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/hub.db"
        store = open_store(url)
        migrate(store)
        vectors = _fill(store, encoder)
        with ExitStack() as ending:
            yield from _two(store, url, Path(folder), ending)
        np.save(f"{folder}/v.npy", vectors)
        mapped.write(Path(folder) / "alone.map", {}, {"vectors": vectors})
        for name, what, goal in (
            ("alone", f"the vectors of {SIZE:,} profiles", "≤ 4"),
            ("startup", "all that is known of them (words, statistics)", ""),
        ):
            yield ratio(
                f"{what} from a shared file, every byte checked, against np.load of the vectors",
                goal,
                lambda name=name: mapped.read(Path(folder) / f"{name}.map"),
                lambda: np.load(f"{folder}/v.npy"),
            )


def _fill(store: Store, encoder: Encoder) -> np.ndarray:
    """Put the demo's needs there and SIZE profiles; return their vectors."""
    makers = {"need": create_need, "startup": create_startup}
    for kind, noun, prompt, count in (("need", need_content, "query", 50), ("startup", startups, "passage", SIZE)):
        texts = ["\n".join(noun.sections(row)) for row in rows(f"{kind}s")]
        known = repeated(texts_of(encoder, texts, prompt), count)
        blobs = [lexical.terms(text).to_bytes() for text in texts]
        with store.atomic():
            organisation = create_organisation(store)["id"]
            for number, vector in enumerate(known.vectors):
                name = f"{kind}-{number:06}"
                makers[kind](store, organisation, published=True, id=name)
                row = {"kind": kind, "subject_id": name, "model": MODEL, "text_hash": f"{number:064}"}
                text = {"vector": vector.tobytes(), "terms": blobs[number % len(blobs)], "embedded_at": NOW}
                store.insert("embedding", row | text)
    return known.vectors


def _two(store: Store, url: str, folder: Path, ending: ExitStack) -> Iterator[Amount]:
    peak = 0.0
    first, second = (ending.enter_context(_Worker(url, folder)) for _ in range(2))
    both = [first, second]

    def all_of(word: str, watched: bool = True) -> list[dict[str, float]]:
        nonlocal peak
        for worker in both:
            worker.say(word)
        while not all(worker.answered() for worker in both):
            if watched:  # the system stops a process while its memory is counted
                peak = max(peak, sum(worker.pss() for worker in both))
            time.sleep(0.02)
        return [worker.answer() for worker in both]

    ready = all_of("rank")
    made, taken = sorted(one["cpu"] for one in ready)[::-1]
    yield Amount("processor time of the one that makes the shared files, read from the store", "", made, "s")
    yield Amount("processor time of the other until its first ranking, from the files", "", taken, "s")
    yield Amount("memory of two, at most meanwhile", "≤ 1.1", peak, "GB")
    all_of("rank")
    yield Amount("memory of two, at rest", "≤ 1.1", sum(worker.pss() for worker in both), "GB")
    peak = 0.0
    with store.atomic():
        values = {"seq": record.next_seq(store), "id": "startup-000001", "hash": "1" * 64}
        store.execute("update startup set seq = :seq where id = :id", values)
        store.execute("update embedding set text_hash = :hash where kind = 'startup' and subject_id = :id", values)
    changed = max(one["wall"] for one in all_of("rank", False))
    yield Amount("a changed profile is ranked in both after", "≤ 1", changed, "s")
    time.sleep(AGE + 1)
    for _ in range(10):
        all_of("rank")
        time.sleep(1)
    yield Amount("memory of two, at most while the statistics are made anew after that", "≤ 1.1", peak, "GB")
    yield Amount("memory of two, at rest after that", "≤ 1.1", sum(worker.pss() for worker in both), "GB")


class _Worker:
    """A process that ranks when it is told to."""

    def __init__(self, url: str, folder: Path) -> None:
        command = [sys.executable, "-m", "tests.bench.sharing", url, str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._log = Path(folder) / f"{self._process.pid}.answer"

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def say(self, word: str) -> None:
        self._log.unlink(missing_ok=True)
        print(word, self._log, file=self._process.stdin, flush=True)

    def answered(self) -> bool:
        assert self._process.poll() is None
        return self._log.exists()

    def answer(self) -> dict[str, float]:
        return json.loads(self._log.read_text())

    def pss(self) -> float:
        """Return its part of the memory in GB, pages that several read shared out among them."""
        lines = Path(f"/proc/{self._process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / 1e9


def _work(url: str, folder: Path) -> None:
    store, ranker = open_store(url), None
    for line in sys.stdin:
        began = time.monotonic()
        if ranker is None:
            patience = Patience(age=AGE, pause=0.0, rest=0.0)
            ranker = Ranker(store, TinyEncoder(384), None, (MODEL, 384), patience, folder=folder)
            ranker.warm()
        need = need_content.decode(store.query("select * from need where id = 'need-000003'")[0])
        ranker.startups_for(need, date(2026, 11, 22), top=20)
        part = Path(line.split()[1] + ".part")
        part.write_text(json.dumps({"cpu": time.process_time(), "wall": time.monotonic() - began}))
        part.replace(line.split()[1])


if __name__ == "__main__":
    _work(sys.argv[1], Path(sys.argv[2]))
