import pyarrow as pa
import pyarrow.parquet
import pytest

from remote_segments.errors import TemporaryError


def test_a_killed_writer_leaves_the_old_rows(warehouse, process):
    """Promise 1: kill -9 in the middle of a writing session leaves what was there, and no lock."""
    with warehouse.write() as session:
        session.replace_table("vip", "SELECT 1 AS id UNION ALL SELECT 2")
    child = process("half_way", warehouse)
    assert child.stdout.readline() == "written\n"
    child.kill()
    child.wait()
    with warehouse.read() as session:
        assert session.rows("SELECT * FROM segments.vip ORDER BY id") == [(1,), (2,)]
        assert session.relation("added") is None
    with warehouse.write() as session:
        assert session.replace_table("vip", "SELECT 5 AS id") == 1


def test_a_full_disk_leaves_the_old_rows(duckdb_warehouse, process):
    """Promise 1: a file that cannot grow any more keeps what it held, and the failure is temporary."""
    with duckdb_warehouse.write() as session:
        session.replace_table("vip", "SELECT 1 AS id UNION ALL SELECT 2")
    child = process("fill", duckdb_warehouse)
    assert child.stdout.readline() == "TemporaryError disk-full\n"
    with duckdb_warehouse.read() as session:
        assert session.rows("SELECT id FROM segments.vip ORDER BY id") == [(1,), (2,)]


@pytest.mark.parametrize("turns", [1, 2, 5])
def test_a_writer_killed_at_any_moment_leaves_one_whole_version(warehouse, process, turns):
    """Promise 1: whenever the writer dies, the table holds one version, not older than the last one acknowledged."""
    child = process("for_ever", warehouse)
    for _ in range(turns):
        acknowledged = int(child.stdout.readline())
    child.kill()
    child.wait()
    with warehouse.read() as session:
        found = session.rows("SELECT id, count(*) FROM segments.vip GROUP BY id")
    assert [count for _, count in found] == [2000]
    assert found[0][0] >= acknowledged


def test_readers_and_writers_of_many_processes_take_turns(duckdb_warehouse, process):
    """No update is lost and no reader sees half of one, with two writers and two readers at the same file."""
    with duckdb_warehouse.write() as session:
        session.execute("CREATE TABLE segments.counter AS SELECT 0 AS a, 0 AS b")
    writers = [process("add", duckdb_warehouse, "15") for _ in range(2)]
    readers = [process("watch", duckdb_warehouse, "15") for _ in range(2)]
    assert [child.stdout.readline() for child in writers] == ["done\n"] * 2
    assert [child.stdout.readline() for child in readers] == ["wrong 0\n"] * 2
    with duckdb_warehouse.read() as session:
        assert session.rows("SELECT a, b FROM segments.counter") == [(30, 30)]


def test_a_segment_is_refreshed_by_one_process_at_a_time(warehouse, process):
    """The second one is told at once who has it; another segment is free; a killed holder leaves no lock."""
    child = process("lock", warehouse, "vip")
    assert child.stdout.readline() == "locked\n"
    with pytest.raises(TemporaryError) as caught, warehouse.segment_lock("vip"):
        pass
    assert caught.value.code == "refresh-running"
    assert f"process {child.pid}" in str(caught.value)
    with warehouse.segment_lock("other"):
        pass
    child.kill()
    child.wait()
    while True:  # the Postgres server needs a moment to see that its client is gone
        try:
            with warehouse.segment_lock("vip"), pytest.raises(TemporaryError), warehouse.segment_lock("vip"):
                pass
        except TemporaryError:
            continue
        break


def test_loading_takes_the_same_memory_for_twenty_times_the_rows(warehouse, process, tmp_path):
    """Promise 10: a file goes through in batches; 64 MB more are allowed for 1,900,000 more rows of 116 MB."""
    paths = []
    for count in (100_000, 2_000_000):
        path = tmp_path / f"{count}.parquet"
        batch = pa.table({"email": [f"person-{number}-with-a-long-address@example.com" for number in range(50_000)]})
        with pyarrow.parquet.ParquetWriter(path, batch.schema) as writer:
            for _ in range(count // 50_000):
                writer.write_table(batch)
        paths.append(str(path))
    with warehouse.write() as session:
        session.ensure_table("members", {"segment": "text", "email": "text"})
    child = process("load", warehouse, ",".join(paths))
    grown = int(child.stdout.readline())
    with warehouse.read() as session:
        assert session.rows("SELECT count(*) FROM segments.members") == [(2_100_000,)]
    assert grown < 64 * 1024


def test_a_segment_is_free_as_soon_as_its_block_has_ended(warehouse):
    """Whoever comes next need not wait until the server has noticed that a connection is closed."""
    for _ in range(40):
        with warehouse.segment_lock("vip"):
            pass
