"""A data model kept in a Parquet or CSV file, as a SELECT that DuckDB runs (for Postgres, in memory, on its way there).

In a CSV file, a column counts as numbers only where every value is written as DuckDB would write it back: `007` and
`+33612345678` are identifiers, and stay the characters they are.
"""

from pathlib import Path

import duckdb

from remote_segments.warehouses.models import model_unreadable
from remote_segments.warehouses.quoting import identifier, literal


def scan(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Returns a SELECT of all columns of a file.

    Raises:
        ProjectError: `model-missing` when there is no such file, `model-unreadable` for another ending.
        duckdb.Error: the file's content is not what its ending says.
    """
    from remote_segments.errors import ProjectError

    if not path.is_file():
        raise ProjectError(
            "model-missing", f"The model's file {path} does not exist.", "Write it, or name another path."
        )
    name = literal(str(path))
    kind = path.name.lower()
    if kind.endswith((".parquet", ".pq")):
        return f"SELECT * FROM read_parquet({name})"
    if kind.endswith((".csv", ".csv.gz", ".tsv", ".tsv.gz")):
        return _csv(connection, name)
    raise model_unreadable(f"The model's file {path}", "only .parquet, .csv and .tsv files (also .csv.gz) are read.")


def _csv(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    described = connection.execute(f"DESCRIBE SELECT * FROM read_csv({name})").fetchall()
    whole = [str(row[0]) for row in described if row[1] in ("BIGINT", "HUGEINT", "INTEGER", "DOUBLE")]
    if not whole:
        return f"SELECT * FROM read_csv({name})"
    texts = f"read_csv({name}, all_varchar = true)"
    kinds = {str(row[0]): str(row[1]) for row in described}
    checks = ", ".join(
        f"coalesce(bool_or(regexp_matches({identifier(column)}, '^[+]|^-?0[0-9]')), false)" for column in whole
    )
    found = connection.execute(f"SELECT {checks} FROM {texts}").fetchall()[0]
    kept = [column for column, padded in zip(whole, found, strict=True) if padded]
    if not kept:
        return f"SELECT * FROM read_csv({name})"
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in kinds if column in kept)
    return f"SELECT * FROM read_csv({name}, types = {{{types}}})"
