"""Databases that earlier versions of the tables left behind: they open, answer as they did, and go on."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from remote_segments.membership.enrichment import enriched
from remote_segments.membership.history import memberships
from remote_segments.membership.models import published_columns
from remote_segments.membership.tables import CONTRACT_VERSION, TABLES, VIEWS
from remote_segments.sync.deriving import read_model, scope_of
from remote_segments.sync.snapshots import data_time, latest_published
from remote_segments.sync.store import ensure_store, reading, stored_version
from tests.stored.life import segment_in
from tests.stored.make import answers
from tests.support.memberships import START, Segment, members, people
from tests.support.stopping import StoppedError, stop_at

FOLDER = Path(__file__).parent
VERSIONS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir() and path.name[0].isdigit())


def tables_of(version: str) -> dict[str, tuple[dict[str, str], list[list]]]:
    """The tables of a stored database: columns with their neutral types, and rows."""
    found = {}
    for file in sorted((FOLDER / version).glob("*.ndjson")):
        first, *rows = (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())
        found[file.stem] = (first, rows)
    return found


@pytest.fixture(params=VERSIONS)
def stored(request: pytest.FixtureRequest, warehouse) -> Segment:
    """A stored database in each kind of warehouse: tables and rows as they were, nothing that is newer."""
    segment = segment_in(warehouse)
    segment.model(people([1, 2, 3, 6, 7, 8]))
    with warehouse.write() as session:
        for name, (columns, rows) in tables_of(request.param).items():
            session.ensure_table(name, columns)
            instants = {one for one, kind in columns.items() if kind == "timestamp"}
            values = [dict(zip(columns, row, strict=True)) for row in rows]
            for row in values:
                row |= {one: datetime.fromisoformat(row[one]) for one in instants if row[one] is not None}
            if values:
                session.append(name, values)
        session.ensure_view("memberships", memberships(session.schema))
        show(session, segment)
    segment.version = request.param
    segment.now = START.replace(day=25)
    return segment


def show(session, segment: Segment) -> None:
    """Makes the published table, which is the model's columns and no part of the contract."""
    scope, model = scope_of(session, segment.plan), read_model(session, segment.plan)
    columns = published_columns(model, None, (), "the stored segment")
    latest = session.rows(
        f"SELECT snapshot_id, fetched_at FROM \"{session.schema}\".snapshots WHERE state = 'published' "
        "ORDER BY effective_at DESC LIMIT 1"
    )[0]
    session.replace_table("vip", scope.sql(enriched(scope, latest[0], model, columns, latest[1])))


def test_a_stored_database_answers_as_it_did(stored: Segment) -> None:
    """Promises 16 and 33: the first reader brings the tables up, and every answer is the one of then."""
    with reading(stored.warehouse) as session:
        assert stored_version(session) == CONTRACT_VERSION
        for name, columns in {**TABLES, **VIEWS}.items():
            assert set(session.relation(name, session.schema).columns) >= set(columns)
    expected = json.loads((FOLDER / stored.version / "answers.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(answers(stored))) == expected


def test_a_stored_database_goes_on_without_a_fetch(stored: Segment) -> None:
    """Promise 33: the stored ids are mapped again and published; the next fetch is compared with them."""
    again = stored.remap()
    assert (again.joined, again.left) == (0, 0)
    assert stored.published() == [1, 2, 3, 7]
    row = stored.row(stored.refresh(members([1, 2, 8])).snapshot_id)
    assert (row.joined_count, row.left_count) == (1, 2)
    assert stored.at(stored.now) == {"1", "2", "8"}


def test_bringing_tables_up_is_done_wholly_or_not_at_all(stored: Segment, monkeypatch) -> None:
    """Promise 1: stopped at any statement, the stored version stays, and the next reader brings it up."""
    with stored.warehouse.write() as session:
        kind = type(session)
        session.execute(f"UPDATE \"{session.schema}\".meta SET value = 'old' WHERE name = 'contract_columns'")
    before, failing = _columns(stored), 0
    while True:
        failing += 1
        with monkeypatch.context() as patch:
            stop_at(patch, kind, failing)
            try:
                with stored.warehouse.write() as session:
                    ensure_store(session)
            except StoppedError:
                assert _columns(stored) == before
            else:
                break
    assert failing > 1
    with stored.warehouse.read() as session:
        assert stored_version(session) == CONTRACT_VERSION


def _columns(stored: Segment) -> dict[str, list[str]]:
    with stored.warehouse.read() as session:
        found = {name: session.relation(name, session.schema) for name in TABLES}
        return {name: list(one.columns) if one else [] for name, one in found.items()}


def test_this_version_is_stored() -> None:
    """Promise 16: whoever raises the version stores what it writes: `python -m tests.stored.make`."""
    assert CONTRACT_VERSION in VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_no_column_of_an_earlier_version_is_gone(version: str) -> None:
    """Promise 16: a reader written for it finds every column, with the type that it had."""
    for name, (columns, _) in tables_of(version).items():
        for column, kind in columns.items():
            assert name == "members" or TABLES[name][column] == kind


def test_the_published_snapshot_has_a_time(stored: Segment) -> None:
    """Promise 8: what was fetched then is as old as it is."""
    with reading(stored.warehouse) as session:
        latest = latest_published(session, "vip")
        assert latest is not None
        assert data_time(latest) == latest.fetched_at
