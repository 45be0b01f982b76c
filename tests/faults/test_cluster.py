"""Three web hosts, a worker, a primary and its synchronous standby: a host and then the primary are lost under load.

Runs by `make test-cluster` (MATCHER_CLUSTER=1), some minutes. Brokers confirm cases over HTTP, each request at the
next host. What they were told is kept here, outside the hub, and compared with the rows afterwards.
"""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from matcher.hub import clock, passwords
from matcher.hub.ids import new_id
from matcher.store import Store, open_store
from matcher.store.schema import migrate
from matcher.web import account
from tests import factories

from .brokers import Broker, Told
from .chores import Guesser, Import, Letterbox
from .hosts import Hub
from .network import Network
from .servers import until
from .visitors import Entrance, Visitor

pytestmark = pytest.mark.skipif(not os.environ.get("MATCHER_CLUSTER"), reason="minutes long: make test-cluster")

BROKERS = 8
STARTUPS, NEEDS = 40, 30  # each with each: 1,200 cases
PLACES, TESTBEDS = 3, 12
WEB_DIES_AT, PRIMARY_DIES_AT = 200, 450  # acknowledged confirmations
AT_LEAST = 1000
PASSWORD = "gränslös tystnad 41"
PATIENCE = 300  # seconds for all confirmations


