"""The users of one type in a real SCIM directory: a filter, a start index, and addresses in an array."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remote_segments.errors import ProjectError
from remote_segments.sync.connecting import connect
from tests.support.servers.accounts import Account, members, refresh
from tests.support.servers.scim import USERS, customers, running

pytestmark = pytest.mark.xdist_group("scim")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """The server with its users."""
    with running(tmp_path_factory.mktemp("scim")) as account:
        yield account


def test_a_type_gives_exactly_its_users(directory: Account, tmp_path: Path) -> None:
    """Three pages, with the ids and first addresses of an unpaged listing, as many as the server counts."""
    project = directory.project(tmp_path)
    row = refresh(project)
    expected = customers(directory)
    assert row.fetched == row.declared_total == len(expected) == USERS * 2 // 3
    assert row.completeness == "last page seen; the platform's total agrees"
    assert members(project) == expected
    assert None in {email for _, email in expected}


def test_a_type_that_nobody_has_is_empty_and_proven(directory: Account, tmp_path: Path) -> None:
    """The protocol cannot tell a type that does not exist from one that nobody has."""
    row = refresh(directory.project(tmp_path, user_type="nobody"))
    assert (row.fetched, row.declared_total) == (0, 0)


def test_a_filter_has_no_name_but_its_own(directory: Account, tmp_path: Path) -> None:
    """The description says the type for a name, and its size."""
    with connect(directory.project(tmp_path), "server") as platform:
        described = platform.describe("user_type", {"user_type": "employee"})
    assert (described.name, described.size) == ("employee", USERS // 3)


@pytest.mark.parametrize(
    ("changed", "code"), [({"user_type": 'x" or id pr or id eq "x'}, "bad-value"), ({"token": "wrong"}, "key-refused")]
)
def test_what_must_not_be_asked_is_refused(
    changed: dict[str, str], code: str, directory: Account, tmp_path: Path
) -> None:
    """A type that would change the filter never leaves this machine; a wrong token is told as such."""
    with pytest.raises(ProjectError) as caught:
        refresh(directory.project(tmp_path, **changed))
    assert caught.value.code == code
