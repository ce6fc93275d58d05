"""Work of another process on a warehouse: `python warehouse_process.py WHAT SETTINGS [ARGUMENT]`.

Every line on standard output tells that a step is done; the process that reads it needs no sleeping.
"""

import json
import resource
import sys
from pathlib import Path

from pydantic import TypeAdapter

from remote_segments.errors import RemoteSegmentsError
from remote_segments.warehouses.duckdb import DuckDBSettings
from remote_segments.warehouses.postgres import PostgresSettings
from tests.support.memory import peak_megabytes


def told(text: str) -> None:
    """Writes a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def half_way(warehouse, _) -> None:
    """Replaces a table in a session that never ends."""
    with warehouse.write() as session:
        session.replace_table("vip", "SELECT 3 AS id, 'new' AS name")
        session.ensure_table("added", {"a": "text"})
        told("written")
        sys.stdin.read()


def for_ever(warehouse, _) -> None:
    """Replaces a table with 1, 2, 3, ... in session after session: all of its 2,000 rows hold the same number."""
    number = 0
    while True:
        number += 1
        rows = " UNION ALL ".join(["SELECT 1 AS one"] * 10)
        tens = f"SELECT 1 AS one FROM ({rows}) a, ({rows}) b, ({rows}) c, (SELECT 1 AS one UNION ALL SELECT 2) d"
        with warehouse.write() as session:
            session.replace_table("vip", f"SELECT {number} AS id FROM ({tens}) AS q")
        told(str(number))


def add(warehouse, turns: str) -> None:
    """Reads a number and writes the next one, in one session each time; two columns always hold the same."""
    for _ in range(int(turns)):
        with warehouse.write() as session:
            ((number,),) = session.rows("SELECT a FROM segments.counter")
            session.execute(f"UPDATE segments.counter SET a = {number + 1}")
            session.execute(f"UPDATE segments.counter SET b = {number + 1}")
    told("done")


def watch(warehouse, turns: str) -> None:
    """Reads both columns, and tells how often they differed or the number fell."""
    wrong = last = 0
    for _ in range(int(turns)):
        with warehouse.read() as session:
            ((a, b),) = session.rows("SELECT a, b FROM segments.counter")
        wrong += a != b or a < last
        last = a
    told(f"wrong {wrong}")


def hold(warehouse, _) -> None:
    """Keeps a DuckDB file open like a database browser does, until standard input ends."""
    import duckdb

    with duckdb.connect(str(warehouse.path)):
        told("open")
        sys.stdin.read()


def lock(warehouse, segment: str) -> None:
    """Keeps a segment's lock until standard input ends."""
    with warehouse.segment_lock(segment):
        told("locked")
        sys.stdin.read()


def load(warehouse, parquet: str) -> None:
    """Loads a file, and tells by how many kilobytes the process grew beyond what small files take."""
    small, large = (Path(path) for path in parquet.split(","))
    with warehouse.write() as session:
        session.load("members", small, {"segment": "vip"})
    before = peak_megabytes()
    with warehouse.write() as session:
        session.load("members", large, {"segment": "vip"})
    told(str(round((peak_megabytes() - before) * 1024)))


def fill(warehouse, _) -> None:
    """Replaces a table by more than the file may hold (the limit of the process stands for the disk)."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**21, 2**21))
    try:
        with warehouse.write() as session:
            numbers = " CROSS JOIN ".join(f"range(100) AS n{place}(x{place})" for place in range(3))
            session.replace_table("vip", f"SELECT x0 AS id, md5(x0 || '-' || x1 || '-' || x2) AS text FROM {numbers}")
    except RemoteSegmentsError as failure:
        told(f"{type(failure).__name__} {failure.code}")


def main() -> None:
    """Runs one of the functions above."""
    what, settings, *arguments = sys.argv[1:]
    block = json.loads(settings)
    kinds = DuckDBSettings if block["kind"] == "duckdb" else PostgresSettings
    warehouse = TypeAdapter(kinds).validate_python(block).open(Path())
    globals()[what](warehouse, *(arguments or [""]))


if __name__ == "__main__":
    main()
