"""A hub with one of everything in every state, and a visitor of every kind: what the access tests walk in.

Organisation A is one municipality, one company and one host, whose things the tests look at; B is another of each.
Every text that not everybody may read holds a word of its own, `canary-WHERE-7q`, to be looked for where it should
not be. `open_hub()` builds the world once and copies it back whenever a request changed something.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from matcher.exchange import agreement_papers as papers
from matcher.exchange import batches, tables
from matcher.hub import (
    agreement_templates,
    agreements,
    askings,
    booking_answers,
    booking_papers,
    booking_requests,
    case_log,
    case_tasks,
    clock,
    copies,
    directory,
    doubts,
    feedback,
    feeds,
    holders,
    incidents,
    indicators,
    learned,
    links,
    merging,
    outcomes,
    pairings,
    people,
    pilot_ends,
    pilot_facts,
    pilots,
    prerequisite_steps,
    questions,
    radar,
    readings,
    record,
    releases,
    rounds,
    route_notes,
    route_settings,
    routes,
    security_incidents,
    sessions,
    signatures,
    state_aid,
    year_reports,
)
from matcher.hub.ids import new_id, new_token, token_hash
from matcher.hub.people import Viewer
from matcher.ranking import indexing, planning, scoring
from matcher.ranking import rounds as boards
from matcher.ranking.encoder import TinyEncoder
from matcher.store import Store
from tests import factories

VISITORS = (
    "none", "administrator", "broker", "owner", "other_owner", "startup", "other_startup", "host", "other_host",
    "revoked", "roleless",
)  # fmt: skip
MISSING = "aaaabbbbccccdddd"
NEED_TEXTS = ("title", "people", "description", "effect", "measure", "tried", "keep", "contact", "runner")
STARTUP_TEXTS = ("name", "problem", "audience", "description", "novelty", "evidence")
TESTBED_TEXTS = ("name", "description", "users", "methods", "equipment", "conditions", "contact_name", "backup_name")


def secret(where: str) -> str:
    """Return the word that stands for a text that not everybody may read."""
    return f"canary-{where}-7q"


def _packed(where: str) -> bytes:
    """Return an agreement template as it comes with the hub, with a secret word in a part that is not compressed."""
    file = io.BytesIO(papers.shipped("sv"))
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr("docProps/secret.txt", secret(where))
    return file.getvalue()


PAPER = _packed("agreement.signed.paper")  # of the agreements that were sent


@dataclass
class World:
    """Who is there (`people`, their session `tokens`), and `things`: URL parameter → state → its value."""

    store: Store
    now: str = field(default_factory=clock.now)
    people: dict[str, Viewer] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    things: dict[str, dict[str, str]] = field(default_factory=dict)

    def keep(self, parameter: str, state: str, value: str) -> str:
        """Note a thing under the name of its URL parameter and its state, and return its id."""
        self.things.setdefault(parameter, {"missing": MISSING})[state] = value
        return value

    def day(self, days: int) -> str:
        """Return the day so many days from today."""
        return clock.day(clock.later(self.now, days=days))

    def home(self, visitor: str) -> str:
        """Return the organisation that a visitor acts for, or nothing."""
        held = self.people[visitor].roles if visitor in self.people else frozenset()
        return min((organisation for _, organisation in held), default="")


def build(store: Store) -> World:
    """Fill an empty, migrated store."""
    world = World(store)
    _people(world)
    _needs(world)
    _startups(world)
    _testbeds(world)
    _pairings(world)
    _pilots(world)
    _spread(world)
    _agreements(world)
    _bookings(world)
    _handling(world)
    _outcomes(world)
    _said(world)
    _routes(world)
    _merge_offers(world)
    _administration(world)
    _security(world)
    _import_batches(world)
    _rounds(world)
    _feeds(world)
    _sessions(world)
    return world


def _people(world: World) -> None:
    """Make the visitors; those of organisation A carry names and addresses that only some may see."""
    for visitor in VISITORS[1:9]:
        role = visitor.removeprefix("other_")
        named = {}
        if visitor in ("owner", "startup", "host", "administrator"):
            named = {"name": secret(f"person.{visitor}.name"), "email": f"{secret(f'person.{visitor}.mail')}@a.example"}
        organisation = factories.create_organisation(
            world.store, factories.KIND_OF_ROLE[role], name=f"Org {visitor}", orgnr=None
        )
        world.people[visitor] = factories.create_person(world.store, role, organisation, **named)
        world.keep("person_id", visitor, world.people[visitor].person_id)
    world.people["revoked"] = world.people["roleless"] = factories.create_person(world.store, None, name="Formerly")
    former = world.people["revoked"]
    for visitor in ("administrator", "broker", "owner", "startup", "host"):
        factories.grant(world.store, former, visitor, world.home(visitor))
    for visitor in VISITORS[1:10]:
        world.tokens[visitor] = sessions.start(world.store, world.people[visitor].person_id, world.now)
    admin = world.people["administrator"].person_id
    for held in people.roles(world.store, former.person_id):
        people.revoke(world.store, held["id"], admin, world.now)
        world.keep("membership_id", "revoked", held["id"])
    factor = {"sealed": secret("factor.sealed"), "made_at": world.now, "confirmed_at": world.now}
    world.store.insert("second_factor", {"person_id": world.people["owner"].person_id, **factor})
    identity = {"issuer": "https://login.example.org", "subject": secret("identity.subject"), "linked_at": world.now}
    world.store.insert("identity", {"person_id": world.people["owner"].person_id, **identity})
    closed = factories.create_person(world.store, "owner", world.home("owner")).person_id
    directory.disable(world.store, world.keep("person_id", "closed", closed), admin, world.now)
    world.tokens["roleless"] = sessions.start(world.store, former.person_id, world.now)


def _marked(kind: str, state: str, names: tuple[str, ...]) -> dict[str, str]:
    return {name: secret(f"{kind}.{state}.{name}") for name in names}


def _need(world: World, state: str, visitor: str = "owner", **columns: Any) -> dict[str, Any]:
    texts = {"contact": "Kim", "runner": "Vård"} if columns.get("published") else {}
    given = {"valid_until": world.day(200), "wanted_by": world.day(100), **texts, **columns}
    row = factories.create_need(world.store, world.home(visitor), person_id=world.people[visitor].person_id, **given)
    world.keep("need_id", state, row["id"])
    return row


def _needs(world: World) -> None:
    earlier, back = clock.later(world.now, days=-9), secret("need.draft.return_comment")
    _need(world, "draft", returned_at=earlier, return_comment=back, **_marked("need", "draft", NEED_TEXTS))
    _need(world, "submitted", submitted=True, **_marked("need", "submitted", NEED_TEXTS))
    row = _need(
        world, "published", published=True, title="Fallskydd", return_comment=secret("need.published.return_comment"),
        returned_at=earlier, source=secret("need.published.source"), external_id=secret("need.published.external_id"),
        **_marked("need", "published", ("contact", "runner")),
    )  # fmt: skip
    content = json.dumps({**{name: row[name] for name in factories.NEED}, "title": "Fallskydd 2"})
    version = {"need_id": row["id"], "number": 2, "at": world.now, "content": content}
    world.store.insert("need_version", {**version, "person_id": world.people["owner"].person_id})
    world.store.execute("update need set version = 2 where id = :id", {"id": row["id"]})
    closed = {"closed_at": world.now, "close_reason": "met", "close_note": secret("need.closed.close_note")}
    _need(world, "closed", published=True, **closed, **_marked("need", "closed", NEED_TEXTS))
    _need(world, "others", "other_owner", published=True, title="Snöröjning")
    _need(world, "others_draft", "other_owner")


def _startup(world: World, state: str, visitor: str = "startup", **columns: Any) -> dict[str, Any]:
    row = factories.create_startup(world.store, world.home(visitor), capacity=20, **columns)
    world.keep("startup_id", state, row["id"])
    return row


def _startups(world: World) -> None:
    flag = {"flagged_at": world.now, "flag_reason": secret("startup.published.flag_reason")}
    # Everybody with a role reads a published profile; its texts begin as usual, so that it is found and ranked.
    texts = {name: f"{factories.STARTUP[name]} {secret(f'startup.published.{name}')}" for name in STARTUP_TEXTS[1:]}
    kept = _startup(world, "published", published=True, name="Larm", **texts, **flag)
    doubts.hidden(world.store, kept["id"], 20, world.now)
    _startup(world, "draft", **_marked("startup", "draft", STARTUP_TEXTS))
    hidden = {"hidden_at": world.now, "hidden_reason": secret("startup.hidden.hidden_reason")}
    _startup(world, "hidden", published=True, **hidden, **_marked("startup", "hidden", STARTUP_TEXTS))
    merged = {"merged_into": kept["id"], "merged_at": world.now}
    _startup(world, "merged", published=True, **merged, **_marked("startup", "merged", STARTUP_TEXTS))
    _startup(world, "others", "other_startup", published=True, name="Plog")


def _testbed(world: World, state: str, visitor: str = "host", **columns: Any) -> dict[str, Any]:
    row = factories.create_testbed(world.store, world.home(visitor), places=50, **columns)
    world.keep("testbed_id", state, row["id"])
    closure = {"id": new_id(), "testbed_id": row["id"], "reason": columns.get("name", "Semester")}
    days = {"starts_on": world.day(300), "ends_on": world.day(310), "created_at": world.now}
    world.store.insert("testbed_closure", {**closure, **days})
    world.keep("closure_id", state, closure["id"])
    return row


def _testbeds(world: World) -> None:
    mails = {name: f"{secret(f'testbed.published.{name}')}@a.example" for name in ("contact_email", "backup_email")}
    named = _marked("testbed", "published", ("contact_name", "backup_name"))
    _testbed(world, "published", published=True, name="Lägenheten", **named, **mails)
    _testbed(world, "draft", **_marked("testbed", "draft", TESTBED_TEXTS))
    withdrawn = {"withdrawn_at": world.now}
    _testbed(world, "withdrawn", published=True, **withdrawn, **_marked("testbed", "withdrawn", TESTBED_TEXTS))
    _testbed(world, "others", "other_host", published=True, name="Vägen")


def _pairings(world: World) -> None:
    """Make a case in every state between the published startup and a need of its own."""
    for state in ("proposed", "accepted", "confirmed", "declined", "ended"):
        _case(world, state)
    _case(world, "others", ("other_owner", "other_startup", "other_host"))


def _case(world: World, state: str, sides: tuple[str, ...] = ("owner", "startup", "host")) -> None:
    whose, store, now = "published" if sides[0] == "owner" else "others", world.store, world.now
    broker, owner, founder = (world.people[name] for name in ("broker", *sides[:2]))
    whom = _marked("need", f"case_{state}", ("contact", "runner"))
    need = _need(world, f"case_{state}", sides[0], published=True, **whom)
    startup_id, testbed_id = world.things["startup_id"][whose], world.things["testbed_id"][whose]
    sentence = {"need": secret(f"pairing.{state}.evidence"), "startup": "larmar"}
    seen = {"rank": 3, "of": 9, "score": 0.5, "model": secret(f"pairing.{state}.model"), "evidence": [sentence]}
    message = secret(f"pairing.{state}.message")
    given = {"message": message, "seen": {**seen, "gates": []}, "testbed_id": testbed_id}
    case = pairings.propose(store, broker, need["id"], startup_id, now=now, **given)
    world.keep("pairing_id", state, case)
    if state == "declined":
        pairings.decline(store, owner, case, "owner", "other", secret("pairing.declined.note"), now)
    if state in ("accepted", "confirmed", "ended", "prepared", "running"):
        pairings.accept(store, owner, case, "owner", now)
        pairings.accept(store, founder, case, "startup", now)
    if state in ("confirmed", "ended", "prepared", "running"):
        pairings.confirm(store, broker, case, testbed_id, world.day(1), world.day(60), now)
    if state == "ended":
        pairings.end(store, broker, case, "other", secret("pairing.ended.note"), now)


def _pilots(world: World) -> None:
    """Make a pilot that may start, and one that runs, with a reading, an incident and two feedback rounds."""
    store, now, owner, founder = world.store, world.now, world.people["owner"], world.people["startup"]
    for state in ("prepared", "running"):
        _case(world, state)
        case = world.things["pairing_id"][state]
        _agreed(world, case)
        texts = {name: secret(f"pilot.{state}.{name}") for name in ("question", "route", "checks_note")}
        persons = {name: secret(f"pilot.{state}.{name}") for name in pilot_facts.PERSONS}
        answers = {"personal_data": "no", "patients": "no", "research": "no", "security": "yes"}
        days = {"starts_on": world.day(1), "ends_on": world.day(50)}
        pilots.save(store, owner, case, {**texts, **persons, **answers, **days}, 0, now)
        measured = {name: secret(f"pilot.{state}.{name}") for name in ("name", "method", "measured_by", "uncertainty")}
        figures = {"unit": secret(f"pilot.{state}.unit"), "baseline": "5,1", "target": "3"}
        world.keep("indicator", state, indicators.save(store, owner, case, "", {**measured, **figures}, now))
        store.execute("update pilot set revision = 1")
    pilots.start(store, owner, case, now)
    given = {"on_day": world.day(0), "value": "4,2", "note": secret("pilot.running.note")}
    measured_id = world.things["indicator"]["running"]
    struck = readings.enter(store, founder, case, measured_id, given, now)
    readings.withdraw(store, founder, case, struck, secret("pilot.running.withdrawn_reason"), now)
    world.keep("reading", "running", readings.enter(store, founder, case, measured_id, given, now))
    told = {"happened_on": world.day(0), "what": secret("pilot.running.what"), "severity": "serious",
            "done": secret("pilot.running.done")}  # fmt: skip
    world.keep("incident", "running", incidents.report(store, owner, case, told, now))
    for state in ("open", "closed"):
        round_id, token = feedback.open_round(store, owner, case, secret(f"feedback.{state}.question"), "7", now)
        feedback.answer(store, token, "4", secret(f"feedback.{state}.text"), now)
        feedback.say_changed(store, founder, case, round_id, secret(f"feedback.{state}.changed"), now)
        world.keep("feedback_id", state, round_id)
        world.keep("feedback_token", state, token)
    feedback.close(store, owner, case, round_id, now)


def _agreed(world: World, case: str) -> None:
    """Bring an agreement of a case in force."""
    store, now = world.store, world.now
    number = _sent(world, case)
    for side in ("owner", "startup", "host"):
        given = {"name": side, "title": "Chef"}
        paper_hash = hashlib.sha256(PAPER).hexdigest()
        signatures.sign(store, world.people[side], case, number, side, given, paper_hash=paper_hash, now=now)


def _sent(world: World, case: str) -> int:
    store, now = world.store, world.now
    number = _drafted(world, case)
    agreements.send(store, world.people["broker"], case, number, PAPER, 1, now)
    return number


def _drafted(world: World, case: str, **secrets: str) -> int:
    store, now = world.store, world.now
    texts = ("purpose", "owner_does", "startup_does", "results_use", "data", "liability")
    terms = {**dict.fromkeys(texts, "Enligt plan."), "results_owner": "startup", "payment": "free", "funds": "own"}
    days = {"starts_on": world.day(1), "ends_on": world.day(60), "language": "sv"}
    return agreements.draft(store, world.people["broker"], case, {**terms, **days, **secrets}, now)


def _agreements(world: World) -> None:
    """Make a draft, one that awaits its signatures, a template of the hub's own, and what a testbed asks for."""
    store, now = world.store, world.now
    _drafted(world, world.things["pairing_id"]["confirmed"], purpose=secret("agreement.draft.purpose"))
    prepared = world.things["pairing_id"]["prepared"]
    number, paper_hash = _sent(world, prepared), hashlib.sha256(PAPER).hexdigest()
    signed = {name: secret(f"agreement.signed.{name}") for name in ("name", "title")}
    upload = (f"{secret('agreement.signed.file')}.pdf", f"%PDF-1.7 {secret('agreement.signed.content')}".encode())
    signatures.sign(store, world.people["broker"], prepared, number, "host", signed, paper_hash, now, upload)
    kept = world.things["pairing_id"]["kept"]
    agreements.withdraw(
        store, world.people["broker"], kept, _sent(world, kept), secret("agreement.withdrawn.note"), now
    )
    own = {"name": secret("template.own.name"), "language": "sv"}
    administrator = world.people["administrator"]
    world.keep("template", "own", agreement_templates.add(store, administrator, own, _packed("template.own.file"), now))
    value = {"amount": "9000", "given_on": world.day(0), "kind": "testbed"}
    value |= {name: secret(f"aid.own.{name}") for name in ("note", "beyond")}
    home = world.keep("organisation_id", "company", world.home("startup"))
    world.keep("aid", "own", state_aid.enter(store, world.people["broker"], home, value, now))
    asked = {"kind": "insurance", "text": secret("prerequisite.published.text")}
    testbed = world.things["testbed_id"]["published"]
    host = world.people["host"]
    asked_id = world.keep("prerequisite", "published", prerequisite_steps.add(store, host, testbed, asked, now))
    prerequisite_steps.meet(store, host, prepared, asked_id, secret("prerequisite.prepared.note"), now)


