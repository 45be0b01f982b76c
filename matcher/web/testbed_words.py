"""The words about testbeds: their fields, their status, and what cannot be done with one."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

LABELS: dict[str, dict[str, Any]] = {
    "testbed_status": {
        "draft": _l("Draft"),
        "published": _l("In the catalogue"),
        "withdrawn": _l("Withdrawn"),
    },
    "testbed_fields": {
        "name": _l("Name of the testbed"),
        "description": _l("The environment"),
        "users": _l("Users or patients"),
        "methods": _l("Methods"),
        "equipment": _l("Equipment"),
        "places": _l("Places"),
        "conditions": _l("Conditions"),
        "contact_name": _l("Contact"),
        "contact_email": _l("The contact’s e-mail"),
        "backup_name": _l("Who answers when the contact is away"),
        "backup_email": _l("Their e-mail"),
        "answer_days": _l("Promised answer time"),
        "buffer_days": _l("Days kept free after each test"),
        "staff_hours": _l("Hours of staff a week"),
        "themes": _l("Themes"),
        "county_code": _l("County"),
        "municipality_code": _l("Municipality"),
        "language": _l("Language of the text"),
    },
}
SENTENCES: dict[str, Any] = {
    "testbed_organisation": _l("You do not act for that organisation. Choose one of your own."),
    "testbed_already_published": _l("The testbed is already in the catalogue. There is nothing more to do."),
    "testbed_not_published": _l("The testbed is not in the catalogue, so there is nothing to withdraw."),
    "testbed_closed_already": _l(
        "The testbed is closed from %(starts_on)s to %(ends_on)s for this reason already. Nobody is told once more."
    ),
    "closures_many": _l(
        "A testbed has at most %(most)s closed periods ahead. Open one again, or put several together in one."
    ),
    "testbed_affected": _l("Tests or bookings lie in it. See whom it affects, and say once more that you mean it."),
}
