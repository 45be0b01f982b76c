"""What the broker's list says of the chance of each match, and of a need that nothing on it seems to answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from ..hub import learned
from ..ranking.chance import ENOUGH, Chance, Estimate
from ..ranking.matches import Match, Ranking
from .access import store


def of_list(found: Ranking, shown: Sequence[Match], *, whole: bool) -> dict[str, Any]:
    """Return what to say of a part of a list, in one query: `ranks_only`, `of` (a line by startup id), `nothing`.

    ranks_only: why no match has a chance, or an empty text. whole: the part is the first one, with nothing filtered
    out; only then can it be said that there is probably nothing.
    """
    if found.lexical_only or not shown:
        return {"ranks_only": "", "of": {}, "nothing": False}
    row = learned.latest(store(), "chance", found.scoring, found.model)
    data = row and row["content"].get("chance")
    if not data:
        return {"ranks_only": _ranks_only(row), "of": {}, "nothing": False}
    model = Chance.from_data(data)
    return {
        "ranks_only": "",
        "of": {match.id: line(model.estimate(match.parts)) for match in shown},
        "nothing": whole and model.probably_nothing([match.parts for match in shown]),
    }


def _ranks_only(row: dict[str, Any] | None) -> str:
    decisions = row["decisions"] if row else 0
    if decisions >= ENOUGH:
        return _("Ranks only: what was decided so far went one way too often for a chance to be learned from it.")
    return _(
        "Ranks only: a chance is told from %(enough)s decisions with this scoring on; so far there are %(decisions)s.",
        enough=ENOUGH, decisions=decisions,
    )  # fmt: skip


def line(found: Estimate | None) -> tuple[str, str]:
    """Return what to say of a match's chance, and what that rests on."""
    if found is None:
        return _("Rank only"), _("Too few matches like this were decided.")
    if found.chance < 0.05:
        said = _("Fewer than 1 of 10 like this were taken up")
    elif found.chance >= 0.95:
        said = _("More than 9 of 10 like this were taken up")
    else:
        said = _("About %(tenths)s of 10 like this were taken up", tenths=round(10 * found.chance))
    rests = _(
        "Between %(low)s and %(high)s of 10; of the %(of)s decisions most like it %(taken)s.",
        low=math.floor(10 * found.low), high=math.ceil(10 * found.high), of=found.of, taken=found.taken,
    )  # fmt: skip
    return said, rests
