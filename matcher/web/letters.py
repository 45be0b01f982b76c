"""Writing the mails of the outbox: `templates/mail/NAME.txt` in the reader's language, subject on the first line."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template, url_for
from flask_babel import force_locale

from .access import settings


def write(mail: dict[str, Any]) -> tuple[str, str]:
    """Return (subject, body) of an outbox row, inside an application context."""
    return _rendered(mail["template"], mail["locale"], mail["params"])


def daily(parts: list[tuple[str, str]], locale: str) -> tuple[str, str]:
    """Return (subject, body) of one letter that holds several: `parts` are their subjects and bodies, newest last."""
    numbered = [{"number": number, "subject": " ".join(subject.split()), "text": text.strip()}
                for number, (subject, text) in enumerate(parts, 1)]  # fmt: skip
    return _rendered("digest", locale, {"parts": numbered})


def _rendered(template: str, locale: str, params: dict[str, Any]) -> tuple[str, str]:
    with current_app.test_request_context(base_url=settings().base_url), force_locale(locale):
        text = render_template(f"mail/{template}.txt", **params, link=_link, hub=settings().hub)
    first, _, body = text.partition("\n")
    if not first.startswith("Subject: "):
        raise ValueError(f"templates/mail/{template}.txt must begin with its subject")
    return first.removeprefix("Subject: ").strip(), body.strip() + "\n"


def _link(endpoint: str, **values: Any) -> str:
    return settings().base_url + url_for(endpoint, **values)
