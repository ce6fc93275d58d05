"""Where a person is and why not: judged by a plain look at all rows of the tables, for many people of a project."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.membership.tables import REASONS
from remote_segments.simulator import Simulator
from remote_segments.sync.explaining import explain
from remote_segments.sync.explaining.told import Explanation
from remote_segments.sync.snapshots import latest_published
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse
from tests.support.analysed import identifiers_of, named
from tests.support.fetching import NOW, Refresher
from tests.support.prepared import Beginnings
from tests.support.projects import PAYING, VIP, kept_in, ready_project, seed_contacts, write_project

LATER = {**VIP, "source": {"connection": "klaviyo", "segment_id": "WINBCK"}}
TOLD_AT = NOW + timedelta(hours=1)


def refreshed_three_times(refresher: Refresher) -> None:
    """Two segments, by turns, and one never; every ninth person is missing from the model."""
    seed_contacts(refresher.project, refresher.simulator, leave_out=range(0, 2_000, 9))
    for name in ("vip", "paying") * 3:
        refresher.refresh(name)


@pytest.fixture
def desk(
    tmp_path: Path,
    simulator: Simulator,
    warehouse: DuckDBWarehouse | PostgresWarehouse,
    beginnings: Beginnings,
) -> Refresher:
    """Two segments refreshed three times and one never, in each kind of warehouse."""
    segments = {"vip": VIP, "paying": PAYING, "later": LATER}
    found = Refresher(kept_in(load_project(write_project(tmp_path, simulator, segments)), warehouse), simulator)
    beginnings.take(refreshed_three_times, found)
    return found


def told(project: Project, identifier: str, value: str) -> tuple[Explanation, dict[str, Any]]:
    """The explanation, and its segments by name."""
    found = explain(project, identifier, value, now=TOLD_AT)
    return found, {entry.name: entry for entry in found.sections[0].entries}


class Tables:
    """All rows of the shared tables, read once and looked at in plain Python."""

    def __init__(self, project: Project) -> None:
        with project.open_warehouse().read() as session:
            names = ("members", "keys", "unmapped", "changes")
            self.rows = {name: session.frame(f"SELECT * FROM segments.{name}").to_dict("records") for name in names}
            self.shown = {name: latest_published(session, name) for name in ("vip", "paying")}

    def of(self, table: str, segment: str) -> list[Mapping[str, Any]]:
        """The rows of what a segment shows."""
        snapshot = self.shown[segment]
        assert snapshot is not None
        shown = snapshot.members_id if table == "members" else snapshot.snapshot_id
        return [row for row in self.rows[table] if (row["segment"], row["snapshot_id"]) == (segment, shown)]

    def outcome(self, segment: str, member_no: int) -> str:
        """What became of a member."""
        reasons = [row["reason"] for row in self.of("unmapped", segment) if row["member_no"] == member_no]
        return reasons[0] if reasons else "mapped"

    def events(self, segment: str, key: str) -> list[tuple[str, str]]:
        """What happened to a key, in order."""
        own = [row for row in self.rows["changes"] if (row["segment"], row["key"]) == (segment, key)]
        return [(row["event"], row["cause"]) for row in sorted(own, key=lambda row: row["instant"])]


def test_members_are_told_since_when_and_by_what(desk: Refresher) -> None:
    """For people by key: in it or not, by which identifier, and every joining and leaving as the events have it."""
    tables = Tables(desk.project)
    moved = {row["key"] for row in tables.rows["changes"] if row["event"] == "left"}
    stayed = [row["key"] for row in tables.of("keys", "vip")]
    for key in [*sorted(moved)[:6], *stayed[:4]]:
        _, entries = told(desk.project, "key", key)
        for segment in ("vip", "paying"):
            by = [row["matched"] for row in tables.of("keys", segment) if row["key"] == key]
            entry = entries[segment]
            assert entry.inside == bool(by)
            again = [row for row in tables.of("unmapped", segment) if row["key"] == key]
            assert entry.facts["entries"] == len(by) + len(again)
            assert entry.facts.get("matched") == (by[0] if by else None)
            events = [
                event
                for stay in entry.facts["stays"]
                for event in (("joined", stay["cause"]), ("left", stay["left_cause"]))
                if event[1] is not None
            ]
            assert events == tables.events(segment, key)
            if by:
                assert entry.facts["since"] == entry.facts["stays"][-1]["since"]
                assert f"by {by[0]}" in entry.sentence


def test_every_lost_member_is_told_why(desk: Refresher) -> None:
    """By the platform's own id: the reason that the table of unmapped members has, or that somebody else was first."""
    tables = Tables(desk.project)
    seen = set()
    lost = {row["member_no"]: row for row in tables.of("unmapped", "vip")}
    members = {row["member_no"]: row for row in tables.of("members", "vip")}
    some = [number for reason in REASONS for number in [n for n in lost if lost[n]["reason"] == reason][:3]]
    for number in some:
        entry = told(desk.project, "profile_id", members[number]["profile_id"])[1]["vip"]
        reason = lost[number]["reason"]
        seen.add(reason)
        if reason == "duplicate":
            assert (entry.inside, entry.facts["entries"] > 1) == (True, True)
        else:
            assert (entry.inside, entry.state) == (False, reason)
    assert {"unknown", "invalid"} <= seen


