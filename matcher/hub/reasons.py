"""The reasons that go with every no: a list for each situation, so that nobody is left without an answer."""

from __future__ import annotations

from . import fields
from .errors import Invalid

DECLINE = {
    "owner": ("no_fit", "not_now", "have_solution", "budget", "terms", "conflict", "other"),
    "startup": ("no_fit", "no_capacity", "readiness", "not_now", "budget", "terms", "conflict", "other"),
    "broker": ("no_answer", "no_place", "other_chosen", "no_fit", "gate", "need_changed", "conflict", "other"),
}
END = ("completed", "no_effect", "owner_unable", "startup_unable", "host_unable", "agreement", "safety", "other")
INTEREST = ("no_fit", "gate", "readiness", "unclear", "other_chosen", "not_now", "conflict", "other")
WITHDRAW = ("no_capacity", "no_fit", "need_changed", "terms", "not_now", "conflict", "other")
DISMISS = ("no_fit", "gate", "readiness", "known", "too_generic", "other_chosen", "conflict", "other")


def checked(reason: str, note: str, allowed: tuple[str, ...], *, told: str = "others") -> str:
    """Return the cleaned note; raise Invalid for a reason outside the list, or for `other` without a note.

    told: who reads the note, the `others` in the matter or the `brokers` only, so that the remedy is true.
    """
    note = fields.note("note", note)
    if reason not in allowed:
        raise Invalid({"reason": ("required_choice", {})})
    if reason == "other" and not note:
        raise Invalid({"note": ("required_other" if told == "others" else "required_other_brokers", {})})
    return note
