"""The people of a plan on a real PostGraphile: GraphQL with Relay's cursors, and a token that the client signs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remote_segments.errors import ProjectError
from remote_segments.sync.connecting import connect
from tests.support import warehouses
from tests.support.servers.accounts import Account, members, refresh
from tests.support.servers.postgraphile import people, running

pytestmark = pytest.mark.xdist_group("postgraphile")


@pytest.fixture(scope="module")
def postgraphile(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str
) -> Iterator[tuple[Account, set[tuple[str, str]]]]:
    """The server, and whom its database holds."""
    with (
        warehouses.postgres_database(postgres_server) as dsn,
        running(tmp_path_factory.mktemp("postgraphile"), dsn) as account,
    ):
        yield account, people(dsn)


Served = tuple[Account, set[tuple[str, str]]]


def test_a_plan_gives_exactly_its_people(postgraphile: Served, tmp_path: Path) -> None:
    """Three pages, with the ids and addresses of the table, as many as the server counts."""
    account, expected = postgraphile
    project = account.project(tmp_path)
    row = refresh(project)
    assert row.fetched == row.declared_total == len(expected) == 1_267
    assert row.completeness == "last page seen; the platform's total agrees"
    assert members(project) == expected


def test_a_plan_that_nobody_has_is_empty_and_proven(postgraphile: Served, tmp_path: Path) -> None:
    """Nobody is read, as many as the server counts."""
    row = refresh(postgraphile[0].project(tmp_path, plan="none"))
    assert (row.fetched, row.declared_total) == (0, 0)


def test_the_plans_are_listed(postgraphile: Served, tmp_path: Path) -> None:
    """Each with its title and its number of people."""
    with connect(postgraphile[0].project(tmp_path), "server") as platform:
        listed = {one.ids["plan"]: (one.name, one.size) for one in platform.segments("plan")}
    assert listed == {"pro": ("Professional", 1_267), "free": ("Free of charge", 633), "none": ("Nobody yet", 0)}


@pytest.mark.parametrize(
    ("changed", "code"), [({"plan": "gold"}, "segment-not-found"), ({"jwt_secret": "another"}, "key-refused")]
)
def test_what_the_server_refuses_is_told_as_what_it_is(
    changed: dict[str, str], code: str, postgraphile: Served, tmp_path: Path
) -> None:
    """A plan that does not exist is null in an answer that is a success; a wrong signature is a 403."""
    with pytest.raises(ProjectError) as caught:
        refresh(postgraphile[0].project(tmp_path, **changed))
    assert caught.value.code == code
