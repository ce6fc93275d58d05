"""Writing a small data model into the warehouse, for the demo; a real model is made by its own pipeline."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from remote_segments.config.project import Project
from remote_segments.membership.literals import quoted, table_name


def seed_model(project: Project, schema: str, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
    """Replaces a table of the warehouse by columns given as Python values of equal length."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "model.parquet"
        pq.write_table(pa.table(dict(columns)), file)
        name = table_name(schema, table)
        with project.open_warehouse().write() as session:
            relation = session.expose(path=file)
            session.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
            session.execute(f"DROP TABLE IF EXISTS {name}")
            session.execute(f"CREATE TABLE {name} AS SELECT * FROM {quoted(relation.name)}")