def _bookings(world: World) -> None:
    """Make a request that awaits its answer, one with a question, an approved booking, one inside a case, another's."""
    store, now, host = world.store, world.now, world.people["host"]
    asked = world.things["prerequisite"]["published"]
    for number, state in enumerate(("requested", "asked", "approved")):
        booking = _booking(world, state, 100 + 20 * number, startup_id=world.things["startup_id"]["published"])
        if state == "asked":
            booking_answers.ask(store, host, booking, {"question": secret("booking.asked.question")}, now)
    booking_answers.ask(store, host, booking, {"question": secret("booking.approved.question")}, now)
    said = {"reply": secret("booking.approved.reply")}
    booking_requests.reply(store, world.people["startup"], booking, said, now)
    booking_papers.meet(store, host, booking, asked, secret("booking.approved.met"), now)
    scores = {"operation_score": "3", "users_score": "4", "note": secret("booking.approved.note")}
    booking_answers.approve(store, host, booking, scores, now)
    papers = {"agreed_until": world.day(200), "agreed_note": secret("booking.approved.paper")}
    booking_papers.agree(store, host, booking, papers, now)
    case = world.things["pairing_id"]["running"]
    prerequisite_steps.meet(store, host, case, asked, secret("prerequisite.running.note"), now)
    _booking(world, "in_case", 2, pairing_id=case)
    organisation = {"organisation_id": world.home("other_owner")}
    _booking(world, "others", 100, "other_owner", world.things["testbed_id"]["others"], **organisation)


