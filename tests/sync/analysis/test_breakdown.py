"""Segments by attributes of their model, judged by plain loops on both engines."""

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from remote_segments.errors import ProjectError
from remote_segments.sync.analysis import breakdown
from remote_segments.sync.analysis.breakdown import NOBODY_SAID, OTHER
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse
from tests.reference import analysis as reference
from tests.support.analysed import Analysed, analysed

PEOPLE = 200


def somebody(number: int) -> dict[str, Any]:
    """A row of the model, some values missing."""
    chance = random.Random(number)
    return {
        "contact_id": number,
        "email": f"p{number}@example.com",
        "country": chance.choice(["FR", "FR", "FR", "DE", "DE", "ES", None, ""]),
        "spent": chance.choice([None, round(chance.lognormvariate(4, 1), 2)]),
        "orders": chance.choice([0, 1, 2, 3]),
        "signed_up": (date(2024, 1, 15) + timedelta(days=chance.randrange(700))).isoformat(),
        "seen_at": datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(60_000)),
        "active": None,
    }


ROWS = [somebody(number) for number in range(PEOPLE)]
VIP = [str(number) for number in range(0, PEOPLE, 3)]
PAYING = [str(number) for number in range(0, PEOPLE, 2)]


@pytest.fixture
def desk(tmp_path: Path, warehouse: DuckDBWarehouse | PostgresWarehouse) -> Analysed:
    """200 people, two segments, the first with a member whose row is gone from the model."""
    found = analysed(tmp_path, warehouse, ["vip", "paying"])
    found.people(ROWS)
    found.publish("vip", ["1", "2"])
    found.publish("vip", [*VIP, "99999"])
    found.publish("paying", PAYING)
    return found


def values(column: str) -> dict[str, Any]:
    """The attribute of each person by key."""
    return {str(row["contact_id"]): row[column] for row in ROWS}


def test_values_are_counted_beside_the_whole_model(desk: Analysed) -> None:
    """Each value with its people in the segment and in the model, those without one as well; the index compares."""
    found = breakdown(desk.project, "vip", "country")
    expected = reference.by_value(values("country"), VIP)
    everybody = reference.by_value(values("country"), values("country"))
    named = {None if row.value == NOBODY_SAID else row.value: row for row in found.itertuples()}
    assert {value: row.people for value, row in named.items()} == expected
    assert {value: row.other_people for value, row in named.items()} == everybody
    for value, row in named.items():
        share, beside = expected[value] / len(VIP), everybody[value] / PEOPLE
        assert row.share == round(100 * share, 2)
        assert found[found.value == row.value]["index"].item() == round(100 * share / beside)
    assert list(found.value)[-1] == NOBODY_SAID


def test_another_segment_is_compared_with(desk: Analysed) -> None:
    """The other side is the other segment's people."""
    found = breakdown(desk.project, "vip", "country", against="paying")
    others = reference.by_value(values("country"), PAYING)
    assert {None if row.value == NOBODY_SAID else row.value: row.other_people for row in found.itertuples()} == others


def test_values_beyond_the_limit_are_one_group(desk: Analysed) -> None:
    """The largest are shown, the others together, those without a value apart."""
    found = breakdown(desk.project, "vip", "country", limit=2)
    assert list(found.value) == ["FR", "DE", OTHER, NOBODY_SAID]
    assert (found.people.sum(), found.other_people.sum()) == (len(VIP), PEOPLE)


@pytest.mark.parametrize(
    ("column", "edges"),
    [
        ("signed_up", [f"{2024 + month // 12}-{month % 12 + 1:02}-01" for month in range(1, 24)]),
        ("seen_at", None),
        ("spent", None),
    ],
)
def test_ranges_are_counted_in_their_order(desk: Analysed, column: str, edges: list[str] | None) -> None:
    """Numbers and times are counted between the edges that the labels name."""
    found = breakdown(desk.project, "vip", column)
    labels = [value for value in found.value if value != NOBODY_SAID]
    cut = edges if edges is not None else [edge_of(label) for label in labels[1:]]
    expected = reference.by_range(values(column), VIP, cut)
    everybody = reference.by_range(values(column), values(column), cut)
    for place, label in enumerate(labels):
        row = found[found.value == label].iloc[0]
        assert (row.people, row.other_people) == (expected.get(place, 0), everybody.get(place, 0)), label
    assert found.people.sum() == len(VIP)
    assert found.other_people.sum() == PEOPLE


