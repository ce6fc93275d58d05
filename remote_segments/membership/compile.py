"""The one place where expressions become SQL text: Ibis as a compiler, nothing else of it.

Measured with ibis 12.0.0 and sqlglot 30.30.0 on DuckDB 2.0 and Postgres 15: joins, group-bys, unions, casts and
`translate` compile and run alike on both; hashing and Unicode normalisation are declared as built-in functions
of each engine (see `functions.py`), because the portable forms do not exist or differ.
"""

from typing import Any


def compiled(expression: Any, dialect: str) -> str:
    """Compiles an Ibis expression over unbound tables to the SELECT text of a dialect (`duckdb`, `postgres`)."""
    import ibis

    return str(ibis.to_sql(expression, dialect=dialect, pretty=False))
