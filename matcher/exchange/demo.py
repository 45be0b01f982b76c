"""The demo hub of `data/demo`: fictional organisations, needs, startups, testbeds, and one log-in per role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from ..hub import (
    closures,
    need_content,
    need_review,
    needs,
    organisations,
    passwords,
    people,
    prerequisite_steps,
    startups,
    testbeds,
)
from ..hub.clock import later
from ..hub.reference import DATA
from ..store import Store
from . import demo_cases, demo_played

FOLDER = DATA / "demo"
SINCE_DAYS = 1200  # the hub and its people are older than its first case
PASSWORD = "demo demo demo"  # noqa: S105 — shown on the log-in page of a demo, which holds nothing real

# Role, e-mail, name and the organisation each acts for. The order is that of the log-in page.
ACCOUNTS: tuple[dict[str, str], ...] = (
    {"role": "broker", "email": "broker@demo.example", "name": "Birgitta Ekström", "organisation": "mittpunkt"},
    {"role": "owner", "email": "owner@demo.example", "name": "Marie Lindqvist", "organisation": "lovhamn"},
    {"role": "startup", "email": "startup@demo.example", "name": "Samir Haddad", "organisation": "co-nattvakt"},
    {"role": "host", "email": "host@demo.example", "name": "Lars Nutti", "organisation": "vinterlabbet"},
    {"role": "administrator", "email": "admin@demo.example", "name": "Astrid Wallin", "organisation": "mittpunkt"},
)


def is_empty(store: Store) -> bool:
    """Whether the hub holds nothing yet; the demo is loaded into no other."""
    return not store.query("select id from organisation limit 1") and not store.query("select id from person limit 1")


def load(store: Store, now: str) -> dict[str, int]:
    """Fill an empty hub with the demo in one transaction; return how many of each noun came in."""
    with store.atomic():
        if not is_empty(store):
            raise ValueError("The demo is only loaded into an empty hub.")
        rows, since = list(read("cases")), later(now, days=-SINCE_DAYS)
        first = demo_cases.first_days(rows)
        for row in read("organisations"):
            content = {name: row.get(name) for name in organisations.OrganisationContent.model_fields}
            organisations.create(store, None, content, since, organisation_id=row["id"])
        acting = _people(store, since)
        counts = {"testbeds": 0, "needs": 0, "startups": 0}
        for position, row in enumerate(read("testbeds")):
            usual = later(now, minutes=position - 50_000)
            _testbed(store, row, usual, _since(first, row, now, usual))
            counts["testbeds"] += 1
        for position, row in enumerate(read("needs")):
            usual = later(now, days=-(position % 40), minutes=-37 * (position + 1))
            _need(store, row, usual, _since(first, row, now, usual))
            counts["needs"] += 1
        for position, row in enumerate(read("startups")):
            _startup(store, row, _since(first, row, now, later(now, minutes=position - 60_000)))
            counts["startups"] += 1
        for row in read("prerequisites"):
            prerequisite_steps.add(
                store, people.SYSTEM, row["testbed_id"], {"kind": row["kind"], "text": row["text"]}, since
            )
        counts["cases"] = len(demo_cases.play(store, rows, acting, now, read("bookings")))
        # What the played past told people was read long ago; nothing of it is sent now.
        store.execute("update outbox set sent_at = created_at, tries = 1, params = '{}' where sent_at is null")
    return counts


def _people(store: Store, since: str) -> demo_played.People:
    """Create who can log in, and those of the other organisations, who cannot; return who acts for each."""
    hashed, found = passwords.hashed(PASSWORD), {}
    for account in (*ACCOUNTS, *read("people")):
        password_hash = hashed if account in ACCOUNTS else None
        person = people.create(store, account["email"], account["name"], since, password_hash=password_hash)
        for role in account.get("roles") or [account["role"]]:
            people.grant(store, person, account["organisation"], role, None, since)
            found[role, "" if role == "broker" else account["organisation"]] = person
    return {role: viewer for role, person in found.items() if (viewer := people.viewer(store, person))}


def _since(first: dict[str, int], row: dict[str, Any], now: str, usual: str) -> str:
    """Return when a noun came to the hub: at its usual moment, or some weeks before its first case."""
    began, weeks = first.get(row["id"]), 2 + sum(map(ord, row["id"])) % 6
    return usual if began is None else min(usual, later(now, days=-began - 7 * weeks))


def read(name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one file of the demo."""
    with (FOLDER / f"{name}.jsonl").open(encoding="utf8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def _day(now: str, days: int | None) -> str | None:
    return (date.fromisoformat(now[:10]) + timedelta(days=days)).isoformat() if days is not None else None


def _owner(store: Store, organisation_id: str, role: str) -> str | None:
    found = people.in_organisation(store, organisation_id, role)
    return found[0]["id"] if found else None


def _need(store: Store, row: dict[str, Any], counted: str, now: str) -> None:
    """Create a need at `now`; the days in the row count from `counted`."""
    content = {name: row.get(name) for name in need_content.NeedContent.model_fields}
    days = {"wanted_by": _day(counted, row.get("wanted_days")), "valid_until": _day(counted, row.get("valid_days"))}
    needs.create(
        store, None, row["organisation_id"], {**content, **days}, now, id=row["id"], source="demo",
        person_id=_owner(store, row["organisation_id"], "owner"),
    )  # fmt: skip
    if row["state"] == "published":
        need_review.publish(store, None, row["id"], now, tell=False)
    elif row["state"] == "submitted":
        store.execute("update need set submitted_at = :now where id = :id", {"now": now, "id": row["id"]})


def _startup(store: Store, row: dict[str, Any], now: str) -> None:
    content = {name: row.get(name) for name in startups.StartupContent.model_fields}
    startups.create(
        store, None, row["organisation_id"], content, now, id=row["id"], source="demo",
        person_id=_owner(store, row["organisation_id"], "startup"),
    )  # fmt: skip
    if row["state"] == "published":
        startups.publish(store, None, row["id"], now)


def _testbed(store: Store, row: dict[str, Any], counted: str, now: str) -> None:
    """Create a testbed at `now`; the days of its closures count from `counted`."""
    content = {name: row.get(name) for name in testbeds.TestbedContent.model_fields}
    testbeds.create(
        store, None, row["organisation_id"], content, now, id=row["id"], source="demo",
        person_id=_owner(store, row["organisation_id"], "host"),
    )  # fmt: skip
    if row["state"] == "published":
        testbeds.publish(store, None, row["id"], now)
    for closure in row.get("closures", []):
        closures.close_period(
            store, None, row["id"], _day(counted, closure["start_days"]), _day(counted, closure["end_days"]),
            closure["reason"], now,
        )  # fmt: skip


def is_loaded(store: Store) -> bool:
    """Whether the demo's log-ins work here."""
    return bool(store.query("select id from person where email = :email", {"email": ACCOUNTS[0]["email"]}))
