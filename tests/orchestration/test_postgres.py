"""The same chain on a Postgres warehouse, from the segment file to the published table."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from remote_segments.orchestration import build_definitions
from remote_segments.orchestration.running import refresh
from remote_segments.simulator import Simulator
from tests.support.projects import VIP, ready_project, table_rows


@pytest.mark.xdist_group("postgres")
def test_a_segment_is_published_in_postgres(tmp_path: Path, simulator: Simulator, postgres_dsn: str) -> None:
    """Two refreshes: a baseline, then who joined and who left; the resource for DuckDB is not offered."""
    parts = conninfo_to_dict(postgres_dsn)
    warehouse = {"kind": "postgres", "host": parts["host"], "database": parts["dbname"], "user": parts["user"]}
    project = ready_project(tmp_path, simulator, {"vip": VIP}, warehouse=warehouse)
    for number in (1, 2):
        refresh(tmp_path, "vip")
        expected = simulator.expected("klaviyo", "VIPOPN", number)
        known = {f"C{one.profile.person:07d}" for one in expected if one.profile.kind in ("known", "twin")}
        assert {key for (key,) in table_rows(project, "vip", "contact_id")} == known
    causes = {cause for (cause,) in table_rows(project, "changes", "cause")}
    assert causes == {"baseline", "remote"}
    assert set(build_definitions(tmp_path).resources or {}) == {"remote_segments_fetches", "remote_segments_frames"}
