"""`kill -9` while confirming, importing, migrating, mailing, sharing vectors: nothing lost, no halves, no doubles.

`MATCHER_KILLS` (default 60; `make test-faults` takes 1,000) is shared out over what is done and the engines.
"""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiosmtpd.controller import Controller

from matcher import create_app, work
from matcher.exchange import batches, imports, tables, working
from matcher.hub import chain, clock, mail, pairings, people
from matcher.hub.ids import new_id
from matcher.hub.people import SYSTEM
from matcher.ranking import lexical, mapped, whole
from matcher.ranking.background import Background, Texts
from matcher.ranking.encoder import TinyEncoder
from matcher.ranking.made import Keeping, Made
from matcher.ranking.mirror import Shelf
from matcher.ranking.shared import Shared
from matcher.store import Store, open_store
from matcher.store.migrations import MIGRATIONS
from matcher.store.schema import migrate, pending
from tests import factories
from tests.conftest import ENGINES, Databases
from tests.factories import NOW
from tests.faults.killing import KILLS, Moments, Tell, killed, seconds
from tests.settings import settings

SHARES = {"confirm": 0.5, "import": 0.2, "mail": 0.15, "migrate": 0.1, "ranking": 0.05}
FIRST, LAST = "2026-12-01", "2026-12-14"
AT_A_TIME = 6


def share(what: str, engine: str = "") -> int:
    """Return how many kills fall to one test: a tenth on PostgreSQL, where a process that is killed writes nothing.

    engine: empty for what is done on SQLite alone.
    """
    return max(3, round(KILLS * SHARES[what] * {"postgresql": 0.1, "sqlite": 0.9, "": 1}[engine]))


class Cases:
    """Cases that both sides said yes to, a testbed with room for all of a portion, and a broker."""

    def __init__(self, store: Store) -> None:
        self.store, self.broker = store, factories.create_person(store, "broker")
        self.owner = factories.create_person(store, "owner")
        self.waiting: list[tuple[str, str]] = []

    def next(self) -> list[tuple[str, str]]:
        """Return the next cases, each with a testbed; those that were not confirmed come again."""
        done = {row["id"] for row in self.store.query("select id from pairing where confirmed_at is not null")}
        self.waiting = [one for one in self.waiting if one[0] not in done]
        with self.store.atomic():
            testbed = factories.create_testbed(self.store, published=True, places=AT_A_TIME)["id"]
            self.waiting += [(self._case(), testbed) for _ in range(AT_A_TIME - len(self.waiting))]
        return self.waiting

    def _case(self) -> str:
        need = factories.create_need(self.store, self.owner.organisations("owner")[0], published=True)["id"]
        startup = factories.create_startup(self.store, published=True)["id"]
        row = {"id": new_id(), "need_id": need, "startup_id": startup, "need_version": 1, "seen": "{}"}
        yes = {"owner_accepted_at": NOW, "startup_accepted_at": NOW, "proposed_at": NOW, "answer_by": "2026-12-31"}
        self.store.insert("pairing", {**row, **yes, "proposed_by": self.broker.person_id})
        return row["id"]


def confirm(url: str, broker: people.Viewer, cases: list[tuple[str, str]], tell: Tell) -> None:
    store = open_store(url)
    for case, testbed in cases:
        pairings.confirm(store, broker, case, testbed, FIRST, LAST, NOW)
        tell(case)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_was_said_to_be_confirmed_is_and_whole(databases: Databases, engine: str) -> None:
    url = databases.url(engine, migrated=True)
    store = open_store(url)
    cases, told = Cases(store), set()
    first = cases.next()
    when = Moments(seconds(lambda tell: confirm(url, cases.broker, first, tell)))
    cut = 0
    for _ in range(share("confirm", engine)):
        portion = cases.next()
        lines, ended = killed(lambda tell, portion=portion: confirm(url, cases.broker, portion, tell), when.next())
        when.saw(ended)
        told |= set(lines)
        cut += not ended
        store.query("select count(*) as n from pairing")  # the first to come reads what the journal has kept
    confirmed = {row["id"] for row in store.query("select id from pairing where confirmed_at is not null")}
    assert told <= confirmed
    assert cut >= share("confirm", engine) // 2  # most were killed in the middle, or this shows nothing
    halves = Counter(row["pairing_id"] for row in store.query("select pairing_id from access"))
    assert halves == Counter(confirmed)
    recorded = store.query("select subject_id from audit where action = 'pairing.confirm'")
    assert Counter(row["subject_id"] for row in recorded) == Counter(confirmed)
    mails = store.query("select event, params from outbox where template = 'pairing_confirmed'")
    assert {json.loads(row["params"])["pairing_id"] for row in mails} == confirmed
    assert not chain.verify(store).faults
    if engine == "sqlite":
        assert store.query("pragma integrity_check") == [{"integrity_check": "ok"}]
    store.close()


