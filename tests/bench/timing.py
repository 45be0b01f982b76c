"""How a benchmark measures: two things in turn, A B A B, on this thread's processor time, medians of rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 11
SHORTEST = 0.02  # seconds: what is quicker is repeated within a round


@dataclass(frozen=True)
class Ratio:
    """What one thing costs as a multiple of another; milliseconds of processor time of each, medians."""

    name: str
    goal: str
    ratio: float
    measured: float
    against: float

    def __str__(self) -> str:
        """Return a line of the table."""
        return (
            f"{self.name:<96} {self.ratio:>6.2f} ×  {self.goal:<9} {self.measured:>11.3f} ms {self.against:>11.3f} ms"
        )


def ratio(
    name: str, goal: str, measured: Callable[[], object], against: Callable[[], object], rounds: int = ROUNDS
) -> Ratio:
    """Measure two calls in turn and return the median of the rounds' ratios."""
    repeats = [_repeats(call) for call in (measured, against)]
    times = [[_milliseconds(call, count) for call, count in zip((measured, against), repeats, strict=True)]
              for _ in range(rounds)]  # fmt: skip
    return Ratio(
        name,
        goal,
        statistics.median(one / other for one, other in times),
        statistics.median(one for one, _ in times),
        statistics.median(other for _, other in times),
    )


def _repeats(call: Callable[[], object]) -> int:
    call()
    taken = _milliseconds(call, 1) / 1000
    return max(1, round(SHORTEST / max(taken, 1e-6)))


def _milliseconds(call: Callable[[], object], count: int) -> float:
    start = time.thread_time()
    for _ in range(count):
        call()
    return (time.thread_time() - start) / count * 1000


@dataclass(frozen=True)
class Rate(Ratio):
    """Two servers' requests a second, or milliseconds of processor time a request: medians, in `unit`."""

    unit: str

    def __str__(self) -> str:
        """Return a line of the table."""
        return (
            f"{self.name:<96} {self.ratio:>6.2f} ×  {self.goal:<9} "
            f"{self.measured:>11.3f} {self.unit:<2} {self.against:>11.3f} {self.unit}"
        )


@dataclass(frozen=True)
class Latency:
    """How long people wait for a page under load, in milliseconds; medians of rounds, errors of all."""

    name: str
    goal: str
    rate: float
    p50: float
    p95: float
    errors: int

    def __str__(self) -> str:
        """Return a line of the table."""
        return (
            f"{self.name:<96} {'':>9} {self.goal:<9} {self.rate:>10.1f} /s, p50 {self.p50:.0f} ms, "
            f"p95 {self.p95:.0f} ms, {self.errors} errors"
        )
