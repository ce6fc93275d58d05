"""The bundled manifest of Ghost against a real Ghost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remote_segments.errors import ProjectError
from remote_segments.sync.connecting import connect
from tests.support.servers.accounts import Account, members, refresh
from tests.support.servers.ghost import OTHERS, VIPS, labelled, running

pytestmark = pytest.mark.xdist_group("ghost")


@pytest.fixture(scope="module")
def ghost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Account, Path]]:
    """A seeded site, and its database."""
    with running(tmp_path_factory.mktemp("ghost")) as site:
        yield site


def test_a_label_gives_exactly_the_members_that_have_it(ghost: tuple[Account, Path], tmp_path: Path) -> None:
    """Three pages, whose members are those of Ghost's own tables, as many as it counts."""
    account, database = ghost
    project = account.project(tmp_path)
    row = refresh(project)
    assert row.fetched == row.declared_total == VIPS
    assert row.completeness == "last page seen; the platform's total agrees"
    assert members(project) == labelled(database, "vip")


def test_the_labels_of_the_site_are_listed(ghost: tuple[Account, Path], tmp_path: Path) -> None:
    """Slug, name and size of each, as Ghost's own tables have them; and one of them described and previewed."""
    account, database = ghost
    with connect(account.project(tmp_path), "server") as platform:
        listed = {one.ids["label"]: (one.name, one.size) for one in platform.segments("label")}
        described = platform.describe("label", {"label": "vip"})
        preview = platform.preview("label", {"label": "vip"})
    assert listed["vip"] == ("VIP", VIPS) == (described.name, described.size)
    assert listed["quiet-since-2025"] == ("Quiet since 2025", OTHERS)
    assert described.state == "ready"
    assert all(size == len(labelled(database, slug)) for slug, (_, size) in listed.items())
    assert preview.length == 100
    assert all(preview.columns["uuid"])


def test_a_label_that_nobody_has_is_empty_and_proven(ghost: tuple[Account, Path], tmp_path: Path) -> None:
    """Nobody is read, as many as Ghost counts: no error, and no doubt."""
    row = refresh(ghost[0].project(tmp_path, label="nobody-yet"))
    assert (row.fetched, row.declared_total) == (0, 0)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"label": "nobody-knows-it"}, "segment-not-found"),
        ({"admin_api_key": f"{'0' * 24}:{'1' * 64}"}, "key-refused"),
    ],
)
def test_what_ghost_refuses_is_told_as_what_it_is(
    changed: dict[str, str], code: str, ghost: tuple[Account, Path], tmp_path: Path
) -> None:
    """A label that does not exist and a key that is wrong, in Ghost's own words."""
    with pytest.raises(ProjectError) as caught:
        refresh(ghost[0].project(tmp_path, **changed))
    assert caught.value.code == code