def _booking(world: World, state: str, begins: int, visitor: str = "startup", testbed: str = "", **whose: str) -> str:
    texts = {name: secret(f"booking.{state}.{name}") for name in ("title", "message")}
    texts |= {name: secret(f"booking.{state}.{name}") for name in booking_requests.REQUIRED}
    days = {"starts_on": world.day(begins), "ends_on": world.day(begins + 5)}
    testbed = testbed or world.things["testbed_id"]["published"]
    given = {**texts, **days, "staff_hours": "4"}
    made = booking_requests.request(world.store, world.people[visitor], testbed, given, world.now, **whose)
    return world.keep("booking_id", state, made)


def _handling(world: World) -> None:
    """Write in the log of cases and their lists, let another broker hold one, and ask about a need."""
    store, now, broker = world.store, world.now, world.people["broker"]
    for state in ("proposed", "confirmed"):
        case = world.things["pairing_id"][state]
        for visible in case_log.VISIBLE:
            said = {"text": secret(f"log.{state}.{visible}"), "visible": visible, "hours": "1"}
            world.keep("note", state, case_log.write(store, broker, case, said, now))
    deputy = factories.create_person(store, "broker", world.home("broker"), name="Berit Bro")
    for phase in ("procurement", "development"):
        line = {
            "phase": phase,
            "task": secret(f"task.confirmed.{phase}"),
            "task_why": secret(f"task.confirmed.{phase}"),
        }
        world.keep("task", "confirmed", case_tasks.add(store, broker, case, line, now))
    need_id, founder = world.things["need_id"]["published"], world.people["startup"]
    for state in ("answered", "waiting"):
        asked = questions.ask(store, founder, need_id, secret(f"question.{state}.asked"), now)
        if state == "answered":
            said = {"question": secret("question.answered.question"), "answer": secret("question.answered.answer")}
            questions.answer(store, broker, need_id, asked, said, now)
    world.keep("question", "published", asked)
    holders.hand(store, broker, case, {"holder_id": deputy.person_id, "substitute_id": broker.person_id}, now)


