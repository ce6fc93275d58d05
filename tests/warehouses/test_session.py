from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from remote_segments.errors import EngineError, ProjectError

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
COLUMNS = {"segment": "text", "snapshot_id": "text", "member_no": "bigint", "seen_at": "timestamp", "share": "double"}


def rows_of(warehouse, sql):
    with warehouse.read() as session:
        return session.rows(sql)


def write(warehouse, *statements):
    with warehouse.write() as session:
        for statement in statements:
            session.execute(statement)


def test_a_table_is_created_once_and_then_gains_the_columns_that_it_lacks(warehouse):
    """Ensuring a table is additive, in one session and in later ones."""
    for columns in ({"a": "text"}, {"a": "text", "b": "bigint", "c": "timestamp", "d": "double"}, {"a": "text"}):
        with warehouse.write() as session:
            session.ensure_table("t", columns)
            session.ensure_table("t", columns)
    with warehouse.read() as session:
        assert list(session.relation("t").columns) == ["a", "b", "c", "d"]


def test_appended_values_come_back_as_they_went_in(warehouse):
    """Texts, numbers, nulls and instants of any zone survive; instants come back in UTC."""
    east = NOON.astimezone(timezone(timedelta(hours=9)))
    row = {"segment": 'it\'s "100 %" \\ é\n', "snapshot_id": "", "member_no": 2**62, "seen_at": east, "share": 0.5}
    with warehouse.write() as session:
        session.ensure_table("t", COLUMNS)
        session.append("t", [row, dict.fromkeys(COLUMNS)])
        session.append("t", [])
    found = rows_of(warehouse, "SELECT * FROM segments.t ORDER BY member_no NULLS LAST")
    assert found == [('it\'s "100 %" \\ é\n', "", 2**62, NOON, 0.5), (None,) * 5]
    assert found[0][3].tzinfo is UTC


def test_a_table_of_arrow_is_staged_appended_and_read(warehouse):
    """Texts, nulls, quotes and instants go in as a table and come back as one; staging works in a reading session."""
    given = pa.table(
        {"written": ["a'b", "", None, 'x,"y"\n'], "canonical": pa.array([None, "é", "", "z"], pa.string())}
    )
    now = datetime(2026, 11, 24, 8, 0, 0, 123, tzinfo=UTC)
    whole = given.append_column("made_at", pa.array([now] * 4, pa.timestamp("us", tz="UTC")))
    with warehouse.write() as session:
        session.ensure_table("pairs", {"made_at": "timestamp", "written": "text", "canonical": "text"})
        assert session.append_table("pairs", whole) == 4
        assert session.append_table("pairs", whole.slice(0, 0)) == 0
        found = session.rows(f'SELECT written, canonical, made_at FROM "{session.schema}".pairs')
    wanted = [(*pair, now) for pair in zip(*given.to_pydict().values(), strict=True)]
    assert sorted(found, key=str) == sorted(wanted, key=str)
    with warehouse.read() as session:
        for rows in (given, given.slice(1, 2)):
            assert session.stage_table("rs_pairs", rows) == rows.num_rows
            read = session.arrow("SELECT written, canonical FROM rs_pairs")
            assert sorted(read.to_pylist(), key=str) == sorted(rows.to_pylist(), key=str)


def test_sums_and_counts_are_ints(warehouse):
    """Both engines widen sums beyond bigint; a count stays an int for who reads it."""
    sql = "SELECT sum(x), count(*), max(x), avg(x) FROM (SELECT CAST(2 AS BIGINT) AS x UNION ALL SELECT 4) AS q"
    found = rows_of(warehouse, sql)
    assert found == [(6, 2, 4, 3)]
    assert [type(value) for value in found[0][:3]] == [int] * 3


def test_a_select_of_no_rows_is_an_empty_list(warehouse):
    """No rows are no rows, whatever the columns."""
    assert rows_of(warehouse, "SELECT 1 AS a, 'x' AS b WHERE 1 = 0") == []


