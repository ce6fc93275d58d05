"""Files come and go: what is stored follows `renamed_from`, stays without a file, and goes only by `prune`."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from remote_segments.config.project import Project
from remote_segments.errors import ProjectError
from remote_segments.simulator import Simulator
from remote_segments.sync.history import members_at, sizes, stays
from remote_segments.sync.pausing import pause, pause_of, resume
from remote_segments.sync.pruning import leftovers, prune
from remote_segments.sync.renaming import SEGMENT_TABLES
from remote_segments.sync.snapshots import record_without_members
from tests.support.fetching import NOW, Refresher
from tests.support.projects import PAYING, VIP, kept_in, ready_project, seed_contacts


@pytest.fixture
def refresher(tmp_path: Path, simulator: Simulator, warehouse) -> Refresher:
    """Two segments, each refreshed once, in each kind of warehouse."""
    project = kept_in(ready_project(tmp_path / "project", simulator, {"vip": VIP, "paying": PAYING}), warehouse)
    seed_contacts(project, simulator)
    found = Refresher(project, simulator)
    for name in ("vip", "paying"):
        found.refresh(name)
    return found


def renamed(refresher: Refresher, former: str, name: str) -> Project:
    """Gives the file of a segment another name, and says so in it."""
    segment = refresher.project.segments[former]
    others = {key: one for key, one in refresher.project.segments.items() if key != former}
    documents = {**refresher.project.documents, name: refresher.project.documents[former]}
    changed = segment.model_copy(update={"name": name, "renamed_from": former})
    refresher.project = replace(refresher.project, segments={**others, name: changed}, documents=documents)
    return refresher.project


def stored(refresher: Refresher) -> dict[str, list[str]]:
    """The segments that each shared table has rows of."""
    return {
        table: [row[0] for row in refresher.rows(f"SELECT DISTINCT segment FROM segments.{table} ORDER BY segment")]
        for table in SEGMENT_TABLES
    }


def test_a_renamed_segment_goes_on_with_its_history(refresher: Refresher) -> None:
    """Promise 15: nobody joins or leaves by a new name: its first snapshot is compared with the last before."""
    before = sizes(refresher.project, "vip")
    pause(refresher.project, "vip", reason="holidays", until=None, now=NOW)
    project = renamed(refresher, "vip", "very_important")
    published = refresher.refresh("very_important")
    assert published.joined + published.left < 0.5 * before.mapped[0]
    assert refresher.rows("SELECT DISTINCT cause FROM segments.changes WHERE segment = 'very_important'")
    after = sizes(project, "very_important")
    assert len(after) == 2
    assert after.mapped[0] == before.mapped[0]
    first = after.effective_at[0]
    assert len(members_at(project, "very_important", first + timedelta(seconds=1))) == before.mapped[0]
    assert all("vip" not in names for names in stored(refresher).values())
    assert pause_of(project, "very_important", NOW) is not None
    with project.open_warehouse().read() as session:
        assert session.relation("vip", session.schema) is None
        assert session.relation("very_important", session.schema) is not None


def test_a_name_is_carried_over_once(refresher: Refresher) -> None:
    """A later segment of the former name is another one, though the key `renamed_from` is still written."""
    project = renamed(refresher, "vip", "very_important")
    refresher.refresh("very_important")
    vip = project.segments["very_important"].model_copy(update={"name": "vip", "renamed_from": None})
    documents = {**project.documents, "vip": project.documents["very_important"]}
    refresher.project = replace(project, segments={**project.segments, "vip": vip}, documents=documents)
    refresher.refresh("vip")
    refresher.refresh("very_important")
    assert len(sizes(refresher.project, "vip")) == 1
    assert len(sizes(refresher.project, "very_important")) == 3


def test_one_person_stays_the_same_under_a_new_name(refresher: Refresher) -> None:
    """Who was in it is still in it since the first day."""
    key = str(refresher.rows("SELECT min(key) FROM segments.keys WHERE segment = 'vip'")[0][0])
    (before,) = stays(refresher.project, "vip", [key])
    project = renamed(refresher, "vip", "very_important")
    refresher.refresh("very_important")
    assert stays(project, "very_important", [key])[0].since == before.since


def without(refresher: Refresher, name: str) -> Project:
    """Removes a segment's file."""
    others = {key: one for key, one in refresher.project.segments.items() if key != name}
    refresher.project = replace(refresher.project, segments=others)
    return refresher.project