def _outcomes(world: World) -> None:
    """Make a case whose form is due and that one side has released, and one that is answered and public."""
    store, now = world.store, world.now
    owner, founder, broker = (world.people[name] for name in ("owner", "startup", "broker"))
    for state in ("followed", "released"):
        _case(world, state)
        case = world.things["pairing_id"][state]
        pairings.accept(store, owner, case, "owner", now)
        pairings.accept(store, founder, case, "startup", now)
        testbed = world.things["testbed_id"]["published"]
        pairings.confirm(store, broker, case, testbed, world.day(1), world.day(60), now)
        pairings.end(store, broker, case, "completed", secret(f"pairing.{state}.note"), now)
        ended = f"{outcomes.months_after(world.day(0), -7)}T08:00:00.000000Z"
        store.execute("update pairing set ended_at = :at where id = :id", {"at": ended, "id": case})
        texts = {name: secret(f"release.{state}.{name}") for name in ("title", "owner_text")}
        releases.save(store, owner, case, "owner", {**texts, "language": "sv"}, 0, now)
        releases.save(
            store, founder, case, "startup", {"startup_text": secret(f"release.{state}.startup_text")}, 1, now
        )
        releases.agree(store, owner, case, "owner", 2, now)
    releases.agree(store, founder, case, "startup", 2, now)
    notes = {f"{kind}_note": secret(f"outcome.released.{kind}") for kind in outcomes.VALUES}
    more = {name: secret(f"outcome.released.{name}") for name in ("why_not", "used_by_whom", "spread", "work")}
    outcomes.answer(store, owner, case, "owner", 6, {"in_use": "partly", "used_by": "4", **notes, **more}, "", now)
    figures = {"jobs": "12", "customers": "3"}
    outcomes.answer(store, founder, case, "startup", 6, figures, "", now)
    for thing, state, side in (("owner", "followed", "owner"), ("startup", "followed", "startup"),
                               ("answered", "released", "owner")):  # fmt: skip
        token = world.keep("outcome_token", thing, new_token())
        row = {"token_hash": token_hash(token), "pairing_id": world.things["pairing_id"][state], "side": side}
        store.insert("outcome_link", {**row, "month": 6, "sent_at": now})


