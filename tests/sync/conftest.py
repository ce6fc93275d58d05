"""Fixtures of the loops that do I/O: a simulator of its own for each test, and lists that can be sent to."""

from collections.abc import Iterator

import pytest

from tests.support.list_server import ListServer, list_server
from tests.support.prepared import Beginnings
from tests.support.simulator import simulator

__all__ = ["simulator"]


@pytest.fixture
def lists() -> Iterator[tuple[ListServer, str]]:
    """The lists of a server that takes members, and where they are served."""
    with list_server() as served:
        yield served


@pytest.fixture(scope="session")
def beginnings(tmp_path_factory: pytest.TempPathFactory) -> Beginnings:
    """What tests of this process begin with."""
    return Beginnings(tmp_path_factory.mktemp("beginnings"))
