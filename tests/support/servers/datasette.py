"""A real Datasette, from the Python package index, on a table of people."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.servers.accounts import Account
from tests.support.servers.installing import installed, python_recipe
from tests.support.servers.serving import free_port, serving

RECIPE = python_recipe("datasette", "datasette==0.65.5", "datasette-auth-tokens==0.3")

PEOPLE = 2_350
"""Rows of the table, which fill three pages."""

TOKEN = "a-token-of-the-plugin"


@contextmanager
def running(run: Path) -> Iterator[tuple[Account, Path]]:
    """Runs it in an empty folder; gives the account, and the database."""
    folder, database = installed(RECIPE), run / "crm.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE vip (person TEXT PRIMARY KEY, email TEXT, plan TEXT)")
        connection.execute("CREATE TABLE nobody (person TEXT PRIMARY KEY, email TEXT, plan TEXT)")
        rows = ((f"P{number * 7919 % 10_007:05d}", f"member{number}@example.test", "pro") for number in range(PEOPLE))
        connection.executemany("INSERT INTO vip VALUES (?, ?, ?)", rows)
        connection.commit()
    tokens = [{"token": {"$env": "DATASETTE_TOKEN"}, "actor": {"id": "segments"}}]
    metadata = {
        "databases": {"crm": {"allow": {"id": "segments"}}},
        "plugins": {"datasette-auth-tokens": {"tokens": tokens}},
    }
    (run / "metadata.json").write_text(json.dumps(metadata))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    words = [folder / "venv/bin/datasette", "serve", database, "--port", str(port), "-m", run / "metadata.json"]
    with serving(words, url=f"{url}/-/versions.json", folder=run, environment={"DATASETTE_TOKEN": TOKEN}):
        yield Account("datasette", url, {"token": TOKEN}, {"table": "vip"}, {"database": "crm"}), database


def rows(database: Path) -> set[tuple[str, str]]:
    """Key and address of every row, read from the file."""
    with closing(sqlite3.connect(database)) as connection:
        return set(connection.execute("SELECT person, email FROM vip"))
