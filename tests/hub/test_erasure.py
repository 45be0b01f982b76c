"""Fifty people: what each gets of their own, and what is left when half of them are erased."""

from __future__ import annotations

import json
import re

import pytest

from matcher.hub import cases, chain, disclosure, erasure, mail, people, questions, record
from matcher.hub.errors import Conflict, NotFound
from matcher.hub.personal import ERASED_NAME, ERASED_TEXT, HOLDINGS
from matcher.store import Store
from tests import factories

from .fifty import Fifty

NOW = "2026-11-22T09:00:00.000000Z"
ANY = re.compile(r"(?:id|said|work)q\d\dx", re.IGNORECASE)


def dump(store: Store) -> dict[tuple[str, str], str]:
    """Return all that a database holds, as one lower-case text a column."""
    held = {}
    for table in store.tables():
        rows = store.query(f'select * from "{table.name}"')
        for name in table.columns:
            values = (
                bytes(row[name]).decode("latin-1") if isinstance(row[name], bytes) else str(row[name]) for row in rows
            )
            held[table.name, name] = "\n".join(values).lower()
    return held


def places(held: dict[tuple[str, str], str], text: str) -> set[tuple[str, str]]:
    return {place for place, content in held.items() if text.lower() in content}


def test_each_of_fifty_gets_all_of_their_own_words_and_none_of_anybody_elses(store: Store):
    hub = Fifty(store)
    wanted = {
        (table, name)
        for table, holding in HOLDINGS.items()
        for name, spec in holding.texts("said", "work", "kept")
        if spec and table != "audit"
    }
    assert sorted(wanted - hub.filled) == [], "texts that nobody of the fifty has written"
    written = dump(store)
    for soul in hub.souls:
        given = disclosure.about(store, soul.id, NOW)
        text = json.dumps(given, ensure_ascii=False)
        own = set(soul.words.values())
        found = {word.lower() for word in ANY.findall(text)}
        assert found - own == set(), f"{soul.viewer.name} is shown words of others"
        assert {word for word in own if places(written, word)} <= found
        told = {(row["table"], name) for group in given["groups"] for row in group["rows"] for name in row["texts"]}
        for (table, name), content in written.items():
            spec = dict(HOLDINGS[table].texts("said", "work", "kept")).get(name)
            if spec and table != "audit" and (soul.words["said"] in content or soul.words["work"] in content):
                assert (table, name) in told, f"{soul.viewer.name} wrote {table}.{name} and is not shown it"


@pytest.mark.parametrize("everywhere", [True, False])
def test_of_half_of_fifty_who_are_erased_nothing_is_found_but_what_the_inventory_keeps(store: Store, everywhere: bool):
    hub = Fifty(store)
    gone, stay = hub.souls[::2], hub.souls[1::2]
    before = dump(store)
    for soul in gone:
        erasure.erase(store, soul.id, None, NOW, everywhere=everywhere)
    held = dump(store)
    kept = {(table, name) for table, holding in HOLDINGS.items() for name in holding.names("kept")}
    work = {(table, name) for table, holding in HOLDINGS.items() for name, _ in holding.texts("work")}
    for soul in gone:
        assert places(held, soul.words["id"]) <= kept, soul.viewer.name
        assert places(held, soul.words["said"]) == set(), soul.viewer.name
        assert places(held, soul.words["work"]) <= kept | work, soul.viewer.name
        assert places(held, f"070-{soul.number:03d}") == set()
    for soul in stay:
        for word in soul.words.values():
            lost = places(before, word) - places(held, word)
            # A row of the record or a file that names both goes as a whole.
            assert lost <= {("audit", "detail"), ("import_batch", "content")}, (soul.viewer.name, word)


