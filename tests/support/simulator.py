"""Pytest fixtures: a simulator of its own for each test."""

from collections.abc import Iterator

import pytest

from remote_segments.simulator import Simulator


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator with a population of 2,000 people, listening on a free port."""
    with Simulator(people=2_000) as running:
        yield running
