"""A running hub whose disk takes no more writes: a confirmation is answered 503, and stands once when it takes them."""

from __future__ import annotations

import resource

import psutil

from matcher.hub import chain
from matcher.store import Store
from tests.conftest import Databases

from .filled import forms
from .network import Host
from .one_host import log_in, opened, running
from .servers import until
from .test_disk import confirmed
from .test_kills import FIRST, LAST, Cases
from .visitors import Answer

SOON = 5  # seconds after the disk takes writes again


class Disk:
    """The disk as the hub's processes find it: full, so that no file of theirs takes a write, and mended."""

    def __init__(self) -> None:
        _, self._most = resource.getrlimit(resource.RLIMIT_FSIZE)
        found = psutil.Process().children(recursive=True)
        self.processes = [one.pid for one in found if any("gunicorn" in word for word in one.cmdline())]

    def full(self) -> None:
        self._limit(0)

    def mended(self) -> None:
        self._limit(self._most)

    def _limit(self, size: int) -> None:
        for process in self.processes:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (size, self._most))


def rows(store: Store) -> dict[str, int]:
    """How many rows there are of what a confirmation writes."""
    tables = ("access", "audit", "outbox")
    return {table: store.query(f"select count(*) as n from {table}")[0]["n"] for table in tables}


def test_a_full_disk_is_said_and_the_same_form_is_taken_when_it_is_not(databases: Databases, web: Host) -> None:
    url = databases.url("sqlite", migrated=True)
    store = opened(url)
    cases = Cases(store)
    (case, testbed), (other, _) = cases.next()[:2]
    visitor = running(web, url)
    log_in(store, visitor, cases.broker)
    address, typed = f"/pairings/{case}/confirm", {"starts_on": FIRST, "ends_on": LAST, "testbed_id": testbed}
    before, disk = rows(store), Disk()
    assert len(disk.processes) == 3  # gunicorn and its two workers, or the limit is not theirs
    disk.full()
    for _ in range(4):  # at whichever worker it comes to
        refused = visitor.post(address, typed)
        check_page(refused, address, typed)
        assert visitor.get("/needs").status == 200  # what needs no writing goes on
    assert (rows(store), confirmed(store, case)) == (before, False)
    kept = forms(refused.text)[address]
    disk.mended()
    taken = until(lambda: visitor.post(address, kept).status == 303, "the same form is taken", SOON)
    print(f"taken {taken:.2f} s after the disk took writes again")
    assert confirmed(store, case)
    after = rows(store)
    assert visitor.post(address, kept).status == 409
    assert rows(store) == after
    assert visitor.post(f"/pairings/{other}/confirm", typed).status == 303
    assert not chain.verify(store).faults
    assert store.query("pragma integrity_check") == [{"integrity_check": "ok"}]
    store.close()


def check_page(answer: Answer, address: str, typed: dict[str, str]) -> None:
    """It is a 503 that says what to do, and holds the form to be sent again."""
    assert answer.status == 503
    assert "What you wrote is kept on this page. Wait a minute, then send it again." in answer.text
    found = forms(answer.text)[address]
    assert {name: found[name] for name in typed} == {name: [value] for name, value in typed.items()}
