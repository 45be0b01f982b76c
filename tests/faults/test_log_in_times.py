"""Whether there is an account cannot be told by how long an answer takes: measured, so in `make test-faults` alone.

Three kinds of address in turn, so that what else the machine does meets all of them alike; the medians are compared.
"""

from __future__ import annotations

import os
import random
import time
from statistics import median

import pytest

from matcher import create_app
from matcher.hub import passwords
from matcher.ranking.encoder import TinyEncoder
from tests import factories
from tests.settings import settings
from tests.web.conftest import CheckedClient

ROUNDS = 60
NEAR = 0.005  # seconds between the medians
SERIES = 3
SEED = 20261124
KINDS = ("known", "unknown", "without")  # an account, none, and one that has no password yet

pytestmark = pytest.mark.skipif(
    int(os.environ.get("MATCHER_KILLS", "60")) < 1000, reason="measured on a quiet machine: make test-faults"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def hub(request, databases, tmp_path):
    """An application on a hub of its own, with the addresses of each kind."""
    app = create_app(settings(tmp_path, database_url=databases.url(request.param, migrated=True)), TinyEncoder())
    store, known = app.extensions["store"], passwords.hashed(factories.PASSWORD)
    for number in range(ROUNDS):
        factories.create_person(store, email=f"known{number}@example.org", password_hash=known)
        factories.create_person(store, email=f"without{number}@example.org")
    yield app
    store.close()


@pytest.mark.parametrize(
    ("path", "form", "status"),
    [("/login", {"password": "not the password"}, 422), ("/password", {}, 303)],
    ids=["log-in", "reset"],
)
def test_a_known_an_unknown_and_a_passwordless_address_take_the_same_time(hub, path, form, status):
    for attempt in range(SERIES):  # what the machine did meanwhile is in one series, what the hub does in all
        medians = _measured(hub, path, form, status, SEED + attempt)
        if max(medians.values()) - min(medians.values()) <= NEAR:
            return
    raise AssertionError(medians)


def _measured(app, path, form, status, seed) -> dict[str, float]:
    """Return the median time of each kind, in seconds."""
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    chance, store = random.Random(seed), app.extensions["store"]
    for number in range(-3, ROUNDS):  # the first three warm up
        for kind in chance.sample(KINDS, len(KINDS)):
            store.execute("delete from attempt")
            given = {**form, "email": f"{kind}{max(number, 0)}@example.org"}
            client = CheckedClient(app)
            sent = {"X-CSRFToken": client.token()}
            begun = time.perf_counter()
            answer = client.open(path, method="POST", data=given, headers=sent, csrf=False)
            taken = time.perf_counter() - begun
            assert answer.status_code == status, answer.status
            if number >= 0:
                times[kind].append(taken)
    medians = {kind: median(taken) for kind, taken in times.items()}
    print(f"\n{path} on {store.engine}:", ", ".join(f"{kind} {value * 1000:.1f} ms" for kind, value in medians.items()))
    return medians
