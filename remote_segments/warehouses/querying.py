"""A table or SELECT of the warehouse as a source: one statement in one reading session, which sees one instant.

DuckDB and Postgres at REPEATABLE READ show a session the rows of its first statement only, so that what was read is
whole: https://www.postgresql.org/docs/current/transaction-iso.html, https://duckdb.org/docs/stable/sql/statements/transactions
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from pydantic import ValidationError

from remote_segments.errors import EngineError, PlatformError, ProjectError
from remote_segments.sources.account import ProvenFetch
from remote_segments.sources.columns import Identifier
from remote_segments.sources.members import Description, Listed, Page, Proof
from remote_segments.sources.rows import lacking, member_page
from remote_segments.sources.sampling import MOST, Sample
from remote_segments.warehouses.base import Relation, Session, Warehouse
from remote_segments.warehouses.platform import QuerySource
from remote_segments.warehouses.quoting import identifier, literal, qualified

BATCH = 20_000
"""Rows held at once."""

PREVIEWED = 5_000
"""Rows of a preview."""

MOST_LISTED = 1_000
"""Tables of a listing."""

_IDS = re.compile(
    r"(VARCHAR|TEXT|CHARACTER|CHAR|CITEXT|UUID|BPCHAR|U?TINYINT|U?SMALLINT|U?INTEGER|U?BIGINT|U?HUGEINT"
    r"|ENUM\b|(DECIMAL|NUMERIC)\(\d+,0\)).*",
    re.IGNORECASE,
)
"""Types whose values are ids; 1.0 and 1 would be two people."""

_DRIVER = re.compile(r"^[A-Z]\w+ Error: ")
"""How DuckDB begins what it says."""

_TIMES = re.compile(r"TIMESTAMP.*WITH TIME ZONE|TIMESTAMPTZ", re.IGNORECASE)


class QueryFetch(ProvenFetch):
    """Implements `sources.account.Fetch`: the rows of one statement."""

    def __init__(self, query: "Query") -> None:
        super().__init__()
        self._query = query
        self.calls = 0

    def __iter__(self) -> Iterator[Page]:
        self._proof = None
        started = time.monotonic()
        pages = members = 0
        with self._query.session() as session:
            relation = self._query.relation(session)
            self.description = Description(self._query.name)
            self.calls = 1
            with session.spilling():  # else the engine keeps what it read: 100 MB of 10,000,000 rows
                for page in self._query.pages(session, relation):
                    pages, members = pages + 1, members + page.length
                    yield page
        self._proof = Proof(
            "one statement in one transaction of the warehouse", None, pages, members,
            calls=1, seconds=time.monotonic() - started,
        )  # fmt: skip


class Query:
    """How one source is read."""

    def __init__(
        self, warehouse: Warehouse, source: QuerySource, identifiers: Mapping[str, Identifier], primary: str, where: str
    ) -> None:
        self._warehouse, self._source = warehouse, source
        self._identifiers, self._primary = identifiers, primary
        self._where = where

    @property
    def name(self) -> str:
        """What the source is called: the table, or that it is a SELECT."""
        return self._source.table or "a SELECT"

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Opens a reading session; what fails in it is about the source.

        Raises:
            ProjectError: `source-unreadable`, `source-missing`, `grant-missing`.
        """
        with self._warehouse.read() as session:
            try:
                yield session
            except EngineError as error:
                if error.code != "statement-failed":
                    raise
                raise self._unreadable(error.problem.found) from None

    def relation(self, session: Session) -> Relation:
        """Makes the source readable and checks its columns.

        Raises:
            ProjectError: `source-missing`, `source-unreadable`.
            PlatformError: `column-missing`, `identifier-column-type`.
        """
        try:
            found = session.expose(table=self._source.table, sql=self._source.sql)
        except ProjectError as error:
            if error.code == "model-missing":
                raise ProjectError("source-missing", error.problem.found, error.problem.fix, self._where) from None
            if error.code == "model-unreadable":
                raise self._unreadable(error.problem.found.removeprefix("The model's SQL cannot be read: ")) from None
            raise
        columns = list(found.columns)
        lacking([one.column for one in self._identifiers.values()], columns, self._where)
        for one in self._identifiers.values():
            self._check_type(one.column, found, _IDS, "no id", "write it as text or as a whole number")
        if self._source.joined_at is not None:
            lacking([self._source.joined_at], columns, self._where)
            self._check_type(self._source.joined_at, found, _TIMES, "no time with its zone", "cast it to timestamptz")
        return found

    def pages(self, session: Session, relation: Relation, most: int | None = None) -> Iterator[Page]:
        """Yields the rows as pages.

        Raises:
            PlatformError: `member-without-id`.
        """
        chosen = [f"CAST({identifier(one.column)} AS VARCHAR)" for one in self._identifiers.values()]
        joined = self._source.joined_at
        chosen += [f"CAST({identifier(joined)} AS VARCHAR)"] if joined else []
        named = ", ".join(f"{text} AS c{number}" for number, text in enumerate(chosen))
        table = _named(relation)
        select = f"SELECT {named} FROM {table}" + (f" LIMIT {most}" if most else "")
        for batch in session.stream(select, BATCH):
            values = [column.to_pylist() for column in batch.columns]
            columns = dict(zip(self._identifiers, values, strict=False))
            yield member_page(columns, self._primary, values[-1] if joined else None, self._where)

    def described(self, session: Session, relation: Relation) -> Description:
        """Counts the rows, which also runs the whole statement once."""
        table = _named(relation)
        ((count,),) = session.rows(f"SELECT count(*) FROM {table}")
        return Description(self.name, count)

    def sample(self, session: Session, relation: Relation) -> Sample:
        """Returns some rows with every column whose type may be that of ids."""
        names = [name for name, kind in relation.columns.items() if _IDS.fullmatch(kind)]
        if not names:
            return Sample({})
        chosen = ", ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in names)
        rows = session.rows(f"SELECT {chosen} FROM {_named(relation)} LIMIT {MOST}")
        return Sample({name: [row[number] for row in rows] for number, name in enumerate(names)})

    def first_page(self) -> Page:
        """Reads some rows."""
        with self.session() as session:
            for page in self.pages(session, self.relation(session), PREVIEWED):
                return page
        return Page({name: [] for name in self._identifiers}, None, 0)

    def _check_type(self, column: str, found: Relation, wanted: re.Pattern[str], what: str, fix: str) -> None:
        if not wanted.fullmatch(found.columns[column]):
            text = f"The column `{column[:60]}` has the type {found.columns[column]}, which is {what}."
            fix = f"Choose another column, or {fix} in a SELECT under `sql`."
            raise PlatformError("identifier-column-type", text, fix, self._where)

    def _unreadable(self, detail: str) -> ProjectError:
        what, key = ("The SELECT", "sql") if self._source.sql else ("The table or view", "table")
        words = _DRIVER.sub("", detail.removeprefix("DuckDB refused a statement: "))
        fix = f"Mend what `source.{key}` says, and look at it with `remote-segments preview`."
        return ProjectError("source-unreadable", f"{what} cannot be read: {words}", fix, self._where)


