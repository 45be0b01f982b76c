"""SQL text and values that both engines share: pure functions, no connection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from .errors import StoreError, TextRefused, ValueRefused

MOST_IN_A_LIST = 30_000  # SQLite's usual limit is 32,766 variables a statement
_QUOTED = r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/"""
_LISTS = re.compile(rf"{_QUOTED}|\b(?P<negated>not\s+)?in\s+:(?P<name>[A-Za-z_]\w*)", re.DOTALL | re.IGNORECASE)
_NAMES = re.compile(rf"{_QUOTED}|(?<![:\w]):(?P<name>[A-Za-z_]\w*)", re.DOTALL)
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")


def prepare(sql: str, params: Mapping[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """Return the statement with its lists written out, and its values checked against the contract."""
    sql, values = expand_lists(sql, params or {})
    check_values(values)
    return sql, values


def expand_lists(sql: str, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Write `in :ids` out as `in (:ids__0, :ids__1, …)` for every list or tuple among `params`.

    An empty list matches nothing, and after `not in` everything, also when the left side is null: `x in (null)`
    is null on both engines, so `is not null` makes it false and `is null` true.
    """
    lists = {name: value for name, value in params.items() if isinstance(value, list | tuple)}
    if not lists:
        return sql, dict(params)
    sql, written = _written_out(sql, tuple((name, len(value)) for name, value in lists.items()))
    values = {name: value for name, value in params.items() if name not in written}
    for name in written:
        if len(lists[name]) > MOST_IN_A_LIST:
            raise ValueRefused(f"{name} holds {len(lists[name])} values: ask for at most {MOST_IN_A_LIST} at a time")
        values.update((f"{name}__{i}", value) for i, value in enumerate(lists[name]))
    return sql, values


@lru_cache(maxsize=512)
def _written_out(sql: str, sizes: tuple[tuple[str, int], ...]) -> tuple[str, frozenset[str]]:
    """Return the statement for lists of these lengths, and which of them stand in it; most pages ask the same again."""
    lengths, written = dict(sizes), set()

    def write(match: re.Match[str]) -> str:
        name, negated = match["name"], match["negated"]
        if name not in lengths:
            return match[0]
        written.add(name)
        word = "not in" if negated else "in"
        if not lengths[name]:
            return f"{word} (null) is {'null' if negated else 'not null'}"
        return f"{word} ({', '.join(f':{name}__{i}' for i in range(lengths[name]))})"

    return _LISTS.sub(write, sql), frozenset(written)


def check_values(values: Mapping[str, Any]) -> None:
    """Raise ValueRefused for what one engine would refuse, or keep as something else, and the other not."""
    for name, value in values.items():
        fault = _fault(value)
        if fault:
            raise (TextRefused if isinstance(value, str) else ValueRefused)(f"{name}: {fault}")


def _fault(value: Any) -> str | None:
    if value is None or isinstance(value, bytes):
        return None
    if isinstance(value, str):
        return _fault_of_text(value)
    if isinstance(value, bool):
        return "no booleans are kept: a nullable …_at says it better"
    if isinstance(value, int):
        return None if -(2**63) <= value < 2**63 else "more than 64 bits"
    if isinstance(value, float):
        return None if value == value else "not a number"
    if isinstance(value, list | tuple):
        return "a list stands after `in`, and in a row as JSON text"
    return f"{type(value).__name__} cannot be kept: give None, str, int, float or bytes"


def _fault_of_text(value: str) -> str | None:
    if "\x00" in value:
        return "text holds a NUL character"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "text holds half a surrogate pair"
    return None


def pyformat(sql: str) -> str:
    """Return `sql` with `:name` as psycopg's `%(name)s` and `%` doubled.

    String literals, quoted names, comments and `::casts` hold no parameters; psycopg reads `%` in them too.
    """
    parts, end = [], 0
    for match in _NAMES.finditer(sql):
        if match["name"]:
            parts += [sql[end : match.start()].replace("%", "%%"), f"%({match['name']})s"]
            end = match.end()
    return "".join([*parts, sql[end:].replace("%", "%%")])


def rows(names: Sequence[str], values: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Return rows as dicts; raise StoreError when two columns share a name, where a dict would lose one."""
    if len(set(names)) < len(names):
        raise StoreError(f"two columns of the answer share a name: {', '.join(names)}")
    return [dict(zip(names, row, strict=True)) for row in values]


def insert(table: str, row: Mapping[str, Any]) -> str:
    """Return the insert of one row, a named parameter for each column."""
    return _insert(table, tuple(row))


def copy_in(table: str, row: Mapping[str, Any]) -> str:
    """Return PostgreSQL's statement that takes many rows with the columns of this one; `schema.table` is a name too."""
    _check_names(*table.split("."), *row)
    listed = ", ".join(f'"{column}"' for column in row)
    return f"copy {_quoted(table)} ({listed}) from stdin"


def upsert(table: str, row: Mapping[str, Any], pk: str | Sequence[str]) -> str:
    """Return the insert that updates the other columns where `pk` is already there."""
    return _upsert(table, tuple(row), (pk,) if isinstance(pk, str) else tuple(pk))


@lru_cache(maxsize=512)
def _insert(table: str, columns: tuple[str, ...]) -> str:
    _check_names(table, *columns)
    if not columns:
        raise StoreError(f"no columns for {table}")
    listed = ", ".join(f'"{column}"' for column in columns)
    # Names were checked just above, values stay parameters.
    return f'insert into "{table}" ({listed}) values ({", ".join(f":{column}" for column in columns)})'


@lru_cache(maxsize=512)
def _upsert(table: str, columns: tuple[str, ...], pk: tuple[str, ...]) -> str:
    missing = [column for column in pk if column not in columns]
    if missing or not pk:
        raise StoreError(f"an upsert into {table} needs its whole key: {', '.join(missing) or 'none was given'}")
    changed = ", ".join(f'"{column}" = excluded."{column}"' for column in columns if column not in pk)
    key = ", ".join(f'"{column}"' for column in pk)
    return f"{_insert(table, columns)} on conflict ({key}) do {f'update set {changed}' if changed else 'nothing'}"


def _quoted(table: str) -> str:
    return ".".join(f'"{name}"' for name in table.split("."))


def _check_names(*names: str) -> None:
    for name in names:
        if not _IDENTIFIER.fullmatch(name):
            raise StoreError(f"{name!r} is not a name of the schema: lower-case letters, digits and _")
