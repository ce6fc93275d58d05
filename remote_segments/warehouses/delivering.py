"""A table of the warehouse as a destination: everybody at once, replaced in one step, grants and views kept."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from remote_segments.destinations.abilities import Abilities, Accepted, VerbAbility
from remote_segments.destinations.batches import Answer, Batch
from remote_segments.errors import EngineError
from remote_segments.sources.members import Description
from remote_segments.warehouses.base import Warehouse

TABLE = "table"
"""The one kind of destination that the warehouse has."""

BATCH = 20_000
"""Rows that are held at once."""

STAGING = "delivery_under_way"
"""The table that rows are loaded into before they replace another."""


def table_abilities(identifiers: Mapping[str, Accepted]) -> Abilities:
    """What a table takes: any identifier, whatever the activation's file calls it."""
    return Abilities(
        title="Table",
        ids=("table",),
        identifiers=identifiers,
        verbs={"add": VerbAbility(BATCH, BATCH, idempotent=True, tells="batch", attributes=True)},
        needs=tuple(frozenset({name}) for name in identifiers),
        creates_people=True,
        whole=True,
        notes="A table of the project's schema, replaced as a whole.",
    )


class TableDestination:
    """Implements `destinations.destination.WholeDestination` on the project's own warehouse."""

    def __init__(self, warehouse: Warehouse, scratch: Path) -> None:
        """Prepares it; `scratch` is where rows wait, on this machine's disk."""
        self._warehouse, self._scratch = warehouse, scratch
        self._made: Path | None = None
        self._writer: Any = None
        self._kinds: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

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

    def create(self, kind: str, name: str, ids: Mapping[str, Any] | None = None) -> dict[str, str]:
        """A table is made by being written.

        Raises:
            EngineError: always.
        """
        raise EngineError("creating-unsupported", f"A table is not made beforehand ({kind}, {name}, {ids}).", "Report.")

    def begin(self, kind: str, ids: Mapping[str, Any]) -> None:  # noqa: ARG002 - there is one kind
        """Starts a delivery."""
        self._drop()
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._made = self._scratch / f"delivery-{os.getpid()}.parquet"
        self._made.unlink(missing_ok=True)
        os.close(os.open(self._made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

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

    def settle(self, kind: str, ids: Mapping[str, Any], batch: Batch, job: str) -> Answer | None:
        """Nothing is decided later.

        Raises:
            EngineError: always.
        """
        raise EngineError("no-job", f"A table has no jobs ({kind}, {ids}, {batch!r}, {job}).", "Report this bug.")

    def finish(self, kind: str, ids: Mapping[str, Any]) -> None:  # noqa: ARG002 - there is one kind
        """Replaces the table in one transaction."""
        table, made = str(ids["table"]), self._begun()
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

    def _begun(self) -> Path:
        if self._made is None:
            raise EngineError("delivery-unbegun", "A table is sent to that was not begun.", "Report this bug.")
        return self._made

    def _drop(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._made is not None:
            self._made.unlink(missing_ok=True)
        self._writer = self._made = None


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
