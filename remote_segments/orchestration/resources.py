"""The warehouse as a resource for users' own SQL assets: Dagster's DuckDBResource, queueing and always closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster_duckdb import DuckDBResource

from remote_segments.config.project import Project
from remote_segments.orchestration.failures import translated
from remote_segments.warehouses.duckdb import DuckDBSettings

DUCKDB = "remote_segments_duckdb"
"""The resource key under which `build_definitions` provides the warehouse, where it is a DuckDB file."""


class WarehouseDuckDBResource(DuckDBResource):
    """A `DuckDBResource` on the project's file that waits for its turn as our own sessions do.

    The stock resource opens the file whenever it is asked to, and leaves it open after an exception.
    """

    @contextmanager
    def get_connection(self) -> Iterator[Any]:
        """A DuckDB connection that may write, closed when the block ends, whatever happens.

        Raises:
            dagster.Failure: `warehouse-busy` when another program keeps the file.
        """
        settings = DuckDBSettings.model_validate({"path": self.database, **self.connection_config})
        with translated(None), settings.open(Path("/")).connection() as connection:
            yield connection


def warehouse_resources(project: Project) -> dict[str, Any]:
    """The resources of a project's warehouse, under keys of our own so that a merge cannot collide."""
    settings = project.warehouse
    if not isinstance(settings, DuckDBSettings):
        return {}
    # The same configuration everywhere: DuckDB refuses two of them on one file in one process.
    configuration = {name: getattr(settings, name) for name in ("memory_limit", "threads")}
    return {
        DUCKDB: WarehouseDuckDBResource(
            database=str((project.folder / settings.path).absolute()),
            connection_config={name: value for name, value in configuration.items() if value is not None},
        )
    }