def test_who_is_not_listed_and_what_was_never_fetched(desk: Refresher) -> None:
    """Absent from the source, and a segment without any fetch, are two answers."""
    found, entries = told(desk.project, "email", "nobody@example.test")
    assert found.models == ()
    assert {name: entry.state for name, entry in entries.items()} == {
        "later": "never-fetched",
        "paying": "not-in-source",
        "vip": "not-in-source",
    }


def test_nobody_is_named(desk: Refresher) -> None:
    """Promise 29: what is told holds no identifier of anybody, and the one that was typed only masked."""
    people = identifiers_of(desk.project)
    tables = Tables(desk.project)
    for row in tables.of("members", "vip")[:4]:
        for name in ("profile_id", "email", "external_id"):
            value = row[name]
            if isinstance(value, str) and value.strip():
                found, _ = told(desk.project, name, value)
                text = str(found.as_json()) + str([one.history for one in found.sections[0].entries]) + repr(found)
                assert named(text, people) == set()


def test_a_held_snapshot_is_told(desk: Refresher, simulator: Simulator) -> None:
    """Who is in the published one, and whether the one that waits has them."""
    snapshot = desk.fetch("vip")
    tables = Tables(desk.project)
    keys = [row["key"] for row in tables.of("keys", "vip")]
    with desk.project.open_warehouse().write() as session:
        session.execute(
            "UPDATE segments.snapshots SET state = 'held', reason = 'too-many-left' "
            f"WHERE snapshot_id = '{snapshot.snapshot_id}'"
        )
    entry = told(desk.project, "key", keys[0])[1]["vip"]
    assert (entry.inside, entry.facts["held"]) == (True, {"reason": "too-many-left", "inside": False})
    assert "held (too-many-left) does not have them" in entry.sentence


def test_a_failed_refresh_is_told(desk: Refresher, simulator: Simulator) -> None:
    """The answer is that of the last good snapshot, and says that the newest attempt failed."""
    simulator.fault("key-refused")
    with pytest.raises(ProjectError):
        desk.fetch("vip")
    entry = told(desk.project, "email", "nobody@example.test")[1]["vip"]
    assert entry.facts["refresh"] == "failed"
    assert "since then: failed" in entry.sentence


def test_an_identifier_of_several_people_is_not_followed(desk: Refresher) -> None:
    """Two rows of the model have it: its entries are told, nobody's other memberships are."""
    tables = Tables(desk.project)
    row = next(one for one in tables.of("members", "vip") if isinstance(one["email"], str) and "@" in one["email"])
    with desk.project.open_warehouse().write() as session:
        session.execute(
            f"UPDATE analytics.contacts SET email = '{row['email']}' WHERE contact_id IN "
            "(SELECT contact_id FROM analytics.contacts ORDER BY contact_id LIMIT 2)"
        )
    found, entries = told(desk.project, "email", row["email"])
    assert found.unclear
    assert "people of the model contacts" in found.unclear
    assert found.models == ()
    assert entries["vip"].facts["entries"] >= 1


def test_what_cannot_be_sought_is_refused(desk: Refresher) -> None:
    """A misspelt name, with the nearest."""
    with pytest.raises(ProjectError) as error:
        told(desk.project, "emial", "a@b.test")
    assert (error.value.code, "email" in error.value.problem.fix) == ("unknown-identifier", True)


def test_nothing_stored_at_all(tmp_path: Path, simulator: Simulator) -> None:
    """Before the first refresh there is nothing to tell."""
    project = ready_project(tmp_path, simulator, {"vip": VIP})
    assert explain(project, "email", "a@b.test", now=NOW).sections == ()
