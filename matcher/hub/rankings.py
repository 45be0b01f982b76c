"""What a decision's ranking rested on, kept so that it can be made again years later.

A run names the texts it ranked and those its statistics were made of: three rosters of (id, stamp of the text). Two
decisions of one day share their rosters, and one that differs in a few texts is kept as the difference. The texts'
vectors stay in `embedding`, and in `past_text` once a text has changed: for good where a run rested on it.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..store import Store
from .clock import later
from .errors import NotFound
from .ids import new_id

Key = tuple[str, str]
DEEPEST = 40  # differences upon differences, before a roster is kept whole again
ROSTERS = ("documents", "made_documents", "made_questions")
KEPT_DAYS = 30  # a changed text; the statistics that rankings are made with are minutes old, in a quiet hub days
PAGE = 100


@dataclass(frozen=True)
class Run:
    """A ranking to be kept. rosters: (id, stamp) in order for each of ROSTERS. facts: its plain data, for `load`."""

    need_id: str
    rosters: Mapping[str, Sequence[Key]]
    facts: Mapping[str, Any]


def sealed(store: Store, seen: Mapping[str, Any], now: str) -> str:
    """Return what was seen as JSON to store with a decision; the ranking in it (`run`) is kept and named by its id.

    For the decision's own transaction: of a decision that is refused nothing stays.
    """
    run = seen.get("run")
    kept = {"run": keep(store, run, now)} if isinstance(run, Run) else {}
    return json.dumps({**seen, **kept}, ensure_ascii=False, sort_keys=True)


def keep(store: Store, run: Run, now: str) -> str:
    """Keep a run and return its id; what it rested on is marked, so that it outlives a change of the texts."""
    run_id = new_id()
    with store.atomic():
        store.execute(
            "update embedding set used_at = :now where used_at is null and kind in ('need', 'startup')", {"now": now}
        )
        ids = {
            name: _keep_roster(store, "need" if name == "made_questions" else "startup", run.rosters[name], now)
            for name in ROSTERS
        }
        store.insert(
            "ranking_run",
            {
                "id": run_id,
                "need_id": run.need_id,
                **ids,
                "facts": json.dumps(run.facts, ensure_ascii=False, sort_keys=True),
                "made_at": now,
            },
        )
    return run_id


def load(store: Store, run_id: str) -> dict[str, Any]:
    """Return a run: need_id, made_at, `facts` and the three rosters; raise NotFound."""
    rows = store.query("select * from ranking_run where id = :id", {"id": run_id})
    if not rows:
        raise NotFound("ranking")
    run = {**rows[0], "facts": json.loads(rows[0]["facts"])}
    return {**run, **{name: _roster(store, run[name]) for name in ROSTERS}}


def _keep_roster(store: Store, kind: str, keys: Sequence[Key], now: str) -> str:
    """Keep what is on a roster, as the difference to the latest one where that is small; return its digest."""
    digest = hashlib.sha256(json.dumps([kind, keys]).encode()).hexdigest()[:32]
    if store.query("select 1 as found from roster where id = :id", {"id": digest}):
        return digest
    base = store.query(
        "select id, depth from roster where kind = :kind order by made_at desc, depth desc limit 1", {"kind": kind}
    )
    before = _roster(store, base[0]["id"]) if base and base[0]["depth"] < DEEPEST else []
    gone, new = sorted(set(before) - set(keys)), sorted(set(keys) - set(before))
    # Only the order of the ids can be made again from a difference.
    small = len(gone) + len(new) < len(keys) / 4 and list(keys) == sorted(keys)
    content = {"gone": gone, "new": new} if small else {"all": keys}
    store.execute(
        """insert into roster (id, kind, base, depth, content, made_at)
           values (:id, :kind, :base, :depth, :content, :at) on conflict (id) do nothing""",
        {
            "id": digest,
            "kind": kind,
            "base": base[0]["id"] if small else None,
            "depth": base[0]["depth"] + 1 if small else 0,
            "content": zlib.compress(json.dumps(content).encode()),
            "at": now,
        },
    )
    return digest


def _roster(store: Store, digest: str) -> list[Key]:
    """Return a roster, walking up to the one that was kept whole."""
    rows = store.query(
        """with recursive line (id, base, depth, content) as (
               select id, base, depth, content from roster where id = :id
               union all select r.id, r.base, r.depth, r.content from roster r join line on r.id = line.base)
           select depth, content from line order by depth""",
        {"id": digest},
    )
    contents = [json.loads(zlib.decompress(row["content"])) for row in rows]
    keys = [tuple(key) for key in contents[0]["all"]]
    for content in contents[1:]:
        gone = {tuple(key) for key in content["gone"]}
        keys = sorted([key for key in keys if key not in gone] + [tuple(key) for key in content["new"]])
    return keys


def forget(store: Store, now: str) -> int:
    """Delete the texts that changed KEPT_DAYS ago and that no run names; return how many. Those named stay for good."""
    old = {"old": later(now, days=-KEPT_DAYS)}
    rows = store.query("select kind, subject_id, text_hash from past_text where put_aside_at < :old", old)
    texts = {(row["kind"], row["subject_id"], row["text_hash"]) for row in rows}
    named = _named(store, texts)
    deleted = 0
    for text in sorted(texts):
        key = {**dict(zip(("kind", "id", "hash"), text, strict=True)), **old}
        where = "where kind = :kind and subject_id = :id and text_hash = :hash and put_aside_at < :old"
        if text in named:
            store.execute(f"update past_text set put_aside_at = null {where}", key)  # need not be asked about again
        else:
            deleted += store.execute(f"delete from past_text {where}", key)
    return deleted


def _named(store: Store, texts: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Return those of the texts (kind, id, hash) that a run names."""
    found: set[tuple[str, str, str]] = set()
    for kind, subject_id, stamp in _every_name(store, {text[1] for text in texts}) if texts else ():
        found.add((kind, subject_id, stamp.partition(" ")[0]))  # the hash begins the stamp
    return found & texts


def _every_name(store: Store, ids: set[str]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, id and stamp of what any run names of these ids; a roster kept as a difference has what came."""
    last = ""
    while rows := store.query(
        f"select id, kind, content from roster where id > :last order by id limit {PAGE}", {"last": last}
    ):
        last = rows[-1]["id"]
        for row in rows:
            content = json.loads(zlib.decompress(row["content"]))
            yield from ((row["kind"], *key) for key in content.get("all", content.get("new")) if key[0] in ids)
    for start in range(0, len(ids), PAGE):
        part = {"ids": sorted(ids)[start : start + PAGE]}
        for row in store.query("select facts from ranking_run where need_id in :ids", part):
            asked = json.loads(row["facts"])["asked"]
            if asked:
                yield ("need", *asked)