def _named(relation: Relation) -> str:
    return qualified(relation.schema, relation.name) if relation.schema else identifier(relation.name)


class QueryAccount:
    """Implements `sources.account.Account` on the project's own warehouse."""

    def __init__(self, connection: str, warehouse: Warehouse) -> None:
        self._connection, self._warehouse = connection, warehouse

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is kept open."""

    def describe(
        self,
        kind: str,  # noqa: ARG002 - there is one kind of source
        ids: Mapping[str, Any],
        identifiers: tuple[str, ...] | None = None,
    ) -> Description:
        """Checks the columns and counts the rows."""
        query = self._query(ids, identifiers)
        with query.session() as session:
            return query.described(session, query.relation(session))

    def fetch(
        self,
        kind: str,  # noqa: ARG002 - there is one kind of source
        ids: Mapping[str, Any],
        identifiers: tuple[str, ...] | None = None,
    ) -> QueryFetch:
        """Returns the rows of a source; nothing is asked before it is iterated."""
        return QueryFetch(self._query(ids, identifiers))

    def preview(
        self,
        kind: str,  # noqa: ARG002 - there is one kind of source
        ids: Mapping[str, Any],
        identifiers: tuple[str, ...] | None = None,
    ) -> Page:
        """Returns some rows."""
        return self._query(ids, identifiers).first_page()

    def sample(self, ids: Mapping[str, Any]) -> Sample:
        """Returns some rows with every column whose type may be that of ids.

        Raises:
            ProjectError: `source-missing`, `source-unreadable`, `grant-missing`.
        """
        source = self._source(ids)
        query = Query(self._warehouse, source, {}, "", f"connection {self._connection}")
        with query.session() as session:
            return query.sample(session, query.relation(session))

    def segments(
        self,
        kind: str,  # noqa: ARG002 - there is one kind of source
        ids: Mapping[str, str] | None = None,
    ) -> list[Listed]:
        """Lists tables and views, those of the project's own schema left out; `folder` is a schema."""
        schema = (ids or {}).get("folder")
        with self._warehouse.read() as session:
            others = ("information_schema", "pg_catalog", self._warehouse.schema)
            wanted = f"= {literal(schema)}" if schema else f"NOT IN ({', '.join(map(literal, others))})"
            rows = session.rows(
                "SELECT table_schema, table_name, table_type FROM information_schema.tables "
                f"WHERE table_schema {wanted} AND table_schema NOT LIKE 'pg\\_%' ESCAPE '\\' "
                f"ORDER BY table_schema, table_name LIMIT {MOST_LISTED}"
            )
        return [Listed({"table": f"{schema}.{name}"}, kind.lower()) for schema, name, kind in rows]

    def _source(self, ids: Mapping[str, Any]) -> QuerySource:
        try:
            return QuerySource.model_validate(dict(ids))
        except ValidationError:
            found, fix = "The source is not written as one of the warehouse is.", "See `remote-segments validate`."
            raise ProjectError("bad-value", found, fix, f"connection {self._connection}") from None

    def _query(self, ids: Mapping[str, Any], names: tuple[str, ...] | None) -> Query:
        source, where = self._source(ids), f"connection {self._connection}"
        identifiers = source.identifiers(names or ())
        primary = source.member_id or next(iter(names or identifiers))
        return Query(self._warehouse, source, identifiers, primary, where)
