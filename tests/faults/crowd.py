"""Many people at one hub, each with an errand of their kind: reading, searching and writing, with time to think."""

from __future__ import annotations

import random
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from .filled import Form, forms
from .visitors import Answer, Lost, Visitor

WORDS = ("fall på natten", "elderly care", "energi i skolor", "waste water", "schemaläggning", "remote monitoring")
THINKING = (0.5, 2.5)  # seconds between two pages


@dataclass
class Seen:
    """What the crowd was answered: by page how often, how long it took, and what was not as it should be."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Places:
    """Where the errands lead: ids of what is published, and of what each kind of person owns."""

    needs: list[str]
    startups: list[str]
    testbeds: list[str]
    cases: list[str]


class Person(threading.Thread, ABC):
    """Somebody who does one errand after the other until told to stop."""

    allowed = frozenset({200, 302, 303})

    def __init__(self, visitor: Visitor, own: str, places: Places, seen: Seen, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.visitor, self.own, self.places, self.seen, self.stop = visitor, own, places, seen, stop
        self.dice = random.Random(visitor.origin)

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.errand()
            except Lost as error:
                self.seen.wrong.append(f"{type(self).__name__}: {error}")
            except Exception as error:
                self.seen.wrong.append(f"{type(self).__name__}: {error!r}")
                return

    @abstractmethod
    def errand(self) -> None:
        """Ask for some pages, one after the other."""

    def read(self, page: str, path: str) -> Answer:
        return self._do(page, lambda: self.visitor.get(path))

    def write(self, page: str, path: str, form: Form) -> Answer:
        return self._do(f"{page} (written)", lambda: self.visitor.post(path, form))

    def _do(self, page: str, ask: Callable[[], Answer]) -> Answer:
        began = time.monotonic()
        answer = ask()
        self.seen.counts[f"{page} {answer.status}"] += 1
        self.seen.seconds.setdefault(page, []).append(time.monotonic() - began)
        if answer.status not in self.allowed:
            self.seen.wrong.append(f"{page}: {answer.status} {answer.text[:200]!r}")
        self.think()
        return answer

    def think(self) -> None:
        self.stop.wait(self.dice.uniform(*THINKING))

    def one_of(self, ids: list[str]) -> str:
        return self.dice.choice(ids)


class Reader(Person):
    """Nobody in particular: the first page, the lists, one of each, a search."""

    def errand(self) -> None:
        self.read("first page", "/")
        self.read("needs", "/needs")
        self.read("a need", f"/needs/{self.one_of(self.places.needs)}")
        self.read("startups", "/startups")
        self.read("a startup", f"/startups/{self.one_of(self.places.startups)}")
        self.read("search", f"/search?q={quote_plus(self.one_of(list(WORDS)))}+{self.dice.randrange(50)}")
        self.read("testbeds", "/testbeds")
        self.read("a testbed", f"/testbeds/{self.one_of(self.places.testbeds)}")


class Broker(Person):
    """The desk, two ranked lists, a case, and a line in its log."""

    def errand(self) -> None:
        self.read("desk", "/desk/")
        for _ in range(2):
            self.read("ranked list", f"/desk/needs/{self.one_of(self.places.needs)}")
        case = self.one_of(self.places.cases)
        self.read("board", "/pairings/board")
        page = self.read("log of a case", f"/pairings/{case}/log")
        path = f"/pairings/{case}/log"
        self.write("log of a case", path, {**forms(page.text)[path], "text": [f"Ringde {self.dice.random()}."]})


class Owner(Person):
    """The own need is corrected, and what is like it looked at."""

    def errand(self) -> None:
        self.read("my page", "/mine")
        path = f"/needs/{self.own}/edit"
        page = self.read("form of a need", f"{path}?step=tried")
        self.write("form of a need", path, {**forms(page.text)[path], "tried": [f"Larmmattor, {self.dice.random()}."]})
        self.read("needs like it", f"/needs/{self.own}/similar")
        self.read("a need", f"/needs/{self.own}")


class Startup(Person):
    """The own profile is corrected, and the needs for it looked at."""

    def errand(self) -> None:
        self.read("my page", "/mine")
        path = f"/startups/{self.own}/edit"
        page = self.read("form of a profile", path)
        form = {**forms(page.text)[path], "evidence": [f"Infört på {self.dice.randrange(500)} avdelningar."]}
        self.write("form of a profile", path, form)
        self.read("needs for a startup", f"/startups/{self.own}/needs")


class Host(Person):
    """The calendar of the own testbed and who is coming; the testbed is saved."""

    def errand(self) -> None:
        self.read("bookings", "/bookings")
        self.read("calendar", f"/testbeds/{self.own}/calendar")
        path = f"/testbeds/{self.own}/edit"
        page = self.read("form of a testbed", path)
        self.write("form of a testbed", path, forms(page.text)[path])


KINDS: dict[str, type[Person]] = {"broker": Broker, "owner": Owner, "startup": Startup, "host": Host}
