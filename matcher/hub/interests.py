"""Interests: a startup says what it would do about a need, and gets a real answer by a promised day.

The answer is a proposal (`pairings.propose` gives it) or a no with a reason. A startup answers one need once, with
whichever of its organisation's profiles: a second one is no second word.
"""

from __future__ import annotations

from typing import Any

from ..store import Store
from . import conflicts, fields, locks, mail, parties, people, published, reasons, record
from .clock import day, later
from .errors import Conflict, Denied, Invalid, NotFound
from .ids import new_id
from .people import Viewer
from .permissions import can

PAGE = 50
A_DAY = 3  # that one company may express in one need, each after taking the one before back: every broker gets a mail
_NAMED = """
    select i.*, n.title as need_title, n.organisation_id as owner_organisation, o.name as owner_name,
           s.name as startup_name, s.organisation_id as startup_organisation, answerer.name as answered_by_name,
           answerer.email as answered_by_email, writer.name as written_by_name,
           (select p.id from pairing p where p.need_id = i.need_id and p.startup_id = i.startup_id
            order by p.proposed_at desc limit 1) as pairing_id
    from interest i join need n on n.id = i.need_id join organisation o on o.id = n.organisation_id
    join startup s on s.id = i.startup_id
    left join person answerer on answerer.id = i.answered_by left join person writer on writer.id = i.person_id"""


class InterestContent(fields.Content):
    """What a startup writes: what it would do, and any tie to the need's owner."""

    message: fields.Text = ""
    ties: fields.Text = ""


def status(row: dict[str, Any], now: str) -> str:
    """Return withdrawn, proposed, declined, late (the promised day has passed) or waiting."""
    if row["withdrawn_at"]:
        return "withdrawn"
    if row["answered_at"]:
        return row["answer"]
    return "late" if row["answer_by"] < day(now) else "waiting"


def load(store: Store, viewer: Viewer | None, interest_id: str) -> dict[str, Any]:
    """Return one interest with names, for brokers and its startup; raise NotFound."""
    rows = store.query(f"{_NAMED} where i.id = :id", {"id": interest_id})
    if not rows or not can(viewer, "interest.view", rows[0]):
        raise NotFound("interest")
    return rows[0]


def create(
    store: Store, viewer: Viewer, need_id: str, startup_id: str, message: str, now: str, review_days: int = 7,
    ties: str = "",
) -> str:  # fmt: skip
    """Express a startup's interest in an open need and return the id; brokers are told, with the promised day.

    `ties` declares a conflict of interest at the same time. Raise Conflict when either is not live, when the
    startup's company has answered this need already or A_DAY times in a day, or is being paired with it.
    """
    content = fields.validate(InterestContent, {"message": message, "ties": ties})
    if not content.message:
        raise Invalid({"message": ("required", {})})
    with viewer.deciding(store):
        startup, need = locks.pair(store, startup_id, need_id)
        if not viewer.acts_for(startup["organisation_id"], "startup"):
            raise NotFound("startup")
        locks.live(startup, need, now)
        locks.unpaired(store, need_id, startup_id)
        locks.company_unpaired(store, need_id, [startup["organisation_id"]])
        _not_answered_before(store, need_id, startup["organisation_id"])
        _not_too_often(store, need_id, startup["organisation_id"], now)
        row = {
            "id": new_id(),
            "need_id": need_id,
            "startup_id": startup_id,
            "person_id": viewer.person_id,
            "message": content.message,
            "need_version": need["version"],
            "created_at": now,
            "answer_by": day(later(now, days=review_days)),
        }
        store.insert("interest", row)
        if content.ties and not conflicts.stands(store, need_id, startup_id):
            conflicts.declare(store, viewer, need_id, startup_id, content.ties, now)
        _tell(store, viewer, row, "received", people.with_role(store, "broker"), now)
        record.write(store, viewer.person_id, "interest.create", "interest", row["id"], now, answer_by=row["answer_by"])
    return row["id"]


def withdraw(store: Store, viewer: Viewer, interest_id: str, reason: str, note: str, now: str) -> None:
    """Take an unanswered interest back with a reason; raise Conflict when it was answered or withdrawn already."""
    note = reasons.checked(reason, note, reasons.WITHDRAW, told="brokers")
    with viewer.deciding(store):
        row = _waiting(store, viewer, interest_id, "interest.withdraw")
        store.execute(
            "update interest set withdrawn_at = :now, reason = :reason, note = :note where id = :id",
            {"now": now, "reason": reason, "note": note, "id": interest_id},
        )
        told = people.with_role(store, "broker")
        _tell(store, viewer, row, "withdrawn", told, now, reason=reason, note=note)
        record.write(
            store, viewer.person_id, "interest.withdraw", "interest", interest_id, now, reason=reason, note=note
        )


def decline(store: Store, viewer: Viewer, interest_id: str, reason: str, note: str, now: str) -> None:
    """Answer an interest with no, a reason and what would make it another answer; the startup is told."""
    note = reasons.checked(reason, note, reasons.INTEREST)
    with viewer.deciding(store):
        row = _waiting(store, viewer, interest_id, "interest.answer")
        store.execute(
            """update interest set answered_at = :now, answered_by = :by, answer = 'declined', reason = :reason,
                      note = :note where id = :id""",
            {"now": now, "by": viewer.person_id, "reason": reason, "note": note, "id": interest_id},
        )
        told = people.in_organisation(store, row["startup_organisation"], "startup")
        _tell(store, viewer, row, "declined", told, now, reason=reason, note=note)
        record.write(
            store, viewer.person_id, "interest.decline", "interest", interest_id, now, reason=reason, note=note
        )


