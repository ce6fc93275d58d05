"""Fetching a segment that behaves."""

import json
import logging
from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.errors import ProjectError, TemporaryError
from remote_segments.simulator import Simulator
from tests.support.fetching import NOW, WINDOW, Refresher, with_small_pages
from tests.support.projects import PAYING, VIP, write_project

AUDIENCE = {"connection": "mailchimp", "list_id": "a1b2c3d4e5"}


def vip(**source: str) -> dict[str, object]:
    return {**VIP, "source": {"connection": "klaviyo", **source}}


SEGMENTS = {
    "vip": VIP,
    "paying": PAYING,
    "nobody": vip(segment_id="NOBODY"),
    "busy": vip(segment_id="BUSY01"),
    "padded": vip(segment_id="010"),
    "newsletter": vip(list_id="NWSLTR"),
    "gone": vip(segment_id="XXXXXX"),
}


@pytest.fixture
def refresher(tmp_path: Path, simulator: Simulator) -> Refresher:
    return Refresher(with_small_pages(load_project(write_project(tmp_path, simulator, SEGMENTS))), simulator)


def test_a_fetch_loads_exactly_the_members_of_the_segment(refresher: Refresher) -> None:
    """Every member is there once, numbered in the order fetched, with all identifiers as the platform gave them."""
    row = refresher.fetch()
    assert set(refresher.members(row.snapshot_id)) == refresher.expected(1)
    assert len(refresher.members(row.snapshot_id)) == row.fetched
    truth = {one.profile.profile_id: one for one in refresher.simulator.expected("klaviyo", "VIPOPN", 1)}
    columns = "member_no, profile_id, email, phone, external_id, remote_joined_at"
    found = refresher.rows(f"SELECT {columns} FROM segments.members ORDER BY member_no")
    assert [number for number, *_ in found] == list(range(1, len(truth) + 1))
    for _, profile_id, *rest in found:
        profile = truth[profile_id].profile
        assert rest == [profile.email, profile.phone, profile.external_id, truth[profile_id].joined_at]


def test_the_row_of_a_fetch_says_how_it_was_made(refresher: Refresher) -> None:
    """What is stored is what is returned: counts, proof, calls, and the instant of the fetch, not of the window.

    Promise 8: a snapshot is stamped with the instant it was fetched.
    """
    row = refresher.fetch()
    assert (row.state, row.kind, row.members_id) == ("fetched", "fetch", row.snapshot_id)
    assert (row.platform, row.connection, row.source_name) == ("klaviyo", "klaviyo", "VIP openers")
    assert (row.partition_key, row.run_id, row.fetched_at, row.effective_at) == (WINDOW, "run-1", NOW, NOW)
    assert json.loads(row.source or "") == {"segment_id": "VIPOPN"}
    assert row.declared_total == row.fetched == len(refresher.expected(1))
    assert (row.pages, row.calls) == (3, refresher.calls())
    assert "total agrees" in (row.completeness or "")
    assert row.definition_hash == refresher.project.definition_hash(refresher.project.segment("vip"))
    columns = "snapshot_id, fetched, pages, calls, completeness, fetched_at, mapped"
    stored = (row.snapshot_id, row.fetched, row.pages, row.calls, row.completeness, NOW, None)
    assert refresher.rows(f"SELECT {columns} FROM segments.snapshots") == [stored]


def test_segments_of_two_platforms_share_the_table_of_members(refresher: Refresher) -> None:
    """The columns of a platform's identifiers are added when it is first met."""
    first, second = refresher.fetch("vip"), refresher.fetch("paying")
    assert set(refresher.members(second.snapshot_id, "record_id")) == refresher.expected(1, "hubspot", "55")
    assert set(refresher.members(first.snapshot_id, "record_id")) == {None}


def test_a_list_is_fetched_as_a_list(refresher: Refresher) -> None:
    """The set of id keys in the segment file chooses the endpoint."""
    row = refresher.fetch("newsletter")
    assert set(refresher.members(row.snapshot_id)) == refresher.expected(1, "klaviyo", "NWSLTR")


def test_an_id_is_the_characters_written(refresher: Refresher) -> None:
    """`010` is not 8, although YAML would read it so."""
    row = refresher.fetch("padded")
    assert set(refresher.members(row.snapshot_id)) == refresher.expected(1, "klaviyo", "010")


