"""Writing the mails of the outbox: `templates/mail/NAME.txt` in the reader's language, subject on the first line."""

from __future__ import annotations

from typing import Any

from flask import current_app, render_template, url_for
from flask_babel import force_locale

from .access import settings


def write(mail: dict[str, Any]) -> tuple[str, str]:
    """Return (subject, body) of an outbox row, inside an application context."""
    with current_app.test_request_context(base_url=settings().base_url), force_locale(mail["locale"]):
        text = render_template(f"mail/{mail['template']}.txt", **mail["params"], link=_link, hub=settings().hub)
    first, _, body = text.partition("\n")
    if not first.startswith("Subject: "):
        raise ValueError(f"templates/mail/{mail['template']}.txt must begin with its subject")
    return first.removeprefix("Subject: ").strip(), body.strip() + "\n"


def _link(endpoint: str, **values: Any) -> str:
    return settings().base_url + url_for(endpoint, **values)
