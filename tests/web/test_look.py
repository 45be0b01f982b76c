"""What style sheets, scripts and macros promise: nothing from elsewhere, nothing inline, all labelled."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask, get_template_attribute

from . import pagecheck

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "matcher" / "static"
TEMPLATES = sorted((ROOT / "matcher" / "templates").rglob("*.html"))
INLINE = re.compile(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:|<script(?![^>]*(src=|ld\+json))", re.IGNORECASE)
ELSEWHERE = re.compile(r"(?:src|action)=[\"'](?:https?:)?//|url\([\"']?(?:https?:)?//|@import", re.IGNORECASE)


def macro(app: Flask, name: str, *args: object, file: str = "forms", **kwargs: object) -> str:
    """Return what a macro of `_macros` writes, within a request in English."""
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        return str(get_template_attribute(f"_macros/{file}.html", name)(*args, **kwargs))


def test_vendored_files_are_those_recorded() -> None:
    assert subprocess.run([sys.executable, ROOT / "scripts" / "vendor", "--check"], check=False).returncode == 0


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_nothing_inline_and_load_nothing_from_elsewhere(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert INLINE.search(text) is None
    assert ELSEWHERE.search(text) is None


@pytest.mark.parametrize("path", sorted((STATIC / "css").glob("*.css")), ids=lambda path: path.name)
def test_own_style_sheets_load_nothing_from_elsewhere(path: Path) -> None:
    assert ELSEWHERE.search(path.read_text()) is None


def test_own_script_evaluates_no_text() -> None:
    for path in (STATIC / "js").glob("*.js"):
        assert re.search(r"\beval\(|\bFunction\(|innerHTML|document\.write", path.read_text()) is None


@pytest.mark.parametrize("name", ["field", "textarea", "date", "number", "file"])
def test_a_faulty_field_points_to_its_hint_and_error(app: Flask, name: str) -> None:
    html = macro(app, name, "effect", "Effect", hint="In one sentence", error="Write it", required=True)
    assert 'aria-describedby="effect-hint effect-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'for="effect"' in html


def test_a_faulty_group_can_be_reached_from_the_summary(app: Flask) -> None:
    choices = [("a", "First"), ("b", "Second")]
    assert 'href="#pick"' in macro(app, "error_summary", {"pick": "Choose one"})
    html = macro(app, "radios", "pick", "Pick", choices, "b", error="Choose one")
    assert '<input class="ds-input" type="radio" id="pick"' in html
    assert 'value="b" checked' in html


def test_what_was_typed_is_escaped(app: Flask) -> None:
    assert "<b>" not in macro(app, "textarea", "effect", "Effect", "</textarea><b>x")
    assert 'value="&#34;&gt;"' in macro(app, "field", "effect", "Effect", '">')


def test_a_limit_is_told_but_never_cuts_the_text(app: Flask) -> None:
    html = macro(app, "textarea", "effect", "Effect", "x" * 20, limit=10)
    assert "maxlength" not in html
    assert "At most 10 characters" in html
    assert "x" * 20 in html


def test_gates_say_in_words_what_their_colour_says(app: Flask) -> None:
    items = [(True, "Region", None), (False, "Level", "3 of 6"), (None, "Conflict", None)]
    html = macro(app, "gates", items, file="lists")
    assert re.findall(r">(\w[\w ]*): </span>", html) == ["Met", "Not met", "Unknown"]


def test_pages_between_are_shortened(app: Flask) -> None:
    html = macro(app, "pagination", 5, 9, lambda page: f"?page={page}", file="lists")
    assert re.findall(r'href="\?page=(\d)"', html) == ["4", "1", "4", "5", "6", "9", "6"]
    assert html.count("page-gap") == 2


@pytest.mark.parametrize("code", [500, 503])
def test_the_pages_for_our_own_faults_need_no_context(app: Flask, code: int) -> None:
    with app.test_request_context("/"):
        html = app.jinja_env.get_template(f"errors/{code}.html").render(reference="7f3a")
    assert pagecheck.faults(html) == []
    assert "7f3a" in html


def test_tiles_stand_large_when_something_waits_and_small_at_zero(app: Flask) -> None:
    html = macro(app, "tiles", [(3, "to review", "#a", None), (0, "to confirm", "#b", None)], file="lists")
    assert html.count('class="tile"') == 1
    assert '<a href="#b"><span class="figure">0</span> to confirm</a>' in html
