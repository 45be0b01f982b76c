"""A hub of fifty people of every role who have written everything that can be written, each with words of their own.

Three words a person: `id` in name and address, `said` in what they wrote in their own name, `work` in what they wrote
for their organisation. Rows are put in as `personal.HOLDINGS` describes them, so a new text column is written here as
soon as it is described there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from matcher.hub import mail, record
from matcher.hub.ids import new_id, new_token, token_hash
from matcher.hub.people import Viewer
from matcher.hub.personal import HOLDINGS
from matcher.store import Store
from tests import factories
from tests.factories import NOW

ROLES = ("broker", "owner", "startup", "host", "administrator")
HANDS = 10  # ten of each role
JSON = {"content", "terms", "mapping", "options"}


@dataclass(frozen=True)
class Soul:
    """One person and their three words."""

    number: int
    viewer: Viewer
    organisation: str

    @property
    def id(self) -> str:
        """The person's id."""
        return self.viewer.person_id

    @property
    def words(self) -> dict[str, str]:
        """The words by what they stand in."""
        return {kind: word(kind, self.number) for kind in ("id", "said", "work")}


def word(kind: str, number: int) -> str:
    """Return a word that nobody else has, and that is in no other."""
    return f"{kind}q{number:02d}x"


class Fifty:
    """The hub, its people, and which columns hold a text of somebody's."""

    def __init__(self, store: Store, hands: int = HANDS) -> None:
        self.store = store
        self.souls: list[Soul] = []
        self.filled: set[tuple[str, str]] = set()
        hub = factories.create_organisation(store, "hub")["id"]
        for number in range(len(ROLES) * hands):
            role = ROLES[number % len(ROLES)]
            home = hub if role in ("broker", "administrator") else factories.create_organisation(
                store, factories.KIND_OF_ROLE[role])["id"]  # fmt: skip
            given = {"name": f"Åsa {word('id', number).title()}", "email": f"{word('id', number)}@example.org"}
            viewer = factories.create_person(store, role, home, **given)
            self.souls.append(Soul(number, viewer, home))
        self._by_id = {soul.id: soul for soul in self.souls}
        for start in range(0, len(self.souls), len(ROLES)):
            _live(self, *self.souls[start : start + len(ROLES)])

    def put(self, table: str, **given: Any) -> dict[str, Any]:
        """Put in a row whose writers are given, with a text of theirs in every column that they write."""
        holding = HOLDINGS[table]
        kinds = {name: kind for kind in ("said", "work", "kept") for name in holding.names(kind)}
        for name, spec in holding.texts("said", "work", "kept"):
            writer = next((given[one] for one in spec.split("|") if given.get(one)), None)
            if writer and name not in given:
                given[name] = self.text(writer, kinds[name], name)
                self.filled.add((table, name))
        if "id" in holding.names("facts") and "id" not in given:
            given["id"] = new_id()
        self.store.insert(table, given)
        return given

    def text(self, person_id: str, kind: str, name: str = "") -> str:
        """Return a text of a person's."""
        soul = self._by_id[person_id]
        said = f"{soul.words['said' if kind == 'said' else 'work']} menar {soul.viewer.name}, {soul.viewer.email}."
        return json.dumps({"text": said}, ensure_ascii=name == "content") if name in JSON else said

    def act(self, soul: Soul, action: str, kind: str, subject_id: str, table: str = "", name: str = "", **more: Any):
        """Note in the record that a person did something, and put a text of theirs where it went."""
        record.write(self.store, soul.id, action, kind, subject_id, NOW, **more)
        if name:
            self.filled.add((table, name))
            key = "pairing_id" if table == "release" else "id"
            self.store.execute(
                f"update {table} set {name} = :text where {key} = :id",
                {"text": self.text(soul.id, "work"), "id": subject_id},
            )


def _live(hub: Fifty, broker: Soul, owner: Soul, startup: Soul, host: Soul, admin: Soul) -> None:
    """Let five people do all that people do here."""
    ids = _nouns(hub, broker, owner, startup, host)
    _meet(hub, ids, broker, owner, startup)
    _handle(hub, ids, broker, owner, startup, host)
    _pilot(hub, ids, broker, owner, startup)
    _book(hub, ids, broker, owner, startup, host)
    _around(hub, ids, broker, owner, startup, host, admin)


