"""What the public reads of a case: a title and a summary from each side, shown when both sides have said yes to it.

A yes holds for the very text that was read: it names the revision, and a change of any text asks both anew. The names
of both stand as they were at the first yes, whatever they are called later: nobody writes on the page by another name.
Either side may take its yes back, and the page is gone at once. What becomes public is read in `released.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..store import Store
from . import cases, fields, locks, parties, record
from .errors import Conflict, Denied, Invalid, NotFound, Stale
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
SIDES = ("owner", "startup")
TEXT_LIMIT = 2_000
_UNNAMED = {f"{side}_name": None for side in SIDES}


class OwnerContent(fields.Content):
    """What the owner of the need writes: the page's title, its summary, and the language of the page."""

    title: fields.Title
    owner_text: fields.Text = ""
    language: fields.Language = "sv"


class StartupContent(fields.Content):
    """What the startup writes: its own summary."""

    startup_text: fields.Text = ""


CONTENT: dict[str, type[fields.Content]] = {"owner": OwnerContent, "startup": StartupContent}


def load(store: Store, viewer: Viewer | None, pairing_id: str) -> Row:
    """Return a case that may be released, for its two sides and the brokers; raise NotFound."""
    case = cases.load(store, viewer, pairing_id)
    if not case["confirmed_at"] or not can(viewer, "release.view", case):
        raise NotFound("release")
    return case


def of_case(store: Store, case: Row) -> Row:
    """Return what stands of a case's page; what would stand in it at first (revision 0) while nobody wrote any."""
    rows = store.query(
        """select r.*, o.name as owner_person, s.name as startup_person from release r
           left join person o on o.id = r.owner_released_by left join person s on s.id = r.startup_released_by
           where r.pairing_id = :id""",
        {"id": case["id"]},
    )
    first = {"pairing_id": case["id"], "revision": 0, "title": case["need_title"], "language": case["need_language"]}
    texts = {"owner_text": "", "startup_text": "", "owner_released_at": None, "startup_released_at": None}
    return rows[0] if rows else {**first, **texts, **_UNNAMED, "owner_person": None, "startup_person": None}


def is_public(row: Row) -> bool:
    """Whether both sides have said yes to what stands."""
    return bool(row["owner_released_at"] and row["startup_released_at"])


def unwritten(row: Row) -> list[str]:
    """Return the sides whose summary is still to be written: before that nobody can say yes."""
    return [side for side in SIDES if not row[f"{side}_text"]]


def own_sides(viewer: Viewer, case: Row) -> list[str]:
    """Return the sides of a release that a person stands for: owner, startup."""
    return [side for side in cases.sides(viewer, case) if side in SIDES]


def save(store: Store, viewer: Viewer, pairing_id: str, side: str, given: Row, revision: int, now: str) -> None:
    """Keep what a side writes; every yes that was given is thereby asked for anew, and the page is not public.

    Raise Stale with `current` when somebody saved another text since `revision`.
    """
    with viewer.deciding(store):
        case, row = _locked(store, viewer, pairing_id, side)
        content = fields.validate(CONTENT[side], given).model_dump()
        _check_length(content)
        if row["revision"] != revision:
            raise Stale("stale", current=row)
        changed = [name for name, value in content.items() if row[name] != value]
        if not changed and row["revision"]:
            return
        kept = {name: row[name] for name in ("title", "owner_text", "startup_text", "language")} | content
        no = {f"{one}_released_{what}": None for one in SIDES for what in ("at", "by")}
        written = {"written_at": now, "written_by": viewer.person_id, "revision": revision + 1}
        store.upsert("release", {"pairing_id": pairing_id, **kept, **no, **_UNNAMED, **written}, ["pairing_id"])
        was = {"was_public": is_public(row), "lost": [one for one in SIDES if row[f"{one}_released_at"]]}
        parties.tell(
            store, viewer, case, (*SIDES, "broker"), "release_changed", now, side=side,
            ready=not unwritten(kept), **was,
        )  # fmt: skip
        record.write(
            store, viewer.person_id, "release.write", "pairing", pairing_id, now, side=side, changed=changed,
            version=revision + 1,
        )  # fmt: skip