def test_an_erased_person_is_an_empty_row_without_a_way_in(store: Store):
    hub = Fifty(store, hands=1)
    soul = hub.souls[1]
    erasure.erase(store, soul.id, hub.souls[4].id, NOW, reason=f"Bad om det: {soul.viewer.email}")
    row = store.query("select * from person where id = :id", {"id": soul.id})[0]
    assert (row["name"], row["email"], row["password_hash"]) == (ERASED_NAME, f"{soul.id}@erased.invalid", None)
    assert people.viewer(store, soul.id) is None
    for table in ("session", "membership", "feed"):
        assert store.query(f"select 1 as found from {table} where person_id = :id", {"id": soul.id}) == []
    assert erasure.listed(store) == [{"person_id": soul.id, "at": NOW, "everywhere": 1}]
    told = [row for row in record.history(store, "person", soul.id) if row["action"] == "person.erase"]
    assert [(row["person_id"], row["detail"]) for row in told] == [
        (hub.souls[4].id, {"reason": f"Bad om det: {ERASED_NAME}"})
    ]
    with pytest.raises(NotFound):
        disclosure.about(store, soul.id, NOW)
    with pytest.raises(Conflict, match="person_erased"):
        erasure.erase(store, soul.id, None, NOW)


def test_a_broker_s_open_cases_go_to_the_substitute_or_to_who_holds_fewest(store: Store):
    hub = factories.create_organisation(store, "hub")
    going, busy, idle = (factories.create_person(store, "broker", hub, name=f"Bo Nummer{n}") for n in range(3))
    factories.create_person(store, "administrator", hub)
    with_substitute, without = (_case(store, going) for _ in range(2))
    _case(store, busy)
    row = {"id": "h1", "pairing_id": with_substitute, "holder_id": going.person_id, "since": NOW}
    store.insert("case_holder", {**row, "substitute_id": busy.person_id})
    assert {case["id"] for case in erasure.preview(store, going.person_id)["cases"]} == {with_substitute, without}
    erasure.erase(store, going.person_id, None, NOW)
    assert cases.fetch(store, with_substitute)["holder_id"] == busy.person_id
    assert cases.fetch(store, without)["holder_id"] == idle.person_id
    assert store.query("select 1 as found from outbox where template = 'case_holder'")


def _case(store: Store, broker: people.Viewer) -> str:
    need, startup = factories.create_need(store, published=True), factories.create_startup(store, published=True)
    row = {"id": f"p{need['id'][:8]}", "need_id": need["id"], "startup_id": startup["id"], "need_version": 1}
    store.insert("pairing", {
        **row, "seen": "{}", "proposed_by": broker.person_id, "proposed_at": NOW, "answer_by": "2026-12-01",
    })  # fmt: skip
    return row["id"]


def test_the_last_administrator_is_not_erased_and_nothing_changes(store: Store):
    last = factories.create_person(store, "administrator")
    before = dump(store)
    with pytest.raises(Conflict, match="last_administrator"):
        erasure.erase(store, last.person_id, last.person_id, NOW)
    assert dump(store) == before


def test_a_name_that_another_bears_is_taken_out_only_where_the_row_names_the_person(store: Store):
    administrator = factories.create_person(store, "administrator")
    one, other = (factories.create_person(store, "owner", name="Eva Ek") for _ in range(2))
    own = factories.create_need(store, one.organisations("owner")[0], person_id=one.person_id, title="Eva Ek frågar")
    others = factories.create_need(
        store, other.organisations("owner")[0], person_id=other.person_id, title="Eva Ek frågar", contact="Eva Ek"
    )
    told = factories.create_need(store, contact="Eva Eklund, 070-1", description=f"Skriv till {one.email}!")
    erasure.erase(store, one.person_id, administrator.person_id, NOW)
    rows = {row["id"]: row for row in store.query("select * from need")}
    assert rows[own["id"]]["title"] == f"{ERASED_NAME} frågar"
    assert (rows[others["id"]]["title"], rows[others["id"]]["contact"]) == ("Eva Ek frågar", "Eva Ek")
    assert rows[told["id"]]["description"] == f"Skriv till {ERASED_NAME}!"
    assert rows[told["id"]]["contact"] == "Eva Eklund, 070-1"
    assert rows[own["id"]]["seq"] > own["seq"]
    assert rows[own["id"]]["updated_at"] == NOW
    assert rows[others["id"]]["seq"] == others["seq"]


def strangers(store: Store) -> tuple[dict[str, str], dict[str, str]]:
    """Return what others have written, and the record of what they did, by id."""
    texts = store.query("select id, title || description || contact as text from need")
    rows = store.query("select id, detail from audit where action in ('need.publish', 'pairing.confirm')")
    return {row["id"]: row["text"] for row in texts}, {row["id"]: row["detail"] for row in rows}


