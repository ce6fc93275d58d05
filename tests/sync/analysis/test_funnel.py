"""The funnel of a segment, by the numbers of its published snapshot and the rows of its table."""

from pathlib import Path

import pytest

from remote_segments.sync.analysis import funnel
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse
from tests.reference.analysis import may_be_shown
from tests.support.analysed import Analysed, analysed

LOST = {"unknown": 30, "ambiguous": 0, "invalid": 3, "duplicate": 20}
KEYS = [str(number) for number in range(100)]


@pytest.fixture
def desk(tmp_path: Path, warehouse: DuckDBWarehouse | PostgresWarehouse) -> Analysed:
    """153 fetched members, 100 of them mapped, of which only two had a row when the table was written."""
    found = analysed(tmp_path, warehouse, ["vip"])
    found.publish("vip", KEYS, **LOST | {"fetched": 153})
    with found.project.open_warehouse().write() as session:
        session.replace_table("vip", "SELECT 1 AS contact_id UNION ALL SELECT 2")
    return found


def steps(desk: Analysed, smallest: int | None = None) -> dict[tuple[str, str | None], int | None]:
    """Members by step and reason."""
    found = funnel(desk.project, ["vip"], smallest=smallest).astype(object)
    found = found.where(found.notna(), None)
    return {(row.step, row.reason): row.members for row in found.itertuples()}


def test_every_loss_has_its_step_and_reason(desk: Analysed) -> None:
    """Each step is the one before it without its losses."""
    found = steps(desk)
    assert found == {
        ("fetched", None): 153,
        ("unique", None): 133,
        ("unique", "duplicate"): 20,
        ("mapped", None): 100,
        ("mapped", "unknown"): 30,
        ("mapped", "ambiguous"): 0,
        ("mapped", "invalid"): 3,
        ("enriched", None): 2,
        ("enriched", "gone"): 98,
    }
    assert [step for step, reason in found if reason is None] == ["fetched", "unique", "mapped", "enriched"]


def test_shares_are_of_the_fetched(desk: Analysed) -> None:
    """In percent, of steps and of losses."""
    found = funnel(desk.project, ["vip"])
    assert list(found.share)[:3] == [100.0, 86.93, 13.07]


def test_a_small_loss_is_left_out_with_what_tells_it(desk: Analysed) -> None:
    """With the 3 invalid members another loss is left out, and the step between."""
    found = steps(desk, smallest=5)
    seen = [found["unique" if reason == "duplicate" else "mapped", reason] for reason in LOST]
    assert may_be_shown(seen, list(LOST.values()), 5)
    assert found["mapped", "invalid"] is None
    assert found["unique", None] is None
    assert (found["fetched", None], found["mapped", None]) == (153, 100)


def test_where_losses_are_few_in_all_their_sum_is_left_out(tmp_path: Path, duckdb_warehouse: DuckDBWarehouse) -> None:
    """One invalid member and nothing else: the fetched would tell it."""
    desk = analysed(tmp_path, duckdb_warehouse, ["vip"])
    desk.publish("vip", KEYS, fetched=101, invalid=1)
    found = steps(desk, smallest=5)
    assert (found["fetched", None], found["unique", None], found["mapped", "invalid"]) == (None, None, None)
    assert found["mapped", None] == 100
