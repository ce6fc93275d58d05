"""The size of segments over time, with who joined and left by which cause."""

from datetime import timedelta
from pathlib import Path

import pytest

from remote_segments.errors import ProjectError
from remote_segments.sync.analysis import trend
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse
from tests.support.analysed import START, Analysed, analysed

KEYS = [str(number) for number in range(100)]


@pytest.fixture
def desk(tmp_path: Path, warehouse: DuckDBWarehouse | PostgresWarehouse) -> Analysed:
    """Three snapshots on two days: a baseline, people's own doing, and what the model changed."""
    found = analysed(tmp_path, warehouse, ["vip", "paying"])
    first = found.publish("vip", KEYS[:50])
    found.event(first, "joined", "baseline", KEYS[:50])
    second = found.publish("vip", KEYS[25:60])
    found.event(second, "joined", "remote", KEYS[50:60])
    found.event(second, "left", "remote", KEYS[:25])
    found.now += timedelta(days=1)
    third = found.publish("vip", KEYS[27:63])
    found.event(third, "joined", "model", KEYS[60:63])
    found.event(third, "left", "erased", KEYS[25:26])
    found.event(third, "left", "definition", KEYS[26:27])
    found.publish("paying", KEYS[:10])
    return found


def rows(desk: Analysed, **options: object) -> list[tuple[object, ...]]:
    """The trend of vip without its instants."""
    found = trend(desk.project, ["vip"], **options)  # type: ignore[arg-type]
    moves = ["members", "joined", "left", "joined_otherwise", "left_otherwise"]
    return [tuple(row) for row in found[moves].astype(object).to_numpy()]


def test_each_snapshot_has_its_size_and_movements_by_cause(desk: Analysed) -> None:
    """A baseline is no joining; what the model, the file or an erasure did is counted apart."""
    assert rows(desk) == [(50, 0, 0, 0, 0), (35, 10, 25, 0, 0), (36, 0, 0, 3, 2)]


def test_a_day_has_its_last_size_and_all_its_movements(desk: Analysed) -> None:
    """The first day ends with the second snapshot; stretches begin at midnight in UTC, weeks on Monday."""
    assert rows(desk, every="day") == [(35, 10, 25, 0, 0), (36, 0, 0, 3, 2)]
    assert rows(desk, every="week") == [(36, 10, 25, 3, 2)]
    assert rows(desk, every="month") == [(36, 10, 25, 3, 2)]
    days = trend(desk.project, ["vip"], every="day").instant
    assert [day.isoformat() for day in days] == ["2026-11-02T00:00:00+00:00", "2026-11-03T00:00:00+00:00"]
    assert trend(desk.project, ["vip"], every="month").instant[0].isoformat() == "2026-11-01T00:00:00+00:00"


def test_all_segments_are_answered_together(desk: Analysed) -> None:
    """One row per segment and snapshot, in order."""
    found = trend(desk.project)
    assert list(found.segment) == ["paying", "vip", "vip", "vip"]
    assert found.instant[1] == START + timedelta(hours=1)


def test_a_small_movement_takes_all_of_its_stretch_with_it(desk: Analysed) -> None:
    """Beside the sizes, which are shown, the other movements would tell it."""
    found = trend(desk.project, ["vip"], smallest=4)
    assert found.joined.isna().tolist() == [False, False, True]
    assert found[found.joined.isna()][["left", "joined_otherwise", "left_otherwise"]].isna().all(axis=None)
    assert list(found.members) == [50, 35, 36]


def test_an_unknown_stretch_is_refused(desk: Analysed) -> None:
    """The nearest is proposed."""
    with pytest.raises(ProjectError, match="no stretch") as error:
        trend(desk.project, every="dya")
    assert "day" in error.value.problem.fix
