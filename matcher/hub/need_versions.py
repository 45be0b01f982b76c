"""The published versions of a need, and what changed from one to the next."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, Literal

from ..store import Store
from .need_content import LISTS, PUBLIC_FIELDS, TEXTS, NeedContent, inside
from .people import Viewer

PAGE = 20
WORDS_COMPARED = 4_000  # a longer text is shown whole, before and after: comparing takes time by its square
# Comparing takes time by how often a word of one text meets itself in the other, and by the square of that and worse
# when few words come again and again. A text of 1,000 words meets itself some 10,000 times, one of 2,000 some 40,000
# times. Anybody may ask for this page: past so many meetings, of one text and of a page, texts are shown whole.
MEETINGS, MEETINGS_OF_PAGE = 40_000, 120_000

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


class Room:
    """How much may still be compared for a page."""

    def __init__(self) -> None:
        """Begin with all of it."""
        self._left = MEETINGS_OF_PAGE

    def takes(self, old: list[str], new: list[str]) -> bool:
        """Whether two texts, as words, may be compared; if so, it counts."""
        before = Counter(old)
        meetings = sum(before[word] for word in new)
        if len(old) + len(new) > WORDS_COMPARED or meetings > min(MEETINGS, self._left):
            return False
        self._left -= meetings
        return True


def count(store: Store, need_id: str) -> int:
    """Return how many versions of a need are kept."""
    return int(store.query("select count(*) as n from need_version where need_id = :id", {"id": need_id})[0]["n"])


def versions(store: Store, viewer: Viewer | None, need_id: str, page: int = 1) -> list[dict[str, Any]]:
    """Return a page of the versions, newest first, each with its changes.

    number, at, readable content, changes, `person` (who wrote it) and `oldest` (there is none before it).

    The first is what was published: nobody finds a draft here. Whoever is not on the need's own side or a broker reads
    the public fields, as they stood in public, and not who wrote them.
    """
    rows = store.query(
        """select v.number, v.at, v.content, p.name as person, n.organisation_id from need_version v
           join need n on n.id = v.need_id left join person p on p.id = v.person_id
           where v.need_id = :id order by v.number desc limit :limit offset :offset""",
        {"id": need_id, "limit": PAGE + 1, "offset": PAGE * (max(page, 1) - 1)},
    )
    found = [
        {
            "number": row["number"],
            "at": row["at"],
            "person": row["person"] if inside(viewer, row["organisation_id"]) else None,
            "content": _readable(inside(viewer, row["organisation_id"]), json.loads(row["content"])),
            "changes": [],
            "oldest": row is rows[-1],
        }
        for row in rows
    ]
    room = Room()
    for newer, older in pairwise(found):
        newer["changes"] = changes(older["content"], newer["content"], room)
    return found[:PAGE]


def _readable(whole: bool, content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if whole or name in PUBLIC_FIELDS}


def changes(before: dict[str, Any], after: dict[str, Any], room: Room | None = None) -> list[Change]:
    """Return the fields that differ between two contents, in the order of the form."""
    room = room or Room()
    return [
        Change(
            name,
            before.get(name),
            after.get(name),
            pieces(before.get(name) or "", after.get(name) or "", room) if name in TEXTS else (),
        )
        for name in NeedContent.model_fields
        if before.get(name) != after.get(name)
    ]


def pieces(before: str, after: str, room: Room | None = None) -> tuple[tuple[Kind, str], ...]:
    """Return the words of both texts in reading order, each run marked as the same, gone or new.

    Where there is no `room` to compare them, the one is gone and the other new.
    """
    old, new = re.findall(r"\S+\s*", before), re.findall(r"\S+\s*", after)
    bare = [word.strip() for word in old], [word.strip() for word in new]
    if not (room or Room()).takes(*bare):
        return (("gone", before), ("new", after))
    found: list[tuple[Kind, str]] = []
    matcher = SequenceMatcher(None, *bare, autojunk=False)
    for tag, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if tag == "equal":
            found.append(("same", "".join(new[new_from:new_to])))
            continue
        if old_to > old_from:
            found.append(("gone", "".join(old[old_from:old_to])))
        if new_to > new_from:
            found.append(("new", "".join(new[new_from:new_to])))
    return tuple(found)
