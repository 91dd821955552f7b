"""What the tests of the transform share: the schema, the local environment's transform, and an arrival time."""

from __future__ import annotations

import pytest

import schema
from transform.events import Transform
from transform.window import AcceptedWindow


@pytest.fixture(scope="session")
def user_events() -> schema.Schema:
    return schema.load()


@pytest.fixture(scope="session")
def transform(user_events: schema.Schema) -> Transform:
    """The transform as the local environment has it."""
    return Transform(user_events, AcceptedWindow())


@pytest.fixture(scope="session")
def arrival_ms() -> int:
    """2026-11-24T10:00:00Z."""
    return 1_795_514_400_000
