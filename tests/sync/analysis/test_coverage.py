"""Which identifiers members carry, found people by, and what the model has, after a real refresh."""

from pathlib import Path

import pytest

from remote_segments.simulator import Simulator
from remote_segments.sync.analysis import coverage, funnel
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse
from tests.support.fetching import Refresher
from tests.support.projects import PAYING, VIP, kept_in, ready_project, seed_contacts
from tests.support.simulator import simulator

__all__ = ["simulator"]


@pytest.fixture
def refreshed(tmp_path: Path, simulator: Simulator, warehouse: DuckDBWarehouse | PostgresWarehouse) -> Refresher:
    """Two segments of the simulator, published."""
    project = kept_in(ready_project(tmp_path, simulator, {"vip": VIP, "paying": PAYING}), warehouse)
    seed_contacts(project, simulator, leave_out=range(0, 2_000, 7))
    found = Refresher(project, simulator)
    for name in ("vip", "paying"):
        found.refresh(name)
    return found


def plain(refresher: Refresher, sql: str) -> int:
    """One number, counted by hand."""
    with refresher.project.open_warehouse().read() as session:
        ((number,),) = session.rows(sql)
    return int(number)


def test_identifiers_are_counted_as_the_tables_have_them(refreshed: Refresher) -> None:
    """Who carries an identifier, who was found by it, and how full its column is: as counted by hand."""
    found = coverage(refreshed.project).set_index(["segment", "identifier"])
    for segment, name, column in (
        ("vip", "external_id", "contact_id"),
        ("vip", "email", "email"),
        ("paying", "record_id", "hubspot_id"),
    ):
        row = found.loc[segment, name]
        own = f"segment = '{segment}'"
        carried = plain(refreshed, f"SELECT count(*) FROM segments.members WHERE {own} AND {name} <> ''")
        by_it = plain(refreshed, f"SELECT count(*) FROM segments.keys WHERE {own} AND matched = '{name}'")
        filled = plain(refreshed, f"SELECT count({column}) FROM analytics.contacts")
        everybody = plain(refreshed, "SELECT count(*) FROM analytics.contacts")
        assert (row.column, row.carried, row.found) == (column, carried, by_it)
        assert row.filled_share == round(100 * filled / everybody, 2)
        assert row.members == plain(refreshed, f"SELECT count(*) FROM segments.members WHERE {own}")


def test_an_identifier_that_is_not_used_is_listed_without_a_column(refreshed: Refresher) -> None:
    """What comes along and could be used is shown, too."""
    found = coverage(refreshed.project, ["vip"])
    others = found[found.column.isna()].set_index("identifier")
    assert set(others.index) == {"profile_id", "phone"}
    assert others.loc["profile_id"].carried == others.loc["profile_id"].members > others.loc["phone"].carried > 0
    assert others.filled_share.isna().all()


def test_few_members_without_an_identifier_are_not_shown(refreshed: Refresher) -> None:
    """Neither who carries it nor who was found by it tells how few are missing."""
    whole = coverage(refreshed.project, ["vip"]).set_index("identifier")
    missing = int(whole.loc["external_id"].members - whole.loc["external_id"].carried)
    assert missing
    found = coverage(refreshed.project, ["vip"], smallest=missing + 1).set_index("identifier")
    assert found[["carried", "carried_share"]].loc["external_id"].isna().all()


def test_the_funnel_of_a_refresh_adds_up(refreshed: Refresher) -> None:
    """Each step and its losses are the step before it."""
    for _, rows in funnel(refreshed.project).groupby("segment"):
        count = {
            (row.step, row.reason if isinstance(row.reason, str) else None): row.members for row in rows.itertuples()
        }
        before = "fetched"
        for step in ("unique", "mapped", "enriched"):
            lost = sum(number for (at, reason), number in count.items() if at == step and reason is not None)
            assert count[before, None] == count[step, None] + lost
            before = step
        assert count["mapped", "unknown"] > 0
