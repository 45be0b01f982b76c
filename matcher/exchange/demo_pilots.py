"""The steps of a demo case's pilot: facts, start, readings, feedback, incidents, decision."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from ..hub import feedback, incidents, indicators, pilot_ends, pilots, readings
from .demo_played import Played, Row, Step, day


class PilotSteps(Played):
    """What happens in the pilot of a row, through the hub's own functions."""

    def pilot(self) -> Iterator[Step]:
        """Yield the pilot's steps, and the end of a case that ended before its time."""
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
            yield self.days["end"], self.end
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
