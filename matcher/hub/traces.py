"""Finding and taking out a person's name and address in texts that stay (see `personal` for which those are).

An address is its person's alone, proven by a letter, and is taken out wherever it stands. A name is what the person
chose to be called: "Special housing" would take these words out of every text of others. So it is taken out of what the
person wrote and of texts that hold the address too, and of all others only where somebody else has looked at it
(`everywhere`), it has two words or more and nobody else in the hub bears it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..store import Store, Table
from . import record, writers
from .personal import ERASED_NAME, HOLDINGS, NOWHERE, Holding

Row = dict[str, Any]
# Rows that erasing treats by themselves, each in its own way.
APART = ("person", "outbox", "link", "audit", "erasure")
NOUNS = ("need", "startup", "testbed")  # what search and the ranking hold in memory: a change takes a number
DEEPEST = 20  # levels of lists and fields; what the hub writes has a few
_RUN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Traces:
    """Name and address of one person, whether another bears the name, whether it alone tells of them (see above)."""

    person_id: str
    name: str
    email: str
    shared: bool
    everywhere: bool

    def in_text(self, text: str) -> bool:
        """Whether a text holds the address, or the name where that alone tells of them."""
        return self._stands_in(text, self.everywhere)

    def addressed(self, text: str) -> bool:
        """Whether a text holds the address."""
        return self._stands_in(text, False)

    def cleaned(self, text: str, named: bool) -> str:
        """Return a text, or JSON as text, without them; `named`: it is known otherwise that it tells of this person."""
        named = named or self.addressed(text)
        if (held := lists_or_fields(text)) is not None:
            after = self._walked(held, named)
            return text if after == held else json.dumps(after, ensure_ascii=False)
        for pattern in self._patterns(named or self.everywhere):
            text = pattern.sub(ERASED_NAME, text)
        return text

    def emptied(self, row: Row, contacts: list[list[str]], named: bool) -> dict[str, str]:
        """Return the columns to empty: every contact of the row that is this person, with the telephone in it."""
        found: dict[str, str] = {}
        for group in contacts:
            texts = [str(row.get(name) or "") for name in group]
            by_name = (named or self.everywhere) and not self._another(texts)
            if any(self._stands_in(text, by_name) for text in texts):
                found |= {name: "" for name in group if name in row}
        return found

    def _walked(self, value: Any, named: bool) -> Any:
        if isinstance(value, str):
            return self.cleaned(value, named)
        if isinstance(value, list):
            return [self._walked(part, named) for part in value]
        if isinstance(value, dict):
            apart = {name for group in _CONTACTS for name in group}
            kept = {name: part if name in apart else self._walked(part, named) for name, part in value.items()}
            return kept | self.emptied(value, _CONTACTS, named)
        return value

    def _another(self, texts: list[str]) -> bool:
        """Whether a contact has somebody else's address: then a like name is not this person."""
        return any("@" in text and self.email not in text.lower() for text in texts)

    def _stands_in(self, text: str, by_name: bool) -> bool:
        return any(pattern.search(text) for pattern in self._patterns(by_name))

    def _patterns(self, by_name: bool) -> list[re.Pattern[str]]:
        patterns = [re.compile(rf"(?<![\w.+-]){re.escape(self.email)}(?![\w@-]|\.\w)", re.IGNORECASE)]
        if self.name and by_name:
            words = r"\s+".join(re.escape(word) for word in self.name.split())
            patterns.append(re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE))
        return patterns

    def needles(self) -> list[str]:
        """Return pieces that any text with a trace holds, in lower case: such as both engines find alike."""
        pieces = []
        for text in (self.email, self.name):
            runs = [run for run in _RUN.findall(text) if '"' not in run and "\\" not in run]
            pieces.append(max(runs, key=len).lower() if runs else "")
        return pieces


def lists_or_fields(text: str) -> Any | None:
    """Return the list or the fields that a text holds as JSON; None where it is no JSON, or deeper than the hub's own.

    Somebody may have typed a text that looks alike: thousands of brackets are too deep for the parser, and hundreds for
    whoever walks what it found.
    """
    if text[:1] not in ("[", "{"):
        return None
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return held if _shallow(held, DEEPEST) else None