def _nouns(hub: Fifty, broker: Soul, owner: Soul, startup: Soul, host: Soul) -> dict[str, str]:
    store = hub.store
    contact = f"{owner.viewer.name}, 070-{owner.number:03d} 11 22, {owner.viewer.email}"
    need = factories.create_need(
        store, owner.organisation, published=True, person_id=owner.id, contact=contact,
        **{name: hub.text(owner.id, "work") for name in
           ("title", "people", "description", "effect", "measure", "tried", "keep", "runner")},
    )  # fmt: skip
    store.execute("delete from need_version where need_id = :id", {"id": need["id"]})
    hub.put("need_version", need_id=need["id"], number=1, at=NOW, person_id=owner.id)
    offer = factories.create_startup(
        store, startup.organisation, published=True, person_id=startup.id,
        **{name: hub.text(startup.id, "work") for name in
           ("problem", "audience", "description", "novelty", "evidence")},
    )  # fmt: skip
    bed = factories.create_testbed(
        store, host.organisation, published=True, person_id=host.id,
        contact_name=host.viewer.name, contact_email=host.viewer.email,
        **{name: hub.text(host.id, "work") for name in
           ("name", "description", "users", "methods", "equipment", "conditions")},
    )  # fmt: skip
    for table in ("need", "startup", "testbed"):
        hub.filled |= {(table, name) for name, spec in HOLDINGS[table].texts() if spec == "person_id"}
    hub.act(broker, "need.return", "need", need["id"], "need", "return_comment")
    hub.act(broker, "need.close", "need", need["id"], "need", "close_note")
    store.execute("update need set closed_at = null, returned_at = null where id = :id", {"id": need["id"]})
    hub.act(broker, "startup.hide", "startup", offer["id"], "startup", "hidden_reason")
    hub.act(broker, "startup.flag", "startup", offer["id"], "startup", "flag_reason")
    ids = {"need": need["id"], "startup": offer["id"], "testbed": bed["id"]}
    ids["prerequisite"] = hub.put(
        "prerequisite", testbed_id=bed["id"], kind="safety", text="Rundvandring", created_at=NOW
    )["id"]
    return ids


def _meet(hub: Fifty, ids: dict[str, str], broker: Soul, owner: Soul, startup: Soul) -> None:
    both = {"need_id": ids["need"], "startup_id": ids["startup"]}
    hub.put(
        "interest", **both, person_id=startup.id, answered_by=broker.id, answered_at=NOW, answer="declined",
        need_version=1, created_at=NOW, answer_by="2026-12-01",
    )  # fmt: skip
    hub.put("dismissal", **both, person_id=broker.id, reason="no_fit", at=NOW)
    hub.put("share", **both, person_id=broker.id, commented_by=owner.id, commented_at=NOW, seen="{}", at=NOW)
    hub.put("conflict", **both, person_id=owner.id, declared_at=NOW)
    hub.put("conflict", **both, person_id=startup.id, declared_at=NOW, lifted_at=NOW, lifted_by=broker.id)
    seen = json.dumps({"evidence": [{"need": hub.text(owner.id, "work"), "profile": hub.text(startup.id, "work")}]})
    ids["pairing"] = hub.put(
        "pairing", **both, testbed_id=ids["testbed"], need_version=1, seen=seen, proposed_by=broker.id,
        proposed_at=NOW, answer_by="2026-12-01", owner_accepted_at=NOW, owner_accepted_by=owner.id,
        startup_accepted_at=NOW, startup_accepted_by=startup.id, confirmed_at=NOW, confirmed_by=broker.id,
    )["id"]  # fmt: skip
    ended = hub.put(
        "pairing", **both, need_version=1, seen="{}", proposed_by=broker.id, proposed_at=NOW,
        answer_by="2026-12-01", declined_at=NOW, declined_by=owner.id, declined_side="owner", reason="no_fit",
    )  # fmt: skip
    record.write(hub.store, owner.id, "pairing.decline", "pairing", ended["id"], NOW, note=ended["note"])
    asked = hub.put(
        "need_question", need_id=ids["need"], need_version=1, asked_at=NOW, asked_by=startup.id, answered_by=owner.id,
        answered_at=NOW, asked_for="Bolaget", answer_by="2026-12-01",
    )  # fmt: skip
    hub.store.insert("need_told", {
        "question_id": asked["id"], "email": startup.viewer.email, "name": startup.viewer.name,
        "organisation": "Bolaget", "why": "asker", "person_id": startup.id, "at": NOW,
    })  # fmt: skip


