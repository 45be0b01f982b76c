"""Mail by the table of rights: whom the hub writes to may open what the mail tells of, and the words in it are theirs.

Every form of the hub is sent as everybody who may, the clock is moved for what is due by itself, and each mail that is
queued is looked at: by the rule that the background asks before it sends, by opening its links, and by its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import matcher
from matcher import work
from matcher.hub import addressees, clock, directory, mail, people, reminders, sessions
from matcher.store import Store
from matcher.web import letters
from tests.test_work import Letterbox, letterbox, server  # noqa: F401

from .test_canaries import WORD, _audience
from .test_policy import POLICY
from .walking import SAFE, Hub, open_hub
from .world import VISITORS

NAMES = {path.stem for path in (Path(matcher.__file__).parent / "templates" / "mail").glob("[a-z]*.txt")}
# About the reader's own log-in, or a letter of others.
OWN = {"invite", "reset", "reset_elsewhere", "login_changed", "digest"}
LINK = re.compile(r"http://localhost(/\S+)")
# Where a mail tells somebody more than the pages do, on purpose: to whom it is written.
ADDRESSED = {
    "spread_letter": {"spread.letter"},  # the broker's own words to them
    "need_closed": {"need.closed."},
}


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened


def waiting(store: Store) -> list[dict[str, Any]]:
    """Return the mails that wait, but for the two that the world made up."""
    pages = mail.listing(store, "waiting")["pages"]
    rows = [row for page in range(1, pages + 1) for row in mail.listing(store, "waiting", page)["rows"]]
    return [row for row in rows if not row["event"].startswith("test:")]


def queued(store: Store) -> set[str]:
    """Return the ids of all mails."""
    return {row["id"] for row in store.query("select id from outbox")}


def written(hub: Hub, row: dict[str, Any]) -> str:
    with hub.app.app_context():
        return "\n".join(letters.write(row))


def kinds(hub: Hub, email: str) -> set[str]:
    """Return the kinds of visitor that a reader is: those who hold a role that the reader holds too."""
    found = hub.store.query("select id from person where email = :email", {"email": email})
    viewer = people.viewer(hub.store, found[0]["id"]) if found else None
    if viewer is None:
        return {"host"}  # the contact of a testbed, whose address the host gave
    return {name for name in VISITORS[1:9] if hub.world.people[name].roles & viewer.roles}


def faults(hub: Hub, row: dict[str, Any], opened: dict[tuple[str, str], int]) -> list[str]:
    """Return what is wrong with a mail at this moment. `opened`: what each reader's links answered before."""
    store, who = hub.store, f"{row['template']} to {row['recipient']}"
    found = [] if addressees.may_read(store, row) else [f"{who}: may not read it"]
    text = written(hub, row)
    audience = kinds(hub, row["recipient"])
    for word in WORD.findall(text):
        addressed = any(word.startswith(start) for start in ADDRESSED.get(row["template"], ()))
        if not addressed and not audience & set(_audience(word)) and word not in row["recipient"]:
            found.append(f"{who}: holds {word}")
    person = store.query("select id from person where email = :email", {"email": row["recipient"]})
    for path in LINK.findall(text) if person else ():
        if (row["recipient"], path) not in opened:
            opened[row["recipient"], path] = _open(hub, person[0]["id"], path)
        if opened[row["recipient"], path] >= 400:
            found.append(f"{who}: {path} answers {opened[row['recipient'], path]}")
    return found


def _open(hub: Hub, person_id: str, path: str) -> int:
    hub.world.tokens["reader"] = sessions.start(hub.store, person_id, clock.now())
    try:
        return hub.send("reader", "GET", path).status_code
    finally:
        del hub.world.tokens["reader"]


def test_each_kind_of_mail_has_its_rule() -> None:
    for name in NAMES:
        assert addressees.rule_of(name)
    with pytest.raises(LookupError, match="no rule"):
        addressees.rule_of("made_up")