def test_a_segment_without_a_file_stays_until_it_is_pruned(refresher: Refresher) -> None:
    """Nothing is lost by a file that is gone; `prune` removes every row, the table, and nobody else's."""
    project = without(refresher, "vip")
    before = refresher.rows("SELECT * FROM segments.keys WHERE segment = 'paying' ORDER BY member_no")
    refresher.refresh("paying")
    (left,) = leftovers(project)
    assert (left.segment, left.snapshots) == ("vip", 1)
    assert prune(project, ["vip"])["vip"] > 0
    assert leftovers(project) == []
    assert all("vip" not in names for names in stored(refresher).values())
    assert refresher.rows("SELECT * FROM segments.keys WHERE segment = 'paying' ORDER BY member_no")[: len(before)]
    with project.open_warehouse().read() as session:
        assert session.relation("vip", session.schema) is None
        assert session.relation("paying", session.schema) is not None


def test_a_former_name_is_no_leftover(refresher: Refresher) -> None:
    """What waits to be carried over is not offered for removal."""
    assert leftovers(renamed(refresher, "vip", "very_important")) == []


def test_what_has_a_file_is_not_pruned(refresher: Refresher) -> None:
    """Neither a segment of the project, nor a name that is not stored; a near miss is told."""
    with pytest.raises(ProjectError) as refused:
        prune(refresher.project, ["paying"])
    assert refused.value.code == "segment-has-file"
    project = without(refresher, "vip")
    with pytest.raises(ProjectError) as refused:
        prune(project, ["vpi"])
    assert refused.value.code == "nothing-stored"
    assert "`vip`" in str(refused.value)


def test_a_table_that_a_view_needs_is_not_dropped(refresher: Refresher) -> None:
    """Somebody still reads it: the view is named, and nothing is removed."""
    with refresher.project.open_warehouse().write() as session:
        session.execute("CREATE VIEW segments.readers AS SELECT contact_id FROM segments.vip")
    project = without(refresher, "vip")
    with pytest.raises(ProjectError) as refused:
        prune(project, ["vip"])
    assert refused.value.code == "table-in-use"
    assert "readers" in str(refused.value)
    assert [one.segment for one in leftovers(project)] == ["vip"]


def test_a_refresh_that_was_skipped_does_not_part_a_segment_from_its_history(refresher: Refresher) -> None:
    """Promise 15: an attempt under the new name that brought nobody leaves the history to be carried over."""
    project = renamed(refresher, "vip", "very_important")
    skipped = {"state": "skipped", "reason": "paused", "message": "It is paused.", "partition_key": None}
    record_without_members(project, "very_important", run_id=None, now=NOW + timedelta(minutes=20), **skipped)
    refresher.refresh("very_important")
    assert len(sizes(project, "very_important")) == 2
    assert all("vip" not in names for names in stored(refresher).values())


def test_a_pause_is_ended_under_the_new_name(refresher: Refresher) -> None:
    """The pause of the former name is that of the segment, before its first refresh, too; a newer one replaces it."""
    pause(refresher.project, "vip", reason="holidays", until=None, now=NOW)
    project = renamed(refresher, "vip", "very_important")
    assert resume(project, "very_important")
    assert pause_of(project, "very_important", NOW) is None
    assert refresher.rows("SELECT * FROM segments.meta WHERE name LIKE 'pause:%'") == []