def _handle(hub: Fifty, ids: dict[str, str], broker: Soul, owner: Soul, startup: Soul, host: Soul) -> None:
    case = {"pairing_id": ids["pairing"]}
    hub.put("access", **case, testbed_id=ids["testbed"], starts_on="2026-12-01", ends_on="2027-02-01", opened_at=NOW)
    for soul, side in ((broker, "broker"), (owner, "owner"), (startup, "startup"), (host, "host")):
        hub.put(
            "case_note", **case, kind="call", on_day="2026-11-20", visible="all", side=side, person_id=soul.id, at=NOW
        )
    hub.put("case_task", **case, phase="development", position=1, added_at=NOW, added_by=broker.id)
    hub.put("prerequisite_met", **case, prerequisite_id=ids["prerequisite"], met_at=NOW, met_by=host.id)
    draft = hub.put(
        "agreement", **case, number=1, language="sv", starts_on="2026-12-01", ends_on="2027-02-01", drafted_at=NOW,
        drafted_by=broker.id, withdrawn_at=NOW, withdrawn_by=broker.id,
    )  # fmt: skip
    for soul, side in ((owner, "owner"), (startup, "startup"), (host, "host")):
        hub.put(
            "signature", agreement_id=draft["id"], side=side, person_id=soul.id, method="upload", paper_hash="x",
            file=b"paper", at=NOW,
        )  # fmt: skip
    hub.filled.add(("signature", "file"))
    hub.put("agreement_template", language="sv", content=b"x", hash="x", uploaded_at=NOW, uploaded_by=broker.id)
    hub.put(
        "state_aid", **case, organisation_id=startup.organisation, given_on="2026-11-01", amount=1000, kind="support",
        person_id=broker.id, at=NOW,
    )  # fmt: skip


def _pilot(hub: Fifty, ids: dict[str, str], broker: Soul, owner: Soul, startup: Soul) -> None:
    case = {"pairing_id": ids["pairing"]}
    pilot = hub.put(
        "pilot", **case, starts_on="2026-11-01", ends_on="2027-02-01", personal_data="no", patients="no",
        research="no", security="yes", created_at=NOW, updated_at=NOW, updated_by=owner.id, started_at=NOW,
        decided_at=NOW, decided_by=owner.id, decided_side="owner", decision="adopt",
    )["id"]  # fmt: skip
    words = {name: hub.text(owner.id, "work") for name in ("name", "unit", "method", "measured_by", "uncertainty")}
    meter = hub.put("indicator", pilot_id=pilot, position=1, baseline=1.0, target=2.0, created_at=NOW, **words)
    record.write(hub.store, owner.id, "pilot.indicator", "pairing", ids["pairing"], NOW, **words)
    hub.put(
        "reading", indicator_id=meter["id"], on_day="2026-11-20", value=1.0, person_id=startup.id, at=NOW,
        withdrawn_at=NOW, withdrawn_by=owner.id,
    )  # fmt: skip
    hub.put(
        "feedback_round", pilot_id=pilot, number=1, token_hash=token_hash(new_token()), opened_at=NOW,
        opened_by=owner.id, closes_on="2026-12-01", changed_at=NOW, changed_by=startup.id,
    )  # fmt: skip
    hub.put(
        "incident", pilot_id=pilot, happened_on="2026-11-20", severity="low", person_id=startup.id, at=NOW,
        handled_at=NOW, handled_by=owner.id,
    )  # fmt: skip
    hub.put("outcome", **case, month=6, in_use="yes", answered_at=NOW, answered_by=owner.id)
    hub.put("release", **case, language="sv", written_at=NOW, written_by=owner.id)
    hub.act(owner, "release.write", "pairing", ids["pairing"], "release", "owner_text", side="owner")
    hub.act(startup, "release.write", "pairing", ids["pairing"], "release", "startup_text", side="startup")


