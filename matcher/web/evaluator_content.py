"""What a case is in the export for an external evaluator: a row of `/year/cases.csv` and of `/year/cases.json`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..hub import outcomes, pilot_ends, year_export
from .api_content import Day

_Use = Literal[outcomes.IN_USE]
_PSEUDONYM = "sixteen hexadecimal digits, the same in every export of this hub; they lead nowhere"


class EvaluatedCase(BaseModel):
    """A need and a startup that were proposed to each other. `null` (empty in CSV): it has not happened, or not known.

    Days are in Swedish time, and each is that on which the step was first taken. There are no names, no texts and
    nothing about persons. Who knows the hub may still recognise a case by its dates: hand the rows on with care.
    """

    model_config = ConfigDict(extra="forbid")

    case: str = Field(description=f"The case: {_PSEUDONYM}")
    need: str = Field(description=f"The need: {_PSEUDONYM}")
    owner: str = Field(description=f"The organisation whose need it is: {_PSEUDONYM}")
    startup: str = Field(description=f"The company: {_PSEUDONYM}")
    county_code: str | None = Field(description="Two digits, the county of the need")
    themes: list[str] = Field(description="Codes of themes of the need; in CSV parted by a vertical bar")
    stage: Literal[year_export.STAGES] = Field(
        description="The furthest stage reached, whatever the year asked for; in_use by the owner's latest answer"
    )
    need_published_on: Day | None
    shown_on: Day | None = Field(description="When the company was first shown to the need's owner, if it was")
    proposed_on: Day | None
    accepted_on: Day | None = Field(description="When the second side said yes")
    declined_on: Day | None
    confirmed_on: Day | None = Field(description="When a place at a testbed was confirmed: the match")
    agreement_on: Day | None = Field(description="When the first agreement came in force")
    pilot_started_on: Day | None
    decided_on: Day | None
    ended_on: Day | None
    declined_by: Literal["owner", "startup", "broker"] | None
    reason: str | None = Field(description="Code of the reason for which it was declined or ended")
    decision: Literal[pilot_ends.DECISIONS] | None
    first_time: Literal["yes", "no"] | None = Field(
        description="Whether it was the company's first confirmed case with that organisation in this hub"
    )
    in_use_6: _Use | None = Field(description="The owner's answer at 6 months, as it stands today")
    answered_on_6: Day | None
    in_use_12: _Use | None = Field(description="The owner's answer at 12 months")
    answered_on_12: Day | None
    in_use_24: _Use | None = Field(description="The owner's answer at 24 months")
    answered_on_24: Day | None


def schema(base_url: str) -> dict[str, Any]:
    """Return the JSON Schema of one row."""
    made = EvaluatedCase.model_json_schema()
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{base_url}/year/cases.schema.json"}
    return {**about, **made}