def test_statements_tell_how_many_rows_they_changed(warehouse):
    """Counts come from the engine itself."""
    with warehouse.write() as session:
        assert session.execute("CREATE TABLE segments.t (a INTEGER)") == -1
        assert session.insert("t", ["a"], "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3") == 3
        assert session.execute("UPDATE segments.t SET a = 0 WHERE a > 1") == 2
        assert session.execute("DELETE FROM segments.t WHERE a = 0") == 2
        assert session.stage("s", "SELECT * FROM segments.t") == 1
        assert session.stage("s", "SELECT 1 AS b UNION ALL SELECT 2") == 2
        assert session.rows("SELECT b FROM s ORDER BY b") == [(1,), (2,)]


def test_a_staged_table_belongs_to_its_session(warehouse):
    """Temporary tables hide a table of the same name in their own session, and are gone after it."""
    with warehouse.write() as session:
        session.ensure_table("t", {"a": "text"})
        session.stage("t", "SELECT 1 AS b")
        assert session.relation("t").schema is None
        assert list(session.relation("t").columns) == ["b"]
        assert list(session.relation("t", "segments").columns) == ["a"]
    with warehouse.read() as session:
        assert session.relation("t").schema == "segments"


def test_a_relation_that_is_not_there_is_none(warehouse):
    """Before the first refresh a reader finds nothing, and learns so without an error."""
    with warehouse.read() as session:
        assert session.relation("members") is None
        assert session.relation("members", "elsewhere") is None


def test_a_parquet_file_is_loaded_with_its_constants(warehouse, tmp_path):
    """Columns are found by name, nulls stay nulls and empty texts stay empty."""
    path = tmp_path / "it's.parquet"
    seen = pa.array([NOON, None, NOON], pa.timestamp("us", tz="UTC"))
    table = pa.table({"member_no": [1, 2, 3], "seen_at": seen, "segment": ["", None, 'a,"b"\n']})
    pyarrow.parquet.write_table(table, path)
    with warehouse.write() as session:
        session.ensure_table("t", COLUMNS)
        assert session.load("t", path, {"snapshot_id": "it's"}) == 3
    found = rows_of(warehouse, "SELECT segment, snapshot_id, member_no, seen_at FROM segments.t ORDER BY member_no")
    assert found == [("", "it's", 1, NOON), (None, "it's", 2, None), ('a,"b"\n', "it's", 3, NOON)]


def test_a_frame_holds_the_rows_with_their_types(warehouse):
    """A segment is read as pandas users expect: texts, numbers, instants in UTC."""
    with warehouse.write() as session:
        session.ensure_table("t", COLUMNS)
        session.append("t", [{"segment": "a", "member_no": 1, "seen_at": NOON, "share": 0.5}])
        session.append("t", [{"segment": ""}, {"segment": None}])
    with warehouse.read() as session:
        frame = session.frame("SELECT segment, member_no, seen_at, share FROM segments.t ORDER BY member_no, segment")
        none = session.frame("SELECT * FROM segments.t WHERE 1 = 0")
    assert frame["segment"].tolist()[0:2] == ["a", ""]
    assert frame["segment"].isna().tolist() == [False, False, True]
    assert frame["seen_at"][0] == NOON
    assert str(frame["seen_at"].dtype) == "datetime64[us, UTC]"
    assert frame["share"][0] == 0.5
    assert list(none.columns) == list(COLUMNS)
    assert len(none) == 0


def test_odd_names_are_only_names(warehouse):
    """No character of a table's or column's name is read as SQL."""
    columns = {'a"b': "text", "select": "bigint", "100 %s": "text", "é;--": "text", "Mixed Case": "text"}
    with warehouse.write() as session:
        session.ensure_table("odd 'name", columns)
        session.append("odd 'name", [dict(zip(columns, ["x", 1, "y", "z", "w"], strict=True))])
        select = 'SELECT * FROM segments."odd \'name"'
        assert session.insert("odd 'name", list(columns), select) == 1
        assert session.replace_table('copy"', select) == 2
        assert list(session.relation('copy"').columns) == list(columns)
        assert session.rows('SELECT * FROM segments."copy"""') == [("x", 1, "y", "z", "w")] * 2


