import uuid

import psycopg
import pydantic
import pytest

from remote_segments.errors import EngineError, ProjectError, TemporaryError
from remote_segments.warehouses.postgres import PostgresSettings
from tests.support.warehouses import postgres_warehouse as opened


def administrator(dsn, *statements):
    with psycopg.connect(dsn, autocommit=True) as connection:
        return [connection.execute(statement) for statement in statements][-1]


@pytest.fixture
def role(postgres_dsn):
    """A user of the server without any right of its own."""
    name = f"role_{uuid.uuid4().hex}"
    administrator(postgres_dsn, f"CREATE ROLE {name} LOGIN PASSWORD 'canary-right'")
    return name


@pytest.mark.parametrize(
    "block",
    [
        {},
        {"host": "h", "user": "u"},
        {"dsn": {"env": "DSN"}, "host": "h"},
        {"dsn": "postgresql://user:password@host/database"},
        {"host": "h", "database": "d", "user": "u", "password": "plain"},
    ],
)
def test_a_server_is_named_in_one_way_and_without_a_plain_secret(block):
    """Half of the parts, both ways at once, or a password in the file are refused."""
    with pytest.raises(pydantic.ValidationError):
        PostgresSettings.model_validate({"kind": "postgres", **block})


def test_the_secret_is_read_when_a_session_opens(postgres_dsn, tmp_path, monkeypatch):
    """Loading a project needs no secret; a connection string serves as well as its parts."""
    warehouse = PostgresSettings.model_validate({"kind": "postgres", "dsn": {"env": "TEST_DSN"}}).open(tmp_path)
    with pytest.raises(ProjectError, match="secret-unset"), warehouse.read():
        pass
    monkeypatch.setenv("TEST_DSN", "canary not a connection string")
    with pytest.raises(ProjectError, match="warehouse-refused") as caught, warehouse.read():
        pass
    assert "canary" not in str(caught.value)
    monkeypatch.setenv("TEST_DSN", postgres_dsn)
    with warehouse.write() as session:
        assert session.rows("SELECT current_setting('TimeZone'), current_setting('transaction_isolation')") == [
            ("UTC", "repeatable read")
        ]


def test_a_server_that_does_not_answer_is_down():
    """Nothing listens there: it may later, so it is worth trying again."""
    parts = {"host": "127.0.0.1", "port": 1, "database": "d", "user": "u"}
    warehouse = PostgresSettings.model_validate({"kind": "postgres", **parts}).open(None)
    for session in (warehouse.read(), warehouse.write(), warehouse.segment_lock("vip")):
        with pytest.raises(TemporaryError) as caught, session:
            pass
        assert caught.value.code == "warehouse-down"
        assert "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize("wrong", [{"database": "nowhere"}, {"user": "nobody_here"}])
def test_a_wrong_database_or_user_is_refused(postgres_dsn, wrong):
    """Trying again changes nothing: the file or the server must be mended."""
    with pytest.raises(ProjectError) as caught, opened(postgres_dsn, **wrong).read():
        pass
    assert caught.value.code == "warehouse-refused"
    assert next(iter(wrong.values())) in str(caught.value)


def test_a_wrong_password_is_refused_and_never_shown(postgres_dsn, role, monkeypatch):
    """The server asks this user for a password: the right one opens, the wrong one is not repeated in the message."""
    with administrator(postgres_dsn, "SHOW hba_file") as cursor:
        path = cursor.fetchone()[0]
    with open(path) as file:
        before = file.read()
    with open(path, "w") as file:
        file.write(f"local all {role} scram-sha-256\n{before}")
    administrator(postgres_dsn, "SELECT pg_reload_conf()")
    warehouse = opened(postgres_dsn, user=role, password={"env": "TEST_PASSWORD"})
    monkeypatch.setenv("TEST_PASSWORD", "canary-wrong")
    with pytest.raises(ProjectError) as caught, warehouse.read():
        pass
    assert caught.value.code == "warehouse-refused"
    assert "canary" not in str(caught.value)
    monkeypatch.setenv("TEST_PASSWORD", "canary-right")
    with warehouse.read() as session:
        assert session.rows("SELECT 1") == [(1,)]


