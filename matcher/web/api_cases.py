"""Released cases in the JSON interface."""

from __future__ import annotations

from flask import Response, url_for
from spectree import Response as Answers

from ..hub import released
from . import api
from .access import allowed, now, store
from .api_content import Problem
from .case_content import CaseList, CaseQuery


@api.blueprint.get("/cases.json")
@allowed("public")
@api.described("cases", Answers(HTTP_200=CaseList, HTTP_422=Problem), CaseQuery)
def list_cases() -> Response:
    """List the cases that both sides have released, last released first."""
    asked = api.query_of(CaseQuery)
    found = released.listing(store(), now(), asked.page, asked.per_page)
    answer = api.answered(CaseList(**found))
    answer.headers["Link"] = f'<{url_for("releases.schema")}>; rel="describedby"'
    return answer
