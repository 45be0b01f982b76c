"""The demo's cases: three years of them, played through the hub's own functions with a clock that moves.

A row of `cases.jsonl` tells one case: when each step was taken, in days before the loading (`days`; a day ahead is
negative), and its texts. All steps of all cases are taken in the order of their moments, so the record, the change
feed and what is derived are as they would be after three years of use. Nothing is written past the hub's rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from ..hub import (
    agreements,
    cases,
    feedback,
    incidents,
    indicators,
    interests,
    needs,
    outcome_links,
    outcomes,
    pairings,
    pilot_ends,
    pilots,
    prerequisites,
    readings,
    releases,
    route_notes,
    route_settings,
    routes,
    signatures,
)
from ..hub.people import Viewer
from ..store import Store
from . import demo_papers

Row = dict[str, Any]
Act = Callable[[str], object]
Step = tuple[int, Act]
People = dict[tuple[str, str], Viewer]
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


def play(store: Store, rows: list[Row], people: People, now: str) -> dict[str, str]:
    """Take every step of every case in the order of their moments; return row id → the case's id.

    people: (role, organisation) → who acts for it; the broker's organisation is empty.
    """
    played = [Case(store, row, people, now) for row in rows]
    steps = [step for number, case in enumerate(played) for step in _timed(case, number, now)]
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


def day(now: str, days: int) -> str:
    """Return the day so many days after (negative: before) a moment's."""
    return (date.fromisoformat(now[:10]) + timedelta(days=days)).isoformat()


class Case:
    """One row of the file while it is played. `id` is the pairing's, once it is proposed."""

    def __init__(self, store: Store, row: Row, people: People, now: str) -> None:
        self.store, self.row, self.people, self.now = store, row, people, now
        self.days: dict[str, int] = row["days"]
        self.need_id: str = row["need_id"] if "need_id" in row else row["need"]["id"]
        self.id = ""
        self.kept: dict[str, str] = {}  # ids and tokens that later steps need, by what they stand for

    def by(self, side: str) -> Viewer:
        """Return who acts for a side of the case."""
        place = "" if side == "broker" else self.row["organisations"][side]
        return self.people[side, place]

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
        yield from self._pilot()
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
        content = {name: given.get(name) for name in needs.NeedContent.model_fields}
        valid = given.get("valid_days", VALID_DAYS - self.days["need"])
        content["valid_until"] = day(self.now, valid)
        owner, organisation = self.by("owner"), self.row["organisations"]["owner"]
        needs.create(self.store, owner, organisation, content, now, id=given["id"], source="demo")
        needs.submit(self.store, owner, given["id"], now)

    def _publish_need(self, now: str) -> None:
        needs.publish(self.store, self.by("broker"), self.need_id, now)

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
        first, last = self._period()
        pairings.confirm(self.store, self.by("broker"), self.id, self.row["testbed_id"], first, last, now)

    def _period(self) -> tuple[str, str]:
        first, last = self.row["period"]
        return day(self.now, -first), day(self.now, -last)

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
        first, last = self._period()
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
                prerequisites.meet(self.store, self.by("host"), self.id, one["id"], self.row.get("met", ""), now)

    # the pilot

    def _pilot(self) -> Iterator[Step]:
        if "facts" in self.days:
            yield self.days["facts"], self._facts
        if "start" in self.days:
            yield self.days["start"], lambda now: pilots.start(self.store, self.by("owner"), self.id, now)
        for number, indicator in enumerate(self.row.get("indicators", [])):
            for days, value, *note in indicator.get("readings", []):
                yield days, partial(self._read, number, value, "".join(note))
        for number, one in enumerate(self.row.get("incidents", [])):
            yield one["days"], partial(self._incident, number, one)
            if "handled_days" in one:
                yield one["handled_days"], partial(self._handle, number, one["handled"])
        for number, one in enumerate(self.row.get("rounds", [])):
            yield from self._round(number, one)
        if "extend" in self.days:
            yield self.days["extend"], self._extend
        if "end" in self.days and self.row["end"]["reason"] != "completed":
            yield self.days["end"], self._end
        if "decide" in self.days:
            yield self.days["decide"], self._decide

    def _facts(self, now: str) -> None:
        given = self.row["pilot"]
        facts = {name: text for name, text in given.items() if name not in ("period", "longer")}
        if "period" in given:
            facts |= {"starts_on": day(self.now, -given["period"][0]), "ends_on": day(self.now, -given["period"][1])}
        pilots.save(self.store, self.by("owner"), self.id, facts, 0, now)
        for number, one in enumerate(self.row.get("indicators", [])):
            content = {name: one[name] for name in indicators.REQUIRED}
            self.kept[f"indicator {number}"] = indicators.save(self.store, self.by("owner"), self.id, "", content, now)

    def _read(self, number: int, value: str, note: str, now: str) -> None:
        given = {"on_day": now[:10], "value": value, "note": note}
        readings.enter(self.store, self.by("startup"), self.id, self.kept[f"indicator {number}"], given, now)

    def _incident(self, number: int, given: Row, now: str) -> None:
        told = {"happened_on": now[:10], **{name: given[name] for name in ("what", "severity", "done")}}
        by = self.by(given.get("by", "owner"))
        self.kept[f"incident {number}"] = incidents.report(self.store, by, self.id, told, now)

    def _handle(self, number: int, done: str, now: str) -> None:
        incidents.handle(self.store, self.by("owner"), self.id, self.kept[f"incident {number}"], done, now)

    def _round(self, number: int, given: Row) -> Iterator[Step]:
        """Yield a round's steps: opened, its answers spread over its days, what the startup changed."""
        yield given["days"], partial(self._open, number, given)
        for place, (grade, text) in enumerate(given["answers"]):
            answered = given["days"] - place % max(1, given.get("spread", given["open_days"]))
            yield answered, partial(self._answer, number, grade, text)
        if "changed" in given:
            yield given["changed_days"], partial(self._changed, number, given["changed"])

    def _open(self, number: int, given: Row, now: str) -> None:
        opened = feedback.open_round(
            self.store, self.by("startup"), self.id, given["question"], given["open_days"], now
        )
        self.kept[f"round {number}"], self.kept[f"token {number}"] = opened

    def _answer(self, number: int, grade: int, text: str, now: str) -> None:
        feedback.answer(self.store, self.kept[f"token {number}"], grade, text, now)

    def _changed(self, number: int, text: str, now: str) -> None:
        feedback.say_changed(self.store, self.by("startup"), self.id, self.kept[f"round {number}"], text, now)

    def _extend(self, now: str) -> None:
        last, reason = self.row["pilot"]["longer"]
        pilot_ends.extend(self.store, self.by("owner"), self.id, day(self.now, -last), reason, now)

    def _decide(self, now: str) -> None:
        pilot_ends.decide(self.store, self.by("owner"), self.id, self.row["decision"], now)

    # what came of it

    def _after(self) -> Iterator[Step]:
        if "end" in self.days and self.row["end"]["reason"] == "completed":
            yield self.days["end"], self._end
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

    def _end(self, now: str) -> None:
        said = self.row["end"]
        by = self.by(said.get("side", "broker"))
        pairings.end(self.store, by, self.id, said["reason"], said["note"], now)

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