def test_a_missing_right_is_told_with_its_grant(postgres_dsn, role):
    """First the schema, then the model: each message holds the statement that an administrator runs."""
    warehouse = opened(postgres_dsn, user=role)
    with pytest.raises(ProjectError, match="grant-missing") as caught, warehouse.write():
        pass
    assert "GRANT CREATE, TEMPORARY ON DATABASE" in str(caught.value)
    administrator(postgres_dsn, f"CREATE SCHEMA segments AUTHORIZATION {role}", "CREATE SCHEMA crm")
    administrator(postgres_dsn, "CREATE TABLE crm.contacts AS SELECT 1 AS id", f"GRANT USAGE ON SCHEMA crm TO {role}")
    for ask in ({"table": "crm.contacts"}, {"sql": "SELECT * FROM crm.contacts"}):
        with pytest.raises(ProjectError, match="grant-missing") as caught:
            _read_model(warehouse, **ask)
        assert "GRANT SELECT ON" in str(caught.value)
        assert role in str(caught.value)
    administrator(postgres_dsn, f"GRANT SELECT ON crm.contacts TO {role}")
    with warehouse.write() as session:
        session.expose(table="crm.contacts")
        assert session.replace_table("vip", 'SELECT * FROM "crm"."contacts"') == 1


def test_grants_survive_a_replacement(postgres_dsn, role):
    """An analyst who may read the segment still may after a refresh, also after one with another column."""
    warehouse = opened(postgres_dsn)
    with warehouse.write() as session:
        session.replace_table("vip", "SELECT 1 AS id, 'a' AS name")
    administrator(postgres_dsn, f"GRANT USAGE ON SCHEMA segments TO {role}", f"GRANT SELECT ON segments.vip TO {role}")
    for select in ("SELECT 2 AS id, 'b' AS name", "SELECT 3 AS id, 7 AS extra"):
        with warehouse.write() as session:
            session.replace_table("vip", select)
    with opened(postgres_dsn, user=role).read() as session:
        assert session.rows("SELECT id, extra FROM segments.vip") == [(3, 7)]


def test_readers_see_the_old_rows_until_the_commit_and_never_wait(postgres_warehouse):
    """Promise 1: while a segment is replaced, everybody reads the whole old one."""
    with postgres_warehouse.write() as session:
        session.replace_table("vip", "SELECT 1 AS id UNION ALL SELECT 2")
    with postgres_warehouse.read() as early:
        assert early.rows("SELECT count(*) FROM segments.vip") == [(2,)]
        with postgres_warehouse.write() as session:
            session.replace_table("vip", "SELECT 3 AS id")
            with postgres_warehouse.read() as other:
                assert other.rows("SELECT id FROM segments.vip ORDER BY id") == [(1,), (2,)]
        assert early.rows("SELECT count(*) FROM segments.vip") == [(2,)]
    with postgres_warehouse.read() as late:
        assert late.rows("SELECT id FROM segments.vip") == [(3,)]


def test_a_lock_that_somebody_keeps_ends_the_wait(postgres_dsn):
    """A change of columns needs the table for itself; who waits for it is told after the wait."""
    warehouse = opened(postgres_dsn, wait_seconds=0)
    with warehouse.write() as session:
        session.replace_table("vip", "SELECT 1 AS id")
    with warehouse.write() as session:
        session.replace_table("vip", "SELECT 1 AS id, 2 AS extra")
        with warehouse.read() as other, pytest.raises(TemporaryError) as caught:
            other.rows("SELECT * FROM segments.vip")
    assert caught.value.code == "warehouse-busy"


