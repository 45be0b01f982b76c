"""What is read of a need, a startup or a testbed before it is embedded: see `gaming` for what is left out and why.

A profile is compared with the needs that were published before it was last changed, as they stood at that moment, and
with the other profiles. What is found goes to the brokers as a doubt (`hub.doubts`). Only the moment of a profile's
last change is known, not when each of its words came into it: who wrote words first, and saved anything after a need
had come to say them, is suspected, and a broker has to say that it is in order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..hub import doubts, need_content, published, reference, startups, testbeds
from ..hub.doubts import Doubt
from ..store import Store
from . import gaming, lexical, sentences
from .lexical import Terms

SECTIONS = {"need": need_content.sections, "startup": startups.sections, "testbed": testbeds.sections}
SENTENCES = 24
SAID_AGAIN = 20  # words; less is a slogan that came twice
TICKED = 0.5  # of all themes; a profile is asked for one to three
BYTES_A_TERM = 6


@dataclass(frozen=True)
class Texts:
    """What is embedded of one thing: the whole text, and its sentences where evidence is drawn from them."""

    whole: str
    sentences: list[str]

    @property
    def hash(self) -> str:
        """SHA-256 of the whole text."""
        return hashlib.sha256(self.whole.encode()).hexdigest()

    def without(self, sentence: str) -> str | None:
        """Return the whole text without one of its sentences; None where it does not stand there in one piece."""
        rest = self.whole.replace(sentence, "", 1)
        return None if rest == self.whole else rest


@dataclass(frozen=True)
class Read:
    """One thing as it was read: its texts, what of it the brokers should look at, and by which of their answers."""

    texts: Texts
    found: dict[str, Doubt] = field(default_factory=dict)
    answers: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def answered_since(self, store: Store, startup_id: str) -> bool:
        """Say whether what was left out of this profile would now be read otherwise, because a broker has answered.

        To be asked in the transaction that keeps what was read.
        """
        left_out = any(code in self.found for code in doubts.LEFT_OUT)
        return left_out and doubts.in_order(store, [startup_id]) != self.answers


def texts(kind: str, row: dict[str, Any]) -> Texts:
    """Return the texts of a noun's row that carry its meaning, read by themselves."""
    return _texts(kind, gaming.read("\n".join(SECTIONS[kind](row))))


def _texts(kind: str, whole: str) -> Texts:
    return Texts(whole, sentences.split(whole, SENTENCES) if kind != "testbed" else [])


def read(
    store: Store, kind: str, rows: Sequence[dict[str, Any]], *, alike: bool = True, published: Published | None = None
) -> dict[str, Read]:
    """Return by id what is read of these rows; startups are compared with what is published.

    alike: also look for profiles that are nearly the same, which changes no text. published: for reading many times.
    """
    if kind != "startup" or not rows:
        return {row["id"]: Read(texts(kind, row)) for row in rows}
    published = published or Published(store)
    allowed = doubts.in_order(store, [row["id"] for row in rows])
    found = {
        row["id"]: _read_profile(row, published, {key: text for key, text in allowed.items() if key[0] == row["id"]})
        for row in rows
    }
    near = _alike(store, {name: one.texts for name, one in found.items()}) if alike else {}
    for startup_id, others in near.items():
        found[startup_id].found["alike"] = Doubt(others=others)
    return found


def _read_profile(row: dict[str, Any], published: Published, allowed: dict[tuple[str, str], set[str]]) -> Read:
    """Leave out what is said again, copied or another's name, unless a broker said that these are in order."""
    found: dict[str, Doubt] = {}
    whole = gaming.plain("\n".join(startups.sections(row)))
    once, again = gaming.once(whole)
    if sum(len(passage.split()) for passage in again) >= SAID_AGAIN:
        found["repeated"] = Doubt(again)
    if not again or not set(again) <= allowed.get((row["id"], "repeated"), set()):
        whole = once
    rest, passages, others = _copied(whole, row["updated_at"], published)
    if passages:
        found["copied"] = Doubt(passages, others)
        if not set(passages) <= allowed.get((row["id"], "copied"), set()):
            whole = rest
    rest, named = published.names.without(whole, row["name"], row["organisation_id"])
    if named:
        passages = list(dict.fromkeys(one.text for one in named))
        found["named"] = Doubt(passages, sorted({one.startup for one in named}))
        if not set(passages) <= allowed.get((row["id"], "named"), set()):
            whole = rest
    themes = json.loads(row["themes"]) if isinstance(row["themes"], str) else row["themes"]  # decoded or as stored
    if len(themes) > TICKED * len(reference.codes("themes")):
        found["themes"] = Doubt([str(len(themes))])
    return Read(_texts("startup", whole), found, allowed)


