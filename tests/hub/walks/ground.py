"""The ground of a walk: a need, two startups, two testbeds, their people; how a step is taken and what is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from matcher.hub import access, cases
from matcher.hub.clock import day, later
from matcher.hub.errors import HubError
from matcher.hub.ids import new_id
from matcher.hub.people import Viewer
from matcher.store import Store, open_store
from tests import factories
from tests.factories import NOW
from tests.hub.pilots import TERMS

from . import model
from .pages import Pages

Row = dict[str, Any]


class Hub:
    """What many walks share: a database, another one now and then, the words of the web, and the counting."""

    def __init__(self, lend: Callable[[], str], pages: Pages, walks_each: int = 50) -> None:
        self.tally: Counter[str] = Counter()
        self.pages = pages
        self._lend, self._each = lend, walks_each
        self._held: tuple[Store, model.Camera] | None = None

    def enter(self) -> tuple[Store, model.Camera]:
        """Return the database of the next walk, and what looks at its tables."""
        if self._held is None or self.tally["walks"] % self._each == 0:
            self.close()
            url = self._lend()
            self._held = open_store(url), model.Camera(url)
        self.tally["walks"] += 1
        return self._held

    def close(self) -> None:
        """Close the connections."""
        for one in self._held or ():
            one.close()
        self._held = None


class Ground:
    """Where one walk goes; a subclass names its `hub`."""

    hub: ClassVar[Hub]

    def __init__(self) -> None:
        super().__init__()
        (self.store, self.camera), self.now = self.hub.enter(), NOW
        made = {name: factories.create_person(self.store, role) for name, role in (
            ("broker", "broker"), ("owner", "owner"), ("founder", "startup"), ("rival", "startup"), ("host", "host"),
            ("stranger", "owner"))}  # fmt: skip
        own = made["owner"].organisations("owner")[0]
        self.people: dict[str, Viewer] = {**made, "own_host": factories.create_person(self.store, "host", own)}
        self.need = factories.create_need(self.store, own, published=True)["id"]
        self.startups = [
            factories.create_startup(self.store, self.people[name].organisations("startup")[0], published=True)["id"]
            for name in ("founder", "rival")
        ]
        self.testbeds = [
            factories.create_testbed(self.store, host, published=True, places=1)["id"]
            for name in ("host", "own_host")
            for host in self.people[name].organisations("host")
        ]
        offer = {"id": new_id(), "keep_id": self.startups[0], "drop_id": self.startups[1], "reason": "name"}
        self.store.insert("merge_offer", {**offer, "found_at": NOW})
        self.offer, self.cases, self.rounds, self.conflicts = offer["id"], [], [], []
        self.roles = {person.person_id: person.roles for person in self.people.values()}
        self.ahead = 0  # how many days ahead a place is booked on the straight way
        self._met: dict[str, int] = {}  # every row that was seen, in the order in which they came
        self.photo = self.photograph()

    def photograph(self) -> model.Photo:
        """Return the tables, rows in the order in which they came: ids are by chance, and a walk can be taken again."""
        found = self.camera.photograph(needs=[self.need], startups=self.startups, testbeds=self.testbeds)
        for rows in found.values():
            for key in rows:
                self._met.setdefault(key, len(self._met))
        return {name: dict(sorted(rows.items(), key=lambda row: self._met[row[0]])) for name, rows in found.items()}

    # --- taking a step, and what must hold after it ---

    def take(self, name: str, step: Callable[[], Any], expected: bool | None = None) -> Any:
        """Take a step and check everything; `expected`: whether it must be done or refused, where that is known."""
        result, done = None, False
        try:
            result, done = step(), True
        except HubError as error:
            self.hub.tally[f"refused {name}"] += 1
            self.hub.tally[f"error {error.code}"] += 1
            found = self.hub.pages.untold(error)
            assert not found, found
            assert self.photograph() == self.photo, f"{name} was refused and left a trace"
        else:
            self.hub.tally[f"done {name}"] += 1
            self.check()
        assert expected in (None, done), f"{name}: {'done' if done else 'refused'}, though the rules say otherwise"
        return result

    def check(self) -> None:
        """Hold what stands in the tables, and what changed since the last look, against the model."""
        before, after, today = self.photo, self.photograph(), day(self.now)
        found = [
            *model.faults(after), *model.faults_between(before, after, self.now),
            *model.wrong_hands(before, after, self.roles),
        ]  # fmt: skip
        for case in after["pairing"].values():
            row = cases.fetch(self.store, case["id"])
            open_now, missing = access.is_open(self.store, row, self.now), access.missing(self.store, row, self.now)
            if open_now != model.may_use(after, case, today):
                found.append(f"the place is {'open' if open_now else 'closed'}, against the rules")
            self.hub.tally[f"place {'closed: ' + ', '.join(missing) if missing else 'open'}"] += 1
            found += self.hub.pages.unexplained(self.store, case["id"], self.now)
        self.photo = after
        assert not found, found

    # --- who and what ---

    def case(self, number: int) -> Row:
        return self.photo["pairing"][self.cases[number % len(self.cases)]]

    def who(self, name: str, case: Row | None, *sides: str) -> Viewer:
        """Return a person by name, or for `right` the one who stands for the first of the sides that has somebody."""
        if name != "right":
            return self.people[name]
        for side in sides:
            for person in self.people.values():
                if case and side in model.stands_for(self.photo, case, person.roles):
                    return person
        return self.people["broker"]

    def rows(self, table: str, case: Row) -> list[Row]:
        return model.of_case(self.photo, table, case)

    def pilot(self, case: Row) -> Row | None:
        return next(iter(self.rows("pilot", case)), None)

    def agreement(self, case: Row, which: str) -> Row:
        rows = sorted(self.rows("agreement", case), key=lambda row: row["number"])
        unknown = {"number": 77, "revision": 1, "id": "", "paper_hash": "", "sent_at": None}
        return unknown if which == "none" or not rows else rows[-1 if which == "last" else 0]

    def day_on(self, days: int) -> str:
        return day(later(self.now, days=days))

    def terms(self, case: Row, **changes: Any) -> Row:
        booked = model.place(self.photo, case) or {"starts_on": self.day_on(0), "ends_on": self.day_on(60)}
        return {**TERMS, "starts_on": booked["starts_on"], "ends_on": booked["ends_on"], **changes}

    def clock(self, minutes: int) -> None:
        """Let time pass: what was open may be closed by that alone, and nothing else changes."""
        self.now = later(self.now, minutes=minutes)
        self.hub.tally["moves of the clock"] += 1
        self.check()

    def teardown(self) -> None:
        """Count how far the cases of the walk came."""
        for case in self.photo["pairing"].values():
            pilot = self.pilot(case)
            self.hub.tally[f"case {cases.status(cases.fetch(self.store, case['id']), self.now)}"] += 1
            self.hub.tally["cases with an agreement signed"] += any(
                row["in_force_at"] for row in self.rows("agreement", case)
            )
            self.hub.tally["cases with a pilot started"] += bool(pilot and pilot["started_at"])
            self.hub.tally["cases with a pilot decided"] += bool(pilot and pilot["decided_at"])
            self.hub.tally["cases with an outcome"] += bool(self.rows("outcome", case))