def _check_length(content: Row) -> None:
    errors = {
        name: ("too_long", {"limit": TEXT_LIMIT, "length": len(text)})
        for name, text in content.items()
        if name.endswith("_text") and len(text) > TEXT_LIMIT
    }
    if errors:
        raise Invalid(errors)


def agree(
    store: Store, viewer: Viewer, pairing_id: str, side: str, revision: int, now: str,
    read: Mapping[str, str | None] | None = None,
) -> bool:  # fmt: skip
    """Say yes for a side to the text of `revision` and return whether the page is public now.

    `read`: the names on the page that was read, by side; those that it does not tell are not looked at. Raise Conflict
    when another text or name stands, when a summary is missing, or when the side said yes already.
    """
    with viewer.deciding(store):
        case, row = _locked(store, viewer, pairing_id, side)
        if unwritten(row):
            raise Conflict("release_unwritten", names=", ".join(case[f"{one}_name"] for one in unwritten(row)))
        names = {f"{one}_name": row[f"{one}_name"] or case[f"{one}_name"] for one in SIDES}
        renamed = [one for one, name in (read or {}).items() if name and name != names[f"{one}_name"]]
        if row["revision"] != revision or renamed:
            raise Conflict("release_changed")
        if row[f"{side}_released_at"]:
            raise Conflict("release_agreed", person=row[f"{side}_person"] or "", at=row[f"{side}_released_at"])
        _set(store, pairing_id, side, now, viewer.person_id, names)
        public = is_public({**row, f"{side}_released_at": now})
        event = "released" if public else "release_asked"
        other = [one for one in SIDES if one != side]
        told = (*SIDES, "broker") if public else other
        parties.tell(store, viewer, case, told, event, now, side=side)
        record.write(store, viewer.person_id, "release.agree", "pairing", pairing_id, now, side=side, version=revision)
        if public:
            record.write(store, viewer.person_id, "release.public", "pairing", pairing_id, now, version=revision)
    return public


def take_back(store: Store, viewer: Viewer, pairing_id: str, side: str, now: str) -> None:
    """Take a side's yes back: the page is public no more. Raise Conflict when there is none."""
    with viewer.deciding(store):
        case, row = _locked(store, viewer, pairing_id, side)
        if not row[f"{side}_released_at"]:
            raise Conflict("release_not_agreed")
        still = any(row[f"{one}_released_at"] for one in SIDES if one != side)
        _set(store, pairing_id, side, None, None, {name: row[name] for name in _UNNAMED} if still else _UNNAMED)
        parties.tell(
            store, viewer, case, (*SIDES, "broker"), "release_taken_back", now, side=side, was_public=is_public(row)
        )
        record.write(store, viewer.person_id, "release.take_back", "pairing", pairing_id, now, side=side)


def ask(store: Store, viewer: Viewer, pairing_id: str, now: str) -> None:
    """Ask the sides that have not said yes to write and release; a broker's wish."""
    with viewer.deciding(store):
        case = locks.case(store, pairing_id)
        if not can(viewer, "release.ask", case):
            raise Denied("denied")
        row = of_case(store, case)
        if is_public(row):
            raise Conflict("release_public")
        silent = [side for side in SIDES if not row[f"{side}_released_at"]]
        parties.tell(store, viewer, case, silent, "release_asked", now, side="broker")
        record.write(store, viewer.person_id, "release.ask", "pairing", pairing_id, now)


def _locked(store: Store, viewer: Viewer, pairing_id: str, side: str) -> tuple[Row, Row]:
    """Lock the case and return it with its release; raise Denied unless the person stands for this side."""
    case = locks.case(store, pairing_id)
    if side not in SIDES or not can(viewer, "release.write", case) or side not in own_sides(viewer, case):
        raise Denied("denied")
    if not case["confirmed_at"]:
        raise Conflict("pairing_not_confirmed")
    return case, of_case(store, case)


def _set(store: Store, pairing_id: str, side: str, at: str | None, by: str | None, names: Row) -> None:
    store.execute(
        f"""update release set {side}_released_at = :at, {side}_released_by = :by, owner_name = :owner_name,
                   startup_name = :startup_name where pairing_id = :id""",
        {"at": at, "by": by, "id": pairing_id, **names},
    )