@pytest.fixture
def hub(model_instance: Path) -> Iterator[Hub]:
    folder = Path(tempfile.mkdtemp(prefix="matcher-cluster-"))
    folder.chmod(0o755)  # the database servers run as another user when we are root
    net = Network(folder)
    try:
        made = Hub(net, model_instance / "models")
        made.start_databases()
        yield made
    finally:
        net.clear()
        if not os.environ.get("MATCHER_CLUSTER_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


class Scene:
    """Brokers with a password, testbeds with few places, and cases that both sides accepted."""

    def __init__(self, store: Store) -> None:
        hashed = passwords.hashed(PASSWORD)
        home = factories.create_organisation(store, "hub")
        brokers = [factories.create_person(store, "broker", home, password_hash=hashed) for _ in range(BROKERS)]
        self.emails = [broker.email for broker in brokers]
        host = factories.create_person(store, "host").organisations("host")[0]
        made = [factories.create_testbed(store, host, published=True, places=PLACES) for _ in range(TESTBEDS)]
        self.testbeds = [row["id"] for row in made]
        owner, company = (factories.create_organisation(store, kind) for kind in ("public", "company"))  # no readers
        needs = [factories.create_need(store, owner, published=True)["id"] for _ in range(NEEDS)]
        startups = [
            factories.create_startup(store, company, published=True, capacity=None)["id"] for _ in range(STARTUPS)
        ]
        now = factories.NOW
        yes = {"owner_accepted_at": now, "startup_accepted_at": now, "proposed_at": now, "answer_by": "2099-12-31"}
        self.cases = [new_id() for _ in range(NEEDS * STARTUPS)]
        for number, case in enumerate(self.cases):
            pair = {"need_id": needs[number % NEEDS], "startup_id": startups[number // NEEDS]}
            by = {"proposed_by": brokers[number % BROKERS].person_id}
            store.insert("pairing", {"id": case, "need_version": 1, "seen": "{}", **pair, **by, **yes})


@pytest.fixture
def letterbox(hub: Hub) -> Iterator[Letterbox]:
    made = Letterbox(hub.net.gateway)
    yield made
    made.close()


class Crowd:
    """The brokers at work, and what they were told."""

    def __init__(self, scene: Scene, entrance: Entrance) -> None:
        self.told, self.entrance = Told(), entrance
        cases: queue.SimpleQueue[str] = queue.SimpleQueue()
        for case in scene.cases:
            cases.put(case)
        visitors = [Visitor(entrance) for _ in scene.emails]
        for visitor, email in zip(visitors, scene.emails, strict=True):
            assert visitor.log_in(email, PASSWORD).status == 303
        self.brokers = [Broker(visitor, cases, scene.testbeds, self.told) for visitor in visitors]

    def start(self) -> None:
        for broker in self.brokers:
            broker.start()

    def confirmed(self, most: int) -> None:
        until(lambda: len(self.told.acknowledged) >= most, f"{most} are confirmed", PATIENCE)

    def finish(self) -> None:
        for broker in self.brokers:
            broker.join(PATIENCE)
            assert not broker.is_alive(), "a broker still waits"
        assert self.told.unexpected == []


@pytest.mark.parametrize("cable", [False, True], ids=["killed", "killed and unplugged"])
def test_a_web_host_and_then_the_primary_are_lost_under_load(hub: Hub, letterbox: Letterbox, cable: bool) -> None:
    store = open_store(hub.url)
    migrate(store)
    with store.atomic():
        scene = Scene(store)
    hub.start_hosts(letterbox.url)
    first, second, third = (web.address for web in hub.webs)
    crowd = Crowd(scene, Entrance([first, second, third]))
    clerk, guesser = (Visitor(Entrance([second])) for _ in range(2))
    clerk.log_in(scene.emails[0], PASSWORD)
    guesser.get("/login")
    batch, guesses = Import(store, clerk), Guesser(guesser, "nobody@example.org")
    batch.upload(first)
    assert {guesses.guess(at) for at in (first, second, third, first, second, third)} == {422}
    batch.try_out(second)
    crowd.start()

    crowd.confirmed(WEB_DIES_AT)
    web_died = time.monotonic()
    hub.webs[0].kill()
    crowd.confirmed(PRIMARY_DIES_AT)
    batch.begin(third)
    primary_died = time.monotonic()
    if cable:
        hub.net.unplug("primary")
    hub.primary.host.kill()
    away = Visitor(Entrance([second])).get("/needs")  # meanwhile somebody, or a manager of servers, notices
    assert (away.status, "<h1" in away.text) == (503, True)
    assert hub.standby.ask("select pg_promote(true, 60)") is True
    promoted, again_from = time.monotonic(), clock.now()
    crowd.finish()
    ended = time.monotonic()

    _check_rows(store, crowd.told)
    _check_losses(hub, crowd.entrance, web_died, primary_died)
    batch.check(second)
    guesses.check([third, second], account.LOG_INS)
    _check_log_out(clerk, second, third)
    mails = letterbox.check(store, again_from)
    _report(crowd, primary_died, promoted, ended - web_died, mails)
    store.close()


def _report(crowd: Crowd, primary_died: float, promoted: float, seconds: float, mails: dict[str, int]) -> None:
    told, came = crowd.told, Counter(what for *_, what in crowd.entrance.requests)
    again = min(when for when, *_ in told.acknowledged.values() if when > promoted)
    print(
        f"\nrequests {len(crowd.entrance.requests)}, of them lost {came['lost']}, refused by the dead host "
        f"{came['refused']}, answered 503 {came['503']}; confirmations acknowledged {len(told.acknowledged)}, found "
        f"confirmed after a lost answer {len(told.afterwards)}; first acknowledged {again - promoted:.1f} s after the "
        f"promotion, {again - primary_died:.1f} s after the primary was lost; {seconds:.0f} s from the first loss to "
        f"the last case; {', '.join(f'{name} {count}' for name, count in mails.items())}"
    )


def _check_log_out(visitor: Visitor, one: str, other: str) -> None:
    """Who logs out at one host is logged out at all, also with a copy of the cookie."""
    assert visitor.get("/account", other).status == 200
    kept = Visitor(visitor.entrance)
    kept.cookies.load(visitor.cookies.output(header=""))
    assert kept.get("/account", other).status == 200
    assert visitor.post("/logout", {}, one).status == 303
    assert kept.get("/account", other).status == 302


def _check_losses(hub: Hub, entrance: Entrance, web_died: float, primary_died: float) -> None:
    """While the database ran, only requests to the killed host failed, and of these only the open ones were lost."""
    failed = [one for one in entrance.requests if one[3] in ("lost", "refused", "503") and one[1] < primary_died]
    assert {address for _, _, address, _ in failed} <= {hub.webs[0].address}
    lost = [one for one in failed if one[3] == "lost"]
    assert len(lost) <= BROKERS
    assert all(began <= web_died + 0.1 for began, *_ in lost)


def _check_rows(store: Store, told: Told) -> None:
    """Nothing that was acknowledged is lost or doubled, nothing is oversold, each with its record and its mails."""
    rows = store.query(
        """select p.id, p.confirmed_at, a.testbed_id, a.starts_on, a.ends_on from access a
           join pairing p on p.id = a.pairing_id"""
    )
    kept = {row["id"]: (row["testbed_id"], row["starts_on"], row["ends_on"]) for row in rows}
    assert len(kept) == len(rows), "a case has two places"
    assert len(told.acknowledged) >= AT_LEAST
    assert {case: kept.get(case) for case in told.acknowledged} == {
        case: tuple(of) for case, (_, *of) in told.acknowledged.items()
    }
    assert set(kept) == {*told.acknowledged, *told.afterwards}
    held = Counter(
        (row["testbed_id"], date.fromisoformat(row["starts_on"]) + timedelta(days=number))
        for row in rows
        for number in range((date.fromisoformat(row["ends_on"]) - date.fromisoformat(row["starts_on"])).days + 1)
    )
    assert max(held.values()) <= PLACES
    recorded = store.query("select subject_id from audit where action = 'pairing.confirm'")
    assert Counter(row["subject_id"] for row in recorded) == dict.fromkeys(kept, 1)
    mails = store.query("select event, recipient from outbox where template = 'pairing_confirmed'")
    told_of = Counter((row["event"].split(":")[1], row["recipient"]) for row in mails)
    assert set(told_of.values()) == {1}
    assert {case for case, _ in told_of} == set(kept)
