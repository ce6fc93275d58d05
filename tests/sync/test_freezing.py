"""Segments that are deleted, renamed, switched off and edited on the platform, and those whose last day has passed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import ProjectError, TemporaryError
from remote_segments.simulator import Simulator
from remote_segments.simulator.population import people
from remote_segments.sync.ahead import FetchesAhead
from remote_segments.sync.freezing import freeze_of
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.publication import publish_segment
from remote_segments.sync.seeding import seed_model
from remote_segments.sync.snapshots import Snapshot
from remote_segments.sync.status import SegmentStatus, read_status
from tests.support.fetching import NOW, WINDOW, Refresher, with_small_pages
from tests.support.projects import MODEL_COLUMNS, VIP, seed_contacts, write_project, write_segment

FREEZING = {**VIP, "on_deleted": "freeze"}
HOUR = timedelta(hours=1)


@pytest.fixture(params=["duckdb", "postgres"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, simulator: Simulator) -> Path:
    """A project on each of the two warehouses, with three segments of one account."""
    more = {}
    if request.param == "postgres":
        (tmp_path / "dsn").write_text(request.getfixturevalue("postgres_dsn"))
        more["warehouse"] = {"kind": "postgres", "dsn": {"file": "dsn"}}
    cohort = {**VIP, "expires": "2026-11-25"}
    write_project(tmp_path, simulator, {"vip": FREEZING, "failing": VIP, "cohort": cohort}, **more)
    seed_contacts(load_project(tmp_path), simulator)
    return tmp_path


@pytest.fixture
def refresher(folder: Path, simulator: Simulator) -> Refresher:
    return Refresher(with_small_pages(load_project(folder)), simulator)


def published(refresher: Refresher, segment: str, now: datetime) -> Snapshot:
    """Fetches, maps and publishes."""
    row = refresher.fetch(segment, now=now)
    arguments = {"partition_key": WINDOW, "run_id": "run-1", "now": now}
    map_segment(refresher.project, segment, snapshot_id=row.snapshot_id, **arguments)
    return publish_segment(refresher.project, segment, snapshot_id=row.snapshot_id, **arguments)


def status(project: Project, segment: str, now: datetime) -> SegmentStatus:
    """How a segment stands."""
    return next(one for one in read_status(project, now) if one.name == segment)


def change(refresher: Refresher, **what: object) -> None:
    """Does something to the segment in the tool."""
    refresher.simulator.change("klaviyo", "VIPOPN", **what)


def test_a_deleted_segment_freezes_and_what_is_published_stays(refresher: Refresher) -> None:
    """The last good snapshot is shown as frozen, is not stale for ever, and the account is not asked again."""
    kept = published(refresher, "vip", NOW)
    change(refresher, deleted=True)
    row = refresher.fetch("vip", now=NOW + HOUR)
    assert (row.state, row.reason) == ("frozen", "segment-deleted")
    later = NOW + 500 * HOUR
    found = status(refresher.project, "vip", later)
    assert (found.state, found.reason, found.age) == ("frozen", "segment-deleted", "frozen")
    assert found.snapshot_at == kept.fetched_at
    assert found.mapped == kept.mapped
    assert "frozen since 2026-11-24 11:00 UTC: Klaviyo no longer has it." in (found.message or "")
    freeze = freeze_of(refresher.project, "vip", later)
    assert freeze is not None
    assert freeze.since == NOW + HOUR


def test_a_batch_that_meets_a_deleted_segment_asks_and_records_once(refresher: Refresher) -> None:
    """What was found out ahead of the step is what the step tells: one row, and no second question."""
    published(refresher, "vip", NOW)
    change(refresher, deleted=True)
    with FetchesAhead() as ahead:
        ahead.start(refresher.project, {"vip": WINDOW}, "run-2")
        frozen = ahead.wait("vip")
    assert frozen is not None
    assert (frozen.state, frozen.run_id) == ("frozen", "run-2")
    assert refresher.states() == [("published", None), ("frozen", "segment-deleted")]


def test_a_segment_that_is_back_is_refreshed_again(refresher: Refresher) -> None:
    """A person asks; a complete fetch ends the freeze, and looking in vain does not move its beginning."""
    published(refresher, "vip", NOW)
    change(refresher, deleted=True)
    for hours in (1, 2):
        refresher.fetch("vip", now=NOW + hours * HOUR)
    freeze = freeze_of(refresher.project, "vip", NOW + 3 * HOUR)
    assert freeze is not None
    assert freeze.since == NOW + HOUR
    change(refresher, deleted=False)
    published(refresher, "vip", NOW + 3 * HOUR)
    assert freeze_of(refresher.project, "vip", NOW + 4 * HOUR) is None
    assert status(refresher.project, "vip", NOW + 3 * HOUR).state == "published"


def test_without_the_word_a_deleted_segment_fails_and_says_what_was_there(refresher: Refresher) -> None:
    """Promise 4: nothing changes in what is published, and the error says when it was there, under which name."""
    published(refresher, "failing", NOW)
    change(refresher, deleted=True)
    with pytest.raises(ProjectError) as gone:
        refresher.fetch("failing", now=NOW + HOUR)
    assert gone.value.code == "segment-not-found"
    assert "It was there as `VIP openers` on 2026-11-24 10:00 UTC." in str(gone.value)
    assert "on_deleted: freeze" in gone.value.problem.fix
    assert status(refresher.project, "failing", NOW + HOUR).state == "failed"


def test_a_segment_that_was_never_published_cannot_freeze(refresher: Refresher) -> None:
    """There is nothing that could stay: an id that is wrong from the start is a failure."""
    change(refresher, deleted=True)
    with pytest.raises(ProjectError, match="segment-not-found"):
        refresher.fetch("vip", now=NOW)
    assert refresher.states("vip") == [("failed", "segment-not-found")]


def test_a_page_that_is_not_found_is_no_deleted_segment(refresher: Refresher) -> None:
    """Some platforms answer 404 for a cursor that ended: only a description that is refused says that it is gone."""
    published(refresher, "vip", NOW)
    refresher.simulator.fault("not-found", page=2, times=None)
    with pytest.raises(ProjectError, match="segment-not-found"):
        refresher.fetch("vip", now=NOW + HOUR)
    assert freeze_of(refresher.project, "vip", NOW + HOUR) is None


def test_another_source_in_the_file_ends_the_freeze(refresher: Refresher, folder: Path) -> None:
    """A freeze is of one segment of one account, not of the name of a file."""
    published(refresher, "vip", NOW)
    change(refresher, deleted=True)
    refresher.fetch("vip", now=NOW + HOUR)
    write_segment(folder, "vip", {**FREEZING, "source": {"connection": "klaviyo", "segment_id": "WINBCK"}})
    assert freeze_of(load_project(folder), "vip", NOW + 2 * HOUR) is None
    write_segment(folder, "vip", VIP)
    assert status(load_project(folder), "vip", NOW + 2 * HOUR).state == "failed"


def test_a_warehouse_that_cannot_say_what_is_published_freezes_nothing(tmp_path: Path, simulator: Simulator) -> None:
    """Its own error is the one to be mended; the next try decides."""
    refresher = Refresher(load_project(write_project(tmp_path, simulator, {"vip": FREEZING})), simulator)
    change(refresher, deleted=True)
    (tmp_path / "warehouse.duckdb").write_bytes(b"not a database")
    with pytest.raises((TemporaryError, ProjectError)) as failed:
        refresher.fetch("vip", now=NOW)
    assert failed.value.code != "segment-not-found"


@pytest.mark.parametrize(("hours", "state"), [(0, "published"), (12, "published"), (13, "frozen"), (900, "frozen")])
def test_a_cohort_freezes_when_its_day_begins_in_its_own_time_zone(
    refresher: Refresher, hours: int, state: str
) -> None:
    """`expires: 2026-11-25` in Paris is 23:00 of the day before in UTC."""
    published(refresher, "cohort", NOW)
    now = NOW + hours * HOUR
    found = status(refresher.project, "cohort", now)
    assert found.state == state
    assert (found.age == "frozen") is (state == "frozen")
    freeze = freeze_of(refresher.project, "cohort", now)
    assert (str(freeze.since) if freeze else None) == (None if state == "published" else "2026-11-24 23:00:00+00:00")


def test_a_cohort_that_expired_unfetched_says_so(refresher: Refresher) -> None:
    """Frozen it is, but there is nothing to show: never fetched stays a state of its own."""
    found = status(refresher.project, "cohort", NOW + 500 * HOUR)
    assert (found.state, found.age, found.reason) == ("never_fetched", "never_fetched", "segment-expired")
    assert "expires: 2026-11-25" in found.age_message


def test_the_members_of_a_frozen_segment_are_still_joined_with_the_model(
    refresher: Refresher, simulator: Simulator
) -> None:
    """Its ids stand still; what the team knows of these people does not."""
    published(refresher, "cohort", NOW)
    found = list(people(simulator.state.people, simulator.state.seed))
    columns = {name: [getattr(one, name) for one in found] for name in MODEL_COLUMNS}
    columns["country"] = ["Atlantis"] * len(found)
    seed_model(refresher.project, "analytics", "contacts", columns)
    later = {"partition_key": WINDOW, "run_id": None, "now": NOW + 500 * HOUR}
    map_segment(refresher.project, "cohort", **later)
    publish_segment(refresher.project, "cohort", **later)
    assert set(refresher.rows("SELECT DISTINCT country FROM segments.cohort")) == {("Atlantis",)}
    assert status(refresher.project, "cohort", NOW + 500 * HOUR).state == "frozen"


def test_what_the_platform_tells_is_stored_with_every_fetch(refresher: Refresher) -> None:
    """State, rule, last change and API version are columns; a name that changed is told once."""
    first = published(refresher, "vip", NOW)
    assert (first.remote_state, first.api_version) == ("ready", "2026-07-15")
    assert first.remote_updated_at == datetime(2026, 10, 1, 9, tzinfo=UTC)
    change(refresher, name="VIP 2027", rule="opened in the last 90 days", active=False)
    second = published(refresher, "vip", NOW + HOUR)
    assert (second.source_name, second.remote_state) == ("VIP 2027", "inactive")
    assert second.remote_updated_at == datetime(2026, 10, 1, 10, tzinfo=UTC)
    assert len(second.remote_rule_hash or "") == 32
    assert second.remote_rule_hash != first.remote_rule_hash
    assert "it was `VIP openers`" in (second.drift or "")
    assert "Its rule was changed" in (second.drift or "")
    found = status(refresher.project, "vip", NOW + HOUR)
    assert (found.remote_name, found.remote_state, found.drift) == ("VIP 2027", "inactive", second.drift)
    assert "no longer updates this segment" in (found.message or "")
    assert published(refresher, "vip", NOW + 2 * HOUR).drift is None


def test_a_store_of_the_first_version_is_read_as_it_is(refresher: Refresher) -> None:
    """Promise 33: looking at a status needs no migration; the next refresh adds the columns."""
    published(refresher, "vip", NOW)
    with refresher.project.open_warehouse().write() as session:
        for column in ("remote_state", "remote_updated_at", "remote_rule_hash", "drift", "api_version"):
            session.execute(f"ALTER TABLE segments.snapshots DROP COLUMN {column}")
        session.execute("UPDATE segments.meta SET value = '1.0' WHERE name = 'contract_version'")
    assert status(refresher.project, "vip", NOW).state == "published"
    assert published(refresher, "vip", NOW + HOUR).remote_state == "ready"
