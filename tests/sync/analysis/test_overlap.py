"""Overlaps, exact combinations and pressure of many segments, judged by plain sets on both engines."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from remote_segments.config.loader import load_project
from remote_segments.errors import ProjectError
from remote_segments.membership.literals import table_name
from remote_segments.sync.analysis import intersections, overlap, pressure
from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse
from tests.reference import analysis as reference
from tests.support.analysed import Analysed, analysed
from tests.support.projects import VIP, write_segment

ALL = 10_000


def some_segments(number: int, people: int, seed: int) -> dict[str, frozenset[str]]:
    """Segments of random people; the second is empty, the third is all of the first."""
    chance = random.Random(seed)
    found = {
        f"s{place:03}": frozenset(str(key) for key in range(people) if chance.random() < chance.random())
        for place in range(number)
    }
    found["s001"], found["s002"] = frozenset(), found["s000"]
    return found


@pytest.fixture(params=[7, 61, 130])
def segments(request: pytest.FixtureRequest) -> dict[str, frozenset[str]]:
    """Few, more than one word of bits holds, and more than two hold."""
    return some_segments(request.param, 40, request.param)


@pytest.fixture
def desk(
    tmp_path: Path, warehouse: DuckDBWarehouse | PostgresWarehouse, segments: dict[str, frozenset[str]]
) -> Analysed:
    """The segments, published; one has an older snapshot that no longer counts."""
    found = analysed(tmp_path, warehouse, list(segments))
    found.publish("s000", ["1", "2", "3"])
    for name, keys in segments.items():
        found.publish(name, sorted(keys))
    return found


def test_pairs_combinations_and_pressure_are_those_of_plain_sets(
    desk: Analysed, segments: dict[str, frozenset[str]]
) -> None:
    """Every pair, every combination and every number of segments is counted as sets count it."""
    found = overlap(desk.project)
    assert dict(zip(zip(found.segment, found.other, strict=True), found.both, strict=True)) == reference.pairs(segments)
    exact = intersections(desk.project, limit=ALL)
    assert dict(zip(exact.segments, exact.people, strict=True)) == reference.exactly(segments)
    assert list(exact.people) == sorted(exact.people, reverse=True)
    burden = pressure(desk.project)
    rows = zip(burden.segments, burden.people, burden.people_or_more, strict=True)
    assert {k: (exactly, more) for k, exactly, more in rows} == reference.pressure(segments)


@pytest.fixture
def small_desk(tmp_path: Path, duckdb_warehouse: DuckDBWarehouse) -> Analysed:
    """Three segments of 100, 60 and 8 people; the third is within the first."""
    found = analysed(tmp_path, duckdb_warehouse, ["large", "middle", "tiny", "unseen"])
    found.publish("large", [str(key) for key in range(100)])
    found.publish("middle", [str(key) for key in range(50, 110)])
    found.publish("tiny", [str(key) for key in range(8)])
    return found


def test_shares_of_a_pair(small_desk: Analysed) -> None:
    """Both of them in percent of each, and of all in either."""
    row = overlap(small_desk.project, ["large", "middle"]).iloc[0]
    assert (row.both, row.share_of_segment, row.share_of_other, row.similarity) == (50, 50.0, 83.33, 45.45)


def test_small_pairs_are_left_out_from_either_side(small_desk: Analysed) -> None:
    """A pair is left out when few are in both, or few in only one of them; a small segment is few people itself."""
    found = overlap(small_desk.project, smallest=9)
    hidden = {(row.segment, row.other): row.isna().both for _, row in found.iterrows()}
    assert hidden == {("large", "middle"): False, ("large", "tiny"): True, ("middle", "tiny"): True}
    found = overlap(small_desk.project, ["large", "middle"], smallest=11)
    assert (
        found.iloc[0][["both", "share_of_segment", "share_of_other", "similarity"]].isna().all()
    )  # 10 are in one only


@pytest.mark.parametrize("smallest", [2, 5, 9, 20])
@pytest.mark.parametrize("seed", range(6))
def test_no_small_combination_can_be_computed(
    tmp_path: Path, duckdb_warehouse: DuckDBWarehouse, seed: int, smallest: int
) -> None:
    """Of every segment, whose size is known, nothing is missing, or two combinations that are not few people."""
    segments = some_segments(5, 80, seed)
    desk = analysed(tmp_path, duckdb_warehouse, list(segments))
    for name, keys in segments.items():
        desk.publish(name, sorted(keys))
    found = intersections(desk.project, limit=ALL, smallest=smallest)
    shown = dict(zip(found.segments, found.people, strict=True))
    for name in segments:
        true = {members: people for members, people in reference.exactly(segments).items() if name in members}
        seen = [shown.get(members) for members in true]
        if any(one is not None for one in seen):
            assert reference.may_be_shown(seen, list(true.values()), smallest)


def test_two_missing_combinations_of_few_people_take_a_third(tmp_path: Path, duckdb_warehouse: DuckDBWarehouse) -> None:
    """One person in each of two combinations: the sizes would tell both, so a larger one is left out."""
    desk = analysed(tmp_path, duckdb_warehouse, ["first", "second", "third"])
    numbers = [str(key) for key in range(60)]
    desk.publish("first", numbers[:20])
    desk.publish("second", [numbers[0], *numbers[20:40]])
    desk.publish("third", [numbers[1], *numbers[40:60]])
    assert list(intersections(desk.project).people) == [20, 20, 18, 1, 1]
    assert list(intersections(desk.project, smallest=5).people) == []


def test_small_pressure_is_shown_as_so_many_or_more(small_desk: Analysed) -> None:
    """Where few people are in many segments, only how many are in that number or more is shown."""
    found = pressure(small_desk.project)
    assert list(found.people) == [52, 58]
    found = pressure(small_desk.project, smallest=55)
    assert found.people.isna().all()
    assert list(found.people_or_more.dropna()) == [110]


def of_users(desk: Analysed, names: Sequence[str], **model: str) -> None:
    """Makes published segments those of another model, with a key of another name."""
    file = desk.project.folder / "project.yaml"
    document = yaml.safe_load(file.read_text())
    document["models"]["users"] = {"table": "crm.users", "key": "user_id", **model}
    file.write_text(yaml.safe_dump(document))
    for name in names:
        write_segment(desk.project.folder, name, {**VIP, "model": "users"})
        with desk.project.open_warehouse().write() as session:
            table = table_name(session.schema, "snapshots")
            session.execute(f"UPDATE {table} SET model = 'users', key_columns = 'user_id' WHERE segment = '{name}'")
    desk.project = replace(load_project(desk.project.folder), warehouse=desk.project.warehouse)


def test_models_with_the_same_keys_have_the_same_people(
    tmp_path: Path, warehouse: DuckDBWarehouse | PostgresWarehouse
) -> None:
    """Declared by `same_key_as`: pairs, combinations and pressure are those of one model; undeclared, of two."""
    segments = some_segments(6, 40, 1)
    desk = analysed(tmp_path, warehouse, list(segments))
    for name, keys in segments.items():
        desk.publish(name, sorted(keys))
    of_users(desk, ["s002", "s003"])
    found = overlap(desk.project)
    assert ("s000", "s002") not in set(zip(found.segment, found.other, strict=True))
    assert set(pressure(desk.project).model) == {"contacts", "users"}
    of_users(desk, [], same_key_as="contacts")
    found = overlap(desk.project)
    assert dict(zip(zip(found.segment, found.other, strict=True), found.both, strict=True)) == reference.pairs(segments)
    exact = intersections(desk.project, limit=ALL)
    assert dict(zip(exact.segments, exact.people, strict=True)) == reference.exactly(segments)
    burden = pressure(desk.project)
    rows = zip(burden.segments, burden.people, burden.people_or_more, strict=True)
    assert {k: (exactly, more) for k, exactly, more in rows} == reference.pressure(segments)
    assert set(burden.model) == {"contacts, users"}


def test_keys_that_a_model_has_no_more_are_nobody_elses(tmp_path: Path, duckdb_warehouse: DuckDBWarehouse) -> None:
    """A segment that was published with a former key of its model is not compared with the other model."""
    desk = analysed(tmp_path, duckdb_warehouse, ["one", "two"])
    desk.publish("one", ["1", "2"])
    desk.publish("two", ["2", "3"])
    of_users(desk, ["two"], same_key_as="contacts")
    assert list(overlap(desk.project).both) == [1]
    of_users(desk, [], same_key_as="contacts", key="crm_id")
    assert list(overlap(desk.project).both) == []


def test_a_segment_without_a_snapshot_is_left_out(small_desk: Analysed) -> None:
    """Others are compared; alone it is an error, and so is a name that nobody wrote."""
    assert "unseen" not in set(overlap(small_desk.project).segment)
    with pytest.raises(ProjectError, match="no published snapshot"):
        overlap(small_desk.project, ["unseen"])
    with pytest.raises(ProjectError) as error:
        overlap(small_desk.project, ["larg"])
    assert (error.value.code, "large" in error.value.problem.fix) == ("unknown-segment", True)
