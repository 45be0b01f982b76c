"""The words about learning: what cannot be done with learned weights."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

SENTENCES: dict[str, Any] = {
    "learning_off": _l("Learning is switched off. Switch it on before you adopt weights."),
    "weights_adopted": _l("Version %(number)s was adopted before. There is nothing more to do."),
    "weights_replaced": _l("Version %(number)s has been learned since. Look at that one."),
    "weights_not_better": _l("Version %(number)s was no better where it was tried, so it cannot be adopted."),
    "weights_not_adopted": _l("No learned weights count now. There is nothing to roll back."),
    "weights_changed": _l("Another version counts now: version %(number)s. Nothing was rolled back."),
    "weights_of_another_scoring": _l(
        "These weights were learned for scoring version %(scoring)s, which this program no longer uses."
    ),
    "weights_of_another_model": _l("These weights were learned with another language model than the hub has now."),
}
