"""A table of a real Datasette, by a manifest of the project's own: rows as arrays, and a link to the next page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remote_segments.errors import ProjectError
from remote_segments.sync.connecting import connect
from tests.support.servers.accounts import Account, members, refresh
from tests.support.servers.datasette import PEOPLE, rows, running

pytestmark = pytest.mark.xdist_group("datasette")


@pytest.fixture(scope="module")
def datasette(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Account, Path]]:
    """The server, and its database."""
    with running(tmp_path_factory.mktemp("datasette")) as server:
        yield server


def test_a_table_gives_exactly_its_rows(datasette: tuple[Account, Path], tmp_path: Path) -> None:
    """Three pages, with the ids and addresses of the file, as many as the server counts."""
    account, database = datasette
    project = account.project(tmp_path)
    row = refresh(project)
    assert row.fetched == row.declared_total == PEOPLE
    assert row.completeness == "last page seen; the platform's total agrees"
    assert members(project) == rows(database)


def test_an_empty_table_is_empty_and_proven(datasette: tuple[Account, Path], tmp_path: Path) -> None:
    """Nobody is read, as many as the server counts."""
    row = refresh(datasette[0].project(tmp_path, table="nobody"))
    assert (row.fetched, row.declared_total) == (0, 0)


def test_the_tables_are_listed(datasette: tuple[Account, Path], tmp_path: Path) -> None:
    """Each with its number of rows."""
    with connect(datasette[0].project(tmp_path), "server") as platform:
        assert {one.name: one.size for one in platform.segments("table")} == {"vip": PEOPLE, "nobody": 0}


@pytest.mark.parametrize(
    ("changed", "code"), [({"table": "vips"}, "segment-not-found"), ({"token": "wrong"}, "access-denied")]
)
def test_what_the_server_refuses_is_told_as_what_it_is(
    changed: dict[str, str], code: str, datasette: tuple[Account, Path], tmp_path: Path
) -> None:
    """A table that does not exist, and a token that opens nothing, which is answered with a web page."""
    with pytest.raises(ProjectError) as caught:
        refresh(datasette[0].project(tmp_path, **changed))
    assert caught.value.code == code
