"""Members who come again on pages far apart, while the number of rows agrees with the platform's count."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import EngineError, TemporaryError
from remote_segments.rest.platform import Fetch, Page, Platform
from remote_segments.simulator import Simulator
from remote_segments.sync.connecting import connect
from remote_segments.sync.fetch import load
from remote_segments.sync.snapshots import Snapshot
from remote_segments.sync.spool import ProvenSpool, Spools
from tests.support.fetching import NOW, Refresher, unhurried, with_small_pages
from tests.support.projects import PAYING, write_project


@pytest.fixture
def refresher(tmp_path: Path, simulator: Simulator) -> Refresher:
    return Refresher(
        with_small_pages(load_project(write_project(tmp_path, simulator, {"paying": PAYING})), 2), simulator
    )


def pages_of(*pages: str) -> httpx.MockTransport:
    """A HubSpot that answers with these record ids, and counts as many members as there are rows."""
    total = sum(len(page) for page in pages)
    described = {"name": "Paying", "size": total, "objectTypeId": "0-1", "processingStatus": "COMPLETE"}

    def answer(request: httpx.Request) -> httpx.Response:
        if "memberships" not in request.url.path:
            return httpx.Response(200, json={"list": {**described, "updatedAt": "2026-11-24T00:00:00Z"}})
        number = int(request.url.params.get("after", 0))
        rows = [{"recordId": one, "membershipTimestamp": "2026-11-24T00:00:00Z"} for one in pages[number]]
        more = {"paging": {"next": {"after": str(number + 1)}}} if number + 1 < len(pages) else {}
        return httpx.Response(200, json={"results": rows, "total": total, **more})

    return httpx.MockTransport(answer)


def reading(transport: httpx.MockTransport):
    """Opens the account on invented answers."""

    def connected(project: Project, connection: str) -> Platform:
        return connect(project, connection, sleep=lambda _: None, transport=transport)

    return connected


def test_a_total_that_agrees_only_by_repetition_is_refused(refresher: Refresher) -> None:
    """Promise 3: six rows of four people are not the six people that the platform counts; nothing is stored."""
    with pytest.raises(TemporaryError) as refused:
        refresher.fetch("paying", connect=reading(pages_of("12", "34", "21")))
    assert refused.value.code == "membership-moved"
    assert "6 members; 6 were read, but only 4 different ones" in refused.value.problem.found
    assert refresher.everything() == []
    assert refresher.states("paying") == [("failed", "membership-moved")]
    assert refresher.files("paying") == []


def test_the_next_refresh_reads_anew_and_passes(refresher: Refresher) -> None:
    """Nothing of the refused fetch is kept for it."""
    with pytest.raises(TemporaryError):
        refresher.fetch("paying", connect=reading(pages_of("12", "34", "21")))
    row = refresher.fetch("paying", connect=unhurried)
    assert set(refresher.members(row.snapshot_id, "record_id")) == refresher.expected(1, "hubspot", "55")


def spooled(refresher: Refresher, members: str, fewest: int | None, fetched: int | None = None) -> ProvenSpool:
    """A proven spool of these members."""
    row = Snapshot(
        segment="paying",
        snapshot_id="a",
        state="fetched",
        fetched_at=NOW,
        completeness="last page seen",
        declared_total=6,
        fetched=len(members) if fetched is None else fetched,
    )
    with Spools(refresher.project.state, "paying").write("a", ["record_id"]) as writer:
        writer.add({"record_id": list(members)}, None, len(members))
        return writer.prove(row, "record_id", fewest)


@pytest.mark.parametrize("fewest", [None, 4])
def test_repetitions_that_the_count_allows_are_told(refresher: Refresher, fewest: int | None) -> None:
    """A drifting count within its tolerance, or an estimate, is no reason to refuse; the doubt is written down."""
    row = load(refresher.project.open_warehouse(), spooled(refresher, "123421", fewest))
    assert row is not None
    assert row.completeness == "last page seen; 2 members came twice and count once"
    assert refresher.rows("SELECT completeness, repeated FROM segments.snapshots") == [(row.completeness, 2)]


def test_that_nobody_came_twice_is_told_too(refresher: Refresher) -> None:
    """Mapping need not look for them again."""
    row = load(refresher.project.open_warehouse(), spooled(refresher, "123456", 6))
    assert row is not None
    assert row.repeated == 0
    assert row.completeness == "last page seen"


def test_a_kept_spool_is_judged_like_a_new_one(refresher: Refresher) -> None:
    """What must be there is kept with the proof."""
    spool = spooled(refresher, "123421", 5)
    assert Spools(refresher.project.state, "paying").kept(NOW) == [spool]
    assert json.loads(spool.path.with_suffix(".json").read_text())["fewest"] == 5
    with pytest.raises(TemporaryError):
        load(refresher.project.open_warehouse(), spool)
    assert refresher.everything() == []


def test_fewer_rows_in_the_warehouse_than_were_fetched_are_an_error(refresher: Refresher) -> None:
    """Whatever lost them on the way, nothing is stored."""
    with pytest.raises(EngineError) as broken:
        load(refresher.project.open_warehouse(), spooled(refresher, "1234", None, fetched=5))
    assert broken.value.code == "load-short"
    assert refresher.everything() == []


def test_fewer_members_on_disk_than_the_proof_counts_are_an_error(refresher: Refresher) -> None:
    """A page that never reached the disk is found before the spool counts."""

    class Losing:
        """The pages of a fetch without the first one."""

        def __init__(self, pages: Fetch) -> None:
            self.pages = pages

        def __iter__(self) -> Iterator[Page]:
            return islice(self.pages, 1, None)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.pages, name)

    class Account(Platform):
        def fetch(self, kind: str, ids: Mapping[str, str], identifiers: tuple[str, ...] | None = None) -> Any:
            return Losing(super().fetch(kind, ids, identifiers))

    def connected(project: Project, connection: str) -> Platform:
        account = unhurried(project, connection)
        account.__class__ = Account
        return account

    with pytest.raises(EngineError) as broken:
        refresher.fetch("paying", connect=connected)
    assert broken.value.code == "spool-short"
    assert refresher.everything() == []
    assert refresher.files("paying") == []