def test_nobody_takes_words_out_of_others_texts_by_calling_themselves_so(store: Store):
    """A host called "särskilda boenden" took them out of a published need, four profiles and the record."""
    one = factories.create_person(store, "host", name="särskilda boenden")
    other = factories.create_person(store, "owner", name="Eva Ek")
    home = other.organisations("owner")[0]
    titles = ["Fall på våra särskilda boenden", "Inget av det"]
    needs = [
        factories.create_need(store, home, person_id=other.person_id, published=True, title=title,
                              contact="Enheten för särskilda boenden") for title in titles
    ]  # fmt: skip
    record.write(store, other.person_id, "need.publish", "need", needs[0]["id"], NOW, title=titles[0])
    before = strangers(store)
    assert "särskilda boenden" in str(before[1])
    erasure.erase(store, one.person_id, one.person_id, NOW, everywhere=False)
    assert strangers(store) == before
    assert chain.verify(store).faults == []


def test_nor_out_of_what_others_answered_them(store: Store):
    """What a broker wrote to an owner stands in the row of the owner's need."""
    one = factories.create_person(store, "owner", name="för vagt")
    need = factories.create_need(
        store, one.organisations("owner")[0], person_id=one.person_id, title="Skrivet för vagt"
    )
    answer = {"comment": "Det är för vagt skrivet.", "id": need["id"]}
    store.execute("update need set return_comment = :comment where id = :id", answer)
    erasure.erase(store, one.person_id, one.person_id, NOW, everywhere=False)
    row = store.query("select title, return_comment from need where id = :id", {"id": need["id"]})[0]
    assert row == {"title": f"Skrivet {ERASED_NAME}", "return_comment": answer["comment"]}


def test_an_administrator_sees_where_the_name_alone_stands_and_takes_it_out_there(store: Store):
    one = factories.create_person(store, "owner", name="Eva Ek")
    other = factories.create_person(store, "owner")
    need = factories.create_need(
        store, other.organisations("owner")[0], person_id=other.person_id, title="Fråga Eva Ek", contact="Eva Ek, 070-1"
    )
    factories.create_need(store, title=f"Fråga Eva Ek, {one.email}")
    record.write(store, other.person_id, "need.publish", "need", need["id"], NOW, title="Fråga Eva Ek")
    assert erasure.named_elsewhere(store, one.person_id) == {"need": 1, "audit": 1}
    erasure.erase(store, one.person_id, None, NOW, everywhere=True)
    row = store.query("select title, contact from need where id = :id", {"id": need["id"]})[0]
    assert (row["title"], row["contact"]) == (f"Fråga {ERASED_NAME}", "")
    assert "Eva Ek" not in str(strangers(store))


def test_what_one_said_empties_no_row_of_the_record_about_what_others_did(store: Store):
    """A question with the name of a testbed emptied four confirmations of other people."""
    one, broker = factories.create_person(store, "startup"), factories.create_person(store, "broker")
    need = factories.create_need(store, published=True)
    said = "Clinical training centre"
    questions.ask(store, one, need["id"], said, NOW)
    record.write(store, broker.person_id, "pairing.confirm", "pairing", "p1", NOW, testbed=said)
    record.write(store, one.person_id, "interest.create", "interest", "i1", NOW, note=said)
    mail.queue(store, "x", [{"email": broker.email, "locale": "sv"}], "confirmed", NOW, testbed=said)
    erasure.erase(store, one.person_id, one.person_id, NOW, everywhere=False)
    rows = {row["subject_id"]: row["detail"] for row in store.query("select subject_id, detail from audit")}
    assert json.loads(rows["p1"]) == {"testbed": said}
    assert rows["i1"] == "{}", "their own row is theirs to take back"
    waiting = store.query("select params from outbox where template = 'confirmed'")
    assert said in waiting[0]["params"]


