"""Ten press one button at the same moment, over HTTP: one confirms the case, nine are told that it is confirmed."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from matcher.hub import chain
from tests.conftest import ENGINES, Databases

from .killing import KILLS
from .network import Host
from .one_host import log_in, opened, running
from .test_kills import FIRST, LAST, Cases
from .visitors import Answer, Visitor

PRESSES = 10
ROUNDS = max(3, KILLS // 20)
PATIENCE = 60


def press(visitor: Visitor, address: str, form: dict[str, str]) -> list[Answer]:
    """Send one form ten times at once, from the same browser, and return the answers."""
    together, answers = threading.Barrier(PRESSES), list[Answer]()

    def send() -> None:
        browser = Visitor(visitor.entrance)
        browser.cookies.load(visitor.cookies.output(header=""))
        browser.token = visitor.token
        together.wait(PATIENCE)
        answers.append(browser.post(address, form))

    threads = [threading.Thread(target=send, daemon=True) for _ in range(PRESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return answers


@pytest.mark.parametrize("engine", ENGINES)
def test_a_form_that_is_sent_ten_times_counts_once(databases: Databases, web: Host, engine: str) -> None:
    url = databases.url(engine, migrated=True)
    store = opened(url)
    cases = Cases(store)
    visitor = running(web, url)
    log_in(store, visitor, cases.broker)
    for _ in range(ROUNDS):
        case, testbed = cases.next()[0]
        form = {"testbed_id": testbed, "starts_on": FIRST, "ends_on": LAST}
        answers = press(visitor, f"/pairings/{case}/confirm", form)
        assert Counter(answer.status for answer in answers) == {303: 1, 409: PRESSES - 1}
        for answer in answers:
            assert answer.status == 303 or "confirmed" in answer.text
        [row] = store.query("select starts_on, ends_on from access where pairing_id = :id", {"id": case})
        assert (row["starts_on"], row["ends_on"]) == (FIRST, LAST)
    recorded = store.query("select subject_id from audit where action = 'pairing.confirm'")
    assert len({row["subject_id"] for row in recorded}) == len(recorded) == ROUNDS
    told = store.query("select event from outbox where template = 'pairing_confirmed'")
    assert len({row["event"].split(":")[1] for row in told}) == ROUNDS
    assert not chain.verify(store).faults
    store.close()
