"""Gentle hints on how a need is phrased: a problem and an effect, not a finished solution. They never stop anybody.

The word lists are our own judgement, for texts in Swedish and English; the audit of 31 notices that set the form's
questions (UK, 2017) found that 71 % did not explain the problem and 74 % not the users' needs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

SHORT = {"people": 30, "description": 60, "effect": 40}
PUBLIC_TEXTS = ("title", "people", "description", "effect", "measure", "tried", "keep")

_SOLUTION = re.compile(
    r"""\b(
        upphandla\w* | avropa\w* | köpa\ in | inköp\w* | ramavtal\w*
      | app | appen | appar | apparna | mobilapp\w* | webbapp\w* | chatt?bot\w* | plattform\w* | programvar\w*
      | (it-)?system(et)?\ (ska|skall|som\ ska|måste|bör)\w* | ai-(lösning|verktyg|system)\w* | dashboard\w*
      | procure\w* | purchas\w+ | apps? | mobile\ apps? | platforms? | software | chatbots?
      | (the|a)\ system\ (shall|must|should|that)
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PERSON = re.compile(
    r"""\b(?:19|20)?\d{6}[-+]\d{4}\b                 # a Swedish personal number
      | [\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}      # an e-mail address
      | (?<!\d)(?:\+46|0)[\s-]?7\d(?:[\s-]?\d){7}(?!\d)  # a Swedish mobile number""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Hint:
    """One remark on one field: solution, number, short, person or same; `found` is the word it is about."""

    field: str
    code: str
    found: str = ""


def hints(row: dict[str, Any]) -> list[Hint]:
    """Return the remarks on a need's texts, in the order of the form; an empty text gets none."""
    found: list[Hint] = []
    for name in PUBLIC_TEXTS:
        text = row.get(name) or ""
        if text:
            found += _on(name, text, row)
    return found


def _on(name: str, text: str, row: dict[str, Any]) -> list[Hint]:
    found = []
    if name in ("title", "effect") and (match := _SOLUTION.search(text)):
        found.append(Hint(name, "solution", match.group(0)))
    if name in ("people", "measure") and not re.search(r"\d", text):
        found.append(Hint(name, "number"))
    if len(text) < SHORT.get(name, 0):
        found.append(Hint(name, "short"))
    found += [Hint(name, "person", one) for one in dict.fromkeys(_PERSON.findall(text))]
    if name == "effect" and text.casefold() == (row.get("description") or "").casefold():
        found.append(Hint(name, "same"))
    return found
