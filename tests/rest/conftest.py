"""Fixtures of the tests of `rest`; the invented platform they talk to is in tests/support."""

import pytest

from remote_segments.conformance.world import World


@pytest.fixture
def world() -> World:
    """Returns a new world without time."""
    return World()
