"""Questions about a need: asked by one, answered to all who have the need open, and the ledger of who was told what.

Who has it open? The people of a startup with a live case, interest or share of the need, and whoever asked. The answer
goes out with the question in the answerer's words and without the asker's name. What was told to whom is kept as it
was then, for a later tender.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import fields, mail, need_content, needs, parties, people, record
from .clock import day, later
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

Row = dict[str, Any]
MOST_WAITING = 20
REMIND_DAYS = 3

# The startups that have a need open, and by what; the first that holds is what the ledger says.
_OPEN = {
    "case": "select startup_id from pairing where need_id = :need and declined_at is null and ended_at is null",
    "interest": """select startup_id from interest where need_id = :need and withdrawn_at is null
                   and (answer is null or answer = 'proposed')""",
    "share": "select startup_id from share where need_id = :need and withdrawn_at is null",
}


class QuestionContent(fields.Content):
    """What is asked."""

    asked: fields.Text = ""


class AnswerContent(fields.Content):
    """The answer, and the question as all will read it."""

    question: fields.Text = ""
    answer: fields.Text = ""


def of_need(store: Store, viewer: Viewer, need: Row) -> list[Row]:
    """Return the questions that a person may read, newest first: the answered, one's own, and for the need's side all.

    `asked`, `asked_for` and `asker` (whose question it was, as it was asked) are None but for oneself and that side.
    """
    side = can(viewer, "need.route", need)
    rows = store.query(
        """select q.*, asker.name as asker, answerer.name as answerer from need_question q
           left join person asker on asker.id = q.asked_by left join person answerer on answerer.id = q.answered_by
           where q.need_id = :need and (q.answered_at is not null or q.asked_by = :me or :side = 1)
           order by q.asked_at desc, q.id""",
        {"need": need["id"], "me": viewer.person_id or "", "side": int(side)},
    )
    hidden = dict.fromkeys(("asked", "asked_for", "asker", "asked_by"))
    return [row if side or row["asked_by"] == viewer.person_id else {**row, **hidden} for row in rows]


def ledger(store: Store, viewer: Viewer, need: Row) -> dict[str, list[Row]]:
    """Return who was told by question id: name, organisation, email, `why`, `at`; for the need's side alone."""
    if not can(viewer, "need.route", need):
        return {}
    found: dict[str, list[Row]] = {}
    for row in store.query(
        """select t.* from need_told t join need_question q on q.id = t.question_id where q.need_id = :need
           order by t.organisation, t.name, t.email""",
        {"need": need["id"]},
    ):
        found.setdefault(row["question_id"], []).append(row)
    return found


def ask(store: Store, viewer: Viewer, need_id: str, asked: str, now: str, review_days: int = 7) -> str:
    """Keep a question about an open need and return its id; its owner and the brokers are asked to answer."""
    content = fields.filled(QuestionContent, {"asked": asked}, {"asked": "required"})
    with viewer.deciding(store):
        need = _locked(store, viewer, need_id)
        _open_now(need, now)
        if not can(viewer, "question.ask", need):
            raise Denied("denied")
        waiting = store.query(
            "select count(*) as n from need_question where need_id = :need and asked_by = :me and answered_at is null",
            {"need": need_id, "me": viewer.person_id},
        )[0]["n"]
        if waiting >= MOST_WAITING:
            raise Conflict("questions_full", most=MOST_WAITING)
        row = {
            "id": new_id(), "need_id": need_id, "need_version": need["version"], "asked": content["asked"],
            "asked_at": now, "asked_by": viewer.person_id, "asked_for": _organisation(store, viewer),
            "answer_by": day(later(now, days=review_days)),
        }  # fmt: skip
        store.insert("need_question", row)
        told = parties.others([*needs.owners(store, need), *people.with_role(store, "broker")], viewer)
        mail.queue(
            store, f"question.asked:{row['id']}", told, "need_question", now,
            need_id=need_id, need=need["title"], asked=row["asked"], answer_by=row["answer_by"],
        )  # fmt: skip
        record.write(store, viewer.person_id, "need.question", "need", need_id, now, answer_by=row["answer_by"])
    return row["id"]


