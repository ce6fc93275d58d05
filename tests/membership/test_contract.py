"""The published tables: their page is current, every column is explained, and the queries it gives are right."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from remote_segments.membership.contract import QUERIES, described, tables_page, write_tables_page
from remote_segments.membership.tables import SNAPSHOTS, TABLES
from remote_segments.sync.snapshots import Snapshot
from tests.support.memberships import Segment, plan_of

ROOT = Path(__file__).parents[2]


def test_the_page_is_current(tmp_path):
    """`make docs` was run after the last change of a table."""
    assert (ROOT / "docs" / "tables.md").read_text() == tables_page()
    assert write_tables_page(tmp_path / "tables.md").read_text() == tables_page()


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_explained(table):
    """Promise 16: the schema is published, with a sentence for each table and words for each column."""
    sentence, columns = described()[table]
    assert sentence.endswith(".")
    assert list(columns) == list(TABLES[table])
    assert all(columns.values())


def test_a_snapshot_has_the_columns_of_its_table():
    """The row in Python and the row in the warehouse are the same, column by column."""
    assert {field.name for field in fields(Snapshot)} == set(SNAPSHOTS)


def test_the_queries_of_the_page_give_what_the_segment_shows(warehouse):
    """Promise 12: the membership of an instant, and who joined since, as a reader finds them with plain SQL."""
    segment = Segment(warehouse, plan_of(segment="vip_openers"))
    segment.model([{"contact_id": n, "email": f"p{n}@example.com"} for n in range(1, 6)])
    segment.refresh([{"id": "m1", "external_id": "1"}, {"id": "m2", "external_id": "2"}])
    last = segment.refresh([{"id": "m2", "external_id": "2"}, {"id": "m3", "external_id": "3"}])
    segment.fetch([{"id": "m4", "external_id": "4"}])
    segment.map()
    _, *queries = re.split(r"-- .*\n", re.sub(r"```.*", "", QUERIES))
    newest, members, joined = (segment.rows(query.strip().rstrip(";")) for query in queries)
    assert newest[0][1] == last.snapshot_id
    assert {row[0] for row in members} == {"2", "3"}
    assert joined == [("3", last.effective_at)]
