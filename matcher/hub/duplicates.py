"""Duplicates: two profiles of one company are offered to the brokers, who decide. Merging itself is `merging.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Any

from ..store import Store
from .ids import new_id
from .organisations import name_key

ALIKE = 0.9
# Hundreds of names may begin with the same word ("Svensk …"): each is compared with so many of its neighbours in
# alphabetical order, which keeps the work linear. Names that are alike from the start stand close together.
NEIGHBOURS = 12


def find(store: Store, now: str) -> int:
    """Offer every pair of profiles that look like one company; return how many offers are new. Safe to repeat."""
    rows = _rows(store)
    with store.atomic():
        return sum(_offer(store, a, b, reason, now) for a, b, reason in [*_same_number(rows), *_same_name(rows)])


def find_for(store: Store, startup_id: str, now: str) -> int:
    """Offer the pairs that one new or renamed profile is part of; return how many offers are new.

    Reads the names of all profiles: 0.1 s at 10,000, so imports use `find` once at their end instead.
    """
    rows = _rows(store)
    own = next((row for row in rows if row["id"] == startup_id), None)
    if own is None:
        return 0
    number = [row for row in rows if own["orgnr"] and row["orgnr"] == own["orgnr"]]
    first = _first_word(own["key"])
    named = [row for row in rows if first and _first_word(row["key"]) == first and alike(own["key"], row["key"])]
    with store.atomic():
        return sum(
            _offer(store, own, other, reason, now)
            for others, reason in ((number, "orgnr"), (named, "name"))
            for other in others
            if other["id"] != startup_id
        )


def alike(key: str, other: str) -> bool:
    """Whether two name keys are the same, or nearly (difflib's ratio 0.9 or more); an empty one is like none."""
    if not key or not other:
        return False
    if key == other:
        return True
    if not _may_be_alike(key, other):
        return False
    matcher = SequenceMatcher(None, key, other, autojunk=False)
    return matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def _may_be_alike(key: str, other: str) -> bool:
    """Whether the lengths allow the ratio: at most 2 × the shorter over the sum. Figures must be the same.

    "Förvaltning 12 AB" and "Förvaltning 13 AB" are two companies, however many letters they share.
    """
    if 2 * min(len(key), len(other)) / (len(key) + len(other)) < ALIKE:
        return False
    return [mark for mark in key if mark.isdigit()] == [mark for mark in other if mark.isdigit()]


def _rows(store: Store) -> list[dict[str, Any]]:
    """Return id, name key, organisation number and age of every profile that was not merged away."""
    rows = store.query(
        """select s.id, s.name, s.created_at, o.orgnr as orgnr from startup s
           join organisation o on o.id = s.organisation_id where s.merged_into is null"""
    )
    return [{**row, "key": name_key(row["name"])} for row in rows]


def _first_word(key: str) -> str:
    return key.partition(" ")[0]


def _same_number(rows: Iterable[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any], str]]:
    """Return each profile paired with the oldest that carries the same organisation number."""
    return _with_oldest(rows, "orgnr", "orgnr")


def _same_name(rows: Iterable[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any], str]]:
    """Return the pairs with the same name key, and the neighbours with nearly the same."""
    rows = list(rows)
    pairs = _with_oldest(rows, "key", "name")
    groups: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in sorted(rows, key=_age):
        if row["key"]:
            groups[_first_word(row["key"])].setdefault(row["key"], row)
    for group in groups.values():
        keys = sorted(group)
        for position, key in enumerate(keys):
            near = keys[position + 1 : position + 1 + NEIGHBOURS]
            pairs += [(group[key], group[other], "name") for other in near if alike(key, other)]
    return pairs


def _with_oldest(
    rows: Iterable[dict[str, Any]], column: str, reason: str
) -> list[tuple[dict[str, Any], dict[str, Any], str]]:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row[column]:
            groups[row[column]].append(row)
    return [
        (group[0], other, reason)
        for group in (sorted(members, key=_age) for members in groups.values())
        for other in group[1:]
    ]


def _age(row: dict[str, Any]) -> tuple[str, str]:
    return row["created_at"], row["id"]


def _offer(store: Store, a: dict[str, Any], b: dict[str, Any], reason: str, now: str) -> int:
    """Add the offer to keep the older of two, unless the pair was offered before, whichever way round."""
    keep, drop = sorted((a, b), key=_age)
    return store.execute(
        """insert into merge_offer (id, keep_id, drop_id, reason, found_at)
           select :id, :keep, :drop, :reason, :now
           where not exists (select 1 from merge_offer where keep_id = :drop and drop_id = :keep)
           on conflict (keep_id, drop_id) do nothing""",
        {"id": new_id(), "keep": keep["id"], "drop": drop["id"], "reason": reason, "now": now},
    )
