"""What else goes on at the hub of several hosts: an import, log-ins with a wrong password, letters."""

from __future__ import annotations

import socket
from collections import Counter
from email import message_from_bytes

from aiosmtpd.controller import Controller

from matcher.hub import clock, limits
from matcher.store import Store

from .servers import until
from .visitors import Visitor

ROWS = 2000
GOES_ON = 50  # letters


class Import:
    """A file of profiles: handed in at one host, tried and run at others, carried out by the worker."""

    def __init__(self, store: Store, visitor: Visitor) -> None:
        self.store, self.visitor, self.path = store, visitor, ""

    def upload(self, at: str) -> None:
        lines = ["id;namn;organisation;beskrivning;språk"]
        lines += [
            f"C-{n};Klusterbolag {n};Bolag {n} AB;En sensor som larmar tyst, utförande {n}.;sv" for n in range(ROWS)
        ]
        answer = self.visitor.upload("/imports/", {"kind": "startups"}, "kluster.csv", "\n".join(lines).encode(), at)
        assert answer.status == 303, answer
        self.path = answer.location

    def try_out(self, at: str) -> None:
        columns = dict(
            zip(
                (f"column-{n}" for n in range(5)),
                ("id", "name", "organisation", "description", "language"),
                strict=True,
            )
        )
        answer = self.visitor.post(f"{self.path}/preview", {**columns, "source": "kluster"}, at)
        assert answer.status == 303, answer
        until(lambda: self._batch()["previewed_at"], "the worker has tried the file", 120)

    def begin(self, at: str) -> None:
        """Have it imported, and return when the worker is in the middle of it."""
        assert self.visitor.post(f"{self.path}/run", {}, at).status == 303
        until(lambda: 0 < self._batch()["done"] < ROWS, "the worker is in the middle of the import")

    def check(self, at: str) -> None:
        """Every row of the file became one profile with one row in the record, and any host shows that it is done."""
        until(lambda: self._batch()["finished_at"], "the import is finished", 120)
        found = self.store.query("select id, name from startup where name like 'Klusterbolag %'")
        assert len(found) == len({row["name"] for row in found}) == ROWS
        recorded = self.store.query(
            "select subject_id from audit where kind = 'startup' and action = 'startup.create' and subject_id in :ids",
            {"ids": [row["id"] for row in found]},
        )
        assert Counter(row["subject_id"] for row in recorded) == {row["id"]: 1 for row in found}
        assert f"{ROWS}" in self.visitor.get(self.path, at).text.replace("\xa0", "").replace(",", "")

    def _batch(self) -> dict:
        return self.store.query(
            "select done, previewed_at, finished_at from import_batch where id = :id",
            {"id": self.path.rpartition("/")[2]},
        )[0]


class Guesser:
    """Somebody who tries passwords for one address at every host in turn."""

    def __init__(self, visitor: Visitor, email: str) -> None:
        self.visitor, self.email = visitor, email
        self.tries: Counter[str] = Counter()

    def guess(self, at: str) -> int:
        """Try once, count it in its quarter of an hour, and return the status."""
        before = _quarter()
        status = self.visitor.post("/login", {"email": self.email, "password": "fel lösenord"}, at).status
        self.tries[before] += before == _quarter()
        return status

    def check(self, addresses: list[str], most: int) -> None:
        """The try after the last one allowed is refused, whichever hosts were asked before."""
        for number in range(3 * most):
            if self.guess(addresses[number % len(addresses)]) == 429:
                assert self.tries[_quarter()] == most + 1
                return
        raise AssertionError(f"nobody stopped {self.tries}")


def _quarter() -> str:
    now = clock.now()
    return f"{now[:14]}{int(now[14:16]) // limits.PERIOD_MINUTES}"


class Letterbox:
    """A mail server that counts what it is handed, by the outbox row that the letter names."""

    def __init__(self, address: str) -> None:
        self.letters: Counter[str] = Counter()
        with socket.socket() as probe:
            probe.bind((address, 0))
            port = probe.getsockname()[1]
        self._server = Controller(self, hostname=address, port=port)
        self._server.start()
        self.url = f"smtp://{address}:{port}"

    async def handle_DATA(self, server, session, envelope) -> str:
        letter = message_from_bytes(envelope.content)
        self.letters[str(letter["Message-ID"]).strip("<>").partition("@")[0]] += 1
        return "250 OK"

    def close(self) -> None:
        self._server.stop()

    def check(self, store: Store, since: str) -> dict[str, int]:
        """The worker goes on after a moment; none left twice but what was in its hands when the database died."""
        until(lambda: len(_sent(store, since)) >= GOES_ON, "the worker goes on sending letters", 120)
        sent = _sent(store, "")
        claimed = {row["id"] for row in store.query("select id from outbox where tries > 0 and sent_at is null")}
        handed = dict(self.letters)
        assert sent <= set(handed)
        assert set(handed) - sent <= claimed | _sent(store, "")
        twice = {id for id, count in handed.items() if count > 1}
        assert len(twice) <= 1  # one worker, one letter in its hands
        return {"letters sent": len(sent), "sent a second time": len(twice), "begun and waiting": len(claimed)}


def _sent(store: Store, since: str) -> set[str]:
    return {row["id"] for row in store.query("select id from outbox where sent_at > :since", {"since": since})}
