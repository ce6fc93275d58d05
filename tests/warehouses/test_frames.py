import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal


def test_whole_numbers_stay_whole_with_nulls(warehouse):
    """Pandas would make a float of 2**53 + 1, and another key of it."""
    with warehouse.read() as session:
        frame = session.frame("SELECT CAST(9007199254740993 AS BIGINT) AS id UNION ALL SELECT NULL")
    assert str(frame["id"].dtype) == "Int64"
    assert frame["id"].max() == 9007199254740993


def test_decimals_stay_exact_and_sums_are_whole(warehouse):
    """Money is not rounded, and the sum of integers is an integer."""
    with warehouse.read() as session:
        frame = session.frame(
            "SELECT CAST(0.10 AS DECIMAL(10, 2)) AS price, sum(x) AS total, CAST(NULL AS DECIMAL(10, 2)) AS nothing "
            "FROM (SELECT CAST(1 AS BIGINT) AS x UNION ALL SELECT 2) AS q"
        )
    assert frame["price"].tolist() == [Decimal("0.10")]
    assert frame["total"].tolist() == [3]
    assert str(frame["total"].dtype) == "int64"
    assert frame["nothing"].isna().tolist() == [True]


def test_a_frame_of_one_column_keeps_its_nulls(warehouse):
    """A row of one null is an empty line on the way from Postgres, and still a row."""
    with warehouse.read() as session:
        frame = session.frame(
            "SELECT CAST(NULL AS VARCHAR) AS name UNION ALL SELECT '' UNION ALL SELECT 'a,\"b\"' || chr(10)"
        )
    assert sorted(frame["name"].dropna()) == ["", 'a,"b"\n']
    assert len(frame) == 3


def test_booleans_and_dates_keep_their_types(warehouse):
    """What the model holds is what a frame holds."""
    with warehouse.read() as session:
        frame = session.frame("SELECT TRUE AS yes, DATE '2026-11-24' AS day, CAST(1.5 AS REAL) AS share")
    assert str(frame["yes"].dtype) == "bool"
    assert str(frame["day"][0]) == "2026-11-24"
    assert frame["share"][0] == 1.5


def test_instants_are_aware_and_exact(warehouse):
    """To the microsecond, before 1970, and nothing where there is nothing."""
    with warehouse.read() as session:
        rows = session.rows(
            "SELECT CAST('2026-11-24 08:30:15.123456+00' AS TIMESTAMPTZ) AS a, "
            "CAST('1969-12-31 23:59:59.999999+00' AS TIMESTAMPTZ) AS b, CAST(NULL AS TIMESTAMPTZ) AS c"
        )
    late = datetime(2026, 11, 24, 8, 30, 15, 123456, tzinfo=UTC)
    assert rows == [(late, datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), None)]


def test_rows_are_read_without_pandas(tmp_path):
    """It takes 40 MB and a third of a second, in every command."""
    code = (
        "import sys; from pathlib import Path; from remote_segments.warehouses.duckdb import DuckDBSettings\n"
        "settings = DuckDBSettings(kind='duckdb', path='w.duckdb')\n"
        f"with settings.open(Path({str(tmp_path)!r})).write() as session:\n"
        "    ((at, number, text),) = session.rows(\"SELECT now(), 1, 'x'\")\n"
        "assert at.tzinfo and (number, text) == (1, 'x')\n"
        "sys.exit('pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
