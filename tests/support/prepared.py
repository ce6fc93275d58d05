"""What many tests begin with: made by the first of them on each engine, and copied for the others."""

import copy
import os
import shutil
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from remote_segments.warehouses.duckdb import DuckDBWarehouse
from remote_segments.warehouses.postgres import PostgresWarehouse
from tests.support.fetching import Refresher


@dataclass(frozen=True)
class Beginning:
    """What the steps left: a warehouse, the project's state, the simulator's memory and the refresher's own."""

    name: str
    """Of a folder with copies, and of a database that is a template."""
    refreshes: dict[tuple[str, str], int]
    kept: dict[str, object]


@dataclass(frozen=True)
class Beginnings:
    """Of the tests of one process."""

    folder: Path
    made: dict[Hashable, Beginning] = field(default_factory=dict)

    def take(self, steps: Callable[[Refresher], None], refresher: Refresher) -> None:
        """Takes the steps, or puts everything as they left it when they were taken before.

        Args:
            steps: a function of a module: they are the same ones whenever it is.
            refresher: of a project whose warehouse is empty; the simulator's segments are the only ones it reads.
        """
        key = steps, type(refresher.project.open_warehouse())
        if key in self.made:
            self._restore(self.made[key], refresher)
        else:
            steps(refresher)
            self.made[key] = self._saved(refresher)

    def _saved(self, refresher: Refresher) -> Beginning:
        name = f"beginning_{os.getpid()}_{len(self.made)}"  # all processes of a run share the server
        warehouse = refresher.project.open_warehouse()
        (self.folder / name).mkdir()
        if isinstance(warehouse, DuckDBWarehouse):
            shutil.copy(warehouse.path, self.folder / name / "warehouse.duckdb")
        elif isinstance(warehouse, PostgresWarehouse):
            _copy_database(warehouse, _database(warehouse), name)
        shutil.copytree(refresher.project.state, self.folder / name / "state")
        others = {key: value for key, value in vars(refresher).items() if key not in ("project", "simulator")}
        return Beginning(name, refresher.simulator.state.refreshes.numbers(), copy.deepcopy(others))

    def _restore(self, made: Beginning, refresher: Refresher) -> None:
        warehouse = refresher.project.open_warehouse()
        if isinstance(warehouse, DuckDBWarehouse):
            shutil.copy(self.folder / made.name / "warehouse.duckdb", warehouse.path)
        elif isinstance(warehouse, PostgresWarehouse):
            _copy_database(warehouse, made.name, _database(warehouse))
        shutil.copytree(self.folder / made.name / "state", refresher.project.state, dirs_exist_ok=True)
        for (platform, segment), number in made.refreshes.items():
            refresher.simulator.state.refreshes.set(platform, segment, number)
        vars(refresher).update(copy.deepcopy(made.kept))


def _database(warehouse: PostgresWarehouse) -> str:
    return str(warehouse.settings.database)


def _copy_database(warehouse: PostgresWarehouse, source: str, copied: str) -> None:
    """Makes a database that is a copy of another one, in place of what has its name."""
    settings = warehouse.settings
    dsn = make_conninfo(host=settings.host, dbname="postgres", user=settings.user)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {copied} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {copied} TEMPLATE {source} STRATEGY FILE_COPY".encode())
