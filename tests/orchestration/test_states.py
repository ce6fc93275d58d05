"""Promise 4: proven empty, failed and never fetched are three states, in the data and on the command line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from remote_segments.errors import RemoteSegmentsError
from remote_segments.orchestration.running import refresh
from remote_segments.simulator import Simulator
from remote_segments.sync.deciding import Choice, decide
from remote_segments.sync.status import read_status
from tests.support.commands import command
from tests.support.projects import VIP, ready_project, snapshot_rows, table_rows, write_segment


def source(segment_id: str, **more: object) -> dict[str, object]:
    """The segment file that names another segment of the platform."""
    return {**VIP, "source": {"connection": "klaviyo", "segment_id": segment_id}, **more}


EMPTY, LOST, FULL = source("NOBODY"), source("NOSUCH"), VIP
ALLOWED = source("NOBODY", guards={"allow_empty": "true"})

ROWS = [
    # what was asked for, in turn; the states of the snapshots; what everybody reads; the state that is shown
    ([], [], None, "never_fetched"),
    ([LOST], ["failed"], None, "failed"),
    ([EMPTY], ["published"], "nobody", "empty"),
    ([FULL], ["published"], "somebody", "published"),
    ([FULL, LOST], ["published", "failed"], "somebody", "failed"),
    ([FULL, EMPTY], ["published", "held"], "somebody", "held"),
    ([FULL, ALLOWED], ["published", "published"], "nobody", "empty"),
    ([EMPTY, EMPTY], ["published", "published"], "nobody", "empty"),
    ([EMPTY, LOST], ["published", "failed"], "nobody", "failed"),
]


@pytest.mark.parametrize("row", ROWS)
def test_the_truth_table(tmp_path: Path, simulator: Simulator, row: tuple[list, list[str], str | None, str]) -> None:
    """Promise 4: zero is published when it is proven and allowed, or the first; else the last good one stays."""
    asked, states, read, shown = row
    project = ready_project(tmp_path, simulator, {"vip": VIP})
    for segment in asked:
        write_segment(tmp_path, "vip", segment)
        command("run", "vip", "--project", tmp_path)
    assert [row["state"] for row in snapshot_rows(project, "vip")] == states
    document = command("status", "--project", tmp_path, "--json").document["segments"][0]
    assert document["state"] == shown
    assert (document["held"] is not None) == (shown == "held")
    assert document["fresh"] == (read is not None)
    with project.open_warehouse().read() as session:
        there = session.relation("vip", session.schema) is not None
    assert there == (read is not None)
    if there:
        assert bool(table_rows(project, "vip")) == (read == "somebody")


def test_an_approved_snapshot_is_as_old_as_its_fetch(tmp_path: Path, simulator: Simulator) -> None:
    """Promise 18: neither holding nor deciding makes a segment younger than its ids."""
    project = ready_project(tmp_path, simulator, {"vip": VIP})
    refresh(tmp_path, "vip")
    [before] = read_status(project, datetime.now(UTC))
    write_segment(tmp_path, "vip", EMPTY)
    command("run", "vip", "--project", tmp_path)
    [held] = read_status(project, datetime.now(UTC))
    assert held.snapshot_at == before.snapshot_at
    assert held.held is not None
    with pytest.raises(RemoteSegmentsError):  # the files that this project was read from are others by now
        decide(project, "vip", Choice(approve=True, by="anna", reason="over"), now=datetime.now(UTC))
    shown = command("approve", "vip", "--by", "anna", "--reason", "over", "--project", tmp_path)
    assert shown.code == 0
    assert "Published because anna approved it." in shown.out
    [after] = read_status(project, datetime.now(UTC) + timedelta(hours=5))
    assert (after.snapshot_at, after.age) == (held.held.fetched_at, "stale")