def test_a_name_opens_nothing_of_others_to_whoever_bears_it(store: Store):
    """By calling oneself "environmental inspector" one read the contact and the budget of a need not published yet."""
    one = factories.create_person(store, "startup", name="environmental inspector")
    factories.create_need(store, contact="Elsa Brännström, environmental inspector", title="Hemlig plan")
    named = factories.create_need(store, contact=f"Registrator, {one.email}", title="Min egen")
    given = disclosure.about(store, one.person_id, NOW)
    rows = [row for group in given["groups"] for row in group["rows"] if row["table"] == "need"]
    assert [row["id"] for row in rows] == [{"id": named["id"]}]
    assert "Elsa" not in json.dumps(given, ensure_ascii=False)


@pytest.mark.parametrize("depth", [30, 600, 60_000])
def test_a_text_that_looks_like_deep_json_hinders_neither_giving_out_nor_erasing(store: Store, depth: int):
    """One row of brackets in one text made both fail, for everybody whose address stands in such a text."""
    administrator = factories.create_person(store, "administrator")
    one = factories.create_person(store, "owner", name="Eva Ek")
    typed = "[" * depth + f'"{one.email}"' + "]" * depth
    need = factories.create_need(
        store, one.organisations("owner")[0], person_id=one.person_id, title="Färre fall", description=typed
    )
    given = disclosure.about(store, one.person_id, NOW)
    texts = [row["texts"] for group in given["groups"] for row in group["rows"] if row["table"] == "need"]
    assert texts[0]["description"] == typed
    erasure.erase(store, one.person_id, administrator.person_id, NOW)
    left = store.query("select description from need where id = :id", {"id": need["id"]})[0]["description"]
    assert left == typed.replace(one.email, ERASED_NAME)


def test_a_file_that_is_let_go_says_why_and_one_at_work_is_left(store: Store):
    """A broker was told that the spreadsheet they had sent was empty."""
    one, broker = factories.create_person(store, "owner"), factories.create_person(store, "broker")
    given = {"kind": "needs", "mapping": "{}", "options": "{}", "created_at": NOW, "person_id": broker.person_id}
    contents = {"xlsx": b"PK\x03\x04 packed", "at work": b"PK\x03\x04 packed", "plain": b"title;people\n"}
    for name, content in contents.items():
        wanted = {"wanted": "import", "wanted_at": NOW} if name == "at work" else {}
        store.insert("import_batch", {"id": name, "filename": name, "content": content, **given, **wanted})
    erasure.erase(store, one.person_id, one.person_id, NOW, everywhere=False)
    rows = {row["id"]: row for row in store.query("select id, content, error from import_batch")}
    assert {name: bytes(row["content"]) for name, row in rows.items()} == {**contents, "xlsx": b""}
    assert {name: row["error"] for name, row in rows.items()} == {
        "xlsx": '["file_let_go", {}]', "at work": None, "plain": None
    }  # fmt: skip


def test_what_was_said_goes_from_mail_that_waits_for_others_too(store: Store):
    hub = Fifty(store, hands=1)
    startup, broker = hub.souls[2], hub.souls[0]
    said = hub.text(startup.id, "said")
    store.execute(
        "update outbox set params = :params where recipient = :to and sent_at is null",
        {"params": json.dumps({"note": f"Hej! {said}", "actor": startup.viewer.name}), "to": broker.viewer.email},
    )
    erasure.erase(store, startup.id, None, NOW)
    left = store.query(
        "select params from outbox where recipient = :to and sent_at is null", {"to": broker.viewer.email}
    )
    assert json.loads(left[0]["params"]) == {"note": f"Hej! {ERASED_TEXT}", "actor": ERASED_NAME}


def test_giving_out_asks_the_store_as_often_for_thirty_needs_as_for_one(store: Store, monkeypatch):
    hub = Fifty(store, hands=1)
    owner = hub.souls[1]
    few = _asked(store, owner.id, monkeypatch)
    for _ in range(30):
        need = factories.create_need(store, owner.organisation, person_id=owner.id)
        record.write(store, owner.id, "need.close", "need", need["id"], NOW)
    assert _asked(store, owner.id, monkeypatch) == few


def _asked(store: Store, person_id: str, monkeypatch) -> int:
    asked, real = [], store.query
    with monkeypatch.context() as patched:
        patched.setattr(store, "query", lambda *given: asked.append(given) or real(*given))
        disclosure.about(store, person_id, NOW)
    return len(asked)