def test_each_refresh_is_a_snapshot_of_its_own(refresher: Refresher) -> None:
    """Two fetches see two memberships, and both are kept."""
    first = refresher.fetch()
    second = refresher.fetch()
    assert set(refresher.members(first.snapshot_id)) == refresher.expected(1)
    assert set(refresher.members(second.snapshot_id)) == refresher.expected(2)
    assert refresher.expected(1) != refresher.expected(2)


def test_nothing_is_left_in_the_spool_after_loading(refresher: Refresher) -> None:
    """The spool holds personal data: it is deleted as soon as the warehouse has it."""
    refresher.fetch()
    assert refresher.files() == []


def test_empty_and_proven_failed_and_never_fetched_are_three_states(refresher: Refresher) -> None:
    """Promise 4: an empty segment is a snapshot with a proof, a failure a row with its reason, the rest has no row."""
    empty = refresher.fetch("nobody")
    assert (empty.state, empty.fetched, empty.pages) == ("fetched", 0, 1)
    assert "last page seen; the platform's total agrees" in (empty.completeness or "")
    with pytest.raises(ProjectError):
        refresher.fetch("gone")
    states = [refresher.states(name) for name in ("nobody", "gone", "vip")]
    assert states == [[("fetched", None)], [("failed", "segment-not-found")], []]


def test_a_segment_that_is_still_computed_is_not_read(refresher: Refresher) -> None:
    """Its members are not all there yet."""
    with pytest.raises(TemporaryError) as caught:
        refresher.fetch("busy")
    assert caught.value.code == "segment-computing"
    assert refresher.calls("members") == 0


def test_progress_is_told_after_each_page(refresher: Refresher) -> None:
    """Pages and members so far, and how many the platform announced."""
    told: list[tuple[int, int, int | None]] = []
    row = refresher.fetch(progress=lambda *how_far: told.append(how_far))
    assert [pages for pages, _, _ in told] == [1, 2, 3]
    assert told[0][1:] == (100, row.fetched)
    assert told[-1][1:] == (row.fetched, row.fetched)


def test_two_refreshes_of_one_segment_do_not_run_at_once(refresher: Refresher) -> None:
    """The second is refused before it calls anybody, and is no failure of the segment."""
    with refresher.project.open_warehouse().segment_lock("vip"), pytest.raises(TemporaryError) as caught:
        refresher.fetch()
    assert caught.value.code == "refresh-running"
    assert refresher.calls() == 0
    assert refresher.states() == []


def test_a_missing_secret_is_recorded_and_says_what_to_do(refresher: Refresher, tmp_path: Path) -> None:
    """Nobody is called without a key."""
    (tmp_path / "key").unlink()
    with pytest.raises(ProjectError) as caught:
        refresher.fetch()
    assert caught.value.code == "secret-unset"
    assert refresher.calls() == 0
    assert refresher.states() == [("failed", "secret-unset")]


def test_a_fetch_is_loaded_into_postgres_too(tmp_path: Path, simulator: Simulator, postgres_dsn: str) -> None:
    """The same rows as in DuckDB."""
    (tmp_path / "dsn").write_text(postgres_dsn)
    warehouse = {"kind": "postgres", "dsn": {"file": "dsn"}}
    written = write_project(tmp_path, simulator, SEGMENTS, warehouse=warehouse)
    refresher = Refresher(with_small_pages(load_project(written)), simulator)
    rows = [refresher.fetch("vip"), refresher.fetch("nobody")]
    assert [row.fetched for row in rows] == [len(refresher.expected(1)), 0]
    assert set(refresher.members(rows[0].snapshot_id)) == refresher.expected(1)


def test_no_member_or_key_is_written_to_the_log(refresher: Refresher, caplog: pytest.LogCaptureFixture) -> None:
    """Promise 29: at the most talkative level, neither of a good fetch nor of one that fails."""
    with caplog.at_level(logging.DEBUG):
        row = refresher.fetch()
        refresher.simulator.fault("server-error", page=2, times=None)
        with pytest.raises(TemporaryError) as caught:
            refresher.fetch()
    stored = refresher.rows("SELECT * FROM segments.snapshots")
    written = caplog.text + str(caught.value) + repr(caught.value) + repr(stored)
    ids = set(refresher.members(row.snapshot_id)) | set(refresher.members(row.snapshot_id, "external_id")) - {None}
    assert "@example.test" not in written
    assert "simulated" not in written  # the text of the key
    assert not [one for one in ids if one in written]
