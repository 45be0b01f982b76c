"""Secret words: every text that not everybody may read holds one, and every page is read as every visitor.

A word that turns up where `AUDIENCE` does not allow it is a leak; one that its own people never see means that the
walk is blind.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from flask import template_rendered

from matcher.hub import need_content, personal, testbeds

from .walking import Hub, open_hub, parameters, readable
from .world import VISITORS

WORD = re.compile(r"canary-([\w.]+?)-7q")
# Whoever holds a link's token may open it: that is what the token is for.
TOKEN_HELD = {"outcomes.by_link", "account.link", "feedback.form", "feedback.thanks", "feeds.read"}
WITH_A_ROLE = frozenset(VISITORS) - {"none", "revoked", "roleless"}
NEED, STARTUP, TESTBED = {"broker", "owner"}, {"broker", "startup"}, {"broker", "host"}
COPIERS = {"administrator", "broker", "owner", "startup", "host", "other_owner"}
SIDES, ALL_SIDES = {"broker", "owner", "startup"}, {"broker", "owner", "startup", "host"}

# The beginning of a word → who may read it; the longest beginning counts. What is not here, nobody may read.
AUDIENCE: dict[str, set[str] | frozenset[str]] = {
    "need.": NEED,
    "need.closed.": SIDES,  # the startup has answered it
    "need.closed.contact": NEED,
    "need.closed.runner": NEED,
    "need.case_": SIDES,
    "need.case_declined.": NEED,
    "need.case_confirmed.": ALL_SIDES,
    "need.case_ended.": ALL_SIDES,
    "need.case_prepared.": ALL_SIDES,
    "need.case_running.": ALL_SIDES,
    "need.case_followed.": ALL_SIDES,
    "need.case_released.": ALL_SIDES,
    "need.case_others.": {"broker", "other_owner", "other_startup"},
    "need.closed.close_note": NEED,
    "startup.": STARTUP,
    "startup.published.": WITH_A_ROLE,
    "startup.published.flag_reason": STARTUP,
    "testbed.": TESTBED,
    "testbed.published.": WITH_A_ROLE,
    "person.": {"administrator", *ALL_SIDES},
    "person.administrator": {"administrator"},
    "identity.": {"owner", "administrator"},  # in the file of what is kept about the owner
    "pairing.": SIDES | {"administrator"},  # the record tells what was said
    "pairing.confirmed.": ALL_SIDES | {"administrator"},
    "pairing.ended.": ALL_SIDES | {"administrator"},
    "pairing.prepared.": ALL_SIDES | {"administrator"},
    "pairing.running.": ALL_SIDES | {"administrator"},
    "pairing.prepared.model": {"broker"},
    "pairing.running.model": {"broker"},
    "pilot.": ALL_SIDES | {"administrator"},  # the record tells what was said
    "feedback.": ALL_SIDES | {"administrator"},
    **{f"pairing.{state}.": ALL_SIDES | {"administrator"} for state in ("followed", "released")},
    **{f"pairing.{state}.model": {"broker"} for state in ("followed", "released")},
    **{f"log.{state}.brokers": {"broker"} for state in ("proposed", "confirmed")},
    "task.confirmed.procurement": NEED,
    "task.confirmed.development": ALL_SIDES,
    "question.": SIDES,
    "question.answered.question": WITH_A_ROLE,
    "question.answered.answer": WITH_A_ROLE,
    "log.proposed.all": SIDES,
    "log.confirmed.all": ALL_SIDES,
    "outcome.": ALL_SIDES,
    "release.followed.": SIDES,
    "release.released.": frozenset(VISITORS),
    **{f"need.case_{state}.": ALL_SIDES for state in ("kept", "spread")},
    **{f"pairing.{state}.": ALL_SIDES | {"administrator"} for state in ("kept", "spread")},
    **{f"pairing.{state}.model": {"broker"} for state in ("kept", "spread")},
    "release.spread.": frozenset(VISITORS),
    # An owner elsewhere copies what both sides have released, and keeps what the copy brought.
    **{f"pilot.spread.{name}": COPIERS for name in ("lesson", "name", "unit", "method", "uncertainty")},
    "spread.question": NEED | {"other_owner"},  # who has asked it
    "spread.letter": {"broker"},
    "spread.letter.subject": {"broker", "administrator"},  # the record names the letter
    "pairing.others.": {"broker", "other_owner", "other_startup", "administrator"},
    **{f"pairing.{state}.model": {"broker"} for state in ("proposed", "accepted", "declined", "confirmed", "ended")},
    "pairing.others.model": {"broker"},
    "interest.": STARTUP,
    "share.standing.": NEED,
    "share.standing.model": {"broker"},
    "share.withdrawn.": {"broker"},
    "dismissal.": {"broker"},
    "conflict.": SIDES,
    "link.": {"administrator"},
    "outbox.": {"administrator"},
    "outbox.given_up.params": set(),
    "outbox.waiting.params": set(),
    "audit.": {"administrator"},
    "security.": {"administrator"},
    "aid.own.": {"broker", "startup"},
    "agreement.draft.": {"broker"},
    "agreement.signed.": ALL_SIDES | {"administrator"},
    "agreement.withdrawn.": ALL_SIDES | {"administrator"},
    "booking.": {"broker", "startup", "host", "administrator"},  # the record tells what was said
    "booking.in_case.": ALL_SIDES | {"administrator"},
    "booking.others.": {"broker", "other_owner", "other_host", "administrator"},
    "template.own.": {"broker", "administrator"},
    "prerequisite.": ALL_SIDES | {"administrator"},
    "prerequisite.published.": WITH_A_ROLE,  # whoever asks for a place reads what the testbed asks for
    "import.": {"broker"},
    "route.": NEED,
    "round.": {"broker", "administrator"},  # the record tells of locks and noes, and why
}
# Words that must be found, or the walk does not look where they are.
SEEN = {
    "owner": ("need.draft.title", "need.draft.return_comment", "need.closed.close_note", "share.standing.comment",
              "route.published.why", "route.published.innovation", "pairing.proposed.message",
              "conflict.standing.note", "need.published.contact", "agreement.withdrawn.note",
              "pilot.running.withdrawn_reason", "startup.published.evidence"),
    "startup": ("startup.draft.problem", "startup.hidden.hidden_reason", "startup.published.flag_reason",
                "interest.waiting.message", "interest.declined.note", "pairing.declined.note", "need.closed.effect",
                "need.case_accepted.contact", "aid.own.beyond", "booking.approved.reply"),
    "host": ("need.case_confirmed.contact", "testbed.draft.conditions", "testbed.withdrawn.name",
             "outcome.released.work", "pairing.confirmed.message", "log.confirmed.all",
             "task.confirmed.development", "pilot.running.what",
             "feedback.closed.text", "booking.requested.message", "booking.approved.paper",
             "agreement.signed.title", "agreement.signed.paper", "booking.approved.reply"),
    "broker": ("need.submitted.effect", "pairing.proposed.model", "import.new.filename",
               "import.cell", "person.owner.mail", "round.open.name", "round.rule.note", "import.sample",
               "agreement.signed.content"),
    "none": ("release.released.title", "release.released.owner_text", "release.released.startup_text"),
    "other_owner": ("pilot.spread.lesson", "pilot.spread.name", "pilot.spread.unit", "spread.question"),
    "administrator": ("person.startup.mail", "link.open.mail", "outbox.given_up.mail", "audit.detail",
                      "security.open.what", "security.dealt.title", "security.open.consequences",
                      "security.open.cause", "outbox.given_up.error", "template.own.file", "spread.letter.subject"),
}  # fmt: skip
FIGURES = ("published", "confirmed", "reviews_due", "interests_due", "companies", "people", "known_yes", "feedback")
PAIRED = ("published", "draft", "closed", "conflict_standing", "case_declined", "others", "missing")
QUERIES = (
    "/admin/outbox?state=given_up",
    "/search?q=canary+need+draft", "/search?q=canary&kind=startup", "/search?q=faller&kind=need",
    "/search?q=avdelning&kind=testbed", "/search?q=sensor&kind=startup",
    "/startups?q=canary", "/startups?state=hidden", "/startups?state=merged", "/startups?sort=completeness",
    "/startups?sort=updated", "/startups?complete=low", "/testbeds?q=canary", "/testbeds?county=12",
    *(f"/needs?status={status}&own={own}&late=yes" for status, own in product(
        ("all", "draft", "returned", "submitted", "closed"), ("yes", "no"))),
    "/needs?sort=closing", "/pairings?stage=proposed", "/pairings?mine=yes", "/pairings?stage=declined",
    "/api/v1/needs?late=true", "/api/v1/testbeds?per_page=100", "/admin/people?q=canary", "/admin/record?kind=pairing",
    *(f"/admin/{page}={number}" for page in ("outbox?page", "record?page") for number in (1, 2, 3)),
)  # fmt: skip

# A column is a code, a figure, a moment or the id of something when its name ends like this or all that it holds is
# like `CODE`, in lists and in JSON too. Whatever else is kept holds a secret word in the world, or stands here.
SHAPED = re.compile(r"(^|_)(id|at|on|by|until)$")
CODE = re.compile(r"[a-z0-9_.:@-]*|[a-z0-9_]+\.sql|\d{4}-\d\d-\d\d(T[\d:.]+Z)?")
WITHOUT_A_WORD = {
    # public by design
    "organisation.name": "names of organisations are public",
    "organisation.orgnr": "companies' numbers are public, and no text",
    "release.owner_name": "the name of an organisation", "release.startup_name": "the name of a company",
    "organisation.website": "public", "startup.website": "a web address; a profile's other fields hold words",
    "need_question.asked_for": "the name of an organisation; whom it is hidden from: tests/hub/test_questions.py",
    "need_told.organisation": "the name of an organisation, beside name and mail, which hold words",
    # places and codes that nothing in the world has
    "organisation.county_code": "a code", "organisation.municipality_code": "a code",
    "organisation.merged_into": "an id", "case_asked.still_since": "a moment",
    "need.local": "a code", "outcome.economic": "a code", "outcome.social": "a code", "outcome.functional": "a code",
    "outcome.environmental": "a code", "booking.cancelled_side": "a code", "booking.reason": "a code",
    "round.places": "figures", "year_target.measure": "a code", "import_batch.wanted": "a code",
    "session.factor": "a code", "login_step.kind": "a code",
    "session.device": "the kind of browser and system, for its owner alone: tests/web/test_own_sessions.py",
    "login_step.detail": "state and nonce of a log-in under way; in no page",
    "attempt.period": "a quarter of an hour", "identity.issuer": "the address of the organisation's log-in service",
    # what the machine makes
    "route_choice.shown": "codes, figures and the rules that spoke, as they stand in the guide",
    "doubt.passages": "sentences of the profile itself, whose texts hold words", "doubt.others": "ids",
    "merge_offer.before": "ids", "round.arcs": "figures", "learned.content": "figures",
    "import_batch.error": "a code, and headings of the file, whose words are looked for in its other columns",
    "import_note.faults": "codes, by column", "import_row.digest": "a hash",
    "embedding.vector": "figures", "embedding.terms": "figures", "sentence.vector": "figures",
    "sentence.rest": "figures",
    "map_drawn.figures": "figures", "map_drawn.name": "one row", "map_drawn.model": "the model's name",
    "map_drawn.scoring": "a version", "map_region.words": "common words of published texts: tests/web/test_atlas.py",
    "map_point.kind": "a code", "map_point.stamp": "a hash", "exposure.scoring": "a version", "removal.kind": "a code",
    "roster.kind": "a code", "roster.base": "an id", "roster.content": "ids",
    **{f"past_text.{name}": "of earlier rankings, for the command `matcher replay`; in no page" for name in
       ("kind", "model", "text_hash", "sentences", "vector", "terms", "sentence_vectors")},
    **{f"ranking_run.{name}": "of earlier rankings, for the command `matcher replay`; in no page" for name in
       ("documents", "made_documents", "made_questions", "facts")},
    **{f"copy_under_way.{name}": "of the command `matcher copy-database`; in no page" for name in
       ("name", "source", "done", "last_key")},
}  # fmt: skip


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened


def _pages(hub: Hub) -> list[str]:
    """Return the address of every page of every thing, and of every pair of things that means something."""
    found = []
    for rule in hub.rules():
        if "GET" in rule.methods and rule.endpoint not in {"static", *TOKEN_HELD}:
            names = parameters(rule)
            states = [PAIRED if len(names) > 1 and name == "need_id" else hub.world.things[name] for name in names]
            found += [hub.address(rule.endpoint, "+".join(chosen) or "-") for chosen in product(*states)]
    things = hub.world.things
    steps = ("title", "people", "today", "effect", "responsible", "check")
    found += [f"/needs/{need}/edit?step={step}" for need in things["need_id"].values() for step in steps]
    found += [f"/year/{one}/list?figure={code}" for one in things["organisation_id"].values() for code in FIGURES]
    chosen = "&".join(f"startup={things['startup_id'][state]}" for state in ("published", "others", "hidden"))
    found.append(f"/admin/agreements/file?template={things['template']['own']}")
    found.append(f"/desk/needs/{things['need_id']['dismissal_standing']}?dismissed=yes&stopped=yes")
    found.append(f"/desk/needs/{things['need_id']['published']}/compare?{chosen}")
    return [*found, *QUERIES]


def _audience(word: str) -> set[str] | frozenset[str]:
    fitting = [start for start in AUDIENCE if word.startswith(start)]
    return AUDIENCE[max(fitting, key=len)] if fitting else set()


def _is_code(value: Any) -> bool:
    if isinstance(value, str) and value[:1] in ("[", "{"):
        value = json.loads(value)
    if isinstance(value, dict):
        return all(map(_is_code, [*value, *value.values()]))
    if isinstance(value, list):
        return all(map(_is_code, value))
    return value is None or isinstance(value, int | float) or bool(CODE.fullmatch(str(value)))


def _wordless(hub: Hub) -> set[str]:
    """Return the columns that may hold a text, and hold no secret word."""
    found = set()
    for table, holding in personal.HOLDINGS.items():
        rows = hub.store.query(f'select * from "{table}"')
        for name in holding.columns - {*holding.names("who"), *holding.names("hashes")}:
            held = [row[name] for row in rows if row[name] is not None]
            texts = [value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in held]
            fact = name in holding.names("facts") and (SHAPED.search(name) or (held and all(map(_is_code, held))))
            if not fact and not any(map(WORD.search, texts)):
                found.add(f"{table}.{name}")
    numbers = {"bigint", "integer", "real", "double"}
    for table in hub.store.tables():
        columns = hub.store.query(f"select name, type from pragma_table_info('{table.name}')")
        found -= {f"{table.name}.{column['name']}" for column in columns if column["type"].lower() in numbers}
    return found


def test_every_column_that_may_hold_a_text_holds_a_secret_word_or_stands_in_the_list_with_its_reason(hub):
    found = _wordless(hub)
    assert sorted(found - set(WITHOUT_A_WORD)) == [], "write a secret word there (world.py), or the reason why none"
    assert sorted(set(WITHOUT_A_WORD) - found) == [], "these need no reason: they hold a word, or are gone"


def test_every_word_of_the_world_says_who_may_read_it(hub):
    held = set()
    for table in personal.HOLDINGS:
        for row in hub.store.query(f'select * from "{table}"'):
            held |= set(WORD.findall(" ".join(map(str, row.values()))))
    unsaid = {word for word in held if not any(map(word.startswith, AUDIENCE))}
    assert len(held) > 300
    assert unsaid <= {"factor.sealed"}, "nobody may read a word that AUDIENCE does not name: is that so?"


@pytest.mark.parametrize("visitor", VISITORS)
def test_nobody_reads_a_word_that_is_not_for_them(hub, visitor):
    seen: dict[str, set[str]] = defaultdict(set)
    for path in _pages(hub):
        answer = hub.send(visitor, "GET", path)
        assert answer.status_code < 500, path
        for word in WORD.findall(f"{answer.headers}{readable(answer)}"):
            seen[word].add(path)
    leaks = {word: sorted(paths)[:3] for word, paths in seen.items() if visitor not in _audience(word)}
    assert leaks == {}, f"{visitor} reads {leaks}"
    assert [word for word in SEEN.get(visitor, ()) if word not in seen] == [], "the walk does not look there"


@pytest.mark.parametrize("visitor", ["none", "other_owner", "other_startup", "other_host", "administrator"])
@pytest.mark.parametrize("path", ["/startups?q=", "/testbeds?q="])
def test_a_list_answers_the_same_whether_a_hidden_name_fits_or_not(hub, visitor, path):
    answers = [
        hub.send(visitor, "GET", f"{path}{word}").get_data(as_text=True).replace(word, "")
        for word in ("canary-startup.draft", "canary-testbed.draft", "nothing-at-all.here")
    ]
    assert len({re.sub(r"[\w.-]{70,}", "", answer) for answer in answers}) == 1  # CSRF tokens hold the second


def test_what_a_visitor_is_shown_of_needs_and_testbeds_is_the_list_of_public_fields(hub):
    shown = _rows_given_to_templates(hub, "none")
    for row in shown:
        row.pop("interested", None)  # in every card of a need; shown to startups only, as the competition they meet
        public = need_content.PUBLIC_FIELDS if "title" in row else testbeds.PUBLIC_FIELDS
        assert set(row) <= {*public, "closed"}, row


def _rows_given_to_templates(hub: Hub, visitor: str) -> list[dict[str, Any]]:
    """Return every need and testbed that a page for this visitor was made from."""
    found: list[dict[str, Any]] = []

    def look(value: Any) -> None:
        if isinstance(value, dict) and "organisation" in value and {"title", "places"} & set(value):
            found.append(value)
        elif isinstance(value, dict | list | tuple):
            for part in value.values() if isinstance(value, dict) else value:
                look(part)
        elif hasattr(value, "rows"):
            look(value.rows)

    def take(app: Any, template: Any, context: dict[str, Any]) -> None:
        for name, value in context.items():
            if name not in ("g", "request", "session", "config"):
                look(value)

    with template_rendered.connected_to(take, hub.app):
        for path in _pages(hub):
            hub.send(visitor, "GET", path)
    assert len(found) > 20
    return found


@pytest.mark.parametrize(
    ("kind", "public"), [("need", need_content.PUBLIC_FIELDS), ("testbed", testbeds.PUBLIC_FIELDS)]
)
def test_the_json_interface_gives_the_public_fields_and_no_more(hub, kind, public):
    one = hub.send("broker", "GET", hub.address(f"api.show_{kind}", "published")).json
    rows = hub.send("broker", "GET", f"/api/v1/{kind}s").json["rows"]
    assert len(rows) > 1
    for row in (one, *rows):
        assert set(row) <= set(public)
