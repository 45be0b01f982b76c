"""What happens around a case: closed testbeds, startups hidden or merged, needs closed, reminders, readers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from matcher.hub import closures, conflicts, merging, moderation, needs, reminders, startups, testbeds
from matcher.hub.clock import day
from matcher.hub.errors import Conflict

from . import booking_model, model
from .drawing import AHEAD, DAYS, NOTE, PEOPLE, WHO, step
from .ground import Ground
from .pages import Pages


def _asked_once_more(step: Callable[[str], Any]) -> Any:
    """Take a step that names whom it affects and asks again, as a host who goes on with it."""
    try:
        return step("")
    except Conflict as error:
        return step(error.params.get("seen", ""))


class AroundSteps(Ground):
    """What nobody in a case can help."""

    @step(
        who=WHO,
        testbed=st.integers(0, 1),
        ahead=AHEAD,
        days=DAYS,
        what=st.sampled_from(("close", "close", "open", "withdraw", "publish")),
    )
    def testbed(self, who: str, testbed: int, ahead: int, days: int, what: str) -> None:
        """Close a testbed for a period, with bookings in it or not; open it; take it out of the catalogue."""
        one, host = self.testbeds[testbed], self.people[("host", "own_host")[testbed]]
        closed = [row["id"] for row in self.photo["testbed_closure"].values() if row["testbed_id"] == one]
        period = (self.day_on(ahead), self.day_on(ahead + days), "Ombyggnad")
        steps: dict[str, Callable[[], Any]] = {
            "close": lambda: _asked_once_more(
                lambda seen: closures.close_period(self.store, host, one, *period, self.now, seen)
            ),
            "open": lambda: closures.open_period(self.store, host, one, [*closed, "no"][0], self.now),
            "withdraw": lambda: _asked_once_more(lambda seen: testbeds.withdraw(self.store, host, one, self.now, seen)),
            "publish": lambda: testbeds.publish(self.store, host, one, self.now),
        }
        self.take(f"testbed {what}", steps[what])

    @step(
        number=st.integers(0, 1),
        what=st.sampled_from(("hide", "unhide", "unpublish", "publish", "rename", "merge", "unmerge")),
    )
    def startup(self, number: int, what: str) -> None:
        """Hide, rename or merge a startup in the middle of its cases."""
        one, broker, founder = self.startups[number], self.people["broker"], self.people[("founder", "rival")[number]]
        revision = self.store.query("select revision from startup where id = :id", {"id": one})[0]["revision"]
        steps: dict[str, Callable[[], Any]] = {
            "hide": lambda: moderation.hide(self.store, broker, one, "Svarar inte.", self.now),
            "unhide": lambda: moderation.unhide(self.store, broker, one, self.now),
            "unpublish": lambda: startups.unpublish(self.store, founder, one, self.now),
            "publish": lambda: startups.publish(self.store, founder, one, self.now),
            "rename": lambda: startups.save(
                self.store, founder, one, {"name": f"Nytt namn {revision} {one}"}, revision, self.now
            ),
            "merge": lambda: merging.merge(self.store, broker, self.offer, one, self.now),
            "unmerge": lambda: merging.undo(self.store, broker, self.offer, self.now),
        }
        self.take(f"startup {what}", steps[what])

    @step(sure=st.integers(0, 3), reason=st.sampled_from(("paused", "")))
    def close_need(self, sure: int, reason: str) -> None:
        if not sure:
            given = (self.people["owner"], self.need, reason, "", self.now)
            self.take("close need", lambda: needs.close(self.store, *given))

    @step(who=WHO, number=st.integers(0, 1), note=NOTE, lift=st.booleans())
    def conflict(self, who: str, number: int, note: str, lift: bool) -> None:
        """Declare a conflict of interest, or lift the last."""
        person = self.who(who, None, "broker")
        if lift:
            one = (self.conflicts or ["no"])[-1]
            self.take("lift", lambda: conflicts.lift(self.store, person, one, self.now))
        else:
            given = (self.need, self.startups[number], note, self.now)
            made = self.take("declare", lambda: conflicts.declare(self.store, person, *given))
            self.conflicts += [made] if made else []

    @step()
    def remind(self) -> None:
        """Send what is due; those on a waiting list who have room now, and nobody else, are told so."""
        self.take("remind", lambda: reminders.send(self.store, self.now))
        told = {key for key, row in self.photo["booking"].items() if row["room_at"]}
        open_now = {key for key in told if self.stage(self.photo["booking"][key]) in booking_model.OPEN}
        assert open_now == booking_model.with_room(self.photo, day(self.now)), "room was told of by another count"

    @step(who=st.sampled_from(PEOPLE), page=st.sampled_from(Pages.PAGES))
    def look(self, number: int, who: str, page: str) -> None:
        """Read a page of the case as somebody: who stands for a side sees it, nobody else does."""
        case, person = self.case(number), self.people[who]
        held = model.stands_for(self.photo, case, person.roles) - (set() if case["confirmed_at"] else {"host"})
        found = self.hub.pages.read(self.store, person, f"/pairings/{case['id']}{page}", self.now, bool(held))
        self.hub.tally["pages read"] += 1
        assert not found, found
        assert self.photograph() == self.photo, "reading a page changed something"