def test_whom_the_hub_writes_to_may_open_what_the_mail_tells_of(hub: Hub) -> None:
    wrong, seen, before = [], set(), queued(hub.store)
    opened: dict[tuple[str, str], int] = {}
    for row in waiting(hub.store):
        wrong += faults(hub, row, opened)
        seen.add(row["template"])
    hub.reset()
    for endpoint, thing, visitor in writes():
        hub.send(visitor, "POST", hub.address(endpoint, thing), data=hub.form(endpoint, visitor, thing))
        opened.clear()
        if len(queued(hub.store)) > len(before):
            for row in waiting(hub.store):
                if row["id"] not in before:
                    wrong += [f"{endpoint} {thing}: {fault}" for fault in faults(hub, row, opened)]
                    seen.add(row["template"])
        hub.reset()
    for days in (4, 8, 61, 190, 200, 250):
        moment = clock.later(hub.world.now, days=days)
        reminders.send(hub.store, moment)
        opened.clear()
        for row in waiting(hub.store):
            if row["id"] not in before:
                wrong += [f"after {days} days: {fault}" for fault in faults(hub, row, opened)]
                seen.add(row["template"])
    hub.reset()
    assert sorted(set(wrong)) == []
    assert sorted(NAMES - seen - UNSEEN) == [], "kinds of mail that nobody was sent"


@pytest.mark.parametrize("loss", ["role", "account"])
def test_who_lost_the_right_while_a_mail_waited_gets_none_and_the_others_get_theirs(
    hub: Hub,
    letterbox: Letterbox,  # noqa: F811
    server: str,  # noqa: F811
    loss: str,
) -> None:
    store, now, lost = hub.store, clock.now(), ("owner", "startup", "host")
    admin = hub.world.people["administrator"].person_id
    store.execute("update testbed set contact_email = 'new@b.example', backup_email = 'new@b.example'")
    for name in lost:
        person = hub.world.people[name].person_id
        for held in people.roles(store, person):
            people.revoke(store, held["id"], admin, now)
        if loss == "account":
            directory.disable(store, person, admin, now)
    addresses = {hub.world.people[name].email for name in lost}
    before = [row for row in waiting(store) if row["recipient"] in addresses]
    assert len({row["template"] for row in before}) > 20
    config = hub.app.config["MATCHER"]
    hub.app.config["MATCHER"] = replace(config, smtp=server, mail_from="Hubben <hub@example.org>")
    try:
        while work.send_due(hub.app, store):
            pass
    finally:
        hub.app.config["MATCHER"] = config
    assert {letter["To"] for letter in letterbox.received} & addresses == set()
    assert {hub.world.people[name].email for name in ("broker", "other_owner")} <= {
        letter["To"] for letter in letterbox.received
    }
    left = store.query("select recipient, dropped_at, sent_at, params from outbox where recipient in :who",
                       {"who": sorted(addresses)})  # fmt: skip
    assert len(left) >= len(before)
    assert all(row["dropped_at"] and not row["sent_at"] and row["params"] == "{}" for row in left)
    hub.reset()


# The world does not lead to these: they are written, and who gets them is tested, in the tests of their nouns.
UNSEEN = {
    "booking_room", "booking_testbed_closed", "booking_testbed_opened", "conflict_lifted", "digest", "login_changed",
    "need_changed", "need_closed", "pairing_reminder", "pairing_testbed_closed", "pairing_testbed_opened", "pilot_due",
    "reset", "reset_elsewhere", "startup_merged", "startup_unmerged",
}  # fmt: skip
ORDER = ("owner", "startup", "host", "broker", "administrator", "other_owner", "other_startup", "other_host")
SKIPPED = ("account.", "admin.", "api.", "imports.", "security.", "feeds.")


def writes() -> Iterator[tuple[str, str, str]]:
    """Yield endpoint, thing and a visitor who may send its form: another one for each thing, where several may."""
    for endpoint, rows in POLICY.items():
        if endpoint.startswith(SKIPPED):
            continue
        for number, row in enumerate(
            row for row in rows if row["method"] not in SAFE and "missing" not in row["thing"]
        ):
            may = [visitor for visitor in ORDER if row[visitor] == "ok"]
            if may:
                yield endpoint, row["thing"], may[number % len(may)]
