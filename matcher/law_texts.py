"""The configuration with texts of law: can it be used, and do its figures still hold? For `matcher doctor`.

Each fault names the file, the line where there is one, and how it is mended.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from .exchange import agreement_papers
from .hub import agreement_templates, checklists, route_settings, state_aid
from .hub.reference import DATA
from .hub.route_guide import YEARS, years_later
from .store import Store

Fault = tuple[str, str, str]  # name, level (wrong or note), text
PILOT_RULES = DATA / "pilot_rules.csv"
CHECKED = ("code", "name_sv", "name_en", "text_sv", "text_en", "url", "dated")
_TEMPLATE_FAULTS = {
    "unreadable": "is no DOCX file",
    "large": "is too large",
    "syntax": "has a broken field",
    "unknown": "uses fields that there are not",
    "lacking": "lacks fields that an agreement must have",
}


def faults(instance: Path, today: str) -> list[Fault]:
    """Return what is wrong with the files, the hub's own and those that came with the service, and what is old."""
    return [*_checklists(instance), *_routes(instance, today), *_state_aid(today), *_pilot_rules(), *_shipped_papers()]


def template_faults(store: Store) -> list[Fault]:
    """Return the uploaded templates for agreements that can no longer be used."""
    found = []
    for row in agreement_templates.listing(store):
        said = _template_fault(agreement_templates.content(store, row["id"]))
        if said:
            text = (
                f"the template “{row['name']}” {said}. Mend it in Word and upload it again (Administration, Templates)."
            )
            found.append(("agreements", "wrong", text))
    return found


def _checklists(instance: Path) -> Iterator[Fault]:
    own = instance / "checklists.toml"
    try:
        fault = checklists.load(own).fault
    except checklists.ChecklistError as error:
        yield "checklists", "wrong", f"{_ended(str(error))} Mend it in {checklists.SHIPPED.parent}."
        return
    if fault:
        yield "checklists", "wrong", f"{_ended(fault)} Mend it in {instance}; until then the shipped list is used."


def _routes(instance: Path, today: str) -> Iterator[Fault]:
    own = instance / "routes"
    try:
        guide = route_settings.load(own)
    except route_settings.GuideError as error:
        yield "routes", "wrong", f"{_ended(str(error))} Mend it in {route_settings.SHIPPED} (docs/route.md)."
        return
    for fault in guide.faults:
        yield "routes", "wrong", f"{_ended(fault)} Mend it in {own} (docs/route.md)."
    for figure in guide.figures.values():
        doubt = figure.doubt(today)
        why = {"ended": f"was valid until {figure.applies_until}", "old": f"was last checked {figure.as_of}"}
        if doubt:
            text = f"figures.toml: {figure.code} {why[doubt]}. Look it up at {figure.url} and write it into"
            yield "figures", "note", f"{text} {own / 'figures.toml'} (docs/route.md)."


def _state_aid(today: str) -> Iterator[Fault]:
    path = state_aid.SHIPPED
    try:
        limit = state_aid.read(path)
    except state_aid.SettingsError as error:
        yield "state aid", "wrong", f"{_ended(str(error))} Mend it in {path.parent}."
        return
    if years_later(limit.as_of, YEARS) < today:
        text = f"{path.name}: the limit was last checked {limit.as_of}. Look it up at {limit.source}, see whether the"
        yield "state aid", "note", f"{text} rate still fits, and write today as as_of in {path}."


def _pilot_rules() -> Iterator[Fault]:
    try:
        with PILOT_RULES.open(encoding="utf8", newline="") as file:
            rows = csv.DictReader(file)
            said = [said for row in rows for said in _rule_faults(row, rows.line_num)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        said = [str(error)]
    for text in said:
        yield "pilot rules", "wrong", f"{PILOT_RULES.name}: {_ended(text)} Mend it in {PILOT_RULES.parent}."


def _rule_faults(row: dict[str, str | None], line: int) -> Iterator[str]:
    empty = [name for name in CHECKED if not (row.get(name) or "").strip()]
    if empty:
        yield f"line {line}: {', '.join(empty)} is missing"
        return
    if not str(row["url"]).startswith("https://"):
        yield f"line {line}: url must begin with https://"
    try:
        date.fromisoformat(str(row["dated"]))
    except ValueError:
        yield f"line {line}: dated must be a day written as 2026-01-31"


def _shipped_papers() -> Iterator[Fault]:
    for path in agreement_papers.SHIPPED.values():
        try:
            said = _template_fault(path.read_bytes())
        except OSError as error:
            said = f"cannot be read: {error}"
        if said:
            yield (
                "agreements",
                "wrong",
                f"{path.name} {said}. Put the file that came with the service into {path.parent}.",
            )


def _template_fault(content: bytes) -> str:
    try:
        agreement_papers.check(content)
    except agreement_papers.BrokenTemplate as error:
        return f"{_TEMPLATE_FAULTS[error.code]}{f': {error.detail}' if error.detail else ''}".rstrip(".")
    return ""


def _ended(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
