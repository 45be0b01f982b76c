"""Everything that is kept for a time goes when the time is over, and not before."""

from __future__ import annotations

import json

import pytest

from matcher.exchange import backups
from matcher.hub import limits, links, login_steps, mail, retention, sessions
from matcher.hub.clock import later
from matcher.hub.ids import new_token, token_hash
from matcher.hub.personal import ERASED_NAME
from matcher.store import Store
from tests import factories
from tests.factories import NOW


def days(code: str) -> int:
    return next(period.days for period in retention.PERIODS if period.code == code)


def gone(store: Store, code: str, query: str) -> None:
    """Check that a row is there on the last day of its time, and gone the day after."""
    retention.apply(store, later(NOW, days=days(code) - 0.5))
    assert store.query(query), f"{code} went too soon"
    retention.apply(store, later(NOW, days=days(code) + 2))
    assert not store.query(query), f"{code} is still there"


def test_a_session_a_try_and_a_link(store: Store):
    person = factories.create_person(store, "owner")
    sessions.start(store, person.person_id, NOW)
    limits.count(store, "login:x", 5, NOW)
    gone(store, "attempts", "select 1 as found from attempt")
    gone(store, "sessions", "select 1 as found from session")
    row = {"token_hash": "x", "purpose": "reset", "email": person.email, "created_at": NOW, "expires_at": NOW}
    store.insert("link", row)
    gone(store, "links", "select 1 as found from link")


def test_a_calendar_link_that_was_ended_and_no_other(store: Store):
    person = factories.create_person(store, "owner")
    for name, revoked in (("ended", NOW), ("works", None)):
        store.insert("feed", {
            "id": name, "token_hash": token_hash(new_token()), "person_id": person.person_id, "made_at": NOW,
            "revoked_at": revoked,
        })  # fmt: skip
    gone(store, "feeds", "select 1 as found from feed where id = 'ended'")
    assert store.query("select id from feed") == [{"id": "works"}]


def test_mail_that_was_given_up_is_emptied_and_what_was_sent_goes_in_the_end(store: Store):
    for name in ("sent", "given up", "waits"):
        mail.queue(store, name, [{"email": f"{name[:4]}@example.org", "locale": "sv"}], "reset", NOW, token="secret")
    store.execute("update outbox set sent_at = :now where event like 'sent%'", {"now": NOW})
    store.execute("update outbox set given_up_at = :now where event like 'given%'", {"now": NOW})
    gone(store, "unsent", "select 1 as found from outbox where given_up_at is not null and params <> '{}'")
    gone(store, "mail", "select 1 as found from outbox where sent_at is not null")
    assert [row["recipient"] for row in store.query("select * from outbox order by recipient")][
        -1
    ] == "wait@example.org"


def test_a_file_that_was_never_imported_is_emptied_with_the_cells_it_was_refused_for(store: Store):
    person = factories.create_person(store, "broker")
    store.insert("import_batch", {
        "id": "b", "kind": "needs", "person_id": person.person_id, "filename": "x.csv", "content": b"x;y",
        "mapping": "[]", "options": "{}", "created_at": NOW,
    })  # fmt: skip
    store.insert("import_note", {
        "batch_id": "b", "line": 1, "outcome": "refused", "title": "x", "faults": "{}", "cells": json.dumps(["Eva"]),
    })  # fmt: skip
    gone(store, "uploads", "select 1 as found from import_batch where length(content) > 0")
    assert store.query("select cells from import_note") == [{"cells": None}]


def test_names_under_an_agreement_go_ten_years_after_it_ended(store: Store):
    person = factories.create_person(store, "broker")
    need, startup = factories.create_need(store, published=True), factories.create_startup(store, published=True)
    store.insert("pairing", {
        "id": "p", "need_id": need["id"], "startup_id": startup["id"], "need_version": 1, "seen": "{}",
        "proposed_at": NOW, "answer_by": NOW[:10],
    })  # fmt: skip
    store.insert("agreement", {
        "id": "a", "pairing_id": "p", "number": 1, "language": "sv", "terms": "{}", "starts_on": NOW[:10],
        "ends_on": NOW[:10], "drafted_at": NOW, "withdrawn_at": NOW,
    })  # fmt: skip
    for side, file in (("owner", b"scan"), ("host", None)):
        store.insert("signature", {
            "agreement_id": "a", "side": side, "person_id": person.person_id, "name": "Eva Ek", "title": "Chef",
            "method": "upload" if file else "recorded", "paper_hash": "x", "file": file,
            "file_name": "eva.pdf" if file else None, "at": NOW,
        })  # fmt: skip
    gone(store, "contracts", "select 1 as found from signature where name = 'Eva Ek'")
    rows = store.query("select name, title, file_name, file from signature order by side")
    assert [(row["name"], row["title"], row["file_name"]) for row in rows] == [
        (ERASED_NAME, "", None), (ERASED_NAME, "", ""),
    ]  # fmt: skip
    assert [bytes(row["file"]) if row["file"] is not None else None for row in rows] == [None, b""]


def test_backups_are_kept_as_long_as_the_table_says():
    assert max(span for span, _ in backups.KEPT).days == days("backups")


@pytest.mark.parametrize("module", [limits, links, login_steps, sessions])
def test_what_a_module_forgets_is_in_the_table(module):
    assert module.forget in [period.forget for period in retention.PERIODS]