def listing(
    store: Store, viewer: Viewer, now: str, *, need_id: str = "", page: int = 1
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of the interests that a person may see, newest first, with `status`, and how many there are.

    Brokers see all, others those of their own startups. `need_id` keeps those in one need.
    """
    condition = "(:need = '' or i.need_id = :need)"
    params: dict[str, Any] = {"need": need_id}
    if not viewer.has("broker"):
        condition += " and s.organisation_id in :own"
        params["own"] = viewer.organisations("startup")
    total = store.query(
        f"select count(*) as n from interest i join startup s on s.id = i.startup_id where {condition}",
        params,
    )[0]["n"]
    rows = store.query(
        f"{_NAMED} where {condition} order by i.created_at desc, i.id limit :limit offset :offset",
        {**params, "limit": PAGE, "offset": PAGE * (max(page, 1) - 1)},
    )
    return [{**row, "status": status(row, now)} for row in rows], total


def profiles(store: Store, viewer: Viewer, need_id: str) -> list[dict[str, Any]]:
    """Return the profiles that a person may answer a need with: `id`, `name`, `live`, and what stands already.

    `interest_id` and `pairing_id` are those of a live interest or case between the profile and the need; `answered` is
    1 when the company has answered it, with whichever of its profiles.
    """
    return store.query(
        f"""select s.id, s.name,
                   case when {published.live("startup", "s")} then 1 else 0 end as live,
                  (select i.id from interest i where i.startup_id = s.id and i.need_id = :need
                   and i.withdrawn_at is null) as interest_id,
                   case when exists (select 1 from interest i join startup other on other.id = i.startup_id
                                     where other.organisation_id = s.organisation_id and i.need_id = :need
                                       and i.withdrawn_at is null) then 1 else 0 end as answered,
                  (select p.id from pairing p where p.startup_id = s.id and p.need_id = :need
                   and p.declined_at is null and p.ended_at is null) as pairing_id
           from startup s where s.organisation_id in :own and s.merged_at is null order by s.created_at""",
        {"own": viewer.organisations("startup"), "need": need_id},
    )


def competition(store: Store, need_ids: list[str]) -> dict[str, int]:
    """Return how many startups have a live interest in each need; needs without any are left out."""
    rows = store.query(
        """select need_id, count(*) as n from interest where need_id in :ids and withdrawn_at is null
           and (answer is null or answer = 'proposed') group by need_id""",
        {"ids": need_ids},
    )
    return {row["need_id"]: row["n"] for row in rows}


def _not_answered_before(store: Store, need_id: str, organisation_id: str) -> None:
    rows = store.query(
        """select i.id, i.created_at, i.answered_at, i.answer from interest i join startup s on s.id = i.startup_id
           where i.need_id = :need and s.organisation_id = :organisation and i.withdrawn_at is null
           order by i.created_at desc, i.id""",
        {"need": need_id, "organisation": organisation_id},
    )
    if rows and rows[0]["answered_at"]:
        raise Conflict("interest_answered", at=rows[0]["answered_at"], interest_id=rows[0]["id"])
    if rows:
        raise Conflict("interest_exists", at=rows[0]["created_at"], interest_id=rows[0]["id"])


def _not_too_often(store: Store, need_id: str, organisation_id: str, now: str) -> None:
    rows = store.query(
        """select i.id from interest i join startup s on s.id = i.startup_id
           where i.need_id = :need and s.organisation_id = :organisation and i.created_at > :since""",
        {"need": need_id, "organisation": organisation_id, "since": later(now, days=-1)},
    )
    if len(rows) >= A_DAY:
        raise Conflict("interest_often", most=A_DAY)


def _waiting(store: Store, viewer: Viewer, interest_id: str, action: str) -> dict[str, Any]:
    """Lock an interest by a write and return it while it still waits for an answer."""
    store.execute("update interest set message = message where id = :id", {"id": interest_id})
    row = load(store, viewer, interest_id)
    if not can(viewer, action, row):
        raise Denied("denied")
    if row["withdrawn_at"]:
        raise Conflict("interest_withdrawn", at=row["withdrawn_at"])
    if row["answered_at"]:
        raise Conflict(f"interest_was_{row['answer']}", person=row["answered_by_name"] or "", at=row["answered_at"])
    return row


def _tell(
    store: Store, viewer: Viewer, row: dict[str, Any], event: str, told: list[dict[str, Any]], now: str, **said: Any
) -> None:
    named = row if "need_title" in row else load(store, viewer, row["id"])
    mail.queue(
        store, f"interest.{event}:{row['id']}", parties.others(told, viewer), f"interest_{event}", now,
        interest_id=row["id"], need_id=row["need_id"], need=named["need_title"], owner=named["owner_name"],
        startup=named["startup_name"], answer_by=row["answer_by"], actor=viewer.name, actor_email=viewer.email, **said,
    )  # fmt: skip
