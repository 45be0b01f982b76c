"""What the arguments of a step are drawn from: right more often than not, and wrong in the ways that people are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import strategies as st

PEOPLE = ("broker", "owner", "founder", "rival", "host", "own_host", "stranger")
OTHER_PAPER = b"PK\x03\x04 another paper"
OUTCOME = {"in_use": "yes", "used_by": "40", "spread": "Alingsås\nKungälv", "economic": "some", "hours": "3"}
COMPANY = {"jobs": "4", "customers": "9"}
SENTENCE = "Ord om saken som räcker till mer än fyra."

CASE = st.sampled_from((0, 0, 0, 1, 2))
WHO = st.sampled_from(("right",) * 12 + PEOPLE)
SIDE = st.sampled_from((*["right"] * 6, "owner", "startup", "host", "broker", "nobody"))
NOTE = st.sampled_from((*[SENTENCE] * 7, "", " \u200b ", "x" * 250, "x" * 9_000))
LINE = st.sampled_from((*["Kim Ek"] * 5, "", "x" * 250, "x" * 301))
AHEAD = st.sampled_from((-40, -1, 0, 1, 3, 20))
DAYS = st.sampled_from((-1, 0, 1, 14, 40, 90, 800))
WHICH = st.sampled_from((*["last"] * 6, "first", "none"))
RIGHT = st.sampled_from((*[True] * 6, False))

Strategies = dict[str, st.SearchStrategy[Any]]
STEPS: dict[str, Strategies] = {}  # what each step is drawn from, beside the case that it is taken in
Step = TypeVar("Step", bound=Callable[..., None])


def step(**strategies: st.SearchStrategy[Any]) -> Callable[[Step], Step]:
    """Enter a step of a walk, with what its arguments are drawn from."""

    def enter(method: Step) -> Step:
        STEPS[method.__name__] = strategies
        return method

    return enter
