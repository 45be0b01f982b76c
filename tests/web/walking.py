"""Walking through every route as every kind of visitor: addresses, forms, verdicts, and what changed in the store."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlite_utils.utils import sqlite3  # the store's own: two copies in one process would break each other's locks
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from matcher import create_app
from matcher.config import Config, Oidc
from matcher.exchange import agreement_papers as papers
from matcher.exchange.openid import Provider
from matcher.hub import affected, clock, sessions
from matcher.ranking import indexing
from matcher.ranking.encoder import TinyEncoder
from matcher.store import open_store
from matcher.store.schema import migrate
from tests import memory
from tests.settings import settings

from . import world as worlds
from .world import MISSING, World

ISSUER = "https://login.example.org"
CSRF = "0123456789abcdef0123456789abcdef01234567"
PASSING = ("session", "attempt", "feed_read")  # may be written while reading: when a session or link was used, tries
SAFE = ("GET", "HEAD", "OPTIONS")
Rows = list[tuple[Any, ...]]


class Hub:
    """A running application on the world, that can be put back to the first moment."""

    def __init__(self, app: Flask, world: World, file: Path) -> None:
        self.app, self.world, self._file = app, world, file
        self._template = file.with_suffix(".template")
        self._watch: sqlite3.Connection | None = None
        self._names = [table.name for table in self.store.tables() if table.name not in PASSING]
        self._close()
        shutil.copyfile(file, self._template)
        self._first = self._contents()
        self._version = self._commits()

    @property
    def store(self) -> Any:
        """The application's store."""
        return self.app.extensions["store"]

    def reset(self) -> None:
        """Put every row back, if any was written."""
        if self._commits() == self._version:
            return
        self._close()
        shutil.copyfile(self._template, self._file)
        self.app.extensions["rankers"].clear()  # it remembers how far it has read
        self._version = self._commits()

    def close(self) -> None:
        """Close what looks at the rows beside the application."""
        if self._watch:
            self._watch.close()
        self._watch = None

    def _close(self) -> None:
        self.store.close()
        self.close()

    def _commits(self) -> int:
        return self._read("pragma data_version")[0][0]

    def changed(self) -> list[str]:
        """Return the tables that are not as they were at the first moment, sessions and counted tries aside."""
        if self._commits() == self._version:
            return []
        held = self._contents()
        return sorted(name for name in held if not _same(held[name], self._first[name]))

    def _contents(self) -> dict[str, Rows]:
        """Return every table's rows, as the driver gives them: read after each write of a walk, thousands of times."""
        return {name: self._read(f"select * from {name}") for name in self._names}

    def _read(self, sql: str) -> Rows:
        if not self._watch:
            self._watch = sqlite3.connect(self._file)
        return self._watch.execute(sql).fetchall()

    def rules(self) -> list[Rule]:
        """Return every route of the application."""
        return list(self.app.url_map.iter_rules())

    def rule(self, endpoint: str) -> Rule:
        """Return the one route of an endpoint."""
        found = [rule for rule in self.rules() if rule.endpoint == endpoint]
        assert len(found) == 1, f"{endpoint} has {len(found)} routes: name them apart"
        return found[0]

    def address(self, endpoint: str, thing: str = "-") -> str:
        """Return the path of an endpoint; `thing` names the state of each of its parameters, parted by `+`."""
        rule = self.rule(endpoint)
        names = parameters(rule)
        states = [] if thing == "-" else thing.split("+")
        assert len(names) == len(states), f"{endpoint} needs {len(names)} things: {', '.join(names)}"
        values = {name: self.world.things[name][state] for name, state in zip(names, states, strict=True)}
        path = rule.rule
        for name, value in values.items():
            path = path.replace(f"<path:{name}>", value).replace(f"<{name}>", value)
        return path

    def send(self, visitor: str, method: str, path: str, *, csrf: bool = True, **given: Any) -> TestResponse:
        """Send one request as a visitor, with a CSRF token that fits where it writes."""
        session = {"csrf_token": CSRF}
        if visitor in self.world.tokens:
            session["token"] = self.world.tokens[visitor]
        value = self.app.session_interface.get_signing_serializer(self.app).dumps(session)
        sent = {"Cookie": f"{self.app.config['SESSION_COOKIE_NAME']}={value}"}
        if csrf and method not in SAFE:
            sent["X-CSRFToken"] = URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps(CSRF)
        given["headers"] = {**sent, **given.get("headers", {})}
        # A client that keeps cookies takes each address apart twice, which for a long one takes longer than the page.
        return self.app.test_client(use_cookies=False).open(path, method=method, **given)

    def form(self, endpoint: str, visitor: str, thing: str) -> dict[str, Any]:
        """Return a form that a page of this endpoint would send: one that is taken where the visitor may."""
        world = self.world
        side = visitor.removeprefix("other_")
        theirs = "others" if visitor.startswith("other_") else "published"
        given: dict[str, Any] = {
            "side": side if side in ("owner", "startup") else "broker",
            "startup_id": world.things["startup_id"][theirs],
            "keep_id": world.things["keep_id"].get(thing, MISSING),
            "testbed_id": world.things["testbed_id"]["published"],
            "organisation_id": world.home(visitor),
            "revision": "1",
            "held_on": world.day(40),
            "indicator": world.things["indicator"].get(thing, MISSING),
            "reading": world.things["reading"].get(thing, MISSING),
            "incident": world.things["incident"].get(thing, MISSING),
            "number": "1",
            "task_id": world.things["task"].get(thing, MISSING),
            "tasks": [world.things["task"].get(thing, MISSING)],
            "question_id": world.things["question"].get(thing, MISSING),
            "note_id": world.things["note"].get(thing, MISSING),
            "holder_id": world.people["broker"].person_id,
            "replaces": world.things["route_choice"].get(thing, ""),
        }
        if endpoint in ("pairings.confirm", "testbeds.close_period", "bookings.create"):
            given |= {"starts_on": world.day(100), "ends_on": world.day(130)}
        given["present"] = world.people[visitor].email if visitor in world.people else ""
        given |= {"on_day": world.day(0), "happened_on": world.day(0), "noticed_on": world.day(-1)}
        given["closed"] = "no" if thing == "dealt" else "yes"
        if endpoint == "pilots.extend":
            given["ends_on"] = world.day(55)
        wanted = FORMS.get(endpoint, {})
        if endpoint == "testbeds.withdraw":
            testbed = world.things["testbed_id"][thing]
            given["seen"] = affected.mark(
                affected.find(self.store, testbed, world.day(0), affected.LAST_DAY, world.now)
            )
        if endpoint.startswith("bookings."):
            given |= self._booking(visitor)
        if endpoint.startswith("aid."):
            given |= {"given_on": world.day(0), "aid_id": world.things["aid"]["own"]}
        if endpoint.startswith("agreements."):
            given |= self._agreement(thing)
        if endpoint == "imports.upload":
            given["file"] = (io.BytesIO("id;titel\n1;Snö på gångbanor\n".encode()), "behov.csv")
        return {name: given[name] if value is ... else value for name, value in wanted.items()}

    def _booking(self, visitor: str) -> dict[str, Any]:
        """Return what a booking is for, by who asks, and what its papers and ticks name."""
        world, side = self.world, visitor.removeprefix("other_")
        own = "others" if visitor.startswith("other_") else "published"
        whose = (
            f"organisation-{world.home(visitor)}" if side == "owner" else f"startup-{world.things['startup_id'][own]}"
        )
        asked = world.things["prerequisite"]["published"]
        return {"whose": whose, "agreed_until": world.day(200), "prerequisite_id": asked}

    def _agreement(self, thing: str) -> dict[str, Any]:
        """Return what names the agreement of a case in the world, its paper and what its testbed asks for."""
        world = self.world
        signed = {"number": "2"} if thing == "prepared" else {}
        days = {"starts_on": world.day(1), "ends_on": world.day(60)}
        template = (io.BytesIO(papers.shipped("sv")), "mall.docx")
        return {
            **signed, **days, "file": template, "paper": hashlib.sha256(worlds.PAPER).hexdigest(),
            "prerequisite_id": world.things["prerequisite"]["published"],
            "template_id": world.things["template"]["own"],
        }  # fmt: skip


