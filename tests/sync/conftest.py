"""Fixtures of the loops that do I/O: a simulator of its own for each test, and lists that can be sent to."""

from collections.abc import Iterator

import pytest

from tests.support.list_server import ListServer, list_server
from tests.support.simulator import simulator

__all__ = ["simulator"]


@pytest.fixture
def lists() -> Iterator[tuple[ListServer, str]]:
    """The lists of a server that takes members, and where they are served."""
    with list_server() as served:
        yield served
