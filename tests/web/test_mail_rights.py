"""Mail by the table of rights: whom the hub writes to may open what the mail tells of, and the words in it are theirs.

Every form of the hub is sent as everybody who may, what takes several steps is done (`mail_scenes.py`), the clock is
moved for what is due by itself, and each mail that is queued is looked at: by the rule that the background asks before
it sends, by opening its links, and by its words.
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

from .mail_scenes import SCENES, done
from .test_canaries import WORD, _audience
from .test_policy import POLICY
from .walking import SAFE, Hub, open_hub
from .world import VISITORS

NAMES = {path.stem for path in (Path(matcher.__file__).parent / "templates" / "mail").glob("[a-z]*.txt")}
# About the reader's own log-in, or a letter of others.
OWN = {"invite", "reset", "reset_elsewhere", "login_changed", "digest"}
# No row of the outbox, but several of them in one letter: the test that shows who reads it.
ELSEWHERE = {"digest": "test_a_daily_mail_holds_what_its_reader_may_read_in_the_morning_and_no_more"}
DAYS = (4, 8, 12, 44, 61, 190, 200, 250)  # on each of these something is reminded of that is not on the others
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
    for what in doings(hub):
        opened.clear()
        if len(queued(hub.store)) > len(before):
            for row in waiting(hub.store):
                if row["id"] not in before:
                    wrong += [f"{what}: {fault}" for fault in faults(hub, row, opened)]
                    seen.add(row["template"])
    assert sorted(set(wrong)) == []
    assert NAMES - seen == set(ELSEWHERE), "kinds of mail that nobody was sent"
    assert all(name in globals() for name in ELSEWHERE.values())


def test_a_daily_mail_holds_what_its_reader_may_read_in_the_morning_and_no_more(
    hub: Hub,
    letterbox: Letterbox,  # noqa: F811
    server: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, world = hub.store, hub.world
    store.execute("delete from outbox")
    done(hub, "owner", "account.save_profile", "-", name="Ove", locale="en", mail="daily")
    done(hub, "startup", "pairings.accept", "proposed", side="startup")
    for startup in ("published", "others"):
        done(hub, "broker", "pairings.share", f"published+{startup}", note="Se här.")
    gone = store.query(
        "select id from share where startup_id = :id and withdrawn_at is null order by at desc limit 1",
        {"id": world.things["startup_id"]["published"]},
    )
    world.things["share_id"]["new"] = gone[0]["id"]
    done(hub, "broker", "pairings.withdraw_share", "new")
    config = replace(hub.app.config["MATCHER"], smtp=server, mail_from="Hubben <hub@example.org>")
    monkeypatch.setitem(hub.app.config, "MATCHER", config)
    monkeypatch.setattr(clock, "now", lambda: clock.later(world.now, days=1, minutes=60))
    while work.send_due(hub.app, store):
        pass
    (letter,) = [one for one in letterbox.received if one["To"] == world.people["owner"].email]
    text = letter.get_content()
    assert "You get one mail a day" in text
    assert letter["Subject"].startswith("2 pieces of news")
    assert f"/pairings/{world.things['pairing_id']['proposed']}" in text
    assert "A candidate for “Fallskydd”: Plog" in text
    assert ": Larm" not in text
    dropped = store.query("select template, params from outbox where dropped_at is not null")
    assert dropped == [{"template": "share_new", "params": "{}"}]
    hub.reset()


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


def doings(hub: Hub) -> Iterator[str]:
    """Do one thing after another that sends mail, yield what it was, and put the hub back before the next."""
    for endpoint, thing, visitor in writes():
        hub.send(visitor, "POST", hub.address(endpoint, thing), data=hub.form(endpoint, visitor, thing))
        yield f"{endpoint} {thing}"
        hub.reset()
    for scene in SCENES:
        scene(hub)
        yield scene.__name__
        hub.reset()
    for days in DAYS:
        reminders.send(hub.store, clock.later(hub.world.now, days=days))
    yield f"after {DAYS} days"
    hub.reset()
