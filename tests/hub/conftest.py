"""What many tests of cases begin with."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.store import Store
from tests.factories import create_testbed

from .cases import Case


@pytest.fixture
def case(store: Store) -> Case:
    """Give a need, a startup and their people, with no case yet."""
    return Case(store)


@pytest.fixture
def testbed(store: Store) -> dict[str, Any]:
    """Give a published testbed with one place."""
    return create_testbed(store, published=True, places=1)
