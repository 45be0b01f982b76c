"""The published versions of a need, and what changed from one to the next."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, Literal

from ..store import Store
from .need_content import LISTS, PUBLIC_FIELDS, TEXTS, NeedContent, inside
from .people import Viewer

WORDS_COMPARED = 4_000  # a longer text is shown whole, before and after: comparing takes time by its square

Kind = Literal["same", "gone", "new"]


@dataclass(frozen=True)
class Change:
    """One field that differs. A text comes in `pieces` of (kind, text); any other field as `before` and `after`."""

    field: str
    before: Any
    after: Any
    pieces: tuple[tuple[Kind, str], ...] = ()


def keep(store: Store, need_id: str, number: int, person_id: str | None, columns: dict[str, Any], now: str) -> None:
    """Store the content (as columns) as a version, in the transaction of the change."""
    content = {name: json.loads(columns[name]) if name in LISTS else columns[name] for name in NeedContent.model_fields}
    store.insert(
        "need_version",
        {
            "need_id": need_id,
            "number": number,
            "at": now,
            "person_id": person_id,
            "content": json.dumps(content, ensure_ascii=False),
        },
    )


def versions(store: Store, viewer: Viewer | None, need_id: str) -> list[dict[str, Any]]:
    """Return the versions, newest first: number, at, readable content, its changes, and `person`, who wrote it.

    The first is what was published: nobody finds a draft here. Whoever is not on the need's own side or a broker reads
    the public fields, as they stood in public, and not who wrote them.
    """
    rows = store.query(
        """select v.number, v.at, v.content, p.name as person, n.organisation_id from need_version v
           join need n on n.id = v.need_id left join person p on p.id = v.person_id
           where v.need_id = :id order by v.number desc""",
        {"id": need_id},
    )
    found = [
        {
            "number": row["number"],
            "at": row["at"],
            "person": row["person"] if inside(viewer, row["organisation_id"]) else None,
            "content": _readable(inside(viewer, row["organisation_id"]), json.loads(row["content"])),
            "changes": [],
        }
        for row in rows
    ]
    for newer, older in pairwise(found):
        newer["changes"] = changes(older["content"], newer["content"])
    return found


def _readable(whole: bool, content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if whole or name in PUBLIC_FIELDS}


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Return the fields that differ between two contents, in the order of the form."""
    return [
        Change(
            name,
            before.get(name),
            after.get(name),
            pieces(before.get(name) or "", after.get(name) or "") if name in TEXTS else (),
        )
        for name in NeedContent.model_fields
        if before.get(name) != after.get(name)
    ]


def pieces(before: str, after: str) -> tuple[tuple[Kind, str], ...]:
    """Return the words of both texts in reading order, each run marked as the same, gone or new."""
    old, new = re.findall(r"\S+\s*", before), re.findall(r"\S+\s*", after)
    if len(old) + len(new) > WORDS_COMPARED:
        return (("gone", before), ("new", after))
    found: list[tuple[Kind, str]] = []
    matcher = SequenceMatcher(None, [word.strip() for word in old], [word.strip() for word in new], autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            found.append(("same", "".join(new[new_from:new_to])))
            continue
        if old_to > old_from:
            found.append(("gone", "".join(old[old_from:old_to])))
        if new_to > new_from:
            found.append(("new", "".join(new[new_from:new_to])))
    return tuple(found)
