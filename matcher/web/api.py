"""The JSON interface: published needs and testbeds for other systems. Read-only, for everybody, without cookies.

`api_content` says what a need and a testbed look like; `/openapi.json` is made from it and from the views here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, jsonify, render_template, request
from pydantic import BaseModel, ValidationError
from spectree import Response as Answers
from spectree import SpecTree
from werkzeug.exceptions import HTTPException

from ..hub import clock, needs, open_data, testbeds
from ..hub.errors import HubError, NotFound
from .access import allowed, now, settings, store
from .api_content import Need, NeedList, NeedQuery, Problem, Testbed, TestbedList, TestbedQuery
from .kept import once

blueprint = Blueprint("api", __name__)

# Only the documents are spectree's: it is never registered with the application, which would add views of its own
# (without a rule of ours) and pages that load scripts from elsewhere. What comes in is checked by `query_of`.
documented = SpecTree(
    "flask",
    mode="strict",
    path="unused",
    page_templates={},
    title="Matcher",
    description="Published needs, testbeds and released cases of the hub, as open data.",
    version="1",
    validation_error_model=Problem,
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda parent, child: child,
)

View = TypeVar("View", bound=Callable[..., Any])
Query = TypeVar("Query", bound=BaseModel)


def described(tag: str, resp: Answers, query: type[BaseModel] | None = None) -> Callable[[View], View]:
    """Put a view into the description. It runs without spectree's own wrapper, which would make each answer twice."""

    def decorate(view: View) -> View:
        told = documented.validate(query=query, resp=resp, skip_validation=True, tags=[tag])(view)

        @wraps(told)
        def plain(*arguments: Any, **named: Any) -> Any:
            return view(*arguments, **named)

        return plain

    return decorate


class BadQuery(Exception):
    """A parameter that does not exist or does not fit; the message names it."""


@blueprint.get("/api/v1/needs")
@allowed("public")
@described("needs", Answers(HTTP_200=NeedList, HTTP_422=Problem), NeedQuery)
def list_needs() -> Response:
    """List published needs, last changed first."""
    asked = query_of(NeedQuery)
    found = open_data.list_needs(
        store(), now(),
        theme=asked.theme or "", beneficiary=asked.beneficiary or "", county=asked.county or "",
        municipality=asked.municipality or "", since=_moment(asked), late=asked.late,
        page=asked.page, per_page=asked.per_page,
    )  # fmt: skip
    return answered(NeedList(**_listed(found, Need)))


@blueprint.get("/api/v1/needs/<need_id>")
@allowed("public")
@described("needs", Answers(HTTP_200=Need, HTTP_404=Problem))
def show_need(need_id: str) -> Response:
    """Return one published need."""
    return answered(*once(("need", need_id), lambda: [_json(Need(**needs.load(store(), None, need_id)))]))


@blueprint.get("/api/v1/testbeds")
@allowed("public")
@described("testbeds", Answers(HTTP_200=TestbedList, HTTP_422=Problem), TestbedQuery)
def list_testbeds() -> Response:
    """List the testbeds of the catalogue, last changed first."""
    asked = query_of(TestbedQuery)
    found = open_data.list_testbeds(
        store(), theme=asked.theme or "", county=asked.county or "", municipality=asked.municipality or "",
        since=_moment(asked), page=asked.page, per_page=asked.per_page,
    )  # fmt: skip
    return answered(TestbedList(**_listed(found, Testbed)))


@blueprint.get("/api/v1/testbeds/<testbed_id>")
@allowed("public")
@described("testbeds", Answers(HTTP_200=Testbed, HTTP_404=Problem))
def show_testbed(testbed_id: str) -> Response:
    """Return one testbed of the catalogue."""
    return answered(
        *once(("testbed", testbed_id), lambda: [_json(Testbed(**testbeds.load(store(), None, testbed_id)))])
    )


@blueprint.get("/openapi.json")
@allowed("public")
def description() -> Response:
    """Describe the interface, as OpenAPI 3.1."""
    return jsonify({**documented.spec, "servers": [{"url": settings().base_url}]})


@blueprint.get("/api")
@allowed("public")
def docs() -> str:
    """Describe the interface to people, from the same description."""
    spec = documented.spec
    return render_template(
        "api/docs.html", paths=spec["paths"], schemas=spec["components"]["schemas"], base=settings().base_url
    )


def query_of(model: type[Query]) -> Query:
    """Return the address's parameters, checked; raise BadQuery with what is wrong and what would do."""
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadQuery(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _json(content: BaseModel) -> str:
    return content.model_dump_json()


def _moment(asked: NeedQuery | TestbedQuery) -> str:
    return clock.stamp(asked.updated_since) if asked.updated_since else ""


def _listed(found: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    return {**found, "rows": [model(**row) for row in found["rows"]]}


def answered(content: BaseModel | str) -> Response:
    """Return content, or its JSON, with an ETag, so that who asks again for the same gets 304."""
    text = content if isinstance(content, str) else _json(content)
    response = Response(text, headers=[("Cache-Control", "public, max-age=60")], content_type="application/json")
    response.add_etag()
    return response.make_conditional(request)


@blueprint.after_request
def _for_everybody(response: Response) -> Response:
    """Let pages of other sites read it: it is public, and no cookie counts."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _problem(status: int, title: str, detail: str) -> tuple[Response, int]:
    return jsonify(Problem(status=status, title=title, detail=detail).model_dump()), status


@blueprint.errorhandler(BadQuery)
def _bad_query(error: BadQuery) -> Any:
    return _problem(422, "A parameter does not fit", str(error))


@blueprint.errorhandler(NotFound)
def _not_found(error: NotFound) -> Any:
    return _problem(404, "Not found", "There is no such thing, or it is not published.")


@blueprint.errorhandler(HubError)
def _refused(error: HubError) -> Any:
    return _problem(400, "Refused", error.code)


@blueprint.errorhandler(HTTPException)
def _failed(error: HTTPException) -> Any:
    return _problem(error.code or 500, error.name, error.description or "")