def _spread(world: World) -> None:
    """Make a decided pilot that nobody released, and one that is public, asked about, copied and written of."""
    store, now = world.store, world.now
    owner, founder, broker, other = (world.people[name] for name in ("owner", "startup", "broker", "other_owner"))
    for state, decision in (("kept", "stop"), ("spread", "adopt")):
        _case(world, state)
        case = world.things["pairing_id"][state]
        pairings.accept(store, owner, case, "owner", now)
        pairings.accept(store, founder, case, "startup", now)
        pairings.confirm(store, broker, case, world.things["testbed_id"]["published"], world.day(1), world.day(60), now)
        _agreed(world, case)
        names = ("question", "route", "checks_note", *pilot_facts.PERSONS)
        facts = {"personal_data": "no", "patients": "no", "research": "no", "security": "yes"}
        facts |= {"starts_on": world.day(1), "ends_on": world.day(50)}
        facts |= {name: secret(f"pilot.{state}.{name}") for name in names}
        pilots.save(store, owner, case, facts, 0, now)
        texts = ("name", "unit", "method", "measured_by", "uncertainty")
        measured = {name: secret(f"pilot.{state}.{name}") for name in texts}
        indicators.save(store, owner, case, "", {**measured, "baseline": "5", "target": "3"}, now)
        pilots.start(store, owner, case, now)
        texts = {name: secret(f"pilot.{state}.{name}") for name in ("evidence", "early_reason")}
        lesson = f"Vi lärde oss {secret(f'pilot.{state}.lesson')} av det."
        pilot_ends.decide(store, owner, case, {**texts, "decision": decision, "lesson": lesson}, now)
    texts = {name: secret(f"release.spread.{name}") for name in ("title", "owner_text")}
    releases.save(store, owner, case, "owner", {**texts, "language": "sv"}, 0, now)
    releases.save(store, founder, case, "startup", {"startup_text": secret("release.spread.startup_text")}, 1, now)
    for side, who in (("owner", owner), ("startup", founder)):
        releases.agree(store, who, case, side, 2, now)
    askings.opened(store, owner, case, now)
    askings.ask(store, other, case, secret("spread.question"), now)
    home = world.keep("organisation_id", "others", world.home("other_owner"))
    world.keep("need_id", "copied", copies.copy(store, other, case, home, now))
    letter = {name: secret(f"spread.letter.{name}") for name in ("subject", "text")}
    third = factories.create_person(store, "owner").organisations("owner")[0]
    radar.send(store, broker, world.things["startup_id"]["published"], third, letter, now)


