"""The JSON API against its own description, by schemathesis: every path, any value, walks from answer to question.

`MATCHER_API_EXAMPLES` says how many values a path (5 in `make test`, 300 in `make storm`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode

from .storm import RAW
from .walking import Hub, open_hub

EXAMPLES = int(os.environ.get("MATCHER_API_EXAMPLES") or 5)
VISITORS = ("none", "administrator", "broker", "owner", "startup", "host")
PATHS = ("/api/v1/needs", "/api/v1/needs/{need_id}", "/api/v1/testbeds", "/api/v1/testbeds/{testbed_id}", "/cases.json")
SETTINGS = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)  # fmt: skip


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened


def _described(hub: Hub) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", hub.app)


def _cookie(hub: Hub, visitor: str) -> dict[str, str]:
    if visitor not in hub.world.tokens:
        return {}
    signed = hub.app.session_interface.get_signing_serializer(hub.app)
    return {hub.app.config["SESSION_COOKIE_NAME"]: signed.dumps({"token": hub.world.tokens[visitor]})}


def _keeps_to_it(case: schemathesis.Case, cookies: dict[str, str]) -> None:
    answer = case.call_and_validate(cookies=cookies)
    assert answer.status_code in (200, 304, 404, 422), answer.status_code
    assert answer.headers["content-type"][0].startswith("application/json")
    assert answer.headers["x-content-type-options"] == ["nosniff"]
    assert not RAW.search(answer.text) or "text/html" not in answer.headers["content-type"][0]


@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_one_that_the_description_names(hub, path, visitor):
    cookies, operation = _cookie(hub, visitor), _described(hub)[path]["GET"]

    @SETTINGS
    @given(case=operation.as_strategy())
    def asked(case: schemathesis.Case) -> None:
        _keeps_to_it(case, cookies)

    asked()
    assert hub.changed() == []


@pytest.mark.parametrize("path", [path for path in PATHS if path.startswith("/api/") and "{" not in path])
def test_what_the_description_does_not_allow_is_refused(hub, path):
    seen = set()

    @SETTINGS
    @given(case=_described(hub)[path]["GET"].as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def asked(case: schemathesis.Case) -> None:
        assume([] not in (case.query or {}).values())  # an empty list is not sent: the rest may well be allowed
        answer = case.call()
        seen.add(answer.status_code)
        assert answer.status_code in (405, 422), answer.status_code
        assert not RAW.search(answer.text) or "text/html" not in answer.headers["content-type"][0]

    asked()
    assert seen


@pytest.mark.parametrize("visitor", VISITORS)
def test_walks_from_a_list_to_its_things_keep_to_it(hub, visitor):
    cookies = _cookie(hub, visitor)

    class Walk(_described(hub).as_state_machine()):
        def get_call_kwargs(self, case):
            return {"cookies": cookies}

    run_state_machine_as_test(Walk, settings=settings(SETTINGS, stateful_step_count=6))
    assert hub.changed() == []