def _book(hub: Fifty, ids: dict[str, str], broker: Soul, owner: Soul, startup: Soul, host: Soul) -> None:
    asked = {
        "testbed_id": ids["testbed"], "organisation_id": startup.organisation, "startup_id": ids["startup"],
        "starts_on": "2027-03-01", "ends_on": "2027-04-01", "requested_at": NOW, "requested_by": startup.id,
        "promised_by": "2026-12-01", "answer_by": "2026-12-01",
    }  # fmt: skip
    booking = hub.put(
        "booking", **asked, answered_at=NOW, waiting_at=NOW, waiting_by=host.id, agreed_at=NOW, agreed_by=host.id,
        agreed_until="2027-05-01",
    )["id"]  # fmt: skip
    hub.put(
        "booking_question", booking_id=booking, asked_at=NOW, asked_by=host.id, replied_at=NOW, replied_by=startup.id
    )
    hub.put("booking_met", booking_id=booking, prerequisite_id=ids["prerequisite"], met_at=NOW, met_by=host.id)
    round_id = hub.put(
        "round", starts_on="2027-01-01", quarters=1, days=56, demand=1, least=0.0, model="m", scoring="s",
        need_ids="[]", startup_ids="[]", arcs=b"", made_at=NOW, person_id=broker.id, created_at=NOW,
    )["id"]  # fmt: skip
    hub.put(
        "round_rule", round_id=round_id, need_id=ids["need"], startup_id=ids["startup"], kind="forbid",
        person_id=broker.id, at=NOW,
    )  # fmt: skip


def _around(hub: Fifty, ids: dict[str, str], broker: Soul, owner: Soul, startup: Soul, host: Soul, admin: Soul) -> None:
    answer = hub.put(
        "route_answer", need_id=ids["need"], number=1, answers="{}", answered_at=NOW, answered_by=owner.id
    )["id"]
    hub.put(
        "route_choice", need_id=ids["need"], answer_id=answer, way="paid_test", shown="[]", chosen_by=owner.id,
        chosen_at=NOW,
    )  # fmt: skip
    hub.put("innovation_answer", need_id=ids["need"], number=1, considered="yes", answered_at=NOW, answered_by=owner.id)
    hub.put(
        "spread_question", pairing_id=ids["pairing"], person_id=host.id, organisation_id=host.organisation, asked_at=NOW
    )
    hub.put(
        "spread_letter", startup_id=ids["startup"], organisation_id=owner.organisation, guess="yes", sent_at=NOW,
        sent_by=broker.id,
    )  # fmt: skip
    hub.put(
        "import_batch", kind="needs", content=hub.text(owner.id, "work").encode(), mapping="[]", options="{}",
        person_id=broker.id, created_at=NOW,
    )  # fmt: skip
    incident = hub.put("security_incident", noticed_at=NOW, created_at=NOW, created_by=admin.id)["id"]
    hub.put(
        "security_incident_change", incident_id=incident, revision=1, changed_at=NOW, changed_by=admin.id,
        before=json.dumps({"whose": hub.text(admin.id, "work")}, ensure_ascii=False),
    )  # fmt: skip
    store = hub.store
    for soul in (broker, owner, startup, host, admin):
        people = [{"email": soul.viewer.email, "locale": "sv"}]
        mail.queue(store, f"waits:{soul.id}", people, "invite", NOW, token="t", actor=broker.viewer.name)
        mail.queue(store, f"gone:{soul.id}", people, "invite", NOW, token="t")
        store.execute(
            "update outbox set sent_at = :now, params = '{}' where event like :event",
            {"now": NOW, "event": f"gone:{soul.id}%"},
        )
        row = {"token_hash": token_hash(new_token()), "person_id": soul.id, "created_at": NOW, "seen_at": NOW}
        store.insert("session", row)
        store.insert("link", {
            "token_hash": token_hash(new_token()), "purpose": "reset", "email": soul.viewer.email, "created_at": NOW,
            "expires_at": NOW,
        })  # fmt: skip
        record.write(
            store, soul.id, "case.note", "pairing", ids["pairing"], NOW, note=hub.text(soul.id, "said"),
            holder=broker.viewer.name, note_id=next(_NUMBER),
        )  # fmt: skip


_NUMBER = count(1)