def _said(world: World) -> None:
    """Make interests, shares, dismissals and conflicts, standing and over, each for a need of its own."""
    _row(world, "interest", "waiting", message=secret("interest.waiting.message"))
    no = {"answered_at": world.now, "answer": "declined", "reason": "other", "note": secret("interest.declined.note")}
    _row(world, "interest", "declined", message=secret("interest.declined.message"), **no)
    back = {"withdrawn_at": world.now, "reason": "other", "note": secret("interest.withdrawn.note")}
    _row(world, "interest", "withdrawn", message=secret("interest.withdrawn.message"), **back)
    _row(world, "interest", "closed", need="closed", message=secret("interest.closed.message"), **no)
    said = {"comment": secret("share.standing.comment"), "known_before": "yes", "commented_at": world.now}
    _row(world, "share", "standing", note=secret("share.standing.note"), seen=_seen("share"), **said)
    gone = {"withdrawn_at": world.now}
    _row(world, "share", "withdrawn", note=secret("share.withdrawn.note"), seen="{}", **gone)
    seen = _seen("dismissal")
    _row(world, "dismissal", "standing", note=secret("dismissal.standing.note"), reason="other", seen=seen)
    _row(world, "dismissal", "undone", note=secret("dismissal.undone.note"), reason="other", undone_at=world.now)
    _row(world, "conflict", "standing", note=secret("conflict.standing.note"))
    _row(world, "conflict", "lifted", note=secret("conflict.lifted.note"), lifted_at=world.now)


def _seen(kind: str) -> str:
    sentence = {"need": secret(f"{kind}.standing.evidence"), "startup": "larmar"}
    return json.dumps({"rank": 1, "model": secret(f"{kind}.standing.model"), "evidence": [sentence], "gates": []})


def _row(world: World, table: str, state: str, need: str = "", **columns: Any) -> None:
    need_id = world.things["need_id"][need] if need else _need(world, f"{table}_{state}", published=True)["id"]
    by = world.people["startup" if table == "interest" else "broker"].person_id
    row = {"id": new_id(), "need_id": need_id, "startup_id": world.things["startup_id"]["published"], "person_id": by}
    moment = {"interest": "created_at", "conflict": "declared_at"}.get(table, "at")
    more = {"need_version": 1, "answer_by": world.day(7)} if table == "interest" else {}
    world.store.insert(table, {**row, moment: world.now, **more, **columns})
    world.keep(f"{table}_id", state, row["id"])


