"""The demo's bookings: requests at several testbeds, in and outside cases, played through the hub's own rules.

A row of `bookings.jsonl` tells one: who asks (`by`: role and organisation) for whom, the days (before the loading; a
day ahead is negative), its texts, and its `steps` in order, each with the day when it was taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from ..hub import booking_answers, booking_checks, booking_papers, booking_requests, bookings
from ..hub.people import Viewer
from ..store import Store
from .demo_played import Act, People, Played, Row, day

OPENS = 11 * 60  # the minute of the day (UTC) after which steps are taken: later than those of the cases
WHOSE = ("startup_id", "need_id", "organisation_id")


def steps(
    store: Store, rows: Iterable[Row], played: dict[str, Played], people: People, now: str
) -> Iterator[tuple[str, Act]]:
    """Yield (moment, what is done then) of all bookings; those inside a case that is not played are left out."""
    for number, row in enumerate(rows):
        if "case" in row and row["case"] not in played:
            continue
        booking = Booking(store, row, played.get(row.get("case", "")), people, now)
        for position, step in enumerate(row["steps"]):
            minute = OPENS + 20 * position + number % 20
            moment = f"{day(now, -step['days'])}T{minute // 60:02}:{minute % 60:02}:00.000000Z"
            yield moment, partial(booking.take, step)


class Booking:
    """One row of the file; `id` is the booking's, once it is asked for."""

    def __init__(self, store: Store, row: Row, case: Played | None, people: People, now: str) -> None:
        self.store, self.row, self.case, self.people, self.now = store, row, case, people, now
        self.id = ""

    def take(self, step: Row, now: str) -> None:
        """Take one step, as the method of its name does."""
        getattr(self, f"_{step['do']}")(step, now)

    @property
    def _asker(self) -> Viewer:
        role, organisation = self.row["by"]
        return self.people[role, organisation]

    @property
    def _host(self) -> Viewer:
        return self.people["host", bookings.fetch(self.store, self.id)["host_organisation"]]

    def _request(self, step: Row, now: str) -> None:
        first, last = (day(self.now, -days) for days in self.row["period"])
        texts = {name: self.row.get(name) for name in booking_requests.Content.model_fields}
        whose = {name: self.row[name] for name in WHOSE if name in self.row}
        if self.case:
            whose["pairing_id"] = self.case.id
        given = {**texts, "starts_on": first, "ends_on": last}
        self.id = booking_requests.request(self.store, self._asker, self.row["testbed_id"], given, now, **whose)

    def _ask(self, step: Row, now: str) -> None:
        booking_answers.ask(self.store, self._host, self.id, {"question": step["text"]}, now)

    def _reply(self, step: Row, now: str) -> None:
        booking_requests.reply(self.store, self._asker, self.id, {"reply": step["text"]}, now)

    def _wait(self, step: Row, now: str) -> None:
        booking_answers.wait(self.store, self._host, self.id, step["text"], now)

    def _approve(self, step: Row, now: str) -> None:
        scores = dict(zip(booking_answers.SCORES, step["scores"], strict=True))
        given = {**scores, "note": step["text"]}
        booking_answers.approve(self.store, self._host, self.id, given, now, step.get("manage", False))

    def _decline(self, step: Row, now: str) -> None:
        booking_answers.decline(self.store, self._host, self.id, step["reason"], step["text"], now)

    def _withdraw(self, step: Row, now: str) -> None:
        booking_requests.withdraw(self.store, self._asker, self.id, step["text"], now)

    def _cancel(self, step: Row, now: str) -> None:
        by = self._asker if step["side"] == "asker" else self._host
        booking_answers.cancel(self.store, by, self.id, step["reason"], step["text"], now)

    def _agree(self, step: Row, now: str) -> None:
        given = {"agreed_until": day(self.now, -step["until"]), "agreed_note": step["text"]}
        booking_papers.agree(self.store, self._host, self.id, given, now)

    def _meet(self, step: Row, now: str) -> None:
        for one in booking_checks.of_booking(self.store, bookings.fetch(self.store, self.id)):
            booking_papers.meet(self.store, self._host, self.id, one["id"], step["text"], now)
