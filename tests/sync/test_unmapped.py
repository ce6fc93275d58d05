"""Why members are not mapped: counts and masked members of the newest mapped snapshot, in both kinds of warehouse."""

from pathlib import Path

import pytest

from remote_segments.errors import HeldError, ProjectError
from remote_segments.identifiers.masking import masked
from remote_segments.membership.tables import REASONS
from remote_segments.simulator import Simulator
from remote_segments.sync.unmapped import read_unmapped
from tests.support.fetching import Refresher
from tests.support.projects import VIP, kept_in, ready_project, seed_contacts


def refresher_of(folder: Path, simulator: Simulator, warehouse, **segment) -> Refresher:
    """One segment of the simulator, whose model lacks every third person; not refreshed yet."""
    project = kept_in(ready_project(folder / "project", simulator, {"vip": {**VIP, **segment}}), warehouse)
    seed_contacts(project, simulator, leave_out=range(0, 10_000, 3))
    return Refresher(project, simulator)


def test_reasons_and_masked_members_are_read(tmp_path: Path, simulator: Simulator, warehouse) -> None:
    """Every reason has the count of the snapshot, and as many examples as were asked for: masked, of stored members."""
    refresher = refresher_of(tmp_path, simulator, warehouse)
    done = refresher.refresh()
    found = read_unmapped(refresher.project, "vip", limit=3)
    assert found is not None
    assert found.snapshot.snapshot_id == done.snapshot_id
    assert found.counts == {reason: getattr(done, reason) for reason in REASONS}
    assert found.counts["unknown"] > 10
    assert {reason: len(some) for reason, some in found.examples.items()} == {
        reason: min(3, count) for reason, count in found.counts.items() if count
    }
    rows = refresher.rows(
        "SELECT m.external_id, m.email FROM segments.unmapped u JOIN segments.members m ON m.segment = u.segment "
        "AND m.snapshot_id = u.snapshot_id AND m.member_no = u.member_no WHERE u.reason = 'unknown' "
        "ORDER BY u.member_no LIMIT 3"
    )
    assert found.examples["unknown"] == [
        {"external_id": masked(number), "email": masked(address)} for number, address in rows
    ]


def test_one_reason_is_read(tmp_path: Path, simulator: Simulator, warehouse) -> None:
    """Only the reason asked for is counted; one that does not exist names those that do."""
    refresher = refresher_of(tmp_path, simulator, warehouse)
    assert read_unmapped(refresher.project, "vip") is None
    refresher.refresh()
    found = read_unmapped(refresher.project, "vip", "invalid", limit=0)
    assert found is not None
    assert list(found.counts) == ["invalid"]
    assert not any(found.examples.values())
    with pytest.raises(ProjectError, match="unknown") as refused:
        read_unmapped(refresher.project, "vip", "unkown")
    assert refused.value.code == "bad-value"


def test_a_held_snapshot_is_looked_at(tmp_path: Path, simulator: Simulator, warehouse) -> None:
    """Whoever must decide on a held snapshot sees its lost members, not those of the published one."""
    refresher = refresher_of(tmp_path, simulator, warehouse, guards={"minimum_match_rate": "99%"})
    with pytest.raises(HeldError) as held:
        refresher.refresh()
    assert held.value.code == "match-rate-low"
    found = read_unmapped(refresher.project, "vip")
    assert found is not None
    assert found.snapshot.state == "held"
    assert found.examples["unknown"]