def _routes(world: World) -> None:
    """Answer the questions about the way of a need, choose one, tick a line of it, and tell of innovation."""
    store, owner, now = world.store, world.people["owner"], world.now
    need_id, guide = world.things["need_id"]["published"], route_settings.load()
    said = {"market": "adapt", "amount": "450 000", "testbed": "yes"}
    number = routes.answer(store, owner, need_id, said, 0, now)
    chosen = ("testbed_agreement", secret("route.published.why"), number, "")
    world.keep("route_choice", "published", routes.choose(store, owner, guide, need_id, *chosen, now))
    route_notes.tick(store, owner, guide, need_id, "testbed_agreement", [], ["end"], now)
    route_notes.consider(store, owner, need_id, "yes", secret("route.published.innovation"), now)


def _merge_offers(world: World) -> None:
    company = factories.create_organisation(world.store, "company", name="Tredje bolaget")
    for state in ("open", "merged", "different"):
        keep, drop = (factories.create_startup(world.store, company, published=True)["id"] for _ in range(2))
        row = {"id": new_id(), "keep_id": keep, "drop_id": drop, "reason": "name", "found_at": world.now}
        world.store.insert("merge_offer", row)
        world.keep("offer_id", state, row["id"])
        world.keep("keep_id", state, keep)
    broker = world.people["broker"]
    merging.merge(world.store, broker, world.things["offer_id"]["merged"], world.things["keep_id"]["merged"], world.now)
    merging.different(world.store, broker, world.things["offer_id"]["different"], world.now)


def _administration(world: World) -> None:
    store, now, city = world.store, world.now, world.home("owner")
    world.keep("organisation_id", "published", city)
    world.keep("organisation_id", "whole", year_reports.WHOLE)
    live = people.roles(store, world.people["other_owner"].person_id)[0]["id"]
    world.keep("membership_id", "live", live)
    by = world.people["administrator"].person_id
    for state in ("open", "used"):
        token = links.invite(store, by, f"{secret(f'link.{state}.mail')}@a.example", city, "owner", now)
        world.keep("token", state, token)
        newest = store.query("select token_hash as id from link where email like :mail", {"mail": f"%link.{state}%"})
        world.keep("link_id", state, newest[0]["id"])
    links.withdraw(store, by, world.things["link_id"]["used"], now)
    for state, given_up in (("given_up", now), ("waiting", None)):
        row = {"id": new_id(), "event": f"test:{state}", "recipient": f"{secret(f'outbox.{state}.mail')}@a.example"}
        times = {"created_at": now, "next_try_at": now, "given_up_at": given_up}
        row["error"] = secret(f"outbox.{state}.error")
        params = json.dumps({"need": secret(f"outbox.{state}.params"), "need_id": MISSING})
        store.insert("outbox", {**row, **times, "locale": "sv", "template": "need_published", "params": params})
        world.keep("mail_id", state, row["id"])
    record.write(store, by, "need.save", "need", MISSING, now, note=secret("audit.detail"))
    # What counts is of a model that nobody here has, so that no list is ordered by it.
    for state, model in (("adopted", "another"), ("candidate", indexing.model_name(TinyEncoder()))):
        content = {
            "weights": {"semantic": 1.0, "lexical": 3.0, "sentence": 0.3}, "taken": 30, "needs": 12, "decisions": 60,
            "trial": {"before": 0.6, "after": 0.7, "gain": 0.1, "error": 0.01, "better": True},
            "exposure": {"needs": 12, "changed": 5, "shown": [40, 46], "gains": [], "losses": []},
        }  # fmt: skip
        number = learned.keep(store, "weights", scoring.SCORING_VERSION, model, 60, content, now)
        world.keep("learned_id", state, learned.numbered(store, "weights", number)["id"])
        if state == "adopted":
            who, name = world.people["administrator"], world.things["learned_id"][state]
            learned.adopt(store, who, name, scoring.SCORING_VERSION, model, now)
    world.keep("filename", "css", "css/theme.css")


def _security(world: World) -> None:
    """Log a security incident that nobody has reported yet, and one that is dealt with."""
    admin = world.people["administrator"]
    for state in ("open", "dealt"):
        names = ("title", "what", "whose", "consequences", "measures", "cause", "contact")
        texts = {name: secret(f"security.{state}.{name}") for name in names}
        given = {**texts, "noticed_on": world.day(-1)}
        incident = security_incidents.create(world.store, admin, given, world.now)
        world.keep("incident_id", state, incident)
        now_known = {**given, "what": secret(f"security.{state}.known_later")}
        security_incidents.save(world.store, admin, incident, now_known, 1, world.now)
    security_incidents.sent(world.store, admin, incident, "early", world.now)
    security_incidents.close(world.store, admin, incident, world.now)


