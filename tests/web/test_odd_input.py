"""What nobody's page sends: odd addresses, odd forms, hostile texts. Never a server error, never an echo that runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from .test_policy import POLICY
from .test_writes import WRITES, _who_may
from .walking import FORMS, Hub, open_hub, parameters, readable
from .world import NEED_TEXTS, STARTUP_TEXTS, TESTBED_TEXTS

SCRIPT = "<script>canary</script>"
HOSTILE = f"{SCRIPT}\"'><img src=x onerror=canary>canary{{{{7*7}}}}${{7*7}}&lt;b&gt;"
# Text as it stands in an address, percent signs and all.
ODD = (
    "", "0", "-1", "1", "2", "999999", "1000000000", "9" * 40, "1e9", "1.5", "NaN", "٣", "²", "null", "true", "all",
    "%00", "a%00b", "%ff", "%fe%ff", "%c3%28", "%ed%a0%80", "%F0%9F%92%A9", "%E2%80%AE%D7%90", "%0d%0aX-Evil:%201",
    "'", "''", "%22", "%5C", "';--", "%25", "%25_", "%7B%7B7*7%7D%7D", "$%7B7*7%7D", "../../etc/passwd", "/", "//evil",
    "http://evil.example", "2026-02-30", "0000-00-00", "1899-12-31", "9999-12-31", "x" * 3_000, "%C3%A5" * 900,
    quote(SCRIPT), quote(HOSTILE),
)  # fmt: skip
NAMES = (
    "page", "per_page", "sort", "q", "theme", "county", "beneficiary", "status", "state", "late", "own", "kind",
    "stage", "mine", "step", "then", "next", "startup", "reason", "organisation_id", "decided", "complete", "role",
    "id", "invite", "starts_on", "ends_on", "readiness", "seeks", "stopped", "dismissed", "updated_since",
    "municipality", "embedding", "lang", "v", "month", "year", "figure", "organisation", "alone", "number", "side",
    "template", "language", "need", "brought",
)  # fmt: skip
BODIES: tuple[dict[str, object], ...] = (
    {},
    {"data": b"\xff\xfe=\xff&%00=%ff&a[]=1&a[]=2&title=%ff%00"},
    {"data": "x" * 200_000},
    {"data": b'{"title": {"a": [1]}}', "content_type": "application/json"},
    {"data": b"{", "content_type": "application/json"},
    {"data": b"--b\r\nContent-Disposition: form-data; name=", "content_type": "multipart/form-data; boundary=b"},
    {"data": b"--b--", "content_type": "multipart/form-data"},
    {"data": b"<?xml version='1.0'?><a/>", "content_type": "text/xml"},
    {"data": b"a=1", "content_type": "application/x-www-form-urlencoded; charset=utf-7"},
    {"data": "&".join(f"f{number}=1" for number in range(150))},
)
VALUES = (
    HOSTILE, "", " ", "0", "-1", "9" * 30, "a\x00b", "\u202eabc\u200b", "\ud800".encode("utf8", "surrogatepass"),
    "å" * 9_000, "2026-02-30", "1899-12-31", "=1+1", "'; drop table need; --", "\r\nBcc: x@example.org", "💩" * 50,
)  # fmt: skip
MORE_FIELDS = ("step", "go", "then", "seen", "next", "locale", "themes", "goals", "languages", "regions", "places",
               "readiness", "website", "orgnr", "county_code", "valid_until", "themes__shown", "ties", "testbed_id",
               "column-0", "publish", "invite", "keyboard", "resume", "kept:title", "local", "place", "month", "in_use",
               "perspectives", "jobs", "hours")  # fmt: skip
TEXTS = {
    "need": (*NEED_TEXTS, "return_comment", "close_note"),
    "startup": (*STARTUP_TEXTS, "hidden_reason", "flag_reason", "website"),
    "testbed": (*TESTBED_TEXTS, "contact_email", "backup_email"),
    "organisation": ("name", "website"),
    "person": ("name",),
    "testbed_closure": ("reason",),
    "interest": ("message", "note"),
    "share": ("note", "comment"),
    "dismissal": ("note",),
    "conflict": ("note",),
    "route_choice": ("why",),
    "innovation_answer": ("note",),
    "pairing": ("message", "note"),
    "state_aid": ("note", "beyond"),
    "agreement": ("note",),
    "agreement_template": ("name",),
    "signature": ("name", "title", "file_name"),
    "prerequisite": ("text",),
    "prerequisite_met": ("note",),
    "pilot": ("question", "runner_name", "runner_role", "signer_name", "signer_role", "route", "checks_note"),
    "indicator": ("name", "unit", "method", "measured_by", "uncertainty"),
    "reading": ("note",),
    "feedback_round": ("question", "changed"),
    "feedback_answer": ("text",),
    "incident": ("what", "done"),
    "import_batch": ("filename",),
    "import_note": ("title",),
    "outbox": ("error",),
    "case_note": ("text",),
    "case_task": ("text", "why"),
    "need_question": ("asked", "asked_for", "question", "answer"),
    "need_told": ("name", "organisation"),
    "outcome": ("why_not", "used_by_whom", "economic_note", "work"),
    "outcome_spread": ("name",),
    "release": ("title", "owner_text", "startup_text"),
}


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened


def _visitor_for(endpoint: str) -> tuple[str, dict[str, str]]:
    """Return who reads a page, a broker before others, and a row of the policy file that lets them."""
    rows = [row for row in POLICY[endpoint] if row["method"] == "GET"]
    for visitor in ("broker", "administrator", "startup", "host", "owner", "none"):
        for row in rows:
            if row[visitor] == "ok":
                return visitor, row
    raise AssertionError(endpoint)


READS = sorted(endpoint for endpoint, rows in POLICY.items() if any(row["method"] == "GET" for row in rows))


@pytest.mark.parametrize("endpoint", READS)
def test_an_odd_address_is_never_a_server_error_nor_an_echo(hub, endpoint):
    visitor, row = _visitor_for(endpoint)
    path = hub.address(endpoint, row["thing"])
    for value in ODD:
        queries = ["&".join(f"{name}={value}" for name in NAMES)]
        if endpoint.startswith("api.list"):  # it refuses what it does not know, so there each stands alone
            queries = [f"{name}={value}" for name in NAMES]
        for query in queries:
            answer = hub.send(visitor, "GET", f"{path}?{query}")
            where = f"{endpoint}: {query[:120]}"
            assert answer.status_code < 500, where
            assert SCRIPT not in readable(answer), where
            assert "X-Evil" not in answer.headers, where
            assert not (answer.location or "").startswith(("//", "http://evil", "/\\")), where
    hub.store.execute("delete from attempt")
    assert hub.changed() == []


@pytest.mark.parametrize("endpoint", [name for name in READS if POLICY[name][0]["thing"] != "-" and name != "static"])
def test_an_odd_id_is_not_found(hub, endpoint):
    rule = hub.rule(endpoint)
    for value in ODD:
        if value and "/" not in value:
            path = re.sub(r"<(\w+:)?\w+>", lambda _, value=value: value, rule.rule)
            answer = hub.send(_visitor_for(endpoint)[0], "GET", path)
            assert answer.status_code in (404, 308), f"{path[:120]}: {answer.status}"
            assert SCRIPT not in readable(answer)


@pytest.mark.parametrize(("method", "endpoint"), WRITES)
def test_an_odd_form_is_never_a_server_error_nor_an_echo(hub, method, endpoint):
    visitor, row = _who_may(endpoint)
    path = hub.address(endpoint, row["thing"])
    names = {*FORMS.get(endpoint, {}), *MORE_FIELDS}
    bodies = [*BODIES, *({"data": {**dict.fromkeys(names, value), "revision": "1"}} for value in VALUES)]
    # Each field alone odd in a form that is else in order: what comes behind the first check is reached too.
    form = {name: value for name, value in hub.form(endpoint, visitor, row["thing"]).items() if name != "file"}
    bodies += [{"data": {**form, name: value}} for name in form for value in (HOSTILE, "9" * 30, "a\x00b", "å" * 9_000)]
    for given in bodies:
        answer = hub.send(visitor, method, path, **given)
        where = f"{endpoint}: {str(given)[:200]}"
        assert answer.status_code < 500, where
        assert SCRIPT not in readable(answer), where
        if answer.status_code == 303:
            after = hub.send(visitor, "GET", answer.location)
            assert after.status_code < 500, where
            assert SCRIPT not in readable(after), where
        hub.reset()


@pytest.mark.parametrize("visitor", ["none", "administrator", "broker", "owner", "other_owner", "startup", "host"])
def test_hostile_text_in_every_field_stays_text(hub, visitor):
    with hub.store.atomic():
        for table, columns in TEXTS.items():
            for column in columns:
                text = "javascript:canary()" if column == "website" else HOSTILE
                hub.store.execute(f"update {table} set {column} = :text where {column} is not null", {"text": text})
    for rule in hub.rules():
        if "GET" not in rule.methods or rule.endpoint == "static":
            continue
        names = parameters(rule)
        things = hub.world.things
        several = zip(*([*things[name]][:20] for name in names), strict=False) if names else [()]
        for states in several:
            answer = hub.send(visitor, "GET", hub.address(rule.endpoint, "+".join(states) or "-"))
            text = readable(answer)
            where = f"{rule.endpoint} {states}"
            assert answer.status_code < 500, where
            if answer.mimetype == "text/html":
                assert SCRIPT not in text, where
                assert "<img src=x" not in text, where
                assert "canary49" not in text, where
                assert 'href="javascript:' not in text, where
    hub.reset()