def edge_of(label: str) -> Any:
    """Where the range of a label begins."""
    if label.startswith("week of "):
        return datetime.fromisoformat(label.removeprefix("week of ")).replace(tzinfo=UTC)
    return float(label.split(" ", maxsplit=1)[0].replace(",", ""))


def test_few_whole_numbers_are_shown_one_by_one(desk: Analysed) -> None:
    """In their own order, not by size."""
    found = breakdown(desk.project, "vip", "orders")
    assert list(found.value) == ["0", "1", "2", "3"]
    assert dict(zip(map(int, found.value), found.people, strict=True)) == reference.by_value(values("orders"), VIP)


def test_a_column_without_any_value_is_one_group(desk: Analysed) -> None:
    """Everybody is in the group of those without one."""
    found = breakdown(desk.project, "vip", "active")
    assert [(row.value, row.people, row.other_people) for row in found.itertuples()] == [
        (NOBODY_SAID, len(VIP), PEOPLE)
    ]


def test_infinite_numbers_and_what_is_none_are_without_a_value(
    tmp_path: Path, warehouse: DuckDBWarehouse | PostgresWarehouse
) -> None:
    """Neither makes a range, nor spoils one."""
    desk = analysed(tmp_path, warehouse, ["vip"])
    desk.people([{**row, "spent": 10.0 * row["contact_id"]} for row in ROWS])
    with desk.project.open_warehouse().write() as session:
        for number, value in enumerate(("'NaN'", "'Infinity'", "'-Infinity'")):
            session.execute(
                f"UPDATE crm.contacts SET spent = CAST({value} AS DOUBLE PRECISION) WHERE contact_id = {number}"
            )
    desk.publish("vip", VIP)
    found = breakdown(desk.project, "vip", "spent")
    assert found[found.value == NOBODY_SAID].other_people.item() == 3
    assert found.other_people.sum() == PEOPLE
    assert not any("inf" in value or "nan" in value for value in found.value)


def test_small_groups_are_left_out_with_what_tells_them(desk: Analysed) -> None:
    """What is missing of the segment and of the model is of two groups at least, and is no small number."""
    found = breakdown(desk.project, "vip", "orders", smallest=17)
    counts = reference.by_value(values("orders"), VIP)
    assert min(counts.values()) < 17 <= max(counts.values())
    shown = [None if one is pd.NA else int(one) for one in found.people]
    assert reference.may_be_shown(shown, [counts[number] for number in range(4)], 17)
    gone = found.people.isna()
    assert found[gone][["share", "other_people", "other_share", "index"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("column", "code"),
    [
        ("contact_id", "attribute-identifies"),
        ("email", "attribute-identifies"),
        ("contry", "unknown-column"),
    ],
)
def test_columns_that_cannot_be_broken_down_by(desk: Analysed, column: str, code: str) -> None:
    """What tells people apart, and what is not there, is refused."""
    with pytest.raises(ProjectError) as error:
        breakdown(desk.project, "vip", column)
    assert error.value.code == code
    assert "p1@" not in str(error.value)


def test_a_text_that_is_different_for_everybody_is_refused(tmp_path: Path, duckdb_warehouse: DuckDBWarehouse) -> None:
    """A column of names is no attribute although no file names it, nor is a document one."""
    desk = analysed(tmp_path, duckdb_warehouse, ["vip"])
    rows = [{"contact_id": number, "email": f"p{number}@e.test", "nick": f"nick {number}"} for number in range(10)]
    types = {"contact_id": "BIGINT", "email": "VARCHAR", "nick": "VARCHAR", "tags": "VARCHAR[]"}
    desk.people(rows, types)
    desk.publish("vip", ["1"])
    for column, code in (("nick", "attribute-identifies"), ("tags", "attribute-type")):
        with pytest.raises(ProjectError) as error:
            breakdown(desk.project, "vip", column)
        assert error.value.code == code
        assert "nick 1" not in str(error.value)
