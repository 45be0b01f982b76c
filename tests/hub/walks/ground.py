"""The ground of a walk: a need, two startups, two testbeds, their people; how a step is taken and what is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from matcher.hub import access, bookings, cases
from matcher.hub.clock import day, later
from matcher.hub.errors import HubError
from matcher.hub.ids import new_id
from matcher.hub.people import Viewer
from matcher.store import Store, open_store
from tests import factories
from tests.factories import NOW
from tests.hub.pilots import TERMS

from . import booking_model, model
from .camera import Camera, Photo
from .pages import Pages

Row = dict[str, Any]
PAGES_EACH = 3  # of a state of a booking, in all walks


class Hub:
    """What many walks share: a database, another one now and then, the words of the web, and the counting."""

    def __init__(self, lend: Callable[[], str], pages: Pages, walks_each: int = 50) -> None:
        self.tally: Counter[str] = Counter()
        self.pages = pages
        self._lend, self._each = lend, walks_each
        self._held: tuple[Store, Camera] | None = None

    def enter(self) -> tuple[Store, Camera]:
        """Return the database of the next walk, and what looks at its tables."""
        if self._held is None or self.tally["walks"] % self._each == 0:
            self.close()
            url = self._lend()
            self._held = open_store(url), Camera(url)
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
            factories.create_testbed(self.store, host, published=True, **limits)["id"]
            for name, limits in (
                ("host", {"places": 2, "buffer_days": 1}),
                ("own_host", {"places": 1, "buffer_days": 2, "staff_hours": 10}),
            )
            for host in self.people[name].organisations("host")
        ]
        offer = {"id": new_id(), "keep_id": self.startups[0], "drop_id": self.startups[1], "reason": "name"}
        self.store.insert("merge_offer", {**offer, "found_at": NOW})
        self.offer, self.cases, self.bookings, self.rounds, self.conflicts = offer["id"], [], [], [], []
        self.roles = {person.person_id: person.roles for person in self.people.values()}
        self.ahead = 0  # how many days ahead a place is booked on the straight way
        self._met: dict[str, int] = {}  # every row that was seen, in the order in which they came
        self._shown: dict[str, str] = {}  # by booking, where it stood when it was looked at last
        self.photo = self.photograph()

    def photograph(self) -> Photo:
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
            *model.wrong_hands(before, after, self.roles), *booking_model.faults(after),
            *booking_model.faults_between(before, after, self.now),
            *booking_model.wrong_hands(before, after, self.roles),
        ]  # fmt: skip
        for case in after["pairing"].values():
            row = cases.fetch(self.store, case["id"])
            open_now, missing = access.is_open(self.store, row, self.now), access.missing(self.store, row, self.now)
            if open_now != model.may_use(after, case, today):
                found.append(f"the place is {'open' if open_now else 'closed'}, against the rules")
            self.hub.tally[f"place {'closed: ' + ', '.join(missing) if missing else 'open'}"] += 1
            found += self.hub.pages.unexplained(self.store, case["id"], self.now)
        self.photo = after
        found += self.check_bookings()
        assert not found, found

    def check_bookings(self) -> list[str]:
        """Return where what the hub says of the bookings is not what the model says, or is not said in words."""
        rows = self.photo["booking"]
        found, stages = [], {key: self.stage(row) for key, row in rows.items()}
        for key, stage in stages.items():
            if stage not in booking_model.LASTING or self._shown.get(key) != stage:  # what is over stays so
                found += self._check_booking(rows[key], stage)
            self._shown[key] = stage
        here = Counter(stages[key] for key, row in rows.items() if row["testbed_id"] == self.testbeds[0])
        counts = bookings.counts(self.store, self.people["host"], self.now) if here else {}
        if any(here[stage] != count for stage, count in counts.items() if stage != "mine"):
            found.append("the host's list counts other stages than its bookings have")
        return found

    def _check_booking(self, held: Row, stage: str) -> list[str]:
        """Check one booking; the page of a state is read the first times that any walk comes to it."""
        row = bookings.fetch(self.store, held["id"])
        told, missing = bookings.status(row, self.now), bookings.missing(self.store, row, self.now)
        state = f"booking {stage}: {', '.join(missing) or 'open'}{' in a case' if held['pairing_id'] else ''}"
        found = [] if told == stage else [f"a booking is {told}, by the rules {stage}"]
        if (not missing) != booking_model.may_use(self.photo, held, day(self.now)):
            found.append(f"a booking that is {stage} opens the place, or does not, against the rules")
        if self.hub.tally[state] < PAGES_EACH:
            found += self.hub.pages.unexplained_booking(self.store, row, self.now, missing)
            found += self.hub.pages.read(self.store, self.people["broker"], f"/bookings/{held['id']}", self.now, True)
        self.hub.tally[state] += not found
        return found

    # --- who and what ---

    def stage(self, booking: Row) -> str:
        return booking_model.stage(self.photo, booking, day(self.now))

    def booking(self, which: int) -> Row:
        """Return a booking, those that go on before the others, and the last that was asked for first."""
        rows = [self.photo["booking"][one] for one in reversed(self.bookings)]
        over = [row for row in rows if self.stage(row) not in (*booking_model.OPEN, "approved")]
        return [*(row for row in rows if row not in over), *over][which % len(rows)]

    def side(self, name: str, booking: Row, *sides: str) -> Viewer:
        """Return a person by name, or for `right` the first who stands for one of the sides of a booking."""
        found = [one for side in sides for one in self.people.values()
                 if side in booking_model.stands_for(self.photo, booking, one.roles)]  # fmt: skip
        return found[0] if name == "right" and found else self.people["broker" if name == "right" else name]

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
        """Count how far the cases and the bookings of the walk came."""
        for row in self.photo["booking"].values():
            self.hub.tally[f"bookings {self.stage(row)} at the end"] += 1
        for case in self.photo["pairing"].values():
            pilot = self.pilot(case)
            self.hub.tally[f"case {cases.status(cases.fetch(self.store, case['id']), self.now)}"] += 1
            self.hub.tally["cases with an agreement signed"] += any(
                row["in_force_at"] for row in self.rows("agreement", case)
            )
            self.hub.tally["cases with a pilot started"] += bool(pilot and pilot["started_at"])
            self.hub.tally["cases with a pilot decided"] += bool(pilot and pilot["decided_at"])
            self.hub.tally["cases with an outcome"] += bool(self.rows("outcome", case))
