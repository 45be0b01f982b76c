"""What the JSON interface takes and gives: exactly the public fields of needs and testbeds, each explained."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from ..hub import open_data, reference

Theme = Literal[tuple(sorted(reference.codes("themes")))]
County = Literal[tuple(sorted(reference.codes("counties")))]
Beneficiary = Literal[tuple(reference.BENEFICIARIES)]
Moment = Annotated[str, Field(description="UTC, ISO 8601", examples=["2026-11-22T08:30:00.000000Z"])]
Day = Annotated[str, Field(description="ISO 8601", examples=["2027-03-31"])]


_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _aware(moment: datetime) -> datetime:
    """Return the moment in UTC; the first and the last hours of the calendar may lie outside it there."""
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("a moment from the years 1 to 9999, also in UTC") from None


def _written(moment: object) -> object:
    """Refuse bare numbers, which pydantic reads as seconds since 1970: somebody who means a year gets everything."""
    if isinstance(moment, str) and not _DAY.match(moment):
        raise ValueError("a day or a moment as ISO 8601, such as 2026-11-22")
    return moment


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid")

    theme: Theme | None = Field(None, description="Code of a theme")
    county: County | None = Field(None, description="Two-digit code of a county")
    municipality: str | None = Field(None, pattern=r"^\d{4}$", description="Four-digit code of a municipality")
    updated_since: Annotated[datetime, BeforeValidator(_written), AfterValidator(_aware)] | None = Field(
        None, description="Only what changed then or later; a day or a moment, UTC where no zone is named"
    )
    page: int = Field(1, ge=1, le=1_000_000, description="From 1; a page beyond the last is empty")
    per_page: int = Field(50, ge=1, le=open_data.MOST, description=f"At most {open_data.MOST}")


class NeedQuery(_Query):
    """How a list of needs is narrowed and parted into pages."""

    beneficiary: Beneficiary | None = Field(None, description="Who benefits")
    late: bool = Field(False, description="Also needs whose own last day has passed")


class TestbedQuery(_Query):
    """How a list of testbeds is narrowed and parted into pages."""

    __test__ = False  # not a test, whatever its name begins with


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Need(_Content):
    """A published problem and the effect that is wanted. Texts are plain, in `language`."""

    id: str
    organisation_id: str
    organisation: str = Field(description="Name of the organisation whose need it is")
    title: str
    people: str = Field(description="Who has the problem")
    description: str = Field(description="What happens today")
    effect: str = Field(description="The effect wanted")
    measure: str = Field(description="How one would know")
    tried: str = Field(description="What has been tried")
    keep: str = Field(description="What must not change")
    beneficiaries: list[str] = Field(description="Who benefits: " + ", ".join(reference.BENEFICIARIES))
    themes: list[str] = Field(description="Codes of themes")
    goals: list[str] = Field(description="Numbers of the global goals, 1 to 17")
    county_code: str | None = Field(description="Two digits")
    municipality_code: str | None = Field(description="Four digits")
    budget: str = Field(description="One of " + ", ".join(reference.BUDGETS))
    wanted_by: Day | None
    testbed_id: str | None = Field(description="The testbed that is offered")
    testbed: str | None = Field(description="Its name")
    language: str = Field(description="Language of the texts, ISO 639-1")
    languages: list[str] = Field(description="Working languages, one of which is needed")
    min_readiness: int | None = Field(description="Lowest technology readiness level, 1 to 9")
    local: str | None = Field(description="`yes` when only startups active in the county are asked")
    valid_until: Day | None
    version: int = Field(description="From 1; grows with every change after publication")
    published_at: Moment
    updated_at: Moment
    closed_at: Moment | None
    close_reason: str | None
    status: str = Field(description="Always `published` here")


class Testbed(_Content):
    """An environment to try something in. Texts are plain, in `language`."""

    __test__ = False

    id: str
    organisation_id: str
    organisation: str = Field(description="Name of the host")
    name: str
    description: str = Field(description="The environment")
    users: str = Field(description="Users or patients")
    methods: str
    equipment: str
    places: int = Field(description="How many tests there is room for at once")
    conditions: str
    answer_days: int = Field(description="Promised answer time in days")
    buffer_days: int = Field(description="Days kept free after each test")
    themes: list[str] = Field(description="Codes of themes")
    county_code: str | None = Field(description="Two digits")
    municipality_code: str | None = Field(description="Four digits")
    language: str = Field(description="Language of the texts, ISO 639-1")
    published_at: Moment
    updated_at: Moment
    status: str = Field(description="Always `published` here")


class _List(_Content):
    total: int = Field(description="How many there are on all pages")
    page: int
    pages: int


class NeedList(_List):
    """A page of needs."""

    rows: list[Need]


class TestbedList(_List):
    """A page of testbeds."""

    __test__ = False

    rows: list[Testbed]


class Problem(_Content):
    """What went wrong."""

    status: int
    title: str
    detail: str = Field(description="What was wrong and what would do")