# What each write is sent with; `...` stands for what depends on the visitor and the thing.
FORMS: dict[str, dict[str, Any]] = {
    "aid.enter": {"amount": "5000", "given_on": ..., "kind": "support", "note": "Fem timmar."},
    "aid.cancel": {"aid_id": ...},
    "agreements.save": {"purpose": "Pröva.", "starts_on": ..., "ends_on": ..., "language": "sv", "revision": ...},
    "agreements.send": {"number": ..., "revision": ...},
    "agreements.sign": {"number": ..., "side": ..., "paper": ..., "name": "Kim", "may_sign": "yes"},
    "agreements.withdraw": {"number": ..., "note": "Fel belopp."},
    "agreements.end": {"number": ..., "note": "Uppsagt."},
    "agreements.prerequisite": {"prerequisite_id": ..., "step": "meet", "note": "Intyg visat."},
    "agreements.add_prerequisite": {"kind": "safety", "text": "Rundvandring"},
    "agreements.retire": {"prerequisite_id": ...},
    "agreements.add_template": {"name": "Vår mall", "language": "sv", "file": ...},
    "agreements.retire_template": {"template_id": ...},
    "bookings.create": {
        "whose": ...,
        "title": "Prov",
        "starts_on": ...,
        "ends_on": ...,
        "benefit_operation": "Ro",
        "benefit_users": "Ro",
    },
    "bookings.ask": {"question": "Behövs ström?"},
    "bookings.reply": {"reply": "Nej."},
    "bookings.score": {"operation_score": "3", "users_score": "4"},
    "bookings.wait": {"note": "Snart."},
    "bookings.approve": {"operation_score": "3", "users_score": "4"},
    "bookings.decline": {"reason": "no_fit"},
    "bookings.withdraw": {"note": "Inte nu."},
    "bookings.cancel": {"reason": "not_now"},
    "bookings.agree": {"agreed_until": ..., "agreed_note": "Dnr 1"},
    "bookings.check": {"prerequisite_id": ..., "step": "meet", "note": "Intyg"},
    "account.give_code": {"otp": "000000"},
    "account.connect": {"present": "not the password"},
    "account.disconnect": {"present": "not the password"},
    "account.confirm_factor": {"otp": "000000", "present": "not the password"},
    "account.new_codes": {"otp": "000000", "present": "not the password"},
    "account.end_session": {"present": "not the password"},
    "account.end_other_sessions": {"present": "not the password"},
    "account.factor_off": {"otp": "000000", "present": "not the password"},
    "account.start": {"email": "nobody@example.org", "password": "not the password"},
    "account.language": {"locale": "sv"},
    "account.send_reset": {"email": "nobody@example.org"},
    "account.use_link": {"name": "Ny", "password": "a long new password"},
    "account.save_profile": {"name": "Nytt namn", "locale": "en"},
    "account.save_password": {"present": "not the password", "password": "a long new password"},
    "admin.create_organisation": {"name": "Nyby kommun", "kind": "public"},
    "admin.save_organisation": {"name": "Nyby kommun", "kind": "public"},
    "admin.invite": {"email": "ny@example.org", "role": "owner", "locale": "sv"},
    "admin.roll_back": {"number": "1"},
    "admin.switch": {"learning": "off"},
    "imports.upload": {"kind": "needs", "file": ...},
    "imports.preview": {"source": "behov", "column-0": "title", "column-1": "description"},
    "cases.write": {"kind": "call", "text": "Vi ringde.", "hours": "1,5", "visible": "all"},
    "cases.strike": {"note_id": ...},
    "cases.begin_tasks": {"phase": "development"},
    "cases.tick": {"phase": "development", "tasks": ...},
    "cases.add_task": {
        "phase": "development",
        "task": "Beställ nycklar.",
        "task_why": "De behövs.",
        "due_on": "2030-01-02",
    },
    "cases.set_task_day": {"task_id": ..., "due_on": "2030-01-02"},
    "cases.remove_task": {"task_id": ...},
    "privacy.give_out": {"form": "file"},
    "privacy.erase": {"present": ...},
    "privacy.erase_of": {"reason": "Bad om det."},
    "questions.ask": {"asked": "Hur många rum?"},
    "questions.answer": {"question_id": ..., "question": "Hur många rum?", "answer": "Fyrtio."},
    "cases.hand": {"holder_id": ..., "substitute_id": ""},
    "needs.create": {"title": "Nytt behov", "language": "sv", "organisation_id": ...},
    "needs.save": {"step": "title", "title": "Ny rubrik", "language": "sv", "revision": ...},
    "needs.publish": {"revision": ...},
    "needs.send_back": {"reason": "measure", "comment": "Hur mäts det?"},
    "needs.close": {"reason": "met", "note": "Klart."},
    "outcomes.answer": {"month": "6", "seen": "", "in_use": "yes", "used_by": "3", "perspectives": "climate"},
    "outcomes.answer_by_link": {"in_use": "yes", "jobs": "3", "customers": "4", "place": "Åby"},
    "outcomes.answer_company": {"month": "6", "seen": "", "jobs": "3", "customers": "4"},
    "releases.agree": {"side": ..., "revision": "2"},
    "releases.save": {"side": ..., "revision": "2", "title": "Ny", "owner_text": "Så gick det.", "startup_text": "Ja."},
    "releases.take_back": {"side": ...},
    "pairings.propose": {"message": "Hej", "answer_days": "14"},
    "pairings.share": {"note": "Se här."},
    "pairings.dismiss": {"reason": "no_fit"},
    "pairings.declare_conflict": {"note": "Släkt."},
    "pairings.comment": {"comment": "Bra.", "known_before": "no"},
    "pairings.send_interest": {"startup_id": ..., "message": "Vi kan prova det."},
    "pairings.decline_interest": {"reason": "no_fit"},
    "pairings.withdraw_interest": {"reason": "no_capacity"},
    "pairings.accept": {"side": ...},
    "pairings.decline": {"side": ..., "reason": "no_fit"},
    "pairings.extend": {"answer_days": "21"},
    "pairings.end": {"reason": "completed"},
    "pairings.confirm": {"testbed_id": ..., "starts_on": ..., "ends_on": ...},
    "pilots.save_facts": {"question": "Ny fråga?", "revision": ...},
    "pilots.save_checks": {"personal_data": "no", "checks_note": "Ny", "revision": ...},
    "pilots.save_indicator": {
        "name": "Tid",
        "unit": "minuter",
        "baseline": "10",
        "target": "5",
        "method": "Klocka",
        "measured_by": "Chefen",
        "uncertainty": "Liten",
    },
    "pilots.remove_indicator": {"indicator": ...},
    "pilots.enter_reading": {"indicator": ..., "on_day": ..., "value": "3,9"},
    "pilots.withdraw_reading": {"reading": ..., "reason": "Fel dag."},
    "pilots.extend": {"ends_on": ..., "reason": "Semester."},
    "pilots.report_incident": {"happened_on": ..., "what": "Den föll ner.", "severity": "serious"},
    "pilots.handle_incident": {"incident": ..., "done": "Uppsatt igen."},
    "pilots.decide": {
        "decision": "stop",
        "evidence": "Ingen skillnad.",
        "lesson": "Det behövs mer än en sensor.",
        "early_reason": "Vi vet nog.",
    },
    "feeds.make": {"testbed_id": ""},
    "feedback.start": {"question": "Hur går det?", "days": "7"},
    "feedback.say_changed": {"changed": "Vi höjde ljudet."},
    "feedback.answer": {"grade": "4", "text": "Bra."},
    "plans.create": {"name": "Vår", "quarters": "2", "least": "0", "places": "yes"},
    "plans.demand": {"demand": "2"},
    "plans.override": {"kind": "forbid", "note": "Känner varandra."},
    "plans.set_day": {"held_on": ..., "opens_at": "09:00", "minutes": "20", "pause": "5", "tables": "4"},
    "routes.answer": {"number": ..., "market": "no", "amount": "450 000", "testbed": "yes", "service": "ordinary"},
    "routes.choose": {"number": ..., "replaces": ..., "way": "paid_test", "why": "Litet och snabbt."},
    "routes.tick": {"way": "testbed_agreement", "items": ["no_promise"]},
    "routes.consider": {"considered": "yes", "innovation_note": "Vi frågade tre bolag."},
    "spread.ask": {"text": "Vad tog längre tid än ni trodde?"},
    "spread.copy": {"organisation_id": ...},
    "spread.send": {"subject": "Larm", "text": "Hej, det här används.", "need_id": ""},
    "startups.create": {"name": "Nytt bolag", "organisation_id": ...},
    "startups.save": {"name": "Nytt namn", "revision": ...},
    "startups.hide": {"reason": "Finns den?"},
    "startups.flag": {"reason": "Stämmer det?"},
    "startups.in_order": {"code": "hidden"},
    "startups.merge": {"keep_id": ...},
    "testbeds.create": {"name": "Ny bädd", "organisation_id": ...},
    "security.create": {"title": "Fel i hubben", "noticed_on": ...},
    "security.save": {"title": "Fel i hubben", "noticed_on": ..., "revision": "2"},
    "security.sent": {"report": "early"},
    "security.close": {"closed": ...},
    "testbeds.save": {"name": "Nytt namn", "revision": ...},
    "testbeds.withdraw": {"seen": ...},
    "testbeds.close_period": {"starts_on": ..., "ends_on": ..., "reason": "Flytt"},
    "years.save_targets": {"confirmed": "12"},
}


