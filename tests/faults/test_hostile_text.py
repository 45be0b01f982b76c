"""Hostile text in every field of every form, as everybody, in both languages: no server error, no echo that runs.

`MATCHER_REQUESTS` says how many requests (700 in `make test`, 100,000 in `make storm`); `MATCHER_SEED` which.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.web.storm import Storm
from tests.web.test_policy import POLICY
from tests.web.walking import Hub, open_hub

REQUESTS = int(os.environ.get("MATCHER_REQUESTS") or 700)
SEED = int(os.environ.get("MATCHER_SEED") or 20261122)


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with open_hub() as opened:
        yield opened


def test_no_text_makes_a_server_error_or_comes_out_as_it_is(hub):
    storm, begun = Storm(hub, POLICY, SEED), time.monotonic()
    storm.run(REQUESTS)
    print(
        f"\n{storm.sent} requests in {time.monotonic() - begun:.0f} s from seed {SEED}; {len(storm.tried)} of "
        f"{len(storm.known)} names tried alone (route, method, visitor, language, name); "
        f"statuses {dict(sorted(storm.kinds.items()))}"
    )
    assert not storm.faults, f"{len(storm.faults)} faults:\n" + "\n".join(storm.faults[:40])