def rows_of(count: int, start: int) -> bytes:
    lines = ({"id": f"n{n}", "titel": f"Behov {n}", "kommun": f"Kommun {n % 7}"} for n in range(start, start + count))
    return "\n".join(json.dumps(line) for line in lines).encode()


@pytest.mark.parametrize("engine", ENGINES)
def test_an_import_goes_on_where_it_was_killed(
    databases: Databases, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "PORTION", 5)
    url = databases.url(engine, migrated=True)
    store = open_store(url)

    def work_on(tell: Tell) -> None:
        own = open_store(url)
        while imports.run_due(own):
            pass

    def send(number: int) -> str:
        data = rows_of(40, 100 * number)
        batch = batches.create(store, SYSTEM, "needs", "b.jsonl", data, tables.read(data, "b.jsonl"), clock.now())
        batches.want(store, SYSTEM, batch, "preview", clock.now())
        imports.run_due(store)
        batches.want(store, SYSTEM, batch, "import", clock.now())
        return batch

    send(0)
    when = Moments(seconds(work_on))
    sent, cut = 1, 0
    for kill in range(10 * share("import", engine)):
        if cut and kill >= share("import", engine):  # few kills, and chance may put all of them after the end
            break
        if not store.query("select 1 as n from import_batch where wanted is not null"):
            send(sent)
            sent += 1
        _, ended = killed(work_on, when.next())
        when.saw(ended)
        cut += not ended
        store.execute("update import_batch set claimed_at = null")  # its lease has run out
    work_on(lambda line: None)
    assert cut
    titles = Counter(row["title"] for row in store.query("select title from need"))
    assert titles == Counter(f"Behov {100 * number + n}" for number in range(sent) for n in range(40))
    made = store.query("select count(*) as n from audit where action = 'need.create'")[0]["n"]
    done = store.query("select count(*) as n from audit where action = 'import.import.done'")[0]["n"]
    assert (made, done) == (40 * sent, sent)
    for batch in batches.recent(store, size=10_000)[0]:
        assert [batch["report"][name] for name in batches.CHANGES] == [40, 0, 0, 0]
    assert not chain.verify(store).faults
    store.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_migration_is_run_again_from_wherever_it_was_killed(databases: Databases, engine: str) -> None:
    def bring_up(url: str, tell: Tell) -> None:
        migrate(open_store(url))

    first = databases.url(engine)
    when = Moments(seconds(lambda tell: bring_up(first, tell)))
    wanted = _schema(databases.open(engine, migrated=True))
    halfway = 0
    for _ in range(share("migrate", engine)):
        url = databases.url(engine)
        _, ended = killed(lambda tell, url=url: bring_up(url, tell), when.next())
        when.saw(ended)
        store = open_store(url)
        halfway += 0 < len(pending(store)) < len(MIGRATIONS)
        migrate(store)
        assert (pending(store), _schema(store)) == ([], wanted)
        store.close()
    assert halfway or engine == "postgresql"  # three kills there: chance may put all after the end


def _schema(store: Store) -> list[Any]:
    return [(table.name, table.columns, table.key) for table in store.tables()]


def texts_of(*said: str) -> Shelf:
    terms = [lexical.terms(text) for text in said]
    ids = [f"s{number}" for number in range(len(said))]
    return Shelf(
        rows=[{"id": name} for name in ids],
        texts=Texts(TinyEncoder(64).encode(list(said), "passage"), terms),
        place={name: place for place, name in enumerate(ids)},
        stamps=list(said),
        embedded=np.ones(len(ids), bool),
    )