def _import_batches(world: World) -> None:
    """Keep a file that was uploaded, tried, and imported; nothing of it is done."""
    data = f"titel;beskrivning\n{secret('import.content')};b\n".encode()
    for state in ("new", "tried", "finished"):
        name = f"{secret(f'import.{state}.filename')}.csv"
        table = tables.read(data, name, rows=5)
        batch_id = batches.create(
            world.store, world.people["broker"], "needs", name, data, table, world.now,
            given=[f"title={secret('import.heading')}"] if state == "finished" else None,
        )  # fmt: skip
        world.keep("batch_id", state, batch_id)
        note = {"batch_id": batch_id, "line": 2, "outcome": "refused", "title": secret("import.note"), "faults": "{}"}
        world.store.insert("import_note", {**note, "cells": json.dumps([secret("import.cell"), "b"])})
    done = {name: world.things["batch_id"][name] for name in ("tried", "finished")} | {"now": world.now}
    world.store.execute("update import_batch set previewed_at = :now where id in (:tried, :finished)", done)
    world.store.execute("update import_batch set finished_at = :now where id = :finished and :tried = :tried", done)
    sample = [{"line": 2, "title": secret("import.sample"), "change": "created"}]
    report = {**dict.fromkeys(batches.CHANGES, 0), "created": 1, "sample": sample}
    kept = {"report": json.dumps(report), "finished": done["finished"]}
    world.store.execute("update import_batch set report = :report where id = :finished", kept)
    before = {"subject_id": MISSING, "change": "updated", "before": json.dumps({"title": secret("import.before")})}
    world.store.insert("import_row", {"batch_id": done["finished"], "line": 2, "revision": 1, **before})
    for kind in ("needs", "csv"):
        world.keep("kind" if kind == "needs" else "ending", kind, kind)


def _rounds(world: World) -> None:
    """Keep a round that is open, with a lock and a no taken back, and one that is closed."""
    broker, live = world.people["broker"], ("published", "others")
    need_ids = [world.things["need_id"][state] for state in live]
    startup_ids = [world.things["startup_id"][state] for state in live]
    arcs = planning.dense(np.array([[0.5, 0.4], [0.3, 0.6]]))
    scored = {"model": "tiny", "scoring": "1", "need_ids": need_ids, "startup_ids": startup_ids}
    for state in ("open", "shut"):
        terms = rounds.terms({"name": secret(f"round.{state}.name")}, world.now)
        round_id = rounds.create(world.store, broker, terms, {**scored, "arcs": boards.pack(arcs)}, world.now)
        world.keep("round_id", state, round_id)
    row = (world.things["round_id"]["open"], need_ids[0])
    note = secret("round.rule.note")
    undone = rounds.add_rule(world.store, broker, *row, startup_ids[0], "forbid", world.now, note=note)
    rounds.undo_rule(world.store, broker, world.keep("rule_id", "undone", undone), world.now)
    held = rounds.add_rule(world.store, broker, *row, startup_ids[1], "forbid", world.now, note=note)
    world.keep("rule_id", "standing", held)
    rounds.close(world.store, broker, world.things["round_id"]["shut"], world.now)


def _feeds(world: World) -> None:
    """Make calendar links: the host's own, to a testbed, one that has ended, and one of somebody without a role."""
    host, former = world.people["host"], world.people["revoked"]
    made = {
        "ended": feeds.make(world.store, host, None, world.now),
        "own": feeds.make(world.store, host, None, world.now),
        "testbed": feeds.make(world.store, host, world.things["testbed_id"]["published"], world.now),
        "roleless": feeds.make(world.store, former, None, world.now),
    }
    for state, (feed_id, token) in made.items():
        world.keep("feed_id", state, feed_id)
        world.keep("feed_token", state, token)


def _sessions(world: World) -> None:
    """Log the host in once more and out again, and once more: of these the pages say which is which."""
    host = world.people["host"]
    for state in ("ended", "own", "this"):
        again = state != "this" and sessions.start(world.store, host.person_id, world.now, device="Firefox, Windows")
        token = again or world.tokens["host"]
        (found,) = [row for row in sessions.of_person(world.store, host, token, world.now) if row["this"]]
        world.keep("session_id", state, found["id"])
        if state == "ended":
            sessions.end(world.store, token, world.now)
