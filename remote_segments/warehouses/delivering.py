"""A table of the warehouse as a destination: everybody at once, replaced in one step, grants and views kept."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from remote_segments.destinations.abilities import Abilities, Accepted
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.destinations.delivery import WholeDelivery, whole_abilities
from remote_segments.sources.members import Description
from remote_segments.warehouses.base import Warehouse

TABLE = "table"
"""The one kind of destination that the warehouse has."""

STAGING = "delivery_under_way"
"""The table that rows are loaded into before they replace another."""


def table_abilities(identifiers: Mapping[str, Accepted]) -> Abilities:
    """What a table takes."""
    return whole_abilities("Table", "table", identifiers, "A table of the project's schema, replaced as a whole.")


class TableDestination(WholeDelivery):
    """Implements `destinations.destination.WholeDestination` on the project's own warehouse."""

    what = "table"

    def __init__(self, warehouse: Warehouse, scratch: Path) -> None:
        """Prepares it; `scratch` is where rows wait, on this machine's disk."""
        super().__init__(scratch, ".parquet")
        self._warehouse = warehouse
        self._writer: Any = None
        self._kinds: dict[str, str] = {}

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()

    def abilities(self, kind: str) -> Abilities:  # noqa: ARG002 - there is one kind
        """Returns what a table can do."""
        return table_abilities({})

    def check(self, kind: str, ids: Mapping[str, Any]) -> Description:  # noqa: ARG002 - there is one kind
        """Names the table."""
        return Description(str(ids["table"]))

    def begin(self, kind: str, ids: Mapping[str, Any]) -> None:  # noqa: ARG002 - there is one kind
        """Starts a delivery; raises TemporaryError `spool-unwritable`."""
        self._start()

    def send(self, kind: str, ids: Mapping[str, Any], batch: Batch) -> Answer:  # noqa: ARG002 - there is one kind
        """Keeps rows for the end: texts as they are, numbers as numbers, truth values as texts."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {**batch.identifiers, **batch.attributes}
        if self._writer is None:
            self._kinds = {name: _kind(values) for name, values in columns.items()}
            schema = pa.schema([(name, _ARROW[kind]()) for name, kind in self._kinds.items()])
            self._writer = pq.ParquetWriter(self._begun(), schema, compression="zstd")
        arrays = {name: _array(values, self._kinds[name]) for name, values in columns.items()}
        self._writer.write_table(pa.table(arrays))
        return Answer.alike(len(batch), "accepted")

    def finish(self, kind: str, ids: Mapping[str, Any]) -> None:  # noqa: ARG002 - there is one kind
        """Replaces the table in one transaction."""
        table, made = str(ids["table"]), self._begun()
        self.calls += 1
        with self._warehouse.write() as session:
            if self._writer is None:  # nobody is left: the table keeps its columns and loses its rows
                if session.relation(table, session.schema) is not None:
                    session.execute(f'DELETE FROM "{session.schema}"."{table}"')
            else:
                self._writer.close()
                self._writer = None
                session.ensure_table(STAGING, self._kinds)
                session.load(STAGING, made, {})
                session.replace_table(table, f'SELECT * FROM "{session.schema}"."{STAGING}"')
                session.drop_table(STAGING)
        self._drop()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None


def _kind(values: Any) -> str:
    """The neutral type of a column, by the first value that is there."""
    first = next((value for value in values if value is not None), None)
    if isinstance(first, float):
        return "double"
    return "bigint" if isinstance(first, int) and not isinstance(first, bool) else "text"


def _text() -> Any:
    import pyarrow as pa

    return pa.string()


def _bigint() -> Any:
    import pyarrow as pa

    return pa.int64()


def _double() -> Any:
    import pyarrow as pa

    return pa.float64()


_ARROW = {"text": _text, "bigint": _bigint, "double": _double}


def _array(values: Any, kind: str) -> Any:
    import pyarrow as pa

    if kind == "text":
        return pa.array([_written(value) for value in values], pa.string())
    return pa.array(values, _ARROW[kind]())


def _written(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)
