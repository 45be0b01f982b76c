"""What a released case is in the open data: a row of `/cases.json` and of `/cases.csv`, each field explained."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..hub import outcomes, reference, released
from .api_content import Day

Level = Literal[outcomes.LEVELS]
Perspective = Literal[tuple(sorted(reference.codes("perspectives")))]
_VALUE = "value by the owner's own estimate"


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReleasedCase(_Content):
    """A need and a startup that tried something together, released by both. `null` (empty in CSV): not known yet.

    Texts are plain, in `language`, as the two sides wrote and released them. All else follows the case: the answers
    are the owner's own, given 6, 12 and 24 months after the decision, and the latest counts. In CSV, lists are parted
    by a vertical bar, and a text that a spreadsheet would take for a formula begins with an apostrophe.
    """

    id: str = Field(description="Never changes; the page is /cases/ and the id")
    title: str
    owner: str = Field(description="Name of the organisation whose need it is")
    startup: str = Field(description="Name of the startup")
    language: str = Field(description="Language of the texts, ISO 639-1")
    owner_text: str = Field(description="Summary by the owner of the need")
    startup_text: str = Field(description="Summary by the startup")
    themes: list[str] = Field(description="Codes of themes of the need")
    county_code: str | None = Field(description="Two digits, the county of the need")
    municipality_code: str | None = Field(description="Four digits")
    confirmed_on: Day = Field(description="Day on which the pairing was confirmed")
    stage: Literal[released.STAGES] = Field(
        description="How far the case came, the furthest that holds: confirmed; agreement signed; pilot begun; "
        "decided, also when the decision was to stop; in_use, wholly or partly"
    )
    agreement: Literal["yes", "no"] = Field(description="Whether all sides have signed an agreement")
    agreement_on: Day | None = Field(description="Day on which the first agreement came into force")
    decision: Literal["adopt", "adapt", "retest", "stop"] | None = Field(description="How the pilot was decided")
    decided_on: Day | None
    in_use: Literal[outcomes.IN_USE] | None = Field(description="Whether it was in use when last asked")
    months: Literal[outcomes.MONTHS] | None = Field(
        description="After how many months that was: from the pilot's decision, or from the completed test where "
        "there was no pilot"
    )
    answered_on: Day | None = Field(description="Day of that answer")
    used_by: int | None = Field(description="About how many use it")
    spread: int | None = Field(description="How many other organisations use it because of this")
    economic: Level | None = Field(description=f"Economic {_VALUE}")
    social: Level | None = Field(description=f"Social {_VALUE}")
    functional: Level | None = Field(description=f"Functional {_VALUE}")
    environmental: Level | None = Field(description=f"Environmental {_VALUE}")
    perspectives: list[Perspective] = Field(
        description="Which perspectives of the region's strategy it serves: codes of the hub's own list"
    )
    hours: int | None = Field(description="Hours of work freed in a week; below zero when it takes more time")
    released_on: Day = Field(description="Day on which the second side said yes to the text")


class CaseList(_Content):
    """A page of released cases."""

    total: int = Field(description="How many there are on all pages")
    page: int
    pages: int
    rows: list[ReleasedCase]


class CaseQuery(_Content):
    """How the list of cases is parted into pages."""

    page: int = Field(1, ge=1, le=1_000_000, description="From 1; a page beyond the last is empty")
    per_page: int = Field(released.MOST, ge=1, le=released.MOST, description=f"At most {released.MOST}")


def schema(base_url: str) -> dict[str, Any]:
    """Return the JSON Schema of one row."""
    made = ReleasedCase.model_json_schema()
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{base_url}/cases.schema.json",
    }
    return {**about, **made}
