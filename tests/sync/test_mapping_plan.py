"""The plan of a segment, made from its files, and the stages run by a project's own names."""

from datetime import UTC, datetime, timedelta

from remote_segments.membership.matching import Pair
from remote_segments.sync.fetch import fetch
from remote_segments.sync.mapping import map_segment
from remote_segments.sync.plan import plan_for
from remote_segments.sync.publication import publish_segment
from tests.support.projects import VIP, ready_project, table_rows

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def test_a_plan_is_made_from_the_files(tmp_path, simulator):
    """Every key of a segment file that decides who and what is shown arrives in the plan."""
    written = {
        **VIP,
        "identifiers": [{"external_id": "contact_id"}, {"email": {"column": "email", "hashed": "sha256"}}],
        "columns": {"include": ["contact_id", "plan"]},
        "guards": {"minimum_match_rate": "80%", "allow_empty": "true"},
        "retention": "7 days",
    }
    plan = plan_for(ready_project(tmp_path, simulator, {"vip": written}), "vip")
    assert plan.entries == (
        (Pair("external_id", "external_id", "contact_id"),),
        (Pair("email", "email", "email", "sha256"),),
    )
    assert (plan.model.table, plan.key, plan.include, plan.exclude) == (
        "analytics.contacts",
        ("contact_id",),
        ("contact_id", "plan"),
        (),
    )
    assert (plan.guards.allow_empty, plan.guards.minimum_match_rate, plan.retention) == (True, 80.0, timedelta(days=7))
    assert (plan.connection, plan.source) == ("klaviyo", '{"segment_id": "VIPOPN"}')


def test_a_segment_is_fetched_mapped_and_published_by_its_name(tmp_path, simulator):
    """The three stages agree about the window, the snapshot and the counts; the people come from a real HTTP server."""
    project = ready_project(tmp_path, simulator, {"vip": VIP})
    window = {"partition_key": "2026-11-24-09:00", "run_id": "a run"}
    fetched = fetch(project, "vip", now=NOW, **window)
    mapped = map_segment(project, "vip", now=NOW + timedelta(minutes=1), **window)
    published = publish_segment(project, "vip", now=NOW + timedelta(minutes=2), **window)
    assert fetched.snapshot_id == mapped.snapshot_id == published.snapshot_id
    outcomes = (mapped.mapped, mapped.unknown, mapped.ambiguous, mapped.invalid, mapped.duplicate)
    assert fetched.fetched == published.fetched == sum(outcomes) > 0
    assert len(table_rows(project, "vip", "contact_id")) == published.rows == published.mapped > 0