def test_an_exception_leaves_the_old_rows(warehouse):
    """Promise 1: a writing session that fails leaves nothing of what it did."""
    write(warehouse, "CREATE TABLE segments.t AS SELECT 1 AS a")

    def fails():
        with warehouse.write() as session:
            session.replace_table("t", "SELECT 2 AS a, 3 AS b")
            session.ensure_table("u", {"a": "text"})
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert rows_of(warehouse, "SELECT * FROM segments.t") == [(1,)]
    with warehouse.read() as session:
        assert session.relation("u") is None


def test_a_refused_statement_is_an_error_without_values_and_undoes_the_session(warehouse):
    """A driver's message about data would quote it; ours never does."""
    write(warehouse, "CREATE TABLE segments.t AS SELECT 'canary@example.com' AS a")
    with pytest.raises(EngineError) as caught:
        write(
            warehouse,
            "INSERT INTO segments.t SELECT 'b'",
            "INSERT INTO segments.t SELECT CAST(a AS INTEGER) FROM segments.t",
        )
    assert caught.value.code == "statement-failed"
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert rows_of(warehouse, "SELECT count(*) FROM segments.t") == [(1,)]


def test_a_reading_session_writes_nothing(warehouse):
    """What reads cannot change; its own temporary tables are allowed, and an error does not end it."""
    write(warehouse, "CREATE TABLE segments.t AS SELECT 1 AS a")
    with warehouse.read() as session:
        with pytest.raises(EngineError):
            session.execute("DELETE FROM segments.t")
        for failing in (lambda: session.stage("s", "SELECT x FROM nowhere"), lambda: session.frame("SELEC 1")):
            with pytest.raises(EngineError):
                failing()
        assert session.stage("s", "SELECT a + 1 AS a FROM segments.t") == 1
        assert session.rows("SELECT a FROM s") == [(2,)]
    assert rows_of(warehouse, "SELECT * FROM segments.t") == [(1,)]


def test_replacing_keeps_views_and_takes_new_columns(warehouse):
    """Dashboards are views on the segment: they see the new rows, and survive a column that came or went unused."""
    with warehouse.write() as session:
        session.replace_table("vip", "SELECT 1 AS id, 'a' AS name, 5 AS unused")
        session.execute("CREATE VIEW segments.v AS SELECT id, name FROM segments.vip")
    with warehouse.write() as session:
        assert session.replace_table("vip", "SELECT 2 AS id, 'b' AS name, 7 AS extra UNION ALL SELECT 3, 'c', 8") == 2
        assert set(session.relation("vip").columns) == {"id", "name", "extra"}
    assert rows_of(warehouse, "SELECT * FROM segments.v ORDER BY id") == [(2, "b"), (3, "c")]


def test_replacing_with_other_types_changes_them(warehouse):
    """A model's column may become another type; nothing depends on it, so it simply does."""
    with warehouse.write() as session:
        session.replace_table("vip", "SELECT 1 AS id, 'a' AS name")
        session.replace_table("vip", "SELECT 'x' AS id, CAST(1.25 AS DECIMAL(6, 2)) AS name")
        session.replace_table("vip", "SELECT 'x' AS id, CAST(1.25 AS DECIMAL(8, 3)) AS name")
    with warehouse.read() as session:
        assert "8" in session.relation("vip").columns["name"]
        assert [(row[0], float(row[1])) for row in session.rows("SELECT id, name FROM segments.vip")] == [("x", 1.25)]


def test_a_column_that_a_view_needs_cannot_go(warehouse):
    """The view would break in silence: instead the refresh stops, names the view, and the old rows stay."""
    with warehouse.write() as session:
        session.replace_table("vip", "SELECT 1 AS id, 'a' AS name")
        session.execute("CREATE VIEW segments.dashboard AS SELECT name FROM segments.vip")
    with pytest.raises(ProjectError) as caught, warehouse.write() as session:
        session.replace_table("vip", "SELECT 2 AS id")
    assert caught.value.code == "column-in-use"
    assert "dashboard" in str(caught.value)
    assert rows_of(warehouse, "SELECT * FROM segments.vip") == [(1, "a")]


