"""What is known of the warehouse's own tables as a source, before any is read."""

from datetime import date

from pydantic import Field, model_validator

from remote_segments.sources.audiences import Audiences
from remote_segments.sources.columns import ColumnPlatform, ColumnSource
from remote_segments.sources.connection import ConnectionKeys


class QuerySource(ColumnSource):
    """`source:` of a connection to the warehouse: exactly one of `table` and `sql`."""

    table: str | None = Field(
        None, description="A table or view, with its schema.", examples=["analytics.vip_customers"], min_length=1
    )
    sql: str | None = Field(
        None,
        description="A SELECT that the warehouse runs in one transaction.",
        examples=["select contact_id from crm.contacts where plan = 'gold'"],
        min_length=1,
    )

    @model_validator(mode="after")
    def _one(self) -> "QuerySource":
        given = [name for name in ("table", "sql") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"it has exactly one of table and sql, and this has {' and '.join(given) or 'none'}")
        return self


WAREHOUSE = ColumnPlatform(
    name="warehouse",
    title="The warehouse",
    kind="query",
    docs={
        "members": "https://duckdb.org/docs/stable/sql/statements/select",
        "describe": "https://www.postgresql.org/docs/current/mvcc.html",
        "list": "https://www.postgresql.org/docs/current/information-schema.html",
    },
    api_version="SQL",
    checked=date(2026, 11, 24),
    proof="live",
    notes="A table, a view or a SELECT of the project's own warehouse. See "
    "[Files and tables as sources](generic-sources.md).",
    key_help="The project's own user of the warehouse needs the right to read these tables.",
    connection=ConnectionKeys(),
    source=QuerySource,
    ids_help="Write the table as `schema.table`, or a SELECT under `sql`.",
    completeness="one transaction",
    audiences=Audiences(
        opened_or_clicked="Where the tool's events are loaded: `select distinct contact_id from events.email "
        "where kind in ('open', 'click') and at > current_date - 30`.",
        journey_step="A SELECT of the latest event of each person in the journey, where that is the entry of the step.",
        did_not_respond="A SELECT of who was sent the campaign, `except` one of who opened or clicked it.",
        cohort="A SELECT on the column or table that holds the assignment, one segment for each branch.",
    ),
)
"""The platform `warehouse`."""
