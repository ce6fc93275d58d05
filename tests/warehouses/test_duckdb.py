import stat
import sys
import threading

import duckdb
import pydantic
import pytest

from remote_segments.errors import EngineError, ProjectError, TemporaryError
from remote_segments.warehouses.duckdb import DuckDBSettings
from remote_segments.warehouses.duckdb_failures import failed
from tests.support.warehouses import duckdb_warehouse as opened


def test_settings_are_read_without_touching_anything(tmp_path):
    """A relative path starts from the project's folder; opening a warehouse makes no file."""
    warehouse = DuckDBSettings.model_validate({"kind": "duckdb", "path": "data/w.duckdb"}).open(tmp_path)
    assert (warehouse.path, warehouse.schema, warehouse.dialect) == (tmp_path / "data/w.duckdb", "segments", "duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_file_called_like_the_schema_is_refused():
    """DuckDB calls such a table ambiguous, so it is said before anything is written."""
    with pytest.raises(pydantic.ValidationError, match="another name"):
        DuckDBSettings.model_validate({"kind": "duckdb", "path": "x/Segments.prod.db", "schema": "segments"})


def test_a_model_in_a_schema_called_like_the_file_is_read(tmp_path):
    """A warehouse.duckdb with a schema `warehouse` is common; its tables are reached by a view."""
    warehouse = opened(tmp_path)
    with warehouse.connection() as connection:
        connection.execute("CREATE SCHEMA warehouse.warehouse")
        connection.execute("CREATE TABLE warehouse.warehouse.contacts AS SELECT 1 AS id").fetchall()
    with warehouse.read() as session:
        relation = session.expose(table="warehouse.contacts")
        assert session.rows(f'SELECT id FROM "{relation.name}"') == [(1,)]


def test_reading_before_the_first_write_finds_nothing_and_makes_nothing(tmp_path):
    """A reader does not create the file, nor the folder of locks."""
    with opened(tmp_path).read() as session:
        assert session.relation("members") is None
        assert session.rows("SELECT 1") == [(1,)]
    assert list(tmp_path.iterdir()) == []


def test_what_is_made_is_for_its_owner_only(tmp_path):
    """Members are personal data: file, log and locks are closed to others; later a person may open the file to some."""
    warehouse = opened(tmp_path)
    with warehouse.connection() as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a").fetchall()
    folder = tmp_path / "warehouse.duckdb.locks"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [warehouse.path, folder, *folder.iterdir()]}
    assert modes == {"warehouse.duckdb": 0o600, "warehouse.duckdb.locks": 0o700, "gate": 0o600, "turn": 0o600}
    warehouse.path.chmod(0o640)
    with warehouse.write() as session:
        session.ensure_table("t", {"a": "text"})
    assert stat.S_IMODE(warehouse.path.stat().st_mode) == 0o640


@pytest.mark.parametrize("content", [b"", b"nobody's database" * 1000])
def test_a_file_that_is_no_database_is_named(tmp_path, content):
    """The path is probably wrong: it is named, and the file is left as it is."""
    warehouse = opened(tmp_path)
    warehouse.path.write_bytes(content)
    for session in (warehouse.read, warehouse.write):
        with pytest.raises(ProjectError) as caught, session():
            pass
        assert caught.value.code == "warehouse-unreadable"
        assert str(warehouse.path) in str(caught.value)
    assert warehouse.path.read_bytes() == content


def test_a_missing_folder_is_named(tmp_path):
    """A misspelt folder is not made in silence."""
    warehouse = opened(tmp_path / "gone")
    for session in (warehouse.write(), warehouse.segment_lock("vip")):
        with pytest.raises(ProjectError) as caught, session:
            pass
        assert caught.value.code == "missing-folder"


def test_two_links_to_one_file_share_its_queue(tmp_path):
    """The queue stands beside the file itself, so that no session passes it by another name."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert opened(tmp_path / "link").path == opened(tmp_path / "real").path


def test_a_memory_limit_is_a_size(tmp_path):
    """A misspelt size is refused when the project is loaded, not when the file is opened."""
    with pytest.raises(pydantic.ValidationError):
        opened(tmp_path, memory_limit="4 gigs")
    assert opened(tmp_path, memory_limit="1.5 GiB").settings.memory_limit == "1.5 GiB"


def test_another_program_that_keeps_the_file_is_named(tmp_path, process):
    """A database browser left open stops readers and writers with its process number, after the wait."""
    warehouse = opened(tmp_path, wait_seconds=0)
    with warehouse.write():
        pass
    child = process("hold", warehouse)
    assert child.stdout.readline() == "open\n"
    for session in (warehouse.read, warehouse.write):
        with pytest.raises(TemporaryError) as caught, session():
            pass
        assert caught.value.code == "warehouse-busy"
        assert str(child.pid) in str(caught.value)
        assert "python" in str(caught.value)


def test_a_session_waits_for_another_program_to_close_the_file(tmp_path, process):
    """Within the wait, a session begins as soon as the file is free."""
    warehouse = opened(tmp_path)
    with warehouse.write():
        pass
    child = process("hold", warehouse)
    assert child.stdout.readline() == "open\n"
    found = []

    def read():
        with warehouse.read() as session:
            found.extend(session.rows("SELECT 1"))

    reader = threading.Thread(target=read)
    reader.start()
    child.stdin.close()
    reader.join()
    assert found == [(1,)]


def test_a_connection_of_this_process_that_skipped_the_queue_is_told(tmp_path):
    """DuckDB cannot open a file in two ways in one process: the message says that it is this one."""
    warehouse = opened(tmp_path, wait_seconds=0)
    other = duckdb.connect(str(warehouse.path))
    with pytest.raises(TemporaryError, match="this very process") as caught, warehouse.read():
        pass
    other.close()
    assert caught.value.code == "warehouse-busy"


def test_the_raw_connection_is_closed_after_a_failure(tmp_path):
    """A user's own SQL asset that fails does not keep the file."""
    warehouse = opened(tmp_path, wait_seconds=0)

    def fails():
        with warehouse.connection() as connection:
            connection.execute("CREATE TABLE t AS SELECT 1 AS a").fetchall()
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    with warehouse.connection(read_only=True) as connection:
        assert connection.execute("SELECT * FROM t").fetchall() == [(1,)]


