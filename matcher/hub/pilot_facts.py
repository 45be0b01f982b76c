"""What must be settled before a pilot may start: the facts, the ethics and privacy check, and a place to test at.

Pilots without an end, a measure or somebody who may sign never become anything. So each of these is asked for by
name, and the list of them, red or green, is the same for the page and for the rule that refuses a start.
"""

from __future__ import annotations

from typing import Any

from . import fields
from .clock import day
from .errors import Invalid

Row = dict[str, Any]
Answer = fields.choice("check_answers", frozenset({"yes", "no", "unknown"}), "unknown")

CHECKS = ("personal_data", "impact_assessment", "patients", "research", "review_board", "security")
PERSONS = ("runner_name", "runner_role", "signer_name", "signer_role")
# People leave and plans for afterwards change; what the pilot is judged by does not, once it has started.
AFTER_START = frozenset((*PERSONS, "route", "route_code", "checks_note"))
INDICATORS_MOST = 3


class FactsContent(fields.Content):
    """The facts of a pilot as somebody writes them, all at once or some at a time."""

    question: fields.Text = ""
    starts_on: fields.Day = None
    ends_on: fields.Day = None
    runner_name: fields.Line = ""
    runner_role: fields.Line = ""
    signer_name: fields.Line = ""
    signer_role: fields.Line = ""
    route: fields.Text = ""
    route_code: fields.Line = ""
    personal_data: Answer = "unknown"
    impact_assessment: Answer = "unknown"
    patients: Answer = "unknown"
    research: Answer = "unknown"
    review_board: Answer = "unknown"
    security: Answer = "unknown"
    checks_note: fields.Text = ""


EMPTY: Row = FactsContent().model_dump()


def checked(data: Row, before: Row, case: Row, now: str) -> Row:
    """Return the facts in `data` as they are kept; raise Invalid. `before`: what is known of the others."""
    content = fields.validate(FactsContent, data).model_dump(include=set(data))
    if {"starts_on", "ends_on"} & set(content):
        merged = {**before, **content}
        check_period(merged["starts_on"], merged["ends_on"], case, now)
    return content


def check_period(starts_on: str | None, ends_on: str | None, case: Row, now: str) -> None:
    """Raise Invalid for days that no pilot can have: over already, in the wrong order, outside the booked place."""
    if ends_on and ends_on < day(now):
        raise Invalid({"ends_on": ("period_over", {})})
    if starts_on and ends_on and ends_on <= starts_on:
        raise Invalid({"ends_on": ("pilot_order", {})})
    place = {"first": case["starts_on"], "last": case["ends_on"]}
    if not case["confirmed_at"]:
        return
    if starts_on and not case["starts_on"] <= starts_on <= case["ends_on"]:
        raise Invalid({"starts_on": ("pilot_place", place)})
    if ends_on and not case["starts_on"] <= ends_on <= case["ends_on"]:
        raise Invalid({"ends_on": ("pilot_place", place)})


def settled(row: Row, indicators: int, case: Row, closed: list[str], now: str) -> list[tuple[str, bool]]:
    """Return (code, whether it is settled) of all that a start needs, in the order of the form.

    `indicators` is how many there are; `closed` holds the codes of `access.missing`: why the place may not be used.
    """
    found = [
        ("question", bool(row["question"])),
        ("starts_on", bool(row["starts_on"])),
        ("ends_on", bool(row["ends_on"])),
    ]
    if row["ends_on"]:
        found.append(("not_past", row["ends_on"] >= day(now)))
    if row["starts_on"] and row["ends_on"]:
        found.append(("in_place", _in_place(row, case)))
    found += [
        ("runner", bool(row["runner_name"] and row["runner_role"])),
        ("signer", bool(row["signer_name"] and row["signer_role"])),
        ("route", bool(row["route"])),
        ("indicators", 1 <= indicators <= INDICATORS_MOST),
        *checks(row),
    ]
    return [*found, *((f"access_{code}", False) for code in closed), *([] if closed else [("access", True)])]


def checks(row: Row) -> list[tuple[str, bool]]:
    """Return (code, whether it is green) of the ethics and privacy check; what needs no answer is left out."""
    found = [("personal_data", row["personal_data"] != "unknown")]
    if row["personal_data"] == "yes":
        found.append(("impact_assessment", row["impact_assessment"] == "yes"))
    found += [("patients", row["patients"] != "unknown"), ("research", row["research"] != "unknown")]
    if "yes" in (row["patients"], row["research"]):
        found.append(("review_board", row["review_board"] == "yes"))
    return [*found, ("security", row["security"] == "yes")]


def _in_place(row: Row, case: Row) -> bool:
    if not case["confirmed_at"]:
        return True  # the place is red by itself
    return case["starts_on"] <= row["starts_on"] and row["ends_on"] <= case["ends_on"]
