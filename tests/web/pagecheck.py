"""What holds for every HTML page, checked whenever a test's client fetches one."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from html import unescape

UNLABELLED_TYPES = {"hidden", "submit", "button", "image", "reset"}
_INSIDE = r"""(?P<{}>(?:[^"'<>]++|"[^"]*"|'[^']*')*+)>"""
# The page's first line, a comment, a script or style whose text is none of the page's, any other tag, or one that is
# broken off.
_TAG = re.compile(
    rf"<!doctype [^<>]*>|<!--.*?-->|<(?P<raw>script|style)\b{_INSIDE.format('raw_inside')}.*?</(?P=raw)>|"
    rf"<(?P<end>/?)(?P<name>[a-z][^\s/<>]*){_INSIDE.format('inside')}|(?P<broken><(?=[a-z/!]))",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?""")
Attributes = dict[str, str]


@lru_cache(maxsize=8192)
def _attributes(inside: str) -> Attributes:
    """Return a tag's attributes; most tags of a page stand in it, and in others, again and again."""
    return {name.lower(): unescape(one or two or bare) for name, one, two, bare in _ATTRIBUTE.findall(inside)}


class _Page:
    """Collects from a page what the rules below ask about."""

    def __init__(self) -> None:
        self.headings = 0
        self.broken: list[str] = []
        self.ids: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.controls: list[Attributes] = []
        self.forms_without_token: list[str] = []
        self.inline: list[str] = []
        self.posting: str | None = None
        self.has_token = False

    def feed(self, html: str) -> None:
        for found in _TAG.finditer(html):
            raw, name = found["raw"], (found["name"] or "").lower()
            if raw:
                self._start(raw.lower(), _attributes(found["raw_inside"]))
            elif found["broken"] or name in ("script", "style"):
                self.broken.append(html[found.start() :][:60])
            elif found["end"]:
                self._end(name)
            elif name:
                self._start(name, _attributes(found["inside"]))

    def _start(self, tag: str, given: Attributes) -> None:
        self.headings += tag == "h1"
        if given.get("id"):
            self.ids[given["id"]] += 1
        if tag == "label" and given.get("for"):
            self.labelled.add(given["for"])
        if tag in ("input", "select", "textarea") and given.get("type") not in UNLABELLED_TYPES:
            self.controls.append(given)
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/ld+json"):
            self.inline.append(tag)
        if tag == "form":
            self.posting = str(given.get("action")) if (given.get("method") or "get").lower() == "post" else None
            self.has_token = False
        self.has_token = self.has_token or (tag == "input" and given.get("name") == "csrf_token")

    def _end(self, tag: str) -> None:
        if tag == "form" and self.posting is not None and not self.has_token:
            self.forms_without_token.append(self.posting)


def faults(html: str) -> list[str]:
    """Return what is wrong with a whole page, each as a sentence; an empty list when nothing is."""
    page = _Page()
    page.feed(html)
    found = [] if page.headings == 1 else [f"{page.headings} h1 on the page"]
    found += [f"a tag is broken off: {text}" for text in page.broken]
    found += [f"the id {name!r} stands {times} times" for name, times in page.ids.items() if times > 1]
    found += [
        f"the id of {control.get('name')!r} has no label" for control in page.controls if not _named(page, control)
    ]
    found += [f"inline {what}" for what in page.inline]
    return found + [f"the form to {action} has no CSRF token" for action in page.forms_without_token]


def _named(page: _Page, control: Attributes) -> bool:
    return control.get("id") in page.labelled or bool(control.get("aria-label") or control.get("aria-labelledby"))
