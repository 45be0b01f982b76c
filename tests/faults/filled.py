"""The forms of a page as a browser would send them back: every field with what stands in it."""

from __future__ import annotations

from html.parser import HTMLParser

Form = dict[str, list[str]]


def forms(text: str) -> dict[str, Form]:
    """Return by address what each form of a page holds, the token of the session left out."""
    page = _Page()
    page.feed(text)
    for fields in page.found.values():
        fields.pop("csrf_token", None)
    return page.found


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Form] = {}
        self._fields: Form = {}
        self._name = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        ticked = given.get("type") not in ("checkbox", "radio") or "checked" in given
        if tag == "form":
            self._fields = self.found.setdefault(given.get("action", ""), {})
        elif tag == "input" and given.get("name") and ticked and given.get("type") not in ("submit", "file"):
            self._fields.setdefault(given["name"], []).append(given.get("value", ""))
        elif tag == "textarea":
            self._area, self._fields[given["name"]] = given["name"], [""]
        elif tag == "select":
            self._name = given["name"]
        elif tag == "option" and self._name and "selected" in given:
            self._fields[self._name] = [given.get("value", "")]

    def handle_data(self, data: str) -> None:
        if self._area:
            self._fields[self._area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._name = ""
        elif tag == "form":
            self._fields = {}
