"""The record in words: what was done, and to what kind of thing, as an administrator reads it."""

from __future__ import annotations

from typing import Any

from flask import Flask

from . import route_words, words
from .record_terms import ACTIONS, CHAIN_FAULTS, CODES, DETAILS, KINDS


def chain_fault(code: str) -> str:
    """Return what is wrong with a row of the record, as a sentence."""
    return str(CHAIN_FAULTS[code])


def action(code: str) -> str:
    """Return what was done in words; the code itself when it is of another time."""
    return str(ACTIONS.get(code, code))


def kind(code: str) -> str:
    """Return the word for a kind of thing; the code itself when it is of another time."""
    return str(KINDS.get(code, code))


def details(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (word, value) for what the record tells beside the action; what is empty is left out."""
    told = [(name, value) for name, value in row["detail"].items() if value not in (None, "", [])]
    told.sort(key=lambda one: "starts_on~" if one[0] == "ends_on" else one[0])  # the last day comes after the first
    return [(str(DETAILS.get(name, name.replace("_", " "))), _value(row["kind"], name, value)) for name, value in told]


def _value(kind: str, name: str, value: Any) -> str:
    group = f"{kind}_fields"
    if name == "changed" and isinstance(value, list):
        return ", ".join(words.label(group, one) if group in words.LABELS else str(one) for one in value)
    if name == "questions" and isinstance(value, list):
        return " ".join(words.label("route_questions", one) for one in value)
    if isinstance(value, float):
        return words.figure(value, 3)
    codes = CODES.get(f"{kind} {name}") or CODES.get(name)
    if codes and isinstance(value, str):
        return words.label(codes, value)
    if name == "way":
        return route_words.way_name(str(value))
    if name in ("answer_by", "starts_on", "ends_on", "held_on", "on_day", "closes_on", "week_on"):
        return words.day(str(value))
    return str(value)


def install(app: Flask) -> None:
    """Give the words of the record to its pages."""
    app.jinja_env.globals.update(record_action=action, record_kind=kind, record_details=details)