def _same(rows: Rows, others: Rows) -> bool:
    """Whether a table holds the same rows, in whatever order they were written."""
    return rows == others or sorted(map(repr, rows)) == sorted(map(repr, others))


def parameters(rule: Rule) -> list[str]:
    """Return the names of a route's parameters in the order in which they stand in the address."""
    return sorted(rule.arguments, key=lambda name: rule.rule.index(f"{name}>"))


def verdict(answer: TestResponse) -> str:
    """Return what an answer says: ok, login, or the status.

    A write that is allowed but has nothing to do (409), or was sent with too little (422), counts as ok.
    """
    status = answer.status_code
    if status == 401 or (status == 302 and (answer.location or "").startswith("/login?next=")):
        return "login"
    return "ok" if status < 400 or status in (409, 422) else str(status)


def readable(answer: TestResponse) -> str:
    """Return what an answer holds as text; of a file that is packed (DOCX, XLSX), what is in its parts."""
    data = answer.get_data()
    if not data.startswith(b"PK"):
        return data.decode("utf8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return " ".join(packed.read(name).decode("utf8", "replace") for name in packed.namelist())


@contextmanager
def open_hub() -> Iterator[Hub]:
    """Serve the world, with every text embedded, in a folder of its own."""
    data, made = _built(clock.now()[:13])
    with memory.folder() as folder, _sessions_that_stay():
        config = _config(folder)
        file = folder / "hub.db"
        file.write_bytes(data)
        app = _served(config)
        store = app.extensions["store"]
        things = {name: dict(states) for name, states in made.things.items()}
        hub = Hub(app, replace(made, store=store, people={**made.people}, tokens={**made.tokens}, things=things), file)
        yield hub
        hub.close()
        store.close()


def _config(folder: Path) -> Config:
    return settings(folder, oidc=Oidc(ISSUER, "walking", "secret", "Lövhamn"))


@cache
def _built(hour: str) -> tuple[bytes, World]:
    """Return the world's database and who and what is in it; made once an hour, as its days are counted from today."""
    with memory.folder() as folder:
        config, encoder = _config(folder), TinyEncoder()
        store = open_store(config.database_url, keys=config.record_keys)
        migrate(store)
        made = worlds.build(store)
        while indexing.catch_up(store, encoder):
            pass
        store.close()
        return (folder / "hub.db").read_bytes(), made


def _served(config: Config) -> Flask:
    app = create_app(config, TinyEncoder())
    app.extensions["openid"] = provider = Provider(config.oidc)
    addresses = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    metadata = {"issuer": ISSUER, **{name: f"{ISSUER}/{name}" for name in addresses}}
    provider.discover = lambda: metadata  # nobody is asked, nor after the hour that an answer counts
    app.config["PROPAGATE_EXCEPTIONS"] = False  # a fault is a 500 in its cell, and the walk goes on
    return app


@contextmanager
def _sessions_that_stay() -> Iterator[None]:
    """Let no session be touched by being used, nor end for that: a page that only reads leaves the file as it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "touch", lambda *given: None)
        for role in sessions.IDLE_MINUTES:
            patch.setitem(sessions.IDLE_MINUTES, role, sessions.IDLE_DEFAULT_MINUTES)
        yield
