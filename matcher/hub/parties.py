"""Who is told of a step in a case, and what every such mail holds: what happened, what comes next, whom to ask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..store import Store
from . import mail, needs, people
from .people import Viewer

LOCALES = ("sv", "en")
Case = dict[str, Any]


def brokers(store: Store, person_id: str | None) -> list[dict[str, Any]]:
    """Return the broker who holds a case when still there and active, else all brokers."""
    everybody = people.with_role(store, "broker")
    return [person for person in everybody if person["id"] == person_id] or everybody


def of_side(store: Store, side: str, case: Case) -> list[dict[str, Any]]:
    """Return the people of one side of a case: owner, startup, host or broker (id, name, email, locale)."""
    if side == "owner":
        need = {"person_id": case["need_person_id"], "organisation_id": case["owner_organisation"]}
        return needs.owners(store, need)
    if side == "startup":
        return people.in_organisation(store, case["startup_organisation"], "startup")
    if side == "host":
        return _hosts(store, case)
    return brokers(store, case["holder_id"])


def _hosts(store: Store, case: Case) -> list[dict[str, Any]]:
    """Return the host's people; a testbed whose host never logs in is reached at its contact and the backup.

    Not so one who was the host's own and is no longer: the address stands there until somebody changes it.

    A testbed that is only suggested has no host yet: it neither sees the case nor hears of it (`cases.visible`).
    """
    if not case.get("confirmed_at", True):  # a booking has no such column: its host is asked from the first
        return []
    found = people.in_organisation(store, case["host_organisation"], "host")
    given = {case[f"{which}_email"]: case[f"{which}_name"] for which in ("backup", "contact") if case[f"{which}_email"]}
    if found or not given:
        return found
    language = case["testbed_language"] if case["testbed_language"] in LOCALES else "en"
    gone = people.left(store, given, case["host_organisation"])
    return [
        {"id": None, "name": given[email], "email": email, "locale": language}
        for email in sorted(given, key=lambda email: email != case["contact_email"])
        if email not in gone
    ]


def others(told: Iterable[dict[str, Any]], viewer: Viewer) -> list[dict[str, Any]]:
    """Return people without the one who acts and without doubles."""
    return list({person["email"]: person for person in told if person["email"] != viewer.email}.values())


def tell(store: Store, viewer: Viewer, case: Case, sides: Iterable[str], event: str, now: str, **params: Any) -> int:
    """Queue the mail `pairing_EVENT` to the people of `sides`, each once, but not to the one who acts.

    `now` makes the event unique: extending twice tells twice. Return how many mails are new.
    """
    told = others((person for side in sides for person in of_side(store, side, case)), viewer)
    return mail.queue(
        store, f"pairing.{event}:{case['id']}:{now}", told, f"pairing_{event}", now,
        pairing_id=case["id"], need=case["need_title"], startup=case["startup_name"], owner=case["owner_name"],
        testbed=case["testbed_name"], answer_by=case["answer_by"], starts_on=case["starts_on"],
        ends_on=case["ends_on"], broker=case["broker"], broker_email=case["broker_email"], actor=viewer.name,
        **params,
    )  # fmt: skip