def _shallow(value: Any, levels: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not parts or (levels > 0 and all(_shallow(part, levels - 1) for part in parts))


_CONTACTS = [group for table in ("need", "testbed") for group in HOLDINGS[table].contacts()]


def of(store: Store, person: Row, *, everywhere: bool = False) -> Traces:
    """Return what to look for, by a person's row; `everywhere`: by the name alone too, where nobody shares it."""
    same = " ".join(person["name"].split()).casefold()
    namesakes = [
        row
        for row in store.query("select id, name from person where id <> :id", {"id": person["id"]})
        if " ".join(row["name"].split()).casefold() == same
    ]
    alone = everywhere and len(same.split()) > 1 and not namesakes
    return Traces(person["id"], person["name"], person["email"], bool(namesakes), alone)


def take_out(store: Store, traces: Traces, now: str) -> int:
    """Take name and address out of every text that stays; return how many rows changed. In the caller's transaction."""
    return sum(
        _row(store, table, holding, traces, row, now)
        for table, holding in _looked_into(store)
        for row in _found(store, table, holding, traces)
    )


def lock(store: Store, traces: Traces, order: Sequence[str]) -> None:
    """Lock the rows of some tables that name the person or hold a trace of them, table by table in this order."""
    looked = {table.name: (table, holding) for table, holding in _looked_into(store)}
    for name in order:
        table, holding = looked[name]
        named = " or ".join(f'"{column}" = :id' for column in holding.names("who"))
        theirs = store.query(f'select id from "{name}" where {named}', {"id": traces.person_id}) if named else []
        ids = sorted({row["id"] for row in (*theirs, *_found(store, table, holding, traces))})
        store.execute(f'update "{name}" set id = id where id in :ids', {"ids": ids})


def by_name_alone(store: Store, part: Traces, whole: Traces) -> dict[str, int]:
    """Return how many rows of each table `whole` (everywhere) changes otherwise than `part`, where there are any."""
    found = {
        table.name: sum(
            _after(holding, whole, row) != _after(holding, part, row) for row in _found(store, table, holding, whole)
        )
        for table, holding in _looked_into(store)
    }
    return {name: rows for name, rows in found.items() if rows}


def _looked_into(store: Store) -> list[tuple[Table, Holding]]:
    return [
        (table, HOLDINGS[table.name]) for table in store.tables() if table.name in HOLDINGS and table.name not in APART
    ]


def holds(column: str, parameter: str) -> str:
    """Return the SQL condition that a column holds a needle. Not LIKE: a name may hold its signs."""
    return f"""replace(lower(coalesce("{column}", '')), :{parameter}, '') <> lower(coalesce("{column}", ''))"""


def _found(store: Store, table: Table, holding: Holding, traces: Traces) -> list[Row]:
    texts = [name for name, _ in holding.texts()] + [name for group in holding.contacts() for name in group]
    if not texts:
        return []
    params = {f"n{number}": needle for number, needle in enumerate(traces.needles()) if needle}
    wanted = [holds(name, one) for name in texts for one in params]
    columns = ", ".join(f'"{name}"' for name in dict.fromkeys([*table.key, *texts, *holding.names("who")]))
    return store.query(f'select {columns} from "{table.name}" where {" or ".join(wanted)}', params)


def _after(holding: Holding, traces: Traces, row: Row) -> Row:
    """Return the columns of a row that would change, as they would be.

    Of a row that names the person a contact is theirs, and a text where they wrote it, or nobody can be told who did:
    what others answered them stands in the same rows.
    """
    named = any(row[name] == traces.person_id for name in holding.names("who"))
    after: Row = traces.emptied(row, holding.contacts(), named)
    for name, spec in holding.texts():
        own = writers.in_row(row, spec) == traces.person_id if spec and not spec.startswith("@") else named and not spec
        if row[name] and (text := traces.cleaned(row[name], own)) != row[name]:
            after[name] = text
    return after


def _row(store: Store, table: Table, holding: Holding, traces: Traces, row: Row, now: str) -> int:
    after = _after(holding, traces, row)
    if not after:
        return 0
    if table.name == "need_told":  # a letter tells of a person once: its key holds the address
        after = {"email": f"{traces.person_id}@{NOWHERE}", "name": ERASED_NAME}
    if table.name in NOUNS:
        after |= {"seq": record.next_seq(store), "updated_at": now}
        more = ", revision = revision + 1"
    else:
        more = ""
    assignments = ", ".join(f'"{name}" = :new_{name}' for name in after)
    key = " and ".join(f'"{name}" = :{name}' for name in table.key)
    params = {**{name: row[name] for name in table.key}, **{f"new_{name}": value for name, value in after.items()}}
    return store.execute(f'update "{table.name}" set {assignments}{more} where {key}', params)
