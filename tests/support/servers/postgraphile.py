"""A real PostGraphile, from the npm registry, on a database of the suite's own Postgres server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.support.servers.accounts import Account
from tests.support.servers.installing import Recipe, installed
from tests.support.servers.serving import free_port, serving

RECIPE = Recipe(
    "postgraphile",
    [["npm", "install", "--no-audit", "--no-fund", "--loglevel", "error", "postgraphile@4.14.1"]],
    needs=("npm", "node"),
    files={"package.json": '{"private": true}\n'},
)

PEOPLE = 1_900
"""Rows of the table; two of three have the plan `pro`, which fill three pages."""

SECRET = "what tokens are signed with"

SCHEMA = f"""
    CREATE SCHEMA crm;
    CREATE TABLE crm.plan (plan text PRIMARY KEY, title text NOT NULL);
    INSERT INTO crm.plan VALUES ('pro', 'Professional'), ('free', 'Free of charge'), ('none', 'Nobody yet');
    CREATE TABLE crm.person (
        id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        email text NOT NULL,
        plan text NOT NULL REFERENCES crm.plan
    );
    CREATE INDEX ON crm.person (plan);
    INSERT INTO crm.person (email, plan)
        SELECT 'member' || n || '@example.test', CASE WHEN n % 3 = 0 THEN 'free' ELSE 'pro' END
        FROM generate_series(1, {PEOPLE}) AS n;
"""


@contextmanager
def _roles(dsn: str) -> Iterator[tuple[str, str]]:
    """Makes a role that may do nothing and one that reads; roles belong to the whole server, and go at the end."""
    name = conninfo_to_dict(dsn)["dbname"]
    nobody, reader = f"{name}_nobody", f"{name}_reader"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {nobody}; CREATE ROLE {reader}".encode())
        connection.execute(f"GRANT USAGE ON SCHEMA crm TO {reader}".encode())
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA crm TO {reader}".encode())
    try:
        yield nobody, reader
    finally:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for role in (nobody, reader):
                connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


@contextmanager
def running(run: Path, dsn: str) -> Iterator[Account]:
    """Runs it in an empty folder, on an empty database; gives the account."""
    folder, port = installed(RECIPE), free_port()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
    parts = conninfo_to_dict(dsn)
    address = f"postgres://{parts['user']}@/{parts['dbname']}?host={quote(str(parts['host']), safe='')}"
    url = f"http://127.0.0.1:{port}"
    with _roles(dsn) as (nobody, reader):
        words = ["node", folder / "node_modules/.bin/postgraphile", "--connection", address, "--schema", "crm"]
        words += ["--host", "127.0.0.1", "--port", str(port), "--default-role", nobody]
        words += ["--jwt-secret", SECRET, "--jwt-role", "sub", "--jwt-verify-audience", "postgraphile"]
        with serving(words, url=f"{url}/graphql", folder=run):
            yield Account("postgraphile", url, {"jwt_secret": SECRET}, {"plan": "pro"}, {"role": reader})


def people(dsn: str) -> set[tuple[str, str]]:
    """Id and address of everybody on the plan, read from the table."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute("SELECT id::text, email FROM crm.person WHERE plan = 'pro'").fetchall()
    return set(found)