def test_threads_of_one_process_take_turns(tmp_path):
    """Reading and writing threads never mix their modes in one process."""
    warehouse = opened(tmp_path, wait_seconds=0)
    with warehouse.write() as session:
        session.execute("CREATE TABLE segments.t AS SELECT 0 AS a")
    failures = []

    def work(writes):
        try:
            for _ in range(8):
                if writes:
                    with warehouse.write() as session:
                        session.execute("UPDATE segments.t SET a = a + 1")
                else:
                    with warehouse.read() as session:
                        session.rows("SELECT a FROM segments.t")
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=[number % 2 == 0]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with warehouse.read() as session:
        assert session.rows("SELECT a FROM segments.t") == [(24,)]


def test_sessions_are_not_nested(tmp_path):
    """A thread that opened a second session would wait for itself; only a reader inside a reader is possible."""
    warehouse = opened(tmp_path)
    with warehouse.write():
        for session in (warehouse.read, warehouse.write, opened(tmp_path).read):
            with pytest.raises(EngineError, match="session-nested"), session():
                pass
    with warehouse.read(), warehouse.read() as session:
        assert session.rows("SELECT 1") == [(1,)]


def test_timestamps_need_no_further_package(tmp_path, monkeypatch):
    """DuckDB's own fetching of a TIMESTAMPTZ asks for pytz; a session does not."""
    monkeypatch.setitem(sys.modules, "pytz", None)
    with opened(tmp_path).read() as session:
        ((found,),) = session.rows("SELECT TIMESTAMPTZ '2026-11-24 12:00:00+09'")
        assert found.isoformat() == "2026-11-24T03:00:00+00:00"
        assert session.frame("SELECT now() AS seen")["seen"].dt.tz is not None


def test_a_loading_session_gets_its_memory_back(tmp_path):
    """The limit while loading is for the load alone."""
    import pyarrow as pa
    import pyarrow.parquet

    pyarrow.parquet.write_table(pa.table({"a": ["x"]}), tmp_path / "a.parquet")
    warehouse = opened(tmp_path, memory_limit="1GiB", threads=1)
    with warehouse.write() as session:
        session.ensure_table("t", {"a": "text"})
        session.load("t", tmp_path / "a.parquet", {})
        assert session.rows("SELECT current_setting('memory_limit')") == [("1.0 GiB",)]


def test_a_session_that_stays_small_gives_its_memory_back_when_it_has_ended(tmp_path):
    """The more rows and threads, the more it has; never more than the project allows."""
    warehouse = opened(tmp_path, memory_limit="1GiB", threads=4)
    asked = "SELECT current_setting('memory_limit')"
    for rows, limit in ((0, "128.0 MiB"), (2_000_000, "256.0 MiB"), (90_000_000, "1.0 GiB")):
        with warehouse.write() as session:
            session.stay_small(rows)
            assert session.rows(asked) == [(limit,)]
    with warehouse.write() as session:
        assert session.rows(asked) == [("1.0 GiB",)]


def test_a_full_disk_and_a_full_memory_are_temporary():
    """Both may pass, and the message says what to do; the texts are DuckDB's own."""
    full = failed(duckdb.TransactionException("Failed to commit: Could not write file: No space left on device"))
    memory = failed(duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data of size 1.0 MiB"))
    assert [(type(error), error.code) for error in (full, memory)] == [
        (TemporaryError, "disk-full"),
        (TemporaryError, "out-of-memory"),
    ]


def test_a_python_variable_is_no_table(tmp_path):
    """A misspelt table is an error even when some variable is called so."""
    contacts = duckdb.sql("SELECT 1 AS id").to_arrow_table()
    assert contacts.num_rows == 1
    with opened(tmp_path).read() as session, pytest.raises(EngineError, match="contacts"):
        session.rows("SELECT * FROM contacts")


def test_a_file_of_one_large_row_group_is_loaded(tmp_path):
    """The limit while loading grows with what has to be decoded at once."""
    columns = {f"c{number}": "text" for number in range(12)}
    values = ", ".join(f"md5(concat(i, '{name}')) || md5(i::VARCHAR) AS {name}" for name in columns)
    path = tmp_path / "wide.parquet"
    copy = f"COPY (SELECT {values} FROM range(200000) AS q(i)) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 1000000)"
    duckdb.connect().execute(copy).fetchall()
    warehouse = opened(tmp_path)
    with warehouse.write() as session:
        session.ensure_table("members", {"segment": "text", **columns})
        assert session.load("members", path, {"segment": "vip"}) == 200_000
