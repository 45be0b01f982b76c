"""Brokers who confirm cases over HTTP, and what they were told; kept outside the hub, to be compared with its rows."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from .visitors import Lost, Visitor

TEST_DAYS, AHEAD_DAYS = 7, 400


@dataclass
class Told:
    """What the brokers were told, with the moment of each."""

    acknowledged: dict[str, tuple[float, str, str, str]] = field(default_factory=dict)  # case: when, testbed, days
    afterwards: list[str] = field(default_factory=list)  # no answer came, and then the case was found confirmed
    counts: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)


class Broker(threading.Thread):
    """Confirms one case after the other; without an answer it tries again, as a person would."""

    def __init__(self, visitor: Visitor, cases: queue.SimpleQueue[str], testbeds: list[str], told: Told) -> None:
        super().__init__(daemon=True)
        self.visitor, self.cases, self.testbeds, self.told = visitor, cases, testbeds, told

    def run(self) -> None:
        while True:
            try:
                case = self.cases.get_nowait()
            except queue.Empty:
                return
            try:
                self.confirm(case)
            except Exception as error:
                self.told.unexpected.append(f"{case}: {error!r}")

    def confirm(self, case: str) -> None:
        uncertain = False
        while True:
            first = date.today() + timedelta(days=random.randrange(1, AHEAD_DAYS))
            last = first + timedelta(days=TEST_DAYS - 1)
            form = {"testbed_id": random.choice(self.testbeds), "starts_on": str(first), "ends_on": str(last)}
            what = self.ask("POST", f"/pairings/{case}/confirm", form)
            if what == "303":
                self.told.acknowledged[case] = (time.monotonic(), *form.values())
                return
            uncertain = uncertain or what in ("lost", "503")
            if what == "409":
                still = self.ask("GET", f"/pairings/{case}/confirm", {})
                if still == "302":
                    (self.told.afterwards if uncertain else self.told.unexpected).append(case)
                    return
            elif what in ("lost", "503"):
                time.sleep(0.2)
            elif what != "refused":
                self.told.unexpected.append(f"{case}: {what}")
                return

    def ask(self, method: str, path: str, form: dict[str, str]) -> str:
        try:
            answer = self.visitor.post(path, form) if method == "POST" else self.visitor.get(path)
            what = str(answer.status)
        except Lost as error:
            what = "refused" if error.refused else "lost"
        self.told.counts[f"{method} {what}"] += 1
        return what
