from __future__ import annotations

from threading import Barrier, Thread

import pytest

from matcher.hub import mail
from matcher.hub.clock import later
from matcher.hub.errors import Conflict
from matcher.store import Store
from tests.factories import NOW

KIM = {"email": "kim@example.org", "locale": "sv"}
LEE = {"email": "lee@example.org", "locale": "en"}


def queue(store: Store, event: str = "need.published:n1", people: tuple[dict, ...] = (KIM,), now: str = NOW) -> None:
    mail.queue(store, event, people, "invite", now, token="t")


def rows(store: Store) -> list[dict]:
    return mail.listing(store)["rows"]


def test_one_mail_for_each_person_in_their_language(store: Store) -> None:
    queue(store, people=(KIM, LEE))
    assert {(row["recipient"], row["locale"], row["state"]) for row in rows(store)} == {
        ("kim@example.org", "sv", "waiting"),
        ("lee@example.org", "en", "waiting"),
    }


def test_the_same_event_queues_once(store: Store) -> None:
    for _ in range(3):
        queue(store)
    assert len(rows(store)) == 1


def test_a_mail_goes_with_its_transaction(store: Store) -> None:
    def broken() -> None:
        with store.atomic():
            queue(store)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert rows(store) == []


@pytest.mark.parametrize("mark", ["\r", "\n"])
def test_an_address_with_a_line_break_is_refused(store: Store, mark: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        queue(store, people=({"email": f"kim@example.org{mark}Bcc: all@example.org", "locale": "sv"},))


def test_a_claimed_mail_is_nobody_elses_until_its_lease_ends(store: Store) -> None:
    queue(store)
    (taken,) = mail.claim(store, NOW)
    assert taken["params"] == {"token": "t"}
    assert mail.claim(store, later(NOW, minutes=9)) == []
    assert [row["id"] for row in mail.claim(store, later(NOW, minutes=10))] == [taken["id"]]


def test_workers_that_claim_at_once_never_take_the_same(store: Store) -> None:
    for number in range(20):
        queue(store, f"event:{number}")
    start, taken = Barrier(4), []

    def work() -> None:
        start.wait()
        for _ in range(20):
            taken.extend(row["id"] for row in mail.claim(store, NOW))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 20


def test_what_was_sent_is_never_claimed_again_and_its_link_is_gone(store: Store) -> None:
    queue(store)
    (taken,) = mail.claim(store, NOW)
    mail.sent(store, [taken["id"]], NOW)
    assert mail.claim(store, later(NOW, days=30)) == []
    assert (rows(store)[0]["params"], rows(store)[0]["state"]) == ({}, "sent")


def test_pauses_grow_and_after_eight_tries_it_is_given_up(store: Store) -> None:
    queue(store)
    moment, pauses = NOW, []
    for _ in range(mail.MAX_TRIES):
        (taken,) = mail.claim(store, moment)
        mail.failed(store, taken, "OSError: no\nroute", moment)
        (row,) = rows(store)
        pauses.append(row["next_try_at"])
        assert row["error"] == "OSError: no route"
        moment = row["next_try_at"]
    assert pauses[:3] == [later(NOW, minutes=1), later(NOW, minutes=5), later(NOW, minutes=21)]
    assert pauses[6] > later(NOW, days=3)
    assert rows(store)[0]["state"] == "given_up"
    assert mail.claim(store, later(NOW, days=365)) == []


def test_what_was_given_up_can_be_tried_again_by_hand(store: Store) -> None:
    queue(store)
    for number in range(mail.MAX_TRIES):
        (taken,) = mail.claim(store, later(NOW, days=100 * number))
        mail.failed(store, taken, "no", later(NOW, days=100 * number))
    mail.retry(store, taken["id"], NOW)
    assert mail.waiting(store) == {"waiting": 1, "given_up": 0}
    assert len(mail.claim(store, NOW)) == 1
    with pytest.raises(Conflict):
        mail.retry(store, taken["id"], NOW)


def test_the_list_is_newest_first_in_pages_and_by_state(store: Store) -> None:
    for number in range(mail.PAGE + 1):
        queue(store, f"event:{number}", now=later(NOW, minutes=number))
    (taken,) = mail.claim(store, later(NOW, days=1))
    mail.sent(store, [taken["id"]], NOW)
    first = mail.listing(store)
    assert (first["total"], first["pages"], len(first["rows"])) == (mail.PAGE + 1, 2, mail.PAGE)
    assert first["rows"][0]["event"].startswith(f"event:{mail.PAGE}:")
    assert [row["id"] for row in mail.listing(store, "sent")["rows"]] == [taken["id"]]
    assert mail.listing(store, "given_up")["rows"] == []
    assert mail.listing(store, page=99)["page"] == 2
