"""Segments whose platform tells ids only: e-mail addresses are looked up when the segment's file names them."""

from pathlib import Path

import pytest

from remote_segments.config.loader import load_project
from remote_segments.config.project import Project
from remote_segments.config.quota import budgets
from remote_segments.errors import ProjectError
from remote_segments.simulator import Simulator
from remote_segments.simulator.accounts.hubspot import DELETED
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.previewing import preview
from tests.support.fetching import NOW, WINDOW, Refresher, unhurried
from tests.support.projects import PAYING, ready_project, write_segment

BY_EMAIL = {**PAYING, "identifiers": [{"email": "email"}]}


@pytest.fixture
def project(tmp_path: Path, simulator: Simulator) -> Project:
    return ready_project(tmp_path, simulator, {"paying": PAYING, "addressed": BY_EMAIL})


def test_addresses_are_looked_up_for_the_segment_that_uses_them(project: Project, simulator: Simulator) -> None:
    """Every member is stored with its address; who is deleted meanwhile has none, and is counted in the proof."""
    refresher = Refresher(project, simulator)
    row = refresher.fetch("addressed")
    truth = simulator.expected("hubspot", "55", 1)
    gone = [one for one in truth if int(one.profile.profile_id) % DELETED == 0]
    assert gone
    found = dict(refresher.rows("SELECT record_id, email FROM segments.members"))
    assert found == {
        one.profile.profile_id: None if int(one.profile.profile_id) % DELETED == 0 else one.profile.email
        for one in truth
    }
    assert f"{len(gone):,} of which the platform does not know any more" in (row.completeness or "")
    looked_up = refresher.calls("lookup")
    assert looked_up == -(-len(truth) // 100)
    estimated = project.manifest_of(project.segment("addressed")).calls_per_refresh("list", len(truth), ["email"])
    assert estimated >= (row.calls or 0) > looked_up


def test_no_address_is_looked_up_for_a_segment_that_matches_ids(project: Project, simulator: Simulator) -> None:
    """Neither a fetch nor a preview of it asks about contacts, and its share of the quota holds no such calls."""
    refresher = Refresher(project, simulator)
    refresher.fetch("paying")
    assert preview(project, "paying", unhurried).counts.mapped
    assert refresher.calls("lookup") == 0
    sizes = {"paying": 100_000, "addressed": 100_000}
    calls = {demand.segment: demand.calls_per_refresh for demand in budgets(project, sizes)["hubspot"].demands}
    assert calls["addressed"] - calls["paying"] == 1_000


def test_a_preview_shows_who_would_map_by_address(project: Project, simulator: Simulator) -> None:
    """A look at the segment looks up one page, and maps it."""
    seen = preview(project, "addressed", unhurried)
    assert seen.counts.mapped > 0.9 * seen.counts.fetched
    assert seen.matched == {"email": seen.counts.mapped}
    assert Refresher(project, simulator).calls("lookup") == 3


def test_stored_ids_without_addresses_are_not_taken_for_strangers(
    tmp_path: Path, project: Project, simulator: Simulator
) -> None:
    """Promise 2: a segment file that asks for addresses since the last fetch says so, instead of losing everybody."""
    Refresher(project, simulator).fetch("paying")
    write_segment(tmp_path, "paying", BY_EMAIL)
    changed = load_project(tmp_path)
    with pytest.raises(ProjectError, match="has `email`, which is fetched only") as told:
        map_segment(changed, "paying", partition_key=WINDOW, run_id=None, now=NOW)
    assert told.value.code == "identifier-not-fetched"
    Refresher(changed, simulator, attempts=1).fetch("paying")
    assert map_segment(changed, "paying", partition_key=WINDOW, run_id=None, now=NOW).mapped
