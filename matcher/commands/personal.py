"""What an operator does for a person who asks: give out what is kept about them, and erase them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..config import Config
from ..exchange import erased
from ..hub import clock, disclosure, erasure, passwords
from ..hub.errors import NotFound
from ..store import Store


def find(store: Store, email: str) -> str:
    """Return the id of whoever has an account with this address; raise NotFound."""
    rows = store.query("select id from person where email = :email", {"email": passwords.address(email)})
    if not rows:
        raise NotFound("person")
    return str(rows[0]["id"])


def export(store: Store, person_id: str, file: Path) -> int:
    """Write all about a person to a file that nobody else may read; return how many rows that is."""
    found = disclosure.about(store, person_id, clock.now())
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf8") as out:
        json.dump(found, out, ensure_ascii=False, indent=1)
    return sum(len(group["rows"]) for group in found["groups"])


def hanging(store: Store, person_id: str) -> list[str]:
    """Return a line for each thing that erasing the person touches beside their account."""
    held: dict[str, Any] = erasure.preview(store, person_id)
    lines = [f"open case, goes to another broker: {row['need']} – {row['startup']}" for row in held["cases"]]
    lines += [f"booking, stays with the organisation: {row['title']}" for row in held["bookings"]]
    lines += [f"testbed that loses its contact: {row['name']}" for row in held["contacts"]]
    return lines + [f"organisation that nobody acts for then: {row['name']}" for row in held["alone"]]


def erase(config: Config, store: Store, person_id: str) -> None:
    """Erase a person and note it where a restored backup finds it; raise Conflict for the last administrator."""
    erasure.erase(store, person_id, None, clock.now())
    erased.note(store, (config.instance, config.backups))
