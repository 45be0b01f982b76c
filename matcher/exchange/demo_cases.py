"""The demo's cases: three years of them, played through the hub's own functions with a clock that moves.

A row of `cases.jsonl` tells one case: when each step was taken, in days before the loading (`days`; a day ahead is
negative), and its texts. All steps of all cases are taken in the order of their moments, so the record, the change
feed and what is derived are as they would be after three years of use. Nothing is written past the hub's rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import partial

from ..hub import (
    agreements,
    cases,
    interests,
    need_content,
    need_review,
    needs,
    outcome_links,
    outcomes,
    pairings,
    prerequisite_steps,
    prerequisites,
    releases,
    route_notes,
    route_settings,
    routes,
    signatures,
)
from ..store import Store
from . import demo_bookings, demo_papers
from .demo_pilots import PilotSteps
from .demo_played import Act, People, Played, Row, Step, day

OPENS = 6 * 60  # the minute of the day (UTC) at which the first step of a day is taken
VALID_DAYS = 330  # a need of the past, from its publication on


def first_days(rows: Iterable[Row]) -> dict[str, int]:
    """Return startup, testbed and published need → how many days ago its first case began: it was there before."""
    found: dict[str, int] = {}
    for row in rows:
        began = max(row["days"].values())
        for name in ("startup_id", "testbed_id", "need_id"):
            if row.get(name):
                found[row[name]] = max(began, found.get(row[name], 0))
    return found


def play(store: Store, rows: list[Row], people: People, now: str, booked: Iterable[Row] = ()) -> dict[str, str]:
    """Take every step of every case and booking in the order of their moments; return row id → the case's id.

    people: (role, organisation) → who acts for it; the broker's organisation is empty.
    """
    played = [Case(store, row, people, now) for row in rows]
    steps = [step for number, case in enumerate(played) for step in _timed(case, number, now)]
    by_id: dict[str, Played] = {case.row["id"]: case for case in played}
    steps += demo_bookings.steps(store, booked, by_id, people, now)
    for moment, act in sorted(steps, key=lambda step: step[0]):
        act(moment)
    return {case.row["id"]: case.id for case in played}


def _timed(case: Case, number: int, now: str) -> Iterator[tuple[str, Act]]:
    """Yield the steps of a case with their moments: on one day in the order of `steps`, some minutes apart."""
    taken: dict[str, int] = {}
    for days, act in case.steps():
        on = day(now, -days)
        taken[on] = taken.get(on, 0) + 1
        minute = OPENS + (number * 23 + days * 37) % 240 + 7 * taken[on]
        yield f"{on}T{minute // 60:02}:{minute % 60:02}:00.000000Z", act


class Case(PilotSteps):
    """One row of the file, from the need to what came of it."""

    def steps(self) -> Iterator[Step]:
        """Yield (days ago, what is done then) of the whole case; on one day in this order."""
        yield from self._before()
        yield self.days["propose"], self._propose
        for side in ("owner", "startup"):
            if f"{side}_yes" in self.days:
                yield self.days[f"{side}_yes"], partial(self._accept, side)
        if "decline" in self.row:
            yield self.days["decline"], self._decline
        if "confirm" in self.days:
            yield self.days["confirm"], self._confirm
        yield from self._agreement()
        yield from self.pilot()
        yield from self._after()

    def _before(self) -> Iterator[Step]:
        """Yield the need's own steps: written, published, which way it takes, who answered it."""
        if "need" in self.row:
            yield self.days["need"] + 4, self._write_need
            yield self.days["need"], self._publish_need
        if "route" in self.row:
            yield self.days["route"], self._route
        if "interest" in self.days:
            yield self.days["interest"], self._interest

    def _write_need(self, now: str) -> None:
        given = self.row["need"]
        content = {name: given.get(name) for name in need_content.NeedContent.model_fields}
        valid = given.get("valid_days", VALID_DAYS - self.days["need"])
        content["valid_until"] = day(self.now, valid)
        owner, organisation = self.by("owner"), self.row["organisations"]["owner"]
        needs.create(self.store, owner, organisation, content, now, id=given["id"], source="demo")
        need_review.submit(self.store, owner, given["id"], now)

    def _publish_need(self, now: str) -> None:
        need_review.publish(self.store, self.by("broker"), self.need_id, now)

    def _route(self, now: str) -> None:
        given, owner, guide = self.row["route"], self.by("owner"), route_settings.load()
        number = routes.answer(self.store, owner, self.need_id, given["answers"], 0, now)
        if "way" in given:
            way = given["way"]
            routes.choose(self.store, owner, guide, self.need_id, way, given["why"], number, "", now)
            route_notes.tick(self.store, owner, guide, self.need_id, way, [], given.get("ticks", []), now)
        if "innovation" in given:
            route_notes.consider(self.store, owner, self.need_id, *given["innovation"], now)

    def _interest(self, now: str) -> None:
        text = self.row["interest"]
        interests.create(self.store, self.by("startup"), self.need_id, self.row["startup_id"], text, now)

    def _propose(self, now: str) -> None:
        self.id = pairings.propose(
            self.store, self.by("broker"), self.need_id, self.row["startup_id"], self.row["message"], {}, now,
            answer_days=self.row.get("answer_days", 14), testbed_id=self.row.get("testbed_id"),
        )  # fmt: skip

    def _accept(self, side: str, now: str) -> None:
        pairings.accept(self.store, self.by(side), self.id, side, now)

    def _decline(self, now: str) -> None:
        said = self.row["decline"]
        by = self.by(said["side"])
        pairings.decline(self.store, by, self.id, said["side"], said["reason"], said["note"], now)

    def _confirm(self, now: str) -> None:
        first, last = self.period()
        pairings.confirm(self.store, self.by("broker"), self.id, self.row["testbed_id"], first, last, now)

    # the agreement and what the testbed asks for

    def _agreement(self) -> Iterator[Step]:
        if "draft" in self.days:
            yield self.days["draft"], self._draft
        if "send" in self.days:
            yield self.days["send"], self._send
        for side in ("owner", "startup", "host"):
            if f"{side}_signs" in self.days:
                yield self.days[f"{side}_signs"], partial(self._sign, side)
        if "withdraw" in self.days:
            yield self.days["withdraw"], self._withdraw
        if "met" in self.days:
            yield self.days["met"], self._meet

    def _draft(self, now: str) -> None:
        first, last = self.period()
        terms = {**self.row["terms"], "starts_on": first, "ends_on": last}
        agreements.draft(self.store, self.by("broker"), self.id, terms, now)

    def _send(self, now: str) -> None:
        case, row = cases.fetch(self.store, self.id), agreements.load(self.store, self.id, 1)
        paper = demo_papers.paper(case, row, agreements.signing_parties(self.store, case), now)
        self.kept["paper"] = hashlib.sha256(paper).hexdigest()
        agreements.send(self.store, self.by("broker"), self.id, 1, paper, row["revision"], now)

    def _sign(self, side: str, now: str) -> None:
        by = self.by(side)
        given = {"name": by.name, "title": self.row["titles"][side]}
        signatures.sign(self.store, by, self.id, 1, side, given, self.kept["paper"], now)

    def _withdraw(self, now: str) -> None:
        agreements.withdraw(self.store, self.by("broker"), self.id, 1, self.row["withdrawn"], now)

    def _meet(self, now: str) -> None:
        """Say that what the testbed asks for is met, but for the kinds that the row names as not met."""
        for one in prerequisites.of_case(self.store, cases.fetch(self.store, self.id)):
            if one["kind"] not in self.row.get("unmet", []):
                prerequisite_steps.meet(self.store, self.by("host"), self.id, one["id"], self.row.get("met", ""), now)

    # what came of it

    def _after(self) -> Iterator[Step]:
        if "end" in self.days and self.row["end"]["reason"] == "completed":
            yield self.days["end"], self.end
        if "close_need" in self.days:
            yield self.days["close_need"], self._close_need
        for one in self.row.get("outcomes", []):
            if "asked" in one:
                yield one["asked"], lambda now: outcome_links.send(self.store, now)
            for side in outcomes.TABLES:
                if side in one:
                    yield one["days"], partial(self._outcome, one["month"], side, one[side])
        if "release" in self.row:
            yield self.days["release"], self._write_release
            for side in self.row["release"]["agreed"]:
                yield self.days["release"] - 2, partial(self._release, side)

    def _close_need(self, now: str) -> None:
        needs.close(self.store, self.by("owner"), self.need_id, *self.row["closing"], now)

    def _outcome(self, month: int, side: str, given: Row, now: str) -> None:
        outcomes.answer(self.store, self.by(side), self.id, side, month, given, "", now)

    def _write_release(self, now: str) -> None:
        given = self.row["release"]
        own = {name: given[name] for name in ("title", "owner_text", "language")}
        releases.save(self.store, self.by("owner"), self.id, "owner", own, 0, now)
        if "startup_text" in given:
            own = {"startup_text": given["startup_text"]}
            releases.save(self.store, self.by("startup"), self.id, "startup", own, 1, now)

    def _release(self, side: str, now: str) -> None:
        revision = releases.of_case(self.store, cases.fetch(self.store, self.id))["revision"]
        releases.agree(self.store, self.by(side), self.id, side, revision, now)