def test_a_model_is_a_table_of_any_schema(warehouse):
    """A model keeps its schema, and a view serves as well as a table."""
    write(
        warehouse,
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.contacts AS SELECT 1 AS id",
        "CREATE TABLE loose AS SELECT 1 AS z",
    )
    write(warehouse, "CREATE VIEW crm.seen AS SELECT id FROM crm.contacts")
    with warehouse.read() as session:
        for name in ("crm.contacts", '"crm"."contacts"', "crm.seen"):
            relation = session.expose(table=name)
            assert (relation.schema, list(relation.columns)) == ("crm", ["id"])
        assert list(session.expose(table="loose").columns) == ["z"]


@pytest.mark.parametrize("name", ["crm.contcts", "contacts", "crm.", "a.b.c", '"crm.contacts'])
def test_a_model_that_is_missing_is_named_with_its_nearest(warehouse, name):
    """A misspelt or unqualified table is refused with the one that was probably meant."""
    write(warehouse, "CREATE SCHEMA crm", "CREATE TABLE crm.contacts AS SELECT 1 AS id")
    with warehouse.read() as session, pytest.raises(ProjectError) as caught:
        session.expose(table=name)
    assert caught.value.code == "model-missing"
    if "cont" in name and not name.startswith('"'):
        assert "crm.contacts?" in str(caught.value)


def test_a_model_may_be_a_select(warehouse):
    """Several models live side by side in a session, and read the session's own tables."""
    with warehouse.write() as session:
        first = session.expose(sql="SELECT 1 AS id, 'a' AS name")
        second = session.expose(sql="SELECT 2 AS key")
        assert (first.schema, list(first.columns), list(second.columns)) == (None, ["id", "name"], ["key"])
        assert session.rows(f'SELECT id, key FROM "{first.name}", "{second.name}"') == [(1, 2)]


@pytest.mark.parametrize("sql", ["SELECT nothing FROM nowhere", "SELEC 1", "SELECT 1; SELECT 2"])
def test_a_select_that_fails_is_the_models_fault(warehouse, sql):
    """The person who wrote the model is told, and a reading session goes on."""
    with warehouse.write():
        pass
    with warehouse.read() as session:
        with pytest.raises(ProjectError) as caught:
            session.expose(sql=sql)
        assert caught.value.code == "model-unreadable"
        assert session.rows("SELECT 1") == [(1,)]


def test_a_swallowed_failure_is_not_a_success(warehouse):
    """Whoever goes on after a failed statement learns at the end that nothing was written."""

    def swallows():
        with warehouse.write() as session:
            session.execute("CREATE TABLE segments.t AS SELECT 1 AS a")
            with suppress(EngineError):
                session.rows("SELECT nothing FROM nowhere")

    with pytest.raises(EngineError) as caught:
        swallows()
    assert caught.value.code == "session-failed"
    with warehouse.read() as session:
        assert session.relation("t") is None


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_model_may_be_a_file(warehouse, tmp_path: Path, ending: str):
    """A file is a model with the types found in it, in writing and in reading sessions."""
    path = tmp_path / f"contacts.{ending}"
    if ending == "csv":
        path.write_text("id,code,phone,spend,since,Full Name\n1,007,+336,1.5,2026-01-02,Zoë\n2,10,33,,2026-01-03,\n")
    else:
        code = pa.array(["007", "10"])
        pyarrow.parquet.write_table(
            pa.table({"id": [1, 2], "code": code, "phone": ["+336", "33"], "tags": [["a"], []]}), path
        )
    for open_session in (warehouse.write, warehouse.read):
        with open_session() as session:
            relation = session.expose(path=path)
            found = session.rows(f'SELECT id, code, phone FROM "{relation.name}" ORDER BY id')
            assert found == [(1, "007", "+336"), (2, "10", "33")]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("gone.csv", None, "model-missing"),
        ("x.xlsx", b"x", "model-unreadable"),
        ("x.parquet", b"no", "model-unreadable"),
    ],
)
def test_a_file_that_cannot_be_read_is_the_models_fault(warehouse, tmp_path, name, content, code):
    """A missing file, an unknown ending and a broken file are told apart."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with warehouse.read() as session, pytest.raises(ProjectError) as caught:
        session.expose(path=tmp_path / name)
    assert caught.value.code == code
