"""What holds for every HTML page, checked whenever a test's client fetches one."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

UNLABELLED_TYPES = {"hidden", "submit", "button", "image", "reset"}


class _Page(HTMLParser):
    """Collects from a page what the rules below ask about."""

    def __init__(self) -> None:
        super().__init__()
        self.headings = 0
        self.ids: Counter[str] = Counter()
        self.labelled: set[str] = set()
        self.controls: list[dict[str, str | None]] = []
        self.forms_without_token: list[str] = []
        self.inline: list[str] = []
        self.posting: str | None = None
        self.has_token = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.headings += tag == "h1"
        if given.get("id"):
            self.ids[str(given["id"])] += 1
        if tag == "label" and given.get("for"):
            self.labelled.add(str(given["for"]))
        if tag in ("input", "select", "textarea") and given.get("type") not in UNLABELLED_TYPES:
            self.controls.append(given)
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given and given.get("type") != "application/ld+json"):
            self.inline.append(tag)
        if tag == "form":
            self.posting = str(given.get("action")) if (given.get("method") or "get").lower() == "post" else None
            self.has_token = False
        self.has_token = self.has_token or (tag == "input" and given.get("name") == "csrf_token")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self.posting is not None and not self.has_token:
            self.forms_without_token.append(self.posting)


def faults(html: str) -> list[str]:
    """Return what is wrong with a whole page, each as a sentence; an empty list when nothing is."""
    page = _Page()
    page.feed(html)
    found = [] if page.headings == 1 else [f"{page.headings} h1 on the page"]
    found += [f"the id {name!r} stands {times} times" for name, times in page.ids.items() if times > 1]
    found += [
        f"the id of {control.get('name')!r} has no label" for control in page.controls if not _named(page, control)
    ]
    found += [f"inline {what}" for what in page.inline]
    return found + [f"the form to {action} has no CSRF token" for action in page.forms_without_token]


def _named(page: _Page, control: dict[str, str | None]) -> bool:
    return control.get("id") in page.labelled or bool(control.get("aria-label") or control.get("aria-labelledby"))