def test_two_transactions_on_the_same_row_are_a_conflict(postgres_warehouse):
    """The second is undone as a whole, and may be tried again."""
    with postgres_warehouse.write() as session:
        session.execute("CREATE TABLE segments.t AS SELECT 1 AS a")

    def late():
        with postgres_warehouse.write() as session:
            session.rows("SELECT * FROM segments.t")
            with postgres_warehouse.write() as other:
                other.execute("UPDATE segments.t SET a = 2")
            session.execute("UPDATE segments.t SET a = 3")

    with pytest.raises(TemporaryError) as caught:
        late()
    assert caught.value.code == "warehouse-conflict"
    with postgres_warehouse.read() as session:
        assert session.rows("SELECT a FROM segments.t") == [(2,)]


def test_two_sessions_may_ensure_the_same_table(postgres_warehouse):
    """Both found it missing; the second waits for the first and then has what it wanted."""
    import threading

    def ensure():
        with postgres_warehouse.write() as session:
            session.ensure_table("members", {"segment": "text", "snapshot_id": "text"})

    with postgres_warehouse.write() as session:
        session.ensure_table("members", {"segment": "text", "snapshot_id": "text", "email": "text"})
        other = threading.Thread(target=ensure)
        other.start()
    other.join()
    with postgres_warehouse.read() as session:
        assert list(session.relation("members").columns) == ["segment", "snapshot_id", "email"]
        assert session.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'members'") == [
            ("members_by_snapshot",)
        ]


def test_names_are_cut_where_postgres_cuts_them(postgres_warehouse):
    """A name of more than 63 bytes is found again under what Postgres made of it."""
    long = "é" * 40
    with postgres_warehouse.write() as session:
        for _ in range(2):
            session.ensure_table(long, {long: "text", "b": "text"})
        session.append(long, [{long: "x", "b": "y"}])
        session.replace_table(f"{long}2", f'SELECT * FROM segments."{long}"')
        relation = session.relation(long)
    assert (relation.name, list(relation.columns)) == ("é" * 31, ["é" * 31, "b"])


def test_a_lost_connection_is_temporary_and_undoes_the_session(postgres_dsn, postgres_warehouse):
    """The server ended the session in mid-write: nothing was written, and trying again may succeed."""

    def lost():
        with postgres_warehouse.write() as session:
            session.ensure_table("t", {"a": "text"})
            ((number,),) = session.rows("SELECT pg_backend_pid()")
            administrator(postgres_dsn, f"SELECT pg_terminate_backend({number})")
            while True:
                session.rows("SELECT 1")

    with pytest.raises(TemporaryError) as caught:
        lost()
    assert caught.value.code == "warehouse-down"
    with postgres_warehouse.read() as session:
        assert session.relation("t") is None


def test_a_cancelled_statement_is_temporary(postgres_dsn, role):
    """A role with a short statement_timeout is told so."""
    administrator(postgres_dsn, f"ALTER ROLE {role} SET statement_timeout = 1")
    with opened(postgres_dsn, user=role).read() as session, pytest.raises(TemporaryError) as caught:
        session.rows("SELECT count(*) FROM generate_series(1, 100000000)")
    assert caught.value.code == "statement-cancelled"


def test_grown_tables_get_new_statistics_after_the_commit(postgres_warehouse):
    """The planner knows a table's size at once, without holding a lock of the session."""
    with postgres_warehouse.write() as session:
        session.ensure_table("members", {"segment": "text", "snapshot_id": "text"})
        select = "SELECT 'vip', 's1' FROM generate_series(1, 10000)"
        assert session.insert("members", ["segment", "snapshot_id"], select) == 10_000
    with postgres_warehouse.read() as session:
        assert session.rows("SELECT reltuples FROM pg_class WHERE relname = 'members'") == [(10_000,)]


def test_a_text_that_postgres_cannot_store_is_refused_without_showing_it(postgres_warehouse):
    """Postgres has no zero byte in texts; the message does not repeat the value."""

    def write():
        with postgres_warehouse.write() as session:
            session.ensure_table("t", {"a": "text"})
            session.append("t", [{"a": "canary\0"}])

    with pytest.raises(EngineError) as caught:
        write()
    assert "canary" not in str(caught.value)


def _read_model(warehouse, **model):
    with warehouse.read() as session:
        relation = session.expose(**model)
        session.rows(f'SELECT * FROM "{relation.name}"')
