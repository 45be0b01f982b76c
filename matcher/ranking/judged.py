"""Judged texts in BEIR layout (Thakur et al. 2021): `corpus.jsonl`, `queries.jsonl` and `qrels.tsv` in one folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


class BadFolder(ValueError):
    """The folder cannot be read; the message names the file and the line."""


@dataclass(frozen=True)
class Folder:
    """One evaluation set: texts by id, and the grades (query → document → grade above 0)."""

    documents: dict[str, str]
    queries: dict[str, str]
    grades: dict[str, dict[str, int]]


def read(folder: Path) -> Folder:
    """Read `corpus.jsonl`, `queries.jsonl` and `qrels.tsv`. Raises BadFolder."""
    folder = Path(folder)
    documents = dict(_texts(folder / "corpus.jsonl"))
    queries = dict(_texts(folder / "queries.jsonl"))
    if not documents or not queries:
        raise BadFolder(f"{folder}: no documents or no queries")
    return Folder(documents, queries, _grades(folder / "qrels.tsv", queries, documents))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from ((number, line.rstrip("\r\n")) for number, line in enumerate(file, 1) if line.strip())
    except FileNotFoundError:
        raise BadFolder(f"{path}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise BadFolder(f"{path}: not UTF-8 ({error.reason})") from None


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    seen = set()
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except ValueError:
            raise BadFolder(f"{path}, line {number}: not JSON") from None
        if not isinstance(row, dict) or "_id" not in row or not isinstance(row.get("text"), str):
            raise BadFolder(f"{path}, line {number}: needs `_id` and `text`")
        name = str(row["_id"])
        if name in seen:
            raise BadFolder(f"{path}, line {number}: the id {name!r} is there twice")
        seen.add(name)
        yield name, f"{row.get('title') or ''} {row['text']}".strip()


def _grades(path: Path, queries: Mapping[str, str], documents: Mapping[str, str]) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    lines = _lines(path)
    if next(lines, None) is None:
        raise BadFolder(f"{path}: empty")
    for number, line in lines:
        cells = next(csv.reader([line], delimiter="\t", quoting=csv.QUOTE_NONE))
        try:
            query, document, grade = cells[0], cells[1], int(cells[2])
        except (IndexError, ValueError):
            raise BadFolder(f"{path}, line {number}: needs query, document and a whole grade") from None
        if query not in queries or document not in documents:
            raise BadFolder(f"{path}, line {number}: {query!r} or {document!r} is not among the texts")
        if grade > 0:
            grades.setdefault(query, {})[document] = grade
    if not grades:
        raise BadFolder(f"{path}: no query has a relevant document")
    return grades