def _copied(text: str, moment: str, published: Published) -> tuple[str, list[str], list[str]]:
    """Return a text of this moment without what it has of a need, these passages, and the ids of the needs.

    A need that has changed since may have its words from the profile: then it is looked at as it stood.
    """
    since, then = published.changed_since(moment), frozenset[str]()
    while True:
        before, ids = published.before(moment, then)
        rest, copied = before.without(text)
        others = {ids[one.need] for one in copied}
        if not (new := others & since - then):
            return rest, [one.text for one in copied], sorted(others)
        then |= new


class Published:
    """The needs that are or were published, with their words; read once for many profiles."""

    def __init__(self, store: Store) -> None:
        """Read which needs there are now."""
        self._store = store
        self._rows = store.query(
            """select n.id, n.title, n.published_at, e.terms from need n
               join embedding e on e.kind = 'need' and e.subject_id = n.id
               where n.published_at is not null order by n.published_at, n.id"""
        )
        self._changes = store.query("select need_id, at from need_version where number > 1")
        self._made: dict[tuple[Any, ...], gaming.Needs] = {}

    @cached_property
    def names(self) -> gaming.Names:
        """The names of the published profiles."""
        rows = self._store.query(
            f"""select s.id, s.name, s.organisation_id from startup s
                where {published.live("startup", "s")} order by s.id"""
        )
        return gaming.Names((row["id"], row["name"], row["organisation_id"]) for row in rows)

    def changed_since(self, moment: str) -> set[str]:
        """Return the ids of the needs of which a newer version was published after a moment."""
        return {row["need_id"] for row in self._changes if row["at"] > moment}

    def before(self, moment: str, then: Collection[str] = ()) -> tuple[gaming.Needs, list[str]]:
        """Return the needs that were first published up to a moment, and their ids.

        then: the ids of those that are wanted as they stood at the moment; the others are as they are now.
        """
        rows = self._rows[: sum(row["published_at"] <= moment for row in self._rows)]
        ids = [row["id"] for row in rows]
        key = (len(rows), moment if then else "", *sorted(then))
        if key not in self._made:
            stood = {name: need_content.sections(content) for name, content in self._versions(moment, then).items()}
            self._made = {
                key: gaming.Needs(
                    [
                        lexical.terms(gaming.read("\n".join(stood[row["id"]])))
                        if row["id"] in stood
                        else Terms.from_bytes(row["terms"])
                        for row in rows
                    ],
                    [stood[row["id"]][0] if row["id"] in stood else row["title"] for row in rows],
                    _whole_texts(self._store, ids, stood),
                )
            }
        return self._made[key], ids

    def _versions(self, moment: str, wanted: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return by id the content of these needs as it stood at a moment."""
        rows = self._store.query(
            """select need_id, content from need_version where need_id in :ids and at <= :moment
               order by number""",
            {"ids": list(wanted), "moment": moment},
        ) if wanted else []  # fmt: skip
        return {row["need_id"]: json.loads(row["content"]) for row in rows}


def _whole_texts(store: Store, ids: list[str], stood: dict[str, list[str]]) -> Callable[[Sequence[int]], list[str]]:
    """Return what gives the texts of the needs of these numbers; `stood` are those that are wanted as they stood.

    No method: what a `Published` keeps must not hold it in turn, or all it read stays until the next long collection.
    """

    def give(numbers: Sequence[int]) -> list[str]:
        wanted = [ids[number] for number in numbers]
        now = [name for name in wanted if name not in stood]
        rows = store.query("select * from need where id in :ids", {"ids": now}) if now else []
        said = stood | {row["id"]: need_content.sections(row) for row in rows}
        return ["\n".join(said[name]) for name in wanted]

    return give


def _alike(store: Store, found: dict[str, Texts]) -> dict[str, list[str]]:
    """Return by id the ids of other published profiles that are nearly the same (`gaming.ALIKE`)."""
    own = {name: lexical.terms(text.whole) for name, text in found.items()}
    own = {name: terms for name, terms in own.items() if len(terms.ids)}
    if not own:
        return {}
    sizes = [BYTES_A_TERM * len(terms.ids) for terms in own.values()]
    rows = store.query(
        f"""select s.id, e.terms from startup s join embedding e on e.kind = 'startup' and e.subject_id = s.id
            where {published.live("startup", "s")}
              and length(e.terms) between :least and :most""",
        {"least": int(gaming.ALIKE * min(sizes)), "most": int(max(sizes) / gaming.ALIKE) + 1},
    )
    others = [Terms.from_bytes(row["terms"]) for row in rows]
    shares = gaming.shares(list(own.values()), others)
    alike: dict[str, list[str]] = {}
    for name, row in zip(own, shares, strict=True):
        same = sorted(rows[place]["id"] for place in np.flatnonzero(row >= gaming.ALIKE) if rows[place]["id"] != name)
        if same:
            alike[name] = same
    return alike