def test_what_the_processes_share_is_that_of_before_or_of_after_and_whole(tmp_path: Path) -> None:
    file, none = Shared(tmp_path / "ranking", "startup"), Background.none(64)
    keeping, needs = Keeping(file, {"name": "startup"}), texts_of("snö på cykelvägar", "fall om natten")

    def say(generation: int) -> Shelf:
        return texts_of("plog för snö", "larm om natten", f"sensor av årgång {generation}", "våg för matsvinn")

    def make(generation: int, tell: Tell) -> None:
        documents = say(generation)
        with file.turn(30) as mine:
            assert mine
            assert keeping.put(Made(documents, needs, none), documents, none)
        tell(str(generation))

    make(0, lambda line: None)
    when, wholes, cut = Moments(seconds(lambda tell: make(0, tell))), {0: _parts(say(0), needs)}, 0
    for generation in range(1, 10 * share("ranking") + 1):
        if cut and generation > share("ranking"):  # few kills, and chance may put all of them after the end
            break
        wholes[generation] = _parts(say(generation), needs)
        told, ended = killed(lambda tell, generation=generation: make(generation, tell), when.next())
        when.saw(ended)
        cut += not ended
        found = mapped.read(file.path)
        known = [one for one, parts in wholes.items() if parts == _bytes(found.arrays)]
        assert len(known) == 1
        assert known[0] == generation or not told
        wholes = {known[0]: wholes[known[0]]}
    assert cut
    make(0, lambda line: None)
    assert not whole.leftovers(file.path)


def _parts(documents: Shelf, questions: Shelf) -> dict[str, bytes]:
    return _bytes(Made(documents, questions, Background.none(64)).arrays(documents))


def _bytes(arrays: Mapping[str, mapped.Array]) -> dict[str, bytes]:
    return {
        name: array.tobytes() if isinstance(array, np.ndarray) else b"".join(piece.tobytes() for piece in array)
        for name, array in arrays.items()
    }


class Letterbox:
    """Keeps what a mail server took, by the number of the mail."""

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.received[message_from_bytes(envelope.content, policy=policy.default)["Message-ID"]] += 1
        return "250 taken"


@pytest.fixture
def letterbox() -> Iterator[tuple[Letterbox, str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    box = Letterbox()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, f"smtp://127.0.0.1:{port}"
    controller.stop()


def test_no_mail_is_lost_and_at_most_one_comes_twice_for_each_kill(
    databases: Databases, letterbox: tuple[Letterbox, str], tmp_path: Path
) -> None:
    box, address = letterbox
    url = databases.url("sqlite", migrated=True)
    app = create_app(settings(tmp_path, database_url=url, smtp=address, mail_from="Hubben <hub@example.org>"))
    store = open_store(url)
    person = factories.create_person(store, "broker")
    reader = [{"id": person.person_id, "email": person.email, "locale": "sv", "name": "Kim"}]
    need_id = factories.create_need(store, published=True)["id"]

    def queue(count: int, start: int) -> None:
        with store.atomic():
            for number in range(start, start + count):
                mail.queue(store, f"test:{number}", reader, "need_published", NOW, need_id=need_id, title="Fall")

    def send(tell: Tell) -> None:
        own = open_store(url)
        while work.send_due(app, own):
            pass

    queue(4, 0)
    when = Moments(seconds(send))
    sent, kills = 4, share("mail")
    for _ in range(kills):
        queue(4, sent)
        sent += 4
        _, ended = killed(send, when.next())
        when.saw(ended)
        store.execute(
            "update outbox set next_try_at = :now, tries = 0 where sent_at is null", {"now": NOW}
        )  # the lease
    send(lambda line: None)
    told = store.query("select count(*) as n from outbox where sent_at is not null and error is null")[0]["n"]
    assert (told, len(box.received)) == (sent, sent)
    assert sum(box.received.values()) - sent <= kills
    store.close()