def answer(store: Store, viewer: Viewer, need_id: str, question_id: str, given: Row, now: str) -> int:
    """Answer a question to all who have the need open, and return how many were told. An answer stands for good.

    Raise Invalid, NotFound, and Conflict that tells who answered it already.
    """
    content = fields.filled(AnswerContent, given, {"question": "required", "answer": "required"})
    with viewer.deciding(store):
        need = _locked(store, viewer, need_id)
        if not can(viewer, "need.route", need):
            raise Denied("denied")
        rows = store.query(
            """select q.*, p.name as answerer from need_question q left join person p on p.id = q.answered_by
               where q.id = :id and q.need_id = :need""",
            {"id": question_id, "need": need_id},
        )
        if not rows:
            raise NotFound("question")
        if rows[0]["answered_at"]:
            raise Conflict("question_answered", person=rows[0]["answerer"] or "", at=rows[0]["answered_at"])
        store.execute(
            """update need_question set question = :question, answer = :answer, answered_at = :now, answered_by = :by
               where id = :id""",
            {**content, "now": now, "by": viewer.person_id, "id": question_id},
        )
        told = recipients(store, rows[0])
        for row in told:
            kept = {name: row[name] for name in ("email", "name", "organisation", "why")}
            store.insert("need_told", {"question_id": question_id, "person_id": row["id"], "at": now, **kept})
        mail.queue(
            store, f"question.answered:{question_id}", told, "need_question_answered", now, need_id=need_id,
            need=need["title"], question=content["question"], answer=content["answer"],
        )  # fmt: skip
        record.write(store, viewer.person_id, "need.question_answer", "need", need_id, now, told=len(told))
    return len(told)


def remind(store: Store, now: str) -> int:
    """Remind the owners of needs of questions that have waited for three days, each once; return the new mails."""
    rows = store.query(
        """select q.need_id, q.id from need_question q join need n on n.id = q.need_id
           where q.answered_at is null and q.asked_at <= :before and n.published_at is not null
             and n.closed_at is null order by q.asked_at, q.id""",
        {"before": later(now, days=-REMIND_DAYS)},
    )
    return sum(_remind(store, row["need_id"], row["id"], now) for row in rows)


def _remind(store: Store, need_id: str, question_id: str, now: str) -> int:
    with store.atomic():
        need = needs.locked(store, need_id)
        rows = store.query("select * from need_question where id = :id and answered_at is null", {"id": question_id})
        return sum(
            mail.queue(
                store, f"question.reminder:{question_id}", needs.owners(store, need), "need_question_reminder", now,
                question_id=question_id, need_id=need_id, need=need["title"], asked=row["asked"],
                asked_on=day(row["asked_at"]), answer_by=row["answer_by"],
            )
            for row in rows
        )  # fmt: skip


def recipients(store: Store, question: Row) -> list[Row]:
    """Return who gets the answer: id, name, email, locale, `organisation` and `why`, each address once."""
    found: dict[str, Row] = {}
    for row in store.query(
        "select id, name, email, locale from person where id = :id and disabled_at is null",
        {"id": question["asked_by"]},
    ):
        found[row["email"]] = {**row, "organisation": question["asked_for"], "why": "asker"}
    for why, startups in _OPEN.items():
        for row in store.query(
            f"""select distinct p.id, p.name, p.email, p.locale, o.name as organisation from person p
                join membership m on m.person_id = p.id and m.revoked_at is null and m.role = 'startup'
                join organisation o on o.id = m.organisation_id join startup s on s.organisation_id = o.id
                where p.disabled_at is null and s.id in ({startups}) order by p.email, o.name""",
            {"need": question["need_id"]},
        ):
            found.setdefault(row["email"], {**row, "why": why})
    return list(found.values())


def _locked(store: Store, viewer: Viewer, need_id: str) -> Row:
    """Lock a need by a write and return its whole row when the person may see it; raise NotFound."""
    row = needs.locked(store, need_id)
    needs.load(store, viewer, need_id)
    return row


def _open_now(need: Row, now: str) -> None:
    if not need["published_at"] or need["closed_at"] or need_content.expired(need, now):
        raise Conflict("need_not_open", need=need["title"])


def _organisation(store: Store, viewer: Viewer) -> str:
    """Return the names of the organisations that a person acts for, as they are now."""
    rows = store.query(
        "select name from organisation where id in :ids order by name",
        {"ids": viewer.organisations("startup", "host")},
    )
    if not rows:
        raise Invalid({"asked": ("required", {})})
    return ", ".join(row["name"] for row in rows)[:300]
